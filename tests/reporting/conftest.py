"""Synthetic estimates: invented numbers that stand for no city."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from urbanecon.effects import SPECS
from urbanecon.effects.result import Estimate
from urbanecon.effects.spec import Spec
from urbanecon.estimation.fit import Diagnostic, Fit

STUDY_TESTS = (
    Diagnostic("joint test of leads", 1.37, (4.0, 39.0), 0.262),
    Diagnostic("mean post effect", 2.61, (39.0,), 0.0128),
)
STUDY_STATS = {"r2_within": 0.0731, "mean_post": 0.0313, "mean_post_se": 0.0313 / 2.61}


def synthetic_fit(spec: Spec, seed: int = 1, estimate: float | None = None) -> Fit:
    """A Fit with invented numbers, whole in every field."""
    random = np.random.default_rng([seed, *spec.name.encode()])
    cities = [f"{code}00" for code in range(1101, 1141)]
    years = range(2003, 2020)
    sample = pd.MultiIndex.from_tuples(
        [(city, year) for city in cities for year in years if random.random() > 0.03],
        names=["city", "year"],
    )
    study = spec.design == "event_study"
    times = [k for k in range(-5, 6) if k != -1]
    terms = [f"t{k:+d}" for k in times] if study else [spec.treatment]
    params = pd.Series(random.normal(0.02, 0.02, len(terms)), index=pd.Index(terms, dtype="str"))
    if estimate is not None:
        params[:] = estimate
    vcov = np.diag(random.uniform(0.005, 0.02, len(terms)) ** 2)
    fit = Fit(
        params=params,
        vcov=pd.DataFrame(vcov, index=params.index, columns=params.index),
        nobs=len(sample),
        df=len(cities) - 1,
        sample=sample,
        outcome=spec.outcome,
        estimator="synthetic estimator",
        inference="clustered by city, synthetic",
        n_clusters={"city": len(cities)},
        fixed_effects=spec.fixed_effects,
        stats=STUDY_STATS if study else {"r2_within": 0.0731, "outcome_mean": 10.42},
        diagnostics=STUDY_TESTS if study else (),
        warnings=("synthetic",),
    )
    if not study:
        return fit
    table = fit.tidy()[["estimate", "se", "low", "high"]].set_axis(times, axis=0)
    table.loc[-1] = 0.0
    path = table.sort_index().rename_axis("relative_year").reset_index()
    path["binned"] = path["relative_year"].isin([-5, 5])
    return replace(fit, extra={"path": path})


def synthetic_estimates(effect: str, *, estimable: bool = True) -> list[Estimate]:
    """All specs of an effect, estimated with invented numbers or not estimable at all."""
    return [
        Estimate(spec, synthetic_fit(spec))
        if estimable
        else Estimate(spec, None, "needs a synthetic source")
        for spec in SPECS[effect]
    ]


@pytest.fixture
def spec() -> Spec:
    """The equation of E1's primary outcome on the pilot, two-way effects."""
    return next(s for s in SPECS["E1"] if s.design == "twfe")


@pytest.fixture
def study() -> Spec:
    """The event study of E1's primary outcome."""
    return next(s for s in SPECS["E1"] if s.design == "event_study")


@pytest.fixture
def make_fit() -> Callable[..., Fit]:
    return synthetic_fit


@pytest.fixture
def make_estimates() -> Callable[..., list[Estimate]]:
    return synthetic_estimates
