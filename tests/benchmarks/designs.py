"""The comparisons of `verified.py` for research designs: adoption, space, thresholds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from references import Case, data_set, of_fit, values

from urbanecon.estimation.fit import Fit
from urbanecon.estimation.weights import Weights


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


def aggregations() -> Iterator[Case]:
    from urbanecon.estimation.aggregation import aggregate
    from urbanecon.estimation.group_time import group_time

    data = data_set("mpdta").assign(first=lambda d: d["first.treat"].where(d["first.treat"] > 0))
    data = data.set_index(["countyreal", "year"])
    found = values("cs_did_mpdta")["dr|nevertreated|varying|~lpop"]
    effects = group_time(data, "lemp", "first", ["lpop"], draws=0)
    tables = {"dynamic": ("dynamic", "path"), "group": ("grp", "groups"),
              "calendar": ("calendar", "years")}  # fmt: skip
    for kind, (key, table) in tables.items():
        fit, theirs = aggregate(effects, kind, draws=0), found[key]
        path = fit.extra[table].dropna(subset=["se"])
        overall, error = fit.params["overall"], fit.se["overall"]
        yield Case(
            [(overall, theirs["overall"]), *zip(path["estimate"], theirs["att"], strict=True)],
            [(error, theirs["overall_se"]), *zip(path["se"], theirs["se"], strict=True)],
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


def bounds(kind: str, key: str, expected: list[dict[str, float]]) -> Iterator[Any]:
    """Our interval and that of the reference at each bound on the violations."""
    from urbanecon.estimation.honest import honest_did

    study, sizes = benzarti_carloni(), [row[key] for row in expected]
    sets = honest_did(study, kind, sizes, breakdown=False).extra["sets"]
    for ours, theirs in zip(sets.iloc[1:].itertuples(), expected, strict=True):
        yield np.array([ours.low, ours.high]), np.array([theirs["lb"], theirs["ub"]])


def smoothness() -> Iterator[Case]:
    # the reference takes quantiles of |N(b, 1)| from 1,000,000 draws (error 0.1%), ours are
    # exact: half-lengths agree so far, centres as far as its optimiser goes
    for ours, theirs in bounds("smoothness", "M", values("honestdid_bc")["flci"]):
        yield Case([(ours.mean(), theirs.mean())], [(np.ptp(ours), np.ptp(theirs))])


def relative_magnitudes() -> Iterator[Case]:
    # the reference reports the last points inside of a grid over 20 standard errors of the
    # effect: our ends are moved inwards to that grid. At 2 its grid ends.
    reach = 20 * benzarti_carloni().se["t+0"]
    grid = np.linspace(-reach, reach, 1000)
    rows = [row for row in values("honestdid_bc")["rm_clf"] if row["Mbar"] <= 1.5]
    for ours, theirs in bounds("relative magnitudes", "Mbar", rows):
        inside = grid[(grid >= ours[0]) & (grid <= ours[1])]
        yield Case([(inside[0], theirs[0]), (inside[-1], theirs[1])])


def produc() -> tuple[pd.DataFrame, Weights]:
    """Public capital of the American states, and which of them border."""
    from urbanecon.estimation.weights import weights_from_matrix

    data = data_set("produc_plm")
    logs = {f"log({name})": np.log(data[name]) for name in ("gsp", "pcap", "pc", "emp")}
    weights = weights_from_matrix(data_set("usaww").set_index("Unnamed: 0"))
    return data.assign(**logs).set_index(["state", "year"]), weights


PRODUCTION = ("log(gsp)", ["log(pcap)", "log(pc)", "log(emp)", "unemp"])


def spatial(file: str, cases: dict[str, str], **effects: list[str]) -> Iterator[Case]:
    """SAR and SDM; standard errors are those of the full likelihood."""
    from urbanecon.estimation.spatial_panel import spatial_panel

    data, weights = produc()
    names = {"lambda": "rho", "w_pcap": "W log(pcap)", "w_pc": "W log(pc)",
             "w_emp": "W log(emp)", "w_unemp": "W unemp"}  # fmt: skip
    for case, model in cases.items():
        fit = spatial_panel(data, *PRODUCTION, weights, model, correction="none", **effects)
        yield of_fit(fit, values(file)[case], names)


def spatial_states() -> Iterator[Case]:
    cases = {"individual_lag": "sar", "sdm_individual": "sdm"}
    yield from spatial("spatial_panel_produc_splm", cases, effects=["state"])


def spatial_two_way() -> Iterator[Case]:
    yield from spatial("spatial_panel_twoways_dummies_splm", {"sar": "sar", "sdm": "sdm"})


def spatial_impacts() -> Iterator[Case]:
    from urbanecon.estimation.spatial_panel import spatial_panel

    data, weights = produc()
    fit = spatial_panel(data, *PRODUCTION, weights, "sdm", effects=["state"], correction="none")
    ours = fit.extra["impacts"].set_index(["variable", "effect"])["estimate"]
    for row in values("spatial_panel_produc_splm")["sdm_individual_impacts"]["impacts"]:
        effects = ("direct", "indirect", "total")
        yield Case([(ours[row["_row"], effect], row[effect]) for effect in effects])


def spatial_multipliers() -> Iterator[Case]:
    from urbanecon.estimation.spatial_tests import lagrange_multiplier_tests

    data, weights = produc()
    fit = lagrange_multiplier_tests(data, *PRODUCTION, weights, effects=[], correction="none")
    expected = values("spatial_panel_produc_splm")["slmtest_pooled"]
    for test, key in zip(fit.diagnostics[-4:], ("lml", "lme", "rlml", "rlme"), strict=True):
        yield Case([(test.statistic, expected[key]["stat"][0][0])])


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
