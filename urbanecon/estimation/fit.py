"""The one result type that every estimator returns."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from urbanecon.errors import UnknownNameError, did_you_mean


def digest_of_rows(rows: pd.Index) -> str:
    """A short fingerprint of rows, the same on every machine."""
    keys = (key if isinstance(key, tuple) else (key,) for key in rows)
    text = "\n".join("|".join(map(str, key)) for key in keys)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A test statistic shown with an estimate.

    Attributes
    ----------
    name
        What is tested, in words: "joint test of leads".
    statistic
        Its value.
    df
        Degrees of freedom as a tuple (empty where the reference law has none).
    p
        p-value; NaN where the statistic has no reference law here.
    note
        Convention or null hypothesis, in a few words.
    """

    name: str
    statistic: float
    df: tuple[float, ...] = ()
    p: float = math.nan
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """What an estimator found, on which rows, with which inference.

    Attributes
    ----------
    params
        Estimates, indexed by term, length k.
    vcov
        Their covariance, k x k, same index and columns.
    nobs
        Rows used.
    df
        Degrees of freedom of the t law used for p-values and intervals
        (`inf` for the normal law).
    n_clusters
        Clusters by dimension, e.g. ``{"city": 300}``; empty when not clustered.
    sample
        Index of exactly the rows used, length `nobs`.
    outcome
        Name of the outcome variable.
    estimator
        The estimator in words ("two-way fixed effects OLS").
    inference
        Covariance and small-sample factor in words.
    fixed_effects
        Names of the absorbed effects.
    stats
        Named scalars (R2 within, residual variance, log-likelihood, ...).
    diagnostics
        Tests that belong to the estimate.
    warnings
        Caveats in words: what was dropped and why.
    extra
        Named tables that a particular estimator adds (group-time effects,
        impacts, weights); documented by that estimator.
    """

    params: pd.Series
    vcov: pd.DataFrame
    nobs: int
    df: float
    sample: pd.Index
    outcome: str
    estimator: str
    inference: str
    n_clusters: Mapping[str, int] = field(default_factory=dict)
    fixed_effects: tuple[str, ...] = ()
    stats: Mapping[str, float] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()
    warnings: tuple[str, ...] = ()
    extra: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def __post_init__(self) -> None:
        k = len(self.params)
        if self.vcov.shape != (k, k):
            raise ValueError(f"vcov is {self.vcov.shape}, expected {(k, k)}")
        if len(self.sample) != self.nobs:
            raise ValueError(f"sample has {len(self.sample)} rows, nobs is {self.nobs}")

    @property
    def se(self) -> pd.Series:
        """Standard errors, length k."""
        variances = np.diag(self.vcov.to_numpy(dtype=float))
        return pd.Series(np.sqrt(variances), index=self.params.index, name="se")

    @property
    def tstat(self) -> pd.Series:
        """Estimates over standard errors, length k."""
        return (self.params / self.se).rename("t")

    @property
    def pvalue(self) -> pd.Series:
        """Two-sided p-values from the t law with `df` (normal when infinite), length k."""
        from scipy import stats

        tail = stats.t.sf(np.abs(self.tstat.to_numpy()), self.df)
        return pd.Series(2 * tail, index=self.params.index, name="p")

    def conf_int(self, level: float = 0.95) -> pd.DataFrame:
        """Confidence intervals, k x 2, columns `low` and `high`."""
        from scipy import stats

        if not 0 < level < 1:
            raise ValueError(f"level must lie in (0, 1), found {level}")
        reach = stats.t.ppf(0.5 + level / 2, self.df) * self.se
        return pd.DataFrame({"low": self.params - reach, "high": self.params + reach})

    def tidy(self, level: float = 0.95) -> pd.DataFrame:
        """Return one row a term: estimate, se, t, p, low, high."""
        table = pd.DataFrame(
            {"estimate": self.params, "se": self.se, "t": self.tstat, "p": self.pvalue}
        ).join(self.conf_int(level))
        return table.rename_axis("term")

    def test(self, terms: list[str], name: str = "") -> Diagnostic:
        """Wald F test that the coefficients of `terms` are all zero.

        F = b'V^-1 b / q with (q, df) degrees of freedom; chi-squared over q
        when `df` is infinite. A rank-deficient V is inverted on its range and q
        is its rank.
        """
        from scipy import stats

        for term in terms:
            if term not in self.params.index:
                raise UnknownNameError(
                    f"{term!r} is not a term of this fit.{did_you_mean(term, self.params.index)}"
                )
        b = self.params[terms].to_numpy(dtype=float)
        v = self.vcov.loc[terms, terms].to_numpy(dtype=float)
        q = int(np.linalg.matrix_rank(v, hermitian=True))
        statistic = float(b @ np.linalg.pinv(v, hermitian=True) @ b / max(q, 1))
        p = (
            float(stats.f.sf(statistic, q, self.df))
            if math.isfinite(self.df)
            else float(stats.chi2.sf(statistic * q, q))
        )
        return Diagnostic(name or f"joint test of {', '.join(terms)}", statistic, (q, self.df), p)

    @property
    def sample_digest(self) -> str:
        """A short fingerprint of the exact rows used, the same on every machine."""
        return digest_of_rows(self.sample)

    # The table makers of the ecosystem read a result through these attributes
    # (the plug-in interface of maketables).
    @property
    def __maketables_coef_table__(self) -> pd.DataFrame:
        table = self.tidy().rename(columns={"estimate": "b", "low": "ci95l", "high": "ci95u"})
        return table.rename_axis("Coefficient")

    @property
    def __maketables_depvar__(self) -> str:
        return self.outcome

    @property
    def __maketables_fixef_string__(self) -> str | None:
        return "+".join(self.fixed_effects) or None

    @property
    def __maketables_vcov_info__(self) -> dict[str, Any]:
        return {"vcov_type": self.inference, "clustervar": list(self.n_clusters)}

    def __maketables_stat__(self, key: str) -> Any:
        if key == "N":
            return self.nobs
        if key == "se_type":
            return self.inference
        if key.startswith("clusters_"):
            return self.n_clusters.get(key.removeprefix("clusters_"))
        return self.stats.get(key)
