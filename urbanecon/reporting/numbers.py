"""Every number of the paper, named, formatted and with the results file it comes from.

The text never spells a number out: it asks for one by name, and the paper cannot
be made while a name is unknown. An estimate's numbers are named after its spec,
``<spec name>.<field>``; a fact about the data has a name of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from urbanecon.cleaning.codebook import load_codebook
from urbanecon.effects.result import Estimate
from urbanecon.effects.spec import Spec
from urbanecon.errors import DataError, UnknownNameError, did_you_mean
from urbanecon.estimation.event_study import term
from urbanecon.estimation.fit import Diagnostic, Fit
from urbanecon.reporting.formats import FORMATS, Format, percent_change

LEVEL = 0.05
"""Level at which the text calls an estimate distinguishable from zero."""

SHARE_STEP = 0.1
"""Percent changes are stated per ten percentage points of a treatment that is a share."""

PATH = "path"
"""Key of a Fit's `extra` that holds an event study's path."""

LEADS = "joint test of leads"
MEAN_EFFECT = "mean post effect"
"""Names of an event study's diagnostics: of its coefficients before, and after, adoption."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number or word that the text may use.

    Attributes
    ----------
    value
        As computed, unrounded.
    format
        How it is written; see `urbanecon.reporting.formats`.
    unit
        In words; empty for pure numbers.
    file
        Results file it comes from.
    estimate, term
        Where in that file; empty for facts.
    """

    name: str
    value: float | str
    format: Format = "number"
    unit: str = ""
    file: str = ""
    estimate: str = ""
    term: str = ""

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise UnknownNameError(
                f"Number {self.name!r} has the unknown format {self.format!r}."
                f"{did_you_mean(self.format, FORMATS)}"
            )
        if isinstance(self.value, str) != (self.format == "word"):
            raise DataError(f"Number {self.name!r} is {self.value!r}; format is {self.format!r}.")

    @property
    def text(self) -> str:
        """The number as the paper prints it."""
        return FORMATS[self.format](self.value)

    def entry(self) -> dict[str, Any]:
        """Plain values for JSON."""
        finite = isinstance(self.value, str) or math.isfinite(self.value)
        return {
            "value": self.value if finite else None,
            "text": self.text,
            "format": self.format,
            "unit": self.unit,
            "from": {"file": self.file, "estimate": self.estimate, "term": self.term},
        }


def estimate_numbers(estimate: Estimate, file: str) -> list[Number]:
    """Return the numbers of one estimate; none when it could not be estimated.

    Fields of an estimate with a coefficient of the treatment: ``estimate se p low high
    nobs clusters first_year last_year mean r2_within direction agreement``, and for an outcome
    in logs ``percent percent_low percent_high``. Fields of an event study:
    ``nobs clusters first_year last_year pretrend_statistic pretrend_p pretrend``
    and ``estimate se p`` (and ``percent`` for logs) of each year of its path and of
    the mean after adoption, as in ``t-3.p`` and ``mean_post.estimate``; the latter
    also has a ``direction``. Other designs add what is in `DESIGN_STATS`, every
    other coefficient as ``<term>.estimate``, ``.se``, ``.p`` and the effects of
    space as ``direct.estimate``, ``indirect.estimate``, ``total.estimate``.
    """
    if estimate.fit is None:
        return []
    spec, fit = estimate.spec, estimate.fit
    rows = _sample_rows(fit)
    if spec.design == "event_study":
        rows += _path_rows(spec, fit)
    elif spec.design == "twfe" or spec.treatment in fit.params.index:
        rows += _term_rows(spec, fit)
    rows += _design_rows(spec, fit)
    return [
        Number(f"{spec.name}.{field}", value, format, unit, file, spec.name, where)
        for field, value, format, unit, where in rows
    ]


Row = tuple[str, float | str, Format, str, str]
"""Field, value, format, unit, term."""


def _sample_rows(fit: Fit) -> list[Row]:
    years = fit.sample.get_level_values(1)
    rows: list[Row] = [
        ("nobs", fit.nobs, "count", "observations", ""),
        ("first_year", int(years.min()), "year", "", ""),
        ("last_year", int(years.max()), "year", "", ""),
    ]
    if fit.n_clusters:
        rows.append(("clusters", min(fit.n_clusters.values()), "count", "clusters", ""))
    return rows


def _term_rows(spec: Spec, fit: Fit) -> list[Row]:
    name = spec.treatment
    tidy = fit.tidy()
    if name not in tidy.index:
        raise DataError(
            f"{spec.name}: no coefficient of {name!r} among {list(tidy.index)}."
            f"{did_you_mean(name, tidy.index)}"
        )
    row = {key: float(tidy[key][name]) for key in ("estimate", "se", "p", "low", "high")}
    unit = load_codebook()[spec.outcome].unit
    rows: list[Row] = [
        (key, row[key], "number", unit, name) for key in ("estimate", "se", "low", "high")
    ]
    rows.append(("p", float(row["p"]), "p", "", name))
    rows.append(("direction", direction(row["estimate"], row["p"]), "word", "", name))
    rows.append(
        ("agreement", agreement(row["estimate"], row["p"], spec.expected_sign), "word", "", name)
    )
    for key, field in (("outcome_mean", "mean"), ("r2_within", "r2_within")):
        if key in fit.stats:
            rows.append((field, float(fit.stats[key]), "number", "", ""))
    if is_log(spec.outcome):
        step = percent_step(spec.treatment)
        unit = "percent" if step == 1 else f"percent per {100 * step:.0f} percentage points"
        for key, field in (("estimate", ""), ("low", "_low"), ("high", "_high")):
            change = percent_change(row[key], step)
            rows.append((f"percent{field}", change, "percent", unit, name))
    return rows


DESIGN_STATS: Mapping[str, tuple[str, ...]] = {
    "honest": ("breakdown",),
    "twfe_weights": ("negative_share",),
    "gmm": ("instruments",),
    "mediation": ("share", "rho_zero"),
}
"""Scalars of a Fit that the text may use, by design."""


def _design_rows(spec: Spec, fit: Fit) -> list[Row]:
    """What designs beyond the two-way ones add."""
    if spec.design in ("twfe", "event_study"):
        return []
    rows: list[Row] = [
        (key, float(fit.stats[key]), "number", "", "")
        for key in DESIGN_STATS.get(spec.design, ())
        if key in fit.stats
    ]
    tidy = fit.tidy().drop(index=spec.treatment, errors="ignore")
    for name in tidy.index:
        row = tidy.loc[name]
        rows += _effect_rows(spec, str(name), row["estimate"], row["se"], row["p"])
    if "impacts" in fit.extra:
        impacts = fit.extra["impacts"].query("variable == @spec.treatment")
        for _, row in impacts.iterrows():
            rows += _effect_rows(spec, row["effect"], row["estimate"], row["se"], row["p"])
    for test in fit.diagnostics:
        rows += [
            (f"{test.name}.statistic", test.statistic, "number", "", ""),
            (f"{test.name}.p", test.p, "p", "", ""),
        ]
    return rows


def _path_rows(spec: Spec, fit: Fit) -> list[Row]:
    rows: list[Row] = []
    leads = leads_test(fit)
    if leads is not None:
        rejected = "rejected" if leads.p < LEVEL else "not rejected"
        rows += [
            ("pretrend_statistic", leads.statistic, "number", "F", ""),
            ("pretrend_p", leads.p, "p", "", ""),
            ("pretrend", rejected, "word", "", ""),
        ]
    for k, estimate, se, p in event_path(fit)[["estimate", "se", "p"]].itertuples():
        rows += _effect_rows(spec, term(k), estimate, se, p)
    mean = next((test for test in fit.diagnostics if test.name == MEAN_EFFECT), None)
    if mean is not None:
        estimate, se = fit.stats["mean_post"], fit.stats["mean_post_se"]
        rows += _effect_rows(spec, "mean_post", estimate, se, mean.p)
        rows.append(("mean_post.direction", direction(estimate, mean.p), "word", "", ""))
    return rows


def _effect_rows(spec: Spec, name: str, estimate: float, se: float, p: float) -> list[Row]:
    rows: list[Row] = [
        (f"{name}.estimate", float(estimate), "number", "", name),
        (f"{name}.se", float(se), "number", "", name),
        (f"{name}.p", float(p), "p", "", name),
    ]
    if is_log(spec.outcome):
        change = percent_change(float(estimate))
        rows.append((f"{name}.percent", change, "percent", "percent", name))
    return rows


def event_path(fit: Fit) -> pd.DataFrame:
    """Return an event study's coefficients by year relative to adoption.

    Index `relative_year`, columns estimate, se, p, low, high (95 percent) and
    binned; the year that the others are compared with is left out.
    """
    if PATH not in fit.extra:
        raise DataError(f"The event study of {fit.outcome!r} holds no table {PATH!r} in extra.")
    path = fit.extra[PATH].set_index("relative_year")
    path = path[[term(k) in fit.params.index for k in path.index]].sort_index()
    p = [float(fit.pvalue[term(k)]) for k in path.index]
    return path[["estimate", "se", "low", "high", "binned"]].assign(p=p)


def leads_test(fit: Fit) -> Diagnostic | None:
    """Return the joint test of an event study's leads, where it has one."""
    return next((test for test in fit.diagnostics if test.name == LEADS), None)


def is_log(variable: str) -> bool:
    """Whether a variable is a natural logarithm, by its unit in the codebook."""
    return load_codebook()[variable].unit.startswith("ln(")


def percent_step(treatment: str) -> float:
    """Move of a treatment that percent changes refer to: 0.1 of a share, else 1."""
    return SHARE_STEP if load_codebook()[treatment].kind == "share" else 1.0


def direction(estimate: float, p: float) -> str:
    """Sign of an estimate in words, where it can be told from zero at 5%."""
    if not p < LEVEL:
        return "indistinguishable from zero"
    return "positive" if estimate > 0 else "negative"


def agreement(estimate: float, p: float, expected_sign: int) -> str:
    """How an estimate stands to the sign that the claim predicts, at 5%."""
    if not p < LEVEL:
        return "no evidence either way"
    return (
        "the sign claimed" if estimate * expected_sign > 0 else "the opposite of the sign claimed"
    )


def collect(numbers: Iterable[Number]) -> dict[str, Number]:
    """Return numbers by name, sorted; two of one name are an error."""
    found: dict[str, Number] = {}
    for one in numbers:
        if one.name in found:
            raise DataError(
                f"Two numbers are named {one.name!r}: from {found[one.name].file} and {one.file}."
            )
        found[one.name] = one
    return dict(sorted(found.items()))


def entries(numbers: Mapping[str, Number]) -> dict[str, dict[str, Any]]:
    """Return numbers as plain values for JSON."""
    return {name: one.entry() for name, one in numbers.items()}
