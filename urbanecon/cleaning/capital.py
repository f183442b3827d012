"""The capital stock by perpetual inventory, where investment is given.

    K_t = (1 - d) K_{t-1} + I_t / P_t

from gross fixed capital formation I in current prices and a price index P
(Goldsmith 1951). City figures of investment begin in 2006, so that much of the
stock of the first years is the assumption on the initial stock: its share is
returned beside the stock.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd

from urbanecon.cleaning.panel import CellKey, Derivation
from urbanecon.errors import DataError, DataWarning

Initial = Literal["steady_state", "tenth"]

ZHANG_2004 = 0.096
"""Depreciation rate of Zhang Jun, Wu Guiying and Zhang Jipeng (2004), Economic
Research Journal (10): 35-44; the usual one for Chinese provinces and cities."""

SHAN_2008 = 0.1096
"""Depreciation rate of Shan Haojie (2008), Journal of Quantitative & Technical
Economics 25(10): 17-31; the higher alternative."""

WANG_FAN_2000 = 0.05
"""Depreciation rate of Wang Xiaolu and Fan Gang (2000), Sustainability of China's
Economic Growth; the lower alternative."""

TENTH = 0.1
"""Young (2003, Journal of Political Economy 111(6): 1220-1261) and Zhang et al. (2004)
divide the first year's investment by ten percent."""

GROWTH_YEARS = 5
"""Years after the first over which the growth of real investment is averaged for
the steady state: shorter and one project decides, longer and later booms enter."""


def perpetual_inventory(
    real_investment: pd.Series,
    *,
    depreciation: float = ZHANG_2004,
    initial: Initial = "steady_state",
) -> pd.DataFrame:
    """Accumulate investment into a capital stock at constant prices.

    Parameters
    ----------
    real_investment
        Indexed (city, year), yuan of one base year (see `prices.deflate`). The
        stock begins in the first year with positive investment and ends before
        the first year without a figure: a gap is not bridged.
    depreciation
        Annual rate d, in (0, 1).
    initial
        First year's stock: ``steady_state``, I_0 / (g + d) with g the mean
        growth of the city's real investment over `GROWTH_YEARS` years
        (Harberger 1978; Hall and Jones 1999); ``tenth``, I_0 / 0.1.

    Returns
    -------
    DataFrame
        Indexed as `real_investment`: `capital` (yuan of the base year) and
        `initial_share`, the part of it that is left of the initial stock.

    Raises
    ------
    DataError
        If the rate is outside (0, 1), the rule unknown, or an investment is
        negative (the message names city and year).
    """
    if not 0 < depreciation < 1:
        raise DataError(f"The depreciation rate is {depreciation}; expected between 0 and 1.")
    if initial not in ("steady_state", "tenth"):
        raise DataError(f"The rule {initial!r} is unknown; expected 'steady_state' or 'tenth'.")
    negative = real_investment[real_investment < 0]
    if len(negative):
        city, year = negative.index[0]
        raise DataError(
            f"Investment of {city} in {year} is {negative.iloc[0]:g}; expected none below zero."
        )
    real = real_investment.unstack(level=1).sort_index(axis=1)
    running = _running(real)
    start = _initial_stock(real, running, depreciation, initial)
    return _accumulate(real.where(running), start, depreciation, real_investment)


def _running(real: pd.DataFrame) -> pd.DataFrame:
    """Years from the first positive investment to the first gap after it."""
    begun = (real > 0).cummax(axis=1)
    broken = (begun & real.isna()).cummax(axis=1)
    return begun & ~broken


def _initial_stock(
    real: pd.DataFrame, running: pd.DataFrame, depreciation: float, initial: Initial
) -> pd.Series:
    """Stock of the first year, by city; missing where the rule gives none."""
    usable = real.where(running)
    first = usable.bfill(axis=1).iloc[:, 0] if usable.shape[1] else pd.Series(dtype="float64")
    if initial == "tenth":
        return first / TENTH
    position = running.cumsum(axis=1).where(running) - 1
    later = usable.where((position >= 1) & (position <= GROWTH_YEARS) & (usable > 0))
    at = position.where(later.notna()).max(axis=1)
    last = usable.where(position.eq(at, axis=0)).max(axis=1)
    growth = (last / first) ** (1 / at) - 1
    rate = growth + depreciation
    shrinking = rate.index[first.notna() & ~(rate > 0)]
    if len(shrinking):
        warnings.warn(
            f"No initial capital stock for {', '.join(map(str, shrinking[:5]))} "
            f"({len(shrinking)} cities): investment is given for one year only, or falls faster "
            "than capital wears out. Use initial='tenth' to keep them.",
            DataWarning,
            stacklevel=3,
        )
    return first / rate.where(rate > 0)


def _accumulate(
    flows: pd.DataFrame, start: pd.Series, depreciation: float, like: pd.Series
) -> pd.DataFrame:
    stocks, remains = {}, {}
    stock = pd.Series(np.nan, index=flows.index)
    left = pd.Series(np.nan, index=flows.index)
    for year in flows.columns:
        new = stock.isna() & flows[year].notna()
        stock = ((1 - depreciation) * stock + flows[year]).mask(new, start)
        left = ((1 - depreciation) * left).mask(new, start)
        stocks[year], remains[year] = stock, left / stock
    columns = {
        "capital": pd.DataFrame(stocks, index=flows.index).stack(),
        "initial_share": pd.DataFrame(remains, index=flows.index).stack(),
    }
    return pd.DataFrame(columns).reindex(like.index)


def _real(investment: pd.Series, prices: pd.Series) -> pd.Series:
    return investment / prices


def _capital(investment: pd.Series, prices: pd.Series) -> pd.Series:
    return perpetual_inventory(_real(investment, prices))["capital"]


def _years_below(columns: Mapping[str, pd.Series], city: str, year: int) -> list[CellKey]:
    """Investment and prices of every year that a stock rests on.

    From the first year on to its own; the stocks of the first years also rest on
    the years after them whose growth gives the initial stock.
    """
    own = _real(*(columns[name].xs(city, level=0) for name in INPUTS)).sort_index()
    running = _running(own.to_frame().T).T.iloc[:, 0]
    years = own.index[running.to_numpy()]
    for_growth = years[: GROWTH_YEARS + 1]
    kept = [other for other in years if other <= year or other in for_growth]
    return [(name, city, int(other)) for name in INPUTS for other in kept]


INPUTS = ("gfcf", "price_index")

CAPITAL = Derivation("capital", INPUTS, _capital, reads=_years_below)
"""The stock as a column of the panel, in the prices of the base of `price_index`:
`ZHANG_2004`, steady state. It rests on investment of all years up to its own, and
of the first `GROWTH_YEARS` after the first."""
