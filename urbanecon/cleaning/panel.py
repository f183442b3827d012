"""From observations to the city-year panel, with the lineage of every cell.

The panel is assembled by a stated rule: each variable is read, year by year,
from the first of its codebook sources that gives it, and a cell enters the panel if its flag is
among the admitted ones. Cells that are not admitted stay in the lineage table
with their value and flag; nothing is filled in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
import pandas as pd

from urbanecon.cleaning.codebook import Codebook, load_codebook
from urbanecon.cleaning.divisions import city_key, load_divisions
from urbanecon.cleaning.observations import SEVERITY, Flag
from urbanecon.errors import DataError, UnknownNameError, did_you_mean

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

NATION = "000000"
"""Key of national series."""


@dataclass(frozen=True, slots=True)
class Derivation:
    """How a variable is computed from other columns of the panel.

    Attributes
    ----------
    inputs
        Columns read.
    compute
        Function of those columns, as Series, to the new Series.
    """

    name: str
    inputs: tuple[str, ...]
    compute: Callable[..., pd.Series]


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
    """

    data: pd.DataFrame
    provinces: pd.DataFrame
    cells: pd.DataFrame
    derivations: Mapping[str, Derivation] = field(default_factory=lambda: MappingProxyType({}))
    admitted: frozenset[Flag] = ADMITTED

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
        """Return the columns read from raw files that `variables` rest on, each once."""
        found: dict[str, None] = {}
        for name in variables:
            derivation = self.derivations.get(name)
            below = self.raw_inputs(derivation.inputs) if derivation else (name,)
            found |= dict.fromkeys(below)
        return tuple(found)

    def with_derived(self, derivations: Iterable[Derivation]) -> Panel:
        """Return a panel with the computable derivations added, in order.

        A derivation whose inputs are absent is left out: its variable is then
        absent too, and what needs it says so. Values outside the codebook's
        range are impossible and become missing.
        """
        frames = {"city": self.data.copy(), "province": self.provinces.copy()}
        done = dict(self.derivations)
        codebook = load_codebook()
        for derivation in derivations:
            variable = codebook[derivation.name]
            frame = frames["province" if variable.level == "province" else "city"]
            if all(name in frame for name in derivation.inputs):
                column = derivation.compute(*(frame[name] for name in derivation.inputs))
                possible = column.between(variable.low, variable.high)
                frame[derivation.name] = column.where(possible).astype("float64")
                done[derivation.name] = derivation
        return replace(
            self,
            data=frames["city"],
            provinces=frames["province"],
            derivations=MappingProxyType(done),
        )

    def lineage(self, variable: str, city: str, year: int) -> Lineage:
        """Walk one cell back to the raw cells it rests on.

        Parameters
        ----------
        variable
            Codebook name.
        city
            6-digit key, or the city's Chinese or English name.
        year
            Calendar year.

        Raises
        ------
        UnknownNameError
            If the variable is not in the panel, or the city not known.
        """
        codebook = load_codebook()
        level = codebook[variable].level
        key = city if level == "province" and city.isdigit() else city_key(city)
        frame = self.frame("province" if level == "province" else "city")
        self.require([variable], unit="province" if level == "province" else "city")
        if (key, year) not in frame.index:
            raise UnknownNameError(
                f"The panel has no row for {city!r} in {year}; it covers "
                f"{FIRST_YEAR}-{LAST_YEAR} and {frame.index.unique(0).size} units."
            )
        return self._lineage(variable, key, year, codebook)

    def _lineage(self, variable: str, key: str, year: int, codebook: Codebook) -> Lineage:
        entry = codebook[variable]
        frame = self.frame("province" if entry.level == "province" else "city")
        derivation = self.derivations.get(variable)
        inputs = tuple(
            self._lineage(name, key, year, codebook)
            for name in (derivation.inputs if derivation else ())
        )
        of_variable = self.cells[self.cells["variable"] == variable]
        owner = NATION if entry.level == "nation" else key
        rows = of_variable[of_variable["city"] == owner]
        if not entry.constant:
            rows = rows[rows["year"] == year]
        return Lineage(
            variable=variable,
            label=entry.label_en,
            unit=entry.unit,
            city=key,
            year=year,
            value=float(frame.loc[(key, year), [variable]].to_numpy(dtype="float64")[0]),
            formula=entry.formula if derivation else "",
            cells=rows.reset_index(drop=True),
            inputs=inputs,
        )


@dataclass(frozen=True, slots=True)
class Lineage:
    """The tree from one panel cell to raw cells; `str()` prints it."""

    variable: str
    label: str
    unit: str
    city: str
    year: int
    value: float
    formula: str
    cells: pd.DataFrame
    inputs: tuple[Lineage, ...]

    @property
    def flag(self) -> Flag:
        """Worst flag among the raw cells the value rests on."""
        flags = [Flag(flag) for flag in self.cells["flag"]]
        flags += [parent.flag for parent in self.inputs]
        if self.inputs:
            flags.append(Flag.DERIVED)
        return max(flags, key=SEVERITY.__getitem__, default=Flag.OK)

    def __str__(self) -> str:
        return "\n".join(self._lines(""))

    def _lines(self, indent: str) -> list[str]:
        shown = "missing" if np.isnan(self.value) else f"{self.value:.10g} {self.unit}"
        head = f"{indent}{self.variable} [{self.label}], {self.city}, {self.year}: {shown}"
        lines = [head + (f" = {self.formula}" if self.formula else "")]
        for cell in self.cells.itertuples():
            lines.append(
                f"{indent}  raw cell {cell.raw} (source {cell.source}): "
                f"{cell.value:.10g} {self.unit}, flag {cell.flag}"
            )
        if not self.inputs and self.cells.empty:
            lines.append(f"{indent}  no raw cell: the sources present do not give it")
        for parent in self.inputs:
            lines += parent._lines(indent + "  ")
        return lines


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
