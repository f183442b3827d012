"""Which cells of the panel as published each cell of a joined unit is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from urbanecon.cleaning.codebook import Variable, load_codebook
from urbanecon.cleaning.panel import CellKey, Panel

Joining = Literal["sum", "mean", "largest", "none"]

WEIGHT = "population"
"""Residents weigh the averages over members."""

ONE_MAP = frozenset(
    {
        "census_2010_2020", "co2_county", "co2_edgar", "landcover", "light_inequality", "npp",
        "ntl_class", "ntl_sum", "pm25_chap", "pm25_wiebe", "pop_grid",
    }
)  # fmt: skip
"""Sources that cut all years along one map of cities: their borders never move."""


def joining(variable: Variable) -> Joining:
    """How the values of the members become that of the group (see `boundaries`)."""
    if variable.constant or variable.level == "nation":
        return "largest"
    per_person = " per " in variable.unit or variable.unit == "ug/m3"
    if variable.kind == "share" or per_person:
        return "mean"
    return "sum" if variable.kind in ("stock", "flow") else "none"


@dataclass(frozen=True, slots=True)
class Joins:
    """Which cells of the panel as published each cell of a joined unit is made from.

    Attributes
    ----------
    published
        The panel as published.
    inside
        Its rows of the members, columns that were read.
    members
        What `groups` returns.
    sources
        Source of each variable.
    """

    published: Panel
    inside: pd.DataFrame
    members: pd.DataFrame
    sources: Mapping[str, str]

    def unit_of(self, city: str) -> str:
        """Return the key of the unit that a city is part of; its own if of none."""
        group = self.members.loc[self.members["city"] == city, "group"]
        return str(group.iloc[0]) if len(group) else city

    def members_of(self, unit: str) -> tuple[str, ...]:
        """Return the cities of a unit, none if it was not joined."""
        return tuple(self.members.loc[self.members["group"] == unit, "city"])

    def name_of(self, unit: str) -> str:
        """Return the names of the members of a unit, with its key."""
        return f"{self.members.loc[self.members['group'] == unit, 'label_zh'].iloc[0]} ({unit})"

    def values(self, name: str) -> pd.DataFrame:
        """Values of one variable, members in rows, years in columns."""
        return self.inside[name].unstack("year").reindex(self.members["city"].to_list())

    def needed(self, name: str, values: pd.DataFrame) -> pd.DataFrame:
        """Which member is asked for one of the `values` of a variable in which year."""
        return _needed(values, self.members, self.sources.get(name, ""))

    def below(self, variable: str, unit: str, year: int) -> tuple[str, tuple[CellKey, ...]]:
        """Return how a cell of a joined unit is made, in words, and from which cells."""
        how = joining(load_codebook()[variable])
        if how == "largest":
            return f"that of the largest member of {unit}", ((variable, unit, year),)
        if how == "none":
            return "missing: those of the members do not add up to one of the unit", ()
        asked = self.needed(variable, self.values(variable))[year]
        index = self.published.data.index
        cities = [city for city in self.members_of(unit) if asked[city] and (city, year) in index]
        if how == "sum":
            return "sum over members", tuple((variable, city, year) for city in cities)
        return f"mean over members, weighted by {WEIGHT}", tuple(
            (name, city, year) for city in cities for name in (variable, WEIGHT)
        )


def _needed(values: pd.DataFrame, members: pd.DataFrame, source: str) -> pd.DataFrame:
    """Which member is asked for a value in which year."""
    first = members["needed_from"].astype("float64").fillna(-float("inf")).to_numpy()
    last = members["needed_until"].astype("float64").fillna(float("inf")).to_numpy()
    years = values.columns.to_numpy(dtype="float64")
    needed = (years >= first[:, None]) & (years <= last[:, None])
    if source in ONE_MAP:
        ended = members["needed_until"].notna().to_numpy()
        needed &= ~(ended & values.isna().all(axis=1).to_numpy())[:, None]
    return pd.DataFrame(needed, index=values.index, columns=values.columns)
