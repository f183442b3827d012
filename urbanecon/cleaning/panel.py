"""From observations to the city-year panel, with the lineage of every cell.

The panel is assembled by a stated rule: each variable is read, year by year,
from the first of its codebook sources that gives it, and a cell enters the panel if its flag is
among the admitted ones. Cells that are not admitted stay in the lineage table
with their value and flag; nothing is filled in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Protocol

import pandas as pd

from urbanecon.cleaning.codebook import Codebook, load_codebook
from urbanecon.cleaning.derivation import CellKey, Derivation
from urbanecon.cleaning.divisions import NATION, load_divisions
from urbanecon.cleaning.lineage import Lineage, Walk
from urbanecon.cleaning.observations import Flag
from urbanecon.errors import DataError, UnknownNameError, did_you_mean

__all__ = [
    "ADMITTED",
    "FIRST_YEAR",
    "LAST_YEAR",
    "NATION",
    "CellKey",
    "Derivation",
    "Joined",
    "Lineage",
    "Panel",
    "build_panel",
]

FIRST_YEAR, LAST_YEAR = 2000, 2024

ADMITTED = frozenset(
    {
        Flag.OK,
        Flag.DERIVED,
        Flag.OUTLIER,
        Flag.BOUNDARY_BREAK,
        Flag.INTERPOLATED,
        Flag.EXTRAPOLATED,
    }
)
"""Flags that a cell of the default panel may carry.

Left out are cells that cannot be true (impossible), that belong to another city
(pasted), to a city that did not exist (anachronism), or of which the source
gives two versions (conflict). Interpolated and extreme cells are doubtful but
may be right: they stay, flagged, and estimates without them are a robustness
check.
"""


class Joined(Protocol):
    """What a panel of joined units knows of the panel that it was joined from."""

    @property
    def published(self) -> Panel:
        """The panel as published."""

    def unit_of(self, city: str) -> str:
        """Return the key of the unit that a city is part of; its own if of none."""

    def members_of(self, unit: str) -> tuple[str, ...]:
        """Return the cities of a unit, none if it was not joined."""

    def name_of(self, unit: str) -> str:
        """Return the names of the members of a unit, with its key."""

    def below(self, variable: str, unit: str, year: int) -> tuple[str, tuple[CellKey, ...]]:
        """Return how a cell of a joined unit is made, in words, and from which cells."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A city-year panel that remembers where each cell came from.

    Attributes
    ----------
    data
        Indexed (city, year), float64 columns named as in the codebook; national
        series are repeated over cities.
    provinces
        The same for province-level variables, indexed (province, year).
    cells
        Lineage: one row a raw cell read, in the columns of an observation,
        whether or not it was admitted.
    derivations
        How the computed columns were made, by name, in order.
    admitted
        Flags that a cell of `data` may carry.
    joined
        The panel as published, and which of its cells each cell of a joined unit
        is made from; None for the panel as published.
    """

    data: pd.DataFrame
    provinces: pd.DataFrame
    cells: pd.DataFrame
    derivations: Mapping[str, Derivation] = field(default_factory=lambda: MappingProxyType({}))
    admitted: frozenset[Flag] = ADMITTED
    joined: Joined | None = None

    def frame(self, unit: str) -> pd.DataFrame:
        """Return the city panel or the province panel."""
        return self.provinces if unit == "province" else self.data

    def require(self, variables: Iterable[str], *, unit: str = "city") -> None:
        """Raise `UnknownNameError` for the first name that is no column."""
        columns = self.frame(unit).columns
        for name in variables:
            if name not in columns:
                raise UnknownNameError(
                    f"The {unit} panel has no variable {name!r}.{did_you_mean(name, columns)}"
                )

    def raw_inputs(self, variables: Iterable[str]) -> tuple[str, ...]:
        """Return the columns with cells of their own that `variables` rest on, each once.

        Only columns of the same level are followed: the cells of a row are
        counted, not those of the cities below a province. A computed column
        that flags its cells itself stands for what is below it.
        """
        codebook = load_codebook()
        found: dict[str, None] = {}
        for name in variables:
            made = self.derivations.get(name)
            if made is None or made.observe is not None:
                found[name] = None
                continue
            levels = (codebook[name].level, "nation")
            beside = [other for other in made.inputs if codebook[other].level in levels]
            found |= dict.fromkeys(self.raw_inputs(beside))
        return tuple(found)

    def with_derived(self, derivations: Iterable[Derivation]) -> Panel:
        """Return a panel with the computable derivations added, in order.

        A derivation whose inputs are absent is left out: its variable is then
        absent too, and what needs it says so. Values outside the codebook's
        range are impossible and become missing.
        """
        panel = replace(self, data=self.data.copy(), provinces=self.provinces.copy())
        done = dict(self.derivations)
        cells = self.cells
        for derivation in derivations:
            columns = derivation.columns(panel)
            if columns is None:
                continue
            entry = load_codebook()[derivation.name]
            made = derivation(columns)
            if isinstance(made, pd.DataFrame):
                if derivation.observe is not None:
                    others = cells[cells["variable"] != derivation.name]
                    cells = pd.concat(
                        [others, derivation.observe(others, made)], ignore_index=True
                    )
                made = made["value"]
            frame = panel.frame(entry.level)
            column = made.reindex(frame.index)
            possible = column.between(entry.low, entry.high)
            frame[derivation.name] = column.where(possible).astype("float64")
            done[derivation.name] = derivation
        return replace(panel, cells=cells, derivations=MappingProxyType(done))

    def lineage(self, variable: str, place: str, year: int) -> Lineage:
        """Walk one cell back to the raw cells it rests on.

        Parameters
        ----------
        variable
            Codebook name.
        place
            City or, for a variable of provinces, province: 6-digit key, Chinese
            or English name.
        year
            Calendar year.

        Raises
        ------
        UnknownNameError
            If the variable is not in the panel, or the place or year is not.
        """
        return Walk(self).from_cell(variable, place, year)


def build_panel(
    observations: pd.DataFrame,
    *,
    first_year: int = FIRST_YEAR,
    last_year: int = LAST_YEAR,
    admitted: frozenset[Flag] = ADMITTED,
) -> Panel:
    """Assemble the panel from flagged observations.

    Parameters
    ----------
    observations
        Observations of any number of sources, already flagged by the audit.
    first_year, last_year
        Inclusive window of the panel.
    admitted
        Flags that a cell of the panel may carry.

    Returns
    -------
    Panel
        Balanced in its index (every city in every year), not in its values.

    Raises
    ------
    DataError
        If two admitted cells of one source give a city-year of one variable.
    """
    codebook = load_codebook()
    columns = {name for name, entry in codebook.items() if entry.kind != "event"}
    used = observations[observations["variable"].isin(columns)]
    cells = _preferred_sources(used, codebook)
    good = cells[cells["flag"].isin({str(flag) for flag in admitted})]
    levels = good["variable"].map({name: entry.level for name, entry in codebook.items()})
    years = range(first_year, last_year + 1)

    divisions = load_divisions()
    city_cells = good[(levels == "city") & good["city"].isin(divisions.index)]
    cities = sorted(city_cells["city"].unique())
    data = _wide(city_cells, cities, years, "city", codebook)
    province_cells = good[levels == "province"]
    provinces = _wide(
        province_cells, sorted(province_cells["city"].unique()), years, "province", codebook
    )
    for name, series in good[levels == "nation"].groupby("variable"):
        by_year = series.set_index("year")["value"]
        for frame in (data, provinces):
            frame[str(name)] = by_year.reindex(frame.index.get_level_values("year")).to_numpy()
    return Panel(data=data, provinces=provinces, cells=cells, admitted=admitted)


def _preferred_sources(observations: pd.DataFrame, codebook: Codebook) -> pd.DataFrame:
    """Keep, for each variable and year, the observations of its first source with a value.

    A year, not a cell, is the unit of choice: sources are never mixed within a
    year, and two censuses give one variable in two years. An attribute of the
    city has one source for all.
    """
    pairs = observations[["variable", "source"]].drop_duplicates()
    rank = {}
    for name, source in pairs.itertuples(index=False):
        known = codebook[name].sources
        if source not in known:
            raise DataError(
                f"{name} comes from {source}, but its codebook entry names the sources "
                f"{list(known)}. Add the source to data_raw/codebook.toml."
            )
        rank[name, source] = known.index(source)
    ranks = pd.Series(
        [rank[p] for p in zip(observations["variable"], observations["source"], strict=True)],
        index=observations.index,
        dtype="int64",
    )
    constant = {name for name, entry in codebook.items() if entry.constant}
    year = observations["year"].mask(observations["variable"].isin(constant), 0)
    best = ranks.groupby([observations["variable"], year]).transform("min")
    return observations[ranks == best].reset_index(drop=True)


def _wide(
    cells: pd.DataFrame, units: list[str], years: range, unit: str, codebook: Codebook
) -> pd.DataFrame:
    """One row a unit-year, one float64 column a variable, in codebook order.

    A value that a source repeats word for word is one value.
    """
    cells = cells.drop_duplicates(["city", "year", "variable", "value"])
    twice = cells.duplicated(["city", "year", "variable"], keep=False)
    if twice.any():
        row = cells[twice].iloc[0]
        raise DataError(
            f"{row['source']}: two admitted values of {row['variable']} for {row['city']} in "
            f"{row['year']} (raw cells {', '.join(cells[twice]['raw'].head(2))}). Duplicates must "
            "be flagged 'conflict' before the panel is built."
        )
    index = pd.MultiIndex.from_product([units, list(years)], names=[unit, "year"])
    columns = {}
    for name in codebook:
        rows = cells[cells["variable"] == name]
        if rows.empty:
            continue
        if codebook[name].constant:
            by_unit = rows.set_index("city")["value"]
            columns[name] = by_unit.reindex(index.get_level_values(0)).to_numpy()
        else:
            series = rows.set_index(["city", "year"])["value"]
            columns[name] = series.reindex(index).to_numpy()
    return pd.DataFrame(columns, index=index, dtype="float64")
