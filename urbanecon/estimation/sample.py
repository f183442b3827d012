"""The rows an estimate uses, drawn by stated rules and counted.

A panel is a DataFrame indexed by (city, year). Effects, clusters and the other
keys of an estimator are columns or index levels; ``"province:year"`` is the
interaction of two of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from urbanecon.errors import (
    DataError,
    EstimationError,
    MissingColumnError,
    NotEstimableError,
    did_you_mean,
)

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class EstimationSample:
    """Rows without gaps, in the order of the index, and what was left out.

    Attributes
    ----------
    values
        Variables, n x p, in the order asked for (Fortran order).
    variables
        Their names, length p.
    codes
        Keys as integers 0 ... G-1 in the sorted order of their values, length n
        each, every level present at least once.
    weights
        Positive weights, length n, or None.
    index
        Index of the rows, length n.
    dropped
        Rows left out by cause: "missing", "zero weight", "singleton".
    singletons
        Rows that are alone in a level of an effect, found one after another
        until none is left; they are in the sample unless `dropped` counts them.
    labels
        What each code of a key stands for, by key, in the order of the codes.
    """

    values: Floats
    variables: tuple[str, ...]
    codes: Mapping[str, Codes]
    weights: Floats | None
    index: pd.Index
    dropped: Mapping[str, int] = field(default_factory=dict)
    singletons: int = 0
    labels: Mapping[str, pd.Index] = field(default_factory=dict)

    @property
    def nobs(self) -> int:
        """Rows in the sample."""
        return len(self.index)

    def column(self, name: str) -> Floats:
        """Return one variable, length n."""
        return self.values[:, self.variables.index(name)]


def draw_sample(
    data: pd.DataFrame,
    variables: Sequence[str],
    effects: Sequence[str] = (),
    keys: Iterable[str] = (),
    *,
    weights: str | None = None,
    drop_singletons: bool = False,
) -> EstimationSample:
    """Keep the rows that have every variable, key and a positive weight.

    Rows are put in the order of the index first, so that the order of the rows
    given never touches a result. Singletons are kept by default, as fixest
    does; with `drop_singletons` they go, again and again until each level of
    each effect holds two rows (Correia 2015, "Singletons, cluster-robust
    standard errors and fixed effects: a bad mix").

    Parameters
    ----------
    data
        Panel, N x anything.
    variables
        Columns to be read as numbers.
    effects, keys
        Columns, index levels or interactions ("province:year"); singletons are
        looked for in `effects` only.
    weights
        Column of weights, or None.
    drop_singletons
        Whether singletons leave the sample.

    Raises
    ------
    MissingColumnError
        A variable or key is absent.
    DataError
        A variable holds text, or a (city, year) occurs twice.
    EstimationError
        A value is infinite or a weight negative.
    NotEstimableError
        A variable has no value at all, or no row has all of them.
    """
    data = _in_index_order(data)
    names = tuple(dict.fromkeys(variables))
    wanted = names if weights is None else (*names, weights)
    values = _numbers(data, wanted)
    known = np.isfinite(values)
    if not known.all():
        _refuse_infinite(values, wanted, data.index)
    _refuse_empty(known, wanted)
    all_codes = {key: key_codes(data, key) for key in dict.fromkeys([*effects, *keys])}
    keep: Mask = np.logical_and.reduce(known, axis=0)
    for codes in all_codes.values():
        keep &= codes >= 0
    dropped = {"missing": int((~keep).sum())}
    if weights is not None:
        keep = _weighted_rows(values[-1], keep, weights, data.index)
        dropped["zero weight"] = len(keep) - int(keep.sum()) - dropped["missing"]
    alone = _singletons([all_codes[e] for e in effects], keep)
    if drop_singletons:
        keep &= ~alone
        dropped["singleton"] = int(alone.sum())
    if not keep.any():
        raise NotEstimableError(_nothing_left(wanted, known, dropped))
    rows = np.flatnonzero(keep)
    kept = values.take(rows, axis=1)
    dense = {key: renumbered(codes[rows]) for key, codes in all_codes.items()}
    return EstimationSample(
        values=kept[: len(names)].T,
        variables=names,
        codes=dense,
        weights=None if weights is None else kept[-1],
        index=data.index if len(rows) == len(keep) else data.index[rows],
        dropped=dropped,
        singletons=int(alone.sum()),
        labels={key: _labels(data, key, rows, codes) for key, codes in dense.items()},
    )


def key_codes(data: pd.DataFrame, key: str) -> Codes:
    """Integer codes of a column, index level or interaction, length N; -1 where missing.

    Codes follow the sorted order of the values, so that periods can be lagged
    by their code and no result depends on the order of the rows.

    Raises
    ------
    MissingColumnError
        Neither a column nor an index level has the name.
    """
    if key in data.columns:
        return np.asarray(pd.factorize(data[key], sort=True)[0], dtype=np.int64)
    if key in data.index.names:
        return _level_codes(data.index, key)
    if ":" in key:
        parts = [key_codes(data, part) for part in key.split(":")]
        joint = parts[0]
        for part in parts[1:]:
            both = joint * (int(part.max(initial=0)) + 1) + part
            joint = np.where((joint < 0) | (part < 0), -1, both)
        return joint
    known = [*data.columns, *(n for n in data.index.names if n is not None)]
    raise MissingColumnError(
        f"{key!r} is neither a column nor an index level of the data."
        f"{did_you_mean(key, known)} An interaction is written 'province:year'."
    )


def _level_codes(index: pd.Index, level: str) -> Codes:
    """Codes of an index level in the sorted order of its values."""
    if not isinstance(index, pd.MultiIndex):
        return np.asarray(pd.factorize(index, sort=True)[0], dtype=np.int64)
    position = index.names.index(level)
    codes = np.asarray(index.codes[position], dtype=np.int64)
    values = index.levels[position]
    if values.is_monotonic_increasing:
        return codes
    rank = np.empty(len(values), dtype=np.int64)
    rank[values.argsort()] = np.arange(len(values))
    return np.where(codes < 0, -1, rank[codes])


def _labels(data: pd.DataFrame, key: str, rows: Codes, codes: Codes) -> pd.Index:
    """Value of a key for each of its codes, "湖北:2015" for an interaction."""
    first = np.empty(int(codes.max()) + 1, dtype=np.int64)
    first[codes[::-1]] = rows[::-1]
    known = key in data.columns or key in data.index.names
    parts = [key] if known else key.split(":")
    values = [_values_at(data, part, first) for part in parts]
    joined = [":".join(map(str, each)) for each in zip(*values, strict=True)]
    labels: pd.Index = values[0].rename(key) if len(values) == 1 else pd.Index(joined, name=key)
    return labels


def _values_at(data: pd.DataFrame, key: str, rows: Codes) -> pd.Index:
    """Values of a column or index level in some rows; a level is not spread over all rows."""
    if key in data.columns:
        values: pd.Index = pd.Index(data[key])
    elif isinstance(data.index, pd.MultiIndex):
        level = data.index.names.index(key)
        values = data.index.levels[level]
        rows = data.index.codes[level][rows].astype(np.int64)
    else:
        values = data.index
    return values.take(rows)


def renumbered(codes: Codes) -> Codes:
    """Renumber codes 0 ... G-1 without gaps, keeping their order."""
    top = int(codes.max(initial=-1)) + 1
    if top > 8 * len(codes):  # interactions of large keys: a table would be mostly empty
        return np.asarray(np.unique(codes, return_inverse=True)[1], dtype=np.int64)
    present = np.bincount(codes, minlength=top) > 0
    return np.asarray((np.cumsum(present) - 1)[codes], dtype=np.int64)


def _in_index_order(data: pd.DataFrame) -> pd.DataFrame:
    if not data.index.is_monotonic_increasing:
        data = data.sort_index(kind="stable")
    if isinstance(data.index, pd.MultiIndex) and not data.index.is_unique:
        first = data.index[data.index.duplicated()][0]
        raise DataError(
            f"{describe_row(data.index, first)} occurs more than once; a panel has one row "
            "for each key. Aggregate the rows, or put the keys in columns"
        )
    return data


def describe_row(index: pd.Index, key: object) -> str:
    """Name a row by its index: ``city 420100, year 2015``."""
    parts = key if isinstance(key, tuple) else (key,)
    names = [name if name is not None else "row" for name in index.names]
    return ", ".join(f"{name} {part}" for name, part in zip(names, parts, strict=True))


def _numbers(data: pd.DataFrame, names: Sequence[str]) -> Floats:
    """Read columns as numbers, p x N."""
    for name in names:
        if name not in data.columns:
            raise MissingColumnError(
                f"the data have no column {name!r}.{did_you_mean(name, data.columns)}"
            )
        if not data.columns.is_unique and list(data.columns).count(name) > 1:
            raise DataError(f"the data have more than one column named {name!r}")
    values = np.empty((len(names), len(data)))
    for row, name in zip(values, names, strict=True):
        row[:] = _column(data, name)
    return values


def _column(data: pd.DataFrame, name: str) -> Floats:
    column = data[name]
    if column.dtype == np.float64:
        return np.asarray(column)
    try:
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        numbers = pd.to_numeric(column, errors="coerce")
        bad = (numbers.isna() & column.notna()).to_numpy()
        at = int(bad.argmax())
        raise DataError(
            f"{name!r} holds {column.iloc[at]!r} at {describe_row(data.index, data.index[at])}; "
            "a number was expected"
        ) from None


def _refuse_infinite(values: Floats, names: Sequence[str], index: pd.Index) -> None:
    infinite = np.isinf(values)
    if not infinite.any():
        return
    column = int(infinite.any(axis=1).argmax())
    row = int(infinite[column].argmax())
    raise EstimationError(
        f"{names[column]!r} is infinite at {describe_row(index, index[row])} "
        f"(and in {int(infinite[column].sum())} rows in all); a logarithm of zero or a "
        "division by zero? Make such cells missing, or flag them"
    )


def _refuse_empty(known: Mask, names: Sequence[str]) -> None:
    for name, some in zip(names, known, strict=True):
        if not some.any():
            raise NotEstimableError(
                f"{name!r} has no value in any of the {len(some)} rows; "
                "supply it or leave it out of the equation"
            )


def _weighted_rows(weights: Floats, keep: Mask, name: str, index: pd.Index) -> Mask:
    negative = keep & (weights < 0)
    if negative.any():
        row = int(negative.argmax())
        raise EstimationError(
            f"the weight {name!r} is {weights[row]:g} at {describe_row(index, index[row])}; "
            "weights must not be negative"
        )
    return keep & (weights > 0)


def _singletons(effects: Sequence[Codes], keep: Mask) -> Mask:
    """Rows of `keep` that are alone in a level of some effect, found iteratively."""
    alone = np.zeros_like(keep)
    searching = bool(effects)
    while searching:
        searching = False
        for codes in effects:
            left = np.flatnonzero(keep & ~alone)
            if not len(left):
                return alone
            single = left[np.bincount(codes[left])[codes[left]] == 1]
            alone[single] = True
            searching |= len(single) > 0
    return alone


def _nothing_left(names: Sequence[str], known: Mask, dropped: Mapping[str, int]) -> str:
    counts = ", ".join(
        f"{name} ({int(some)} values)" for name, some in zip(names, known.sum(axis=1), strict=True)
    )
    causes = ", ".join(f"{cause}: {n}" for cause, n in dropped.items() if n)
    return f"no row is left of {known.shape[1]} (dropped: {causes}). Values by variable: {counts}"
