"""Likelihood ratio tests of the restrictions that a spatial panel model relaxes."""

from __future__ import annotations

import math

import numpy as np

from urbanecon.errors import EstimationError
from urbanecon.estimation.fit import Diagnostic
from urbanecon.estimation.spatial_basis import products
from urbanecon.estimation.spatial_design import Kind, SpatialDesign
from urbanecon.estimation.spatial_impacts import RHO
from urbanecon.estimation.spatial_likelihood import Maximum, Multiplier, maximise
from urbanecon.estimation.spatial_profile import ErrorProfile, Profile
from urbanecon.estimation.spatial_sample import lag_name

LAMBDA = "lambda"


def ratio_tests(
    design: SpatialDesign, kind: Kind, maximum: Maximum, at: Multiplier, durbin: bool
) -> tuple[Diagnostic, ...]:
    """Tests of no spatial parameter and, for the SDM, of SAR (c = 0) and SEM (c = -rb).

    The statistic is twice the gap in log-likelihood, chi-squared with one degree
    of freedom a restriction (Elhorst 2014, section 2.2 and 3.3).

    Parameters
    ----------
    maximum, at
        Where the likelihood of the unrestricted model is largest, and what is
        known of W near that point.
    durbin
        Whether it is the SDM.
    """
    n = design.observations
    squares = float(np.sum(design.basis.residual**2))
    none = float(-n / 2 * (np.log(2 * np.pi * squares / n) + 1))
    name = RHO if kind == "lag" else LAMBDA
    tests = [_ratio(f"LR test of no spatial dependence ({name} = 0)", maximum, none, 1)]
    if not (durbin and any(design.lags)):
        return tuple(tests)
    sar = design.profile("lag", design.lags.count(False))
    tests.append(_against("SAR (no lagged regressors)", sar, design, maximum, at))
    if design.nests_error_model:
        sem = _common_factor(design)
        tests.append(_against("SEM (common factor)", sem, design, maximum, at))
    return tuple(tests)


def _against(
    words: str, profile: Profile, design: SpatialDesign, maximum: Maximum, at: Multiplier
) -> Diagnostic:
    """Test of the SDM against a model without lagged regressors.

    That the restricted model has no maximum inside the interval is no fault of
    the SDM: the test is then missing, with the reason.
    """
    name, n = f"LR test of SDM against {words}", design.observations
    restrictions = design.lags.count(True)
    try:
        restricted = maximise(profile, design.jacobian, n, at)
    except EstimationError as error:
        return Diagnostic(name, math.nan, (restrictions,), math.nan, note=str(error))
    return _ratio(name, maximum, restricted.loglik, restrictions)


def _common_factor(design: SpatialDesign) -> Profile:
    """Profile of the SEM that the SDM nests.

    The lags of its columns are columns of the SDM where none was dropped, so that
    coordinates in the basis of the SDM say all.
    """
    k, basis = design.lags.count(False), design.basis
    if [lag_name(name) for name in design.terms[:k]] != design.terms[k:]:
        return design.profile("error", k)
    coordinates, residuals = design.outcomes
    (a, b), (_, c) = products(residuals, residuals)
    # by hand, as with equal weights Wy is a multiple of y and nothing is left of it
    corner = np.array([[a, b], [0.0, np.sqrt(max(a * c - b**2, 0.0))]]) / np.sqrt(a)
    outcomes = np.concatenate([coordinates, corner])
    regressors = np.concatenate([basis.triangle, np.zeros((2, 2 * k))])
    # a basis of X and what it leaves of y cost fewest digits
    inverse = np.linalg.inv(basis.triangle[:k, :k])
    turn = np.eye(1 + k)
    turn[1:, 1:], turn[1:, 0] = inverse, -inverse @ coordinates[:k, 0]
    z = np.column_stack([outcomes[:, 0], regressors[:, :k]]) @ turn
    lagged = np.column_stack([outcomes[:, 1], regressors[:, k:]]) @ turn
    return ErrorProfile.of_coordinates(z, lagged)


def _ratio(name: str, full: Maximum, restricted: float, df: int) -> Diagnostic:
    from scipy.special import chdtrc

    statistic = max(2 * (full.loglik - restricted), 0.0)
    return Diagnostic(name, statistic, (df,), float(chdtrc(df, statistic)), "chi-squared")
