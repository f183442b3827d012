"""Estimates on disk: one JSON file an effect, the same bytes for the same estimates.

A file holds everything of an estimate, down to the exact rows it used, so that
tables, figures and the paper are made from files alone. Floats are written in
their shortest form that reads back exactly; what is not finite is written out
as ``{"float": "nan"}``, because JSON has no such numbers.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from urbanecon.atomic import write_text
from urbanecon.effects.result import Estimate
from urbanecon.effects.spec import Sample, Spec
from urbanecon.errors import DataError, StaleResultError
from urbanecon.estimation.fit import Diagnostic, Fit, digest_of_rows

FORMAT = "urbanecon-estimates/1"
TABLES_FORMAT = "urbanecon-tables/1"
RERUN = "Run `urbanecon run` to make it again."

SIMPLE = ("nobs", "df", "outcome", "estimator", "inference")
"""Fields of a Fit that JSON holds as they are."""


def write_estimates(path: Path, estimates: Iterable[Estimate]) -> None:
    """Write the estimates of one effect, in the order given.

    Raises
    ------
    DataError
        If two estimates share a name, or a sample is not indexed by
        (city, year): the file could not be read back as it was.
    OutputError
        If the file cannot be written; what stood there is unchanged.
    """
    estimates = list(estimates)
    names = [estimate.spec.name for estimate in estimates]
    for name in names:
        if names.count(name) > 1:
            raise DataError(f"{path}: two estimates are named {name!r}; expected one of each.")
    content = {"format": FORMAT, "estimates": [_packed(estimate) for estimate in estimates]}
    text = json.dumps(_encoded(content), indent=1, sort_keys=True, ensure_ascii=False)
    write_text(Path(path), text + "\n")


def read_estimates(path: Path) -> list[Estimate]:
    """Read what `write_estimates` wrote; parameters and covariances are exact.

    A file that has not changed is decoded once in a process: every figure, table and
    number of the main job rests on the same few files.

    Raises
    ------
    StaleResultError
        If the file is absent, or was written by another version.
    DataError
        If it is damaged, or holds something else.
    """
    path = Path(path).absolute()
    try:
        state = path.stat()
    except OSError:
        return list(_estimates(path))
    return list(_estimates(path, state.st_ino, state.st_mtime_ns, state.st_size))


@lru_cache(maxsize=32)
def _estimates(path: Path, *state: int) -> tuple[Estimate, ...]:
    """Decode a file; `state` tells it from what stood there before."""
    rerun = f"Run `urbanecon run {path.stem}` to make it again."
    content = read_content(path, FORMAT, "estimates", rerun)
    try:
        return tuple(_unpacked(entry) for entry in content["estimates"])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path} does not hold whole estimates: {error!r}. {rerun}") from error


def write_tables(path: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Write named tables, index and dtypes with them.

    Raises
    ------
    OutputError
        If the file cannot be written; what stood there is unchanged.
    """
    packed = {name: _packed_table(table) for name, table in tables.items()}
    content = _encoded({"format": TABLES_FORMAT, "tables": packed})
    write_text(Path(path), json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def read_tables(path: Path) -> dict[str, pd.DataFrame]:
    """Read what `write_tables` wrote; numbers are exact.

    Raises
    ------
    StaleResultError
        If the file is absent, or was written by another version.
    DataError
        If it is damaged, or holds something else.
    """
    content = read_content(Path(path), TABLES_FORMAT, "tables")
    try:
        return {name: _table(stored) for name, stored in content["tables"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"{path} does not hold whole tables: {error!r}. {RERUN}") from error


def read_content(path: Path, expected: str, what: str, rerun: str = RERUN) -> dict[str, Any]:
    """Read a file of one format, its numbers that JSON lacks put back.

    Parameters
    ----------
    expected, what
        Format that the file must state, and what it holds, in words.
    rerun
        What to do about a file that is not as it should be.

    Raises
    ------
    StaleResultError
        If the file is absent, or was written by another version.
    DataError
        If it is damaged, or holds something else.
    """
    try:
        content = _decoded(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise StaleResultError(f"{path} is missing: no {what}. {rerun}") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is damaged: {error}. {rerun}") from error
    if not isinstance(content, dict) or "format" not in content:
        raise DataError(f"{path} is not a file of {what} ({expected}). {rerun}")
    if content["format"] != expected:
        raise StaleResultError(f"{path} is {content['format']!r}, expected {expected!r}. {rerun}")
    return content


def _packed(estimate: Estimate) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": estimate.spec.name, "spec": asdict(estimate.spec)}
    if estimate.fit is None:
        return entry | {"not_estimable": estimate.reason}
    return entry | {"fit": _packed_fit(estimate.fit, estimate.spec.name)}


def _packed_fit(fit: Fit, name: str) -> dict[str, Any]:
    return {field: getattr(fit, field) for field in SIMPLE} | {
        "terms": [str(term) for term in fit.params.index],
        "params": fit.params.to_numpy(dtype=float),
        "vcov": fit.vcov.to_numpy(dtype=float),
        "n_clusters": dict(fit.n_clusters),
        "fixed_effects": fit.fixed_effects,
        "stats": dict(fit.stats),
        "diagnostics": [asdict(diagnostic) for diagnostic in fit.diagnostics],
        "warnings": fit.warnings,
        "extra": {key: _packed_table(table) for key, table in fit.extra.items()},
        "sample": _packed_sample(fit.sample, name),
        "sample_digest": fit.sample_digest,
    }


def _unpacked(entry: Mapping[str, Any]) -> Estimate:
    spec = _spec(entry["spec"])
    if "not_estimable" in entry:
        return Estimate(spec, None, entry["not_estimable"])
    stored = entry["fit"]
    terms = pd.Index(stored["terms"], dtype="str")
    k = len(terms)
    sample, digest = _sample(stored["sample"])
    fit = Fit(
        params=pd.Series(np.array(stored["params"], dtype=float), index=terms),
        vcov=pd.DataFrame(
            np.array(stored["vcov"], dtype=float).reshape(k, k), index=terms, columns=terms
        ),
        sample=sample,
        n_clusters=stored["n_clusters"],
        fixed_effects=tuple(stored["fixed_effects"]),
        stats=stored["stats"],
        diagnostics=tuple(
            Diagnostic(**(entry | {"df": tuple(entry["df"])})) for entry in stored["diagnostics"]
        ),
        warnings=tuple(stored["warnings"]),
        extra={key: _table(table) for key, table in stored["extra"].items()},
        **{field: stored[field] for field in SIMPLE},
    )
    if digest != stored["sample_digest"]:
        raise ValueError(f"the rows of {spec.name} do not have the stated fingerprint")
    return Estimate(spec, fit)


def _spec(stored: Mapping[str, Any]) -> Spec:
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in stored.items()
    }
    known = {field.name for field in fields(Spec)}
    if set(values) != known:
        raise ValueError(f"fields of a Spec differ: {sorted(set(values) ^ known)}")
    return Spec(**(values | {"sample": Sample(**values["sample"])}))


def _packed_sample(sample: pd.Index, name: str) -> dict[str, Any]:
    """Rows as runs [city, first year, last year], in their order."""
    if not isinstance(sample, pd.MultiIndex) or sample.nlevels != 2:
        raise DataError(f"{name}: the sample must be indexed by (city, year), found {sample!r}.")
    runs: list[list[Any]] = []
    for city, year in sample:
        if runs and runs[-1][0] == city and runs[-1][2] == year - 1:
            runs[-1][2] = int(year)
        else:
            runs.append([str(city), int(year), int(year)])
    return {"levels": list(sample.names), "runs": runs}


def _sample(stored: Mapping[str, Any]) -> tuple[pd.MultiIndex, str]:
    """Rows of a sample, and their fingerprint."""
    return _rows(tuple(stored["levels"]), tuple(map(tuple, stored["runs"])))


@lru_cache(maxsize=256)
def _rows(
    levels: tuple[str, ...], runs: tuple[tuple[str, int, int], ...]
) -> tuple[pd.MultiIndex, str]:
    """Spell out runs of years; many estimates use the same rows."""
    rows = [(city, year) for city, first, last in runs for year in range(first, last + 1)]
    index = pd.MultiIndex.from_arrays(
        [
            pd.Index([city for city, _ in rows], dtype="str"),
            pd.Index([year for _, year in rows], dtype="int64"),
        ],
        names=levels,
    )
    return index, digest_of_rows(index)


def _packed_table(table: pd.DataFrame) -> dict[str, Any]:
    flat = table.reset_index()
    return {
        "index": list(table.index.names),
        "columns": [
            {"name": str(column), "dtype": str(flat[column].dtype), "values": list(flat[column])}
            for column in flat
        ],
    }


def _table(stored: Mapping[str, Any]) -> pd.DataFrame:
    columns = {
        column["name"]: pd.Series(column["values"], dtype=column["dtype"])
        for column in stored["columns"]
    }
    levels = list(columns)[: len(stored["index"])]
    table = pd.DataFrame(columns).set_index(levels)
    table.index.names = stored["index"]
    return table


def _encoded(value: Any) -> Any:
    """Plain JSON values only; floats that JSON lacks are spelt out."""
    if isinstance(value, Mapping):
        return {str(key): _encoded(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_encoded(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    return value


def _decoded(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"float"}:
            return float(value["float"])
        return {key: _decoded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_decoded(item) for item in value]
    return value
