"""Addresses of raw cells as the `raw` column of an observation gives them."""

from __future__ import annotations

from urbanecon.cleaning.observations import RawCell

ALSO = "; "
"""What separates the addresses in `raw` where a value rests on several blocks of cells."""


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
