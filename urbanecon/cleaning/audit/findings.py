"""What a rule returns: one row a doubtful cell, with a sentence a reader can check."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pandas as pd

from urbanecon.cleaning.observations import Flag

CELL = ["city", "year", "variable", "source"]
"""What a finding is about; duplicates of a cell share their findings."""

FINDING_COLUMNS = (*CELL, "flag", "rule", "reason")

Rule = Callable[[pd.DataFrame], pd.DataFrame]


def findings(cells: pd.DataFrame, flag: Flag, rule: str, reasons: Iterable[str]) -> pd.DataFrame:
    """Findings about `cells`, one reason each; exact repetitions are told once.

    A finding with the flag `ok` is a remark: it is listed, and no cell's flag
    changes. It is for what is true of many cells together, or of one of two
    cells, without saying which cell is wrong.
    """
    return (
        cells[CELL]
        .assign(flag=str(flag), rule=rule, reason=pd.Series(list(reasons), cells.index, "str"))
        .drop_duplicates()
        .reset_index(drop=True)
    )
