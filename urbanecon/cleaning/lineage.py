"""The walk from a cell of the panel back to the raw cells it rests on.

A computed cell leads to the cells it was computed from, which may stand in other
years, other cities or, where cities were joined, in the panel as published; each
of these leads on until raw cells are reached. The tree is built when it is asked
for: nothing but the raw cells themselves is stored beside the panel.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from urbanecon.cleaning.codebook import Variable, load_codebook
from urbanecon.cleaning.divisions import NATION, city_key, place_name, province_key
from urbanecon.cleaning.observations import SEVERITY, Flag, RawCell
from urbanecon.errors import UnknownNameError, did_you_mean

if TYPE_CHECKING:
    from urbanecon.cleaning.panel import CellKey, Derivation, Joined, Panel

ALSO = "; "
"""What separates the addresses in `raw` where a value rests on several blocks of cells."""

SHOWN = 3
"""Years of one series below a cell that are printed in full; of more, the first and last."""

Describe = Callable[[RawCell, str, float], str]
"""What a raw cell reads, in words, given the unit it is about and the value made of it."""


@dataclass(frozen=True, slots=True)
class Lineage:
    """The tree from one panel cell to raw cells; `str()` prints it.

    Attributes
    ----------
    place
        Key of the city or province.
    name
        What it is called, with its key.
    formula
        How the value was computed, in words; empty for a value that was read.
    cells
        Observations of this very cell, admitted or not.
    inputs
        Every cell that the value was computed from.
    fitted_on
        Rows (unit, year) of the inputs that parameters of the computation were
        fitted on; none for most variables. The cells of these rows are found by
        asking for their lineage.
    note
        Why a value stands although there is no cell, or is missing although
        there is one.
    """

    variable: str
    label: str
    unit: str
    place: str
    name: str
    year: int
    value: float
    formula: str
    cells: pd.DataFrame
    inputs: tuple[Lineage, ...]
    fitted_on: pd.Index | None = None
    note: str = ""

    @property
    def flag(self) -> Flag:
        """Worst flag among the raw cells the value rests on."""
        flags = [Flag(flag) for flag in self.cells["flag"]]
        flags += [parent.flag for parent in self.inputs]
        if self.inputs:
            flags.append(Flag.DERIVED)
        return max(flags, key=SEVERITY.__getitem__, default=Flag.OK)

    @property
    def raw_cells(self) -> tuple[RawCell, ...]:
        """Every raw cell that the tree reaches, each once, in the order of the tree."""
        return tuple(dict.fromkeys(self._raw_cells()))

    def _raw_cells(self) -> Iterator[RawCell]:
        for raw in self.cells["raw"]:
            yield from addresses_in(raw)
        for parent in self.inputs:
            yield from parent._raw_cells()

    def __str__(self) -> str:
        return self.text()

    def text(self, *, full: bool = False, describe: Describe | None = None) -> str:
        """Print the tree.

        Parameters
        ----------
        full
            Print every cell; else, where many cells of one variable stand below
            a value, the first and the last of them.
        describe
            Adds to each raw cell what it reads, such as `rawcells.describe`.
        """
        return "\n".join(self._lines("", full, describe, set()))

    def _lines(
        self, indent: str, full: bool, describe: Describe | None, seen: set[object]
    ) -> Iterator[str]:
        shown = "missing" if np.isnan(self.value) else f"{self.value:.10g} {self.unit}"
        head = f"{indent}{self.variable} [{self.label}], {self.name}, {self.year}"
        key = (self.variable, self.place, self.year, self.formula)
        if key in seen and (self.inputs or len(self.cells)):
            yield f"{head}: {shown} (as above)"
            return
        seen.add(key)
        yield f"{head}: {shown}{f' = {self.formula}' if self.formula else ''}"
        if self.note:
            yield f"{indent}  {self.note}"
        for cell in self.cells.itertuples():
            yield from self._of_cell(cell, f"{indent}  ", describe)
        if self.fitted_on is not None:
            yield f"{indent}  {_rows_in_words(self.fitted_on)}"
        series: dict[tuple[str, str], list[Lineage]] = {}
        for parent in self.inputs:
            series.setdefault((parent.variable, parent.place), []).append(parent)
        for group in series.values():
            chosen, deeper = group, f"{indent}  "
            if len(group) > SHOWN and not full:
                yield f"{indent}  {_years_in_words(group)}"
                chosen, deeper = [group[0], group[-1]], f"{indent}    "
            for parent in chosen:
                yield from parent._lines(deeper, full, describe, seen)

    def _of_cell(self, cell: object, indent: str, describe: Describe | None) -> Iterator[str]:
        raw, value, flag = cell.raw, cell.value, cell.flag  # type: ignore[attr-defined]
        if self.inputs:
            yield f"{indent}flag {flag}"
            return
        for address in addresses_in(raw):
            said = describe(address, self.place, value) if describe else ""
            yield f"{indent}raw cell {in_words(address)}{f': {said}' if said else ''}"
        yield f"{indent}  = {value:.10g} {self.unit}, flag {flag}"


def addresses_in(raw: str) -> list[RawCell]:
    """Return the blocks of cells that the `raw` column of an observation names."""
    return [RawCell.parse(part) for part in raw.split(ALSO)]


def in_words(cell: RawCell) -> str:
    """Return an address as a reader looks it up."""
    _, _, rows, columns = str(cell).split("|")
    sheet = f", sheet {cell.sheet!r}" if cell.sheet else ""
    many = "s" if cell.more_rows else ""
    more = "s" if cell.more_columns else ""
    return f"{cell.file}{sheet}, row{many} {rows}, column{more} {columns}"


def _years_in_words(series: Sequence[Lineage]) -> str:
    """One line for many years of one variable and unit."""
    years = sorted(parent.year for parent in series)
    flags = pd.Series([str(parent.flag) for parent in series]).value_counts(sort=False)
    flagged = ", ".join(f"{count} {flag}" for flag, count in flags.items())
    return (
        f"{series[0].variable}, {series[0].name}: {len(series)} years, "
        f"{years[0]}-{years[-1]} ({flagged}); the first and the last are"
    )


def _rows_in_words(rows: pd.Index) -> str:
    years = rows.get_level_values(1)
    return (
        f"parameters fitted on all {len(rows)} rows in which every input is present, "
        f"{rows.get_level_values(0).nunique()} units, {years.min()}-{years.max()}; "
        "the inputs of this row are"
    )


class Walk:
    """Finds cells of one panel by variable, unit and year, many times over."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        self._of_variable = panel.cells.groupby("variable", sort=False).indices
        self._of_cell: dict[str, tuple[pd.DataFrame, Mapping[Hashable, Any]]] = {}
        self._published: Walk | None = None
        self._known: dict[CellKey, Lineage] = {}

    def from_cell(self, variable: str, place: str, year: int) -> Lineage:
        """Return the tree below a cell that a user names; see `Panel.lineage`."""
        panel, entry = self._panel, load_codebook()[variable]
        frame = panel.frame(entry.level)
        if variable not in frame:
            raise UnknownNameError(
                f"The {'province' if entry.level == 'province' else 'city'} panel has no variable "
                f"{variable!r}: its sources are not at hand, or the audit left none of its cells."
                f"{did_you_mean(variable, frame.columns)}"
            )
        key = province_key(place) if entry.level == "province" else self._city(place)
        years = frame.index.get_level_values(1)
        if year not in years:
            raise UnknownNameError(
                f"The panel has no year {year}; it covers {years.min()}-{years.max()}."
            )
        if (key, year) not in frame.index:
            raise UnknownNameError(
                f"No source gives {place_name(key)} any cell: it is not among the "
                f"{frame.index.unique(0).size} units of the panel."
            )
        return self.of(variable, key, year)

    def _city(self, place: str) -> str:
        joined = self._panel.joined
        key = city_key(place)
        return joined.unit_of(key) if joined else key

    def of(self, variable: str, key: str, year: int) -> Lineage:
        """Return the tree below the cell of a unit that is known to be in the panel."""
        cell = (variable, key, year)
        if cell not in self._known:
            self._known[cell] = self._find(*cell)
        return self._known[cell]

    def _find(self, variable: str, key: str, year: int) -> Lineage:
        panel, entry = self._panel, load_codebook()[variable]
        made = panel.derivations.get(variable)
        joined = panel.joined
        if joined is not None and entry.level == "province":
            return self._walk_in(joined).of(variable, key, year)
        read = made is None and entry.level == "city"
        if joined is not None and read and joined.members_of(key):
            return self._of_join(joined, entry, key, year)
        cells = self._cells(entry, key, year)
        inputs, fitted_on = self._inputs(made, key, year) if made else ((), None)
        value = self._value(entry, key, year)
        place = NATION if entry.level == "nation" else key
        return Lineage(
            variable=variable,
            label=entry.label_en,
            unit=entry.unit,
            place=place,
            name=self._name(place),
            year=year,
            value=value,
            formula=entry.formula if made else "",
            cells=cells,
            inputs=inputs,
            fitted_on=fitted_on,
            note=self._note(entry, cells, value, computed=made is not None),
        )

    def _inputs(
        self, made: Derivation, key: str, year: int
    ) -> tuple[tuple[Lineage, ...], pd.Index | None]:
        columns = made.columns(self._panel)
        if columns is None:
            return (), None
        reads = [(name, key, year) for name in made.inputs]
        if made.reads is not None:
            reads = list(made.reads(columns, key, year))
        fitted_on = made.fitted_on(columns) if made.fitted_on is not None else None
        return tuple(self.of(*cell) for cell in reads), fitted_on

    def _of_join(self, joined: Joined, entry: Variable, key: str, year: int) -> Lineage:
        how, cells = joined.below(entry.name, key, year)
        walk = self._walk_in(joined)
        value = self._value(entry, key, year)
        inputs = tuple(walk.of(*cell) for cell in cells)
        lacking = [parent for parent in inputs if np.isnan(parent.value)]
        why = f"{lacking[0].name} has none" if lacking else "the sum breaks where borders changed"
        return Lineage(
            variable=entry.name,
            label=entry.label_en,
            unit=entry.unit,
            place=key,
            name=joined.name_of(key),
            year=year,
            value=value,
            formula=how,
            cells=self._panel.cells.iloc[:0],
            inputs=inputs,
            note=f"missing: {why}" if np.isnan(value) and inputs else "",
        )

    def _name(self, place: str) -> str:
        joined = self._panel.joined
        if joined is not None and joined.members_of(place):
            return joined.name_of(place)
        return place_name(place)

    def _walk_in(self, joined: Joined) -> Walk:
        if self._published is None:
            self._published = Walk(joined.published)
        return self._published

    def _value(self, entry: Variable, key: str, year: int) -> float:
        frame = self._panel.frame(entry.level)
        if entry.level == "nation" and (key, year) not in frame.index:
            frame = self._panel.provinces
        return float(frame[entry.name].to_numpy()[frame.index.get_loc((key, year))])

    def _cells(self, entry: Variable, key: str, year: int) -> pd.DataFrame:
        """Observations of one cell of a variable; an attribute's are those of all years."""
        if entry.name not in self._of_cell:
            rows: Any = self._of_variable.get(entry.name, [])
            table = self._panel.cells.iloc[rows]
            keys = "city" if entry.constant else ["city", "year"]
            self._of_cell[entry.name] = table, table.groupby(keys, sort=False).indices
        table, at = self._of_cell[entry.name]
        owner = NATION if entry.level == "nation" else key
        wanted = owner if entry.constant else (owner, year)
        found: pd.DataFrame = table.iloc[at.get(wanted, [])].reset_index(drop=True)
        return found

    def _note(self, entry: Variable, cells: pd.DataFrame, value: float, *, computed: bool) -> str:
        if computed:
            return ""
        if len(cells):
            refused = sorted(set(cells["flag"]) - {str(flag) for flag in self._panel.admitted})
            if np.isnan(value) and refused:
                return f"left out of the panel, as the audit found it {', '.join(refused)}:"
            return ""
        table, at = self._of_cell[entry.name]
        if entry.constant and len(table):
            files = sorted({addresses_in(raw)[0].file for raw in table["raw"]})
            return f"no raw cell: not among the {len(at)} units listed in {', '.join(files)}"
        return "no raw cell: the sources present do not give it"
