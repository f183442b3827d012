"""The tables that describe the data: its sources, how they agree, its variables, its cells."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from urbanecon.cleaning.codebook import Language, load_codebook
from urbanecon.cleaning.registry_entry import USES, Source
from urbanecon.errors import MissingColumnError, did_you_mean
from urbanecon.plotting.words import word as figure_word
from urbanecon.reporting.cell_quality import quality_shares
from urbanecon.reporting.formats import MINUS, count, number, percent
from urbanecon.reporting.tables import Row, Table
from urbanecon.reporting.words import word

MISSING = "–"

COUNTED = ("equations", "cells")
SHARED = ("observed", "derived", "flagged", "tier_A", "tier_B", "tier_C", "sound")
"""Columns of the table of quality: counts, and shares of the cells."""


def descriptive(
    panel: pd.DataFrame, groups: Mapping[str, Sequence[str]], language: Language = "en"
) -> Table:
    """Descriptive statistics of panel columns, under the headings of `groups`.

    Parameters
    ----------
    panel
        Indexed (city, year).
    groups
        Columns by heading. Columns without any value are left out.

    Raises
    ------
    MissingColumnError
        If a column is absent; the message names the closest one.
    """
    codebook = load_codebook()
    rows = []
    for heading, columns in groups.items():
        for name in columns:
            if name not in panel:
                raise MissingColumnError(
                    f"The panel has no column {name!r}.{did_you_mean(name, panel.columns)}"
                )
            values = panel[name].replace([np.inf, -np.inf], np.nan).dropna()
            if len(values):
                variable = codebook[name]
                label = variable.label(language)
                unit = unit_words(variable.unit, language)
                rows.append(Row(label, (unit, *_summary(values)), heading))
    head = ("unit", "n", "units", "years", "mean", "sd", "min", "median", "max")
    return Table(
        name="descriptive",
        caption=word("caption_descriptive", language),
        header=(tuple(word(key, language) for key in head),),
        rows=tuple(rows),
        notes=word("note_descriptive", language),
        left_columns=(0,),
    )


def unit_words(unit: str, language: Language) -> str:
    """Unit of the codebook in a language: ``ln(t)`` is the log of what ``t`` is."""
    if unit.startswith("ln("):
        return f"ln({unit_words(unit[3:-1], language)})"
    return unit if language == "en" else figure_word(f"unit {unit}", language)


def sources(
    registry: Iterable[Source], present: Iterable[str], language: Language = "en"
) -> Table:
    """Sources of the registry: tier, licence, years, what each feeds, whether it is there."""
    here = set(present)
    rows = tuple(
        Row(
            entry.id,
            (
                entry.tier,
                entry.licence,
                entry.years,
                _feeds(entry, language),
                word("yes" if entry.id in here else "no", language),
            ),
        )
        for entry in registry
    )
    head = ("tier", "licence", "years", "feeds", "present")
    return Table(
        name="sources",
        caption=word("caption_sources", language),
        header=(tuple(word(key, language) for key in head),),
        rows=rows,
        notes=word("note_sources", language),
        left_columns=(1, 2, 3),
    )


def comparison(table: pd.DataFrame, language: Language = "en") -> Table:
    """How pairs of variables agree: one line a pair, under the heading of its first variable.

    Parameters
    ----------
    table
        What `urbanecon.cleaning.comparison.compare` returns as `table`. A pair
        without common cells keeps its line.
    """
    label = load_codebook().label
    rows = [
        Row(
            label(pair["second"], language),
            (
                count(pair["n"]) if pair["n"] else MISSING,
                count(pair["cities"]) if pair["n"] else MISSING,
                *(_correlation(pair[name]) for name in ("r_levels", "r_logs", "r_within")),
                number(pair["ratio"]),
                _span(pair["ratio_q25"], pair["ratio_q75"]),
            ),
            label(pair["first"], language),
        )
        for pair in table.to_dict("records")
    ]
    head = ("common_cells", "units", "r_levels", "r_logs", "r_within", "ratio", "ratio_middle")
    return Table(
        name="comparison",
        caption=word("caption_comparison", language),
        header=(tuple(word(key, language) for key in head),),
        rows=tuple(rows),
        notes=word("note_comparison", language),
    )


def quality(uses: pd.DataFrame, names: Mapping[str, str], language: Language = "en") -> Table:
    """Shares of the cells below the main estimates, by outcome and together.

    Parameters
    ----------
    uses
        What `urbanecon.reporting.cell_quality.cells_used` returns.
    names
        Heading of each effect.
    """
    label = load_codebook().label
    by_outcome = quality_shares(uses, ["effect", "outcome"]).reset_index()
    rows = [
        Row(label(line["outcome"], language), _quality_cells(line), names[line["effect"]])
        for line in by_outcome.to_dict("records")
    ]
    whole = quality_shares(uses).to_dict("records")[0]
    rows.append(
        Row(word("all_outcomes", language), _quality_cells(whole), word("together", language))
    )
    return Table(
        name="quality",
        caption=word("caption_quality", language),
        header=(tuple(word(key, language) for key in (*COUNTED, *SHARED)),),
        rows=tuple(rows),
        notes=word("note_quality", language),
    )


def _quality_cells(shares: Mapping[Hashable, float]) -> tuple[str, ...]:
    counts = (count(shares[name]) for name in COUNTED)
    return (*counts, *(percent(100 * shares[name]) for name in SHARED))


def _correlation(r: float) -> str:
    """Two decimals: a third says nothing of two sources."""
    return MISSING if np.isnan(r) else f"{r:.2f}".replace("-", MINUS)


def _span(low: float, high: float) -> str:
    return MISSING if np.isnan(low) else f"{number(low)}–{number(high)}"


def _feeds(source: Source, language: Language) -> str:
    """Claims by name, variables by number: a source may feed a score of them."""
    claims = [name for name in source.feeds if name in USES]
    variables = len(source.feeds) - len(claims)
    if variables:
        claims.append(
            word("variable" if variables == 1 else "variables", language).format(variables)
        )
    return ", ".join(claims)


def _summary(values: pd.Series) -> tuple[str, ...]:
    years = values.index.get_level_values(1)
    numbers = (values.mean(), values.std(), values.min(), values.median(), values.max())
    return (
        count(len(values)),
        count(values.index.get_level_values(0).nunique()),
        f"{years.min()}–{years.max()}",
        *(number(float(value)) for value in numbers),
    )
