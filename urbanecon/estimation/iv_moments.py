"""Covariance of the moments of an instrumental equation, without small-sample factors."""

from __future__ import annotations

import numpy as np

from urbanecon.estimation import covariance as cov
from urbanecon.estimation.inference import (
    Cluster,
    Conley,
    Crv3,
    DriscollKraay,
    Hetero,
    Iid,
    Inference,
    NeweyWest,
    variables_of,
)
from urbanecon.estimation.sample import EstimationSample, Floats


def moment_covariance(
    how: Inference, scores: Floats, residuals: Floats, sample: EstimationSample
) -> Floats:
    """Covariance of the sum of scores z_i e_i, l x l, without any small-sample factor.

    The jackknife has none; the clusters it leaves out take its place. Under iid
    errors the scores must be those of orthonormal instruments.
    """
    match how:
        case Iid():
            w = sample.weights
            e2 = residuals**2 if w is None else w * residuals**2
            return np.eye(scores.shape[1]) * float(np.sum(e2)) / sample.nobs
        case Hetero():
            return cov.meat_hetero(scores)
        case Cluster(by=by):
            meat = cov.meat_multiway(scores, [sample.codes[name] for name in by])
        case Crv3(by=one):
            meat = cov.meat_cluster(scores, sample.codes[one])
        case DriscollKraay() | NeweyWest():
            meat = _serial(how, scores, sample)
        case Conley():
            meat = _spatial(how, scores, sample)
    return cov.make_psd(cov.symmetric(meat))[0]


def _serial(how: DriscollKraay | NeweyWest, scores: Floats, sample: EstimationSample) -> Floats:
    period = sample.codes[how.time]
    lags = int((int(period.max()) + 1) ** 0.25) if how.lags is None else how.lags
    if isinstance(how, DriscollKraay):
        return cov.meat_driscoll_kraay(scores, period, lags)
    return cov.meat_newey_west(scores, sample.codes[how.unit], period, lags)


def _spatial(how: Conley, scores: Floats, sample: EstimationSample) -> Floats:
    latitude, longitude = (sample.column(name) for name in variables_of(how))
    one = np.zeros(sample.nobs, dtype=np.int64)
    period = one if how.time is None else sample.codes[how.time]
    meat = cov.meat_conley(
        scores, latitude, longitude, period, how.cutoff_km,
        kernel=how.kernel, radius_km=how.radius_km,
    )  # fmt: skip
    if how.lags:
        meat = meat + cov.meat_serial(scores, sample.codes[how.unit], period, how.lags)
    return meat
