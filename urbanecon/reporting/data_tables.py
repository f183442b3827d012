"""The tables that describe the data: its sources and its variables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from urbanecon.cleaning.codebook import Language, load_codebook
from urbanecon.cleaning.registry_entry import USES, Source
from urbanecon.errors import MissingColumnError, did_you_mean
from urbanecon.reporting.formats import count, number
from urbanecon.reporting.tables import Row, Table
from urbanecon.reporting.words import word


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
                rows.append(Row(label, (variable.unit, *_summary(values)), heading))
    head = ("unit", "n", "units", "years", "mean", "sd", "min", "median", "max")
    return Table(
        name="descriptive",
        caption=word("caption_descriptive", language),
        header=(tuple(word(key, language) for key in head),),
        rows=tuple(rows),
        notes=word("note_descriptive", language),
        left_columns=(0,),
    )


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
