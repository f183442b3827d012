"""Estimates survive the way to disk and back, and nothing else is taken for them."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from urbanecon.effects.result import Estimate
from urbanecon.effects.spec import Sample, Spec
from urbanecon.errors import DataError, OutputError, StaleResultError
from urbanecon.estimation.fit import Fit
from urbanecon.reporting.store import read_estimates, read_tables, write_estimates, write_tables


def test_a_fit_reads_back_exactly(tmp_path, spec, make_fit):
    fit = make_fit(spec)
    write_estimates(tmp_path / "E1.json", [Estimate(spec, fit)])
    (back,) = read_estimates(tmp_path / "E1.json")
    assert back.spec == spec
    pd.testing.assert_series_equal(back.fit.params, fit.params, check_exact=True)
    pd.testing.assert_frame_equal(back.fit.vcov, fit.vcov, check_exact=True)
    pd.testing.assert_index_equal(back.fit.sample, fit.sample)
    same = ("nobs", "df", "outcome", "estimator", "inference", "n_clusters", "fixed_effects")
    for field in (*same, "stats", "diagnostics", "warnings", "sample_digest"):
        assert getattr(back.fit, field) == getattr(fit, field)


def test_the_path_of_an_event_study_reads_back(tmp_path, study, make_fit):
    fit = make_fit(study)
    write_estimates(tmp_path / "E1.json", [Estimate(study, fit)])
    (back,) = read_estimates(tmp_path / "E1.json")
    pd.testing.assert_frame_equal(back.fit.extra["path"], fit.extra["path"], check_exact=True)


@given(arrays(float, 2, elements=st.floats(allow_nan=True, allow_infinity=True)))
def test_every_float_reads_back_bit_by_bit(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("floats") / "E1.json"
    spec = Spec("E1", "ln_gdp_pc_real", "pilot")
    terms = pd.Index(["pilot", "urban_share"], dtype="str")
    fit = Fit(
        params=pd.Series(values, index=terms),
        vcov=pd.DataFrame(np.diag(values), index=terms, columns=terms),
        nobs=1,
        df=math.inf,
        sample=pd.MultiIndex.from_tuples([("110000", 2010)], names=["city", "year"]),
        outcome="ln_gdp_pc_real",
        estimator="synthetic",
        inference="synthetic",
    )
    write_estimates(path, [Estimate(spec, fit)])
    (back,) = read_estimates(path)
    np.testing.assert_array_equal(back.fit.params.to_numpy(), values)
    assert back.fit.df == math.inf
    json.loads(path.read_text(), parse_constant=lambda name: pytest.fail(f"not JSON: {name}"))


def test_every_field_of_a_spec_reads_back(tmp_path):
    spec = Spec(
        "E4", "light_gini", "urban_share", "moderation", "finance", ("ln_population", "openness"),
        ("city", "province:year"), ("city", "year"), Sample(2003, None, "city", True), -1, True,
    )  # fmt: skip
    write_estimates(tmp_path / "E4.json", [Estimate(spec, None, "needs light_inequality")])
    (back,) = read_estimates(tmp_path / "E4.json")
    assert back == Estimate(spec, None, "needs light_inequality")


def test_gaps_and_the_order_of_rows_are_kept(tmp_path, spec, make_fit):
    rows = [("B", 2011), ("A", 2003), ("A", 2004), ("A", 2007), ("B", 2010)]
    sample = pd.MultiIndex.from_tuples(rows, names=["city", "year"])
    fit = replace(make_fit(spec), sample=sample, nobs=5)
    write_estimates(tmp_path / "E1.json", [Estimate(spec, fit)])
    (back,) = read_estimates(tmp_path / "E1.json")
    assert list(back.fit.sample) == rows


def test_the_same_estimates_give_the_same_bytes(tmp_path, make_estimates):
    for name in ("a", "b"):
        write_estimates(tmp_path / name, make_estimates("E3"))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_an_estimate_has_a_fit_or_a_reason(spec, make_fit):
    with pytest.raises(ValueError, match="a fit or a reason"):
        Estimate(spec, None)
    with pytest.raises(ValueError, match="a fit or a reason"):
        Estimate(spec, make_fit(spec), "needs nothing")


def test_two_estimates_of_one_name_are_refused(tmp_path, spec, make_fit):
    twice = [Estimate(spec, make_fit(spec))] * 2
    with pytest.raises(DataError, match=r"two estimates are named 'E1\.ln_gdp_pc_real"):
        write_estimates(tmp_path / "E1.json", twice)


def test_a_sample_without_years_is_refused(tmp_path, spec, make_fit):
    fit = make_fit(spec)
    fit = replace(fit, sample=pd.RangeIndex(fit.nobs))
    with pytest.raises(DataError, match=r"indexed by \(city, year\)"):
        write_estimates(tmp_path / "E1.json", [Estimate(spec, fit)])


def test_a_missing_file_names_the_command_that_makes_it(tmp_path):
    with pytest.raises(StaleResultError, match=r"E2\.json is missing.*`urbanecon run E2`"):
        read_estimates(tmp_path / "E2.json")


def test_a_half_written_file_is_never_read_as_whole(tmp_path, make_estimates):
    path = tmp_path / "E1.json"
    write_estimates(path, make_estimates("E1"))
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: len(text) // 2], encoding="utf-8")
    with pytest.raises(DataError, match=r"E1\.json is damaged.*`urbanecon run E1`"):
        read_estimates(path)


@pytest.mark.parametrize("content", ["[]", "{}", '"text"', '{"estimates": []}'])
def test_a_foreign_file_is_refused(tmp_path, content):
    (tmp_path / "E1.json").write_text(content)
    with pytest.raises(DataError, match="not a file of estimates"):
        read_estimates(tmp_path / "E1.json")


def test_a_file_of_another_version_is_stale(tmp_path):
    (tmp_path / "E1.json").write_text('{"format": "urbanecon-estimates/0"}')
    with pytest.raises(StaleResultError, match="expected 'urbanecon-estimates/1'"):
        read_estimates(tmp_path / "E1.json")


@pytest.mark.parametrize("victim", ["params", "sample_digest", "diagnostics"])
def test_an_estimate_that_lacks_a_part_is_refused(tmp_path, make_estimates, victim):
    path = tmp_path / "E1.json"
    write_estimates(path, make_estimates("E1"))
    content = json.loads(path.read_text(encoding="utf-8"))
    del content["estimates"][0]["fit"][victim]
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(DataError, match=victim):
        read_estimates(path)


def test_rows_changed_by_hand_are_noticed(tmp_path, make_estimates):
    path = tmp_path / "E1.json"
    write_estimates(path, make_estimates("E1"))
    content = json.loads(path.read_text(encoding="utf-8"))
    content["estimates"][0]["fit"]["sample"]["runs"][0][0] = "999999"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(DataError, match="fingerprint"):
        read_estimates(path)


def test_a_folder_in_the_way_leaves_a_named_error(tmp_path, make_estimates):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="Nothing was changed"):
        write_estimates(tmp_path / "file" / "E1.json", make_estimates("E1"))


def test_named_tables_read_back_with_their_index_and_dtypes(tmp_path):
    tables = {
        "numbers": pd.DataFrame({"x": [0.1, np.nan, np.inf], "n": [1, 2, 3]}).rename_axis("draw"),
        "names": pd.DataFrame({"word": ["a", "b"]}, index=pd.Index(["p", "q"], name="key")),
    }
    write_tables(tmp_path / "E1.evidence.json", tables)
    back = read_tables(tmp_path / "E1.evidence.json")
    for name, table in tables.items():
        pd.testing.assert_frame_equal(back[name], table)


def test_a_file_that_holds_no_tables_is_named(tmp_path):
    path = tmp_path / "E1.evidence.json"
    with pytest.raises(StaleResultError, match="is missing: no tables"):
        read_tables(path)
    path.write_text('{"format": "urbanecon-tables/1", "tables": {"a": 3}}')
    with pytest.raises(DataError, match="does not hold whole tables"):
        read_tables(path)
