"""The claims ledger as people see it: in the terminal, as HTML, as a table, in the README."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

import pandas as pd

from urbanecon.cleaning.codebook import Language
from urbanecon.effects.criteria import CRITERIA
from urbanecon.effects.verdict import BREAKDOWN, LEVEL, MEDIAN_P, SHARE
from urbanecon.reporting import html
from urbanecon.reporting.formats import number, p_value
from urbanecon.reporting.tables import Row, Table
from urbanecon.reporting.words import word

if TYPE_CHECKING:
    from rich.table import Table as RichTable

COLOURS = {
    "supported": "green",
    "contradicted": "red",
    "mixed": "yellow",
    "not supported": "white",
    "not estimable": "bright_black",
}


def on_screen(ledger: pd.DataFrame, language: Language = "en") -> RichTable:
    """Return the ledger as a table for the terminal."""
    from rich.table import Table as RichTable
    from rich.text import Text

    table = RichTable(title=word("ledger", language), title_justify="left", show_lines=True)
    for head in ("id", word("claim", language), word("verdict", language)):
        table.add_column(head, overflow="fold")
    table.add_column(word("evidence", language), overflow="fold", ratio=2)
    for name, row in ledger.iterrows():
        ruling = Text(ruling_words(row["verdict"], language), style=COLOURS[row["verdict"]])
        evidence = "\n".join(line for line in evidence_lines(row, language) if line)
        table.add_row(str(name), row[f"claim_{language}"], ruling, evidence)
    return table


def evidence_lines(row: pd.Series, language: Language) -> list[str]:
    """Return the evidence of one claim, a line a kind."""
    criteria = CRITERIA.get(str(row.name), ())
    lines = [row[f"words_{language}"]]
    lines += [
        word(f"basis_{design}", language)
        for design in dict.fromkeys(criterion.design for criterion in criteria)
        if design != "twfe"
    ]
    if not math.isnan(row["p_city"]):
        lines.append(
            word("ledger_p", language).format(
                city=p_value(row["p_city"]),
                wild=p_value(row["p_wild"]),
                randomization=p_value(row["p_randomization"]),
                romano_wolf=p_value(row["p_romano_wolf"]),
            )
        )
    if not math.isnan(row["breakdown"]):
        lines.append(
            word("ledger_bounds", language).format(
                leads=p_value(row["leads_p"]), breakdown=number(row["breakdown"])
            )
        )
    if len(criteria) == 1 and not math.isnan(row["share"]):
        lines.append(
            word("ledger_multiverse", language).format(
                share=f"{row['share']:.0%}", p=p_value(row["median_p"])
            )
        )
    if row[f"unmet_{language}"]:
        lines.append(word("ledger_unmet", language).format(row[f"unmet_{language}"]))
    return lines


def ruling_words(ruling: str, language: Language) -> str:
    """Return a verdict in a language."""
    return word(ruling, language)


def rule_words(language: Language) -> str:
    """Return the verdict rule in words, its thresholds filled in."""
    return word("note_ledger", language).format(
        level=LEVEL, breakdown=BREAKDOWN, share=SHARE, median_p=MEDIAN_P
    )


def as_table(ledger: pd.DataFrame, language: Language = "en") -> Table:
    """Return the ledger as a three-line table of the paper."""
    heads = ("claim", "estimate", "p_wild", "p_ri", "p_rw", "mbar", "share", "verdict")
    rows = [
        Row(
            str(name),
            (
                row[f"claim_{language}"],
                row[f"words_{language}"] or "–",
                p_value(row["p_wild"]),
                p_value(row["p_randomization"]),
                p_value(row["p_romano_wolf"]),
                number(row["breakdown"]),
                "–" if math.isnan(row["share"]) else f"{row['share']:.0%}",
                ruling_words(row["verdict"], language),
            ),
        )
        for name, row in ledger.iterrows()
    ]
    return Table(
        name="ledger",
        caption=word("caption_ledger", language),
        header=(tuple(word(f"ledger_{head}", language) for head in heads),),
        rows=tuple(rows),
        notes=rule_words(language),
        left_columns=(0, 1, 7),
    )


def unmet_table(ledger: pd.DataFrame, language: Language = "en") -> Table:
    """Return what would change each verdict as a table of the paper, beside `as_table`."""
    return Table(
        name="ledger_unmet",
        caption=word("caption_ledger_unmet", language),
        header=((word("ledger_verdict", language), word("ledger_change", language)),),
        rows=tuple(
            Row(
                str(name),
                (ruling_words(row["verdict"], language), row[f"unmet_{language}"] or "–"),
            )
            for name, row in ledger.iterrows()
        ),
        notes=word("note_ledger_unmet", language),
        left_columns=(0, 1),
    )


def as_html(ledger: pd.DataFrame) -> str:
    """Return the ledger as a page of its own, in English and Chinese."""
    sections: dict[str, list[str]] = {}
    languages: tuple[Language, ...] = ("en", "zh")
    for language in languages:
        heads = [
            "",
            word("claim", language),
            word("verdict", language),
            word("evidence", language),
        ]
        rows = [
            (
                name,
                row[f"claim_{language}"],
                ruling_words(row["verdict"], language),
                " · ".join(line for line in evidence_lines(row, language) if line),
            )
            for name, row in ledger.iterrows()
        ]
        sections[word("ledger", language)] = [html.table(heads, rows)]
    opening = f"<p>{escape(rule_words('en'))}</p>"
    return html.page(word("ledger", "en"), opening, sections)


def as_markdown(ledger: pd.DataFrame) -> str:
    """Return the ledger as the table that the README shows."""
    lines = [
        "| | claim | pilot, two-way fixed effects | verdict | what would change it |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {row['claim_en']} | {row['words_en'] or '–'} | **{row['verdict']}** "
        f"| {row['unmet_en'] or '–'} |"
        for name, row in ledger.iterrows()
    ]
    return "\n".join(lines)
