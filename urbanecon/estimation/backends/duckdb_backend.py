# ruff: noqa: S608 - what stands in the SQL is quoted, and never a value
"""The passes as SQL, run by an embedded DuckDB over the files.

A file may be larger than memory: DuckDB reads what it needs and spills to a
temporary folder. Names of columns reach the SQL only after they were found in
the file, as quoted identifiers; values never do. DuckDB adds up in the order in
which its threads finish, so the last digits of a sum may differ between runs
(some 1e-15); the other backends do not have that.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from urbanecon.errors import DataError, EstimationError
from urbanecon.estimation.backends.duckdb_columns import selected
from urbanecon.estimation.backends.passes import (
    PeriodSums,
    Survey,
    Tally,
    as_labels,
    one_home,
)
from urbanecon.estimation.backends.source import Columns, ParquetSource
from urbanecon.estimation.moments_pieces import UnitPieces
from urbanecon.estimation.sample import Codes, Floats

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@contextmanager
def duckdb_passes(
    source: ParquetSource, columns: Columns, memory_limit: int
) -> Iterator[DuckPasses]:
    """Open DuckDB in memory over the files; it is closed, and what it spilled removed.

    Parameters
    ----------
    memory_limit
        Bytes that DuckDB may use before it spills to disk.

    Raises
    ------
    EstimationError
        DuckDB is not installed, or ran out of memory or disk.
    DataError
        A file cannot be read.
    """
    try:
        import duckdb
    except ImportError:
        raise EstimationError(
            'the backend "duckdb" needs DuckDB: pip install "urbanecon[scale]", or '
            'use backend="memory"'
        ) from None
    with tempfile.TemporaryDirectory(prefix="urbanecon-") as spill:
        config = {
            "memory_limit": f"{memory_limit // 2**20}MiB",
            "temp_directory": spill,
            "preserve_insertion_order": False,
        }
        try:
            with duckdb.connect(config=config) as connection:
                yield DuckPasses(source, columns, connection)
        except (duckdb.OutOfMemoryException, MemoryError) as error:
            raise EstimationError(
                f"DuckDB needs more than memory_limit ({memory_limit / 1e9:.1f} GB) or the free "
                f"disk: {str(error).splitlines()[0]}"
            ) from error
        except duckdb.Error as error:
            raise DataError(
                f"{source.path} cannot be read by DuckDB: {str(error).splitlines()[0]}"
            ) from error


class DuckPasses:
    """`passes.Passes` as SQL: see `duckdb_passes`."""

    def __init__(
        self, source: ParquetSource, columns: Columns, connection: DuckDBPyConnection
    ) -> None:
        self._source, self._columns, self._sql = source, columns, connection
        connection.execute("SET enable_progress_bar = false")
        # parquet statistics leave NaN out, and DuckDB concludes from them that there is none:
        # isnan() would be answered without looking
        connection.execute("SET disabled_optimizers = 'statistics_propagation'")
        connection.read_parquet(list(source.paths)).create_view("files")
        self._view("every_row", f"SELECT {', '.join(selected(source, columns))} FROM files")
        self._v = range(len(columns.variables))
        self._survey: Survey | None = None

    def survey(self) -> Survey:
        """Count, check and sum by unit."""
        columns = self._columns
        tally = self._tally()
        tally.check(columns, self._source.rows)
        weighted = columns.weights is not None
        kept = [*(["whole"] if tally.missing else []), *(["w > 0"] if weighted else [])]
        self._view(
            "kept", "SELECT * FROM every_row" + (f" WHERE {' AND '.join(kept)}" if kept else "")
        )
        sums = ", ".join(f"sum(w * z{j}) / sum(w) AS m{j}" for j in self._v)
        by_unit = self._fetch(
            f"SELECT u, count(*) AS n, sum(w) AS w, {sums} FROM kept GROUP BY u ORDER BY u"
        )
        labels = as_labels(by_unit["u"], columns.unit)
        order = labels.argsort()
        units = labels[order]
        periods = as_labels(self._fetch("SELECT DISTINCT t FROM kept")["t"], columns.period)
        self._survey = Survey(
            tally=tally,
            units=units,
            periods=periods.sort_values(),
            rows=np.asarray(by_unit["n"], dtype=np.int64)[order],
            weight=by_unit["w"][order],
            mean=np.column_stack([by_unit[f"m{j}"] for j in self._v])[order],
            homes={n: self._homes(units, n, f"c{k}") for k, n in enumerate(columns.clusters)},
        )
        return self._survey

    def pieces(self) -> UnitPieces:
        """Sums by unit and by unit and period."""
        known, columns = self._known, self._columns
        size, shape = len(self._v), (len(known.units), len(known.periods))
        cross = self.cross_products(
            known.mean, np.zeros((shape[1], size)), np.arange(shape[0]), shape[0]
        )
        means = ", ".join(f"sum(w * (z{j} - a{j})) / sum(w) AS m{j}" for j in self._v)
        cells = self._fetch(
            f"SELECT code AS u, t, count(*) AS n, sum(w) AS w, {means} "
            "FROM kept JOIN unit_effects USING (u) GROUP BY code, t"
        )
        at = np.asarray(cells["u"]), known.periods.get_indexer(as_labels(cells["t"], ""))
        weight, rows = np.zeros(shape), np.zeros(shape, dtype=np.int64)
        cell_mean = np.zeros((*shape, size))
        weight[at], rows[at] = cells["w"], cells["n"]
        moved = np.column_stack([cells[f"m{j}"] for j in self._v])
        cell_mean[at] = known.mean[at[0]] + moved
        return UnitPieces(
            columns.variables, columns.unit, columns.period, known.units, known.periods,
            known.mean, cross, weight, cell_mean, rows,
        )  # fmt: skip

    def period_sums(self, means: Floats) -> PeriodSums:
        """Sums by period once `means` are out."""
        self._load("u", self._known.units, means)
        moved = ", ".join(
            f"sum(w * (z{j} - a{j})) AS r{j}, sum(w * (z{j} - a{j}) * (z{j} - a{j})) AS s{j}"
            for j in self._v
        )
        found = self._by_period(
            f"SELECT t, sum(w) AS w, {moved} FROM kept JOIN unit_effects USING (u) GROUP BY t"
        )
        return PeriodSums(
            found["w"],
            np.column_stack([found[f"r{j}"] for j in self._v]),
            np.array([found[f"s{j}"].sum() for j in self._v]),
        )

    def sums_by_unit(self, by_period: Floats) -> Floats:
        """Sum of w d_t over the rows of each unit."""
        self._load("t", self._known.periods, by_period)
        many = range(by_period.shape[1])
        sums = ", ".join(f"sum(w * d{j}) AS s{j}" for j in many)
        found = self._fetch(f"SELECT u, {sums} FROM kept JOIN period_effects USING (t) GROUP BY u")
        out = np.empty((len(self._known.units), len(many)))
        at = self._known.units.get_indexer(as_labels(found["u"], ""))
        out[at] = np.column_stack([found[f"s{j}"] for j in many])
        return out

    def sums_by_period(self, by_unit: Floats) -> Floats:
        """Sum of w a_i over the rows of each period."""
        self._load("u", self._known.units, by_unit)
        many = range(by_unit.shape[1])
        sums = ", ".join(f"sum(w * a{j}) AS s{j}" for j in many)
        found = self._by_period(
            f"SELECT t, {sums} FROM kept JOIN unit_effects USING (u) GROUP BY t"
        )
        return np.column_stack([found[f"s{j}"] for j in many])

    def cross_products(
        self, by_unit: Floats, by_period: Floats, groups: Codes, size: int
    ) -> Floats:
        """Sum of w r r', r = z - a_i - d_t, over groups of units."""
        known = self._known
        self._load("u", known.units, by_unit, code=groups)
        self._load("t", known.periods, by_period)
        left = ", ".join(f"z{j} - a{j} - d{j} AS r{j}" for j in self._v)
        pairs = [(i, j) for i in self._v for j in range(i + 1)]
        products = ", ".join(f"sum(w * r{i} * r{j}) AS s{i}_{j}" for i, j in pairs)
        found = self._fetch(
            f"SELECT code, {products} FROM (SELECT code, w, {left} FROM kept "
            "JOIN unit_effects USING (u) JOIN period_effects USING (t)) GROUP BY code"
        )
        out = np.zeros((size, len(self._v), len(self._v)))
        for i, j in pairs:
            out[found["code"], i, j] = out[found["code"], j, i] = found[f"s{i}_{j}"]
        return out

    @property
    def _known(self) -> Survey:
        if self._survey is None:
            raise RuntimeError("the survey comes before every other pass")
        return self._survey

    def _tally(self) -> Tally:
        columns = self._columns
        names = {n: f"z{j}" for j, n in enumerate(columns.variables)}
        if columns.weights is not None:
            names[columns.weights] = "w"
        conditions = {
            "missing": "NOT whole",
            "zero": "whole AND w = 0",
            "negative": "whole AND w < 0",
            **{f"known_{k}": f"NOT isnan({x})" for k, x in enumerate(names.values())},
            **{f"infinite_{k}": f"isinf({x})" for k, x in enumerate(names.values())},
        }
        counts = ", ".join(f"count(*) FILTER ({test}) AS {n}" for n, test in conditions.items())
        found = self._fetch(f"SELECT count(*) AS n, {counts} FROM every_row")
        one = {name: int(values[0]) for name, values in found.items()}
        infinite = {n: one[f"infinite_{k}"] for k, n in enumerate(names) if one[f"infinite_{k}"]}
        places = {n: self._place(f"isinf({names[n]})") for n in infinite}
        if one["negative"]:
            places["negative weight"] = self._place("whole AND w < 0")
        return Tally(
            rows=one["n"],
            missing=one["missing"],
            zero_weight=one["zero"],
            known={n: one[f"known_{k}"] for k, n in enumerate(names)},
            infinite=infinite,
            negative=one["negative"],
            places=places,
        )

    def _place(self, condition: str) -> str:
        row = self._sql.execute(
            f"SELECT u, t FROM every_row WHERE {condition} ORDER BY u, t LIMIT 1"
        ).fetchone()
        names = (self._columns.unit, self._columns.period)
        return ", ".join(
            f"{name} {'unknown' if label is None else label}"
            for name, label in zip(names, row or (None, None), strict=True)
        )

    def _homes(self, units: pd.Index, name: str, column: str) -> pd.Index:
        pairs = self._fetch(f"SELECT DISTINCT u AS unit, {column} AS home FROM kept")
        labels = {side: as_labels(values, "") for side, values in pairs.items()}
        return one_home(self._columns.unit, units, name, labels)

    def _by_period(self, query: str) -> dict[str, np.ndarray]:
        """Result with a column t, in the order of the periods."""
        found = self._fetch(query)
        at = as_labels(found.pop("t"), "").get_indexer(self._known.periods)
        return {name: np.asarray(values)[at] for name, values in found.items()}

    def _load(
        self, key: str, labels: pd.Index, effects: Floats, code: Codes | None = None
    ) -> None:
        """Put effects into a table by unit (a0, a1, ...) or period (d0, d1, ...)."""
        table, prefix = ("unit_effects", "a") if key == "u" else ("period_effects", "d")
        held: dict[str, Any] = {key: labels}
        if code is not None:
            held["code"] = code
        held |= {f"{prefix}{j}": column for j, column in enumerate(effects.T)}
        self._sql.register("frame", pd.DataFrame(held))
        self._sql.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT * FROM frame")
        self._sql.unregister("frame")

    def _view(self, name: str, query: str) -> None:
        self._sql.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {query}")

    def _fetch(self, query: str) -> dict[str, np.ndarray]:
        result: dict[str, np.ndarray] = self._sql.execute(query).fetchnumpy()
        return result
