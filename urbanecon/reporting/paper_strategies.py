"""What strategies S2 to S5 and the mechanisms found on a primary outcome, for the text.

Names read ``<effect>.<strategy>.<estimator>.<field>``: ``E1.S2.never.estimate``,
``E1.S3.gmm.hansen_p``, ``E1.S4.indirect.p``, ``E1.S5.region.east.estimate``,
``E1.M.upgrading.indirect.p``. What was not estimated has no number: the text asks
whether a name is there before it speaks of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

from urbanecon.cleaning.codebook import load_codebook
from urbanecon.effects.designs.space import BANDS_KM, ring_names
from urbanecon.effects.result import Estimate
from urbanecon.effects.spec import Spec
from urbanecon.estimation.fit import Fit
from urbanecon.reporting.formats import Format
from urbanecon.reporting.numbers import Number, direction, leads_test

Field = tuple[str, float | str, Format]
"""Name after that of the effect, value, format."""

STAGGERED: Mapping[tuple[str, str], str] = {
    ("group_time", ""): "never",
    ("group_time", "not-yet"): "notyet",
    ("imputation", ""): "imputation",
}
"""Estimators by design, and by whom the treated are compared with."""
INSTRUMENTS: Mapping[str, str] = {"shift_share": "shift", "terrain": "terrain"}
REGIMES = ("below", "above")
"""Sides of a threshold, in the order of the coefficients."""


def strategy_numbers(estimates: Sequence[Estimate], file: str) -> list[Number]:
    """Return the numbers of S2 to S5 and the mechanisms of one effect's primary outcome."""
    numbers = []
    for estimate in estimates:
        spec, fit = estimate.spec, estimate.fit
        if fit is None or not spec.primary or spec.design not in FIELDS:
            continue
        numbers += [
            Number(f"{spec.effect}.{name}", value, format, "", file, spec.name)
            for name, value, format in FIELDS[spec.design](spec, fit)
        ]
    return numbers


def _staggered(spec: Spec, fit: Fit) -> Iterator[Field]:
    name = f"S2.{STAGGERED[spec.design, spec.through]}"
    yield from _coefficient(name, fit, spec.treatment)
    leads = leads_test(fit)
    if leads is not None and name == "S2.never":
        yield "S2.leads_p", leads.p, "p"


def _bounds(_spec: Spec, fit: Fit) -> Iterator[Field]:
    yield from _stat("S2.breakdown", fit, "breakdown")


def _comparisons(_spec: Spec, fit: Fit) -> Iterator[Field]:
    if "types" in fit.extra:
        weights = fit.extra["types"].set_index("type")["weight"]
        yield "S2.clean", 100 * float(weights.get("treated vs never treated", 0.0)), "percent"


def _weights(_spec: Spec, fit: Fit) -> Iterator[Field]:
    yield from _stat("S2.negative", fit, "negative_share", "percent")


def _instrument(spec: Spec, fit: Fit) -> Iterator[Field]:
    name = f"S3.{INSTRUMENTS[spec.design]}"
    yield from _coefficient(name, fit, spec.treatment)
    yield from _stat(f"{name}.f", fit, "effective_f")
    yield from _stat(f"{name}.critical", fit, "effective_f_critical")
    yield from _tests(name, fit, {"ar_p": "Anderson-Rubin"})


def _dynamic(spec: Spec, fit: Fit) -> Iterator[Field]:
    yield from _coefficient("S3.gmm", fit, spec.treatment)
    tests = {"ar2_p": "Arellano-Bond AR(2)", "hansen_p": "Hansen J"}
    yield from _tests("S3.gmm", fit, tests)


def _durbin(spec: Spec, fit: Fit) -> Iterator[Field]:
    if "impacts" in fit.extra:
        impacts = fit.extra["impacts"].query("variable == @spec.treatment")
        for row in impacts.to_dict("records"):
            yield from _effect(f"S4.{row['effect']}", row["estimate"], row["se"], row["p"])


def _exposure(spec: Spec, fit: Fit) -> Iterator[Field]:
    for (_, high), ring in zip(BANDS_KM, ring_names(spec.treatment), strict=True):
        yield f"S4.ring{high}.km", high, "count"
        yield from _coefficient(f"S4.ring{high}", fit, ring)


def _groups(spec: Spec, fit: Fit) -> Iterator[Field]:
    for term in fit.params.index:
        group = str(term).partition(": ")[2]
        if group:
            yield from _coefficient(f"S5.{spec.through}.{group}", fit, str(term))
    yield from _last_test(f"S5.{spec.through}_p", fit)


def _threshold(spec: Spec, fit: Fit) -> Iterator[Field]:
    if spec.through != "urban_share_benchmarked" or len(fit.params) != len(REGIMES):
        return
    yield from _stat("S5.threshold.at", fit, "threshold_1", "percent")
    for side, term in zip(REGIMES, fit.params.index, strict=True):
        yield from _coefficient(f"S5.threshold.{side}", fit, str(term))
    yield from _last_test("S5.threshold_p", fit)


def _quantiles(_spec: Spec, fit: Fit) -> Iterator[Field]:
    first, last = fit.params.index[0], fit.params.index[-1]
    for end, term in (("low", first), ("high", last)):
        yield from _coefficient(f"S5.quantile.{end}", fit, str(term))
    yield from _last_test("S5.quantile_p", fit)


def _mediation(spec: Spec, fit: Fit) -> Iterator[Field]:
    if "indirect" in fit.params.index:
        yield f"M.{spec.through}.label", load_codebook().label(spec.through), "word"
        yield from _coefficient(f"M.{spec.through}", fit, "indirect")


FIELDS: Mapping[str, Callable[[Spec, Fit], Iterator[Field]]] = {
    "group_time": _staggered,
    "imputation": _staggered,
    "honest": _bounds,
    "bacon": _comparisons,
    "twfe_weights": _weights,
    "shift_share": _instrument,
    "terrain": _instrument,
    "gmm": _dynamic,
    "durbin": _durbin,
    "exposure": _exposure,
    "groups": _groups,
    "threshold": _threshold,
    "quantile": _quantiles,
    "mediation": _mediation,
}
"""What the text may state of a Fit, by design."""


def _stat(name: str, fit: Fit, key: str, format: Format = "number") -> Iterator[Field]:
    if key in fit.stats:
        value = float(fit.stats[key])
        yield name, 100 * value if format == "percent" else value, format


def _coefficient(name: str, fit: Fit, term: str) -> Iterator[Field]:
    if term in fit.params.index:
        yield from _effect(name, fit.params[term], fit.se[term], fit.pvalue[term])


def _effect(name: str, estimate: float, se: float, p: float) -> Iterator[Field]:
    yield f"{name}.estimate", float(estimate), "number"
    yield f"{name}.se", float(se), "number"
    yield f"{name}.p", float(p), "p"
    yield f"{name}.direction", direction(float(estimate), float(p)), "word"


def _tests(name: str, fit: Fit, wanted: Mapping[str, str]) -> Iterator[Field]:
    found = {test.name: test for test in fit.diagnostics}
    for field, test in wanted.items():
        if test in found and not math.isnan(found[test].p):
            yield f"{name}.{field}", found[test].p, "p"


def _last_test(name: str, fit: Fit) -> Iterator[Field]:
    """P-value of the test that the groups, regimes or quantiles have one effect."""
    if fit.diagnostics and not math.isnan(fit.diagnostics[-1].p):
        yield name, fit.diagnostics[-1].p, "p"
