"""Rows of parquet as arrays, a batch at a time, and what a batch says of itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from urbanecon.estimation.backends.passes import Tally, as_labels
from urbanecon.estimation.backends.source import Columns, Part, reading
from urbanecon.estimation.sample import Codes, Floats, Mask

if TYPE_CHECKING:
    import pyarrow as pa

BATCH = 2**18
"""Rows read at a time."""


class Key(NamedTuple):
    """A key column: code of each row, -1 where missing, and the label of each code."""

    codes: Codes
    labels: pd.Index


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Some rows of a part as they stand: n rows, V variables."""

    numbers: Floats
    weights: Floats | None
    keys: dict[str, Key]
    whole: Mask

    @property
    def kept(self) -> Mask:
        """Rows that lack nothing and have weight."""
        return self.whole if self.weights is None else self.whole & (self.weights > 0)

    @property
    def all_weights(self) -> Floats:
        """Weights, one where there are none."""
        return np.ones(len(self.whole)) if self.weights is None else self.weights


def batches(part: Part, columns: Columns) -> Iterator[Batch]:
    """Rows of a part as arrays, at most `BATCH` at a time."""
    from pyarrow import parquet

    names = list(dict.fromkeys((*columns.numbers, *columns.keys)))
    with reading(part.path), parquet.ParquetFile(part.path) as file:
        for table in file.iter_batches(
            BATCH, row_groups=[part.row_group], columns=names, use_threads=False
        ):
            yield _batch(table, columns)


def _batch(table: pa.RecordBatch, columns: Columns) -> Batch:
    numbers = {name: _floats(table.column(name)) for name in columns.numbers}
    keys = {name: _key(table.column(name)) for name in columns.keys}
    whole = np.ones(table.num_rows, dtype=np.bool_)
    for values in numbers.values():
        whole &= ~np.isnan(values)
    for key in keys.values():
        whole &= key.codes >= 0
    values = np.empty((table.num_rows, len(columns.variables)), order="F")
    for j, name in enumerate(columns.variables):
        values[:, j] = numbers[name]
    return Batch(
        values, None if columns.weights is None else numbers[columns.weights], keys, whole
    )


def _floats(column: pa.Array) -> Floats:
    """Numbers as float64, NaN where null."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if not pa.types.is_float64(column.type):
        column = column.cast(pa.float64(), safe=False)
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)


def _key(column: pa.Array) -> Key:
    import pyarrow as pa

    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    labels = as_labels(encoded.dictionary.to_pandas(), "")
    codes = encoded.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
    lost = np.append(labels.isna(), True)  # the last is that of code -1
    return Key(np.where(lost[codes], -1, codes), labels)


def used(key: Key, kept: Mask) -> pd.Index:
    """Labels that have kept rows."""
    return key.labels[np.unique(key.codes[kept])]


def pairs_of(unit: Key, home: Key, kept: Mask) -> pd.DataFrame:
    """Every pair of unit and home that occurs."""
    both = np.unique(unit.codes[kept] * (len(home.labels) + 1) + home.codes[kept])
    first, second = np.divmod(both, len(home.labels) + 1)
    return pd.DataFrame({"unit": unit.labels[first], "home": home.labels[second]})


def tally_of(batch: Batch, columns: Columns) -> Tally:
    """Rows of a batch by what becomes of them."""
    arrays = dict(zip(columns.variables, batch.numbers.T, strict=True))
    if columns.weights is not None and batch.weights is not None:
        arrays[columns.weights] = batch.weights
    infinite = {name: np.isinf(values) for name, values in arrays.items()}
    places = {n: _place(batch, columns, bad) for n, bad in infinite.items() if bad.any()}
    negative = batch.whole & (batch.all_weights < 0)
    if negative.any():
        places["negative weight"] = _place(batch, columns, negative)
    return Tally(
        rows=len(batch.whole),
        missing=int((~batch.whole).sum()),
        zero_weight=int((batch.whole & (batch.all_weights == 0)).sum()),
        known={name: int((~np.isnan(values)).sum()) for name, values in arrays.items()},
        infinite={name: int(bad.sum()) for name, bad in infinite.items() if bad.any()},
        negative=int(negative.sum()),
        places=places,
    )


def _place(batch: Batch, columns: Columns, bad: Mask) -> str:
    row = int(bad.argmax())
    named = []
    for name in (columns.unit, columns.period):
        code = batch.keys[name].codes[row]
        named.append(f"{name} {batch.keys[name].labels[code] if code >= 0 else 'unknown'}")
    return ", ".join(named)


def add_tallies(tallies: Sequence[Tally]) -> Tally:
    """Tally of all; the first place of a kind stands."""
    total = tallies[0]
    for other in tallies[1:]:
        total = replace(
            total,
            rows=total.rows + other.rows,
            missing=total.missing + other.missing,
            zero_weight=total.zero_weight + other.zero_weight,
            known={name: n + other.known[name] for name, n in total.known.items()},
            infinite={
                name: total.infinite.get(name, 0) + other.infinite.get(name, 0)
                for name in total.known
                if name in total.infinite or name in other.infinite
            },
            negative=total.negative + other.negative,
            places={**other.places, **total.places},
        )
    return total
