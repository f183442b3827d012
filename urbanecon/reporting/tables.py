"""The tables of results, as data: what stands in which cell.

A `Table` knows nothing of LaTeX, Word, HTML or Typst; `table_files` writes it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from urbanecon.cleaning.codebook import Language, load_codebook
from urbanecon.effects.result import Estimate
from urbanecon.errors import DataError
from urbanecon.reporting.formats import count, number, p_value
from urbanecon.reporting.numbers import event_path, leads_test
from urbanecon.reporting.words import effect_label, labelled, word

Clusters = tuple[str, ...]
"""What an estimate's errors are clustered by."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table.

    Attributes
    ----------
    label
        Its name in the first column.
    cells
        One text a column.
    group
        Heading it stands under; empty in a table without headings.
    """

    label: str
    cells: tuple[str, ...]
    group: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A three-line table.

    Attributes
    ----------
    name
        Stem of its files.
    header
        Rows of the head, from the top; equal neighbours share one cell.
    rows
        Its body.
    left_columns
        Columns of running text, set flush left.
    """

    name: str
    caption: str
    header: tuple[tuple[str, ...], ...]
    rows: tuple[Row, ...]
    notes: str = ""
    left_columns: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        widths = {len(line) for line in self.header} | {len(row.cells) for row in self.rows}
        if len(widths) != 1 or not self.rows:
            raise DataError(f"Table {self.name!r} has no rows, or rows of widths {widths}.")


def main_results(estimates: Sequence[Estimate], title: str, language: Language = "en") -> Table:
    """Two-way estimates of one effect: a panel an outcome, a column a treatment and its effects.

    Raises
    ------
    DataError
        If there is no two-way estimate among `estimates`.
    """
    chosen = [estimate for estimate in estimates if estimate.spec.design == "twfe"]
    columns = list(dict.fromkeys((e.spec.treatment, e.spec.fixed_effects) for e in chosen))
    label = load_codebook().label
    rows: list[Row] = []
    for outcome in dict.fromkeys(e.spec.outcome for e in chosen):
        by_column = {
            (e.spec.treatment, e.spec.fixed_effects): e
            for e in chosen
            if e.spec.outcome == outcome
        }
        found = [by_column.get(column) for column in columns]
        rows += _result_rows(found, label(outcome, language), language)
    rows += _effect_rows([effects for _, effects in columns], language)
    return Table(
        name=f"main_{_effect(chosen)}",
        caption=word("caption_main", language).format(title),
        header=(
            tuple(label(treatment, language) for treatment, _ in columns),
            tuple(f"({i})" for i in range(1, len(columns) + 1)),
        ),
        rows=tuple(rows),
        notes=_notes("note_main", chosen, [_of_column(chosen, c) for c in columns], language),
    )


def event_study_results(
    estimates: Sequence[Estimate], title: str, language: Language = "en"
) -> Table:
    """Event studies of one effect: a row a year relative to adoption, a column an outcome.

    Raises
    ------
    DataError
        If none of the event studies could be estimated.
    """
    studies = [e for e in estimates if e.spec.design == "event_study"]
    chosen = [e for e in studies if e.fit is not None]
    paths = [event_path(e.fit) for e in chosen if e.fit is not None]
    times = sorted({int(k) for path in paths for k in path.index})
    rows = [
        Row(
            f"{k:+d}".replace("-", "−") if k else "0",
            tuple(_cell(path, k) for path in paths),
            word("event_time", language),
        )
        for k in times
    ]
    binned = any(path["binned"].any() for path in paths)
    fits = [e.fit for e in chosen if e.fit is not None]
    tests = [leads_test(fit) for fit in fits]
    rows += [
        Row(word(key, language), tuple(cells), word("tests", language))
        for key, cells in (
            ("joint_p", [p_value(test.p if test else math.nan) for test in tests]),
            ("observations", [count(fit.nobs) for fit in fits]),
            ("clusters", [_clusters(e) for e in chosen]),
        )
    ]
    label = load_codebook().label
    return Table(
        name=f"event_{_effect(chosen)}",
        caption=word("caption_event", language).format(title),
        header=(
            tuple(label(e.spec.outcome, language) for e in chosen),
            tuple(f"({i})" for i in range(1, len(chosen) + 1)),
        ),
        rows=tuple(rows),
        notes=_notes(
            "note_binned" if binned else "note_event",
            studies,
            [e.spec.cluster for e in chosen],
            language,
        ),
    )


def _result_rows(found: Sequence[Estimate | None], outcome: str, language: Language) -> list[Row]:
    def line(key: str, cells: Iterable[str]) -> Row:
        return Row(word(key, language), tuple(cells), outcome)

    if not any(e is not None and e.fit is not None for e in found):
        missing = word("not_estimable", language)
        return [line("coefficient", ("" if e is None else missing for e in found))]
    lines = [
        line("coefficient", (_coefficient(e, language) for e in found)),
        line("p", (_p(e) for e in found)),
        line("observations", (_nobs(e) for e in found)),
        line("clusters", (_clusters(e) for e in found)),
        line("r2_within", (_stat(e, "r2_within") for e in found)),
        line("outcome_mean", (_stat(e, "outcome_mean") for e in found)),
    ]
    return [row for row in lines if any(row.cells)]


def _effect_rows(columns: Sequence[tuple[str, ...]], language: Language) -> list[Row]:
    effects = dict.fromkeys(effect for column in columns for effect in column)
    return [
        Row(
            effect_label(effect, language),
            tuple(word("yes" if effect in column else "no", language) for column in columns),
            word("fixed_effects", language),
        )
        for effect in effects
    ]


def _coefficient(estimate: Estimate | None, language: Language) -> str:
    if estimate is None:
        return ""
    if estimate.fit is None:
        return word("not_estimable", language)
    term = estimate.spec.treatment
    return f"{number(estimate.fit.params[term])}\n({number(estimate.fit.se[term])})"


def _p(estimate: Estimate | None) -> str:
    if estimate is None or estimate.fit is None:
        return ""
    return p_value(float(estimate.fit.pvalue[estimate.spec.treatment]))


def _nobs(estimate: Estimate | None) -> str:
    return "" if estimate is None or estimate.fit is None else count(estimate.fit.nobs)


def _clusters(estimate: Estimate | None) -> str:
    if estimate is None or estimate.fit is None or not estimate.fit.n_clusters:
        return ""
    return count(min(estimate.fit.n_clusters.values()))


def _stat(estimate: Estimate | None, key: str) -> str:
    if estimate is None or estimate.fit is None or key not in estimate.fit.stats:
        return ""
    return number(float(estimate.fit.stats[key]))


def _cell(path: pd.DataFrame, k: int) -> str:
    if k not in path.index:
        return ""
    estimate, se = path["estimate"][k], path["se"][k]
    return f"{number(float(estimate))}\n({number(float(se))})"


def _effect(estimates: Sequence[Estimate]) -> str:
    if not estimates:
        raise DataError("A table of results needs at least one estimate of its design.")
    return estimates[0].spec.effect


def _of_column(estimates: Sequence[Estimate], column: tuple[str, tuple[str, ...]]) -> Clusters:
    return next(
        e.spec.cluster for e in estimates if (e.spec.treatment, e.spec.fixed_effects) == column
    )


def _clustering(columns: Sequence[Clusters], language: Language) -> str:
    """What errors are clustered by, with the columns where a table mixes several ways."""
    told = []
    for clusters in dict.fromkeys(columns):
        name = word("and", language).join(word(one, language).lower() for one in clusters)
        numbers = [i for i, found in enumerate(columns, start=1) if found == clusters]
        mixed = len(numbers) < len(columns)
        told.append(word("in_columns", language).format(name, runs(numbers)) if mixed else name)
    return word("and_by", language).join(told)


def runs(numbers: Sequence[int]) -> str:
    """Rising whole numbers with neighbours drawn together: "1–4, 7"."""
    found: list[list[int]] = []
    for one in numbers:
        if found and found[-1][-1] == one - 1:
            found[-1].append(one)
        else:
            found.append([one])
    return ", ".join(str(r[0]) if len(r) == 1 else f"{r[0]}–{r[-1]}" for r in found)


def _notes(
    key: str, estimates: Sequence[Estimate], columns: Sequence[Clusters], language: Language
) -> str:
    parts = [word(key, language).format(_clustering(columns, language))]
    label = load_codebook().label
    reasons = {e.spec.outcome: labelled(e.reason, language) for e in estimates if e.fit is None}
    if reasons:
        told = "; ".join(f"{label(name, language)}: {why}" for name, why in reasons.items())
        parts.append(word("note_not_estimable", language).format(told))
    return " ".join(parts)
