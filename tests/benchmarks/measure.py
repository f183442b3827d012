"""Measure what the project promises to cost, each beside its limit.

    python tests/benchmarks/measure.py             prints the table, writes measured.json
    python tests/benchmarks/measure.py --readme    and puts the table into the README

The main job is measured cold (build/ and .pytask/ are removed first) and then
unchanged; both with the raw files that are on this machine. Memory is that of all
processes together, what they share counted in each. Exits with 1 if a limit is broken.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from urbanecon.atomic import write_text
from urbanecon.cleaning.registry import status

ROOT = Path(__file__).resolve().parents[2]
RESULTS = Path(__file__).with_name("measured.json")
README = ROOT / "README.md"
BEGIN, END = "<!-- measured:begin -->", "<!-- measured:end -->"
IMPORTS = 15
"""Fresh processes for each import; the two alternate, so that both meet the same load."""


@dataclass(frozen=True)
class Measured:
    """One promise: what it cost, and what it may cost."""

    what: str
    value: float
    limit: float
    unit: str

    @property
    def kept(self) -> bool:
        return self.value <= self.limit


def process(*arguments: str) -> float:
    """Run Python with `arguments`; return wall seconds."""
    start = time.perf_counter()
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, check=False)
    if done.returncode:
        sys.exit(f"error: python {' '.join(arguments)} ended with {done.returncode}")
    return time.perf_counter() - start


def peak_memory(watched: psutil.Process, stop: threading.Event) -> float:
    """Most memory that a process held, with all its children, until `stop`, in GB."""
    peak = 0
    while not stop.wait(0.1):
        try:
            family = watched.children(recursive=True)
            peak = max(peak, sum(one.memory_info().rss for one in family))
        except psutil.NoSuchProcess:  # ended while we looked
            continue
    return peak / 1e9


def watched_process(*arguments: str) -> tuple[float, float]:
    """As `process`, with the peak of the memory of all processes together, in GB."""
    stop = threading.Event()
    with ThreadPoolExecutor() as pool:
        peak = pool.submit(peak_memory, psutil.Process(), stop)
        try:
            seconds = process(*arguments)
        finally:
            stop.set()
        return seconds, peak.result()


def import_costs() -> dict[str, float]:
    """Median wall seconds of a fresh process that imports each of the two and ends."""
    packages = ("urbanecon", "pandas")
    seconds: dict[str, list[float]] = {name: [] for name in packages}
    for name in packages:
        process("-c", f"import {name}")  # the first one reads from disk; not counted
    for _ in range(IMPORTS):
        for name in packages:
            seconds[name].append(process("-c", f"import {name}"))
    return {name: statistics.median(values) for name, values in seconds.items()}


def measure() -> list[Measured]:
    """Measure everything, imports first, while nothing else of ours runs."""
    imports = import_costs()
    for folder in ("build", ".pytask"):
        shutil.rmtree(ROOT / folder, ignore_errors=True)
    cold, peak = watched_process("-m", "urbanecon", "run")
    unchanged = process("-m", "urbanecon", "run")
    ratio = imports["urbanecon"] / imports["pandas"]
    return [
        Measured("main job, everything to be made", cold, 900, "s"),
        Measured("main job, peak memory", peak, 4, "GB"),
        Measured("main job again, nothing changed", unchanged, 15, "s"),
        Measured("`import urbanecon`, times `import pandas`", ratio, 1.3, ""),
    ]


def circumstances() -> str:
    """Say on what the numbers were measured."""
    sources = status()
    return (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, "
        f"{sources['present'].sum()} of {len(sources)} sources present."
    )


def as_markdown(results: list[Measured], where: str) -> str:
    """Write the results as the table that the README shows."""
    lines = ["| what | measured | limit |", "| --- | ---: | ---: |"]
    for result in results:
        value, limit = (f"{number:.3g} {result.unit}" for number in (result.value, result.limit))
        lines.append(f"| {result.what} | {value.strip()} | {limit.strip()} |")
    return "\n".join([*lines, "", f"Measured on {where}"])


def put_between(begin: str, end: str, table: str) -> None:
    """Replace what stands between two markers of the README."""
    text = README.read_text(encoding="utf-8")
    head, rest = text.split(begin)
    _, tail = rest.split(end)
    write_text(README, f"{head}{begin}\n{table}\n{end}{tail}")


def main() -> int:
    """Measure, print, write; 1 if a limit is broken."""
    parser = argparse.ArgumentParser(description="Measure the costs that the project promises.")
    parser.add_argument("--readme", action="store_true", help="put the table into the README")
    options = parser.parse_args()
    results, where = measure(), circumstances()
    table = as_markdown(results, where)
    print(table)
    content = {"where": where, "results": [asdict(result) for result in results]}
    write_text(RESULTS, json.dumps(content, indent=2) + "\n")
    if options.readme:
        put_between(BEGIN, END, table)
    broken = [result.what for result in results if not result.kept]
    for what in broken:
        print(f"limit broken: {what}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
