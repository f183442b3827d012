"""The walk from a cell of the panel back to the raw cells it rests on.

A computed cell leads to the cells it was computed from, which may stand in other
years, other cities or, where cities were joined, in the panel as published; each
of these leads on until raw cells are reached. The tree is built when it is asked
for: nothing but the raw cells themselves is stored beside the panel.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from urbanecon.cleaning.addresses import addresses_in
from urbanecon.cleaning.codebook import Variable, load_codebook
from urbanecon.cleaning.divisions import NATION, city_key, place_name, province_key
from urbanecon.cleaning.lineage_text import Describe, tree_lines
from urbanecon.cleaning.observations import SEVERITY, Flag, RawCell
from urbanecon.errors import UnknownNameError, did_you_mean

if TYPE_CHECKING:
    from urbanecon.cleaning.panel import CellKey, Derivation, Joined, Panel


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
        return "\n".join(tree_lines(self, full=full, describe=describe))


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
