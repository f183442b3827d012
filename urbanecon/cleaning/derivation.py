"""How a variable is computed from other columns of the panel, cell by cell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from urbanecon.cleaning.codebook import load_codebook

if TYPE_CHECKING:
    from urbanecon.cleaning.panel import Panel

CellKey = tuple[str, str, int]
"""Variable, unit and year: one cell of a panel."""


@dataclass(frozen=True, slots=True)
class Derivation:
    """How a variable is computed from other columns of the panel.

    Attributes
    ----------
    inputs
        Columns read. A column of the level of the result is read in its rows; a
        variable of provinces may read columns of cities.
    compute
        Function of those columns, as Series, to the new Series; or, if it says
        of each cell how far it can be trusted, to a frame with the columns
        `value` and `flag`.
    optional
        Further columns, handed to `compute` by name where they are present.
    reads
        Cells that a value rests on, where these are others than the inputs of
        its own row: a function of the columns, the unit and the year.
    fitted_on
        Rows whose inputs decide together on parameters of the computation, such
        as bounds and weights: a function of the columns.
    observe
        Writes the computed cells down as observations, with their flags: a
        function of the lineage table and of what `compute` returned.
    """

    name: str
    inputs: tuple[str, ...]
    compute: Callable[..., pd.Series | pd.DataFrame]
    optional: tuple[str, ...] = ()
    reads: Callable[[Mapping[str, pd.Series], str, int], Iterable[CellKey]] | None = None
    fitted_on: Callable[[Mapping[str, pd.Series]], pd.Index] | None = None
    observe: Callable[[pd.DataFrame, pd.DataFrame], pd.DataFrame] | None = None

    def columns(self, panel: Panel) -> dict[str, pd.Series] | None:
        """Return the columns of `panel` it reads, by name; None if one it needs is absent."""
        level = "province" if load_codebook()[self.name].level == "province" else "city"
        found = {}
        for name in (*self.inputs, *self.optional):
            own = load_codebook()[name].level
            frame = panel.frame(level if own == "nation" else own)
            if name in frame:
                found[name] = frame[name]
        return found if all(name in found for name in self.inputs) else None

    def __call__(self, columns: Mapping[str, pd.Series]) -> pd.Series | pd.DataFrame:
        """Compute the variable from its columns."""
        given = {name: columns[name] for name in self.optional if name in columns}
        return self.compute(*(columns[name] for name in self.inputs), **given)
