"""Moderation: marginal effects, their support and the check of the line."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from urbanecon.errors import EstimationError, MissingColumnError, NotEstimableError
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.moderation import moderation

pytestmark = pytest.mark.filterwarnings("ignore::urbanecon.errors.EstimationWarning")


def panel(seed, units=80, periods=8, curve=0.0):
    """Synthetic panel: effect of d is 1 + 0.5 z + curve z^2."""
    rng = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product([range(units), range(periods)], names=["city", "year"])
    data = pd.DataFrame(rng.normal(size=(len(index), 3)), columns=["d", "z", "c"], index=index)
    data["z"] += 2
    effect = 1 + 0.5 * data["z"] + curve * (data["z"] - 2) ** 2
    city = np.repeat(rng.normal(size=units), periods)
    data["y"] = effect * data["d"] + data["z"] + data["c"] + city + rng.normal(size=len(index))
    return data


def test_marginal_effects_are_those_of_the_interaction_with_delta_errors():
    data = panel(1)
    fit = moderation(data, "y", "d", "z", ["c"])
    plain = fixed_effects(data.assign(dz=data["d"] * data["z"]), "y", ["d", "z", "dz", "c"])
    row = fit.extra["marginal"].iloc[17]
    weights = np.array([1.0, row["value"]])
    v = plain.vcov.loc[["d", "dz"], ["d", "dz"]].to_numpy()
    assert row["effect"] == pytest.approx(weights @ plain.params[["d", "dz"]], rel=1e-9)
    assert row["se"] == pytest.approx(np.sqrt(weights @ v @ weights), rel=1e-8)
    at_mean = plain.params["d"] + plain.params["dz"] * data["z"].mean()
    assert fit.params["d"] == pytest.approx(at_mean, rel=1e-9)


def test_effects_are_drawn_over_observed_values_beside_their_histogram():
    data = panel(2)
    extra = moderation(data, "y", "d", "z").extra
    assert extra["marginal"]["value"].iloc[[0, -1]].tolist() == [data["z"].min(), data["z"].max()]
    support = extra["support"]
    assert support["rows"].sum() == len(data) == extra["bins"]["rows"].sum()
    width = support["high"] - support["low"]
    assert (width * support["rows"] / len(data) / width).sum() == pytest.approx(1)


def test_bins_find_the_truth_and_pass_a_line():
    fit = moderation(panel(3, 300), "y", "d", "z", ["c"])
    bins = fit.extra["bins"]
    truth = 1 + 0.5 * bins["median"]
    assert ((bins["low_effect"] < truth) & (truth < bins["high_effect"])).all()
    assert fit.diagnostics[0].name == "the effect is linear in z"
    assert fit.diagnostics[0].df[0] == 4


def rejections(seed, units=280, periods=8, draws=4000):
    """Share of draws in which the test rejects a line; only the errors are drawn anew.

    The Wald test of the bins' own lines, clustered by city, for all draws at once;
    it is the estimator's own number in the panels where both are computed.
    """
    data = panel(seed, units, periods)
    rng = np.random.default_rng(seed)
    z, d = data["z"].to_numpy(), data["d"].to_numpy()
    home = np.searchsorted(np.quantile(z, np.linspace(0, 1, 4)[1:-1]), z, "right")
    lines = [d, z, d * z]
    for j in (1, 2):
        lines += [(home == j) * column for column in (np.ones(len(z)), d, z, d * z)]
    y = rng.normal(size=(len(z), draws))

    def swept(columns):
        cube = columns.reshape(units, periods, -1)
        cube = cube - cube.mean(0) - cube.mean(1, keepdims=True) + cube.mean((0, 1))
        return cube.reshape(len(columns), -1)

    x, net = swept(np.column_stack(lines)), swept(y)
    inverse = np.linalg.inv(x.T @ x)
    b = inverse @ (x.T @ net)
    errors = (net - x @ b).reshape(units, periods, draws)
    scores = np.einsum("ctk,ctb->bck", x.reshape(units, periods, -1), errors)
    v = inverse @ np.einsum("bck,bcl->bkl", scores, scores) @ inverse
    bent = np.array([4, 6, 8, 10])  # d and d z in the second and third bin
    own = np.linalg.solve(v[:, bent[:, None], bent], b[bent].T[:, :, None])[:, :, 0]
    wald = np.sum(own * b[bent].T, axis=1)
    tests = [moderation(data.assign(y=y[:, r]), "y", "d", "z").diagnostics[0] for r in range(3)]
    factor = tests[0].statistic / wald[0]
    for r, test in enumerate(tests):
        assert test.statistic == pytest.approx(factor * wald[r], rel=1e-7)
    return np.mean(stats.f.sf(factor * wald, *tests[0].df) < 0.05)


@pytest.mark.slow
def test_a_line_is_rejected_one_time_in_twenty():
    assert 0.04 <= rejections(0) <= 0.06


def test_a_curve_is_found():
    assert moderation(panel(0, curve=0.5), "y", "d", "z").diagnostics[0].p < 1e-6


def test_a_moderator_constant_within_cities_keeps_its_interaction():
    data = panel(4)
    data["z"] = data.groupby("city")["z"].transform("first")
    fit = moderation(data, "y", "d", "z")
    assert list(fit.params.index) == ["d", "d x z"]


def test_a_moderator_of_two_values_has_no_line_to_check():
    data = panel(5)
    data["z"] = (data["z"] > 2).astype(float)
    fit = moderation(data, "y", "d", "z")
    assert "bins" not in fit.extra or fit.diagnostics == ()


def test_a_bin_without_treatment_has_no_effect():
    data = panel(6)
    data["d"] = data["d"].where(data["z"] > data["z"].quantile(0.4), 0.0)
    fit = moderation(data, "y", "d", "z")
    assert np.isnan(fit.extra["bins"]["effect"].iloc[0])
    assert "no contrast of the treatment in bin 1" in fit.warnings[-1]


def test_row_order_and_missing_rows_do_not_matter():
    data = panel(7)
    holes = data.assign(z=data["z"].where(data["c"] < 1.5))
    a = moderation(holes, "y", "d", "z")
    b = moderation(holes.dropna().sample(frac=1, random_state=0), "y", "d", "z")
    pd.testing.assert_frame_equal(a.extra["marginal"], b.extra["marginal"], check_exact=True)
    pd.testing.assert_frame_equal(a.extra["bins"], b.extra["bins"], check_exact=True)


def test_bad_input_is_refused_by_name():
    data = panel(8, 10, 5)
    with pytest.raises(MissingColumnError, match="no column 'zz'"):
        moderation(data, "y", "d", "zz")
    with pytest.raises(EstimationError, match="two roles"):
        moderation(data, "y", "d", "y")
    with pytest.raises(NotEstimableError, match="is 1 in all rows"):
        moderation(data.assign(z=1.0), "y", "d", "z")
    with pytest.raises(EstimationError, match="'z' is infinite"):
        moderation(data.assign(z=np.inf), "y", "d", "z")
    with pytest.raises(EstimationError, match="bins must be at least 2"):
        moderation(data, "y", "d", "z", bins=1)
