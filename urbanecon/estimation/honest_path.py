"""Event-study coefficients before and after adoption, as sensitivity analysis reads them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from urbanecon.errors import EstimationError, NotEstimableError
from urbanecon.estimation.event_study import term
from urbanecon.estimation.fit import Fit
from urbanecon.estimation.sample import Floats

_TERM = re.compile(r"t([+-]\d+)")


@dataclass(frozen=True, slots=True, eq=False)
class EventPath:
    """Leads and lags of one event study, the base year between them.

    Attributes
    ----------
    pre, post
        Relative years before and after the base, in increasing order,
        consecutive up to the base and from it.
    beta
        Coefficients of pre, then post.
    vcov
        Their covariance.
    """

    pre: tuple[int, ...]
    post: tuple[int, ...]
    beta: Floats
    vcov: Floats

    @property
    def after(self) -> slice:
        """Positions of the lags."""
        return slice(len(self.pre), len(self.beta))

    def effect(self, l_vec: Floats) -> tuple[float, float]:
        """Return l'b of the lags and its standard error."""
        value = float(np.sum(l_vec * self.beta[self.after]))
        half = np.einsum("i,ij->j", l_vec, self.vcov[self.after, self.after])
        return value, float(np.sqrt(np.sum(half * l_vec)))


def event_path(fit: Fit, base: int = -1) -> EventPath:
    """Read the terms "t-3", "t+0", ... of a fit.

    Raises
    ------
    NotEstimableError
        There is no lead or no lag, a relative year between the first and the
        last is missing, or the covariance is not positive definite.
    """
    found = [m for name in fit.params.index if (m := _TERM.fullmatch(str(name)))]
    years = sorted(int(m[1]) for m in found)
    pre, post = [y for y in years if y < base], [y for y in years if y > base]
    if not pre or not post:
        raise NotEstimableError(
            f"sensitivity analysis needs leads and lags around the base {base:+d}; the fit has "
            f"the terms {', '.join(map(term, years)) or '(none named t-2, t+0, ...)'}"
        )
    wanted = [y for y in range(pre[0], post[-1] + 1) if y != base]
    lacking = sorted(set(wanted) - set(years))
    if lacking or base in years:
        what = ", ".join(f"{y:+d}" for y in lacking)
        raise NotEstimableError(
            f"relative years must be consecutive around one base, {base:+d}: "
            + (f"missing {what}" if lacking else "the base has a coefficient")
        )
    terms = [term(y) for y in wanted]
    vcov = fit.vcov.loc[terms, terms].to_numpy(dtype=float)
    values = np.linalg.eigvalsh(vcov) if np.isfinite(vcov).all() else np.zeros(1)
    if values[0] <= 1e-12 * max(values[-1], 0.0):
        raise NotEstimableError(
            "the covariance of the event-study coefficients is not positive definite (fewer "
            "clusters than coefficients?); use fewer relative years or other errors"
        )
    return EventPath(
        pre=tuple(pre),
        post=tuple(post),
        beta=fit.params[terms].to_numpy(dtype=float),
        vcov=(vcov + vcov.T) / 2,
    )


def combination(path: EventPath, l_vec: Sequence[float] | None) -> Floats:
    """Weights of the lags; the first lag when None.

    Raises
    ------
    EstimationError
        Another number of weights than lags, or only zeros.
    """
    if l_vec is None:
        return np.asarray(np.eye(len(path.post))[0], dtype=np.float64)
    weights = np.asarray(l_vec, dtype=float)
    if weights.shape != (len(path.post),) or not np.isfinite(weights).all() or not weights.any():
        raise EstimationError(
            f"l_vec must hold {len(path.post)} finite weights, not all zero, one for each "
            f"relative year {', '.join(f'{y:+d}' for y in path.post)}; found {list(l_vec)}"
        )
    return weights
