"""Group-time effects: against did 2.1.2, on known truths, and on panels with gaps."""

from __future__ import annotations

import time
import warnings

import numpy as np
import pandas as pd
import pytest
from group_time_cases import staggered

from urbanecon.errors import (
    DataError,
    EstimationError,
    EstimationWarning,
    MissingColumnError,
    NotEstimableError,
    UnknownNameError,
)
from urbanecon.estimation.aggregation import aggregate
from urbanecon.estimation.group_time import group_time

CASES = [
    *(
        f"{method}|{control}|{base}|{covariates}"
        for covariates in ("~1", "~lpop")
        for method, control, base in [
            ("dr", "nevertreated", "varying"),
            ("dr", "nevertreated", "universal"),
            ("dr", "notyettreated", "varying"),
            ("reg", "nevertreated", "varying"),
            ("reg", "nevertreated", "universal"),
            ("ipw", "nevertreated", "varying"),
            ("ipw", "notyettreated", "varying"),
            ("ipw", "notyettreated", "universal"),
        ]
    )
]


def quiet(*arguments, **options):
    """Group-time effects without a band, caveats left to `Fit.warnings`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EstimationWarning)
        return group_time(*arguments, **{"draws": 0, **options})


@pytest.fixture(scope="module")
def mpdta(reference_data):
    data = reference_data("mpdta")
    data["first"] = data["first.treat"].where(data["first.treat"] > 0)
    return data.set_index(["countyreal", "year"])


@pytest.fixture
def panel():
    return staggered()


# -- the reference software -----------------------------------------------------


@pytest.mark.reference
@pytest.mark.parametrize("case", CASES)
def test_every_option_agrees_with_did(case, mpdta, reference):
    method, control, base, covariates = case.split("|")
    expected = reference("cs_did_mpdta")["results"][case]
    fit = group_time(
        mpdta,
        "lemp",
        "first",
        [] if covariates == "~1" else ["lpop"],
        method=method,
        control_group=control,
        base_period=base,
        draws=0,
    )
    exact = covariates == "~1" or method == "reg"
    close = {"rtol": 1e-8 if exact else 1e-6, "atol": 1e-12 if exact else 1e-9}
    effects = fit.extra["effects"]
    assert list(effects["first_treated"]) == expected["group"]
    assert list(effects["year"]) == expected["t"]
    np.testing.assert_allclose(effects["estimate"], expected["att"], **close)
    np.testing.assert_allclose(effects["se"], floats(expected["se"]), **close)
    assert fit.diagnostics[0].name == "pre-trend Wald test"
    assert fit.diagnostics[0].statistic == pytest.approx(expected["W"], rel=close["rtol"])
    assert fit.diagnostics[0].p == pytest.approx(expected["wald_p"][0][0], abs=5.1e-6)

    simple = aggregate(fit, "simple")
    assert simple.params["overall"] == pytest.approx(expected["simple"]["overall"], **tight(close))
    assert simple.se["overall"] == pytest.approx(expected["simple"]["overall_se"], **tight(close))
    for by, key, table, column in [
        ("dynamic", "dynamic", "path", "relative_year"),
        ("group", "grp", "groups", "first_treated"),
        ("calendar", "calendar", "years", "year"),
    ]:
        average, other = aggregate(fit, by, draws=0), expected[key]
        rows = average.extra[table]
        assert list(rows[column]) == other["egt"]
        np.testing.assert_allclose(rows["estimate"], other["att"], **close)
        np.testing.assert_allclose(rows["se"], np.nan_to_num(floats(other["se"])), **close)
        assert average.params["overall"] == pytest.approx(other["overall"], **tight(close))
        assert average.se["overall"] == pytest.approx(other["overall_se"], **tight(close))


def floats(values):
    return np.array(values, dtype=float)


def tight(close):
    return {"rel": close["rtol"], "abs": close["atol"]}


# -- what is compared with what ---------------------------------------------------


def test_without_covariates_an_effect_is_a_difference_of_mean_changes(panel):
    fit = quiet(panel, "y", "first")
    wide = panel["y"].unstack()
    start = panel["first"].groupby("city").first()
    change = wide[2015] - wide[2011]
    expected = change[start == 2012].mean() - change[start.isna()].mean()
    assert fit.params["g2012:y2015"] == pytest.approx(expected, rel=1e-12)
    variances = [change[s].var(ddof=0) / s.sum() for s in (start == 2012, start.isna())]
    assert fit.se["g2012:y2015"] == pytest.approx(np.sqrt(sum(variances)), rel=1e-12)
    for method in ("ipw", "reg"):
        other = quiet(panel, "y", "first", method=method)
        np.testing.assert_allclose(other.params, fit.params, atol=1e-13)
        np.testing.assert_allclose(other.vcov, fit.vcov, atol=1e-15)


def test_not_yet_treated_units_are_controls_until_they_anticipate(panel):
    start = panel["first"].groupby("city").first()
    late, never = int((start == 2014).sum()), int(start.isna().sum())

    def controls(**options):
        fit = quiet(panel, "y", "first", control_group="notyettreated", **options)
        rows = fit.extra["effects"].query("first_treated == 2012").set_index("year")
        return rows["controls"]

    assert controls().loc[[2012, 2013, 2014]].tolist() == [never + late, never + late, never]
    assert controls(anticipation=1).loc[[2012, 2013]].tolist() == [never + late, never]
    # a year before treatment compared with a later base: controls untreated in both
    assert controls(base_period="universal").loc[2010] == never + late


def test_base_years_vary_or_stay_and_anticipation_moves_them(panel):
    def bases(**options):
        table = quiet(panel, "y", "first", **options).extra["effects"]
        return table.query("first_treated == 2014").set_index("year")["base_year"].to_dict()

    assert bases() == {2011: 2010, 2012: 2011, 2013: 2012, 2014: 2013, 2015: 2013}
    assert bases(base_period="universal") == dict.fromkeys(range(2010, 2016), 2013)
    assert bases(anticipation=1) == {2011: 2010, 2012: 2011, 2013: 2012, 2014: 2012, 2015: 2012}


def test_the_base_cell_is_a_row_of_zero_and_no_term(panel):
    fit = quiet(panel, "y", "first", base_period="universal")
    base = fit.extra["effects"].query("year == base_year")
    assert (base["estimate"] == 0).all()
    assert base["se"].isna().all()
    assert not set(base["term"]) & set(fit.params.index)


def test_another_dating_of_the_treatment_is_another_column(panel):
    panel["later"] = panel["first"] + 1
    assert "g2013:y2013" in quiet(panel, "y", "later").params.index


def test_units_treated_after_the_panel_count_as_never_treated(panel):
    panel["never"] = panel["first"].fillna(2030)
    np.testing.assert_array_equal(
        quiet(panel, "y", "never").params, quiet(panel, "y", "first").params
    )


def test_without_never_treated_units_the_last_cohort_is_compared_with_only(panel):
    treated = panel[panel["first"].notna()]
    with pytest.raises(NotEstimableError, match="control_group='notyettreated'"):
        group_time(treated, "y", "first")
    fit = quiet(treated, "y", "first", control_group="notyettreated")
    assert list(fit.params.index) == ["g2012:y2011", "g2012:y2012", "g2012:y2013"]
    assert "years from 2014 on were left out" in fit.warnings[0]
    assert fit.sample.get_level_values("year").max() == 2013


def test_units_treated_from_the_start_are_left_out_and_counted(panel):
    begun = panel.copy()
    begun.loc[["c000", "c001"], "first"] = 2010.0
    with pytest.warns(EstimationWarning, match="2 units already treated in 2010"):
        fit = group_time(begun, "y", "first", draws=0)
    expected = quiet(panel.drop(["c000", "c001"]), "y", "first")
    np.testing.assert_array_equal(fit.params, expected.params)


def test_weights_of_two_are_units_twice(panel):
    panel["two"] = np.where(panel["province"] < 20, 2.0, 1.0)
    twice = panel[panel["two"] == 2].rename(index=lambda city: f"{city}b", level="city")
    doubled = pd.concat([panel, twice])
    for method in ("dr", "ipw", "reg"):
        weighted = quiet(panel, "y", "first", ["x"], method=method, weights="two")
        repeated = quiet(doubled, "y", "first", ["x"], method=method)
        np.testing.assert_allclose(weighted.params, repeated.params, rtol=1e-9)
        assert aggregate(weighted, "simple").params["overall"] == pytest.approx(
            aggregate(repeated, "simple").params["overall"], rel=1e-9
        )


# -- known truths -----------------------------------------------------------------


def test_without_noise_the_effects_are_the_truth():
    data = staggered(covariate=0.8)
    data["exact"] = 0.5 * (data.index.get_level_values("year") - 2010) * (1 + 0.8 * data["x"])
    data["exact"] += data["truth"]
    for method in ("dr", "reg"):  # trends are linear in x, as both assume
        fit = quiet(data, "exact", "first", ["x"], method=method)
        effects = fit.extra["effects"]
        truth = np.where(effects["relative_year"] >= 0, effects["relative_year"] + 1, 0)
        np.testing.assert_allclose(effects["estimate"], truth, atol=1e-9)


# -- panels with gaps -------------------------------------------------------------


def test_a_unit_without_every_year_leaves_a_balanced_panel(panel):
    holes = panel.copy()
    holes.loc[("c003", 2013), "y"] = np.nan
    holes = holes.drop(("c004", 2010))
    fit = quiet(holes, "y", "first")
    assert "2 of 120 units lack one of the 6 years" in fit.warnings[1]
    expected = quiet(panel.drop(["c003", "c004"]), "y", "first")
    np.testing.assert_array_equal(fit.params, expected.params)
    assert fit.nobs == 118 * 6
    assert "1 rows with a missing value" in fit.warnings[0]


def test_levels_of_a_whole_panel_give_the_effects_of_its_changes(panel):
    levels = quiet(panel, "y", "first", allow_unbalanced=True)
    changes = quiet(panel, "y", "first")
    np.testing.assert_allclose(levels.params, changes.params, atol=1e-12)
    np.testing.assert_allclose(levels.vcov, changes.vcov, atol=1e-14)


@pytest.mark.parametrize("method", ["dr", "ipw", "reg"])
def test_an_unbalanced_panel_uses_every_row(panel, method):
    rng = np.random.default_rng(4)
    holes = panel[rng.random(len(panel)) < 0.8]
    fit = quiet(holes, "y", "first", ["x"], method=method, allow_unbalanced=True)
    assert fit.nobs == len(holes)
    post = aggregate(fit, "dynamic", draws=0).extra["path"].query("relative_year >= 0")
    far = (post["estimate"] - post["relative_year"] - 1).abs() / post["se"]
    assert (far < 4).all()


def test_effects_without_rows_are_missing_with_a_reason(panel):
    holes = panel[(panel["first"] != 2014) | (panel.index.get_level_values("year") != 2015)]
    with pytest.warns(EstimationWarning, match="g2014:y2015 not estimated: there is no treated"):
        fit = group_time(holes, "y", "first", allow_unbalanced=True, draws=0)
    assert "g2014:y2015" not in fit.params.index
    assert fit.extra["effects"].set_index("term")["estimate"].isna().sum() == 1


def test_no_whole_unit_is_an_error_that_says_what_to_do(panel):
    year = panel.index.get_level_values("year").to_numpy()
    code = panel.index.codes[0]
    with pytest.raises(NotEstimableError, match="allow_unbalanced=True"):
        quiet(panel[year - 2010 != code % 6], "y", "first")


# -- covariates, clusters, order ----------------------------------------------------


def test_constant_and_collinear_covariates_are_dropped_and_named(panel):
    panel["one"], panel["x2"] = 1.0, 3 * panel["x"] - 1
    fit = quiet(panel, "y", "first", ["one", "x", "x2"])
    assert "'one', 'x2' dropped: constant or collinear" in fit.warnings
    np.testing.assert_allclose(fit.params, quiet(panel, "y", "first", ["x"]).params, rtol=1e-9)


def test_the_scale_of_a_covariate_changes_nothing(panel):
    panel["yuan"] = 1e11 + 1e9 * panel["x"]
    for method in ("dr", "ipw", "reg"):
        scaled = quiet(panel, "y", "first", ["yuan"], method=method)
        plain = quiet(panel, "y", "first", ["x"], method=method)
        np.testing.assert_allclose(scaled.params, plain.params, rtol=1e-6)
        np.testing.assert_allclose(scaled.se, plain.se, rtol=1e-6)


def test_covariates_that_tell_treatment_leave_no_overlap(panel):
    panel["tell"] = panel["first"].notna().astype(float)
    with pytest.raises(NotEstimableError, match="no overlap"):
        quiet(panel, "y", "first", ["tell"], method="ipw")


def test_wider_clusters_sum_the_influence_within(panel):
    fit = quiet(panel, "y", "first", cluster="province")
    psi = fit.extra["influence"].to_numpy()
    sums = pd.DataFrame(psi).groupby(fit.extra["units"]["cluster"].to_numpy()).sum().to_numpy()
    np.testing.assert_allclose(fit.vcov, sums.T @ sums / len(psi) ** 2, rtol=1e-12)
    assert fit.n_clusters == {"province": 40}
    np.testing.assert_array_equal(fit.params, quiet(panel, "y", "first").params)
    average = aggregate(fit, "simple")
    assert average.n_clusters == {"province": 40}


def test_few_clusters_and_small_cohorts_are_caveats(panel):
    panel["half"] = panel["province"] % 2
    panel.loc[["c000", "c001"], "first"] = 2015.0
    warned = " ".join(quiet(panel, "y", "first", cluster="half").warnings)
    assert "2 clusters by half, fewer than 30" in warned
    assert "small cohorts (units): 2015 (2)" in warned


def test_the_order_of_the_rows_never_touches_a_digit(panel):
    shuffled = panel.sample(frac=1, random_state=3)
    one = group_time(panel, "y", "first", ["x"], weights="w", cluster="province", draws=99)
    two = group_time(shuffled, "y", "first", ["x"], weights="w", cluster="province", draws=99)
    np.testing.assert_array_equal(one.vcov, two.vcov)
    pd.testing.assert_frame_equal(one.extra["effects"], two.extra["effects"])
    assert one.sample_digest == two.sample_digest


def test_index_levels_may_have_any_name(panel):
    renamed = panel.rename_axis(["stadt", None])
    fit = quiet(renamed, "y", "first")
    np.testing.assert_array_equal(fit.params, quiet(panel, "y", "first").params)
    assert fit.n_clusters == {"stadt": 120}


def test_with_anticipation_a_second_pre_test_leaves_those_years_out(panel):
    tests = quiet(panel, "y", "first", anticipation=1).diagnostics
    assert [t.name for t in tests] == [
        "pre-trend Wald test",
        "pre-trend Wald test before anticipation",
    ]
    assert [t.df for t in tests] == [(4,), (2,)]


def test_a_singular_pre_test_is_not_computed():
    # effects before treatment: 4, on cohorts of two units each
    data = staggered(units=60)
    keep = data.groupby("first", dropna=False).cumcount() < 2 * 6
    fit = quiet(data[keep], "y", "first")
    test = fit.diagnostics[0]
    assert np.isnan(test.statistic)
    assert test.note == "not computed: singular covariance"


# -- what is refused --------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"first": "frist"}, MissingColumnError, "Did you mean"),
        ({"method": "drdid"}, UnknownNameError, "'dr', 'ipw', 'reg'"),
        ({"control_group": "never"}, UnknownNameError, "Did you mean 'nevertreated'"),
        ({"base_period": "fixed"}, UnknownNameError, "'varying', 'universal'"),
        ({"anticipation": -1}, EstimationError, "whole number of years"),
        ({"anticipation": 9}, NotEstimableError, "no cohort of 'first'"),
        ({"covariates": ["y"]}, EstimationError, "also a covariate"),
        ({"cluster": "year"}, EstimationError, "changes within city c000"),
        ({"cluster": "all"}, EstimationError, "only one cluster"),
        ({"draws": 10}, EstimationError, "10 draws are too few"),
        ({"level": 95}, EstimationError, "between 0 and 1"),
        ({"multipliers": "webb"}, UnknownNameError, "'rademacher', 'mammen'"),
    ],
)
def test_wrong_options_are_refused_by_name(panel, change, error, message):
    panel["all"] = 1
    options = {"first": "first", "covariates": [], "draws": 0, **change}
    first, covariates = options.pop("first"), options.pop("covariates")
    with pytest.raises(error, match=message):
        group_time(panel, "y", first, covariates, **options)


def broken(panel, what):
    row = ("c005", 2012)
    if what == "text":
        panel["first"] = panel["first"].astype(object)
        panel.loc[row, "first"] = "soon"
    elif what == "zero":
        panel["first"] = panel["first"].fillna(0)
    elif what == "changing":
        panel.loc[row, "first"] = 2013.0
    elif what == "infinite":
        panel.loc[row, "y"] = np.inf
    elif what == "infinite year":
        panel.loc["c005", "first"] = np.inf
    elif what == "twice":
        panel = pd.concat([panel, panel.loc[[row]]])
    elif what == "nobody":
        panel["first"] = np.nan
    elif what == "empty":
        panel = panel.iloc[:0]
    elif what == "flat":
        panel = panel.reset_index()
    elif what == "quarters":
        panel = panel.rename(index=lambda year: year + 0.25, level="year")
    return panel


@pytest.mark.parametrize(
    ("what", "error", "message"),
    [
        ("text", DataError, "'soon', which is not a year"),
        ("zero", DataError, "missing for units never treated"),
        ("changing", DataError, "changes within city c005"),
        ("infinite", EstimationError, "infinite at city c005, year 2012"),
        ("infinite year", DataError, "not a year"),
        ("twice", DataError, "city c005, year 2012 occurs more than once"),
        ("nobody", NotEstimableError, "no unit in the sample is treated"),
        ("empty", NotEstimableError, "no value"),
        ("flat", DataError, "indexed by unit and year"),
        ("quarters", DataError, "whole year"),
    ],
)
def test_broken_data_are_refused_with_the_cell(panel, what, error, message):
    with pytest.raises(error, match=message):
        quiet(broken(panel, what), "y", "first")


# -- speed ------------------------------------------------------------------------


def test_effects_of_the_city_panel_with_999_draws_take_less_than_a_second():
    data = staggered(units=300, years=20)
    group_time(data, "y", "first", ["x"])  # imports
    start = time.perf_counter()
    fit = group_time(data, "y", "first", ["x"], draws=999)
    aggregate(fit, "dynamic", draws=999)
    assert time.perf_counter() - start < 1
