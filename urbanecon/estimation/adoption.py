"""When units adopt a treatment, seen from the rows of a panel.

A panel is indexed by (unit, year), the first two index levels, whatever their
names. The first treated year is a column, constant within a unit and missing
for units that are never treated, so that another dating of a policy is another
column.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from urbanecon.errors import DataError, MissingColumnError, NotEstimableError, did_you_mean

NEVER = np.inf


def panel_keys(data: pd.DataFrame) -> tuple[str, str]:
    """Names of the first two index levels: unit and year.

    Raises
    ------
    DataError
        The index has fewer than two levels, or a level without a name.
    """
    names = data.index.names[:2]
    if len(names) < 2 or None in names:
        raise DataError(
            "the data must be indexed by unit and year, both named: "
            "data.set_index(['city', 'year'])"
        )
    unit, time = (str(name) for name in names)
    return unit, time


def first_years(data: pd.DataFrame, name: str) -> pd.Series:
    """First treated year by unit, from all rows of the data; infinite for the never treated.

    Raises
    ------
    MissingColumnError
        The data have no such column.
    DataError
        A value is no year, or a unit has more than one. Zero is no year: it stands
        for never treated in data made for other software, and is missing here.
    """
    if name not in data.columns:
        raise MissingColumnError(
            f"the data have no column {name!r}.{did_you_mean(name, data.columns)}"
        )
    given = data[name]
    numbers = pd.to_numeric(given, errors="coerce").astype(np.float64)
    years = numbers.to_numpy(dtype=np.float64, na_value=np.nan)
    text = numbers.isna().to_numpy() & given.notna().to_numpy()
    known = years[~np.isnan(years)]
    wrong = known[~np.isfinite(known) | (known != np.rint(known)) | (known == 0)]
    if text.any() or len(wrong):
        found = given.iloc[int(text.argmax())] if text.any() else f"{wrong[0]:g}"
        raise DataError(
            f"{name!r} holds {found!r}, which is not a year; expected the first treated year of "
            "each unit, missing for units never treated"
        )
    by_unit = pd.Series(np.where(np.isnan(years), NEVER, years), index=data.index)
    extremes = by_unit.groupby(level=0).agg(["min", "max"])
    changing = extremes.index[(extremes["min"] != extremes["max"]).to_numpy()]
    if len(changing):
        raise DataError(
            f"{name!r} changes within {data.index.names[0] or 'unit'} {changing[0]} (and in "
            f"{len(changing)} units in all); a cohort needs one first treated year a unit"
        )
    return extremes["min"]


def adoption_years(data: pd.DataFrame, first_treated: str) -> pd.Series:
    """First treated year of each row's unit, length N; infinite for the never treated.

    Raises
    ------
    MissingColumnError, DataError
        As `panel_keys` and `first_years`.
    NotEstimableError
        The column is missing everywhere.
    """
    panel_keys(data)
    first = first_years(data, first_treated)
    if not np.isfinite(first).any():
        raise NotEstimableError(f"{first_treated!r} is missing everywhere: nobody is treated")
    by_row = first.reindex(data.index.get_level_values(0)).to_numpy(dtype=np.float64)
    return pd.Series(by_row, index=data.index, name=first_treated)
