"""The space of reasonable choices for each row of the ledger, declared as data.

The first option of each choice is that of the main estimate. Three rules keep
the space to what one could defend: an outcome comes from one source at a time
and series are never spliced; an outcome is never explained by an index that
holds it; and outcomes seen in two years only, or by province, stay out, because
pilots by city and year cannot be compared on them.

Effects are measured against every treatment of the claims. The outcomes of routes
and levers are indicators of urbanization, or made with them, so that these rows have
the pilots alone. Rows that are judged by another number than an effect of the pilot
have their spaces in `interactions` and `spillovers`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args

from urbanecon.cleaning.divisions import load_divisions
from urbanecon.cleaning.observations import Flag
from urbanecon.cleaning.panel import ADMITTED
from urbanecon.effects import CLAIMS, ROWS
from urbanecon.effects.claim import Outcome
from urbanecon.effects.controls import CONTESTED, NAMES
from urbanecon.errors import UnknownNameError, did_you_mean
from urbanecon.estimation.choice_space import Equation, Options, Space
from urbanecon.measures.ntu_index import DIMENSION_OF, column
from urbanecon.measures.weighting import Weighting


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure of what a claim is about.

    Attributes
    ----------
    variable
        Column of the variants of the panel.
    like
        Outcome of the claim that it measures; the sign, window and dimension of
        the index are those of that outcome.
    source
        Registry id of where it was published; of a composite, where the source of
        fewest years was.
    deflated
        1 if the price level is in its denominator, -1 if in its numerator, 0 if
        it is no money.
    weighted
        Whether it is made of indices, whose weights are a choice.
    """

    variable: str
    like: str
    source: str
    deflated: Literal[1, 0, -1] = 0
    weighted: bool = False


MEASURES: Mapping[str, tuple[Measure, ...]] = {
    "E1": (
        Measure("ln_gdp_pc_real", "ln_gdp_pc_real", "city_macro", 1),
        Measure("ln_gdp_per_employee", "ln_gdp_per_employee", "city_macro", 1),
        Measure("ln_night_lights", "ln_night_lights", "ntl_sum"),
        Measure("ln_night_light_mean", "ln_night_lights", "ntl_class"),
    ),
    "E2": (
        Measure("culture_per_10k", "culture_per_10k", "employment_industry"),
        Measure("ln_fiscal_education_pc", "ln_fiscal_education_pc", "city_macro", 1),
    ),
    "E3": (
        Measure("ln_pm25_chap", "ln_pm25_chap", "pm25_chap"),
        Measure("ln_pm25_wiebe", "ln_pm25_wiebe", "pm25_wiebe"),
        Measure("ln_so2", "ln_so2", "so2_ceic"),
        Measure("ln_so2_gpi", "ln_so2", "gpi_prefecture"),
        Measure("ln_co2", "ln_co2", "co2_edgar"),
        Measure("ln_co2_ceads", "ln_co2_ceads", "co2_ceads"),
        Measure("ln_co2_county", "ln_co2", "co2_county"),
        Measure("ln_npp", "ln_npp", "npp"),
    ),
    "E4": (
        Measure("ln_urban_rural_ratio", "ln_urban_rural_ratio", "gpi_prefecture"),
        Measure("light_gini", "light_gini", "light_inequality"),
        Measure("light_theil", "light_gini", "light_inequality"),
        Measure("light_mld", "light_gini", "light_inequality"),
    ),
    "R3": (
        Measure("coupling_ecology", "coupling_ecology", "pm25_chap", weighted=True),
        Measure("coupling_culture", "coupling_culture", "gpi_prefecture", weighted=True),
    ),
    "L1": (
        Measure("upgrading", "upgrading", "city_macro"),
        Measure("rationalisation", "rationalisation", "employment_industry"),
    ),
    "L2": (Measure("ln_retail_sales_pc", "ln_retail_sales_pc", "city_policies", 1),),
    "L3": (Measure("fiscal_effort", "fiscal_effort", "city_macro"),),
}
"""Measures of each claim, the primary outcome first."""

FLAGS: Mapping[str, frozenset[Flag]] = {
    "admitted": ADMITTED,
    "all": ADMITTED | {Flag.PASTED, Flag.ANACHRONISM},
    "no_filled": ADMITTED - {Flag.INTERPOLATED, Flag.EXTRAPOLATED},
    "clean": frozenset({Flag.OK, Flag.DERIVED}),
}
"""Flags that cells of cities may carry. Impossible cells and those that a source gives in two
versions stay out of all: they hold no number to use."""

BOUNDARIES = ("published", "constant")
WINSORISED: Mapping[str, float] = {"none": 0.0, "1%": 0.01, "2%": 0.02}
"""Share of each year's outcomes that is set to the quantile, at either end."""

WEIGHTINGS: tuple[Weighting, ...] = get_args(Weighting)
INDICES = tuple(f"ntu_index_{weighting}" for weighting in WEIGHTINGS)
TREATMENTS = ("pilot", "pilot_2015", "urban_share_benchmarked", "urban_share", *INDICES)
FIRST_YEARS: Mapping[str, str] = {
    "pilot": "pilot_first_year",
    "pilot_2015": "pilot_2015_first_year",
}
"""Columns with the first treated year, where a treatment is adopted once and for good."""

YEARS: Mapping[str, tuple[int | None, int | None]] = {
    "all": (None, None),
    "from_2006": (2006, None),
    "to_2019": (None, 2019),
}
"""Windows: since all sources are there; until the epidemic."""

EFFECTS: Mapping[str, tuple[str, ...]] = {
    "city+year": ("city", "year"),
    "city+region:year": ("city", "region:year"),
    "city+province:year": ("city", "province:year"),
}
SIZES = ("small", "medium", "large")
"""Thirds of the cities by residents before treatment."""


def samples() -> tuple[str, ...]:
    """Subsamples of cities: all, without municipalities, by size, without each province."""
    provinces = sorted(load_divisions()["province"].unique())
    return ("all", "no_municipalities", *SIZES, *(f"without_{p}" for p in provinces))


def frame_name(flags: str, boundary: str) -> str:
    """Name of a variant of the panel."""
    return f"{flags}, {boundary}"


def outcome_column(
    variable: str,
    deflator: str = "national",
    winsor: str = "none",
    weights: Weighting = WEIGHTINGS[0],
) -> str:
    """Column of a measure under a deflator, a rule for its extremes and a weighting."""
    nominal = "" if deflator == "national" else "_nominal"
    weighting = "" if weights == WEIGHTINGS[0] else f"_{weights}"
    return variable + weighting + nominal + ("" if winsor == "none" else f"@{winsor}")


def index_column(weighting: str, dimension: str) -> str:
    """Column of the index with a weighting and without a dimension."""
    return f"{column(dimension)}_{weighting}"


def space_of(row: str, *, contested: bool = False) -> Space:
    """Return the space of a row of `MEASURES`; with contested controls too if asked.

    The deflator is a choice only where a measure is money, and weights are one only
    where it is made of indices. A national price level in a logarithm is absorbed by
    year effects: that this choice moves nothing is a property to be seen, not an
    oversight.

    Raises
    ------
    UnknownNameError
        There is no such row.
    """
    if row not in MEASURES:
        raise UnknownNameError(
            f"There is no effect {row!r}.{did_you_mean(row, MEASURES)} "
            f"Expected one of {list(MEASURES)}."
        )
    measures = MEASURES[row]
    deflators = ("national", "none") if any(m.deflated for m in measures) else ("national",)
    choices: dict[str, tuple[str, ...]] = {
        "outcome": tuple(m.variable for m in measures),
        "treatment": TREATMENTS if row in CLAIMS else tuple(FIRST_YEARS),
        "deflator": deflators,
        "winsorising": tuple(WINSORISED),
        "flags": tuple(FLAGS),
        "boundary": BOUNDARIES,
        "years": tuple(YEARS),
        "sample": samples(),
        "fixed_effects": tuple(EFFECTS),
        "cluster": ("city", "province"),
    }
    if any(m.weighted for m in measures):
        choices["weights"] = WEIGHTINGS
    controls = (*NAMES, *CONTESTED) if contested else NAMES
    return Space(choices, controls, partial(equation_of, row))


def equation_of(row: str, options: Options) -> Equation:
    """Return what a combination of options asks of the data."""
    measure = measure_of(row, options["outcome"])
    outcome = outcome_of(row, measure)
    weights = next((w for w in WEIGHTINGS if w == options.get("weights")), WEIGHTINGS[0])
    first, last = YEARS[options["years"]]
    deflator = options["deflator"] if measure.deflated else "national"
    treatment = options["treatment"]
    if treatment in INDICES:
        weighting = treatment.removeprefix("ntu_index_")
        treatment = index_column(weighting, DIMENSION_OF[measure.like])
    return Equation(
        frame=frame_name(options["flags"], options["boundary"]),
        outcome=outcome_column(measure.variable, deflator, options["winsorising"], weights),
        treatment=treatment,
        effects=EFFECTS[options["fixed_effects"]],
        cluster=options["cluster"],
        first_year=max((y for y in (first, outcome.first_year) if y is not None), default=None),
        last_year=min((y for y in (last, outcome.last_year) if y is not None), default=None),
        sample="" if options["sample"] == "all" else options["sample"],
    )


def measure_of(row: str, variable: str) -> Measure:
    """Return the measure of a row by its variable."""
    return next(m for m in MEASURES[row] if m.variable == variable)


def outcome_of(row: str, measure: Measure) -> Outcome:
    """Return the outcome of the claim that a measure stands for."""
    return next(o for o in ROWS[row].outcomes if o.variable == measure.like)


def signs_of(row: str) -> dict[str, int]:
    """Sign that the claim predicts for each of its measures."""
    return {m.variable: outcome_of(row, m).expected_sign for m in MEASURES[row]}
