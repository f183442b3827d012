"""First stage, reduced form and the tests that go with an instrumental estimate."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from urbanecon.estimation import covariance as cov
from urbanecon.estimation.fit import Diagnostic, Fit
from urbanecon.estimation.inference import Cluster, Crv3, Iid, Inference
from urbanecon.estimation.iv_equation import Equation, off
from urbanecon.estimation.iv_moments import moment_covariance
from urbanecon.estimation.least_squares import cross, orthogonal
from urbanecon.estimation.sample import Floats
from urbanecon.estimation.standard_errors import estimate_covariance

# The bias, as a share of the worst case, that the effective F is asked about.
TAU = 0.10
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


def first_stage_f(forms: ReducedForms) -> list[Diagnostic]:
    """Test for each endogenous regressor that no instrument moves it.

    The F test of iid errors (with several endogenous regressors too it is the
    plain one: low values are bad, high ones not enough), and the Wald test
    under the estimate's inference. As fixest's ivf and ivwald, but the
    denominator of the Wald test has the degrees of freedom of the inference
    (fixest: N - K).
    """
    found = []
    for j, name in enumerate(forms.equation.roles.endogenous, start=1):
        theta, v = forms.theta[:, j], forms.v[:, j]
        classic = float(np.sum(theta**2) / forms.q / (np.sum(v**2) / forms.df_rows))
        df = (float(forms.q), forms.df_rows)
        note = "iid errors; H0: no instrument moves it"
        found.append(Diagnostic(f"first-stage F, {name}", classic, df, f_law(classic, *df), note))
        if not isinstance(forms.how, Iid):
            robust, rank = wald(theta, forms.block(j))
            df = (float(rank), forms.df)
            note = "under the inference of the estimate"
            found.append(
                Diagnostic(f"first-stage Wald F, {name}", robust, df, f_law(robust, *df), note)
            )
    return found


def effective_f(forms: ReducedForms) -> Diagnostic:
    """Effective F of Montiel Olea and Pflueger (2013), one endogenous regressor.

    F_eff = theta'theta / tr(V_theta) in an orthonormal basis of the
    instruments. H0: the Nagar bias exceeds `TAU` of the worst case. The law
    under H0 is Patnaik's with K_eff degrees of freedom,
    K_eff = tr(V)^2 (1 + 2x) / (tr(V'V) + 2x tr(V) max eig V), x = 1 / TAU,
    the paper's simplified (conservative) critical value.
    """
    from scipy import stats

    v, x = forms.block(1), 1 / TAU
    trace = float(np.trace(v))
    statistic = float(np.sum(forms.theta[:, 1] ** 2)) / trace
    largest = float(np.linalg.eigvalsh(v)[-1])
    k = trace**2 * (1 + 2 * x) / (float(np.sum(v**2)) + 2 * x * trace * largest)
    critical = float(stats.ncx2.ppf(LEVEL, k, x * k)) / k
    p = float(stats.ncx2.sf(statistic * k, k, x * k))
    note = f"H0: bias above {TAU:.0%} of the worst case; 5% critical value {critical:.4g}"
    return Diagnostic("effective F", statistic, (k,), p, note)


def effective_f_critical(diagnostic: Diagnostic) -> float:
    """Return the 5 percent critical value of an effective F."""
    from scipy import stats

    (k,) = diagnostic.df
    return float(stats.ncx2.ppf(LEVEL, k, k / TAU)) / k


def rank_tests(forms: ReducedForms) -> list[Diagnostic]:
    """Rank tests of Kleibergen and Paap (2006): do instruments move X in all directions.

    The rk statistic tests that the smallest canonical correlation of X and Z is
    zero: the LM form with scores z x (chi-squared, q - p + 1), the Wald form
    with scores z v over q ("rk F"; no law of its own, with iid errors the F of
    Cragg and Donald 1993). Factors as first-stage regressions.
    """
    from scipy import stats

    p, q = len(forms.equation.roles.endogenous), forms.q
    root = np.linalg.inv(np.linalg.cholesky(cross(forms.net[:, 1:], forms.net[:, 1:])))
    theta = forms.theta[:, 1:] @ root.T
    left, _, right = np.linalg.svd(theta, full_matrices=True)
    select = np.kron(right[p - 1 :], left[:, p - 1 :].T)
    weak = select @ theta.ravel(order="F")
    turn = select @ np.kron(root, np.eye(q))

    def rk(v: Floats) -> float:
        statistic, rank = wald(weak, cov.symmetric(turn @ v @ turn.T))
        return statistic * rank

    lm = rk(forms.joint(forms.net[:, 1:]))
    f = rk(forms.vcov[q:, q:]) / q
    df = float(q - p + 1)
    iid = isinstance(forms.how, Iid)
    return [
        Diagnostic(
            "Anderson canonical correlation LM" if iid else "Kleibergen-Paap rk LM",
            lm,
            (df,),
            float(stats.chi2.sf(lm, df)),
            "H0: under-identified",
        ),
        Diagnostic(
            "Cragg-Donald F" if iid else "Kleibergen-Paap rk Wald F", f, note="no law of its own"
        ),
    ]


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
