"""Panels whose defects are known: a measure of the rules, and a tool to try others.

One defect is planted at a time in a clean synthetic panel (`synthetic`), and the
rule for it is measured by the cells it finds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from urbanecon.cleaning.audit import run_rules
from urbanecon.cleaning.audit.breaks import growth_breaks
from urbanecon.cleaning.audit.copies import conflict, pasted
from urbanecon.cleaning.audit.digits import heaped_digits
from urbanecon.cleaning.audit.findings import CELL, Rule
from urbanecon.cleaning.audit.identities import broken_identity, common_growth, exact_multiple
from urbanecon.cleaning.audit.limits import impossible
from urbanecon.cleaning.audit.rivals import disagreement
from urbanecon.cleaning.audit.runs import filled_runs
from urbanecon.cleaning.audit.slips import unit_slip
from urbanecon.cleaning.audit.synthetic import (
    FIRST_YEAR,
    STEADY,
    Planted,
    as_observations,
    clean_panel,
    rounded,
)


def paste(panel: Planted, rng: np.random.Generator) -> None:
    """One city's series in a twentieth to a third of the cities of two variables."""
    for name in ("mobile", "students"):
        matrix = panel.values[name]
        size = int(rng.integers(len(matrix) // 20, len(matrix) // 3))
        victims = rng.choice(len(matrix), size + 1, replace=False)
        matrix[victims[1:]] = matrix[victims[0]]
        panel.mark(name)[victims] = True


def interpolate(panel: Planted, rng: np.random.Generator) -> None:
    """Gaps of two to six years filled by a line or by constant growth, half of them rounded."""
    for name in ("population", "deposits", "fiscal_expenditure", "va_primary", "students"):
        matrix, mark = panel.values[name], panel.mark(name)
        for i in rng.choice(len(matrix), len(matrix) // 3, replace=False):
            gap = int(rng.integers(2, 7))
            start = int(rng.integers(0, matrix.shape[1] - gap - 2))
            inside = np.arange(start + 1, start + gap + 1)
            ends = matrix[i, [start, start + gap + 1]]
            logs = rng.random() < 0.5
            drawn = np.interp(inside, [start, start + gap + 1], np.log(ends) if logs else ends)
            matrix[i, inside] = np.exp(drawn) if logs else drawn
            if rng.random() < 0.5:
                matrix[i] = rounded(matrix[i], panel.units[name])
            mark[i, inside] = True


def extrapolate(panel: Planted, rng: np.random.Generator) -> None:
    """The first or last three to seven years by mean growth, a line, or a fading growth."""
    for name in ("population", "deposits", "fiscal_expenditure", "students"):
        matrix, mark = panel.values[name], panel.mark(name)
        for i in rng.choice(len(matrix), len(matrix) // 4, replace=False):
            count = int(rng.integers(3, 8))
            order = 1 if rng.random() < 0.5 else -1
            path, flags = matrix[i, ::order], mark[i, ::order]
            steps = np.arange(1, count + 1)
            known = path[: len(path) - count]
            rate = np.log(known[-1] / known[0]) / (len(known) - 1)
            form = rng.integers(3)
            if form == 0:
                ahead = known[-1] * np.exp(rate * steps)
            elif form == 1:
                ahead = known[-1] * (1 + rate / 2 * steps)
            else:
                ahead = known[-1] * np.exp(2 * rate * np.cumsum(0.8**steps))
            path[-count:] = ahead
            flags[-count:] = True


def slip_units(panel: Planted, rng: np.random.Generator) -> None:
    """Powers of ten in one cell, in a few years, or in all years to the end."""
    for name in (
        "population",
        "deposits",
        "fiscal_expenditure",
        "va_primary",
        "students",
        "mobile",
    ):
        matrix, mark = panel.values[name], panel.mark(name)
        years = matrix.shape[1]
        for i in rng.choice(len(matrix), len(matrix) // 5, replace=False):
            length = int(rng.choice([1, 2, 3, years // 3]))
            start = years - length if length > 3 else int(rng.integers(0, years - length + 1))
            power = int(rng.choice([-4, -3, -2, -1, 1, 2, 3, 4]))
            matrix[i, start : start + length] *= 10.0**power
            mark[i, start : start + length] = True


def flip_signs(panel: Planted, rng: np.random.Generator) -> None:
    """Negative values in variables that cannot be negative."""
    for name, matrix in panel.values.items():
        bad = rng.random(matrix.shape) < 0.01
        matrix[bad] *= -1
        panel.mark(name)[bad] = True


def duplicate(panel: Planted, rng: np.random.Generator) -> None:
    """A second row with another value for some cells."""
    for name, matrix in panel.values.items():
        bad = rng.random(matrix.shape) < 0.01
        again = as_observations(panel.cities, name, matrix * rng.uniform(1.01, 1.5, matrix.shape))
        panel.extra.append(again[bad.ravel()])
        panel.mark(name)[bad] = True


def shift_levels(panel: Planted, rng: np.random.Generator) -> None:
    """Lasting jumps of a quarter to a doubling, at no known event."""
    for name in STEADY:
        matrix, mark = panel.values[name], panel.mark(name)
        for i in rng.choice(len(matrix), len(matrix) // 3, replace=False):
            at = int(rng.integers(4, matrix.shape[1] - 4))
            matrix[i, at:] *= np.exp(rng.choice([-1, 1]) * rng.uniform(0.25, 0.8))
            matrix[i] = rounded(matrix[i], panel.units[name])
            mark[i, at] = True


def move_boundaries(panel: Planted, rng: np.random.Generator) -> None:
    """Lasting jumps in all steady variables beside a dated event; half the events move nothing."""
    cities = len(panel.cities)
    events = rng.choice(cities, cities // 2, replace=False)
    years = panel.values["population"].shape[1]
    dates = rng.integers(4, years - 4, len(events))
    for order, (i, at) in enumerate(zip(events, dates, strict=True)):
        if order % 2:
            continue
        share = rng.choice([-1, 1]) * rng.uniform(0.2, 0.8)
        late = int(rng.integers(0, 2))
        for name in STEADY:
            matrix = panel.values[name]
            matrix[i, at + late :] *= np.exp(share)
            matrix[i] = rounded(matrix[i], panel.units[name])
            panel.mark(name)[i, at + late] = True
    table = as_observations(
        [panel.cities[i] for i in events], "admin_transfer", np.ones((len(events), 1))
    )
    panel.extra.append(table.assign(year=FIRST_YEAR + dates))


def spike(panel: Planted, rng: np.random.Generator) -> None:
    """Single years a quarter to a doubling off, undone in the next."""
    for name in STEADY:
        matrix, mark = panel.values[name], panel.mark(name)
        for i in rng.choice(len(matrix), len(matrix) // 3, replace=False):
            at = int(rng.integers(1, matrix.shape[1] - 1))
            matrix[i, at] *= np.exp(rng.choice([-1, 1]) * rng.uniform(0.25, 0.8))
            matrix[i] = rounded(matrix[i], panel.units[name])
            mark[i, at] = True


def break_identity(panel: Planted, rng: np.random.Generator) -> None:
    """Totals three percent and more off the sum of their parts; all its cells are guilty."""
    total = panel.values["gdp"]
    bad = rng.random(total.shape) < 0.02
    total[bad] *= np.exp(rng.choice([-1, 1], total.shape) * rng.uniform(0.03, 0.3, total.shape))[
        bad
    ]
    for name in ("gdp", "va_primary", "va_secondary", "va_tertiary"):
        panel.mark(name)[bad] = True


def heap(panel: Planted, rng: np.random.Generator) -> None:
    """Series whose last digit is 0 or 5 in four of five figures; those figures are guilty."""
    for name in ("deposits", "fiscal_expenditure"):
        matrix, mark = panel.values[name], panel.mark(name)
        unit = panel.units[name]
        for i in rng.choice(len(matrix), len(matrix) // 4, replace=False):
            digits = np.round(matrix[i] / unit)
            heaped = rng.random(digits.shape) < 0.75
            digits[heaped] = 5 * np.round(digits[heaped] / 5)
            matrix[i] = digits * unit
            mark[i] = digits % 5 == 0


def downscale(panel: Planted, rng: np.random.Generator) -> None:
    """Provincial figures spread over cities in proportion to another variable."""
    base = panel.values["students"]
    groups = np.arange(len(base)) // 10
    for name in ("deposits", "mobile"):
        factor = np.exp(rng.normal(0, 0.5, (groups.max() + 1, base.shape[1])))[groups]
        panel.values[name] = base * factor
        panel.mark(name)[:] = True


def carry_on(panel: Planted, rng: np.random.Generator) -> None:
    """Three to eight years of every third province at its rate, but for one city in some."""
    for name in ("deposits", "population", "students"):
        matrix, mark = panel.values[name], panel.mark(name)
        provinces = np.arange(len(matrix)) // 10
        for province in rng.choice(np.unique(provinces), len(matrix) // 30, replace=False):
            members = rng.permutation(np.flatnonzero(provinces == province))
            members = members[int(rng.integers(0, 2)) :]
            count = int(rng.integers(3, 9))
            start = int(rng.integers(1, matrix.shape[1] - count + 1))
            totals = matrix[members].sum(axis=0)
            inside = slice(start, start + count)
            matrix[members, inside] = (
                matrix[members, start - 1, None] * totals[inside] / totals[start - 1]
            )
            mark[members, inside] = True


def carry_all_on(panel: Planted, rng: np.random.Generator) -> None:
    """Two years of a variable in which all but one place in twenty grow at one rate."""
    for name in ("deposits", "students"):
        matrix, mark = panel.values[name], panel.mark(name)
        for year in rng.choice(np.arange(1, matrix.shape[1]), 2, replace=False):
            members = np.flatnonzero(rng.random(len(matrix)) < 0.95)
            matrix[members, year] = matrix[members, year - 1] * np.exp(rng.normal(0.05, 0.03))
            mark[members, year] = True


def contradict(panel: Planted, rng: np.random.Generator) -> None:
    """A second source of one variable, a few percent off, and a third or more off in places."""
    matrix = panel.values["population"]
    other = matrix * np.exp(rng.normal(0.05, 0.01, matrix.shape))
    bad = rng.random(matrix.shape) < 0.02
    other[bad] *= np.exp(rng.choice([-1, 1], matrix.shape) * rng.uniform(0.3, 0.7, matrix.shape))[
        bad
    ]
    panel.values["population_gpi"] = rounded(other, panel.units["population"])
    panel.mark("population")[bad] = panel.mark("population_gpi")[bad] = True


class Defect(NamedTuple):
    """A defect: how it is planted, the rule for it, and the names of its findings."""

    name: str
    plant: Callable[[Planted, np.random.Generator], None]
    rule: Rule
    told: tuple[str, ...]
    required: float


DEFECTS = (
    Defect("pasted", paste, pasted, ("pasted",), 0.95),
    Defect("interpolated", interpolate, filled_runs, ("interpolated", "extrapolated"), 0.95),
    Defect("extrapolated", extrapolate, filled_runs, ("extrapolated", "interpolated"), 0.95),
    Defect("unit slip", slip_units, unit_slip, ("unit_slip",), 0.95),
    Defect("sign", flip_signs, impossible, ("impossible",), 0.95),
    Defect("duplicate", duplicate, conflict, ("conflict",), 0.95),
    Defect("boundary break", move_boundaries, growth_breaks, ("boundary_break",), 0.8),
    Defect("level break", shift_levels, growth_breaks, ("level_break",), 0.8),
    Defect("growth outlier", spike, growth_breaks, ("growth_outlier",), 0.8),
    Defect("broken identity", break_identity, broken_identity, ("broken_identity",), 0.95),
    Defect("heaped digits", heap, heaped_digits, ("heaped_digits",), 0.8),
    Defect("exact multiple", downscale, exact_multiple, ("exact_multiple",), 0.95),
    Defect("common growth", carry_on, common_growth, ("common_growth",), 0.95),
    Defect("common growth of all", carry_all_on, common_growth, ("common_growth",), 0.95),
    Defect("disagreement", contradict, disagreement, ("disagreement",), 0.95),
)
"""The defects with the recall and precision that their rules must reach."""


class Score(NamedTuple):
    """What a rule found of a planted defect; counts of cells."""

    planted: int
    found: int
    right: int

    @property
    def recall(self) -> float:
        """Share of the planted cells that were found."""
        return self.right / self.planted

    @property
    def precision(self) -> float:
        """Share of the found cells that were planted."""
        return self.right / self.found if self.found else 1.0


def measure(defect: Defect, seed: int, cities: int = 150, years: int = 25) -> Score:
    """Plant a defect in a clean panel and count what its rule finds."""
    rng = np.random.default_rng(seed)
    panel = clean_panel(rng, cities, years)
    defect.plant(panel, rng)
    findings = run_rules(panel.observations(), [defect.rule])
    rows = findings[findings["rule"].isin(defect.told)][CELL]
    found = set(rows.itertuples(index=False, name=None))
    truth = panel.guilty()
    return Score(len(truth), len(found), len(found & truth))
