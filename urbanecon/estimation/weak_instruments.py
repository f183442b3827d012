"""Whether instruments are strong enough: first-stage F, effective F and rank tests."""

from __future__ import annotations

import numpy as np

from urbanecon.estimation import covariance as cov
from urbanecon.estimation.fit import Diagnostic
from urbanecon.estimation.inference import Iid
from urbanecon.estimation.iv_diagnostics import LEVEL, ReducedForms, f_law, wald
from urbanecon.estimation.least_squares import cross
from urbanecon.estimation.sample import Floats

# The bias, as a share of the worst case, that the effective F is asked about.
TAU = 0.10


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
