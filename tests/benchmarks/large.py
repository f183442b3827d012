"""Two-way effects with clustered errors from 1 to 50 million SYNTHETIC rows, within 4 GB.

    python tests/benchmarks/large.py                 measures, writes large.json and large.md
    python tests/benchmarks/large.py --readme        and puts the table into the README
    python tests/benchmarks/large.py --millions 1 5  fewer rows

Units of 250 periods, 10 regressors with known coefficients, effects of units and
periods, errors correlated within units (over time) and within 300 regions. `y` is
balanced; `y_gaps` lacks a unit's rows before it enters and one row in ten after that.
Files are written in chunks below --folder (a temporary one if not said; 5 GB for 50
million rows) and removed. Each fit is a fresh process, its memory that of the process
and its children together. Needs the extras `bench` and `scale`. Exits with 1 if memory,
agreement or the known coefficients are missed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from urbanecon.atomic import write_text
from urbanecon.errors import EstimationWarning

HERE = Path(__file__).resolve()
RESULTS, BLOCK = HERE.with_name("large.json"), HERE.with_name("large.md")
README = HERE.parents[2] / "README.md"
BEGIN, END = "<!-- large:begin -->", "<!-- large:end -->"
MILLIONS = (1, 5, 10, 25, 50)
UNITS, PERIODS, REGIONS, SEED = 4_000, 250, 300, 20_140_316
"""Units of one chunk of a million rows."""
TRUTH = np.array([1.0, -1.0, 0.5, -0.5, 0.25, -0.25, 0.1, -0.1, 0.0, 2.0])
NAMES = [f"x{k}" for k in range(1, len(TRUTH) + 1)]
MEMORY, AGREE, FAR = 4.0, 1e-9, 4.5
"""GB; relative difference between backends; standard errors from the truth."""


def write_chunk(folder: Path, chunk: int) -> None:
    """Write a million rows: whole units, one file, marked as synthetic."""
    import pyarrow as pa
    from pyarrow import parquet

    rng = np.random.default_rng([SEED, chunk])
    shared = np.random.default_rng([SEED, 1_000_000])  # the same shocks in every chunk
    unit = np.arange(chunk * UNITS, (chunk + 1) * UNITS)
    region, shape = unit % REGIONS, (UNITS, PERIODS)
    level = rng.normal(0, 2, (UNITS, 1))
    columns: dict[str, Any] = {
        "unit": np.repeat(unit.astype("int32"), PERIODS),
        "period": np.tile(np.arange(PERIODS, dtype="int16"), UNITS),
        "region": np.repeat(region.astype("int16"), PERIODS),
    }
    y = level + np.linspace(0, 3, PERIODS) + 10
    for name, b in zip(NAMES, TRUTH, strict=True):
        x = 0.5 * level + _shocks(shared)[region] + _persistent(rng, shape)
        columns[name] = x.ravel()
        y = y + b * x
    y = y + _shocks(shared)[region] + _persistent(rng, shape)
    enters = rng.integers(0, 100, (UNITS, 1))
    gone = (np.arange(PERIODS) < enters) | (rng.random(shape) < 0.1)
    columns |= {"y": y.ravel(), "y_gaps": np.where(gone, np.nan, y).ravel()}
    table = pa.table(columns).replace_schema_metadata({"urbanecon": "SYNTHETIC, not data"})
    file = folder / f"synthetic_{chunk:03d}.parquet"
    parquet.write_table(table, file, row_group_size=2**19, compression="snappy")


def _shocks(rng: np.random.Generator) -> np.ndarray:
    """Shocks that the units of a region share, regions x periods."""
    return rng.normal(0, 0.3, (REGIONS, PERIODS))


def _persistent(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """First-order autoregressions, coefficient 0.6."""
    from scipy.signal import lfilter

    return lfilter([1.0], [1.0, -0.6], rng.standard_normal(shape), axis=1)


def fit_here(folder: Path, outcome: str, backend: str) -> dict[str, Any]:
    """Fit in this process; what the parent wants to know of it."""
    warnings.simplefilter("ignore", EstimationWarning)
    clock, cpu = time.perf_counter(), time.process_time()
    if backend == "fixed_effects":
        fit, errors = _in_one_piece(folder, outcome)
    else:
        from urbanecon.estimation.backends import scaled_fit

        fit = scaled_fit(
            folder, outcome, NAMES, unit="unit", period="period", cluster=["unit", "region"],
            backend=backend, memory_limit="4GB",
        )  # fmt: skip
        errors = {name: fit.extra["errors"][name].tolist() for name in ("unit", "region")}
    return {
        "seconds": time.perf_counter() - clock,
        "cpu": time.process_time() - cpu,
        "nobs": fit.nobs,
        "params": fit.params.tolist(),
        "errors": errors,
        "alternations": fit.stats.get("alternations", 0.0),
        "estimator": fit.estimator,
    }


def _in_one_piece(folder: Path, outcome: str) -> tuple[Any, dict[str, list[float]]]:
    import pandas as pd

    from urbanecon.estimation.fixed_effects import fixed_effects

    data = pd.read_parquet(folder).set_index(["unit", "period"])
    fits = {
        by: fixed_effects(data, outcome, NAMES, ("unit", "period"), f"cluster({by})")
        for by in ("unit", "region")
    }
    return fits["unit"], {by: fit.se.tolist() for by, fit in fits.items()}


def fit_apart(folder: Path, outcome: str, backend: str) -> dict[str, Any]:
    """Fit in a fresh process and watch its memory, children included."""
    import psutil

    command = [sys.executable, str(HERE), "--fit", str(folder), outcome, backend]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    watched, peak = psutil.Process(child.pid), 0
    while child.poll() is None:
        try:
            family = [watched, *watched.children(recursive=True)]
            peak = max(peak, sum(one.memory_info().rss for one in family))
        except psutil.NoSuchProcess:
            continue
        time.sleep(0.1)
    if child.returncode:
        sys.exit(f"error: the fit of {outcome} by {backend} ended with {child.returncode}")
    lines = child.communicate()[0].splitlines()
    found = json.loads(lines[-1])
    gap = np.abs(np.array(found["params"]) - TRUTH) / np.array(found["errors"]["region"])
    return found | {
        "outcome": outcome,
        "backend": backend,
        "peak": peak / 1e9,
        "far": float(gap.max()),
    }


def difference(one: dict[str, Any], other: dict[str, Any]) -> float:
    """Largest relative difference in coefficients and errors.

    A coefficient is compared in units of its value or error, whichever is larger: the
    truth of one of them is zero.
    """
    b, c = np.array(one["params"]), np.array(other["params"])
    gaps = [np.abs(b - c) / np.maximum(np.abs(c), np.array(other["errors"]["unit"]))]
    for by in ("unit", "region"):
        e, f = np.array(one["errors"][by]), np.array(other["errors"][by])
        gaps.append(np.abs(e - f) / f)
    return float(np.max(gaps))


def measure(folder: Path, millions: list[int]) -> dict[str, Any]:
    """Write more and more rows, fit after each step; backends side by side at the first."""
    runs, agreement, written = [], {}, 0
    for size in millions:
        for chunk in range(written, size):
            write_chunk(folder, chunk)
        written = size
        for outcome in ("y", "y_gaps"):
            runs.append(run := fit_apart(folder, outcome, "duckdb"))
            print(
                size, {k: v for k, v in run.items() if k not in {"params", "errors"}}, flush=True
            )
            if size > millions[0]:
                continue
            for other in ("memory", "dask", "fixed_effects"):
                beside = fit_apart(folder, outcome, other)
                agreement[f"{outcome} {other}"] = difference(beside, run)
                runs.append(beside)
                print(size, outcome, other, beside["seconds"], beside["peak"], flush=True)
    return {"where": circumstances(), "runs": runs, "agreement": agreement}


def circumstances() -> str:
    """Say on what the numbers were measured."""
    import duckdb

    return (
        f"{os.cpu_count()} cores (DuckDB {duckdb.__version__} uses as many threads, NumPy one; "
        f"Dask two worker processes), {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}."
    )


def as_markdown(results: dict[str, Any]) -> str:
    """Write the results as the table that the README shows."""
    lines = [
        "| SYNTHETIC rows used | panel | by | s | s per million rows | CPU s per million rows | "
        "peak memory | largest distance from the truth |",
        "| ---: | --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for run in results["runs"]:
        how = f"unbalanced, {run['alternations']:.0f} alternations"
        panel = "balanced, closed form" if run["outcome"] == "y" else how
        if run["backend"] == "fixed_effects":
            panel = panel.split(",")[0]
        rows = run["nobs"] / 1e6
        seconds = f"{run['seconds']:.1f} | {run['seconds'] / rows:.2f}"
        cpu = "–" if run["backend"] == "dask" else f"{run['cpu'] / rows:.2f}"
        by = run["backend"] if run["backend"] != "fixed_effects" else "`fixed_effects`, two fits"
        lines.append(
            f"| {run['nobs']:,} | {panel} | {by} | {seconds} | {cpu} | "
            f"{run['peak']:.2f} GB | {run['far']:.1f} s.e. |"
        )
    worst = max(results["agreement"].values())
    ending = (
        "Two-way effects, 10 regressors, errors clustered by unit and by 300 regions in one run. "
        "Backends and `fixed_effects` agree with DuckDB to "
        f"{worst:.0e} (relative, coefficients and errors). Measured on {results['where']}"
    )
    return "\n".join([*lines, "", ending])


def broken(results: dict[str, Any]) -> list[str]:
    """Promises that were not kept."""
    runs = [run for run in results["runs"] if run["backend"] == "duckdb"]
    out = [f"{r['nobs']:,} rows took {r['peak']:.2f} GB" for r in runs if r["peak"] > MEMORY]
    out += [f"{r['nobs']:,} rows: {r['far']:.1f} s.e. off" for r in runs if r["far"] > FAR]
    out += [f"{n}: differs by {d:.1e}" for n, d in results["agreement"].items() if d > AGREE]
    return out


def put_into_readme(table: str) -> None:
    """Replace what stands between the README's markers."""
    head, rest = README.read_text(encoding="utf-8").split(BEGIN)
    _, tail = rest.split(END)
    write_text(README, f"{head}{BEGIN}\n{table}\n{END}{tail}")


def main() -> int:
    """Measure, print, write; 1 if a promise is broken."""
    parser = argparse.ArgumentParser(description="Measure the cost of many rows.")
    parser.add_argument("--millions", type=int, nargs="+", default=list(MILLIONS))
    parser.add_argument("--folder", type=Path, help="where the rows are written, 5 GB")
    parser.add_argument("--readme", action="store_true", help="put the table into the README")
    parser.add_argument("--fit", nargs=3, metavar=("FOLDER", "OUTCOME", "BACKEND"))
    options = parser.parse_args()
    if options.fit:
        folder, outcome, backend = options.fit
        print(json.dumps(fit_here(Path(folder), outcome, backend)))
        return 0
    with tempfile.TemporaryDirectory(prefix="synthetic-", dir=options.folder) as folder:
        results = measure(Path(folder), sorted(options.millions))
    table = as_markdown(results)
    print(table)
    write_text(RESULTS, json.dumps(results, indent=2) + "\n")
    write_text(BLOCK, f"{BEGIN}\n{table}\n{END}\n")
    if options.readme:
        put_into_readme(table)
    for what in broken(results):
        print(f"promise broken: {what}", file=sys.stderr)
    return 1 if broken(results) else 0


if __name__ == "__main__":
    sys.exit(main())
