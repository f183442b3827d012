"""What is said of an estimate over files: errors by clustering, route, caveats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

import numpy as np
import pandas as pd

from urbanecon.estimation.backends.passes import Survey
from urbanecon.estimation.backends.source import Columns
from urbanecon.estimation.fit import Fit
from urbanecon.estimation.moments_errors import crv1
from urbanecon.estimation.moments_ols import Linear
from urbanecon.estimation.sample import Floats
from urbanecon.estimation.standard_errors import FEW_CLUSTERS


class Route(NamedTuple):
    """How the effects were taken out."""

    words: str
    alternations: int = 0
    backend: str = ""


def result(
    estimate: Linear,
    survey: Survey,
    columns: Columns,
    route: Route,
    notes: tuple[str, ...],
) -> Fit:
    """The `Fit` of an estimate, by each clustering and by all together."""
    clusters = columns.clustering
    matrices, counts = _covariances(estimate, survey, clusters)
    together = " and ".join(clusters)
    terms = list(estimate.terms)
    smallest = min(counts.values())
    factor = "factor G/(G-1) (N-1)/(N-K)"
    if len(clusters) > 1:
        factor += f" with G = {smallest}, the fewest clusters"
        if columns.unit in clusters:
            factor += (
                f"; {columns.unit} lies within {columns.clusters[0]}, so it equals that alone"
            )
    weighted = "" if columns.weights is None else f", weighted by {columns.weights}"
    how = f"{route.words}, by {route.backend}"
    errors = {name: np.sqrt(np.diag(matrix)) for name, matrix in matrices.items()}
    tally = survey.tally
    return Fit(
        params=pd.Series(estimate.params[: estimate.k], index=terms, name="estimate"),
        vcov=pd.DataFrame(matrices[together], index=terms, columns=terms),
        nobs=tally.kept,
        df=float(smallest - 1),
        sample=pd.RangeIndex(tally.kept, name="kept row"),
        outcome=estimate.outcome,
        estimator=f"two-way fixed effects least squares{weighted}; {how}",
        inference=f"clustered by {together} (CRV1), {factor}",
        n_clusters=counts,
        fixed_effects=(columns.unit, columns.period),
        stats={
            "rss": estimate.rss,
            "r2_within": 1 - estimate.rss / estimate.tss,
            "units": float(len(survey.units)),
            "periods": float(len(survey.periods)),
            "rows_dropped": float(tally.rows - tally.kept),
            "alternations": float(route.alternations),
        },
        warnings=notes,
        extra={"errors": pd.DataFrame(errors, index=terms)},
    )


def notes_on(estimate: Linear, survey: Survey, columns: Columns) -> tuple[str, ...]:
    """Caveats of an estimate in words."""
    notes = [f"{name!r} was dropped: collinear" for name in estimate.dropped]
    alone = int((survey.rows == 1).sum())
    if alone:
        notes.append(
            f"{alone} rows are alone in a level of {columns.unit}: they are kept, fit perfectly "
            "and count in N"
        )
    for name in columns.clustering:
        clusters = survey.home(name).nunique()
        if clusters < FEW_CLUSTERS:
            notes.append(
                f"only {clusters} clusters of {name!r}: t-based p-values are too small "
                f"with fewer than {FEW_CLUSTERS}; show a wild cluster bootstrap beside them"
            )
    return tuple(notes)


def _covariances(
    estimate: Linear, survey: Survey, clusters: tuple[str, ...]
) -> tuple[dict[str, Floats], dict[str, int]]:
    """Covariance by each clustering and by all, from one set of scores; clusters by name."""
    homes = {name: survey.home(name) for name in clusters}
    counts = {name: int(home.nunique()) for name, home in homes.items()}
    if len(clusters) == 1:
        return {clusters[0]: crv1(estimate)}, counts
    labels = {
        name: cast("Sequence[object]", pd.factorize(home)[0]) for name, home in homes.items()
    }
    matrices = {name: crv1(estimate, [codes]) for name, codes in labels.items()}
    matrices[" and ".join(clusters)] = crv1(estimate, list(labels.values()))
    return matrices, counts
