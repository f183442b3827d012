"""What a valid panel is, as a pandera schema made from the codebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from urbanecon.cleaning.codebook import load_codebook
from urbanecon.cleaning.panel import Panel
from urbanecon.errors import DataError

if TYPE_CHECKING:
    import pandera.pandas as pa


def panel_schema(frame: pd.DataFrame) -> pa.DataFrameSchema:
    """Return the schema for a frame's columns: float64, in range, unique (unit, year).

    A column that the codebook does not know raises `UnknownNameError`.
    """
    import pandera.pandas as pa

    codebook = load_codebook()
    columns = {
        name: pa.Column(
            "float64",
            pa.Check.in_range(codebook[name].low, codebook[name].high),
            nullable=True,
        )
        for name in frame.columns
    }
    unit, year = map(str, frame.index.names)
    index = pa.MultiIndex(
        [
            pa.Index(str, pa.Check.str_matches(r"^\d{6}$"), name=unit),
            pa.Index(int, pa.Check.in_range(1900, 2100), name=year),
        ],
        unique=[unit, year],
    )
    return pa.DataFrameSchema(columns, index=index, strict=True)


def validate_panel(panel: Panel) -> None:
    """Raise `DataError` naming variable, unit and year of the cells that break the schema."""
    import pandera.errors

    for frame in (panel.data, panel.provinces):
        if frame.empty:
            continue
        try:
            panel_schema(frame).validate(frame, lazy=True)
        except pandera.errors.SchemaErrors as error:
            first = error.failure_cases.iloc[0]
            raise DataError(
                f"The panel breaks its schema in {len(error.failure_cases)} cells; first: "
                f"{first['column']} at {first['index']}: found {first['failure_case']!r}, "
                f"expected {first['check']}."
            ) from error
