"""Parquet files as the source of an estimate: what they hold, checked before a row is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from urbanecon.errors import DataError, MissingColumnError, NotEstimableError, did_you_mean


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of the columns that an estimate reads.

    Attributes
    ----------
    variables
        The outcome, then the regressors.
    unit, period
        The two effects.
    clustering
        What errors are clustered by: the unit, or functions of it.
    weights
        Column of weights, or None.
    """

    variables: tuple[str, ...]
    unit: str
    period: str
    clustering: tuple[str, ...] = ()
    weights: str | None = None

    @property
    def clusters(self) -> tuple[str, ...]:
        """What of `clustering` is not the unit itself."""
        return tuple(name for name in self.clustering if name != self.unit)

    @property
    def numbers(self) -> tuple[str, ...]:
        """Columns read as numbers."""
        extra = () if self.weights is None else (self.weights,)
        return tuple(dict.fromkeys((*self.variables, *extra)))

    @property
    def keys(self) -> tuple[str, ...]:
        """Columns read as keys."""
        return tuple(dict.fromkeys((self.unit, self.period, *self.clusters)))

    def keys_only(self) -> Columns:
        """The effects and weights alone, for passes over rows that are known to be whole."""
        return replace(self, variables=(), clustering=())


@dataclass(frozen=True, slots=True)
class Part:
    """One row group of one file: what a work unit reads."""

    path: str
    row_group: int
    rows: int


@dataclass(frozen=True, slots=True)
class ParquetSource:
    """Parquet files of one panel.

    Attributes
    ----------
    path
        What was asked for: a file or a folder.
    paths
        The files, in the order of their names.
    parts
        Their row groups that have rows, in order.
    types
        Arrow type of each column.
    """

    path: Path
    paths: tuple[str, ...]
    parts: tuple[Part, ...]
    types: Mapping[str, Any]

    @property
    def rows(self) -> int:
        """Rows in all files."""
        return sum(part.rows for part in self.parts)

    def check(self, columns: Columns) -> None:
        """Raise unless every column is there, numbers are numbers and keys can be keys.

        Raises
        ------
        MissingColumnError
            A column is absent; the closest name is said.
        DataError
            A number column holds text, or a key column neither whole numbers nor text.
        """
        from pyarrow import types

        def of(*kinds: Callable[[Any], bool]) -> Callable[[Any], bool]:
            return lambda kind: any(each(kind) for each in kinds)

        number = of(types.is_integer, types.is_floating, types.is_decimal, types.is_boolean)
        key = of(types.is_integer, types.is_floating, types.is_string, types.is_large_string)
        for names, holds, expected in (
            (columns.numbers, number, "a number was expected"),
            (columns.keys, key, "whole numbers or text were expected of a key"),
        ):
            for name in names:
                if name not in self.types:
                    raise MissingColumnError(
                        f"{self.path} has no column {name!r}.{did_you_mean(name, self.types)}"
                    )
                kind = self.types[name]
                if not holds(kind.value_type if types.is_dictionary(kind) else kind):
                    raise DataError(f"{self.path}: {name!r} holds {kind}; {expected}")


def open_source(path: str | Path) -> ParquetSource:
    """Find the files and read their footers, no rows.

    Parameters
    ----------
    path
        A parquet file, or a folder with files ``*.parquet`` of the same columns
        (searched to any depth).

    Raises
    ------
    DataError
        Nothing is there, a file is cut off or is not parquet, or two files differ
        in columns.
    NotEstimableError
        The files have no rows.
    """
    root = Path(path)
    files = sorted(root.rglob("*.parquet")) if root.is_dir() else [root]
    if not files or not all(file.is_file() for file in files):
        what = "no *.parquet file in the folder" if root.is_dir() else "no such file:"
        raise DataError(f"{what} {root}; name a parquet file or a folder of them")
    first, parts = _footer(files[0])
    for file in files[1:]:
        types, more = _footer(file)
        if types != first:
            differing = sorted(
                name for name in {*first, *types} if first.get(name) != types.get(name)
            )
            raise DataError(
                f"{file} and {files[0]} differ in {', '.join(map(repr, differing))}; "
                "files of one panel have the same columns of the same types"
            )
        parts += more
    if not parts:
        raise NotEstimableError(f"{root} has no rows")
    return ParquetSource(root, tuple(map(str, files)), tuple(parts), first)


@contextmanager
def reading(path: str | Path) -> Iterator[None]:
    """Turn an error of the parquet reader into a `DataError` that names the file."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"{path} cannot be read as parquet: {str(error).splitlines()[0]}. "
            "Was it cut off on its way? Fetch or write it again"
        ) from error


def _footer(file: Path) -> tuple[dict[str, Any], list[Part]]:
    from pyarrow import parquet

    with reading(file), parquet.ParquetFile(file) as opened:
        schema, metadata = opened.schema_arrow, opened.metadata
        sizes = [metadata.row_group(g).num_rows for g in range(metadata.num_row_groups)]
    types = dict(zip(schema.names, schema.types, strict=True))
    return types, [Part(str(file), g, rows) for g, rows in enumerate(sizes) if rows]
