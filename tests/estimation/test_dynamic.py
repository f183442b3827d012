"""Difference and system GMM against plm, Stata, DPD; and what they do with bad data."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import (
    DataError,
    EstimationError,
    EstimationWarning,
    MissingColumnError,
    NotEstimableError,
)
from urbanecon.estimation.dynamic import dynamic_panel
from urbanecon.estimation.dynamic_instruments import GmmStyle, IvStyle
from urbanecon.estimation.dynamic_moments import second_step, take_step, windmeijer
from urbanecon.estimation.dynamic_stacking import Choices, stack

AB91 = {
    "outcome": "emp",
    "regressors": {"wage": (0, 1), "capital": (0,), "output": (0, 1)},
    "gmm": [GmmStyle("emp")],
    "lags": 2,
}
AB91_A = AB91 | {"regressors": {"wage": (0, 1), "capital": (0, 1, 2), "output": (0, 1, 2)}}
BB98 = {
    "outcome": "emp",
    "regressors": {"wage": (0, 1), "capital": (0, 1)},
    "gmm": [GmmStyle("emp"), GmmStyle("wage"), GmmStyle("capital")],
    "system": True,
}
CASES = {
    "AB91_diff_onestep_robust": AB91 | {"steps": 1},
    "AB91_diff_twostep_windmeijer": AB91 | {"steps": 2},
    "AB91_diff_twostep_nonrobust": AB91 | {"steps": 2, "robust": False},
    "AB91_diff_onestep_nonrobust": AB91 | {"steps": 1, "robust": False},
    "BB98_system_onestep_robust": BB98 | {"steps": 1},
    "BB98_system_twostep_windmeijer": BB98 | {"steps": 2},
}


def estimate(data, **spec):
    """Estimate without the caveats, which have tests of their own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EstimationWarning)
        return dynamic_panel(data, **spec)


def test_of(fit, name):
    return next(d for d in fit.diagnostics if d.name == name)


test_of.__test__ = False


@pytest.fixture(scope="module")
def firms(reference_data):
    data = reference_data("empluk_plm").set_index(["firm", "year"])
    return np.log(data[["emp", "wage", "capital", "output"]])


@pytest.fixture(scope="module")
def plm(reference):
    return reference("gmm_empluk_plm")["results"]


def synthetic(n=60, t=7, seed=1, rho=0.5):
    """Synthetic: y = rho L.y + x + a + e with x that follows past shocks."""
    rng = np.random.default_rng(seed)
    a, e = rng.normal(size=n), rng.normal(size=(n, t + 20))
    y, x = np.zeros((n, t + 20)), np.zeros((n, t + 20))
    for s in range(1, t + 20):
        x[:, s] = 0.5 * x[:, s - 1] + 0.3 * e[:, s - 1] + rng.normal(size=n)
        y[:, s] = rho * y[:, s - 1] + x[:, s] + a + e[:, s]
    index = pd.MultiIndex.from_product([range(n), range(2000, 2000 + t)], names=["city", "year"])
    return pd.DataFrame({"y": y[:, 20:].ravel(), "x": x[:, 20:].ravel()}, index=index)


SPEC = {"outcome": "y", "regressors": ["x"], "gmm": [GmmStyle("y"), GmmStyle("x", (1, None))]}


# -- other software ----------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_estimates_and_errors_are_those_of_plm(firms, plm, case):
    fit = estimate(firms, **CASES[case])
    expected = plm[case]
    k = len(expected["coef"])
    np.testing.assert_allclose(fit.params.iloc[:k], list(expected["coef"].values()), atol=1e-10)
    se = fit.se.iloc[:k]
    if case == "AB91_diff_onestep_nonrobust":  # plm leaves s2 out and divides by N
        se = se / np.sqrt(fit.stats["units"] * fit.stats["sigma2"])
    np.testing.assert_allclose(se, list(expected["se"].values()), rtol=1e-8)
    after = " at the one-step estimate" if "onestep" in case else ""
    hansen = test_of(fit, f"Hansen J{after}")
    assert hansen.statistic == pytest.approx(expected["sargan"]["stat"], rel=1e-9)
    assert hansen.df == (expected["sargan"]["df"],)
    assert hansen.p == pytest.approx(expected["sargan"]["p"], rel=1e-8)


def test_the_number_of_instruments_is_that_of_plm(firms, plm):
    collapsed = [GmmStyle(v, collapse=True) for v in ("emp", "wage", "capital")]
    found = {
        "diff": estimate(firms, **AB91).stats["instruments"],
        "sys": estimate(firms, **BB98).stats["instruments"],
        "sys_collapse": estimate(firms, **BB98 | {"gmm": collapsed}).stats["instruments"],
    }
    assert found == plm["n_instr"]


def test_serial_correlation_after_conventional_two_steps_is_that_of_plm(firms, plm):
    fit = estimate(firms, **CASES["AB91_diff_twostep_nonrobust"])
    for order in (1, 2):
        expected = plm["AB91_diff_twostep_nonrobust"][f"m{order}"]
        found = test_of(fit, f"Arellano-Bond AR({order})")
        assert found.statistic == pytest.approx(expected["stat"][0][0], rel=1e-9)
        assert found.p == pytest.approx(expected["p"][0][0], rel=1e-9)


def m_as_in_plm(firms, spec, order):
    """The m statistic as plm 2.6-2 has it.

    The covariance V of the estimate stands where the bread belongs, one-step
    weights are multiplied by the number of units, and level residuals left out.
    """
    choices = Choices(spec.get("system", False), "difference", spec["steps"], True, True, True, 3)
    lagged = {"emp": tuple(range(1, spec.get("lags", 1) + 1))} | spec["regressors"]
    own = {"emp", *(style.variable for style in spec["gmm"])}
    iv = [IvStyle(name, lags) for name, lags in lagged.items() if name not in own]
    s = stack(firms, lagged, spec["gmm"], iv, choices)
    first = take_step(s.moments, s.half)
    second = second_step(s.moments, first)
    step, units = (first, 140) if spec["steps"] == 1 else (second, 1)
    if spec.get("robust", True):
        v = first.sandwich() if units > 1 else windmeijer(s.moments, first, second)
    else:
        v = step.bread / units
    w = s.changes.y - s.changes.x @ step.params
    lagged_w = np.zeros_like(w)
    lagged_w[:, order:] = w[:, :-order]
    a = (w * lagged_w).sum(axis=1)
    g = np.einsum("ntk,nt->k", s.changes.x, lagged_w)
    e = step.residuals.copy()
    e[:, w.shape[1] :] = 0
    weights = units * step.half.T @ step.half
    middle = g @ v @ s.moments.zx.T @ weights @ (s.moments.by_unit(e).T @ a)
    variance = np.sum(a**2) - 2 * middle + g @ v @ g
    return a.sum() / np.sqrt(variance) if variance > 0 else None


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("case", CASES)
def test_plms_other_serial_correlation_tests_are_explained_by_its_matrices(
    firms, plm, case, order
):
    expected = plm[case][f"m{order}"]["stat"][0][0]
    found = m_as_in_plm(firms, CASES[case], order)
    assert found == (None if expected is None else pytest.approx(expected, rel=1e-7))


@pytest.mark.parametrize(
    ("spec", "m"),
    [
        (AB91_A | {"steps": 1, "robust": False}, (-3.9394, -0.54239)),  # Stata xtabond, example 1
        (AB91_A | {"steps": 1}, (-3.5996, -0.51603)),  # the same, example 2
        (AB91 | {"steps": 1, "robust": False}, (-3.409, -0.3695)),  # DPD for Ox, abest1.out
        (AB91 | {"steps": 1}, (-2.493, -0.3594)),  # the same, and Windmeijer (2005), table 2
        (AB91 | {"steps": 2, "robust": False}, (-2.428, -0.3325)),  # DPD for Ox, abest1.out
        (BB98 | {"steps": 1}, (-5.46, -0.25)),  # xtabond2, Roodman (2009), section 3.4
    ],
)
def test_serial_correlation_is_that_of_stata_and_dpd(firms, spec, m):
    fit = estimate(firms, **spec)
    found = [test_of(fit, f"Arellano-Bond AR({order})").statistic for order in (1, 2)]
    np.testing.assert_allclose(found, m, atol=5e-3 if spec.get("system") else 5.1e-4)


def test_a_system_after_one_step_is_that_of_xtabond2(firms):
    # Roodman (2009), section 3.4: 891 rows, 140 firms, 113 instruments
    fit = estimate(firms, **BB98, steps=1)
    published = [0.9356053, -0.6309761, 0.4826203, 0.4839299, -0.4243928]
    np.testing.assert_allclose(fit.params.iloc[:5], published, atol=5.1e-8)
    assert (fit.nobs, fit.stats["instruments"]) == (891, 113)
    assert round(test_of(fit, "Hansen J").statistic, 2) == 110.70


def test_forward_deviations_equal_differences_with_all_lags_in_a_balanced_panel():
    # Arellano and Bover (1995): one-step estimates are the same
    spec = {"outcome": "y", "regressors": [], "gmm": [GmmStyle("y")], "steps": 1}
    for time_effects in (False, True):
        spec["time_effects"] = time_effects
        one = estimate(synthetic(), **spec)
        other = estimate(synthetic(), **spec, transform="forward")
        np.testing.assert_allclose(other.params, one.params, rtol=1e-9)
        np.testing.assert_allclose(other.vcov, one.vcov, rtol=1e-8)


# -- a slow and plain second implementation -------------------------------------------


def by_loops(data, *, system, forward, h, collapse):
    """System or difference GMM of y on its lag and x, one unit after another, dense matrices."""
    units, years = data.index.levels[0], sorted(set(data.index.get_level_values(1)))
    t = len(years)
    blocks = []
    for unit in units:
        own = data.loc[unit].reindex(years)
        y, x = own["y"].to_numpy(), own["x"].to_numpy()
        ylag = np.r_[np.nan, y[:-1]]
        ok = ~np.isnan(y) & ~np.isnan(x) & ~np.isnan(ylag)
        m = np.zeros((t, t))
        for s in range(2, t):
            if forward:
                rest = [u for u in range(s, t) if ok[u]]
                if ok[s - 1] and rest:
                    m[s, s - 1] = np.sqrt(len(rest) / (len(rest) + 1))
                    m[s, rest] = -m[s, s - 1] / len(rest)
            elif ok[s] and ok[s - 1]:
                m[s, s], m[s, s - 1] = 1, -1
        level = np.diag([float(ok[s] and s >= 1) for s in range(t)])
        load = np.r_[m, level] if system else m
        z = np.zeros((t, 0))
        for w in np.nan_to_num((y, x)):
            for lag in range(2, t):
                column = np.array([w[s - lag] if s >= lag else 0.0 for s in range(t)])
                column *= np.abs(m).sum(axis=1) > 0
                z = np.c_[z, column if collapse else np.diag(column)]
        if system:
            below = np.zeros((t, 0))
            for w in (y, x):
                change = np.array([w[s - 1] - w[s - 2] if s > 1 else 0.0 for s in range(t)])
                change = np.nan_to_num(change) * np.diag(level)
                below = np.c_[below, change if collapse else np.diag(change)]
            below = np.c_[below, level]
            z = np.block([[z, np.zeros((t, below.shape[1]))], [np.zeros((t, z.shape[1])), below]])
        cov = load @ load.T
        if h == 1:
            cov = np.eye(len(load))
        if h == 2 and system:
            cov[:t, t:] = cov[t:, :t] = 0
        rhs = np.nan_to_num(np.c_[y, ylag, x])
        rhs = np.c_[rhs, np.ones(t)] if system else rhs
        blocks.append((load @ rhs, z, cov))
    weights = sum(z.T @ c @ z for _, z, c in blocks)
    for _ in range(2):
        zx = sum(z.T @ r[:, 1:] for r, z, _ in blocks)
        zy = sum(z.T @ r[:, 0] for r, z, _ in blocks)
        a = np.linalg.pinv(weights, rcond=1e-10, hermitian=True)
        b = np.linalg.solve(zx.T @ a @ zx, zx.T @ a @ zy)
        yield b
        scores = [z.T @ (r[:, 0] - r[:, 1:] @ b) for r, z, _ in blocks]
        weights = sum(np.outer(s, s) for s in scores)


@pytest.mark.parametrize("collapse", [False, True])
@pytest.mark.parametrize("forward", [False, True])
@pytest.mark.parametrize(
    ("system", "h"), [(False, 1), (False, 3), (True, 1), (True, 2), (True, 3)]
)
def test_gaps_transformations_and_weights_agree_with_loops_over_units(
    system, h, forward, collapse
):
    data = synthetic(n=80, t=6)
    data = data.drop(data.index[np.random.default_rng(4).choice(len(data), 60, replace=False)])
    data.iloc[[7, 30], 1] = np.nan
    level = [IvStyle(f"d{s}", (0,), "level") for s in range(1, 6)] if system else []
    years = data.index.get_level_values(1)
    data = data.assign(**{f"d{s}": (years == 2000 + s).astype(float) for s in range(1, 6)})
    for steps, expected in enumerate(
        by_loops(data, system=system, forward=forward, h=h, collapse=collapse), 1
    ):
        fit = estimate(
            data,
            outcome="y",
            regressors=["x"],
            gmm=[GmmStyle("y", collapse=collapse), GmmStyle("x", collapse=collapse)],
            iv=level,
            system=system,
            transform="forward" if forward else "difference",
            steps=steps,
            h=h,
            time_effects=False,
        )
        np.testing.assert_allclose(fit.params, expected, rtol=1e-7)


# -- tests and caveats ------------------------------------------------------------------


def test_a_group_of_invalid_instruments_is_found_by_difference_in_hansen():
    data = synthetic(n=400, t=6)
    effect = data.groupby(level=0)["y"].transform("mean")
    rng = np.random.default_rng(0)
    data["bad"] = rng.normal(size=len(data)) + effect  # not free of a_i in levels
    spec = SPEC | {"iv": [IvStyle("bad")], "system": True}
    fit = estimate(data, **spec)
    assert test_of(fit, "difference-in-Hansen: IV bad, level equation").p < 1e-6
    assert test_of(fit, "difference-in-Hansen: IV bad, transformed equation").p > 0.01


def test_hansen_statistics_of_a_group_and_of_the_others_add_up(firms):
    fit = estimate(firms, **BB98)
    whole = test_of(fit, "Hansen J")
    for name in ("GMM wage, level equation", "GMM, level equation"):
        rest = test_of(fit, f"Hansen J without {name}")
        own = test_of(fit, f"difference-in-Hansen: {name}")
        assert own.statistic >= 0
        assert own.statistic + rest.statistic == pytest.approx(whole.statistic, rel=1e-9)
        assert own.df[0] + rest.df[0] == whole.df[0]


def test_a_group_without_which_nothing_is_identified_has_no_test(firms):
    one = test_of(estimate(firms, **AB91), "difference-in-Hansen: GMM emp, transformed equation")
    assert np.isnan(one.statistic)
    assert "identify" in one.note


def test_more_instruments_than_units_are_said_and_their_singular_weights():
    with pytest.warns(EstimationWarning, match="more instruments than units"):
        fit = dynamic_panel(synthetic(n=15), **SPEC, system=True)
    assert fit.stats["instruments"] > fit.stats["units"]
    assert any("generalised inverse" in w for w in fit.warnings)
    assert any("rule of thumb" in w for w in fit.warnings)


def test_serially_correlated_errors_are_warned_of():
    data = synthetic(n=400)
    shocks = np.random.default_rng(3).normal(size=(400, 8))
    data["y"] += 2 * (shocks[:, 1:] + shocks[:, :-1]).ravel()
    with pytest.warns(EstimationWarning, match="second lags are not valid"):
        dynamic_panel(data, **SPEC)


def test_collapse_and_limits_of_lags_reduce_the_instruments():
    data = synthetic()
    spec = {"outcome": "y", "regressors": [], "time_effects": False}

    def count(style):
        return estimate(data, **spec, gmm=[style]).stats["instruments"]

    assert count(GmmStyle("y")) == 1 + 2 + 3 + 4 + 5
    assert count(GmmStyle("y", (2, 3))) == 1 + 2 + 2 + 2 + 2
    assert count(GmmStyle("y", collapse=True)) == 5
    assert count(GmmStyle("y", (2, 3), collapse=True)) == 2


def test_one_instrument_for_one_lag_is_anderson_and_hsiao():
    data = synthetic()
    y = data["y"].unstack().to_numpy()
    d, z = np.diff(y, axis=1), y[:, :-2]
    expected = np.sum(z * d[:, 1:]) / np.sum(z * d[:, :-1])
    fit = estimate(
        data, outcome="y", regressors=[], gmm=[GmmStyle("y", (2, 2), True)], time_effects=False
    )
    assert fit.params["L1.y"] == pytest.approx(expected, rel=1e-12)
    assert np.isnan(test_of(fit, "Hansen J").statistic)


# -- what is told of the data -------------------------------------------------------------


def test_rows_units_and_time_effects_are_reported(firms):
    fit = estimate(firms, **AB91)
    assert (fit.nobs, fit.n_clusters, fit.fixed_effects) == (611, {"firm": 140}, ("firm", "year"))
    assert list(fit.params.index) == [
        *("L1.emp", "L2.emp", "wage", "L1.wage", "capital", "output", "L1.output")
    ]
    assert list(fit.extra["time_effects"]["period"]) == [str(y) for y in range(1979, 1985)]
    assert fit.sample.isin(firms.index).all()
    assert fit.extra["instruments"]["count"].sum() == fit.stats["instruments"] == 38


def test_the_order_of_the_rows_does_not_matter(firms):
    one = estimate(firms, **BB98)
    other = estimate(firms.sample(frac=1, random_state=2), **BB98)
    pd.testing.assert_series_equal(one.params, other.params, check_exact=True)
    pd.testing.assert_frame_equal(one.vcov, other.vcov, check_exact=True)
    assert one.sample_digest == other.sample_digest


def test_units_of_measurement_do_not_matter():
    data = synthetic(n=200)
    one = estimate(data, **SPEC, system=True)
    other = estimate(data.assign(x=data["x"] * 1e6), **SPEC, system=True)
    assert other.params["L1.y"] == pytest.approx(one.params["L1.y"], rel=1e-8)
    assert other.params["x"] == pytest.approx(one.params["x"] / 1e6, rel=1e-8)
    assert other.se["x"] == pytest.approx(one.se["x"] / 1e6, rel=1e-6)


def test_a_unit_with_one_row_changes_nothing_and_is_counted():
    data = synthetic()
    alone = pd.DataFrame(
        {"y": [1.0], "x": [2.0]},
        index=pd.MultiIndex.from_tuples([(999, 2003)], names=["city", "year"]),
    )
    one = estimate(data, **SPEC)
    other = estimate(pd.concat([data, alone]), **SPEC)
    pd.testing.assert_series_equal(one.params, other.params)
    assert other.n_clusters == {"city": 60}
    assert any("1 units" in w for w in other.warnings)


def test_forward_deviations_keep_more_rows_than_differences_when_there_are_gaps():
    data = synthetic()
    data.loc[(slice(None), 2003), "x"] = np.nan
    one = estimate(data, **SPEC)
    other = estimate(data, **SPEC, transform="forward")
    assert other.nobs > one.nobs


def test_collinear_and_constant_regressors_are_dropped_and_named():
    data = synthetic()
    data["twice"] = 2 * data["x"]
    data["city_size"] = data.index.get_level_values(0) * 0.1
    data["national"] = data.index.get_level_values(1) ** 2.0
    spec = SPEC | {"regressors": ["x", "twice", "city_size", "national"], "iv": []}
    with pytest.warns(EstimationWarning, match="dropped: twice, city_size, national"):
        fit = dynamic_panel(data, **spec)
    assert list(fit.params.index) == ["L1.y", "x"]
    pd.testing.assert_series_equal(fit.params, estimate(data, **SPEC).params)


def test_a_year_that_no_unit_has_is_named():
    data = synthetic().drop(2003, level=1)
    with pytest.warns(EstimationWarning, match="no unit has a row in 2003"):
        dynamic_panel(data, **SPEC)


# -- bad input ------------------------------------------------------------------------------


def test_a_misspelt_variable_is_answered_with_the_closest():
    with pytest.raises(MissingColumnError, match="Did you mean 'x1'"):
        dynamic_panel(synthetic().rename(columns={"x": "x1"}), "y", ["x2"], [GmmStyle("y")])


def test_infinite_values_are_refused_and_placed():
    data = synthetic()
    data.iloc[10, 1] = np.inf
    with pytest.raises(EstimationError, match="'x' is infinite at city 1, year 2003"):
        dynamic_panel(data, **SPEC)


def test_text_in_a_number_cell_is_refused():
    data = synthetic().astype({"x": object})
    data.iloc[3, 1] = "n.a."
    with pytest.raises(DataError, match=r"'x' holds 'n\.a\.'"):
        dynamic_panel(data, **SPEC)


def test_a_period_that_a_unit_has_twice_is_refused():
    data = synthetic()
    with pytest.raises(DataError, match="year"):
        dynamic_panel(pd.concat([data, data.iloc[[5]]]), **SPEC)


def test_a_frame_without_panel_index_or_rows_is_refused():
    with pytest.raises(DataError, match="unit and period"):
        dynamic_panel(synthetic().reset_index(drop=True), **SPEC)
    with pytest.raises(NotEstimableError, match="no rows"):
        dynamic_panel(synthetic().iloc[:0], **SPEC)


def test_a_variable_without_any_value_is_refused():
    with pytest.raises(NotEstimableError, match="'x' has no value"):
        dynamic_panel(synthetic().assign(x=np.nan), **SPEC)


def test_one_unit_is_refused():
    with pytest.raises(EstimationError, match="only one unit"):
        dynamic_panel(synthetic(n=1, t=12), **SPEC)


def test_two_periods_are_too_few():
    with pytest.raises(NotEstimableError, match="fewer lags or more periods"):
        dynamic_panel(synthetic(t=2), **SPEC)


def test_fewer_instruments_than_coefficients_are_refused():
    spec = {"gmm": [GmmStyle("y", (2, 2), True)], "iv": [], "time_effects": False}
    with pytest.raises(NotEstimableError, match="do not identify 2 coefficients"):
        dynamic_panel(synthetic(), "y", ["x"], **spec)
    with pytest.raises(NotEstimableError, match="no instruments"):
        dynamic_panel(synthetic(), "y", ["x"], gmm=[], iv=[], time_effects=False)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lags": 0, "regressors": []}, "neither lags nor regressors"),
        ({"lags": [0, 1]}, "one or more"),
        ({"regressors": "x"}, "list of names"),
        ({"regressors": ["y"]}, "is the outcome"),
        ({"regressors": {"x": ()}}, "zero or more"),
        ({"transform": "within"}, "transform is 'within'"),
        ({"h": 4}, "h is 4"),
        ({"steps": 3}, "steps is 3"),
    ],
)
def test_choices_that_make_no_sense_are_refused(change, message):
    with pytest.raises(EstimationError, match=message):
        dynamic_panel(synthetic(), **SPEC | change)


def test_lags_of_instruments_that_make_no_sense_are_refused():
    with pytest.raises(EstimationError, match="start at one"):
        GmmStyle("y", (0, 2))
    with pytest.raises(EstimationError, match="zero or more"):
        IvStyle("x", (-1,))
