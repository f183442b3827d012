"""Measure `urbanecon audit` on synthetic panels: time and memory beside their limits.

    python tests/benchmarks/audit_speed.py

A panel of 300 units, 25 years and 30 variables, and one of a million rows and 5
variables, each audited by the command in a process of its own, report and list of
flags written. Runs where processes report their memory, that is on Linux and
macOS. Exits with 1 if a limit is broken.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from measure import watched_process

from urbanecon.cleaning.audit.synthetic import FIRST_YEAR, clean_panel

SEED = 1
MEMORY = 4.0
"""Gigabytes that an audit may take."""


class Case(NamedTuple):
    """Shape of a panel, and the seconds that its audit may take."""

    units: int
    years: int
    variables: int
    limit: float


CASES = (Case(300, 25, 30, 10), Case(40_000, 25, 5, 60))


def panel(case: Case) -> pd.DataFrame:
    """Return a clean long panel; variables that come again have moved to other units."""
    clean = clean_panel(np.random.default_rng(SEED), case.units, case.years)
    matrices = list(clean.values.items())  # noqa: PD011 (a dictionary, not a frame)
    columns = {
        "unit": np.repeat([f"unit {number:05d}" for number in range(case.units)], case.years),
        "year": np.tile(np.arange(FIRST_YEAR, FIRST_YEAR + case.years), case.units),
    }
    for number in range(case.variables):
        name, matrix = matrices[number % len(matrices)]
        columns[f"{name} {number}"] = np.roll(matrix, 7 * number, axis=0).ravel()
    return pd.DataFrame(columns)


def main() -> int:
    """Audit both panels and print a line each; 1 if a limit is broken."""
    kept = True
    with tempfile.TemporaryDirectory() as folder:
        for case in CASES:
            file = Path(folder) / "panel.csv"
            panel(case).to_csv(file, index=False)
            seconds, peak = watched_process(
                "-m", "urbanecon", "audit", str(file), "--out", str(Path(folder) / "checked")
            )
            print(
                f"{case.units} units x {case.years} years x {case.variables} variables: "
                f"{seconds:.1f} s (limit {case.limit:g} s), {peak:.2f} GB (limit {MEMORY:g} GB)",
                flush=True,
            )
            kept &= seconds <= case.limit and peak <= MEMORY
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
