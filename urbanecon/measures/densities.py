"""How the whole distribution of cities moves: kernel densities over time."""

from __future__ import annotations

import numpy as np
import pandas as pd

from urbanecon.errors import DataError
from urbanecon.measures.cells import Vector, by_year, complete_rows, require_panel_index


def density_by_year(
    values: pd.Series, weights: pd.Series | None = None, *, points: int = 200
) -> pd.DataFrame:
    """Gaussian kernel density of the cities for each year on one common grid.

    The bandwidth is Silverman's (1986, eq. 3.31) for each year,
    ``0.9 min(sd, IQR/1.34) n^(-1/5)``, sd alone where the IQR is zero. The grid
    reaches three of the largest bandwidths beyond the data, so that each column
    integrates to one to within 0.3%.

    Returns
    -------
    pd.DataFrame
        `points` rows indexed by value, one column a year.

    Raises
    ------
    DataError
        For a year in which all cities have the same value.
    """
    require_panel_index(values.index, str(values.name or "values"))
    y, w = complete_rows(values, weights)
    years = {
        year: (y.to_numpy()[at], w.to_numpy()[at] / w.to_numpy()[at].sum())
        for year, at in by_year(y.index)
    }
    width = {year: _bandwidth(x, f"{y.name} in {year}") for year, (x, _) in years.items()}
    reach = 3 * max(width.values())
    grid = np.linspace(y.min() - reach, y.max() + reach, points)
    columns = {
        year: np.exp(-0.5 * ((grid[:, None] - x) / width[year]) ** 2)
        @ p
        / (width[year] * np.sqrt(2 * np.pi))
        for year, (x, p) in years.items()
    }
    return pd.DataFrame(columns, index=pd.Index(grid, name=str(y.name))).rename_axis(
        columns="year"
    )


def _bandwidth(x: Vector, what: str) -> float:
    sd = float(x.std(ddof=1)) if len(x) > 1 else 0.0
    if sd == 0:
        raise DataError(f"{what}: one value only, so there is no density to draw.")
    lower, upper = np.percentile(x, [25, 75])
    iqr = float(upper - lower)
    spread = min(sd, iqr / 1.34) if iqr > 0 else sd
    return float(0.9 * spread * len(x) ** -0.2)
