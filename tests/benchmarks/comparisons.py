"""The comparisons of `verified.py` for equations: one function an estimator, one case a result.

Each calls the estimator as its tests do. Where the reference counts degrees of
freedom in another way, the factor between the two is stated beside the case.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from references import CONSTANT, INVESTMENT, Case, cities, data_set, grunfeld, of_fit, values

from urbanecon.estimation.fit import Diagnostic, Fit

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

    expected = values("twfe_grunfeld_fixest")
    inferences = {
        "iid": "iid", "hetero": "hetero", "cl_firm": "cluster(firm)",
        "twoway": "cluster(firm, year)",
    }  # fmt: skip
    for case, vcov in inferences.items():
        fit = fixed_effects(grunfeld(), *INVESTMENT, ("firm", "year"), vcov)
        yield of_fit(fit, expected[case])


def serially_robust(inferences: dict[str, Any]) -> Iterator[Case]:
    """Errors of the two-way equation of ten firms under serial correlation."""
    from urbanecon.estimation.fixed_effects import fixed_effects

    for case, vcov in inferences.items():
        fit = fixed_effects(grunfeld(), *INVESTMENT, ("firm", "year"), vcov)
        yield of_fit(fit, values("twfe_grunfeld_fixest")[case])


def newey_west() -> Iterator[Case]:
    from urbanecon.estimation.inference import NeweyWest

    yield from serially_robust({"NW2": NeweyWest(2, unit="firm")})


def driscoll_kraay() -> Iterator[Case]:
    yield from serially_robust({"DK2": "driscoll-kraay(2)", "DK_default": "driscoll-kraay"})


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


def of_tests(found: dict[str, Diagnostic]) -> Iterator[Case]:
    """Compare statistics with those of plm."""
    for case, test in found.items():
        yield Case([(test.statistic, values("panel_tests_grunfeld_plm")[case]["stat"])])


def hausman_test() -> Iterator[Case]:
    from urbanecon.estimation.hausman import hausman

    yield from of_tests({"hausman": hausman(grunfeld(), *INVESTMENT)})


def panel_diagnostics() -> Iterator[Case]:
    from urbanecon.estimation import panel_tests, serial_tests

    equation = (grunfeld(), *INVESTMENT)
    effects = panel_tests.breusch_pagan(*equation)
    sections = panel_tests.cross_section_dependence(*equation)
    found = {
        "F_individual": panel_tests.effects_test(*equation),
        "LM_bp": effects[0],
        "LM_honda": effects[1],
        "pcdtest_cd": sections[0],
        "pcdtest_lm": sections[1],
        "pwartest": serial_tests.wooldridge_within(*equation),
        "pbgtest2": serial_tests.breusch_godfrey(*equation, 2),
        "wooldridge_fd": serial_tests.wooldridge_differences(*equation, "differences"),
    }
    yield from of_tests(found)


def unit_root_tests() -> Iterator[Case]:
    from urbanecon.estimation import unit_roots

    series = (grunfeld(), "inv")
    found = {
        "ips_inv": unit_roots.im_pesaran_shin(*series, df_correction=False),
        "maddala_inv": unit_roots.maddala_wu(*series, df_correction=False),
        "llc_inv": unit_roots.levin_lin_chu(*series),
        "cips_inv": unit_roots.cips(*series, "intercept", 2),
    }
    yield from of_tests(found)


def quantiles() -> Iterator[Case]:
    from urbanecon.estimation.quantile import quantile_regression

    for tau, expected in values("quantreg_engel_grunfeld").items():
        if "se_iid" not in expected:
            continue
        for errors in ("iid", "nid"):
            fit = quantile_regression(data_set("engel"), "foodexp", ["income"], float(tau), errors)
            yield of_fit(fit, {"coef": expected["coef"], "se": expected[f"se_{errors}"]})


def quantiles_with_effects() -> Iterator[Case]:
    from urbanecon.estimation.quantile import quantile_regression

    expected = values("quantreg_engel_grunfeld")["grunfeld_lsdv_fn"]
    taus = [float(tau) for tau in expected]
    fit = quantile_regression(grunfeld(), *INVESTMENT, taus, "iid", effects=["firm"])
    for tau, slopes in expected.items():
        yield Case([(fit.params[f"{term}@{tau}"], value) for term, value in slopes.items()])


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


def cigarettes() -> pd.DataFrame:
    data = data_set("cigarettessw")
    data = data[data["year"].astype(int) == 1995].set_index("state")
    return data[["tdiff", "rtax"]].join(
        np.log(data[["packs", "rprice", "rincome"]]).add_prefix("ln_")
    )


def demand(vcov: str) -> Fit:
    """Demand for cigarettes, the price instrumented by two taxes."""
    from urbanecon.estimation.instrumental import instrumental

    return instrumental(
        cigarettes(), "ln_packs", ["ln_rprice"], ["tdiff", "rtax"], ["ln_rincome"],
        effects=(), vcov=vcov,
    )  # fmt: skip


def instruments_in_cross_sections() -> Iterator[Case]:
    names = CONSTANT | {"log(rprice)": "ln_rprice", "log(rincome)": "ln_rincome"}
    inferences = {"iid": ("iid", 1.0), "HC1": ("hetero", 1.0), "HC0": ("hetero", 45 / 48)}
    for case, (vcov, factor) in inferences.items():
        yield of_fit(demand(vcov), values("iv_cigarettes_aer")[case], names, factor**0.5)


def instrument_diagnostics() -> Iterator[Case]:
    found = {test.name: test for test in demand("iid").diagnostics}
    names = [n for n in found if "first-stage F" in n or n.startswith("Wu") or n == "Sargan"]
    expected = values("iv_cigarettes_aer")["diagnostics_iid"]
    for name, theirs in zip(names, expected, strict=True):
        pairs = ((found[name].statistic, theirs["statistic"]), (found[name].p, theirs["p-value"]))
        yield Case(pairs)


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
