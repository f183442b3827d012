"""Estimates at several quantiles: their names, their path and whether slopes are equal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from urbanecon.errors import (
    EstimationError,
)
from urbanecon.estimation.fit import Diagnostic, Fit
from urbanecon.estimation.fixed_effects import CONSTANT


def quantile_terms(names: Sequence[str], taus: Sequence[float]) -> list[str]:
    """Terms of one quantile by name, of several as "x@0.25"."""
    if len(taus) == 1:
        return list(names)
    return [f"{name}@{tau:g}" for tau in taus for name in names]


def with_path(
    fit: Fit, names: Sequence[str], taus: Sequence[float], tables: dict[str, pd.DataFrame]
) -> Fit:
    """Add the table of estimates by quantile, and the test that slopes are equal."""
    table = fit.tidy().reset_index()
    path = pd.DataFrame(
        {
            "quantile": np.repeat(np.asarray(taus, dtype=np.float64), len(names)),
            "term": list(names) * len(taus),
            **{name: table[name] for name in ("estimate", "se", "low", "high")},
        }
    )
    tests = (_equal_slopes(fit, names, taus),) if len(taus) > 1 else ()
    return replace(fit, extra={"path": path, **tables}, diagnostics=(*fit.diagnostics, *tests))


def _equal_slopes(fit: Fit, names: Sequence[str], taus: Sequence[float]) -> Diagnostic:
    """Wald F test that every slope is the same at all quantiles."""
    from scipy import stats

    slopes = [name for name in names if name != CONSTANT]
    rows = []
    for name in slopes:
        for tau in taus[1:]:
            row = pd.Series(0.0, index=fit.params.index)
            row[f"{name}@{taus[0]:g}"], row[f"{name}@{tau:g}"] = -1.0, 1.0
            rows.append(row.to_numpy())
    r = np.vstack(rows)
    b, v = r @ fit.params.to_numpy(), r @ fit.vcov.to_numpy() @ r.T
    q = int(np.linalg.matrix_rank(v, hermitian=True))
    f = float(b @ np.linalg.pinv(v, hermitian=True) @ b / max(q, 1))
    p = (
        float(stats.f.sf(f, q, fit.df))
        if math.isfinite(fit.df)
        else float(stats.chi2.sf(f * q, q))
    )
    return Diagnostic("equal slopes at all quantiles", f, (q, fit.df), p)


def check_quantiles(quantiles: float | Sequence[float]) -> tuple[float, ...]:
    """Quantiles in increasing order.

    Raises
    ------
    EstimationError
        None is given, one lies outside (0, 1), or one is given twice.
    """
    given = [float(quantiles)] if isinstance(quantiles, int | float) else quantiles
    taus = tuple(sorted(float(tau) for tau in given))
    if not taus or not all(0 < tau < 1 for tau in taus) or len(set(taus)) < len(taus):
        raise EstimationError(f"quantiles must be distinct and lie in (0, 1), found {quantiles}")
    return taus
