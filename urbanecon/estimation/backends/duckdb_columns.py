"""Columns of the files as SQL, under the names that the passes of DuckDB use."""

from __future__ import annotations

from urbanecon.estimation.backends.source import Columns, ParquetSource


def quoted(name: str) -> str:
    """Name of a column as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def selected(source: ParquetSource, columns: Columns) -> list[str]:
    """Columns of the files under the names that the passes use."""
    numbers = [f"CAST({quoted(name)} AS DOUBLE)" for name in columns.numbers]
    keys = [quoted(name) for name in columns.keys]
    whole = [f"{x} IS NOT NULL AND NOT isnan({x})" for x in numbers]
    for name, key in zip(columns.keys, keys, strict=True):
        floating = str(source.types[name]) in {"float", "double", "halffloat"}
        whole.append(f"{key} IS NOT NULL" + (f" AND NOT isnan({key})" if floating else ""))
    weight = "1.0" if columns.weights is None else f"CAST({quoted(columns.weights)} AS DOUBLE)"
    return [
        f"{quoted(columns.unit)} AS u",
        f"{quoted(columns.period)} AS t",
        *(f"{quoted(name)} AS c{k}" for k, name in enumerate(columns.clusters)),
        *(f"CAST({quoted(n)} AS DOUBLE) AS z{j}" for j, n in enumerate(columns.variables)),
        f"CAST({weight} AS DOUBLE) AS w",
        f"({' AND '.join(whole)}) AS whole",
    ]
