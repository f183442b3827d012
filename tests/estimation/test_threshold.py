"""Threshold regression: parity with pdR and a strict program, known truth, and bad input."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from urbanecon.errors import (
    DataError,
    EstimationError,
    MissingColumnError,
    NotEstimableError,
    UnknownNameError,
)
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.sample import draw_sample
from urbanecon.estimation.threshold import threshold_regression
from urbanecon.estimation.threshold_bootstrap import Blocks, bootstrap_tests
from urbanecon.estimation.threshold_sample import Equation, threshold_sample
from urbanecon.estimation.threshold_search import sequential
from urbanecon.estimation.threshold_tables import critical_value

COMMON = ["Q", "Q2", "Q3", "D", "QD"]
VARIANTS = {"within": "plain_within_variant", "drop-last": "hansen_gauss_variant"}
QUIET = pytest.mark.filterwarnings("ignore::urbanecon.errors.EstimationWarning")


@pytest.fixture(scope="module")
def firms(reference_data):
    """Hansen's 565 firms, regressors lagged once."""
    raw = reference_data("invest_hansen1999").set_axis(["i", "q", "c", "d"], axis=1)
    row = np.arange(len(raw))
    raw.index = pd.MultiIndex.from_arrays([row // 15, row % 15], names=["firm", "year"])
    lagged = raw[["q", "c", "d"]].groupby(level="firm").shift(1)
    data = pd.DataFrame({"I": raw["i"], "Q": lagged["q"], "CF": lagged["c"], "D": lagged["d"]})
    return data.assign(Q2=data["Q"] ** 2, Q3=data["Q"] ** 3, QD=data["Q"] * data["D"]).dropna()


@QUIET
@pytest.mark.parametrize("convention", ["within", "drop-last"])
def test_three_thresholds_agree_with_the_strict_program(firms, reference, convention):
    expected = reference("hansen_threshold_numpy_strict")["results"][VARIANTS[convention]]
    fit = threshold_regression(
        firms, "I", ["CF"], "D", COMMON, thresholds=3, draws=0, convention=convention
    )
    for stat, name in (
        *(("ssr_0", "S0"), ("ssr_1", "SSR1"), ("ssr_2", "SSR2"), ("ssr_3", "SSR3")),
        *(("F_1", "F1"), ("F_2", "F2"), ("F_3", "F3")),
    ):
        assert fit.stats[stat] == pytest.approx(expected[name], rel=1e-11), stat
    table = fit.extra["thresholds"].set_index("search")
    assert table.loc[1, "threshold"] == expected["gamma1_refined"]
    assert table.loc[2, "threshold"] == expected["gamma2"]
    assert table.loc[3, "threshold"] == expected["gamma3"]
    assert table.loc[1, ["low", "high"]].tolist() == expected["ci95_gamma1_refined"]
    assert table.loc[2, ["low", "high"]].tolist() == expected["ci95_gamma2"]


@QUIET
@pytest.mark.parametrize("convention", ["within", "drop-last"])
def test_slopes_and_errors_of_two_thresholds_agree(firms, reference, convention):
    expected = reference("hansen_threshold_numpy_strict")["results"][VARIANTS[convention]]
    fit = threshold_regression(
        firms,
        *("I", ["CF"], "D", COMMON),
        thresholds=2,
        draws=0,
        convention=convention,
        vcov="hetero",
    )
    np.testing.assert_allclose(fit.params, expected["coef"], rtol=1e-10)
    effects = 565 if convention == "within" else 0
    factor = np.sqrt(fit.nobs / (fit.nobs - effects - 8))
    np.testing.assert_allclose(fit.se, np.array(expected["se_white"]) * factor, rtol=1e-9)


@QUIET
def test_dropping_the_last_period_agrees_with_pdr(firms, reference):
    expected = reference("hansen_threshold_pdR")["results"]
    cases = {1: "single", 2: "double_first_stage_then_refined", 3: "triple"}
    for count, case in cases.items():
        fit = threshold_regression(
            firms,
            *("I", ["CF"], "D", COMMON),
            thresholds=count,
            draws=0,
            convention="drop-last",
            vcov="iid",
        )
        found = fit.extra["thresholds"]["threshold"].tolist()
        assert found == np.atleast_1d(expected[case]["threshold"]).tolist()
        printed = np.array(expected[case]["indepBeta"] + expected[case]["depBeta"])
        np.testing.assert_allclose(fit.params, printed[:, 0], atol=6e-11, rtol=1e-4)
        np.testing.assert_allclose(fit.se, printed[:, 1], atol=6e-11, rtol=1e-3)
        if count < 3:
            assert fit.stats[f"F_{count}"] == pytest.approx(expected[case]["LR"], rel=1e-10)


@QUIET
def test_the_statistic_pdr_prints_for_three_thresholds_leaves_one_out_of_its_null(
    firms, reference
):
    # the documented departure: its null keeps the highest threshold alone
    printed = reference("hansen_threshold_pdR")["results"]["triple"]["LR"]
    fit = threshold_regression(
        firms, "I", ["CF"], "D", COMMON, thresholds=3, draws=0, convention="drop-last"
    )
    lr = fit.extra["lr"]
    null = lr[(lr["search"] == "1") & (lr["value"] == fit.stats["threshold_3"])]["ssr"].item()
    ssr = fit.stats["ssr_3"]
    assert fit.stats["factor"] * (null - ssr) / ssr == pytest.approx(printed, rel=1e-10)


@pytest.mark.slow
@QUIET
def test_a_bootstrap_over_the_whole_grid_takes_less_than_a_second(firms):
    started = time.process_time()  # of the processor, whatever else the machine does
    fit = threshold_regression(firms, "I", ["CF"], "D", COMMON, draws=300)
    assert time.process_time() - started < 1
    assert fit.extra["bootstrap"].shape == (300, 1)
    assert fit.diagnostics[0].p < 0.02  # the paper: 0.00


def synthetic(rng, units=60, periods=10, jump=1.0, slopes=1):
    """Synthetic panel: slope 1 below 0.3 in q, 1 + jump above."""
    index = pd.MultiIndex.from_product(
        [range(units), range(2000, 2000 + periods)], names=["city", "year"]
    )
    n = len(index)
    effect = np.repeat(rng.normal(size=units), periods)
    data = pd.DataFrame(
        {"z": rng.normal(size=n) + effect, "w": rng.normal(size=n), "q": rng.normal(size=n)},
        index=index,
    )
    data["x"] = rng.normal(size=n) + effect
    above = data["q"] >= 0.3
    data["y"] = data["z"] * (1 + jump * above) - data["x"] + 2 * effect + rng.normal(size=n)
    if slopes > 1:
        data["y"] += data["w"] * (0.5 - jump * above)
    return data


@pytest.fixture
def panel():
    return synthetic(np.random.default_rng(5))


def brute_force(data, z, effects, grid, held=()):
    """SSR at each candidate by least squares on all dummies."""
    frame = data.reset_index()
    dummies = [pd.get_dummies(frame[e], dtype=float).to_numpy() for e in effects]
    found = []
    for g in grid:
        cuts = [*held, g]
        parts = [frame[["x", *z]].to_numpy(), *dummies]
        parts += [frame[z].to_numpy() * (frame["q"].to_numpy() < c)[:, None] for c in cuts]
        design = np.column_stack(parts)
        b = np.linalg.lstsq(design, frame["y"].to_numpy(), rcond=None)[0]
        found.append(np.sum((frame["y"].to_numpy() - design @ b) ** 2))
    return np.array(found)


@QUIET
@pytest.mark.parametrize("effects", [("city",), ("city", "year")])
@pytest.mark.parametrize("z", [["z"], ["z", "w"]])
def test_the_profile_is_that_of_a_regression_at_each_candidate(z, effects):
    rng = np.random.default_rng(8)
    data = synthetic(rng, 25, 8, slopes=2)
    data = data[rng.random(len(data)) < 0.85]
    fit = threshold_regression(
        data, "y", z, "q", ["x"], thresholds=2, effects=effects, grid=20, trim=0.1, draws=0
    )
    lr = fit.extra["lr"]
    one = lr[lr["search"] == "1"]
    expected = brute_force(data, z, effects, one["value"])
    np.testing.assert_allclose(one["ssr"], expected, rtol=1e-10)
    two = lr[lr["search"] == "2"]
    held = (one["value"].iloc[int(np.argmin(one["ssr"]))],)
    expected = brute_force(data, z, effects, two["value"], held)
    np.testing.assert_allclose(two["ssr"], expected, rtol=1e-10)


def test_slopes_are_those_of_fixed_effects_with_regressors_by_regime(panel):
    fit = threshold_regression(panel, "y", ["z"], "q", ["x"], effects=["city", "year"], draws=0)
    cut = fit.stats["threshold_1"]
    low = panel["q"] < cut
    by_hand = panel.assign(below=panel["z"] * low, above=panel["z"] * ~low)
    for vcov in ("cluster(city)", "crv3(city)"):
        fit = threshold_regression(
            panel, "y", ["z"], "q", ["x"], effects=["city", "year"], draws=0, vcov=vcov
        )
        expected = fixed_effects(by_hand, "y", ["x", "below", "above"], vcov=vcov)
        np.testing.assert_allclose(fit.params, expected.params, rtol=1e-10)
        np.testing.assert_allclose(fit.vcov, expected.vcov, rtol=1e-8, atol=1e-14)
    assert list(fit.params.index) == ["x", f"z[q<{cut:.6g}]", f"z[q>={cut:.6g}]"]
    assert fit.extra["regimes"]["rows"].tolist() == [int(low.sum()), int((~low).sum())]


def sample_of(data, points=None, trim=0.05):
    """What the search starts from, for outcomes that are drawn anew."""
    equation = Equation("y", "q", ("x",), ("z",), ("city",), "city", "year")
    sample = draw_sample(data, ["y", "x", "z", "q"], ["city"], ["city", "year"])
    return threshold_sample(sample, equation, points=points, trim=trim, convention="within")


def coverage(seed, jump, units=60, periods=10, draws=5000):
    """Share of LR sets that hold the true threshold, a candidate; errors drawn anew."""
    data = synthetic(np.random.default_rng(seed), units, periods)
    values = np.sort(data["q"].to_numpy())
    cut = values[int(0.6 * len(values))]
    model = sample_of(data)
    rng = np.random.default_rng(seed)
    y = (data["z"] * (1 + jump * (data["q"] >= cut)) - data["x"]).to_numpy()[:, None]
    net = model.profile.projection.residuals(y + rng.normal(size=(len(data), draws)))
    (stage,) = sequential(model.profile, model.profile.outcomes(net), 1, (0.05,))
    at = int(np.searchsorted(model.profile.grid.candidates, cut))
    assert model.profile.grid.candidates[at] == cut
    rows = len(data) - units  # the paper's N (T - 1)
    ratio = rows * (stage.ssr[:, at] - stage.least) / stage.least
    return np.mean(ratio < critical_value(0.95))


@pytest.mark.slow
def test_sets_cover_the_threshold_when_the_jump_is_small_and_more_often_when_it_is_large():
    # Hansen's law is that of jumps that shrink with the sample
    assert 0.93 <= coverage(0, 0.25) <= 0.97
    assert coverage(0, 1.0) > 0.97


def slopes(seed, draws=2000, units=280, periods=10, jump=0.5):
    """Thresholds found, and shares of intervals that hold each slope; errors drawn anew.

    The search is the estimator's; slopes and clustered errors, for all draws with
    one threshold at once, are its numbers in the draws where both are computed.
    """
    rng = np.random.default_rng(seed)
    data = synthetic(rng, units, periods)
    model = sample_of(data)
    mean = (data["z"] * (1 + jump * (data["q"] >= 0.3)) - data["x"]).to_numpy()[:, None]
    y = mean + rng.normal(size=(len(data), draws))
    net = model.profile.projection.residuals(y)
    (stage,) = sequential(model.profile, model.profile.outcomes(net), 1, (0.05,))
    cuts = model.profile.grid.candidates[np.argmin(stage.ssr, axis=1)]
    b, se = np.empty((3, draws)), np.empty((3, draws))
    for cut in np.unique(cuts):
        at = cuts == cut
        low = data["z"] * (data["q"] < cut)
        b[:, at], se[:, at] = clustered(
            y[:, at], np.column_stack([data["x"], low, data["z"] - low]), units
        )
    fits = [
        threshold_regression(
            data.assign(y=y[:, r]), "y", ["z"], "q", ["x"], draws=0, grid=None, trim=0.05
        )
        for r in range(2)
    ]
    factor = fits[0].se.to_numpy() / se[:, 0]
    for r, fit in enumerate(fits):
        assert fit.stats["threshold_1"] == cuts[r]
        np.testing.assert_allclose(fit.params, b[:, r], rtol=1e-8)
        np.testing.assert_allclose(fit.se, factor * se[:, r], rtol=1e-8)
    reach = stats.t.ppf(0.975, fits[0].df) * factor[:, None] * se
    truth = np.array([-1, 1, 1 + jump])[:, None]
    return cuts, np.mean(np.abs(b - truth) <= reach, axis=1)


def clustered(y, x, units):
    """Within estimates for many outcomes, and errors clustered by unit without a factor."""
    y, x = (v.reshape(units, -1, v.shape[1]) for v in (y, x))
    y, x = y - y.mean(axis=1, keepdims=True), x - x.mean(axis=1, keepdims=True)
    inverse = np.linalg.inv(np.einsum("itk,itl->kl", x, x))
    b = inverse @ np.einsum("itk,itd->kd", x, y)
    scores = np.einsum("itk,itd->ikd", x, y - x @ b)
    influence = np.einsum("kl,ild->ikd", inverse, scores)
    return b, np.sqrt(np.sum(influence**2, axis=0))


@pytest.mark.slow
@QUIET
def test_a_known_threshold_is_found_and_slopes_are_covered():
    cuts, covered = slopes(11)
    assert abs(np.median(cuts) - 0.3) < 0.01
    assert ((covered >= 0.93) & (covered <= 0.97)).all(), covered


def bootstrap_rejections(seed, draws, *, units=40, periods=6, thresholds=1, jump=0.0):
    """Share of draws in which the last bootstrap test rejects; unequal variances by city.

    One design; the errors are drawn anew. The search and the bootstrap are the
    estimator's.
    """
    rng = np.random.default_rng(seed)
    data = synthetic(rng, units, periods)
    spread = np.repeat(rng.lognormal(0, 0.5, units), periods)
    model, trims = sample_of(data, points=50, trim=0.1), (0.1,) * thresholds
    profile = model.profile
    mean = (data["z"] * (1 + jump * (data["q"] >= 0.3)) - data["x"]).to_numpy()
    rejected = 0
    for _ in range(draws):
        y = mean + spread * rng.normal(size=len(data))
        outcome = profile.projection.residuals(y[:, None])[:, 0]
        stages = sequential(profile, profile.outcomes(outcome[:, None]), thresholds, trims)
        last = next(stage for stage in stages if stage.name == str(thresholds))
        drawn = bootstrap_tests(
            profile, outcome, stages, trims, model.blocks, rows=1.0, draws=99, rng=rng
        )
        rejected += np.sum(drawn[:, -1] >= last.test(1.0)[0]) < 5
    return rejected / draws


@pytest.mark.slow
def test_the_test_of_no_threshold_has_its_size():
    assert 0.04 <= bootstrap_rejections(0, 2000) <= 0.06


@pytest.mark.slow
def test_with_one_true_threshold_the_second_is_found_as_often_as_the_level_says():
    designs = range(5)
    rejected = [
        bootstrap_rejections(seed, 400, periods=10, thresholds=2, jump=1.5) for seed in designs
    ]
    assert 0.04 <= np.mean(rejected) <= 0.06


def test_two_thresholds_are_found_in_any_order_of_size():
    rng = np.random.default_rng(14)
    data = synthetic(rng, 80, 12, jump=0.0)
    data["y"] += data["z"] * (1.0 * (data["q"] >= -0.7) - 2.5 * (data["q"] >= 0.6))
    fit = threshold_regression(data, "y", ["z"], "q", ["x"], thresholds=2, trim=0.05, draws=60)
    table = fit.extra["thresholds"]
    assert table["threshold"].tolist() == pytest.approx([-0.7, 0.6], abs=0.05)
    assert table["search"].tolist() == [2, 1]  # the larger jump is found first
    assert (table["low"] <= table["threshold"]).all() and (
        table["threshold"] <= table["high"]
    ).all()
    assert [test.p < 0.05 for test in fit.diagnostics] == [True, True]


def test_no_p_value_is_zero_and_the_least_says_so(panel):
    shifted = panel.assign(y=panel["y"] + 50 * panel["z"] * (panel["q"] >= 0.3))
    (test,) = threshold_regression(shifted, "y", ["z"], "q", ["x"], draws=60).diagnostics
    assert test.p == 1 / 61
    assert test.note.endswith("none reaches F: p is the least they can give, 1/61")
    fit = threshold_regression(panel, "y", ["z"], "q", ["x"], draws=60, seed=1)
    reached = (fit.extra["bootstrap"]["F_1"] >= fit.stats["F_1"]).sum()
    assert fit.diagnostics[0].p == (1 + reached) / 61


def test_the_paper_factor_counts_what_effects_take_up(panel):
    rows = threshold_regression(panel, "y", ["z"], "q", ["x"], draws=100, seed=3)
    paper = threshold_regression(panel, "y", ["z"], "q", ["x"], draws=100, seed=3, factor="paper")
    assert (rows.stats["factor"], paper.stats["factor"]) == (600, 600 - 60)
    assert paper.stats["F_1"] == pytest.approx(rows.stats["F_1"] * 0.9)
    assert paper.diagnostics[0].p == rows.diagnostics[0].p


def test_neither_the_order_of_rows_nor_units_of_measurement_matter(panel):
    rng = np.random.default_rng(1)
    panel = panel[rng.random(len(panel)) < 0.9]
    fit = threshold_regression(panel, "y", ["z"], "q", ["x"], draws=60)
    again = threshold_regression(
        panel.sample(frac=1, random_state=2), "y", ["z"], "q", ["x"], draws=60
    )
    pd.testing.assert_series_equal(fit.params, again.params, check_exact=True)
    pd.testing.assert_frame_equal(
        fit.extra["bootstrap"], again.extra["bootstrap"], check_exact=True
    )
    scaled = panel.assign(z=panel["z"] * 1e9, y=panel["y"] * 1e-6)
    other = threshold_regression(scaled, "y", ["z"], "q", ["x"], draws=0)
    assert other.stats["F_1"] == pytest.approx(fit.stats["F_1"], rel=1e-9)


def test_every_distinct_value_is_tried_without_a_grid(panel):
    fit = threshold_regression(panel, "y", ["z"], "q", ["x"], grid=None, trim=0.1, draws=0)
    values = fit.extra["lr"]["value"]
    assert set(values) <= set(panel["q"])
    assert len(values) == pytest.approx(0.8 * len(panel), abs=3)


def test_a_unit_borrows_only_from_units_observed_whenever_it_is():
    # synthetic: units 0 and 1 in all three periods, unit 2 in two, unit 3 alone in a fourth
    unit = np.array([0, 0, 0, 1, 1, 1, 2, 2, 3, 3])
    period = np.array([0, 1, 2, 0, 1, 2, 0, 2, 2, 3])
    blocks = Blocks.of(unit, period)
    assert blocks.alone.tolist() == [False, False, False, True]
    residuals = np.arange(1.0, 11.0)
    drawn = blocks.draw(residuals, 200, np.random.default_rng(0))
    assert {tuple(pair) for pair in drawn[6:8].T} == {(1, 3), (4, 6), (7, 8)}
    assert {tuple(pair) for pair in drawn[:3].T} == {(1, 2, 3), (4, 5, 6)}
    assert {tuple(pair) for pair in drawn[8:].T} == {(9, 10), (-9, -10)}


def test_units_that_nobody_covers_are_told_of(panel):
    alone = panel.loc[[0]].rename(index={0: 99})
    alone.index = alone.index.set_levels(alone.index.levels[1] + 50, level=1)
    with pytest.warns(match="1 of 61 units are observed in periods that no other unit covers"):
        threshold_regression(pd.concat([panel, alone]), "y", ["z"], "q", ["x"], draws=50)


@QUIET
def test_missing_rows_go_and_collinear_regressors_are_named(panel):
    panel.loc[(3, 2004), "q"] = np.nan
    data = panel.assign(twice=2 * panel["x"], fixed=1.0 * panel.index.get_level_values("city"))
    with pytest.warns(match="'twice' was dropped: collinear"):
        fit = threshold_regression(data, "y", ["z"], "q", ["x", "twice", "fixed"], draws=0)
    assert fit.nobs == len(panel) - 1
    assert "'fixed' was dropped: it does not vary within the effects" in fit.warnings


def test_a_column_of_ones_lets_the_level_differ(panel):
    data = panel.assign(one=1.0)
    data["y"] += 3 * (data["q"] < 0.3)
    with pytest.warns(match="'one.*' was dropped"):
        fit = threshold_regression(data, "y", ["z", "one"], "q", ["x"], draws=0)
    level = next(name for name in fit.params.index if name.startswith("one[q<"))
    assert fit.params[level] == pytest.approx(3, abs=0.35)


def test_bad_data_are_refused_by_name(panel):
    with pytest.raises(MissingColumnError, match="Did you mean 'z'"):
        threshold_regression(panel, "y", ["zz"], "q")
    with pytest.raises(EstimationError, match="'q' is infinite at city 0, year 2000"):
        threshold_regression(panel.assign(q=np.inf), "y", ["z"], "q")
    with pytest.raises(NotEstimableError, match="'q' has no value"):
        threshold_regression(panel.assign(q=np.nan), "y", ["z"], "q")
    with pytest.raises(NotEstimableError, match="1 distinct values"):
        threshold_regression(panel.assign(q=1.0), "y", ["z"], "q")
    with pytest.raises(NotEstimableError, match="'y' does not vary within"):
        threshold_regression(panel.assign(y=1.0), "y", ["z"], "q")
    with pytest.raises(DataError, match="holds 'high'"):
        threshold_regression(panel.assign(q="high"), "y", ["z"], "q")
    with pytest.raises(NotEstimableError):
        threshold_regression(panel.iloc[:0], "y", ["z"], "q")
    with pytest.raises(EstimationError, match="one cluster"):
        threshold_regression(panel.loc[[1]], "y", ["z"], "q", draws=0)
    with pytest.raises(EstimationError, match="perfectly"):
        threshold_regression(panel.assign(y=2 * panel["z"]), "y", ["z"], "q")


@QUIET
def test_a_slope_that_a_regime_cannot_identify_is_no_candidate(panel):
    data = panel.assign(z=panel["z"] * (panel["q"] > 0))  # zero below
    fit = threshold_regression(data, "y", ["z"], "q", ["x"], draws=0)
    assert fit.extra["lr"]["value"].min() > 0
    nothing = panel.assign(z=panel["z"] * (panel["q"] > 9))
    with pytest.raises(NotEstimableError, match="no candidate for threshold 1 in 'q'"):
        threshold_regression(nothing, "y", ["z"], "q", ["x"], draws=0)


def test_wrong_options_are_refused(panel):
    calls = [
        ({"thresholds": 4}, "one to 3 thresholds"),
        ({"trim": 0.6}, "trim must be"),
        ({"trim": (0.1,), "thresholds": 2}, "trim must be"),
        ({"draws": 7}, "7 draws are too few"),
        ({"level": 1.0}, "level"),
        ({"grid": 1}, "at least 2 quantiles"),
        ({"effects": ["city", "city"]}, "named twice"),
        ({"common": ["z"]}, "'z' is named twice"),
    ]
    for options, message in calls:
        with pytest.raises(EstimationError, match=message):
            threshold_regression(panel, "y", ["z"], "q", **options)
    with pytest.raises(EstimationError, match="needs a balanced panel"):
        threshold_regression(panel.iloc[1:], "y", ["z"], "q", convention="drop-last")
    with pytest.raises(UnknownNameError, match="Did you mean 'within'"):
        threshold_regression(panel, "y", ["z"], "q", convention="witin")
    with pytest.raises(EstimationError, match="also a regressor"):
        threshold_regression(panel, "y", ["y"], "q")
    with pytest.raises(NotEstimableError, match="Use fewer thresholds"):
        threshold_regression(panel, "y", ["z"], "q", thresholds=3, trim=0.3, draws=0)
