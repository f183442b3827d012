"""Instrumental variables: parity with fixest, AER and linearmodels, known truth, bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import (
    EstimationError,
    EstimationWarning,
    MissingColumnError,
    NotEstimableError,
    UnknownNameError,
)
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.instrumental import instrumental

pytestmark = pytest.mark.filterwarnings("ignore::urbanecon.errors.EstimationWarning")


def diagnostic(fit, name):
    (found,) = [d for d in fit.diagnostics if d.name == name]
    return found


@pytest.fixture(scope="module")
def grunfeld(reference_data):
    data = reference_data("grunfeld_plm").set_index(["firm", "year"])
    lags = data.groupby("firm")[["value", "capital"]].shift(1)
    return data.assign(lag_value=lags["value"], lag_capital=lags["capital"])


@pytest.fixture(scope="module")
def cigarettes(reference_data):
    data = reference_data("cigarettessw")
    data = data[data["year"].astype(int) == 1995].set_index("state")
    logs = np.log(data[["packs", "rprice", "rincome"]]).add_prefix("ln_")
    return data[["tdiff", "rtax"]].join(logs)


@pytest.fixture
def panel():
    """Synthetic panel: y = 2 x1 - x2 + c + effects + e, x1 and x2 moved by e too."""
    rng = np.random.default_rng(5)
    index = pd.MultiIndex.from_product([range(60), range(2005, 2013)], names=["city", "year"])
    n = len(index)
    data = pd.DataFrame(rng.normal(size=(n, 4)), index=index, columns=["z1", "z2", "z3", "c"])
    city, year = (data.index.get_level_values(k) for k in ("city", "year"))
    effects = rng.normal(size=60)[city] + rng.normal(size=8)[year - 2005]
    e = rng.normal(size=n) * np.exp(0.3 * data["z1"])
    data["x1"] = data["z1"] + 0.5 * data["z3"] + 0.5 * e + rng.normal(size=n) + effects
    data["x2"] = 1e4 * (data["z2"] - 0.5 * data["z3"] - 0.4 * e + rng.normal(size=n))
    data["y"] = 2 * data["x1"] - data["x2"] / 1e4 + data["c"] + effects + e
    data["province"] = city // 6
    data["weight"] = rng.uniform(0.3, 3, n)
    data["latitude"], data["longitude"] = 25 + city / 5, 105 + (city % 7)
    return data[rng.random(n) < 0.9]


# -- parity --------------------------------------------------------------------


@pytest.mark.parametrize(("case", "vcov"), [("cl", "cluster(firm)"), ("iid", "iid")])
def test_two_way_effects_agree_with_fixest(grunfeld, reference, case, vcov):
    expected = reference("twfe_grunfeld_fixest")["results"]["iv_lagvalue"][case]
    fit = instrumental(
        grunfeld, "inv", ["value"], ["lag_value", "lag_capital"], ["capital"],
        effects=("firm", "year"), vcov=vcov,
    )  # fmt: skip
    for ours, theirs in {"value": "fit_value", "capital": "capital"}.items():
        assert fit.params[ours] == pytest.approx(expected["coef"][theirs], rel=1e-10)
        assert fit.se[ours] == pytest.approx(expected["se"][theirs], rel=1e-10)
    assert (fit.nobs, fit.df) == (expected["nobs"], expected["df_t"])


def test_first_stage_and_specification_tests_agree_with_fixest(grunfeld):
    # as printed by fitstat(~ ivf + ivwald + wh + sargan)
    fit = instrumental(
        grunfeld, "inv", ["value"], ["lag_value", "lag_capital"], ["capital"],
        effects=("firm", "year"), vcov="cluster(firm)",
    )  # fmt: skip
    printed = {
        "first-stage F, value": (5.4915, 0.004941, (2, 159)),
        "Wu-Hausman": (7.1613, 0.00823, (1, 159)),
        "Sargan": (10.0136, 0.001554, (1,)),
    }
    for name, (statistic, p, df) in printed.items():
        found = diagnostic(fit, name)
        assert found.statistic == pytest.approx(statistic, abs=5e-5)
        assert found.p == pytest.approx(p, rel=5e-4)
        assert found.df == df


@pytest.mark.parametrize(
    ("case", "vcov", "factor"),
    [("iid", "iid", 1.0), ("HC1", "hetero", 1.0), ("HC0", "hetero", 45 / 48)],
)
def test_a_cross_section_agrees_with_aer(cigarettes, reference, case, vcov, factor):
    expected = reference("iv_cigarettes_aer")["results"][case]
    fit = instrumental(
        cigarettes, "ln_packs", ["ln_rprice"], ["tdiff", "rtax"], ["ln_rincome"],
        effects=(), vcov=vcov,
    )  # fmt: skip
    names = {"const": "(Intercept)", "ln_rprice": "log(rprice)", "ln_rincome": "log(rincome)"}
    for ours, theirs in names.items():
        assert fit.params[ours] == pytest.approx(expected["coef"][theirs], rel=1e-10)
        assert fit.se[ours] * np.sqrt(factor) == pytest.approx(expected["se"][theirs], rel=1e-10)


def test_the_tests_of_a_cross_section_agree_with_aer(cigarettes, reference):
    fit = instrumental(
        cigarettes, "ln_packs", ["ln_rprice"], ["tdiff", "rtax"], ["ln_rincome"],
        effects=(), vcov="iid",
    )  # fmt: skip
    names = ["first-stage F, ln_rprice", "Wu-Hausman", "Sargan"]
    for name, expected in zip(
        names, reference("iv_cigarettes_aer")["results"]["diagnostics_iid"], strict=True
    ):
        found = diagnostic(fit, name)
        assert found.statistic == pytest.approx(expected["statistic"], rel=1e-10)
        assert found.p == pytest.approx(expected["p-value"], rel=1e-9)
        assert found.df == tuple(d for d in (expected["df1"], expected["df2"]) if d is not None)


def second_engine(data, method, vcov, weights=None):
    """The same equation on dummies, by linearmodels; small-sample factor ours."""
    from linearmodels.iv import IV2SLS, IVGMM, IVLIML

    frame = data.reset_index()
    dummies = [pd.get_dummies(frame[e], prefix=e, dtype=float) for e in ("city", "year")]
    dummies[1] = dummies[1].iloc[:, 1:]
    model = {"2sls": IV2SLS, "liml": IVLIML, "gmm": IVGMM}[method]
    options = {"cov_type": {"iid": "unadjusted", "hetero": "robust"}.get(vcov, "clustered")}
    moments = {}
    if options["cov_type"] == "clustered":
        options["clusters"] = frame["city"]
        moments = {"clusters": frame["city"]}
    if method == "gmm":
        moments["weight_type"] = options["cov_type"]
    scaled = frame.assign(x2=frame["x2"] / 1e4)
    fit = model(
        scaled["y"], pd.concat([scaled[["c"]], *dummies], axis=1), scaled[["x1", "x2"]],
        scaled[["z1", "z2", "z3"]], weights=None if weights is None else frame[weights],
        **(moments if method == "gmm" else {}),
    ).fit(**options)  # fmt: skip
    n, cities, years = len(frame), frame["city"].nunique(), frame["year"].nunique()
    k = 3 + cities + years - 1
    factor = n / (n - k)
    if options["cov_type"] == "clustered":
        factor = cities / (cities - 1) * (n - 1) / (n - (3 + years))
    back = pd.Series({"x1": 1.0, "x2": 1e-4, "c": 1.0})
    return fit.params[back.index] * back, fit.std_errors[back.index] * back * np.sqrt(factor)


@pytest.mark.parametrize("weights", [None, "weight"])
@pytest.mark.parametrize(
    ("method", "vcov"),
    [
        *(
            (method, vcov)
            for method in ("2sls", "liml")
            for vcov in ("iid", "hetero", "cluster(city)")
        ),
        # on dummies of the clusters linearmodels has a singular weight matrix; under iid
        # errors it centres residuals that weights have scaled
        ("gmm", "hetero"),
    ],
)
def test_all_estimators_agree_with_linearmodels(panel, method, vcov, weights):
    panel = panel[panel.index.get_level_values("city") < 20]
    params, se = second_engine(panel, method, vcov, weights)
    fit = instrumental(
        panel, "y", ["x1", "x2"], ["z1", "z2", "z3"], ["c"], vcov=vcov, method=method,
        weights=weights,
    )  # fmt: skip
    assert fit.params.to_numpy() == pytest.approx(params.to_numpy(), rel=1e-8)
    # on dummies the residuals of GMM, and so its sandwich, are not quite those within
    assert fit.se.to_numpy() == pytest.approx(se.to_numpy(), rel=1e-2 if method == "gmm" else 1e-8)


@pytest.mark.parametrize("vcov", ["hetero", "cluster(city)"])
def test_pooled_gmm_and_its_j_agree_with_linearmodels(panel, vcov):
    from linearmodels.iv import IVGMM

    clusters = {} if vcov == "hetero" else {"clusters": panel.reset_index()["city"]}
    kind = "robust" if vcov == "hetero" else "clustered"
    frame = panel.reset_index().assign(const=1.0)
    other = IVGMM(
        frame["y"], frame[["c", "const"]], frame[["x1"]], frame[["z1", "z2", "z3"]],
        weight_type=kind, **clusters,
    ).fit(cov_type=kind, **clusters)  # fmt: skip
    fit = instrumental(
        panel, "y", ["x1"], ["z1", "z2", "z3"], ["c"], effects=(), vcov=vcov, method="gmm"
    )
    n, groups = len(frame), 60
    factor = n / (n - 3) if vcov == "hetero" else groups / (groups - 1) * (n - 1) / (n - 3)
    for term in ("x1", "c", "const"):
        assert fit.params[term] == pytest.approx(other.params[term], rel=1e-9)
        assert fit.se[term] == pytest.approx(other.std_errors[term] * factor**0.5, rel=1e-9)
    assert diagnostic(fit, "Hansen J").statistic == pytest.approx(other.j_stat.stat, rel=1e-8)


def test_liml_kappa_and_sargan_agree_with_linearmodels(panel):
    from linearmodels.iv import IVLIML

    frame = panel.reset_index().assign(const=1.0)
    other = IVLIML(
        frame["y"], frame[["c", "const"]], frame[["x1"]], frame[["z1", "z2", "z3"]]
    ).fit(cov_type="unadjusted")
    fit = instrumental(
        panel, "y", ["x1"], ["z1", "z2", "z3"], ["c"], effects=(), vcov="iid", method="liml"
    )
    assert fit.stats["kappa"] == pytest.approx(other.kappa, rel=1e-10)
    assert diagnostic(fit, "Sargan").statistic == pytest.approx(other.sargan.stat, rel=1e-8)


def test_a_regressor_that_instruments_itself_gives_nearly_least_squares(panel):
    rng = np.random.default_rng(1)
    data = panel.assign(copy=panel["x1"] * (1 + 1e-3 * rng.normal(size=len(panel))))
    ours = instrumental(data, "y", ["x1"], ["copy"], ["c"], vcov="iid")
    ols = fixed_effects(data, "y", ["x1", "c"], vcov="iid")
    assert ours.params["x1"] == pytest.approx(ols.params["x1"], rel=1e-3)


def test_just_identified_estimates_do_not_depend_on_the_method(panel):
    fits = [
        instrumental(panel, "y", ["x1"], ["z1"], ["c"], method=m) for m in ("2sls", "liml", "gmm")
    ]
    for other in fits[1:]:
        assert other.params.to_numpy() == pytest.approx(fits[0].params.to_numpy(), rel=1e-10)
        assert other.se.to_numpy() == pytest.approx(fits[0].se.to_numpy(), rel=1e-10)


def test_gmm_under_iid_errors_is_two_stage_least_squares(panel):
    args = (panel, "y", ["x1"], ["z1", "z2", "z3"], ["c"])
    ours, other = (instrumental(*args, vcov="iid", method=m) for m in ("gmm", "2sls"))
    assert ours.params.to_numpy() == pytest.approx(other.params.to_numpy(), rel=1e-10)
    assert ours.se.to_numpy() == pytest.approx(other.se.to_numpy(), rel=1e-10)


@pytest.mark.parametrize("method", ["2sls", "liml", "gmm"])
def test_the_jackknife_leaves_out_one_cluster_at_a_time(panel, method):
    args = ("y", ["x1"], ["z1", "z3"], ["c"])
    fit = instrumental(panel, *args, vcov="crv3(province)", method=method)
    provinces = sorted(panel["province"].unique())
    # the weights of GMM are those of the clusters that the jackknife leaves out
    within = "cluster(province)" if method == "gmm" else "iid"
    moves = [
        instrumental(panel[panel["province"] != p], *args, vcov=within, method=method).params
        - fit.params
        for p in provinces
    ]
    g = len(provinces)
    expected = (g - 1) / g * sum(np.outer(m, m) for m in moves)
    assert fit.vcov.to_numpy() == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(
    "vcov",
    ["cluster(city, year)", "driscoll-kraay(2)", "newey-west(2)", "conley(300)"],
)
@pytest.mark.parametrize("method", ["2sls", "liml", "gmm"])
def test_the_whole_vocabulary_of_inference_is_understood(panel, method, vcov):
    fit = instrumental(
        panel, "y", ["x1"], ["z1", "z3"], (), effects=("city",), vcov=vcov, method=method
    )
    assert (fit.se > 0).all()
    assert fit.params["x1"] == pytest.approx(2, abs=5 * fit.se["x1"])


# -- what is always shown --------------------------------------------------------


def test_first_stage_and_reduced_form_are_those_of_least_squares(panel):
    fit = instrumental(panel, "y", ["x1", "x2"], ["z1", "z2", "z3"], ["c"])
    first = fit.extra["first_stage"]
    for name in ("x1", "x2"):
        ours = first[first["endogenous"] == name].set_index("term")
        ols = fixed_effects(panel, name, ["z1", "z2", "z3", "c"]).tidy()
        for column in ("estimate", "se", "t", "low", "high"):
            assert ours[column].to_numpy() == pytest.approx(ols[column].to_numpy(), rel=1e-8)
    reduced = fit.extra["reduced_form"].set_index("term")
    ols = fixed_effects(panel, "y", ["z1", "z2", "z3", "c"]).tidy()
    assert reduced["se"].to_numpy() == pytest.approx(ols["se"].to_numpy(), rel=1e-8)


def test_the_order_of_rows_touches_no_digit(panel):
    args = ("y", ["x1"], ["z1", "z3"], ["c"])
    ours = instrumental(panel, *args, method="gmm")
    other = instrumental(panel.sample(frac=1, random_state=3), *args, method="gmm")
    assert ours.params.equals(other.params)
    assert ours.vcov.equals(other.vcov)
    assert ours.diagnostics == other.diagnostics


def test_units_of_measurement_do_not_matter(panel):
    args = ("y", ["x1"], ["z1", "z3"], ["c"])
    big = panel.assign(x1=panel["x1"] * 1e9, z1=panel["z1"] * 1e-7)
    ours, other = instrumental(panel, *args), instrumental(big, *args)
    assert other.params["x1"] * 1e9 == pytest.approx(ours.params["x1"], rel=1e-9)
    assert other.tstat["x1"] == pytest.approx(ours.tstat["x1"], rel=1e-9)


# -- what is dropped and what is refused -----------------------------------------


def test_collinear_controls_and_instruments_are_dropped_and_named(panel):
    data = panel.assign(c2=2 * panel["c"] + 1, z4=panel["z1"] - panel["c"], place=1.0)
    with pytest.warns(EstimationWarning, match="'c2' was dropped"):
        fit = instrumental(data, "y", ["x1"], ["z1", "z4", "z3", "place"], ["c", "c2"])
    assert "the instrument 'z4' was dropped: collinear" in fit.warnings
    assert any("'place' was dropped: it does not vary within" in w for w in fit.warnings)
    assert fit.stats["instruments"] == 2
    clean = instrumental(panel, "y", ["x1"], ["z1", "z3"], ["c"])
    assert fit.params.to_numpy() == pytest.approx(clean.params.to_numpy(), rel=1e-10)


@pytest.mark.parametrize(
    ("endogenous", "instruments", "words"),
    [
        (["x1", "x2"], ["z1"], "under-identified: 1 instruments"),
        (["x1"], [], "under-identified: 0 instruments"),
        (["x1", "x2"], ["z1", "fixed"], "does not vary within the effects"),
        (["x1", "x2"], ["z1", "twin"], "collinear"),
    ],
)
def test_too_few_instruments_are_refused(panel, endogenous, instruments, words):
    city = panel.index.get_level_values("city")
    data = panel.assign(fixed=np.asarray(city) % 3, twin=3 * panel["z1"])
    with pytest.raises(NotEstimableError, match=words):
        instrumental(data, "y", endogenous, instruments, ["c"])


def test_an_instrument_that_moves_nothing_is_refused():
    z = np.tile([1.0, -1.0, 1.0, -1.0], 10)
    x = np.tile([1.0, 1.0, -1.0, -1.0], 10)
    data = pd.DataFrame({"z": z, "x": x, "y": x + np.arange(40) / 7})
    with pytest.raises(NotEstimableError, match="do not move x"):
        instrumental(data, "y", ["x"], ["z"], effects=(), vcov="hetero")


@pytest.fixture
def pilots(panel):
    """Synthetic: a third of the cities treated from 2009."""
    city, year = (np.asarray(panel.index.get_level_values(k)) for k in ("city", "year"))
    chosen = (city % 3 == 0).astype(float)
    return panel.assign(
        chosen=chosen,
        pilot=chosen * (year >= 2009),
        distance=np.random.default_rng(0).uniform(1, 9, 60)[city],
        trend=year - 2005.0,
        post=(year >= 2009).astype(float),
    )


@pytest.mark.parametrize(
    ("built", "words"),
    [
        (lambda d: d["pilot"] * d["distance"], "is zero in all rows where 'pilot' is off"),
        (lambda d: 5 + d["pilot"] * d["z1"], r"is constant \(5\) in all rows"),
        (lambda d: d["chosen"] * d["trend"], "never treated"),
        (lambda d: d["chosen"] * d["trend"] * d["z1"] + d["trend"], "never treated"),
    ],
)
def test_an_instrument_built_from_the_treatment_is_refused(pilots, built, words):
    data = pilots.assign(z=built(pilots))
    with pytest.raises(NotEstimableError, match=words) as caught:
        instrumental(data, "y", ["pilot"], ["z"], ["c"])
    assert "built from the treatment" in str(caught.value)
    with pytest.raises(NotEstimableError, match="built from the treatment"):
        instrumental(data, "y", ["x1"], ["z1", "z"], ["c"], treatment="pilot")


def test_a_dose_that_is_zero_for_the_untreated_counts_as_a_treatment(pilots):
    data = pilots.assign(
        dose=pilots["pilot"] * (1 + pilots["z2"] ** 2), z=pilots["pilot"] * pilots["distance"]
    )
    with pytest.raises(NotEstimableError, match="where 'dose' is off"):
        instrumental(data, "y", ["dose"], ["z"], ["c"])


def test_an_instrument_that_varies_among_the_untreated_is_accepted(pilots):
    data = pilots.assign(z=pilots["distance"] * pilots["post"] + pilots["z1"])
    fit = instrumental(data, "y", ["pilot"], ["z"], ["c"])
    assert np.isfinite(fit.se["pilot"])


@pytest.mark.parametrize(
    ("built", "words"),
    [
        (lambda d: d["x1"], "collinear with the treatment"),
        (lambda d: 3 - 2 * d["x1"] + d["c"], "collinear with the treatment"),
        (lambda d: d["x1"] + d["x2"], "collinear with the treatment"),
    ],
)
def test_an_instrument_that_is_the_treatment_is_refused(panel, built, words):
    data = panel.assign(z=built(panel))
    with pytest.raises(NotEstimableError, match=words):
        instrumental(data, "y", ["x1", "x2"], ["z", "z1", "z2"], ["c"])


def test_instruments_that_add_up_to_the_treatment_are_refused(panel):
    data = panel.assign(part=panel["x1"] - panel["z1"])
    with pytest.raises(NotEstimableError, match="reproduce 'x1' exactly"):
        instrumental(data, "y", ["x1"], ["z1", "part"], ["c"])


def test_a_variable_has_one_place_in_the_equation(panel):
    with pytest.raises(EstimationError, match="z1 stands in more than one place"):
        instrumental(panel, "y", ["x1"], ["z1"], ["z1"])
    with pytest.raises(EstimationError, match=r"endogenous is a list of names: write \['x1'\]"):
        instrumental(panel, "y", "x1", ["z1"])
    with pytest.raises(EstimationError, match="an effect is named twice"):
        instrumental(panel, "y", ["x1"], ["z1"], effects=("city", "city"))
    with pytest.raises(EstimationError, match="at least one endogenous"):
        instrumental(panel, "y", [], ["z1"])


def test_misspelt_names_get_a_suggestion(panel):
    with pytest.raises(MissingColumnError, match="Did you mean 'z1'"):
        instrumental(panel, "y", ["x1"], ["zz1"])
    with pytest.raises(UnknownNameError, match="known: '2sls'"):
        instrumental(panel, "y", ["x1"], ["z1"], method="3sls")


def test_infinite_values_and_single_clusters_are_refused(panel):
    broken = panel.assign(z1=panel["z1"].where(panel["z1"] < 2, np.inf))
    with pytest.raises(EstimationError, match="'z1' is infinite"):
        instrumental(broken, "y", ["x1"], ["z1"])
    with pytest.raises(EstimationError, match="one cluster"):
        instrumental(panel.assign(country=1), "y", ["x1"], ["z1"], vcov="cluster(country)")


def test_missing_cells_leave_the_sample_and_empty_variables_are_refused(panel):
    holes = panel.assign(z1=panel["z1"].where(panel["z2"] < 1))
    fit = instrumental(holes, "y", ["x1"], ["z1"], ["c"])
    assert fit.nobs == int((panel["z2"] < 1).sum())
    with pytest.raises(NotEstimableError, match="'z1' has no value"):
        instrumental(panel.assign(z1=np.nan), "y", ["x1"], ["z1"])


def test_a_jackknife_that_loses_a_term_is_refused(panel):
    alone = panel.assign(z1=panel["z1"].where(panel["province"] == 3, 0.0), x1=panel["x1"] + 1)
    with pytest.raises(EstimationError, match="without one of the clusters z1 no longer varies"):
        instrumental(alone, "y", ["x1"], ["z1"], ["c"], vcov="crv3(province)")


def test_singletons_are_kept_and_said_or_dropped(panel):
    first = panel.index.get_level_values("city") == 0
    data = panel[~first | (np.cumsum(first) == 1)]
    kept = instrumental(data, "y", ["x1"], ["z1"], ["c"])
    dropped = instrumental(data, "y", ["x1"], ["z1"], ["c"], drop_singletons=True)
    assert any("alone in a level" in w for w in kept.warnings)
    assert kept.nobs == dropped.nobs + 1
    assert kept.params["x1"] == pytest.approx(dropped.params["x1"], rel=1e-10)


def test_gmm_with_more_moments_than_clusters_is_refused(panel):
    with pytest.raises(EstimationError, match="singular"):
        few = panel.assign(half=panel.index.get_level_values("city") % 2)
        instrumental(
            few, "y", ["x1"], ["z1", "z2", "z3"], ["c"], vcov="cluster(half)", method="gmm"
        )


# -- known truth -----------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("method", ["2sls", "liml", "gmm"])
def test_intervals_cover_the_truth_with_correlated_errors(method):
    rng = np.random.default_rng(11)
    index = pd.MultiIndex.from_product([range(60), range(5)], names=["city", "year"])
    covered, draws = 0, 150
    for _ in range(draws):
        shock = np.repeat(rng.normal(size=60), 5) * np.tile(rng.normal(size=5), 60)
        e = shock + rng.normal(size=300)
        data = pd.DataFrame(rng.normal(size=(300, 2)), index=index, columns=["z1", "z2"])
        data["x"] = data["z1"] + data["z2"] + 0.7 * e + rng.normal(size=300)
        data["y"] = 1.5 * data["x"] + e + np.repeat(rng.normal(size=60), 5)
        fit = instrumental(data, "y", ["x"], ["z1", "z2"], method=method)
        interval = fit.conf_int().loc["x"]
        covered += interval["low"] <= 1.5 <= interval["high"]
    assert 0.90 <= covered / draws <= 0.99
