"""A synthetic study without a fault, and one with each fault planted in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pandas as pd

from urbanecon.referee import Study

UNITS, YEARS, FIRST_YEAR = 150, 16, 2005
EFFECT = 0.5
COHORTS = (2012, 2014, 2016)
Numbers = np.ndarray


@dataclass(frozen=True)
class Fault:
    """A planted fault: the check that must find it, what was done, and the study."""

    check: str
    words: str
    make: Callable[[], Study]
    statuses: tuple[str, ...]


FAULTS: list[Fault] = []


def fault(check: str, *statuses: str) -> Callable[[Callable[[], Study]], Callable[[], Study]]:
    """Enter a faulty study; its docstring says what was done."""

    def entered(make: Callable[[], Study]) -> Callable[[], Study]:
        FAULTS.append(Fault(check, (make.__doc__ or "").rstrip("."), make, statuses or ("fail",)))
        return make

    return entered


# -- the study without a fault ---------------------------------------------------


def rng(seed: int = 21) -> np.random.Generator:
    return np.random.default_rng(seed)


def index(units: int = UNITS, years: int = YEARS) -> pd.MultiIndex:
    return pd.MultiIndex.from_product(
        [[f"c{u:03d}" for u in range(units)], range(FIRST_YEAR, FIRST_YEAR + years)],
        names=["city", "year"],
    )


def unit_of(rows: pd.MultiIndex) -> Numbers:
    return np.array([int(key[1:]) for key in rows.get_level_values("city")])


def year_of(rows: pd.MultiIndex) -> Numbers:
    return rows.get_level_values("year").to_numpy()


def adopting(first: Numbers, rows: pd.MultiIndex) -> Numbers:
    """Treatment of each row, from the first years of the units (infinite for never)."""
    return (year_of(rows) >= first[unit_of(rows)]).astype(float)


def first_years(units: int = UNITS) -> Numbers:
    """Three of ten units adopt, one in each cohort, wherever they lie."""
    place = np.arange(units) % 10
    return np.select([place == k for k in range(3)], [float(c) for c in COHORTS], np.inf)


@cache
def sound_data() -> pd.DataFrame:
    """Return rows in which the treatment raises the outcome by `EFFECT` and nothing is wrong."""
    draw, rows = rng(20), index()
    unit, year = unit_of(rows), year_of(rows)
    d = adopting(first_years(), rows)
    z = draw.normal(size=len(rows))
    dose = 0.6 * z + draw.normal(size=len(rows))
    baseline = draw.normal(size=UNITS)[unit]
    level = draw.normal(size=UNITS)[unit] + 0.1 * (year - FIRST_YEAR)
    places = draw.uniform([22, 100], [42, 122], size=(UNITS, 2))[unit]
    noise = draw.normal(0, 0.3, size=(len(rows), 2))
    return pd.DataFrame(
        {
            "y": level + EFFECT * d + 0.02 * baseline * (year - FIRST_YEAR) + noise[:, 0],
            "y2": level + EFFECT * d + noise[:, 1],
            "d": d,
            "dose": dose,
            "z": z,
            "fixed": baseline * (year - FIRST_YEAR + 1),
            "province": [f"p{u // 5:02d}" for u in unit],
            "latitude": places[:, 0],
            "longitude": places[:, 1],
        },
        index=rows,
    )


def study(data: pd.DataFrame | None = None, **changes: object) -> Study:
    """Return the study without a fault, some of it changed."""
    given = sound_data() if data is None else data
    known: dict[str, object] = {
        "name": "synthetic",
        "effects": ("city", "year"),
        "cluster": ("city",),
        "controls": ("fixed",),
        "coarser": ("province",),
        "instruments": (("z",),),
        "endogenous": "dose",
        "components": {"y": ("output", "population"), "d": ("list of pilots",)},
        "family": {"y2": given},
        "doubtful": some_rows(given, 0.05),
        "moved": pd.Series({"c003": 2010, "c010": 2011}),
        "constant": given[~given.index.get_level_values("city").isin(["c003"])],
    }
    return Study(data=given, outcome="y", treatment="d", **(known | changes))


def some_rows(data: pd.DataFrame, share: float) -> pd.DataFrame:
    hit = rng().random((len(data), 2)) < share
    return pd.DataFrame(hit, index=data.index, columns=["flagged", "tier_c"])


@cache
def sound_study() -> Study:
    """Return the study without a fault, with its reported estimate."""
    made = study()
    return replace(made, reported=made.refit(made.data))


def retreated(first: Numbers, effect: float = EFFECT, **more: object) -> pd.DataFrame:
    """Return the sound rows with other adopters, the outcome moved with them."""
    data = sound_data()
    d = adopting(first, data.index)
    return data.assign(y=data["y"] + effect * (d - data["d"]), d=d, **more)


def without_effect() -> pd.DataFrame:
    data = sound_data()
    return data.assign(y=data["y"] - EFFECT * data["d"])


# -- clusters ---------------------------------------------------------------------


@fault("assignment")
def whole_provinces() -> Study:
    """Every city of ten provinces is treated by one decision, errors clustered by city."""
    return study(retreated(np.where(np.arange(UNITS) < 50, 2012.0, np.inf)))


@fault("assignment", "warn")
def one_whole_province() -> Study:
    """One province of thirty is treated as one, the other pilots are single cities."""
    first = first_years()
    first[:10] = 2012.0
    return study(retreated(first))


@fault("assignment")
def clustered_by_year() -> Study:
    """Errors are clustered by year, the treatment stays with the city."""
    return study(cluster=("year",))


@fault("few_clusters", "warn")
def province_clusters() -> Study:
    """Errors are clustered by thirty provinces."""
    return study(cluster=("province",))


@fault("few_clusters")
def eight_clusters() -> Study:
    """Errors are clustered by eight regions."""
    data = sound_data()
    return study(data.assign(region=unit_of(data.index) % 8), cluster=("region",))


def one_large_dose() -> pd.DataFrame:
    data = sound_data()
    dose = np.where(unit_of(data.index) == 0, 40 * data["d"], data["d"])
    return data.assign(d=dose)


@fault("effective_clusters")
def one_dose_outweighs_all() -> Study:
    """One city has forty times the dose of the others."""
    return study(one_large_dose())


@fault("leverage")
def one_city_holds_the_variation() -> Study:
    """One city holds nearly all of the treatment's variation."""
    return study(one_large_dose())


@fault("cluster_balance")
def one_large_cluster() -> Study:
    """Four in ten rows lie in one cluster."""
    data = sound_data()
    unit = unit_of(data.index)
    return study(data.assign(block=np.where(unit < 60, 0, unit)), cluster=("block",))


@fault("treated_clusters")
def three_treated() -> Study:
    """Three cities of a hundred and fifty are treated."""
    first = np.full(UNITS, np.inf)
    first[[3, 50, 99]] = 2012
    return study(retreated(first))


@fault("small_cohorts")
def lonely_cohort() -> Study:
    """One city adopts in a year of its own."""
    first = first_years()
    first[0] = 2009
    return study(retreated(first))


@fault("singletons", "warn")
def one_row_city() -> Study:
    """A city is observed once."""
    data = sound_data()
    keep = (unit_of(data.index) != 7) | (year_of(data.index) == 2010)
    return study(data[keep])


@fault("singletons")
def many_one_row_cities() -> Study:
    """A third of the rows are cities observed once."""
    data = sound_data()
    unit, year = unit_of(data.index), year_of(data.index)
    return study(data[(unit < 15) | (year == 2010)], instruments=())


# -- influence --------------------------------------------------------------------


def outliers(hit: Callable[[Numbers], Numbers], size: float) -> pd.DataFrame:
    """Return rows with an effect of -0.2, and a large one in the cities that are hit."""
    data = without_effect()
    hits = hit(unit_of(data.index))
    return data.assign(y=data["y"] - 0.2 * data["d"] + np.where(hits, size * data["d"], 0.0))


@fault("influence")
def one_city_makes_the_sign() -> Study:
    """The effect is negative but for one city, in which it is huge."""
    return study(outliers(lambda unit: unit == 0, 12.0))


@fault("influence")
def one_treated_city() -> Study:
    """One city is treated, and nothing identifies the effect without it."""
    return study(retreated(np.where(np.arange(UNITS) == 5, 2012.0, np.inf)))


@fault("influence", "warn")
def one_city_makes_an_effect_of_noise() -> Study:
    """There is no effect, and the sign of noise hangs on one city."""
    quiet = study(without_effect(), controls=())
    level = quiet.estimate - 0.1 * quiet.se
    data = without_effect()
    return study(data.assign(y=data["y"] - level * data["d"]), controls=())


@fault("influence")
def one_city_makes_the_sign_within_provinces() -> Study:
    """The same beside province-by-year effects, whose clusters are refitted."""
    data = outliers(lambda unit: unit == 0, 12.0)
    return study(data, effects=("city", "province:year"))


@fault("group_influence")
def one_province_makes_the_sign() -> Study:
    """The effect is negative but for the three pilots of one province."""
    first = first_years()
    first[:5] = 2012.0
    data = retreated(first, EFFECT)
    data = data.assign(y=data["y"] - (EFFECT + 0.05) * data["d"])
    hit = unit_of(data.index) < 5
    return study(data.assign(y=data["y"] + np.where(hit, 3.0 * data["d"], 0.0)))


# -- space ------------------------------------------------------------------------


def with_waves() -> pd.DataFrame:
    """Return rows with errors that near places share in every year."""
    data, draw = sound_data(), rng()
    years = year_of(data.index) - FIRST_YEAR
    north, east = data["latitude"] / 8, data["longitude"] / 8
    phase = draw.uniform(0, 6, YEARS)[years]
    return data.assign(y=data["y"] + np.sin(north + phase) + np.cos(east + phase))


@fault("moran")
def shared_weather() -> Study:
    """Near cities share their shocks of the year."""
    return study(with_waves())


@fault("conley_ratio")
def shared_weather_and_treatment() -> Study:
    """Near cities share shocks that persist, and the treatment covers a coherent region."""
    data = sound_data()
    late = year_of(data.index) >= 2012
    north = data["latitude"].groupby(level="city").first().to_numpy()
    first = np.where(north > 35, 2012.0, np.inf)
    shock = np.sin(data["latitude"] / 1.5) * np.cos(data["longitude"] / 3)
    treated = retreated(first)
    return study(treated.assign(y=treated["y"] + 2 * shock * late))


# -- timing -----------------------------------------------------------------------


def all_treated() -> pd.DataFrame:
    """Return rows in which half adopt early, half late, and nobody never."""
    return retreated(np.where(np.arange(UNITS) % 2 == 0, 2007.0, 2017.0))


@fault("within_variation")
def nothing_left() -> Study:
    """The treatment is a constant of the city with a little noise."""
    data = sound_data()
    noise = rng().normal(0, 0.05, len(data))
    return study(data.assign(d=unit_of(data.index) / 10 + noise))


@fault("negative_weights")
def early_and_late() -> Study:
    """Half adopt early, half late, nobody never: late effects of the early weigh negatively."""
    return study(all_treated())


@fault("forbidden_comparisons")
def nobody_untreated() -> Study:
    """Half adopt in the second year, half in the fourth: most comparisons are with treated."""
    return study(retreated(np.where(np.arange(UNITS) % 2 == 0, 2006.0, 2008.0)))


@fault("pre_trends")
def treated_drift_away() -> Study:
    """Adopters are on a steeper path from the beginning."""
    data = sound_data()
    drift = (
        0.05 * (year_of(data.index) - FIRST_YEAR) * np.isfinite(first_years())[unit_of(data.index)]
    )
    return study(data.assign(y=data["y"] + drift))


@fault("pretrend_power")
def too_noisy_to_see() -> Study:
    """The effect is a tenth of what noise hides in the leads."""
    data = without_effect()
    noise = rng().normal(0, 1, len(data))
    return study(data.assign(y=data["y"] + 0.05 * data["d"] + noise))


# -- instruments ------------------------------------------------------------------


@fault("instrument_strength")
def weak_instrument() -> Study:
    """The instrument is noise."""
    data = sound_data()
    return study(data.assign(z=rng().normal(size=len(data))))


@fault("instrument_is_treatment")
def renamed_treatment() -> Study:
    """The instrument is what it instruments, with a little noise."""
    data = sound_data()
    return study(data.assign(z=data["dose"] + 0.01 * data["z"]))


@fault("instrument_off_treated")
def pilot_times_distance() -> Study:
    """The instrument is the treatment times the distance to the coast."""
    data = sound_data()
    return study(data.assign(z=data["d"] * (data["longitude"] - 90)), endogenous="d")


# -- controls and construction ------------------------------------------------------


@fault("bad_controls")
def mediator_as_control() -> Study:
    """A control goes up with the treatment."""
    data = sound_data()
    mediator = 0.3 * data["d"] + rng().normal(size=len(data))
    return study(data.assign(mediator=mediator), controls=("fixed", "mediator"))


@fault("mechanical")
def index_with_the_outcome() -> Study:
    """The treatment is an index that has the outcome's own input among its indicators."""
    parts = {"y": ("output", "population"), "d": ("output", "roads", "schools")}
    return study(components=parts)


@fault("mechanical")
def both_per_head() -> Study:
    """Two unrelated things are divided by the same noisy count of residents."""
    data, draw = sound_data(), rng()
    residents = np.exp(draw.normal(0, 1, len(data)))
    made = {
        "population": residents,
        "y": draw.normal(0, 0.3, len(data)) - np.log(residents),
        "d": draw.normal(0, 0.3, len(data)) - np.log(residents),
    }
    parts = {"y": ("output", "population"), "d": ("roads", "population")}
    return study(data.assign(**made), components=parts)


@fault("mechanical", "warn")
def denominator_not_at_hand() -> Study:
    """Both are per head, and the number of residents is not in the data."""
    return study(components={"y": ("output", "population"), "d": ("roads", "population")})


# -- cells and coverage -------------------------------------------------------------


def effect_in(hit: pd.Series) -> pd.DataFrame:
    """Return rows with an effect in those that are hit, and none elsewhere."""
    data = without_effect()
    return data.assign(y=data["y"] + np.where(hit, 1.5 * data["d"], 0.0))


def marked(column: str) -> Study:
    """Return a study whose effect comes from doubtful rows alone."""
    data = sound_data()
    hit = (data["d"] == 1) & (rng().random(len(data)) < 0.5)
    doubtful = pd.DataFrame({"flagged": False, "tier_c": False}, index=data.index)
    return study(effect_in(hit), doubtful=doubtful.assign(**{column: hit}))


@fault("flagged_cells")
def effect_from_flagged_cells() -> Study:
    """The effect stands in interpolated cells alone."""
    return marked("flagged")


@fault("tier_c")
def effect_from_unclear_source() -> Study:
    """The effect stands in cells of a source nobody answers for."""
    return marked("tier_c")


@fault("tier_c")
def only_unclear_sources() -> Study:
    """Every row rests on a source nobody answers for."""
    data = sound_data()
    return study(doubtful=pd.DataFrame({"flagged": False, "tier_c": True}, index=data.index))


@fault("boundaries")
def effect_from_moved_borders() -> Study:
    """Pilots were given counties, and only those grow."""
    data = sound_data()
    grown = unit_of(data.index) < 60
    names = {f"c{u:03d}": 2013 for u in range(60)}
    return study(effect_in(pd.Series(grown, index=data.index)), moved=pd.Series(names))


@fault("boundaries")
def other_sign_on_constant_borders() -> Study:
    """On constant borders the effect has the other sign."""
    data = sound_data()
    return study(constant=data.assign(y=data["y"] - 2 * EFFECT * data["d"]))


@fault("window")
def seen_after_only() -> Study:
    """The outcome of most pilots begins when they become pilots."""
    data = sound_data()
    adopter = np.isfinite(first_years())[unit_of(data.index)] & (unit_of(data.index) > 40)
    return study(data.assign(y=data["y"].where(~adopter | (data["d"] == 1))))


@fault("attrition")
def pilots_stop_reporting() -> Study:
    """Three in ten values go missing once a city is a pilot."""
    data = sound_data()
    lost = (data["d"] == 1) & (rng().random(len(data)) < 0.3)
    return study(data.assign(y=data["y"].where(~lost)))


@fault("reproduced")
def weights_not_told() -> Study:
    """The reported estimate is not that of the equation."""
    found = sound_study().reported
    assert found is not None
    return study(reported=replace(found, params=found.params * 1.01))


# -- series and families --------------------------------------------------------------


def walks(columns: int, years: int = 30, units: int = 60) -> tuple[pd.MultiIndex, Numbers]:
    rows = index(units, years)
    steps = rng(1000).normal(size=(columns, units, years)).cumsum(axis=2)
    return rows, steps.reshape(columns, -1)


@fault("unit_roots")
def two_random_walks() -> Study:
    """Outcome and treatment are random walks over thirty years."""
    rows, (y, d) = walks(2)
    data = pd.DataFrame({"y": y, "d": d, "province": "p"}, index=rows)
    data["province"] = [f"p{u // 5:02d}" for u in unit_of(rows)]
    return bare(data)


@fault("unit_roots", "warn")
def outcome_walks() -> Study:
    """The outcome is a random walk, the treatment a dummy."""
    rows, (y,) = walks(1)
    d = adopting(first_years(60), rows)
    return bare(pd.DataFrame({"y": y, "d": d, "province": "p"}, index=rows))


def bare(data: pd.DataFrame) -> Study:
    """Return a study of which nothing is known beside its rows."""
    return Study(
        name="synthetic",
        data=data,
        outcome="y",
        treatment="d",
        effects=("city", "year"),
        cluster=("city",),
    )


@fault("multiple_testing")
def one_of_twenty_within_provinces() -> Study:
    """The same beside effects of each province and year, where the bootstrap is not exact."""
    plain = one_of_twenty()
    data = plain.data
    made = study(data, effects=("city", "province:year"), family={})
    lift = 2.35 * made.se - made.estimate
    rows = data.assign(y=data["y"] + lift * data["d"])
    family = {f"noise {k}": rows for k in range(1, 20)}
    return study(rows, effects=("city", "province:year"), family=family)


@fault("multiple_testing")
def one_of_twenty() -> Study:
    """The best of twenty outcomes of pure noise, p = 0.02 by itself, is the one reported."""
    data, draw = sound_data(), np.random.default_rng(5)
    noise = {f"noise {k}": draw.normal(size=len(data)) for k in range(20)}
    rows = data.assign(**noise)
    plain = study(rows.assign(y=rows["noise 0"]), family={})
    lift = 2.35 * plain.se - plain.estimate
    rows = rows.assign(y=rows["noise 0"] + lift * rows["d"])
    return study(rows, family={f"noise {k}": rows for k in range(1, 20)})
