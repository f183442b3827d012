"""Tables hold what the estimates hold."""

from __future__ import annotations

import pytest

from urbanecon.effects.result import Estimate
from urbanecon.errors import DataError, UnknownNameError
from urbanecon.reporting.formats import count, number, p_value
from urbanecon.reporting.tables import (
    Row,
    Table,
    event_study_results,
    main_results,
    runs,
)
from urbanecon.reporting.words import effect_label, labelled, word


def cells(table, group, label):
    return next(row.cells for row in table.rows if (row.group, row.label) == (group, label))


def test_main_results_give_estimate_error_p_and_size(make_estimates):
    estimates = make_estimates("E1")
    first = estimates[0].fit
    table = main_results(estimates, "growth")
    assert table.name == "main_E1"
    assert len(table.header[-1]) == 4
    outcome = "ln real GDP per capita"
    b, se = first.params["pilot"], first.se["pilot"]
    assert cells(table, outcome, "Coefficient")[0] == f"{number(b)}\n({number(se)})"
    assert cells(table, outcome, "p-value")[0] == p_value(first.pvalue["pilot"])
    assert cells(table, outcome, "Observations")[0] == count(first.nobs)
    assert cells(table, outcome, "Clusters")[0] == "40"
    assert cells(table, outcome, "R² within")[0] == "0.0731"
    assert cells(table, outcome, "Mean of outcome")[0] == "10.4"
    assert cells(table, "Fixed effects", "Province-by-year effects") == ("no", "yes", "no", "yes")
    assert not any("*" in text for row in table.rows for text in row.cells)


def test_a_province_outcome_has_columns_of_its_own(make_estimates):
    table = main_results(make_estimates("E4"), "income")
    row = cells(table, "ln urban-rural income ratio, province", "Observations")
    assert row[:4] == ("",) * 4
    assert all(row[4:])
    assert "clustered by city (columns 1–4), by province (columns 5–6)." in table.notes


def test_an_outcome_that_could_not_be_estimated_says_why(make_estimates):
    estimates = [
        Estimate(e.spec, None, "needs ntl_sum") if e.spec.outcome == "ln_night_lights" else e
        for e in make_estimates("E1")
    ]
    table = main_results(estimates, "growth")
    assert cells(table, "ln night lights", "Coefficient") == ("n.e.",) * 4
    assert "ln night lights: needs ntl_sum" in table.notes


def test_a_reason_names_its_variables_by_their_labels():
    reason = "the outcome 'gdp' does not vary; 'gpd' is no variable"
    told = "the outcome “Gross domestic product” does not vary; 'gpd' is no variable"
    assert labelled(reason) == told


@pytest.mark.parametrize(
    ("numbers", "text"), [([1, 2, 3, 4, 7], "1–4, 7"), ([2], "2"), ([1, 3], "1, 3")]
)
def test_neighbouring_columns_are_drawn_together(numbers, text):
    assert runs(numbers) == text


def test_the_event_table_leaves_the_base_year_out(make_estimates):
    estimates = make_estimates("E1")
    study = next(e.fit for e in estimates if e.spec.design == "event_study")
    table = event_study_results(estimates, "growth")
    times = [row.label for row in table.rows if row.group == "Years since adoption"]
    assert times == ["−5", "−4", "−3", "−2", "0", "+1", "+2", "+3", "+4", "+5"]
    text = f"{number(study.params['t+2'])}\n({number(study.se['t+2'])})"
    assert cells(table, "Years since adoption", "+2")[0] == text
    assert cells(table, "Test and sample", "Joint test of leads, p") == ("0.262",) * 3
    assert "gather all years beyond" in table.notes


def test_results_without_any_estimate_are_refused(make_estimates):
    with pytest.raises(DataError, match="at least one estimate"):
        main_results([], "growth")
    with pytest.raises(DataError, match="at least one estimate"):
        event_study_results(make_estimates("E2", estimable=False), "culture")


def test_rows_of_different_width_are_refused():
    with pytest.raises(DataError, match="widths"):
        Table("t", "c", (("a", "b"),), (Row("r", ("1",)),))


def test_every_table_speaks_chinese(make_estimates):
    table = main_results(make_estimates("E1"), "经济增长", "zh")
    assert table.caption == "双向固定效应:经济增长"
    assert table.header[0][0] == "新型城镇化综合试点"
    assert {row.group for row in table.rows} >= {"实际人均GDP对数", "固定效应"}
    assert effect_label("province:year", "zh") == "省份×年份固定效应"


def test_an_unknown_word_is_named():
    with pytest.raises(UnknownNameError, match="Did you mean 'clusters'"):
        word("cluster")
