"""What stands beside a claim's main estimates: inference, and what could overturn them.

Everything here is of strategy S1 with the pilot, two-way effects: the estimate
whose rows and weights are known city by city.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np
import pandas as pd

from urbanecon.cleaning.panel import Panel
from urbanecon.effects.claim import Claim, event_studies
from urbanecon.effects.controls import CONTROLS
from urbanecon.effects.criteria import CRITERIA
from urbanecon.effects.designs.two_way import FIRST_TREATED
from urbanecon.effects.estimate import estimate, sample_of
from urbanecon.effects.interactions import interaction_table
from urbanecon.effects.spec import Spec
from urbanecon.errors import EstimationWarning, NotEstimableError
from urbanecon.estimation.bootstrap import bootstrap_equation
from urbanecon.estimation.bootstrap_result import Wild
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.inference import Conley
from urbanecon.estimation.leave_out import leave_out
from urbanecon.estimation.moments import cluster_moments
from urbanecon.estimation.moments_ols import Linear, ols
from urbanecon.estimation.multiple_testing import Hypothesis, romano_wolf
from urbanecon.estimation.omitted import contour_grid, from_fit
from urbanecon.estimation.omitted_bounds import bounds
from urbanecon.estimation.oster import selection
from urbanecon.estimation.placebo import placebo_cohorts, placebo_dates
from urbanecon.estimation.pretrend_power import (
    leads_of,
    power_curve,
    pretrend_power,
    slope_for_power,
)
from urbanecon.estimation.randomization import permute_equation
from urbanecon.estimation.randomization_result import Permutations

DRAWS, SEED = 9_999, 20141229
"""Draws of each bootstrap and permutation test; the day the first pilots were named."""
CONLEY_KM = (200.0, 500.0)
"""Reach of spatial correlation: about that of the rings of pilots, and of a large province."""
CONLEY_LAGS = 10
"""Own lags of a city: without them the errors of one city would count as news every year."""
PLACEBO_DRAWS = 999
POWERS, POWER_POINTS = (0.5, 0.8), 31
BENCHMARKS = ("baseline_income",)
"""Control whose strength a confounder is measured by: where a city stood before treatment."""
MOST_CONFOUNDING, CONTOUR_POINTS = 0.2, 41


def pilot_specs(claim: Claim) -> tuple[Spec, ...]:
    """Two-way estimate of the pilot for each yearly outcome of cities."""
    return tuple(spec.but(design="twfe") for spec in event_studies(claim))


def evidence(claim: Claim, panel: Panel) -> dict[str, pd.DataFrame]:
    """Return the tables of a claim; those that the data cannot give are left out.

    Returns
    -------
    dict
        "inference": one row an outcome; see `inference_table`. Of the primary
        outcome: "provinces" (without each province), "cities" (the most
        influential), "randomization" and "placebo_cohorts" (coefficients of the
        draws), "placebo_dates", and those of `selection_tables` and
        `power_tables`. Of a row that is judged by interactions: "interactions"; see
        `interactions.interaction_table`.
    """
    if any(test.design == "moderation" for test in CRITERIA.get(claim.id, ())):
        table = interaction_table(claim.id, panel, draws=DRAWS, seed=SEED)
        return {"interactions": table} if len(table) else {}
    found: dict[str, Spec] = {}
    rows: dict[str, pd.DataFrame] = {}
    for spec in pilot_specs(claim):
        try:
            rows[spec.outcome] = sample_of(spec, panel)
            found[spec.outcome] = spec
        except NotEstimableError:
            continue
    with warnings.catch_warnings():
        # few clusters of provinces: the bootstrap beside it is the answer
        warnings.simplefilter("ignore", EstimationWarning)
        tables = {"inference": inference_table(found, rows)} if found else {}
        primary = claim.primary.variable
        if primary in found:
            tables |= of_primary(found[primary], rows[primary], panel)
    return tables


def inference_table(specs: Mapping[str, Spec], rows: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One estimate an outcome, and its p-value by every way to count what is independent.

    Returns
    -------
    DataFrame
        Indexed by outcome: estimate, se, low, high (clustered by city), nobs,
        clusters, and p-values `p_city`, `p_province` (t law), `p_wild`
        (province wild cluster bootstrap, restricted, Webb weights), `wild_low`,
        `wild_high`, `p_conley_200`, `p_conley_500` (uniform kernel, ten own lags),
        `p_randomization`,
        `p_randomization_province` (paths permuted within provinces),
        `p_romano_wolf` and `p_bh` across the outcomes of the claim.
    """
    table = {name: _inference(specs[name], rows[name]) for name in specs}
    family = {name: Hypothesis(linear(specs[name], rows[name]), "pilot") for name in specs}
    adjusted = romano_wolf(family, draws=DRAWS, seed=SEED)
    frame = pd.DataFrame.from_dict(table, orient="index").rename_axis("outcome")
    return frame.assign(p_romano_wolf=adjusted["romano_wolf"], p_bh=adjusted["bh"])


def linear(spec: Spec, rows: pd.DataFrame, cluster: str = "city") -> Linear:
    """Return the estimate from the moments of its clusters."""
    names = [spec.outcome, spec.treatment, *spec.controls]
    moments = cluster_moments(rows, names, spec.fixed_effects, cluster)
    return ols(moments, spec.outcome, names[1:], spec.treatment)


def _inference(spec: Spec, rows: pd.DataFrame) -> dict[str, float]:
    y, d, effects = spec.outcome, spec.treatment, spec.fixed_effects
    fit = fixed_effects(rows, y, [d], effects, "cluster(city)", treatment=d)
    low, high = fit.conf_int().loc[d].to_numpy()
    wild = bootstrap_equation(
        rows, y, d, cluster="province", how=Wild("webb", draws=DRAWS, seed=SEED)
    )
    how = Permutations(draws=DRAWS, seed=SEED)
    within = permute_equation(rows, y, d, strata="province", how=how)
    by_province = fixed_effects(rows, y, [d], effects, "cluster(province)", treatment=d)
    conley = {
        f"p_conley_{reach:.0f}": float(
            fixed_effects(
                rows, y, [d], effects, Conley(reach, lags=CONLEY_LAGS), treatment=d
            ).pvalue[d]
        )
        for reach in CONLEY_KM
    }
    return {
        "estimate": float(fit.params[d]),
        "se": float(fit.se[d]),
        "low": float(low),
        "high": float(high),
        "nobs": float(fit.nobs),
        "clusters": float(fit.n_clusters["city"]),
        "p_city": float(fit.pvalue[d]),
        "p_province": float(by_province.pvalue[d]),
        "p_wild": wild.p,
        "wild_low": wild.interval[0],
        "wild_high": wild.interval[1],
        **conley,
        "p_randomization": permute_equation(rows, y, d, how=how).p,
        "p_randomization_province": within.p,
    }


def of_primary(spec: Spec, rows: pd.DataFrame, panel: Panel) -> dict[str, pd.DataFrame]:
    """Return the tables that only the primary outcome has."""
    first = FIRST_TREATED[spec.treatment]
    found = linear(spec, rows)
    home = rows["province"].groupby(level="city").first().reindex(found.moments.clusters)
    drawn = permute_equation(
        rows, spec.outcome, spec.treatment, how=Permutations("coefficient", DRAWS, SEED)
    )
    return {
        "provinces": leave_out(found, spec.treatment, home, "province"),
        "cities": leave_out(found, spec.treatment),
        "randomization": _column("estimate", drawn.coefficients, "draw"),
        "placebo_dates": placebo_dates(rows, spec.outcome, first),
        "placebo_cohorts": placebo_cohorts(rows, spec.outcome, first, PLACEBO_DRAWS, SEED),
        **selection_tables(spec, rows),
        **power_tables(spec, panel),
    }


def selection_tables(spec: Spec, rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """What selection on unobservables would have to be, with and without controls.

    Returns
    -------
    dict
        "selection", one row, indexed by the controls: estimate without and with
        all controls that are fixed before treatment; Oster's delta at which the
        effect is zero, and the effect at delta = 1, both with Rmax = min(1.3 R2,
        1); the robustness values of Cinelli and Hazlett for an effect of zero
        and for significance at 5 percent. "contours" and "benchmarks": the
        estimate and its t under confounders of any strength, and of multiples of
        the controls'.
    """
    made = {c.name: c.make(rows[c.variable]) for c in CONTROLS if c.variable in rows}
    usual = [c.name for c in CONTROLS if not c.contested and c.name in made]
    data = rows.assign(**{name: made[name] for name in usual})
    terms = [spec.treatment, *usual]
    moments = cluster_moments(data, [spec.outcome, *terms])
    chosen = selection(moments, spec.outcome, spec.treatment, usual)
    found = ols(moments, spec.outcome, terms, spec.treatment)
    fit = fixed_effects(data, spec.outcome, terms, vcov="cluster(city)")
    # partial R2 is of the classical t; significance below is that of the clustered one
    strength = from_fit(fixed_effects(data, spec.outcome, terms, vcov="iid"), spec.treatment, fit)
    row = {
        "estimate_short": chosen.beta_short,
        "estimate_long": chosen.beta,
        "se_long": float(fit.se[spec.treatment]),
        "p_long": float(fit.pvalue[spec.treatment]),
        "r2_short": chosen.r2_short,
        "r2_long": chosen.r2,
        "oster_delta": chosen.delta(),
        "oster_beta": chosen.beta_star(),
        "robustness_value": strength.robustness_value(),
        "robustness_value_5pct": strength.robustness_value(alpha=0.05),
        "critical_t": strength.critical_t(0.05, fit.df),
        "nobs": float(fit.nobs),
    }
    kept = {name: [name] for name in BENCHMARKS if name in found.terms}
    return {
        "selection": pd.DataFrame([row], index=pd.Index([", ".join(usual)], name="controls")),
        "contours": contour_grid(strength, MOST_CONFOUNDING, MOST_CONFOUNDING, CONTOUR_POINTS),
        "benchmarks": bounds(strength, found, kept),
    }


def power_tables(spec: Spec, panel: Panel) -> dict[str, pd.DataFrame]:
    """Linear trends that the pre-trends test would see half of the time, and in 80 percent.

    Returns
    -------
    dict
        "power", indexed by power: slope a year, the test's size, and means over
        the years after adoption of the estimate, its error, the trend and the
        bias left after passing the test (Roth 2022). "power_path": these by year
        at 80 percent. "power_curve": power by slope.
    """
    leads = leads_of(estimate(spec.but(design="event_study"), panel))
    rows, path = [], pd.DataFrame()
    for power in POWERS:
        slope = slope_for_power(leads, power, seed=SEED)
        seen = pretrend_power(leads, slope, seed=SEED)
        path = seen.path
        after = path[path["relative_year"] >= 0]
        rows.append({"power": power, "slope": slope, "size": seen.size, **_means(after)})
    steepest = 1.5 * float(rows[-1]["slope"])
    return {
        "power": pd.DataFrame(rows).set_index("power"),
        "power_path": path,
        "power_curve": power_curve(leads, np.linspace(0, steepest, POWER_POINTS), seed=SEED),
    }


def _means(path: pd.DataFrame) -> dict[str, float]:
    columns = [name for name in path if name not in ("relative_year", "binned")]
    return {f"mean_{name}": float(path[name].mean()) for name in columns}


def _column(name: str, values: np.ndarray, index: str) -> pd.DataFrame:
    return pd.DataFrame({name: values}).rename_axis(index)
