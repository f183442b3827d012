"""The file of a row of the ledger that cites what other rows have estimated."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from urbanecon.cleaning.panel import Panel
from urbanecon.effects import EVIDENCE, ROW_SPECS
from urbanecon.effects.estimate import estimate_all
from urbanecon.effects.result import Estimate
from urbanecon.errors import StaleResultError
from urbanecon.reporting.store import read_estimates, write_estimates


def write_row(row: str, panel: Panel, results: Mapping[str, Path], path: Path) -> None:
    """Estimate a route's or lever's own equations and store them with what it cites.

    Parameters
    ----------
    row
        "R1" ... "L3".
    panel
        The panel as published.
    results
        File of estimates of each effect, by its id.
    path
        File to write; cited estimates keep the id of the effect they are of.

    Raises
    ------
    StaleResultError
        If a file of results lacks an estimate that the row cites.
    """
    write_estimates(path, [*estimate_all(ROW_SPECS[row], panel), *cited(row, results)])


def cited(row: str, results: Mapping[str, Path]) -> list[Estimate]:
    """Return the estimates of the effects that a row cites, in the order it cites them."""
    names = [spec.name for spec in EVIDENCE.get(row, ())]
    effects = dict.fromkeys(name.split(".")[0] for name in names)
    found = {
        estimate.spec.name: estimate
        for effect in effects
        for estimate in read_estimates(results[effect])
    }
    absent = [name for name in names if name not in found]
    if absent:
        effect = absent[0].split(".")[0]
        raise StaleResultError(
            f"{results[effect]} holds no {absent[0]}, which {row} cites. "
            f"Run `urbanecon run {effect}` to make it again."
        )
    return [found[name] for name in names]
