"""Measure what the project promises to cost, each beside its limit.

    python tests/benchmarks/measure.py             prints the table, writes measured.json
    python tests/benchmarks/measure.py --readme    and puts the table into the README

The main job is measured cold (build/ and .pytask/ are removed first) and then
unchanged; both with the raw files that are on this machine. Runs where processes
report their memory, that is on Linux and macOS. Exits with 1 if a limit is broken.
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
import time
from dataclasses import asdict, dataclass
from pathlib import Path

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


def process(*arguments: str) -> tuple[float, float]:
    """Run Python with `arguments`; return wall seconds and peak memory in GB.

    The peak is that of the largest process among the child and its own children.
    """
    start = time.perf_counter()
    child = subprocess.Popen([sys.executable, *arguments], cwd=ROOT)
    _, code, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(code)
    if child.returncode:
        sys.exit(f"error: python {' '.join(arguments)} ended with {child.returncode}")
    unit = 1 if sys.platform == "darwin" else 1024
    return seconds, usage.ru_maxrss * unit / 1e9


def import_costs() -> dict[str, float]:
    """Median wall seconds of a fresh process that imports each of the two and ends."""
    packages = ("urbanecon", "pandas")
    seconds: dict[str, list[float]] = {name: [] for name in packages}
    for name in packages:
        process("-c", f"import {name}")  # the first one reads from disk; not counted
    for _ in range(IMPORTS):
        for name in packages:
            seconds[name].append(process("-c", f"import {name}")[0])
    return {name: statistics.median(values) for name, values in seconds.items()}


def measure() -> list[Measured]:
    """Measure everything, imports first, while nothing else of ours runs."""
    imports = import_costs()
    for folder in ("build", ".pytask"):
        shutil.rmtree(ROOT / folder, ignore_errors=True)
    cold, peak = process("-m", "urbanecon", "run")
    unchanged, _ = process("-m", "urbanecon", "run")
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
