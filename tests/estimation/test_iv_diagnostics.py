"""Tests that go with an instrumental estimate: weak instruments, rank, confidence sets."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from urbanecon.estimation.anderson_rubin import in_words
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.instrumental import instrumental

pytestmark = pytest.mark.filterwarnings("ignore::urbanecon.errors.EstimationWarning")


def diagnostic(fit, name):
    (found,) = [d for d in fit.diagnostics if d.name == name]
    return found


def simulate(seed, strength=1.0, *, n=400, beta=1.0, invalid=0.0, heavy=0.0):
    """Synthetic cross-section: two endogenous regressors, three instruments, 40 clusters."""
    rng = np.random.default_rng(seed)
    data = pd.DataFrame(rng.normal(size=(n, 3)), columns=["z1", "z2", "z3"])
    data["g"] = np.arange(n) % 40
    e = rng.normal(size=n) * np.exp(heavy * data["z1"]) + rng.normal(size=40)[data["g"]] / 2
    data["c"] = rng.normal(size=n)
    data["x"] = strength * (data["z1"] + data["z2"] / 2) + data["c"] + 0.8 * e + rng.normal(size=n)
    data["x2"] = strength * (data["z3"] - data["z1"]) - 0.5 * e + rng.normal(size=n)
    data["y"] = beta * data["x"] + data["c"] + e + invalid * data["z2"]
    return data


def fit_of(data, instruments=("z1", "z2", "z3"), vcov="hetero", endogenous=("x",), **options):
    return instrumental(
        data, "y", list(endogenous), list(instruments), ["c"], effects=(), vcov=vcov, **options
    )


# -- strength --------------------------------------------------------------------


@pytest.mark.parametrize("vcov", ["iid", "hetero", "cluster(g)"])
def test_with_one_instrument_every_f_is_the_squared_t_of_the_first_stage(vcov):
    data = simulate(1)
    fit = fit_of(data, ["z1"], vcov)
    t = fixed_effects(data, "x", ["z1", "c"], (), vcov).tstat["z1"]
    names = ["effective F", "Cragg-Donald F" if vcov == "iid" else "Kleibergen-Paap rk Wald F"]
    names += ["first-stage F, x" if vcov == "iid" else "first-stage Wald F, x"]
    for name in names:
        assert diagnostic(fit, name).statistic == pytest.approx(t**2, rel=1e-9)


@pytest.mark.parametrize("vcov", ["hetero", "cluster(g)"])
def test_the_first_stage_wald_test_is_that_of_the_first_stage_regression(vcov):
    data = simulate(2)
    first = fixed_effects(data, "x", ["z1", "z2", "z3", "c"], (), vcov)
    expected = first.test(["z1", "z2", "z3"])
    found = diagnostic(fit_of(data, vcov=vcov), "first-stage Wald F, x")
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-9)
    assert found.p == pytest.approx(expected.p, rel=1e-7)


def test_the_effective_f_is_the_quotient_of_its_paper():
    data = simulate(3, strength=0.2, heavy=0.4)
    fit = fit_of(data)
    first = fixed_effects(data, "x", ["z1", "z2", "z3", "c"], (), "hetero")
    z = data[["z1", "z2", "z3"]].to_numpy()
    others = np.column_stack([data["c"], np.ones(len(data))])
    z = z - others @ np.linalg.lstsq(others, z, rcond=None)[0]
    pi = first.params[["z1", "z2", "z3"]].to_numpy()
    v = first.vcov.loc[["z1", "z2", "z3"], ["z1", "z2", "z3"]].to_numpy()
    expected = pi @ z.T @ z @ pi / np.trace(v @ z.T @ z)
    assert fit.stats["effective_f"] == pytest.approx(expected, rel=1e-9)


def test_the_effective_f_has_the_critical_values_of_its_paper():
    # Montiel Olea and Pflueger (2013): 23.1 for 10 percent bias with one instrument
    assert fit_of(simulate(4), ["z1"]).stats["effective_f_critical"] == pytest.approx(
        23.1, abs=0.05
    )
    # with iid errors K_eff is the number of instruments
    found = diagnostic(fit_of(simulate(4), vcov="iid"), "effective F")
    assert found.df[0] == pytest.approx(3, rel=1e-9)
    assert found.p < 0.05


def test_weak_instruments_are_said_to_be_weak():
    weak, strong = fit_of(simulate(5, strength=0.05)), fit_of(simulate(5))
    assert any("weak instruments" in w for w in weak.warnings)
    assert not any("weak instruments" in w for w in strong.warnings)


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("vcov", ["iid", "hetero", "cluster(g)"])
def test_rank_tests_agree_with_linearmodels(vcov, weights):
    from linearmodels.iv.common import kleibergen_paap, kleibergen_paap_f

    data = simulate(6, strength=0.3).assign(w=np.random.default_rng(0).uniform(0.5, 2, 400))
    root = np.ones((400, 1)) if weights is None else np.sqrt(data[["w"]].to_numpy())
    exog = np.column_stack([data["c"], np.ones(400)]) * root
    blocks = [data[["x", "x2"]].to_numpy() * root, data[["z1", "z2", "z3"]].to_numpy() * root]
    kind = {"iid": "unadjusted", "hetero": "robust"}.get(vcov, "clustered")
    config = {"clusters": data["g"].to_numpy()} if kind == "clustered" else None
    fit = fit_of(data, vcov=vcov, endogenous=["x", "x2"], weights=weights)
    lm, wald = (
        ("Anderson canonical correlation LM", "Cragg-Donald F")
        if vcov == "iid"
        else ("Kleibergen-Paap rk LM", "Kleibergen-Paap rk Wald F")
    )
    expected = kleibergen_paap(*blocks, exog, kind, config)
    assert diagnostic(fit, lm).statistic == pytest.approx(expected.stat, rel=1e-8)
    assert diagnostic(fit, lm).df == (expected.df,)
    expected_f = kleibergen_paap_f(*blocks, exog, kind, config)
    assert diagnostic(fit, wald).statistic == pytest.approx(expected_f, rel=1e-8)


# -- Anderson-Rubin --------------------------------------------------------------


def rejected(data, b, vcov, instruments, effects=()):
    """Anderson-Rubin by its definition: do the instruments explain y - b x?"""
    left = data.assign(left=data["y"] - b * data["x"])
    return fixed_effects(left, "left", [*instruments, "c"], effects, vcov).test(list(instruments))


@pytest.mark.parametrize("vcov", ["iid", "hetero", "cluster(g)"])
@pytest.mark.parametrize("instruments", [["z1"], ["z1", "z2", "z3"]])
@pytest.mark.parametrize("strength", [1.0, 0.08, 0.03])
def test_the_ends_of_the_set_are_where_the_test_has_p_of_five_percent(vcov, instruments, strength):
    data = simulate(7, strength)
    fit = fit_of(data, instruments, vcov)
    ends = fit.extra["anderson_rubin"].to_numpy().ravel()
    for end in ends[np.isfinite(ends)]:
        assert rejected(data, end, vcov, instruments).p == pytest.approx(0.05, rel=1e-6)
    low_to_high = np.linspace(-20, 20, 81)
    for b in low_to_high:
        inside = any(low <= b <= high for low, high in fit.extra["anderson_rubin"].to_numpy())
        assert inside == (rejected(data, b, vcov, instruments).p >= 0.05)


def test_the_test_at_zero_is_that_of_the_reduced_form():
    data = simulate(8, beta=0.1)
    found = diagnostic(fit_of(data, vcov="cluster(g)"), "Anderson-Rubin")
    expected = rejected(data, 0.0, "cluster(g)", ["z1", "z2", "z3"])
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-9)
    assert found.p == pytest.approx(expected.p, rel=1e-7)


def test_a_set_can_be_unbounded_and_says_so():
    shapes = set()
    for seed in range(30):
        fit = fit_of(simulate(seed, strength=0.03, n=120), ["z1"], "hetero")
        found = fit.extra["anderson_rubin"]
        infinite = int(np.isinf(found.to_numpy()).sum())
        shapes.add((len(found), infinite))
        assert any("unbounded" in w for w in fit.warnings) == (infinite > 0)
    # one interval, the whole line, and two rays all occur
    assert shapes == {(1, 0), (1, 2), (2, 2)}


def test_a_set_can_be_empty_and_says_so():
    fit = fit_of(simulate(9, invalid=1.0))
    assert fit.extra["anderson_rubin"].empty
    assert any("the Anderson-Rubin set is empty" in w for w in fit.warnings)
    assert "set empty" in diagnostic(fit, "Anderson-Rubin").note
    assert diagnostic(fit, "Hansen J").p < 1e-6


def test_sets_in_words():
    def words(*ends):
        return in_words(pd.DataFrame(ends, columns=["low", "high"]))

    inf = np.inf
    assert words((0.25, 2.0)) == "[0.25, 2]"
    assert words((-inf, 1.0), (2.5, inf)) == "(-inf, 1] or [2.5, inf)"
    assert words((-inf, inf)) == "the whole line"
    assert words() == "empty"


def test_several_endogenous_regressors_have_a_joint_test_and_no_set():
    fit = fit_of(simulate(10), endogenous=["x", "x2"])
    assert "anderson_rubin" not in fit.extra
    assert diagnostic(fit, "Anderson-Rubin").note == "H0: x, x2 = 0"


# -- specification ----------------------------------------------------------------


def test_robust_wu_hausman_is_the_wald_test_on_first_stage_residuals():
    data = simulate(11)
    z = np.column_stack([data[["z1", "z2", "z3", "c"]], np.ones(len(data))])
    v = data["x"] - z @ np.linalg.lstsq(z, data["x"], rcond=None)[0]
    expected = fixed_effects(data.assign(v=v), "y", ["x", "c", "v"], (), "cluster(g)").test(["v"])
    found = diagnostic(fit_of(data, vcov="cluster(g)"), "Wu-Hausman, robust")
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-8)
    assert found.df == expected.df


def test_just_identified_equations_have_no_overidentification_test():
    names = {d.name for d in fit_of(simulate(12), ["z1"]).diagnostics}
    assert not names & {"Sargan", "Hansen J"}


def test_hansen_j_without_enough_clusters_is_said_to_be_undefined():
    data = simulate(13).assign(half=lambda d: d["g"] % 2)
    found = diagnostic(fit_of(data, vcov="cluster(half)"), "Hansen J")
    assert np.isnan(found.statistic)
    assert "undefined" in found.note


def test_the_tests_of_a_jackknife_are_those_of_its_clusters():
    data = simulate(14)
    jackknife, clustered = fit_of(data, vcov="crv3(g)"), fit_of(data, vcov="cluster(g)")
    assert jackknife.diagnostics == clustered.diagnostics
    assert jackknife.se["x"] != clustered.se["x"]


# -- size ---------------------------------------------------------------------------


def anderson_rubin_rejections(seed, draws=4000, n=400):
    """Share of draws in which the test rejects the truth; instruments without strength.

    At an effect of zero it is the heteroskedasticity-robust Wald test of the
    instruments in the reduced form, for all draws at once; it is the estimator's
    own number in the draws where both are computed.
    """
    data = simulate(seed, strength=0.0, n=n, beta=0.0)
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(n, draws)) * np.exp(0.3 * data["z1"].to_numpy())[:, None]
    y = data["c"].to_numpy()[:, None] + noise
    controls = np.column_stack([np.ones(n), data["c"]])

    def net(columns):
        return columns - controls @ np.linalg.lstsq(controls, columns, rcond=None)[0]

    z, left = net(data[["z1", "z2", "z3"]].to_numpy()), net(y)
    b = np.linalg.solve(z.T @ z, z.T @ left)
    scores = z[:, :, None] * (left - z @ b)[:, None, :]
    meat = np.einsum("nkb,nlb->bkl", scores, scores)
    right = (z.T @ left).T[:, :, None]
    wald = np.sum(right * np.linalg.solve(meat, right), axis=(1, 2))
    tests = [diagnostic(fit_of(data.assign(y=y[:, r])), "Anderson-Rubin") for r in range(2)]
    factor = tests[0].statistic / wald[0]
    for r, test in enumerate(tests):
        assert test.statistic == pytest.approx(factor * wald[r], rel=1e-7)
    df = tests[0].df
    p = stats.f.sf(factor * wald, *df) if len(df) == 2 else stats.chi2.sf(factor * wald, *df)
    assert p[1] == pytest.approx(tests[1].p, rel=1e-6)
    return np.mean(p < 0.05)


@pytest.mark.slow
def test_with_useless_instruments_anderson_rubin_rejects_one_time_in_twenty():
    assert 0.04 <= anderson_rubin_rejections(0) <= 0.06


@pytest.mark.slow
def test_with_useless_instruments_two_stage_rejects_the_truth_and_the_effective_f_warns():
    fits = [fit_of(simulate(seed, strength=0.0, n=200, beta=0.0)) for seed in range(150)]
    assert np.mean([fit.pvalue["x"] < 0.05 for fit in fits]) > 0.15
    assert all(diagnostic(fit, "effective F").p > 0.05 for fit in fits)


def net_of(columns, controls):
    return columns - controls @ np.linalg.lstsq(controls, columns, rcond=None)[0]


def rank_test_rejections(seed, draws=4000, n=200):
    """Share of draws in which useless instruments pass the Kleibergen-Paap LM test.

    With one endogenous regressor it is the robust score test of its first stage, for
    all draws at once; it is the estimator's own number in the draws where both are
    computed.
    """
    data = simulate(seed, strength=0.0, n=n)
    rng = np.random.default_rng(seed)
    x = data["c"].to_numpy()[:, None] + rng.normal(size=(n, draws))
    controls = np.column_stack([np.ones(n), data["c"]])
    z, left = net_of(data[["z1", "z2", "z3"]].to_numpy(), controls), net_of(x, controls)
    scores = z[:, :, None] * left[:, None, :]
    meat, total = np.einsum("nkb,nlb->bkl", scores, scores), scores.sum(axis=0).T[..., None]
    lm = np.sum(total * np.linalg.solve(meat, total), axis=(1, 2))
    for r in range(2):
        test = diagnostic(fit_of(data.assign(x=x[:, r])), "Kleibergen-Paap rk LM")
        assert test.statistic == pytest.approx(lm[r], rel=1e-7)
    return np.mean(lm > stats.chi2.ppf(0.95, 3))


@pytest.mark.slow
def test_useless_instruments_pass_the_rank_test_one_time_in_twenty():
    assert 0.04 <= rank_test_rejections(0) <= 0.06


def hansen_p_values(seed, draws=4000, n=400):
    """p of many samples at once, the estimator's in those where both are computed."""
    data = simulate(seed, n=n)
    rng = np.random.default_rng(seed)
    e = rng.normal(size=(n, draws)) * np.exp(0.3 * data["z1"].to_numpy())[:, None]
    first = (data["z1"] + data["z2"] / 2 + data["c"]).to_numpy()[:, None]
    x = first + 0.8 * e + rng.normal(size=e.shape)
    y = x + data["c"].to_numpy()[:, None] + e
    controls = np.column_stack([np.ones(n), data["c"]])
    z = net_of(data[["z1", "z2", "z3"]].to_numpy(), controls)
    zx, zy = (np.einsum("nk,nb->bk", z, net_of(v, controls)) for v in (x, y))
    weight = np.broadcast_to(np.linalg.inv(z.T @ z), (draws, 3, 3))
    for _ in range(2):  # two-stage least squares, then efficient GMM
        pull = np.einsum("bk,bkl->bl", zx, weight)
        b = np.sum(pull * zy, axis=1) / np.sum(pull * zx, axis=1)
        gap, used = zy - b[:, None] * zx, weight
        left = net_of(y - b * x, controls)
        weight = np.linalg.inv(np.einsum("nk,nl,nb->bkl", z, z, left**2, optimize=True))
    p = stats.chi2.sf(np.einsum("bk,bkl,bl->b", gap, used, gap), 2)
    for r in range(2):
        test = diagnostic(fit_of(data.assign(x=x[:, r], y=y[:, r])), "Hansen J")
        assert test.p == pytest.approx(p[r], rel=1e-6)
    return p


@pytest.mark.slow
def test_the_over_identification_test_has_its_size():
    j = hansen_p_values(0)
    assert 0.04 <= np.mean(j < 0.05) <= 0.06
    assert stats.kstest(j, "uniform").pvalue > 0.001
