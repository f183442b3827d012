"""Shift-share instruments: identities between their readings, and size of their errors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from urbanecon.errors import (
    DataError,
    EstimationError,
    EstimationWarning,
    MissingColumnError,
    NotEstimableError,
)
from urbanecon.estimation.exposure_errors import NetEquation, akm0_set, akm0_test, akm_variance
from urbanecon.estimation.instrumental import instrumental
from urbanecon.estimation.shift_share import ShiftShare, effective_shocks, growth_elsewhere
from urbanecon.estimation.shift_share_iv import shift_share_iv

pytestmark = pytest.mark.filterwarnings("ignore::urbanecon.errors.EstimationWarning")


def simulate(seed, *, units=80, industries=30, years=1, effect=1.0, own=0.5):
    """Synthetic: complete shares, outcome with its own unseen shocks to the same industries."""
    rng = np.random.default_rng(seed)
    cities = [f"{i:03d}" for i in range(units)]
    kinds = [f"k{j:02d}" for j in range(industries)]
    shares = rng.dirichlet(np.full(industries, 0.3), units)
    seen, unseen = rng.normal(size=(2, years, industries))
    period = range(2001, 2001 + years)
    index = pd.MultiIndex.from_product([cities, period], names=["city", "year"])
    e = (shares @ unseen.T).ravel() + 0.2 * rng.normal(size=units * years)
    data = pd.DataFrame({"c": rng.normal(size=len(index))}, index=index)
    data["x"] = (shares @ seen.T).ravel() + own * e + 0.2 * rng.normal(size=len(index))
    data["y"] = effect * data["x"] + 0.3 * data["c"] + e
    data["w"] = rng.uniform(0.5, 2, len(index))
    table = pd.DataFrame(shares, index=pd.Index(cities, name="city"), columns=kinds)
    return data, table, pd.DataFrame(seen, index=pd.Index(period, name="year"), columns=kinds)


def section(seed, **options):
    """One cross-section: data, and its design with one shock an industry."""
    data, shares, shocks = simulate(seed, **options)
    return data, ShiftShare(shares, shocks.iloc[0])


def row(fit, inference):
    return fit.extra["errors"].set_index("inference").loc[inference]


# -- the instrument ----------------------------------------------------------------


def test_the_instrument_is_the_sum_of_shares_times_shocks():
    shares = pd.DataFrame({"coal": [0.2, 0.5], "silk": [0.8, 0.5]}, index=["a", "b"])
    years = pd.DataFrame({"silk": [10.0, 20.0], "coal": [1.0, 2.0]}, index=[2010, 2011])
    index = pd.MultiIndex.from_tuples(
        [("b", 2011), ("a", 2010), ("z", 2010)], names=["city", "year"]
    )
    found = ShiftShare(shares, years).instrument(index)
    assert found.tolist()[:2] == [0.5 * 2 + 0.5 * 20, 0.2 * 1 + 0.8 * 10]
    assert np.isnan(found.iloc[2])
    fixed = ShiftShare(shares, pd.Series({"silk": 10.0, "coal": 1.0})).instrument(index)
    assert fixed.iloc[0] == 0.5 * 1 + 0.5 * 10


def test_shares_may_change_over_time():
    keys = pd.MultiIndex.from_product([["a"], [2010, 2011]], names=["city", "year"])
    shares = pd.DataFrame({"coal": [0.2, 0.4], "silk": [0.8, 0.6]}, index=keys)
    found = ShiftShare(shares, pd.Series({"coal": 1.0, "silk": 0.0})).instrument(keys)
    assert found.tolist() == [0.2, 0.4]


@pytest.mark.parametrize("since", [None, 2010])
def test_growth_elsewhere_leaves_the_own_unit_out(since):
    rng = np.random.default_rng(0)
    keys = pd.MultiIndex.from_product([list("abcd"), [2010, 2011, 2012]], names=["city", "year"])
    levels = pd.DataFrame(rng.uniform(1, 9, (12, 2)), index=keys, columns=["coal", "silk"])
    levels.loc[("d", 2012), "coal"] = np.nan
    found = growth_elsewhere(levels, since)
    before = {None: {2011: 2010, 2012: 2011}, 2010: {2011: 2010, 2012: 2010}}[since]
    for (city, year), growth in found["coal"].items():
        if year not in before:
            assert np.isnan(growth) if since is None else growth == pytest.approx(0)
            continue
        # d is missing in 2012: it is in neither sum then
        others = [c for c in "abcd" if c != city and not (c == "d" and year == 2012)]
        now = sum(levels.at[(c, year), "coal"] for c in others)
        base = sum(levels.at[(c, before[year]), "coal"] for c in others)
        assert growth == pytest.approx(now / base - 1, rel=1e-12)


def test_growth_elsewhere_makes_a_design_without_the_own_unit():
    data, shares, _ = simulate(1, years=4)
    rng = np.random.default_rng(2)
    levels = pd.DataFrame(
        rng.uniform(10, 20, (len(data), 30)), index=data.index, columns=shares.columns
    )
    design = ShiftShare(shares, growth_elsewhere(levels))
    assert design.leaves_out
    z = design.instrument(data.index)
    assert z.loc["000"].isna().tolist() == [True, False, False, False]
    fit = shift_share_iv(data, "y", "x", design, ["c"])
    assert fit.nobs == 80 * 3
    # there is no one shock an industry that units share, so no equation by shock
    assert fit.extra["shocks"].empty
    assert set(fit.extra["errors"]["inference"]) >= {"AKM", "AKM0"}
    assert "BHJ" not in set(fit.extra["errors"]["inference"])


# -- identities ----------------------------------------------------------------------


CASES = [
    {"years": 1, "effects": (), "weights": None},
    {"years": 1, "effects": (), "weights": "w"},
    {"years": 5, "effects": ("city", "year"), "weights": None},
    {"years": 5, "effects": ("year",), "weights": "w"},
]


def estimate(case, seed=3, **options):
    data, shares, shocks = simulate(seed, years=case["years"], **options)
    design = ShiftShare(shares, shocks.iloc[0] if case["years"] == 1 else shocks)
    vcov = "hetero" if case["years"] == 1 else "cluster(city)"
    fit = shift_share_iv(
        data, "y", "x", design, ["c"], effects=case["effects"], vcov=vcov,
        weights=case["weights"],
    )  # fmt: skip
    return fit, data, design


@pytest.mark.parametrize("case", CASES)
def test_the_equation_by_shock_gives_the_same_estimate(case):
    fit, _, _ = estimate(case)
    assert row(fit, "BHJ")["estimate"] == pytest.approx(fit.params["x"], rel=1e-10)
    by_shock = fit.extra["shocks"]
    moments = by_shock["weight"] * by_shock["shock"]
    by_hand = (moments * by_shock["outcome"]).sum() / (moments * by_shock["endogenous"]).sum()
    assert by_hand == pytest.approx(fit.params["x"], rel=1e-10)


@pytest.mark.parametrize("case", CASES)
def test_rotemberg_weights_sum_to_one_and_reproduce_the_estimate(case):
    fit, data, design = estimate(case)
    table = fit.extra["rotemberg"]
    assert table["alpha"].sum() == pytest.approx(1, rel=1e-10)
    assert (table["alpha"] * table["beta"]).sum() == pytest.approx(fit.params["x"], rel=1e-10)
    # each beta is the estimate with the industry's component as the only instrument
    first = table.iloc[0]
    component = design.components(data.index)[first["industry"]]
    alone = instrumental(
        data.assign(z=component), "y", ["x"], ["z"], ["c"], effects=case["effects"],
        vcov="hetero", weights=case["weights"],
    )  # fmt: skip
    assert first["beta"] == pytest.approx(alone.params["x"], rel=1e-8)


def test_negative_rotemberg_weights_are_summed_up():
    fit, _, _ = estimate(CASES[0])
    alpha = fit.extra["rotemberg"]["alpha"]
    assert fit.stats["negative_weight"] == pytest.approx(alpha[alpha < 0].sum())
    share = alpha[alpha < 0].abs().sum() / alpha.abs().sum()
    assert fit.stats["negative_share"] == pytest.approx(share)
    assert (alpha.abs().diff().dropna() <= 0).all()


def test_akm_errors_are_the_formula_of_their_paper():
    data, design = section(4)
    fit = shift_share_iv(data, "y", "x", design, ["c"], effects=(), vcov="hetero", weights="w")
    w = np.sqrt(data["w"].to_numpy())
    shares = design.shares.to_numpy()
    controls = np.column_stack([np.ones(80), data["c"]]) * w[:, None]
    z = shares @ design.shocks.to_numpy()
    y, x, z = (
        v * w - controls @ np.linalg.lstsq(controls, v * w, rcond=None)[0]
        for v in (data["y"].to_numpy(), data["x"].to_numpy(), z)
    )
    b = (z @ y) / (z @ x)
    implied = np.linalg.lstsq(shares * w[:, None], z, rcond=None)[0]
    on_shocks = (shares * w[:, None]).T @ (y - b * x)
    assert fit.params["x"] == pytest.approx(b, rel=1e-10)
    expected = np.sqrt(np.sum((implied * on_shocks) ** 2)) / abs(z @ x)
    assert fit.se["x"] == pytest.approx(expected, rel=1e-8)
    assert row(fit, "AKM")["se"] == fit.se["x"]


def test_akm_is_the_heteroskedastic_error_when_each_unit_has_its_own_shock():
    rng = np.random.default_rng(5)
    z, v, n = rng.normal(size=60), rng.normal(size=60), 60
    index = pd.Index([f"{i:02d}" for i in range(n)], name="city")
    data = pd.DataFrame({"x": z + v, "y": z + 2 * v + rng.normal(size=n)}, index=index)
    design = ShiftShare(pd.DataFrame(np.eye(n), index, index), pd.Series(z, index=index))
    fit = shift_share_iv(data, "y", "x", design, effects=(), vcov="hetero")
    plain = instrumental(data.assign(z=z), "y", ["x"], ["z"], effects=(), vcov="hetero")
    assert fit.se["x"] == pytest.approx(plain.se["x"] * np.sqrt((n - 2) / n), rel=1e-10)
    assert fit.stats["effective_shocks"] == pytest.approx(n)


def test_the_ends_of_the_akm0_set_have_p_of_five_percent():
    rng = np.random.default_rng(6)
    shapes = set()
    for strength in (1.0, 0.3, 0.1, 0.02, 0.0):
        for _ in range(8):
            shares = rng.dirichlet(np.full(15, 0.3), 60)
            z = shares @ rng.normal(size=15)
            e = shares @ rng.normal(size=15)
            net = NetEquation(e, strength * z + rng.normal(size=60), z, shares, None)
            found = akm0_set(net)
            ends = found.to_numpy().ravel()
            for end in ends[np.isfinite(ends)]:
                assert akm0_test(net, float(end)) == pytest.approx(0.05, rel=1e-6)
            shapes.add((len(found), int(np.isinf(ends).sum())))
            for b in np.linspace(-5, 5, 21):
                inside = any(low <= b <= high for low, high in found.to_numpy())
                assert inside == (akm0_test(net, float(b)) >= 0.05)
    assert shapes == {(1, 0), (1, 2), (2, 2)}


def test_shocks_of_one_industry_are_one_cluster_over_time():
    data, shares, shocks = simulate(7, years=6)
    fit = shift_share_iv(data, "y", "x", ShiftShare(shares, shocks), ["c"])
    assert fit.n_clusters == {"shock": 30}
    pairs = {kind: int(kind[1:]) // 2 for kind in shares.columns}
    coarse = shift_share_iv(
        data, "y", "x", ShiftShare(shares, shocks), ["c"], shock_clusters=pairs
    )
    assert coarse.n_clusters == {"shock": 15}
    assert coarse.params["x"] == fit.params["x"]
    assert coarse.se["x"] != fit.se["x"]


def test_clustered_akm_sums_within_clusters_first():
    rng = np.random.default_rng(8)
    shares = rng.dirichlet(np.ones(10), 50)
    z = shares @ rng.normal(size=10)
    net = NetEquation(rng.normal(size=50), z + rng.normal(size=50), z, shares, None)
    alone = akm_variance(net, np.arange(10))
    assert alone == pytest.approx(akm_variance(net), rel=1e-12)
    with pytest.raises(EstimationError, match="all shocks lie in one cluster"):
        akm_variance(net, np.zeros(10, dtype=np.int64))


def test_effective_shocks_is_the_inverse_herfindahl():
    assert effective_shocks(np.ones(12)) == pytest.approx(12)
    assert effective_shocks(np.array([1.0, 1e-12])) == pytest.approx(1)


# -- incomplete shares -----------------------------------------------------------------


@pytest.mark.parametrize("years", [1, 4])
def test_incomplete_shares_need_the_control_of_their_sum(years):
    data, shares, shocks = simulate(9, years=years)
    part = shares.iloc[:, :20]
    design = ShiftShare(part, (shocks.iloc[0] if years == 1 else shocks)[part.columns])
    effects = () if years == 1 else ("city", "year")
    options = {"effects": effects, "vcov": "hetero"}
    with pytest.warns(EstimationWarning, match="shares do not sum to one"):
        bare = shift_share_iv(data, "y", "x", design, ["c"], **options)
    assert "BHJ" not in set(bare.extra["errors"]["inference"])
    sums = design.share_sums(data.index)
    assert sums.shape[1] == years
    held = shift_share_iv(data.join(sums), "y", "x", design, ["c", *sums.columns], **options)
    assert not any("sum to one" in w for w in held.warnings)
    assert row(held, "BHJ")["estimate"] == pytest.approx(held.params["x"], rel=1e-10)


def test_complete_shares_need_no_control():
    data, design = section(10)
    fit = shift_share_iv(data, "y", "x", design, effects=(), vcov="hetero")
    assert fit.warnings == ()


def test_few_effective_shocks_are_said_to_be_few():
    data, design = section(11, industries=8)
    with pytest.warns(EstimationWarning, match="effective shocks"):
        shift_share_iv(data, "y", "x", design, effects=(), vcov="hetero")


# -- bad input --------------------------------------------------------------------------


def test_industries_must_be_the_same_in_shares_and_shocks():
    shares = pd.DataFrame({"coal": [1.0]}, index=["a"])
    with pytest.raises(MissingColumnError, match=r"'coal' has no shock\. Did you mean 'coals'"):
        ShiftShare(shares, pd.Series({"coals": 1.0}))
    with pytest.raises(MissingColumnError, match="'silk' has no share"):
        ShiftShare(shares, pd.Series({"coal": 1.0, "silk": 1.0}))


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        (-0.1, DataError, "share of 'silk' is negative at city b"),
        (np.nan, DataError, "share of 'silk' is missing while others are known at city b"),
        (np.inf, EstimationError, "share of 'silk' is infinite at city b"),
        ("much", DataError, "hold text"),
    ],
)
def test_bad_shares_are_refused_by_name(value, error, words):
    shares = pd.DataFrame(
        {"coal": [0.2, 0.5], "silk": [0.8, 0.5]}, index=pd.Index(["a", "b"], name="city")
    ).astype(object)
    shares.loc["b", "silk"] = value
    with pytest.raises(error, match=words):
        ShiftShare(shares, pd.Series({"coal": 1.0, "silk": 2.0}))


def test_a_table_that_repeats_a_unit_is_refused():
    shares = pd.DataFrame({"coal": [1.0, 1.0]}, index=pd.Index(["a", "a"], name="city"))
    with pytest.raises(DataError, match="city a occurs more than once in the shares"):
        ShiftShare(shares, pd.Series({"coal": 1.0}))


def test_units_that_never_match_are_refused():
    data, shares, shocks = simulate(12)
    with pytest.raises(DataError, match="no unit of the data is in the shares"):
        ShiftShare(shares.rename(index=int), shocks.iloc[0]).instrument(data.index)


def test_collinear_shares_are_refused():
    data, shares, shocks = simulate(13)
    twin = shares.assign(k00=shares["k01"], k01=shares["k01"])
    with pytest.raises(NotEstimableError, match="have rank 29"):
        shift_share_iv(data, "y", "x", ShiftShare(twin, shocks.iloc[0]), effects=(), vcov="hetero")


def test_the_instrument_does_not_overwrite_a_column_and_the_base_must_exist():
    data, design = section(14)
    with pytest.raises(EstimationError, match="already have a column 'shift_share'"):
        shift_share_iv(data.assign(shift_share=0), "y", "x", design)
    levels = pd.DataFrame({"coal": np.ones(80)}, index=data.index)
    with pytest.raises(NotEstimableError, match="base period 1999 is not in the levels"):
        growth_elsewhere(levels, 1999)


def test_the_order_of_rows_units_and_industries_touches_nothing():
    data, shares, shocks = simulate(15, years=3)
    ours = shift_share_iv(data, "y", "x", ShiftShare(shares, shocks), ["c"])
    mixed = ShiftShare(
        shares.sample(frac=1, random_state=1), shocks[shocks.columns[::-1]].iloc[::-1]
    )
    other = shift_share_iv(data.sample(frac=1, random_state=2), "y", "x", mixed, ["c"])
    assert ours.params.equals(other.params)
    assert ours.vcov.equals(other.vcov)
    pd.testing.assert_frame_equal(ours.extra["rotemberg"], other.extra["rotemberg"])


# -- size --------------------------------------------------------------------------------


def placebo(seed, draws=4000, *, units=600, industries=50):
    """Share of draws in which each inference rejects a true effect of zero at 5 percent.

    Synthetic cross-sections in 40 provinces; the outcome has unseen shocks to
    the same industries, so that cities of like shares, wherever they lie, share
    their residuals. Given the shares all draws are computed at once, and are the
    estimator's own numbers in the draws where both are computed.
    """
    data, design = section(seed, units=units, industries=industries, effect=0.0, own=0.0)
    data = data.assign(province=np.arange(units) % 40)
    shares = design.shares.to_numpy()
    rng = np.random.default_rng(seed)
    g, unseen = rng.normal(size=(2, industries, draws))
    z = shares @ g
    y = shares @ unseen + 0.2 * rng.normal(size=(units, draws))
    x = z + 0.2 * rng.normal(size=(units, draws))
    p = _p_values(shares, g, [v - v.mean(axis=0) for v in (y, x, z)], data["province"])
    for r in range(2):
        shocks = pd.Series(g[:, r], index=design.shares.columns)
        fit = shift_share_iv(
            data.assign(y=y[:, r], x=x[:, r]),
            "y",
            "x",
            ShiftShare(design.shares, shocks),
            effects=(),
            vcov="cluster(province)",
        )
        own = fit.extra["errors"].set_index("inference")["p"]
        own.index = ["clustered", *own.index[1:]]
        pd.testing.assert_series_equal(own, p.iloc[r], check_names=False, check_like=True)
    return (p < 0.05).mean()


def _p_values(shares, g, net, province):
    """Of no effect, by draw and inference; `net` holds y, x and z less their means."""
    y, x, z = net
    first = np.sum(z * x, axis=0)
    estimate = np.sum(z * y, axis=0) / first
    e = y - estimate * x
    implied = np.linalg.lstsq(shares, z, rcond=None)[0]
    akm = np.sqrt(np.sum((implied * (shares.T @ e)) ** 2, axis=0))
    akm0 = np.sqrt(np.sum((implied * (shares.T @ y)) ** 2, axis=0))
    weight = shares.sum(axis=0)
    s = len(g)
    about = g - weight @ g / weight.sum()
    bhj = np.sqrt(np.sum((about * (shares.T @ e)) ** 2, axis=0) * s / (s - 2))
    n, sums = len(y), np.zeros((province.max() + 1, y.shape[1]))
    np.add.at(sums, province.to_numpy(), z * e)
    factor = 40 / 39 * (n - 1) / (n - 2)
    clustered = np.sqrt(np.sum(sums**2, axis=0) * factor)
    t = estimate * first
    return pd.DataFrame(
        {
            "clustered": 2 * stats.t.sf(np.abs(t) / clustered, 39),
            "AKM": 2 * stats.norm.sf(np.abs(t) / akm),
            "BHJ": 2 * stats.t.sf(np.abs(t) / bhj, s - 2),
            "AKM0": 2 * stats.norm.sf(np.abs(t) / akm0),
        }
    )


@pytest.mark.slow
def test_errors_clustered_by_place_over_reject_and_exposure_robust_ones_do_not():
    size = placebo(0, industries=300)
    assert size["clustered"] > 0.08
    assert size[["AKM", "BHJ", "AKM0"]].between(0.04, 0.06).all()


@pytest.mark.slow
def test_with_fifty_shocks_akm_and_bhj_reject_too_often_and_akm0_does_not():
    size = placebo(0)
    assert size["clustered"] > 0.4
    assert size["AKM"] == pytest.approx(0.08, abs=0.015)
    assert size["BHJ"] == pytest.approx(0.067, abs=0.015)
    assert 0.04 <= size["AKM0"] <= 0.06
