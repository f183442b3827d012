"""What a threshold search found, as tables and tests."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from urbanecon.estimation.fit import Diagnostic
from urbanecon.estimation.sample import Floats
from urbanecon.estimation.threshold_grid import Grid
from urbanecon.estimation.threshold_sample import ThresholdSample
from urbanecon.estimation.threshold_search import Stage


def critical_value(level: float) -> float:
    """Value that LR must not pass: -2 ln(1 - sqrt(level)) (Hansen 1999, section 4)."""
    return -2 * math.log(1 - math.sqrt(level))


def first_searches(stages: Sequence[Stage]) -> list[Stage]:
    """One search a threshold, the first, whose gain is what F tests."""
    return [stage for stage in stages if " " not in stage.name]


def threshold_table(
    stages: Sequence[Stage], grid: Grid, rows: float, level: float
) -> pd.DataFrame:
    """Thresholds with their confidence sets, in increasing order.

    low and high are the ends of the set, which may have gaps.
    """
    lines = []
    for order, stage in {stage.name[0]: stage for stage in stages}.items():
        ratio = _ratio(stage, rows)
        inside = grid.candidates[ratio < critical_value(level)]
        share = len(inside) / int(np.isfinite(ratio).sum())
        lines.append((grid.candidates[stage.best[0]], inside[0], inside[-1], share, int(order)))
    names = ["threshold", "low", "high", "share_of_grid", "search"]
    return pd.DataFrame(lines, columns=names).sort_values("threshold", ignore_index=True)


def ratio_table(stages: Sequence[Stage], grid: Grid, rows: float, level: float) -> pd.DataFrame:
    """LR by candidate for every search, for plotting."""
    tables = []
    for stage in stages:
        ratio = _ratio(stage, rows)
        allowed = np.isfinite(ratio)
        columns = {
            "search": stage.name,
            "value": grid.candidates[allowed],
            "ssr": stage.ssr[0][allowed],
            "lr": ratio[allowed],
            "critical": critical_value(level),
            "in_set": ratio[allowed] < critical_value(level),
        }
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


def regime_table(model: ThresholdSample, cuts: Floats) -> pd.DataFrame:
    """Rows and units in each regime."""
    regime = model.regime(cuts)
    units = model.sample.index.get_level_values(0)
    edges = np.concatenate([[-np.inf], cuts, [np.inf]])
    lines = [
        (
            words,
            edges[j],
            edges[j + 1],
            int((regime == j).sum()),
            int(units[regime == j].nunique()),
        )
        for j, words in enumerate(model.equation.regimes(cuts))
    ]
    return pd.DataFrame(lines, columns=["regime", "low", "high", "rows", "units"])


def bootstrap_table(statistics: Floats) -> pd.DataFrame:
    """F statistics by test, one row a draw."""
    return pd.DataFrame(statistics, columns=[f"F_{k + 1}" for k in range(statistics.shape[1])])


def threshold_tests(
    stages: Sequence[Stage], statistics: Floats, rows: float
) -> tuple[Diagnostic, ...]:
    """F tests of each number of thresholds against one less, with bootstrap p-values.

    p = (1 + k) / (1 + B), k of B draws being at least F: the sample is one draw
    under the null too, so that no p is zero and the test keeps its level at any B
    (Davison and Hinkley 1997, section 4.2). Hansen's own k / B is up to 1 / (1 + B)
    lower; the note says so where no draw reaches F.
    """
    tests = []
    for k, stage in enumerate(first_searches(stages)):
        f = float(stage.test(rows)[0])
        p, note = math.nan, "no bootstrap"
        if len(statistics):
            drawn = statistics[:, k]
            reached = int(np.sum(drawn >= f))
            p = (1 + reached) / (1 + len(drawn))
            bounds = np.quantile(drawn, [0.9, 0.95, 0.99], method="inverted_cdf")
            note = (
                f"bootstrap by unit, {len(drawn)} draws; critical values at 10, 5, 1%: "
                + ", ".join(f"{bound:.2f}" for bound in bounds)
            )
            if not reached:
                note += f"; none reaches F: p is the least they can give, 1/{1 + len(drawn)}"
        words = f"F test of {k} against {k + 1} threshold{'s' if k else ''}"
        tests.append(Diagnostic(words, f, (), p, note))
    return tuple(tests)


def threshold_notes(
    model: ThresholdSample, thresholds: pd.DataFrame, draws: int
) -> tuple[str, ...]:
    """Caveats on the search and its bootstrap."""
    notes: list[str] = []
    alone = int(model.blocks.alone.sum())
    if alone and draws:
        notes.append(
            f"{alone} of {len(model.blocks.alone)} units are observed in periods that no other "
            "unit covers: in the bootstrap they keep their residuals, with a random sign"
        )
    ends = model.profile.grid.candidates[[0, -1]]
    for threshold in thresholds["threshold"]:
        if threshold in ends:
            notes.append(
                f"threshold {threshold:.6g} lies at the end of the grid: it may be an artefact "
                "of the trimming"
            )
    return tuple(notes)


def _ratio(stage: Stage, rows: float) -> Floats:
    """LR of every candidate of the one outcome, length G; infinite where not allowed."""
    return np.asarray(rows * (stage.ssr[0] - stage.least[0]) / stage.least[0])
