"""What a study must be given, and what is said when it is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from referee.planted_faults import index, sound_data, sound_study, study

from urbanecon.errors import (
    DataError,
    EstimationError,
    MissingColumnError,
    NotEstimableError,
)
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.instrumental import instrumental
from urbanecon.referee import Study, referee, study_of_fit, study_of_table
from urbanecon.referee.clusters import assignment, effective_clusters
from urbanecon.referee.construction import mechanical
from urbanecon.referee.controls import bad_controls
from urbanecon.referee.coverage import reproduced
from urbanecon.referee.influence import influence
from urbanecon.referee.judge import CHECKS


@pytest.fixture
def table() -> pd.DataFrame:
    return sound_data().reset_index()


def of_table(table: pd.DataFrame, **changes: str) -> Study:
    given = {"outcome": "y", "treatment": "d", "unit": "city", "time": "year"} | changes
    return study_of_table(table, **given)


# -- misuse -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "wrong", "meant"),
    [
        ("outcome", "yy", "'y2'|'y'"),
        ("treatment", "dos", "'dose'"),
        ("unit", "ctiy", "'city'"),
        ("time", "yaer", "'year'"),
    ],
)
def test_a_misspelt_column_is_named_with_the_closest_one(
    table: pd.DataFrame, field: str, wrong: str, meant: str
) -> None:
    with pytest.raises(MissingColumnError, match=f"{wrong!r}.* Did you mean ({meant})"):
        of_table(table, **{field: wrong})


@pytest.mark.parametrize(
    "changes",
    [
        {"cluster": ("provnce",)},
        {"controls": ("provnce",)},
        {"effects": ("city", "provnce:year")},
        {"coarser": ("provnce",)},
        {"instruments": (("provnce",),)},
        {"marker": "provnce"},
    ],
)
def test_a_misspelt_name_in_any_role_is_found_before_anything_is_estimated(
    changes: dict[str, object],
) -> None:
    with pytest.raises(MissingColumnError, match=r"'provnce'.* Did you mean 'province'"):
        study(**changes)


def test_a_treatment_that_never_changes_is_an_error(table: pd.DataFrame) -> None:
    with pytest.raises(NotEstimableError, match="treatment 'd' is 1 in all 2400 rows"):
        of_table(table.assign(d=1.0))


def test_a_treatment_that_is_a_trait_of_the_unit_cannot_be_refereed(table: pd.DataFrame) -> None:
    trait = table.assign(d=table["city"].str[1:].astype(float))
    with pytest.raises(NotEstimableError, match="nothing is left of it"):
        referee(of_table(trait))


def test_an_outcome_without_values_is_an_error(table: pd.DataFrame) -> None:
    with pytest.raises(NotEstimableError, match="outcome 'y' has no value in all"):
        of_table(table.assign(y=np.nan))


def test_a_row_that_occurs_twice_is_no_panel(table: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="city c000, year 2005 occurs more than once"):
        of_table(pd.concat([table, table.head(1)]))


def test_a_cross_section_is_no_panel(table: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="one year only, 2010"):
        of_table(table[table["year"] == 2010])


def test_one_city_is_no_panel(table: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="one city only, c000"):
        of_table(table[table["city"] == "c000"])


def test_periods_that_are_words_are_an_error(table: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="'year' holds 'year 2005'"):
        of_table(table.assign(year="year " + table["year"].astype(str)))


def test_text_in_a_number_cell_is_named_with_its_row(table: pd.DataFrame) -> None:
    words = table["y"].astype(object)
    words[3] = "n.a."
    with pytest.raises(DataError, match=r"'y' holds 'n\.a\.' at city c000, year 2008"):
        of_table(table.assign(y=words))


def test_an_infinite_value_is_an_error(table: pd.DataFrame) -> None:
    table.loc[3, "y"] = np.inf
    with pytest.raises(EstimationError, match="inf"):
        referee(of_table(table))


def test_an_empty_table_is_an_error(table: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="no rows"):
        of_table(table.head(0))


def test_a_missing_key_is_an_error(table: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="'city' is missing in 1 rows, first 5"):
        of_table(table.assign(city=table["city"].where(table.index != 4)))


def test_data_without_keys_in_the_index_are_an_error() -> None:
    with pytest.raises(DataError, match="indexed by unit and year"):
        replace(sound_study(), data=sound_data().reset_index())


def test_a_fit_without_data_is_an_error() -> None:
    with pytest.raises(DataError, match="a Fit with NoneType cannot be refereed"):
        referee(sound_study().fit)


# -- a fit of one's own ------------------------------------------------------------


def test_a_fit_brings_its_effects_clusters_controls_and_rows() -> None:
    data = sound_data()
    fit = fixed_effects(data.iloc[80:], "y", ["d", "fixed"], vcov="cluster(city)")
    made = study_of_fit(fit, data, treatment="d")
    assert (made.effects, made.cluster) == (("city", "year"), ("city",))
    assert made.controls == ("fixed",)
    assert len(made.rows) == len(data) - 80
    verdicts = {verdict.id: verdict for verdict in referee(fit, data, treatment="d")}
    assert verdicts["reproduced"].status == "pass"
    assert len(verdicts) == len(CHECKS)


def test_a_fit_with_several_terms_must_be_told_which_is_the_treatment() -> None:
    fit = fixed_effects(sound_data(), "y", ["d", "fixed"])
    with pytest.raises(EstimationError, match="must name one of the terms of the fit: d, fixed"):
        referee(fit, sound_data())


def test_a_fit_that_used_weights_is_not_reproduced_without_them() -> None:
    data = sound_data().assign(weight=np.linspace(0.1, 3, len(sound_data())))
    fit = fixed_effects(data, "y", ["d"], weights="weight")
    verdict = reproduced(study_of_fit(fit, data))
    assert verdict.status == "fail"
    assert "weights" in verdict.next_step


def test_an_instrumental_fit_is_reproduced_with_its_instruments() -> None:
    data = sound_data()
    fit = instrumental(data, "y", ["dose"], ["z"])
    assert reproduced(study_of_fit(fit, data, instruments=(("z",),))).status == "pass"
    assert reproduced(study_of_fit(fit, data)).status == "fail"


def test_the_order_of_the_rows_changes_no_verdict() -> None:
    mixed = sound_data().sample(frac=1, random_state=3)
    made = replace(study(), data=mixed, family={"y2": mixed})
    assert [v.sentence for v in referee(made)] == [v.sentence for v in referee(study())]


# -- what particular checks can tell apart -------------------------------------------


def test_clusters_of_the_provinces_that_were_treated_as_one_pass() -> None:
    first = np.where(np.arange(150) < 50, 2012.0, np.inf)
    rows = index()
    unit = np.array([int(key[1:]) for key in rows.get_level_values("city")])
    d = (rows.get_level_values("year").to_numpy() >= first[unit]).astype(float)
    data = sound_data().assign(d=d)
    assert assignment(study(data)).status == "fail"
    assert assignment(study(data, cluster=("province",))).status == "pass"


def test_clusters_alike_in_all_count_in_full() -> None:
    rows = index(40, 6)
    unit, year = np.divmod(np.arange(240), 6)
    y = np.random.default_rng(1).normal(size=240)
    d = ((year >= 3) & (unit % 2 == 0)).astype(float)
    data = pd.DataFrame({"y": y, "d": d}, index=rows)
    alike = study_of_table(data.reset_index(), "y", "d", "city", "year")
    assert effective_clusters(alike).statistic == pytest.approx(40)


def test_a_baseline_times_a_trend_is_no_bad_control_however_the_treated_differ() -> None:
    data = sound_data()
    treated = data["d"].groupby(level="city").transform("max")
    years = data.index.get_level_values("year").to_numpy() - 2004
    control = (1 + treated) * years
    verdict = bad_controls(study(data.assign(fixed=control)))
    assert verdict.status == "pass"
    assert "fixed before treatment" in verdict.sentence


def test_of_several_shared_denominators_the_worst_is_named() -> None:
    draw = np.random.default_rng(4)
    heads, land = np.exp(draw.normal(size=(2, len(sound_data()))))
    mixed = {"population": heads, "area": land}
    y, d = draw.normal(0, 0.3, (2, len(heads)))
    made = {"y": y - np.log(heads) - np.log(land), "d": d - np.log(land)}
    parts = {"y": ("output", "population", "area"), "d": ("roads", "population", "area")}
    verdict = mechanical(study(sound_data().assign(**mixed, **made), components=parts))
    assert verdict.status == "fail"
    assert "the denominator area" in verdict.sentence


def test_nothing_is_said_of_construction_when_nothing_is_known_of_it() -> None:
    assert mechanical(study(components={})).status == "not applicable"


def test_without_one_city_is_what_a_refit_gives() -> None:
    made = study(controls=())
    exact = [
        made.refit(made.data.drop(city, level="city")).params["d"]
        for city in ("c000", "c011", "c077")
    ]
    sentence = influence(made).sentence
    low, high = (float(part.split(" ")[0]) for part in (
        sentence.split("lies between ")[1], sentence.split(" and ")[1]
    ))  # fmt: skip
    assert all(low - 1e-4 <= found <= high + 1e-4 for found in exact)


def test_a_continuous_treatment_has_no_cohorts_and_no_leads() -> None:
    made = replace(sound_study(), treatment="dose", reported=None, first_treated="")
    status = {verdict.id: verdict.status for verdict in referee(made)}
    for check in ("small_cohorts", "treated_clusters", "pre_trends", "forbidden_comparisons"):
        assert status[check] == "not applicable"
