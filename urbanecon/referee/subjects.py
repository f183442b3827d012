"""Studies from what people have: a table, a fit, a spec of the project."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pandas as pd

from urbanecon.cleaning.boundaries import constant_boundary
from urbanecon.cleaning.codebook import load_codebook
from urbanecon.cleaning.divisions import load_divisions
from urbanecon.cleaning.panel import Panel
from urbanecon.effects import CLAIMS
from urbanecon.effects.claim import event_studies
from urbanecon.effects.designs.instruments import (
    TERRAIN,
    TERRAIN_TREND,
    TREND_FROM,
    industry_growth,
)
from urbanecon.effects.designs.two_way import FIRST_TREATED
from urbanecon.effects.estimate import sample_of
from urbanecon.effects.overlap import raw_inputs
from urbanecon.effects.spec import Spec
from urbanecon.errors import (
    DataError,
    EstimationError,
    MissingColumnError,
    NotEstimableError,
    did_you_mean,
)
from urbanecon.estimation.fit import Fit
from urbanecon.estimation.shift_share_iv import INSTRUMENT
from urbanecon.referee.quality import row_quality, territory_changes
from urbanecon.referee.study import Study
from urbanecon.referee.words import Phrase, say

INSTRUMENTED = "urban_share_benchmarked"
PROVINCE, PILOT = "province", "pilot"


def study_of_table(
    data: pd.DataFrame,
    outcome: str,
    treatment: str,
    unit: str,
    time: str,
    *,
    cluster: Sequence[str] | None = None,
    **known: Any,
) -> Study:
    """Study of a two-way equation on a table of one's own.

    Parameters
    ----------
    data
        One row a unit and period, keys in columns.
    cluster
        Dimensions to cluster by; the unit when None, nothing when empty.
    known
        Further fields of `Study`.

    Raises
    ------
    MissingColumnError
        A column is absent.
    DataError
        The rows are no panel, or a number cell holds text.
    NotEstimableError
        Treatment or outcome does not vary.
    """
    for name in (unit, time, outcome, treatment):
        if name not in data:
            raise MissingColumnError(
                f"the data have no column {name!r}.{did_you_mean(name, data.columns)}"
            )
    if data.empty:
        raise DataError("the table has no rows")
    for name in (unit, time):
        if data[name].isna().any():
            row = int(data[name].isna().to_numpy().argmax()) + 1
            raise DataError(f"{name!r} is missing in {data[name].isna().sum()} rows, first {row}")
    indexed = data.set_index([unit, time]).sort_index()
    given = {"effects": (unit, time), "name": f"{outcome} on {treatment}"} | known
    return Study(
        data=indexed,
        outcome=outcome,
        treatment=treatment,
        cluster=(unit,) if cluster is None else tuple(cluster),
        **given,
    )


def study_of_fit(fit: Fit, data: pd.DataFrame, *, treatment: str = "", **known: Any) -> Study:
    """Study of a fit and the data it was made from, indexed by (unit, period).

    Parameters
    ----------
    treatment
        Term that is the treatment; may be left out when there is one term.
        Every other term is a control.

    Raises
    ------
    EstimationError
        It is not said which term is the treatment, or it is no term.
    """
    terms = [str(term) for term in fit.params.index]
    chosen = treatment or (terms[0] if len(terms) == 1 else "")
    if chosen not in terms:
        raise EstimationError(
            f"treatment={treatment!r} must name one of the terms of the fit: {', '.join(terms)}."
            f"{did_you_mean(treatment, terms)}"
        )
    given = {
        "name": f"{fit.outcome} on {chosen}",
        "effects": fit.fixed_effects,
        "cluster": tuple(fit.n_clusters),
        "controls": tuple(term for term in terms if term not in (chosen, "const")),
    }
    return Study(data=data, outcome=fit.outcome, treatment=chosen, reported=fit, **(given | known))


def study_of_spec(
    spec: Spec, panel: Panel, *, constant: Panel | None = None, **known: Any
) -> Study:
    """Study of a spec, with all that the panel knows of its cells, borders and places.

    Parameters
    ----------
    panel
        As published.
    constant
        The panel with constant boundaries, where that is at hand; made for a
        spec on constant boundaries, which is then all that is looked at.
    known
        Further fields of `Study`: `reported`, `moved`.
    """
    if spec.sample.vintage == "constant":
        panel, constant = (constant or constant_boundary(panel)), None
    data = sample_of(spec, panel)
    by_city = spec.sample.unit == "city"
    published = panel.joined is None
    sets, data = _with_instruments(data) if by_city else ((), data)
    given = {
        "name": spec.name,
        "coarser": (PROVINCE,) if by_city else (),
        "first_treated": FIRST_TREATED.get(spec.treatment, ""),
        "instruments": sets,
        "endogenous": INSTRUMENTED if sets else "",
        "marker": PILOT if sets and PILOT in data else "",
        "components": {n: raw_inputs([n]) for n in (spec.outcome, spec.treatment)},
        "family": _family(spec, panel),
        "doubtful": row_quality(panel, data.index, spec.variables) if published else None,
        "moved": territory_changes(panel) if by_city and published else None,
        "constant": None if constant is None else sample_of(spec, constant),
        "labels": sentence_labels(),
    }
    return Study(
        data=data,
        outcome=spec.outcome,
        treatment=spec.treatment,
        effects=spec.fixed_effects,
        cluster=spec.cluster,
        controls=spec.controls,
        **(given | known),
    )


def sentence_labels() -> dict[str, Phrase]:
    """Names in sentences: cities and provinces, keys of the panel, variables.

    English names a variable as the tables of results do, by its column.
    """
    table = load_divisions()
    provinces = table.drop_duplicates("province").set_index("province")
    names = [
        (provinces["province_en"], provinces["province_zh"]),
        (table["name_en"], table["name_zh"]),
    ]
    labels = {
        str(key): Phrase(str(en), str(zh))
        for several in names
        for key, en, zh in zip(several[0].index, *several, strict=True)
    }
    variables = {name: Phrase(name, entry.label_zh) for name, entry in load_codebook().items()}
    levels = {name: say(f"level.{name}") for name in ("city", "province", "year")}
    return labels | variables | levels


def _family(spec: Spec, panel: Panel) -> dict[str, pd.DataFrame]:
    """Rows of the other yearly outcomes of the claim, by outcome."""
    found: dict[str, pd.DataFrame] = {}
    if spec.effect not in CLAIMS or spec.sample.unit != "city" or spec.controls:
        return found
    for other in event_studies(CLAIMS[spec.effect]):
        if other.outcome == spec.outcome:
            continue
        try:
            found[other.outcome] = sample_of(other.but(treatment=spec.treatment), panel)
        except NotEstimableError:
            continue
    return found


def _with_instruments(data: pd.DataFrame) -> tuple[tuple[tuple[str, ...], ...], pd.DataFrame]:
    """Instruments of the urban share that the data give, each a set of its own."""
    if INSTRUMENTED not in data or data[INSTRUMENTED].isna().all():
        return (), data
    made: dict[str, pd.Series] = {}
    with suppress(NotEstimableError):
        made[INSTRUMENT] = industry_growth(data).instrument(data.index)
    if TERRAIN in data:
        made[TERRAIN_TREND] = data[TERRAIN] * (data.index.get_level_values("year") - TREND_FROM)
    return tuple((name,) for name in made), data.assign(**made)
