"""The lineage of a cell in words, one line a cell, deeper cells indented."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from urbanecon.cleaning.addresses import addresses_in, in_words
from urbanecon.cleaning.observations import RawCell

if TYPE_CHECKING:
    from urbanecon.cleaning.lineage import Lineage

SHOWN = 3
"""Years of one series below a cell that are printed in full; of more, the first and last."""

Describe = Callable[[RawCell, str, float], str]
"""What a raw cell reads, in words, given the unit it is about and the value made of it."""


def tree_lines(tree: Lineage, *, full: bool, describe: Describe | None) -> Iterator[str]:
    """Yield the lines of a tree; see `Lineage.text`."""
    yield from _Printer(full, describe).lines(tree, "")


@dataclass(slots=True)
class _Printer:
    """Prints one tree; remembers which cells it has printed, so that each stands once."""

    full: bool
    describe: Describe | None
    seen: set[object] = field(default_factory=set)

    def lines(self, tree: Lineage, indent: str) -> Iterator[str]:
        shown = "missing" if np.isnan(tree.value) else f"{tree.value:.10g} {tree.unit}"
        head = f"{indent}{tree.variable} [{tree.label}], {tree.name}, {tree.year}"
        key = (tree.variable, tree.place, tree.year, tree.formula)
        if key in self.seen and (tree.inputs or len(tree.cells)):
            yield f"{head}: {shown} (as above)"
            return
        self.seen.add(key)
        yield f"{head}: {shown}{f' = {tree.formula}' if tree.formula else ''}"
        if tree.note:
            yield f"{indent}  {tree.note}"
        for cell in tree.cells.itertuples():
            yield from self._of_cell(tree, cell, f"{indent}  ")
        if tree.fitted_on is not None:
            yield f"{indent}  {_rows_in_words(tree.fitted_on)}"
        yield from self._of_inputs(tree, indent)

    def _of_inputs(self, tree: Lineage, indent: str) -> Iterator[str]:
        series: dict[tuple[str, str], list[Lineage]] = {}
        for parent in tree.inputs:
            series.setdefault((parent.variable, parent.place), []).append(parent)
        for group in series.values():
            chosen, deeper = group, f"{indent}  "
            if len(group) > SHOWN and not self.full:
                yield f"{indent}  {_years_in_words(group)}"
                chosen, deeper = [group[0], group[-1]], f"{indent}    "
            for parent in chosen:
                yield from self.lines(parent, deeper)

    def _of_cell(self, tree: Lineage, cell: object, indent: str) -> Iterator[str]:
        raw, value, flag = cell.raw, cell.value, cell.flag  # type: ignore[attr-defined]
        if tree.inputs:
            yield f"{indent}flag {flag}"
            return
        for address in addresses_in(raw):
            said = self.describe(address, tree.place, value) if self.describe else ""
            yield f"{indent}raw cell {in_words(address)}{f': {said}' if said else ''}"
        yield f"{indent}  = {value:.10g} {tree.unit}, flag {flag}"


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
