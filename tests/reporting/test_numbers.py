"""Every number has a name, a text, and the results file that it comes from."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from urbanecon.effects import SPECS
from urbanecon.effects.result import Estimate
from urbanecon.errors import DataError, StaleResultError, UnknownNameError
from urbanecon.reporting.facts import read_facts, write_facts
from urbanecon.reporting.numbers import (
    Number,
    agreement,
    collect,
    direction,
    estimate_numbers,
    event_path,
)


def named(estimate):
    return {
        number.name.removeprefix(f"{estimate.spec.name}."): number
        for number in estimate_numbers(estimate, "E1.json")
    }


def test_a_two_way_estimate_gives_its_numbers_with_their_origin(spec, make_fit):
    fit = make_fit(spec, estimate=0.05)
    found = named(Estimate(spec, fit))
    assert found["estimate"].value == 0.05
    assert found["se"].value == fit.se["pilot"]
    assert found["p"].value == fit.pvalue["pilot"]
    assert found["nobs"].value == fit.nobs
    assert found["clusters"].text == "40"
    assert (found["first_year"].text, found["last_year"].text) == ("2003", "2019")
    assert found["percent"].value == pytest.approx(100 * (math.exp(0.05) - 1), rel=1e-14)
    origin = found["estimate"].entry()["from"]
    assert origin == {"file": "E1.json", "estimate": spec.name, "term": "pilot"}


def test_a_share_is_stated_per_ten_percentage_points(make_fit):
    spec = next(s for s in SPECS["E1"] if s.treatment == "urban_share_benchmarked")
    found = named(Estimate(spec, make_fit(spec, estimate=0.5)))
    assert found["percent"].value == pytest.approx(100 * (math.exp(0.05) - 1), rel=1e-14)
    assert found["percent"].unit == "percent per 10 percentage points"


def test_an_outcome_that_is_no_log_has_no_percent(make_fit):
    spec = next(s for s in SPECS["E2"] if s.outcome == "culture_per_10k")
    assert "percent" not in named(Estimate(spec, make_fit(spec)))


def test_an_event_study_gives_its_path_and_its_tests(study, make_fit):
    fit = make_fit(study)
    found = named(Estimate(study, fit))
    assert found["t+3.estimate"].value == fit.params["t+3"]
    assert found["t-5.p"].value == fit.pvalue["t-5"]
    assert "t-1.estimate" not in found
    assert found["pretrend_p"].text == "0.262"
    assert found["pretrend"].value == "not rejected"
    assert found["mean_post.direction"].value == "positive"


def test_what_could_not_be_estimated_gives_no_number(spec):
    assert estimate_numbers(Estimate(spec, None, "needs gpi_prefecture"), "E1.json") == []


def test_a_fit_without_its_treatment_is_refused(spec, make_fit):
    fit = make_fit(spec)
    other = replace(fit, params=fit.params.rename({"pilot": "pilots"}))
    with pytest.raises(DataError, match=r"no coefficient of 'pilot'.*Did you mean 'pilots'"):
        estimate_numbers(Estimate(spec, other), "E1.json")


def test_an_event_study_without_a_path_is_refused(study, make_fit):
    with pytest.raises(DataError, match="holds no table 'path'"):
        event_path(replace(make_fit(study), extra={}))


@pytest.mark.parametrize(
    ("estimate", "p", "sign", "words", "claim"),
    [
        (0.2, 0.01, 1, "positive", "the sign claimed"),
        (-0.2, 0.01, 1, "negative", "the opposite of the sign claimed"),
        (-0.2, 0.01, -1, "negative", "the sign claimed"),
        (0.2, 0.05, 1, "indistinguishable from zero", "no evidence either way"),
        (0.2, math.nan, 1, "indistinguishable from zero", "no evidence either way"),
    ],
)
def test_words_follow_from_the_numbers(estimate, p, sign, words, claim):
    assert direction(estimate, p) == words
    assert agreement(estimate, p, sign) == claim


def test_two_numbers_of_one_name_are_refused():
    with pytest.raises(DataError, match=r"Two numbers are named 'panel\.cities'"):
        collect([Number("panel.cities", 300), Number("panel.cities", 301)])


def test_a_misspelt_format_is_named():
    with pytest.raises(UnknownNameError, match="Did you mean 'percent'"):
        Number("panel.flagged_share", 3.0, "precent")  # type: ignore[arg-type]


def test_a_number_cannot_be_a_text():
    with pytest.raises(DataError, match="format is 'count'"):
        Number("panel.cities", "300", "count")


def test_facts_read_back_with_the_name_of_their_file(tmp_path):
    facts = [Number("panel.cities", 300, "count", "cities"), Number("panel.year", 2000, "year")]
    write_facts(tmp_path / "facts.json", facts)
    assert read_facts(tmp_path / "facts.json") == [replace(f, file="facts.json") for f in facts]


def test_missing_damaged_or_foreign_facts_are_named(tmp_path):
    path = tmp_path / "facts.json"
    with pytest.raises(StaleResultError, match=r"facts\.json is missing"):
        read_facts(path)
    path.write_text("{")
    with pytest.raises(DataError, match="damaged"):
        read_facts(path)
    path.write_text('{"panel.cities": 300}')
    with pytest.raises(DataError, match="not a file of facts"):
        read_facts(path)
