"""Double machine learning in a panel, through the doubleml package."""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from urbanecon.errors import (
    EstimationError,
    NotEstimableError,
    UnknownNameError,
    UrbaneconError,
    did_you_mean,
)
from urbanecon.estimation.covariance import sum_by
from urbanecon.estimation.fit import Fit
from urbanecon.estimation.sample import Codes, Floats, draw_sample
from urbanecon.estimation.within import Absorber

Learner = Literal["lasso", "forest"]
LEARNERS = ("lasso", "forest")


def double_ml(
    data: pd.DataFrame,
    outcome: str,
    treatment: str,
    controls: Sequence[str],
    *,
    effects: Sequence[str] = ("city", "year"),
    cluster: str = "city",
    degree: int = 2,
    learner: Learner = "lasso",
    folds: int = 5,
    repetitions: int = 1,
    seed: int = 0,
) -> Fit:
    """Partially linear regression with learned controls (Chernozhukov et al. 2018).

    y = b d + g(x) + effects + e, d = m(x) + effects + v. Estimand: b, causal when
    treatment is as good as random given x and the effects. Powers and products
    of the controls up to `degree` are formed first, and the effects are then
    taken out of these, of d and of y by least squares, so that g and m of that
    degree are exactly linear in what the learner sees (Belloni, Chernozhukov,
    Hansen and Kozbur 2016); taking effects out of the controls alone would not
    remove g where it curves. Both functions are learned on other clusters than
    those they are used on, whole clusters at a time, and b solves the Neyman-
    orthogonal score; standard errors are clustered (Chiang, Kato, Ma and Sasaki
    2022). Normal law, factor G / (G - 1): with a control that acts through a curve
    and five years, intervals of 95 percent cover 92 of 100 with 40 cities in two
    folds, 94 with 120 in five.

    Needs the extra "ml" (doubleml, scikit-learn).

    Parameters
    ----------
    data
        Panel indexed by (unit, period).
    outcome, treatment, controls
        Columns.
    effects, cluster
        Columns, index levels or interactions; no effects: only the means.
    degree
        Of the polynomial in the standardised controls.
    learner
        "lasso" (penalty by cross-validation) or "forest" (100 trees, leaves of
        at least 5 rows), for both functions.
    folds, repetitions
        Folds of clusters, and how often they are drawn anew (estimates are
        then medians).
    seed
        Of folds and learners; results do not depend on the state of numpy.

    Returns
    -------
    Fit
        One term. `stats`: r2_outcome and r2_treatment, out of fold within the
        effects (near zero: the controls predict nothing; near one: nothing of
        the treatment is left), folds, repetitions.

    Raises
    ------
    UrbaneconError
        The extra is not installed.
    UnknownNameError
        The learner is not known.
    EstimationError
        Fewer clusters than folds, or a variable in two roles.
    NotEstimableError
        The treatment does not vary within the effects.
    """
    doubleml = _package()
    if learner not in LEARNERS:
        raise UnknownNameError(
            f"unknown learner {learner!r}.{did_you_mean(learner, LEARNERS)} "
            f"Known: {', '.join(map(repr, LEARNERS))}"
        )
    names = [outcome, treatment, *controls]
    if len(set(names)) < len(names) or not controls:
        raise EstimationError(f"name at least one control and each variable once: {names}")
    sample = draw_sample(data, names, tuple(effects), (cluster,))
    group = sample.codes[cluster]
    clusters = int(group.max()) + 1
    if degree < 1 or repetitions < 1:
        raise EstimationError(f"degree and repetitions must be positive: {degree}, {repetitions}")
    if not 2 <= folds <= clusters // 2:
        raise EstimationError(
            f"{folds} folds of {clusters} clusters by {cluster!r}: choose from 2 to half as many "
            "folds as clusters"
        )
    codes = [sample.codes[e] for e in effects] or [np.zeros(sample.nobs, dtype=np.int64)]
    basis = _dictionary(np.column_stack([sample.column(name) for name in controls]), degree)
    pair = [sample.column(outcome), sample.column(treatment)]
    within = Absorber(codes).residuals(np.column_stack([*pair, basis]))
    left = within[:, 1].var() / max(float(sample.column(treatment).var()), 1e-300)
    if left < 1e-9:
        raise NotEstimableError(f"{treatment!r} does not vary within the effects")
    columns = ["y", "d", *(f"x{j}" for j in range(basis.shape[1]))]
    table = pd.DataFrame(within, columns=columns).assign(cluster=group)
    model = _fitted(
        doubleml,
        table,
        _regressor(learner, seed),
        folds=folds,
        repetitions=repetitions,
        seed=seed,
    )
    slope, variance, r2 = _solved(model, within, group)
    return Fit(
        params=pd.Series([slope], index=[treatment], name="estimate"),
        vcov=pd.DataFrame([[variance]], index=[treatment], columns=[treatment]),
        nobs=sample.nobs,
        df=np.inf,
        sample=sample.index,
        outcome=outcome,
        estimator=f"double machine learning, partially linear, {learner}",
        inference=f"clustered by {cluster}, {folds} folds of clusters, normal law",
        n_clusters={cluster: clusters},
        fixed_effects=tuple(effects),
        stats={
            "r2_outcome": r2[0],
            "r2_treatment": r2[1],
            "folds": float(folds),
            "repetitions": float(repetitions),
            "rows_dropped": float(sum(sample.dropped.values())),
        },
    )


def _package() -> Any:
    try:
        import doubleml
    except ImportError:
        raise UrbaneconError(
            "double machine learning needs the extra 'ml': pip install 'urbanecon[ml]'"
        ) from None
    return doubleml


def _regressor(learner: Learner, seed: int) -> Any:
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.linear_model import LassoCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if learner == "lasso":
        return make_pipeline(StandardScaler(), LassoCV(random_state=seed))
    return RandomForestRegressor(n_estimators=100, min_samples_leaf=5, random_state=seed)


def _dictionary(controls: Floats, degree: int) -> Floats:
    """Powers and products of the standardised controls."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler

    basis = make_pipeline(StandardScaler(), PolynomialFeatures(degree, include_bias=False))
    return np.asarray(basis.fit_transform(controls), dtype=np.float64)


def _fitted(
    doubleml: Any, table: pd.DataFrame, learner: Any, *, folds: int, repetitions: int, seed: int
) -> Any:
    """Fit on folds of clusters drawn from the seed."""
    generator, group = np.random.default_rng(seed), table["cluster"].to_numpy()
    every = np.arange(group.max() + 1)
    rows, units = [], []
    for _ in range(repetitions):
        fold = generator.permutation(every % folds)
        inside = [fold == f for f in range(folds)]
        rows.append([(np.flatnonzero(~i[group]), np.flatnonzero(i[group])) for i in inside])
        units.append([([every[~i]], [every[i]]) for i in inside])
    with python_warnings.catch_warnings():
        python_warnings.simplefilter("ignore")
        frame = doubleml.DoubleMLData(table, y_col="y", d_cols="d", cluster_cols="cluster")
        model = doubleml.DoubleMLPLR(frame, learner, learner, draw_sample_splitting=False)
        model.set_sample_splitting(rows, units)
        return model.fit(store_predictions=True)


def _solved(model: Any, within: Floats, group: Codes) -> tuple[float, float, list[float]]:
    """Estimate, its variance clustered, and R2 out of fold of outcome and treatment.

    The variance is the sandwich of the score summed by cluster, factor
    G / (G - 1), per repetition. (doubleml's own, on folds of clusters handed to
    it, is off by rows of a cluster over folds.) Over repetitions: medians, the
    variance with the spread of the estimates.
    """
    n, clusters = len(group), int(group.max()) + 1
    y, d = (
        within[:, [j]] - np.asarray(model.predictions[key]).reshape(n, -1)
        for j, key in enumerate(("ml_l", "ml_m"))
    )
    mass = np.sum(d**2, axis=0)
    slopes = np.sum(y * d, axis=0) / mass
    sums = sum_by((y - slopes * d) * d, group)
    variances = clusters / (clusters - 1) * np.sum(sums**2, axis=0) / mass**2
    slope = float(np.median(slopes))
    r2 = [float(1 - np.mean(e**2) / np.mean(within[:, j] ** 2)) for j, e in enumerate((y, d))]
    return slope, float(np.median(variances + (slopes - slope) ** 2)), r2
