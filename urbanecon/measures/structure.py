"""Industrial structure: its upgrading and its rationalisation."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd

from urbanecon.errors import DataWarning
from urbanecon.measures.cells import as_series, list_cells

RANKS = (1.0, 2.0, 3.0)
"""Weights of the primary, secondary and tertiary sector in the upgrading index."""


def upgrading(primary: pd.Series, secondary: pd.Series, tertiary: pd.Series) -> pd.Series:
    """Industrial structure upgrading, from 1 (all primary) to 3 (all tertiary).

    ``sum_i i * v_i / (v_1 + v_2 + v_3)``, i = 1, 2, 3 (Xu Min and Jiang Yong
    2015, Journal of Quantitative and Technical Economics 32(3)). Shares are of
    the sum of the three sectors, not of published GDP, so that they add up to
    one whatever the rounding.

    Parameters
    ----------
    primary, secondary, tertiary
        Value added by sector, same unit and index.

    Returns
    -------
    pd.Series
        The index; missing where a sector is missing or negative, or all are zero.

    Warns
    -----
    DataWarning
        For negative value added; the message names the cells.
    """
    shares = sector_shares((primary, secondary, tertiary))
    return pd.Series(shares.to_numpy() @ np.array(RANKS), index=shares.index, name="upgrading")


def rationalisation(
    value_added: Sequence[pd.Series], employment: Sequence[pd.Series]
) -> pd.Series:
    """Theil index of structural deviation: zero when labour sits where value is made.

    ``sum_i (Y_i/Y) ln[(Y_i/Y) / (L_i/L)]`` (Gan Chunhui, Zheng Ruogu and Yu
    Dianfan 2011, Jingji Yanjiu 46(5)). It is never negative; a larger value is
    a less rational structure. A sector without value added contributes zero, the
    limit; one with value added but no employees has no index.

    Yearbook employment counts staff of urban units, which leaves most farmers
    out: with it the primary share is far too small and the index too large. Use
    employment of the whole society where there is any.

    Parameters
    ----------
    value_added, employment
        Sectors in the same order, each a Series on the same index.

    Returns
    -------
    pd.Series
        The index; missing where an input is missing or negative.

    Warns
    -----
    DataWarning
        For negative inputs, and for value added without employees.
    """
    if len(value_added) != len(employment):
        raise ValueError(f"{len(value_added)} sectors of value added, {len(employment)} of staff")
    y, staff = sector_shares(value_added), sector_shares(employment)
    made, manned = y.to_numpy(), staff.reindex(y.index).to_numpy()
    unmanned = ((made > 0) & (manned == 0)).any(axis=1)
    if unmanned.any():
        cells = list_cells(y.index[unmanned])
        warnings.warn(
            f"rationalisation: value added without employees at {cells}; left missing.",
            DataWarning,
            stacklevel=2,
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(made == 0, 0.0, made * np.log(made / manned))
    index = np.where(unmanned | np.isnan(manned).any(axis=1), np.nan, terms.sum(axis=1))
    return pd.Series(index, index=y.index, name="rationalisation")


def sector_shares(sectors: Sequence[pd.Series]) -> pd.DataFrame:
    """Shares of each sector in the sum of all, one column a sector, rows adding up to one.

    A row with a missing or negative sector, or a sum of zero, is missing as a
    whole: the remaining shares would be shares of something else.
    """
    parts = [as_series(sector, f"sector {i}") for i, sector in enumerate(sectors, start=1)]
    for part in parts:
        negative = part < 0
        if negative.any():
            cells = list_cells(part.index[negative])
            warnings.warn(
                f"{part.name}: negative at {cells}; the structure of these cells is left missing.",
                DataWarning,
                stacklevel=3,
            )
    table = pd.concat(parts, axis=1, keys=range(1, len(parts) + 1))
    total = table.sum(axis=1, skipna=False)
    usable = (table >= 0).all(axis=1) & (total > 0)
    return table.div(total, axis=0).where(usable)
