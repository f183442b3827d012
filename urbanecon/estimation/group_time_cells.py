"""The cells of a staggered treatment: one cohort, one year, one clean comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from urbanecon.errors import (
    EstimationError,
    NotEstimableError,
    UnknownNameError,
    did_you_mean,
)
from urbanecon.estimation.cohorts import CohortPanel
from urbanecon.estimation.sample import Floats, Mask
from urbanecon.estimation.two_by_two import (
    Effect,
    Method,
    effect_of_changes,
    effect_of_levels,
)

ControlGroup = Literal["nevertreated", "notyettreated"]
BasePeriod = Literal["varying", "universal"]
METHODS = {
    "dr": "doubly robust",
    "ipw": "inverse probability weighting",
    "reg": "outcome regression",
}
CONTROLS = {"nevertreated": "never treated", "notyettreated": "not yet treated"}


@dataclass(frozen=True, slots=True)
class Cell:
    """The effect on the cohort first treated in `group`, in `year` against `base`."""

    group: int
    year: int
    base: int

    @property
    def name(self) -> str:
        """Name of its coefficient: ``g2004:y2006``."""
        return f"g{self.group}:y{self.year}"


@dataclass(frozen=True, slots=True)
class Design:
    """How cells are compared; the arguments of `group_time.group_time`.

    Raises
    ------
    UnknownNameError
        A choice is not known.
    EstimationError
        The years of anticipation are negative or not whole.
    """

    method: Method
    control_group: ControlGroup
    base_period: BasePeriod
    anticipation: int
    allow_unbalanced: bool

    def __post_init__(self) -> None:
        for what, given, known in (
            ("method", self.method, METHODS),
            ("control_group", self.control_group, CONTROLS),
            ("base_period", self.base_period, {"varying": "", "universal": ""}),
        ):
            if given not in known:
                raise UnknownNameError(
                    f"unknown {what} {given!r}.{did_you_mean(given, known)} "
                    f"Known: {', '.join(map(repr, known))}"
                )
        if self.anticipation < 0 or self.anticipation != int(self.anticipation):
            raise EstimationError(
                f"anticipation is a whole number of years, found {self.anticipation}"
            )

    @property
    def in_words(self) -> str:
        """The estimator in words."""
        words = (
            f"group-time effects, {METHODS[self.method]}, against the "
            f"{CONTROLS[self.control_group]}, {self.base_period} base period"
        )
        if self.anticipation:
            words += f", anticipation {self.anticipation}"
        return words + (", unbalanced panel in levels" if self.allow_unbalanced else "")


def cells_of(panel: CohortPanel, design: Design) -> list[Cell]:
    """Cells in the order of cohort and year."""
    years = panel.years.tolist()
    cells: list[Cell] = []
    for group in panel.cohorts.tolist():
        before = max(t for t in years if t + design.anticipation < group)
        for earlier, year in zip([None, *years], years, strict=False):
            if design.base_period == "universal" or year >= group:
                cells.append(Cell(group, year, before))
            elif earlier is not None:
                cells.append(Cell(group, year, earlier))
    return cells


def compared(panel: CohortPanel, design: Design, cell: Cell) -> tuple[Mask, Mask]:
    """Treated and comparison units of a cell, length n each."""
    treated = panel.first == cell.group
    if design.control_group == "nevertreated":
        return treated, np.isinf(panel.first)
    untouched = panel.first > max(cell.year, cell.base) + design.anticipation
    return treated, untouched & ~treated


def estimate_cells(
    panel: CohortPanel, design: Design, cells: list[Cell]
) -> tuple[dict[Cell, Effect], tuple[str, ...]]:
    """Effects of the cells that can be estimated, and why others cannot.

    A cell whose year is its base is zero by construction.

    Raises
    ------
    NotEstimableError
        No cell can be estimated.
    """
    effects: dict[Cell, Effect] = {}
    reasons: dict[str, list[str]] = {}
    for cell in cells:
        try:
            effects[cell] = _effect(panel, design, cell)
        except NotEstimableError as error:
            reasons.setdefault(str(error), []).append(cell.name)
    if all(cell.year == cell.base for cell in effects):
        raise NotEstimableError(
            "no group-time effect can be estimated: " + "; ".join(reasons or ["no cell"])
        )
    failures = tuple(f"{', '.join(names)} not estimated: {why}" for why, names in reasons.items())
    return effects, failures


def _effect(panel: CohortPanel, design: Design, cell: Cell) -> Effect:
    """Effect of a cell, its influence function over all n units."""
    if cell.year == cell.base:
        return Effect(0.0, np.zeros(len(panel.units)))
    treated, control = compared(panel, design, cell)
    now, base = (int(np.searchsorted(panel.years, t)) for t in (cell.year, cell.base))
    units = np.flatnonzero(treated | control)
    influence = np.zeros(len(panel.units))
    if design.allow_unbalanced:
        ends = panel.outcome[np.ix_(units, np.array([base, now]))]
        i, t = np.nonzero(~np.isnan(ends))
        rows, column = units[i], np.where(t == 1, now, base)
        effect = effect_of_levels(
            ends[i, t],
            t == 1,
            treated[rows],
            _with_constant(panel.covariates[rows, column]),
            weights=panel.weights[rows, column],
            method=design.method,
        )
        np.add.at(influence, rows, effect.influence * (len(panel.units) / len(rows)))
    else:
        earlier = min(now, base)
        effect = effect_of_changes(
            panel.outcome[units, now] - panel.outcome[units, base],
            treated[units],
            _with_constant(panel.covariates[units, earlier]),
            weights=panel.weights[units, earlier],
            method=design.method,
        )
        influence[units] = effect.influence * (len(panel.units) / len(units))
    return Effect(effect.att, influence)


def _with_constant(covariates: Floats) -> Floats:
    return np.column_stack([np.ones(len(covariates)), covariates])
