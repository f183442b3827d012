"""The codebook as csv and HTML: names, labels, units and allowed values."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from urbanecon.cleaning.codebook import Variable
from urbanecon.reporting.html import note, page, table

COLUMNS = (
    "name", "label_en", "label_zh", "unit", "kind", "level", "lowest", "highest", "missing",
    "sources", "formula", "note",
)  # fmt: skip
MISSING = "empty"
"""How a missing value is written in the panel's csv."""


def codebook_frame(codebook: Mapping[str, Variable]) -> pd.DataFrame:
    """Return one row a variable, columns `COLUMNS`; allowed values are lowest to highest."""
    rows = [
        (
            entry.name, entry.label_en, entry.label_zh, entry.unit, entry.kind, entry.level,
            f"{entry.low:g}", f"{entry.high:g}", MISSING, " ".join(entry.sources), entry.formula,
            entry.note,
        )
        for entry in codebook.values()
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def codebook_html(codebook: Mapping[str, Variable]) -> str:
    """Return the codebook as a page, a section a level."""
    frame = codebook_frame(codebook)
    sections = {
        f"Variables of the {level}": [table(COLUMNS, own.itertuples(index=False))]
        for level, own in frame.groupby("level", sort=False)
    }
    opening = note(
        "Allowed values are lowest to highest, both included, in the unit; a cell outside is "
        "flagged impossible. A variable has sources, or a formula when it is computed."
    )
    return page("Codebook", opening, sections)
