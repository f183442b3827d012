"""Anybody's panel as observations: what its columns are is inferred, and stated.

Long panels (one row a city-year), long lists (one row a cell), wide tables
(one column a year, or a variable-year) and tables with one column a city are
understood. The units are cities where their names or codes say so, and
whatever the file calls them otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from urbanecon.cleaning.observations import Flag
from urbanecon.errors import DataError
from urbanecon.intake.cities import match_exact
from urbanecon.intake.melting import melt
from urbanecon.intake.roles import find_roles
from urbanecon.intake.sheets import RawSheet
from urbanecon.intake.variables import Reading, read_variable

CITIES = 0.8
"""Share of the different names that must be known cities for the units to be cities."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A file's cells and everything that was inferred about them.

    Attributes
    ----------
    observations
        `city`, `year`, `variable`, `value`, `source`, `flag`, and where the
        value stands: `sheet`, `row`, `column`.
    names
        How the file writes each unit, by `city`.
    readings
        How each variable was read.
    inferred
        Sentences.
    texts
        Cells of number columns that hold text: `city`, `year`, `variable`,
        `text`, `sheet`, `row`, `column`.
    """

    observations: pd.DataFrame
    names: dict[str, str]
    readings: tuple[Reading, ...]
    inferred: tuple[str, ...]
    texts: pd.DataFrame


def read_panel(sheets: Sequence[RawSheet], path: Path, *, unit: str = "", year: str = "") -> Panel:
    """Return the observations of all sheets that hold a panel.

    Parameters
    ----------
    sheets
        Sheets of the file.
    path
        Its path; the name may give the year or the variable.
    unit, year
        Headers, where the user names them.

    Raises
    ------
    DataError
        If no sheet shows which unit and which year its cells are about, or none
        holds a number.
    MissingColumnError
        If a header that the user names is absent.
    """
    inferred: list[str] = []
    problems: list[str] = []
    parts: list[pd.DataFrame] = []
    labels: dict[str, str] = {}
    for sheet in sheets:
        place = f"sheet {sheet.name!r}: " if sheet.name else ""
        try:
            roles = find_roles(sheet, unit=unit, year=year)
            cells, notes = melt(sheet, roles, path)
        except DataError as error:
            problems.append(f"{place or path.name + ': '}{error}")
            continue
        parts.append(cells)
        labels |= sheet.labels
        inferred += [f"{place}{note}" for note in (*sheet.notes, *roles.notes, *notes)]
    if not parts:
        raise DataError("; ".join(problems))
    cells = parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)
    if cells["value"].isna().all():
        raise DataError(f"{path.name}: no cell below the headers holds a number.")
    return _panel(cells, labels, [*inferred, *(f"set aside {one}" for one in problems)], path)


def _panel(cells: pd.DataFrame, labels: dict[str, str], inferred: list[str], path: Path) -> Panel:
    """Name cities and variables, convert units, and set aside what has no unit or year."""
    for name in ("unit", "header", "column"):
        cells[name] = cells[name].astype("category")
    lost = cells["unit"].isna() | cells["year"].isna()
    if lost.any():
        rows = cells.loc[lost, ["sheet", "row"]].drop_duplicates()
        inferred.append(
            f"{len(rows)} rows name no unit or no year and are not audited, the first is row "
            f"{rows['row'].iloc[0]}"
        )
        cells = cells[~lost]
    city, said = _cities(cells)
    readings = _readings(cells, labels)
    headers = cells["header"].cat.categories
    variables = pd.Categorical.from_codes(
        cells["header"].cat.codes, pd.Index([readings[header].variable for header in headers])
    )
    factors = np.array([readings[header].factor for header in headers])
    table = pd.DataFrame(
        {
            "city": pd.Series(city.to_numpy(), dtype="str"),
            "year": cells["year"].to_numpy().astype("int64"),
            "variable": pd.Series(variables.astype("str"), dtype="str"),
            "value": cells["value"].to_numpy() * factors[cells["header"].cat.codes],
            "text": cells["text"].to_numpy(dtype="object"),
            "sheet": cells["sheet"].to_numpy(),
            "row": cells["row"].to_numpy(),
            "column": pd.Series(cells["column"].astype("str").to_numpy(), dtype="str"),
        }
    )
    written = pd.Series(cells["unit"].astype("str").to_numpy(), dtype="str")
    words = table["text"].notna()
    observations = table[~words].drop(columns="text").assign(source=path.stem, flag=str(Flag.OK))
    return Panel(
        observations.reset_index(drop=True),
        _names(table["city"], written),
        tuple(readings.values()),
        (*inferred, said),
        table[words].drop(columns="value").reset_index(drop=True),
    )


def _names(city: pd.Series, written: pd.Series) -> dict[str, str]:
    pairs = pd.DataFrame({"city": city, "written": written}).drop_duplicates("city")
    return dict(zip(pairs["city"], pairs["written"], strict=True))


def _cities(cells: pd.DataFrame) -> tuple[pd.Series, str]:
    """Return the key of each cell's unit, and what was inferred about the units."""
    pairs = cells[["unit", "home"]].drop_duplicates().dropna(subset="unit")
    homes = dict(zip(pairs["unit"], pairs["home"], strict=True))
    keys = {
        str(unit): match_exact(unit, "" if pd.isna(home) else str(home)).city
        for unit, home in homes.items()
    }
    known = sum(map(bool, keys.values()))
    if known < CITIES * len(keys):
        said = f"{len(keys)} units, taken as the file names them; {known} are names of cities"
        keys = dict.fromkeys(keys, "")
    else:
        unknown = [unit for unit, key in keys.items() if not key]
        said = f"{known} of {len(keys)} units are known cities"
        said += f"; taken as they are: {unknown[:10]}" if unknown else ""
    categories = cells["unit"].cat.categories
    named = np.array([keys.get(str(unit)) or str(unit) for unit in categories], dtype="object")
    return pd.Series(named[cells["unit"].cat.codes], index=cells.index), said


def _readings(cells: pd.DataFrame, labels: dict[str, str]) -> dict[str, Reading]:
    """Reading of every header, in the order of the file."""
    readings: dict[str, Reading] = {}
    values = dict(iter(cells.groupby("header", observed=False, sort=False)["value"]))
    for header in cells["header"].cat.categories:
        taken = {reading.variable for reading in readings.values()}
        readings[header] = read_variable(
            header, values[header].to_numpy(), label=labels.get(header, ""), taken=taken
        )
    return readings
