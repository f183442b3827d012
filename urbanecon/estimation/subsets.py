"""Every subset of controls from one reduction of the data.

The levels of the effects are swept out of the moments once, and every subset is
solved by `subset_sweeps`. With a the row of the bread that belongs to the
treatment, zero outside of the subset, and b = (1, -coefficients), the score of a
cluster for the treatment is a'C_g b: for all clusters and subsets one matrix
product.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationError
from urbanecon.estimation.blocked_products import product
from urbanecon.estimation.cluster_products import Moments
from urbanecon.estimation.sample import Codes, Floats, Mask
from urbanecon.estimation.subset_sweeps import Sweeps, sweep_subsets

MOST_CONTROLS = 20
"""Controls up to which all subsets are enumerated: a million."""
CHUNK = 4096
"""Subsets whose scores are held at once: ten megabytes for 300 clusters."""


@dataclass(frozen=True, slots=True, eq=False)
class Swept:
    """Moments without levels, and the sums of squares of the variables before.

    Attributes
    ----------
    moments
        With no level left among the columns.
    before
        Diagonal of the cross products with the levels still in, length V: what
        the effects leave of a variable is compared with these.
    """

    moments: Moments
    before: Floats


def all_subsets(controls: int) -> Mask:
    """Membership of each control in each of the 2^C subsets, 2^C x C, none first.

    Raises
    ------
    EstimationError
        More than `MOST_CONTROLS` controls.
    """
    if controls > MOST_CONTROLS:
        raise EstimationError(
            f"{controls} controls have 2^{controls} subsets; at most {MOST_CONTROLS} controls "
            "are enumerated. Draw subsets at random and pass them"
        )
    number = np.arange(2**controls)[:, None]
    return np.asarray(number >> np.arange(controls)[::-1] & 1, dtype=bool)


def control_subsets(
    moments: Moments,
    outcome: str,
    treatment: str,
    controls: Sequence[str],
    *,
    subsets: Mask | None = None,
) -> pd.DataFrame:
    """Estimate the coefficient of the treatment with each subset of the controls.

    The rows are those of the moments for all subsets. Errors are clustered by
    the clusters of the moments: CRV1 with factor G/(G-1) (N-1)/(N-K), K as
    fixest counts it, p from t(G-1).

    Parameters
    ----------
    moments
        Of a pass that read outcome, treatment and controls.
    outcome, treatment, controls
        Names of variables of the moments.
    subsets
        S x C, whether each control is in; default all 2^C (`all_subsets`).

    Returns
    -------
    DataFrame
        One row a subset: a boolean column a control, then `estimate`, `se`, `t`,
        `p`, `n`, `n_clusters`, `treatment_sd` and `outcome_sd` (standard
        deviations within the effects), `reason`. Where the controls of a subset
        are collinear, or leave no degrees of freedom, the numbers are missing
        and `reason` says why.

    Raises
    ------
    UnknownNameError
        A name is not among the variables of the moments.
    NotEstimableError
        Outcome or treatment does not vary within the effects.
    EstimationError
        A name is given twice, `subsets` does not have C columns, or there is
        only one cluster.
    """
    return estimate_subsets(without_levels(moments), outcome, treatment, controls, subsets=subsets)


def without_levels(moments: Moments) -> Swept:
    """Sweep the levels out of moments, once for all outcomes and treatments in them."""
    at = list(range(len(moments.variables)))
    return Swept(moments.sweep(), np.einsum("gii->i", moments.cross)[at])


def estimate_subsets(
    swept: Swept,
    outcome: str,
    treatment: str,
    controls: Sequence[str],
    *,
    subsets: Mask | None = None,
) -> pd.DataFrame:
    """As `control_subsets`, from moments whose levels are out already."""
    moments, names = swept.moments, (treatment, *controls, outcome)
    _refuse_repeated(names)
    clusters = len(moments.clusters)
    if clusters < 2:
        raise EstimationError(
            f"all {moments.nobs} rows lie in one cluster of {moments.by!r}; clustered errors "
            "need at least two, and many to be trusted"
        )
    member = _membership(subsets, len(controls))
    at = np.array(moments.positions(names))
    cross = moments.cross[:, at[:, None], at]
    gram = cross.sum(axis=0)
    sweeps = sweep_subsets(gram, swept.before[at], member, names, moments.effects)
    df = moments.nobs - moments.absorbed - 1 - member.sum(axis=1)
    factor = clusters / (clusters - 1) * (moments.nobs - 1) / np.where(df > 0, df, 1)
    reason = _reasons(sweeps.failed, df, controls)
    spread = np.sqrt(gram.diagonal() / moments.nobs)
    se = np.sqrt(_squared_scores(cross, sweeps) * factor)
    columns = {
        **dict(zip(controls, member.T, strict=True)),
        **inference(sweeps.params[:, 0], se, clusters, reason == ""),
        "n": moments.nobs,
        "n_clusters": clusters,
        "treatment_sd": spread[0],
        "outcome_sd": spread[-1],
        "reason": reason,
    }
    return pd.DataFrame(columns)


def _membership(subsets: Mask | None, controls: int) -> Mask:
    if subsets is None:
        return all_subsets(controls)
    member = np.asarray(subsets, dtype=bool)
    if member.ndim != 2 or member.shape[1] != controls:
        raise EstimationError(
            f"subsets must have one column for each of the {controls} controls; found "
            f"an array of shape {member.shape}"
        )
    return member


def inference(
    estimate: Floats, se: Floats, clusters: int, usable: Mask | None = None
) -> dict[str, Floats]:
    """Columns `estimate`, `se`, `t` and `p` from t(G-1); missing where not `usable`."""
    from scipy.special import stdtr

    kept = np.ones(estimate.shape, dtype=bool) if usable is None else usable
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(kept, estimate / se, np.nan)
    return {
        "estimate": np.where(kept, estimate, np.nan),
        "se": np.where(kept, se, np.nan),
        "t": t,
        "p": np.asarray(2 * stdtr(clusters - 1, -np.abs(t))),
    }


def _squared_scores(cross: Floats, swept: Sweeps) -> Floats:
    """Sum over clusters of (a'C_g b)^2 for each subset, length S."""
    clusters, width = cross.shape[:2]
    flat = cross[:, :-1, :].reshape(clusters, (width - 1) * width)
    out = np.empty(len(swept.params))
    for start in range(0, len(out), CHUNK):
        here = slice(start, start + CHUNK)
        residual = np.column_stack([-swept.params[here], np.ones(len(swept.params[here]))])
        products = swept.bread[here, :, None] * residual[:, None, :]
        scores = product(products.reshape(len(residual), -1), flat.T)
        out[here] = np.einsum("sg,sg->s", scores, scores)
    return out


def _reasons(failed: Codes, df: Codes, controls: Sequence[str]) -> np.ndarray:
    """Why a subset has no estimate, empty where it has one."""
    words = np.array(
        [
            "",
            *(
                f"{name} is collinear with the effects, the treatment or the controls before it"
                for name in controls
            ),
        ],
        dtype=object,
    )
    reason = words[failed + 1]
    reason[(df <= 0) & (failed < 0)] = "no residual degrees of freedom"
    return reason


def _refuse_repeated(names: Sequence[str]) -> None:
    repeated = [name for name in names if list(names).count(name) > 1]
    if repeated:
        raise EstimationError(
            f"{repeated[0]!r} stands more than once among outcome, treatment and controls"
        )
