"""Rules that say which cells are doubtful, and why.

A rule is a pure function from observations to findings: one row a doubtful
cell, with a sentence that a reader can check. Rules look at numbers, never at
the names of cities or variables, and never change a value; `apply_findings`
writes the most severe finding of a cell into its flag. What a rule must be told
about variables (which ones add up, which ones measure one thing) is declared as
data beside it.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from urbanecon.cleaning.audit.breaks import growth_breaks
from urbanecon.cleaning.audit.copies import conflict, pasted
from urbanecon.cleaning.audit.digits import heaped_digits
from urbanecon.cleaning.audit.findings import CELL, FINDING_COLUMNS, Rule
from urbanecon.cleaning.audit.identities import broken_identity, common_growth, exact_multiple
from urbanecon.cleaning.audit.limits import anachronism, impossible, odd_sign
from urbanecon.cleaning.audit.rivals import disagreement
from urbanecon.cleaning.audit.runs import filled_runs
from urbanecon.cleaning.audit.series import Codes, codes_of, looked_up
from urbanecon.cleaning.audit.shared import sharing
from urbanecon.cleaning.audit.slips import unit_slip
from urbanecon.cleaning.observations import SEVERITY, require_columns

RULES: tuple[Rule, ...] = (
    impossible,
    odd_sign,
    anachronism,
    pasted,
    conflict,
    filled_runs,
    exact_multiple,
    common_growth,
    broken_identity,
    unit_slip,
    growth_breaks,
    heaped_digits,
    disagreement,
)
"""The rules in the order in which they run."""


def run_rules(observations: pd.DataFrame, rules: Iterable[Rule] = RULES) -> pd.DataFrame:
    """Return the findings of all rules, in their order.

    Parameters
    ----------
    observations
        Observations of any sources (see `urbanecon.cleaning.observations`).
    rules
        Rules to run.

    Returns
    -------
    DataFrame
        Columns city, year, variable, source, flag, rule, reason; a cell that
        two rules find has two rows.

    Raises
    ------
    MissingColumnError
        If `observations` lacks a column the rules read.
    """
    require_columns(observations.columns, [*CELL, "value"], file="observations")
    table = observations.reset_index(drop=True)
    with sharing():
        return pd.concat([rule(table) for rule in rules], ignore_index=True)


def apply_findings(observations: pd.DataFrame, findings: pd.DataFrame) -> pd.DataFrame:
    """Return `observations` with each flag raised to its most severe finding.

    A flag is never lowered, and no value, row or order changes.
    """
    held = looked_up(observations["flag"], SEVERITY).astype("int64")
    cell, told = _cells(observations, findings)
    known, at = np.unique(told, return_inverse=True)
    worst = np.zeros(len(known) + 1, dtype="int64")
    np.maximum.at(worst, at, looked_up(findings["flag"], SEVERITY).astype("int64"))
    position = np.searchsorted(known, cell)
    found = np.append(known, -1)[position] == cell
    rank = np.maximum(np.where(found, worst[position], 0), held)
    names = np.array([str(flag) for flag in SEVERITY], dtype=object)
    return observations.assign(flag=pd.Series(names[rank], index=observations.index, dtype="str"))


def _cells(observations: pd.DataFrame, findings: pd.DataFrame) -> tuple[Codes, Codes]:
    """Number the cells of both tables alike, from 0."""
    keys = [
        pd.factorize(pd.concat([observations[name], findings[name]]))[0].astype("int64")
        for name in CELL
    ]
    code = codes_of(*keys)
    return code[: len(observations)], code[len(observations) :]


__all__ = [
    "CELL",
    "FINDING_COLUMNS",
    "RULES",
    "Rule",
    "anachronism",
    "apply_findings",
    "broken_identity",
    "common_growth",
    "conflict",
    "disagreement",
    "exact_multiple",
    "filled_runs",
    "growth_breaks",
    "heaped_digits",
    "impossible",
    "odd_sign",
    "pasted",
    "run_rules",
    "unit_slip",
]
