"""First stage, reduced form and the tests that go with an instrumental estimate."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from urbanecon.estimation.fit import Diagnostic, Fit
from urbanecon.estimation.inference import Cluster, Crv3, Iid, Inference
from urbanecon.estimation.iv_equation import Equation
from urbanecon.estimation.iv_moments import moment_covariance
from urbanecon.estimation.least_squares import cross, off, orthogonal
from urbanecon.estimation.sample import Floats
from urbanecon.estimation.standard_errors import estimate_covariance

LEVEL = 0.95


@dataclass(slots=True, eq=False)
class ReducedForms:
    """Regressions of outcome and endogenous regressors on the instruments.

    In an orthonormal basis of the instruments net of controls: `theta`
    (q x (1 + p)) the coefficients of [y, X], `v` (n x (1 + p)) the residuals,
    `net` the columns before, `vcov` ((1 + p) q square, by equation) the joint
    covariance of theta with the small-sample factor of first-stage regressions,
    and `df` its degrees of freedom.
    """

    equation: Equation
    how: Inference
    basis: Floats = field(init=False)
    net: Floats = field(init=False)
    theta: Floats = field(init=False)
    v: Floats = field(init=False)
    df: float = field(init=False)
    df_rows: float = field(init=False)
    factor: float = field(init=False)
    vcov: Floats = field(init=False)

    def __post_init__(self) -> None:
        e = self.equation
        controls = orthogonal(e.scaled(e.c), 0.0)[0]
        self.basis = orthogonal(off(e.scaled(e.z), controls), 0.0)[0]
        self.net = off(e.scaled(np.column_stack([e.y, e.x])), controls)
        self.theta = cross(self.basis, self.net)
        self.v = off(self.net, self.basis)
        self._count()
        self.vcov = self.factor * self.joint(self.v)

    @property
    def q(self) -> int:
        """Number of instruments."""
        return int(self.theta.shape[0])

    def _count(self) -> None:
        """Small-sample factor and degrees of freedom of a regression on all exogenous."""
        e = self.equation
        exogenous = e.unscaled(orthogonal(e.scaled(e.exogenous), 0.0)[0])
        residuals = e.unscaled(self.v[:, 1:2])[:, 0]
        estimate = e.regression(residuals, exogenous)
        found = estimate_covariance(self.how, estimate)
        bare = moment_covariance(self.how, estimate.scores, estimate.residuals, e.sample)
        self.df = float(found.df)
        self.df_rows = float(e.sample.nobs - estimate.n_params())
        self.factor = float(np.trace(found.matrix) / np.trace(bare))

    def joint(self, errors: Floats) -> Floats:
        """Covariance of the sums of z_i e_ij over all j, m q x m q, no factor."""
        if isinstance(self.how, Iid):
            n = self.equation.sample.nobs
            return np.asarray(np.kron(cross(errors, errors) / n, np.eye(self.q)), np.float64)
        # basis and errors carry the root of the weight each: their product the weight
        scores = np.column_stack([self.basis * errors[:, [j]] for j in range(errors.shape[1])])
        return moment_covariance(self.how, scores, errors[:, 0], self.equation.sample)

    def block(self, j: int) -> Floats:
        """Covariance of the coefficients of equation j, q x q."""
        return self.vcov[j * self.q : (j + 1) * self.q, j * self.q : (j + 1) * self.q]


def without_jackknife(how: Inference) -> Inference:
    """Inference of the tests: that of the estimate, clusters in place of their jackknife."""
    return Cluster(how.by) if isinstance(how, Crv3) else how


def f_law(statistic: float, df1: float, df2: float) -> float:
    """Upper tail of the F law; chi-squared over df1 when df2 is infinite."""
    from scipy import stats

    if math.isfinite(df2):
        return float(stats.f.sf(statistic, df1, df2))
    return float(stats.chi2.sf(statistic * df1, df1))


def wald(b: Floats, v: Floats) -> tuple[float, int]:
    """b'V^-1 b / q, and q, the rank of V (inverted on its range)."""
    q = int(np.linalg.matrix_rank(v, hermitian=True))
    return float(b @ np.linalg.pinv(v, hermitian=True) @ b) / max(q, 1), q


def overidentification(
    equation: Equation, forms: ReducedForms, params: Floats
) -> list[Diagnostic]:
    """Sargan (1958) under iid errors, Hansen's (1982) J under the inference.

    Sargan: N e'P_Z e / e'e, as AER and fixest. J: the minimum of two-step GMM,
    weights from the residuals of the estimate (for a GMM estimate, of 2SLS), no
    small-sample factor. Chi-squared with q - p degrees of freedom; none when
    the equation is just identified.
    """
    from scipy import stats

    p, q = len(equation.roles.endogenous), forms.q
    if q == p:
        return []
    degrees = float(q - p)
    null = "H0: all instruments are valid"
    e = _net_residual(forms, params[:p])
    sargan = equation.sample.nobs * _squares(cross(forms.basis, e)) / _squares(e)
    found = [
        Diagnostic(
            "Sargan", sargan, (degrees,), float(stats.chi2.sf(sargan, degrees)), f"iid; {null}"
        )
    ]
    if isinstance(forms.how, Iid):
        return found
    if equation.method == "gmm":
        first = Equation(equation.sample, equation.roles, "2sls", equation.how).solve().params
        e = _net_residual(forms, first[:p])
    s = forms.joint(e)
    if np.linalg.matrix_rank(s, hermitian=True) < q:
        note = "undefined: fewer independent clusters than instruments"
        return [*found, Diagnostic("Hansen J", math.nan, (degrees,), note=note)]
    j = _minimum(s, forms.theta[:, 1:], forms.theta[:, 0])
    return [*found, Diagnostic("Hansen J", j, (degrees,), float(stats.chi2.sf(j, degrees)), null)]


def _net_residual(forms: ReducedForms, b: Floats) -> Floats:
    return np.asarray(forms.net[:, :1] - (forms.net[:, 1:] * b).sum(axis=1)[:, None])


def _squares(values: Floats) -> float:
    return float(np.sum(values**2))


def _minimum(s: Floats, theta: Floats, target: Floats) -> float:
    """Minimum over b of (d - theta b)'S^-1(d - theta b)."""
    inverse = np.linalg.inv(np.linalg.cholesky(s))
    a, d = inverse @ theta, inverse @ target
    left = d - a @ np.linalg.lstsq(a, d, rcond=None)[0]
    return float(left @ left)


def wu_hausman(equation: Equation, forms: ReducedForms) -> list[Diagnostic]:
    """Test that the regressors called endogenous are exogenous (Wu 1973; Hausman 1978).

    By the residuals of the first stage added to least squares: the F test of
    iid errors, as AER and fixest, and the Wald test under the inference.
    """
    x = np.column_stack([equation.regressors, equation.unscaled(forms.v[:, 1:])])
    estimate = equation.regression(equation.y, x)
    at = slice(len(equation.terms), None)
    b, null = estimate.params[at], "H0: regressors exogenous"
    found = []
    for how in dict.fromkeys([Iid(), forms.how]):
        covariance = estimate_covariance(how, estimate)
        statistic, rank = wald(b, covariance.matrix[at, at])
        df = (float(rank), float(covariance.df))
        iid = isinstance(how, Iid)
        found.append(
            Diagnostic(
                "Wu-Hausman" if iid else "Wu-Hausman, robust",
                statistic,
                df,
                f_law(statistic, *df),
                f"iid; {null}" if iid else null,
            )
        )
    return found


def regression_table(equation: Equation, outcome: str) -> pd.DataFrame:
    """Regression of one variable on instruments and controls, a row a term.

    Columns term, estimate, se, t, p, low, high (95 percent), under the
    inference of the estimate.
    """
    roles = equation.roles
    y = equation.y if outcome == roles.outcome else equation.x[:, roles.endogenous.index(outcome)]
    estimate = equation.regression(y, equation.exogenous, (outcome,))
    found = estimate_covariance(equation.how, estimate)
    terms = equation.exogenous_terms
    fit = Fit(
        params=pd.Series(estimate.params, index=terms),
        vcov=pd.DataFrame(found.matrix, index=terms, columns=terms),
        nobs=equation.sample.nobs,
        df=float(found.df),
        sample=equation.sample.index,
        outcome=outcome,
        estimator="least squares",
        inference=found.words,
    )
    return fit.tidy().reset_index()
