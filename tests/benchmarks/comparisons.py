"""The comparisons of `verified.py`: one function an estimator, one case a stored result.

Each calls the estimator as its tests do. Where the reference counts degrees of
freedom in another way, the factor between the two is stated beside the case.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from references import CONSTANT, INVESTMENT, Case, cities, data_set, grunfeld, of_fit, values

from urbanecon.estimation.fit import Fit

FIXEST_SPHERE_KM = 6376.0
FIXEST_PLANE_KM = 111 * 180 / 3.14159
"""The radius of fixest's sphere, and that of its plane, which takes 111 km a degree."""


def effects_of_cities() -> Iterator[Case]:
    from urbanecon.estimation.fixed_effects import fixed_effects

    expected, data = values("twfe_city_fixest"), cities()
    terms = ["ind2", "ltrade", "lfin", "lstud", "lfexp"]
    inferences = {
        "cl_city": "cluster(city)", "twoway": "cluster(city, year)",
        "hetero": "hetero", "iid": "iid",
    }  # fmt: skip
    for case, vcov in inferences.items():
        yield of_fit(fixed_effects(data, "lgdppc", terms, vcov=vcov), expected[case])
    beijing = data.index.get_level_values("city") == 110000
    alone = data[~(beijing & (data.index.get_level_values("year") > 2000))]
    for case, drop in {"singleton_keep": False, "singleton_drop": True}.items():
        fit = fixed_effects(alone, "lgdppc", terms[:3], drop_singletons=drop)
        yield of_fit(fit, expected[case])


def effects_of_firms() -> Iterator[Case]:
    from urbanecon.estimation.fixed_effects import fixed_effects
    from urbanecon.estimation.inference import NeweyWest

    expected = values("twfe_grunfeld_fixest")
    inferences = {
        "iid": "iid", "hetero": "hetero", "cl_firm": "cluster(firm)",
        "twoway": "cluster(firm, year)", "NW2": NeweyWest(2, unit="firm"),
        "DK2": "driscoll-kraay(2)", "DK_default": "driscoll-kraay",
    }  # fmt: skip
    for case, vcov in inferences.items():
        fit = fixed_effects(grunfeld(), *INVESTMENT, ("firm", "year"), vcov)
        yield of_fit(fit, expected[case])


def effects_of_firms_in_plm() -> Iterator[Case]:
    from urbanecon.estimation.fixed_effects import fixed_effects
    from urbanecon.estimation.inference import DriscollKraay, NeweyWest

    # n = 200, k = 2, 10 firms, 20 years: what turns plm's factor on V into ours
    hac = 20 / 19 * 199 / 169
    factors: dict[str, tuple[Any, float]] = {
        "nonrobust": ("iid", 1.0),
        "HC0_arellano_group": ("cluster(firm)", 10 / 9 * 199 / 178),
        "HC1_arellano_group": ("cluster(firm)", 10 / 9 * 199 / 178 / (200 / 198)),
        "sss_group": ("cluster(firm)", 198 / 178),
        "HC0_time": ("cluster(year)", 20 / 19 * 199 / 188),
        "twoway_DC_HC0": ("cluster(firm, year)", 10 / 9 * 199 / 197),
        "SCC_HC0_maxlag2": (DriscollKraay(2), hac),
        "SCC_HC0_default": (DriscollKraay(), hac),
        "NW_HC0_maxlag2": (NeweyWest(2, unit="firm"), hac),
    }
    for case, (vcov, factor) in factors.items():
        fit = fixed_effects(grunfeld(), *INVESTMENT, ("firm", "year"), vcov)
        yield of_fit(fit, values("twfe_grunfeld_plm")[case], scale=factor**-0.5)


def conley() -> Iterator[Case]:
    from urbanecon.estimation.fixed_effects import fixed_effects
    from urbanecon.estimation.inference import Conley

    settings = {
        "conley100": (100, FIXEST_SPHERE_KM, 1.0),
        "conley200_tri": (200, FIXEST_PLANE_KM, 1.0),
        "conley100_nossc": (100, FIXEST_SPHERE_KM, (997 / 1000) ** 0.5),
    }
    for case, (cutoff, radius, scale) in settings.items():
        how = Conley(cutoff, latitude="lat", longitude="long", time=None, radius_km=radius)
        fit = fixed_effects(data_set("quakes"), "depth", ["mag", "stations"], (), how)
        yield of_fit(fit, values("conley_quakes_fixest")[case], scale=scale)


def classical() -> Iterator[Case]:
    from urbanecon.estimation.classical_panel import random_effects
    from urbanecon.estimation.fixed_effects import fixed_effects

    expected, data = values("panel_tests_grunfeld_plm"), grunfeld()
    yield of_fit(random_effects(data, *INVESTMENT, "iid"), expected["re"])
    yield of_fit(fixed_effects(data, *INVESTMENT, ["firm"], "iid"), expected["fe"])
    yield of_fit(fixed_effects(data, *INVESTMENT, (), "iid"), expected["pooling"])


def panel_diagnostics() -> Iterator[Case]:
    from urbanecon.estimation import panel_tests, serial_tests, unit_roots
    from urbanecon.estimation.hausman import hausman

    equation = (grunfeld(), *INVESTMENT)
    series = (grunfeld(), "inv")
    effects = panel_tests.breusch_pagan(*equation)
    sections = panel_tests.cross_section_dependence(*equation)
    found = {
        "hausman": hausman(*equation),
        "F_individual": panel_tests.effects_test(*equation),
        "LM_bp": effects[0],
        "LM_honda": effects[1],
        "pcdtest_cd": sections[0],
        "pcdtest_lm": sections[1],
        "pwartest": serial_tests.wooldridge_within(*equation),
        "pbgtest2": serial_tests.breusch_godfrey(*equation, 2),
        "wooldridge_fd": serial_tests.wooldridge_differences(*equation, "differences"),
        "ips_inv": unit_roots.im_pesaran_shin(*series, df_correction=False),
        "maddala_inv": unit_roots.maddala_wu(*series, df_correction=False),
        "llc_inv": unit_roots.levin_lin_chu(*series),
        "cips_inv": unit_roots.cips(*series, "intercept", 2),
    }
    for case, test in found.items():
        yield Case([(test.statistic, values("panel_tests_grunfeld_plm")[case]["stat"])])


def instruments_in_panels() -> Iterator[Case]:
    from urbanecon.estimation.instrumental import instrumental

    expected = values("twfe_grunfeld_fixest")["iv_lagvalue"]
    names = {"fit_value": "value"}
    for case, vcov in {"cl": "cluster(firm)", "iid": "iid"}.items():
        fit = instrumental(
            grunfeld(), "inv", ["value"], ["lag_value", "lag_capital"], ["capital"],
            effects=("firm", "year"), vcov=vcov,
        )  # fmt: skip
        yield of_fit(fit, expected[case], names)


def instruments_in_cross_sections() -> Iterator[Case]:
    from urbanecon.estimation.instrumental import instrumental

    data = data_set("cigarettessw")
    data = data[data["year"].astype(int) == 1995].set_index("state")
    logs = np.log(data[["packs", "rprice", "rincome"]]).add_prefix("ln_")
    names = CONSTANT | {"log(rprice)": "ln_rprice", "log(rincome)": "ln_rincome"}
    inferences = {"iid": ("iid", 1.0), "HC1": ("hetero", 1.0), "HC0": ("hetero", 45 / 48)}
    for case, (vcov, factor) in inferences.items():
        fit = instrumental(
            data[["tdiff", "rtax"]].join(logs), "ln_packs", ["ln_rprice"], ["tdiff", "rtax"],
            ["ln_rincome"], effects=(), vcov=vcov,
        )  # fmt: skip
        yield of_fit(fit, values("iv_cigarettes_aer")[case], names, scale=factor**0.5)


def dynamic() -> Iterator[Case]:
    from urbanecon.estimation.dynamic import dynamic_panel
    from urbanecon.estimation.dynamic_instruments import GmmStyle

    firms = data_set("empluk_plm").set_index(["firm", "year"])
    firms = np.log(firms[["emp", "wage", "capital", "output"]])
    difference: dict[str, Any] = {
        "regressors": {"wage": (0, 1), "capital": (0,), "output": (0, 1)},
        "gmm": [GmmStyle("emp")],
        "lags": 2,
    }
    system: dict[str, Any] = {
        "regressors": {"wage": (0, 1), "capital": (0, 1)},
        "gmm": [GmmStyle("emp"), GmmStyle("wage"), GmmStyle("capital")],
        "system": True,
    }
    settings: dict[str, dict[str, Any]] = {
        "AB91_diff_onestep_robust": difference | {"steps": 1},
        "AB91_diff_onestep_nonrobust": difference | {"steps": 1, "robust": False},
        "AB91_diff_twostep_windmeijer": difference | {"steps": 2},
        "AB91_diff_twostep_nonrobust": difference | {"steps": 2, "robust": False},
        "BB98_system_onestep_robust": system | {"steps": 1},
        "BB98_system_twostep_windmeijer": system | {"steps": 2},
    }
    for case, options in settings.items():
        fit = dynamic_panel(firms, "emp", **options)
        expected = values("gmm_empluk_plm")[case]
        terms = dict(zip(expected["coef"], fit.params.index, strict=False))
        # there plm leaves the variance of the errors out and divides by the firms
        bare = case == "AB91_diff_onestep_nonrobust"
        scale = (fit.stats["units"] * fit.stats["sigma2"]) ** -0.5 if bare else 1.0
        yield of_fit(fit, expected, terms, scale)


def group_times() -> Iterator[Case]:
    from urbanecon.estimation.aggregation import aggregate
    from urbanecon.estimation.group_time import group_time

    data = data_set("mpdta").assign(first=lambda d: d["first.treat"].where(d["first.treat"] > 0))
    data = data.set_index(["countyreal", "year"])
    for case, expected in values("cs_did_mpdta").items():
        if "|" not in case:
            continue
        method, control, base, covariates = case.split("|")
        fit = group_time(
            data, "lemp", "first", [] if covariates == "~1" else ["lpop"],
            method=method, control_group=control, base_period=base, draws=0,
        )  # fmt: skip
        cells, simple = fit.extra["effects"], aggregate(fit, "simple", draws=0)
        overall = expected["simple"]
        yield Case(
            [
                *zip(cells["estimate"], expected["att"], strict=True),
                (simple.params["overall"], overall["overall"]),
            ],
            [
                *zip(cells["se"], expected["se"], strict=True),
                (simple.se["overall"], overall["overall_se"]),
            ],
        )


def sun_abraham() -> Iterator[Case]:
    from urbanecon.estimation.sun_abraham import sun_abraham

    data = data_set("base_stagg").set_index(["id", "year"])
    fit = sun_abraham(data, "y", "year_treated", controls=["x1"], vcov="iid")
    expected = values("sunab_base_stagg_fixest")
    event = expected["event"]
    names = {k: k if k == "x1" else f"t{int(k.removeprefix('year::')):+d}" for k in event["coef"]}
    yield of_fit(fit, event, names)
    att = expected["att"]
    yield Case([(fit.stats["att"], att["coef"])], [(fit.stats["att_se"], att["se"])])


def benzarti_carloni() -> Fit:
    """The event study that HonestDiD ships."""
    found = values("honestdid_bc")
    leads = found["numPre"]
    names = [f"t{r:+d}" for r in range(-leads - 1, len(found["betahat"]) - leads) if r != -1]
    return Fit(
        params=pd.Series(found["betahat"], index=names),
        vcov=pd.DataFrame(found["sigma"], index=names, columns=names),
        nobs=0, df=np.inf, sample=pd.Index([]), outcome="y", estimator="event study",
        inference="given",
    )  # fmt: skip


def bounds(kind: str, key: str, expected: list[dict[str, float]]) -> Iterator[Case]:
    """Robust intervals at each bound on the violations; the first is the original one."""
    from urbanecon.estimation.honest import honest_did

    study, sizes = benzarti_carloni(), [row[key] for row in expected]
    sets = honest_did(study, kind, sizes, breakdown=False).extra["sets"]
    for ours, theirs in zip(sets.iloc[1:].itertuples(), expected, strict=True):
        yield Case([(ours.low, theirs["lb"]), (ours.high, theirs["ub"])])


def smoothness() -> Iterator[Case]:
    yield from bounds("smoothness", "M", values("honestdid_bc")["flci"])


def relative_magnitudes() -> Iterator[Case]:
    rows = [row for row in values("honestdid_bc")["rm_clf"] if row["Mbar"] <= 1.5]
    yield from bounds("relative magnitudes", "Mbar", rows)  # at 2 the grid of the reference ends


def spatial() -> Iterator[Case]:
    from urbanecon.estimation.spatial_panel import spatial_panel
    from urbanecon.estimation.weights import weights_from_matrix

    data = data_set("produc_plm")
    logs = {f"log({name})": np.log(data[name]) for name in ("gsp", "pcap", "pc", "emp")}
    data = data.assign(**logs).set_index(["state", "year"])
    weights = weights_from_matrix(data_set("usaww").set_index("Unnamed: 0"))
    terms = ["log(pcap)", "log(pc)", "log(emp)", "unemp"]
    names = {"lambda": "rho", "w_pcap": "W log(pcap)", "w_pc": "W log(pc)",
             "w_emp": "W log(emp)", "w_unemp": "W unemp"}  # fmt: skip
    one, two = "spatial_panel_produc_splm", "spatial_panel_twoways_dummies_splm"
    for file, case, model, effects in (
        (one, "individual_lag", "sar", {"effects": ["state"]}),
        (one, "sdm_individual", "sdm", {"effects": ["state"]}),
        (two, "sar", "sar", {}),
        (two, "sdm", "sdm", {}),
    ):
        fit = spatial_panel(data, "log(gsp)", terms, weights, model, correction="none", **effects)
        yield of_fit(fit, values(file)[case], names)


def hansen(convention: str, thresholds: int, vcov: str) -> Fit:
    """Fit Hansen's equation of 565 firms, regressors lagged once."""
    from urbanecon.estimation.threshold import threshold_regression

    raw = data_set("invest_hansen1999").set_axis(["i", "q", "c", "d"], axis=1)
    row = np.arange(len(raw))
    raw.index = pd.MultiIndex.from_arrays([row // 15, row % 15], names=["firm", "year"])
    lagged = raw[["q", "c", "d"]].groupby(level="firm").shift(1)
    data = pd.DataFrame({"I": raw["i"], "Q": lagged["q"], "CF": lagged["c"], "D": lagged["d"]})
    data = data.assign(Q2=data["Q"] ** 2, Q3=data["Q"] ** 3, QD=data["Q"] * data["D"]).dropna()
    return threshold_regression(
        data, "I", ["CF"], "D", ["Q", "Q2", "Q3", "D", "QD"],
        thresholds=thresholds, draws=0, convention=convention, vcov=vcov,
    )  # fmt: skip


def threshold() -> Iterator[Case]:
    variants = {"within": "plain_within_variant", "drop-last": "hansen_gauss_variant"}
    for convention, case in variants.items():
        fit = hansen(convention, 2, "hetero")
        expected = values("hansen_threshold_numpy_strict")[case]
        counted = 565 if convention == "within" else 0
        scale = np.sqrt((fit.nobs - counted - 8) / fit.nobs)
        statistics = [(fit.stats[f"F_{i}"], expected[f"F{i}"]) for i in (1, 2)]
        yield Case(
            [*zip(fit.params, expected["coef"], strict=True), *statistics],
            zip(fit.se * scale, expected["se_white"], strict=True),
        )


def threshold_in_pdr() -> Iterator[Case]:
    for count, case in {1: "single", 2: "double_first_stage_then_refined"}.items():
        fit = hansen("drop-last", count, "iid")
        expected = values("hansen_threshold_pdR")[case]
        yield Case([(fit.stats[f"F_{count}"], expected["LR"])])
