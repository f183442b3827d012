"""What a column of a panel measures: a codebook variable in its unit, or itself."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from urbanecon.cleaning.codebook import load_codebook
from urbanecon.intake.headers import Header, read_header
from urbanecon.intake.mapping import ASKED, DISTRICTS, ColumnPlan, factor
from urbanecon.intake.propose import settle_unit
from urbanecon.intake.vocabulary import match_variable, take_glued_unit

AS_GIVEN = " (as given)"
"""Ends the name of a variable that is called like one of the codebook and is not in its unit."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a column is read.

    Attributes
    ----------
    variable
        Codebook name, or the column's own.
    header
        As the file has it.
    factor
        To the codebook's unit; 1 for variables of the file's own.
    known
        Whether it is the codebook's variable, so that its range applies.
    said
        The inference in words.
    """

    variable: str
    header: str
    factor: float
    known: bool
    said: str


def read_variable(
    header: str, values: np.ndarray, *, label: str = "", taken: Collection[str] = ()
) -> Reading:
    """Infer what a column measures.

    Parameters
    ----------
    header
        Name of the column.
    values
        Its numbers; they may show that a stated unit cannot be right.
    label
        Long name, where the format has one.
    taken
        Variables that other columns are; a second column stays itself.
    """
    texts = [(text, take_glued_unit(read_header([text]))) for text in (header, label) if text]
    # of a short name and a label, the one that gives the unit knows more
    for text, parsed in sorted(texts, key=lambda named: not named[1].unit):
        matched = match_variable(parsed, parsed.unit)
        if not matched.variable or parsed.caliber == "districts":
            continue
        plan = ColumnPlan(
            "", text, matched.variable, parsed.unit, None, matched.confidence, matched.why
        )
        plan = _with_unit(plan, parsed, values)
        scale = None if plan.unit == ASKED else factor(plan)
        if scale is None:
            return _own(header, f"looks like {matched.variable}, but {plan.why.split('; ')[-1]}")
        if matched.variable in taken:
            return _own(header, f"another column is {matched.variable}")
        said = f"{matched.variable} ({plan.why}, confidence {matched.confidence:.2f})"
        return Reading(matched.variable, header, scale, True, f"{said} in {plan.unit}")
    return _own(header, "not in the codebook")


def _with_unit(plan: ColumnPlan, parsed: Header, values: np.ndarray) -> ColumnPlan:
    """Settle the unit; a codebook name without a unit, or a share, may be in the codebook's."""
    settled = settle_unit(plan, values)
    entry = load_codebook()[plan.variable]
    if settled.unit == ASKED and (plan.header == plan.variable or entry.kind == "share"):
        assumed = settle_unit(
            ColumnPlan("", plan.header, plan.variable, entry.unit, why="the unit is assumed"),
            values,
        )
        return assumed if assumed.unit != ASKED else settled
    return settled


def _own(header: str, why: str) -> Reading:
    codebook = load_codebook()
    clash = header in codebook or header.removesuffix(DISTRICTS) in codebook
    name = header + AS_GIVEN if clash else header
    return Reading(name, header, 1.0, False, f"audited as it is, without range ({why})")
