"""Which industries a shift-share estimate rests on: Rotemberg weights."""

from __future__ import annotations

import numpy as np
import pandas as pd

from urbanecon.estimation.exposure_errors import NetEquation


def rotemberg(net: NetEquation, components: pd.DataFrame) -> pd.DataFrame:
    """Weights and just-identified estimates of each industry.

    b = sum_k alpha_k beta_k with alpha_k = z_k'x / z'x and beta_k = z_k'y / z_k'x,
    z_k = s_k g_k the component of industry k and x, y net of controls
    (Goldsmith-Pinkham, Sorkin and Swift 2020; over periods summed). Weights sum
    to one; negative ones rule out reading b as a mean of effects.

    Returns
    -------
    Columns alpha, beta (missing where alpha is zero), contribution alpha beta;
    by industry, the largest |alpha| first.
    """
    z = components.to_numpy(dtype=float)
    on_x = np.einsum("nk,n->k", z, net.weighted(net.x))
    on_y = np.einsum("nk,n->k", z, net.weighted(net.y))
    total = float(on_x.sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        beta = np.where(on_x != 0, on_y / on_x, np.nan)
    table = pd.DataFrame(
        {"alpha": on_x / total, "beta": beta, "contribution": on_y / total},
        index=components.columns.rename(components.columns.name or "industry"),
    )
    order = table["alpha"].abs().sort_values(ascending=False, kind="stable").index
    return table.loc[order]


def summary_of_weights(weights: pd.DataFrame, size: float) -> dict[str, float]:
    """Scalars of a table of weights, beside the effective number of shocks `size`."""
    alpha = weights["alpha"]
    return {
        "effective_shocks": size,
        "negative_weight": float(alpha[alpha < 0].sum()),
        "negative_share": float(alpha[alpha < 0].abs().sum() / alpha.abs().sum()),
        "top_five_share": float(alpha.abs().head(5).sum() / alpha.abs().sum()),
    }
