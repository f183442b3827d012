"""Verdicts as a table, as JSON, as a page, and in the terminal."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from urbanecon.atomic import write_text
from urbanecon.cleaning.codebook import Language
from urbanecon.referee.verdict import STATUSES, Status, Verdict, Wording
from urbanecon.referee.words import say
from urbanecon.reporting.html import headline, page, table
from urbanecon.reporting.store import read_content

if TYPE_CHECKING:
    from rich.table import Table

FORMAT = "urbanecon-referee/2"
COLUMNS = (
    "id",
    "check",
    "check_zh",
    "status",
    "sentence",
    "sentence_zh",
    "next_step",
    "next_step_zh",
    "statistic",
    "threshold",
    "source",
)
COLOURS: Mapping[str, str] = {
    "pass": "green", "warn": "yellow", "fail": "red", "not applicable": "dim"
}  # fmt: skip
NUMBERS = ("statistic", "threshold")


def referee_table(verdicts: Iterable[Verdict]) -> pd.DataFrame:
    """Return one row a verdict: `COLUMNS`."""
    return pd.DataFrame([_cells(verdict) for verdict in verdicts], columns=list(COLUMNS))


def _cells(v: Verdict) -> tuple[str | float, ...]:
    zh = v.told("zh")
    words = (v.id, v.name, zh.name, v.status, v.sentence, zh.sentence, v.next_step, zh.next_step)
    return (*words, v.statistic, v.threshold, v.source)


def as_records(verdicts: Iterable[Verdict]) -> list[dict[str, Any]]:
    """Return verdicts as what JSON can hold; numbers that are not finite are null."""
    records = referee_table(verdicts).to_dict("records")
    return [
        {
            str(key): None if key in NUMBERS and not math.isfinite(value) else value
            for key, value in record.items()
        }
        for record in records
    ]


def write_json(path: Path, found: Mapping[str, Sequence[Verdict]]) -> None:
    """Write the verdicts of studies by name, the same bytes for the same verdicts."""
    content = {"format": FORMAT, "studies": {k: as_records(v) for k, v in found.items()}}
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    write_text(Path(path), text + "\n")


def read_json(path: Path) -> dict[str, list[Verdict]]:
    """Read what `write_json` wrote.

    Raises
    ------
    StaleResultError
        If the file is absent.
    DataError
        If it is damaged or holds something else.
    """
    content = read_content(Path(path), FORMAT, "verdicts")
    return {name: [_verdict(r) for r in records] for name, records in content["studies"].items()}


def write_csv(path: Path, found: Mapping[str, Sequence[Verdict]]) -> None:
    """Write all verdicts as one table, the study in the first column."""
    tables = [referee_table(v).assign(study=name) for name, v in found.items()]
    whole = pd.concat(tables, ignore_index=True)[["study", *COLUMNS]]
    write_text(Path(path), whole.to_csv(index=False, lineterminator="\n"))


def write_html(
    path: Path, found: Mapping[str, Sequence[Verdict]], language: Language = "en"
) -> None:
    """Write the verdicts as a page that needs no other file."""
    every = [verdict for verdicts in found.values() for verdict in verdicts]
    counted = [(str(counts(every)[status]), status_word(status, language)) for status in STATUSES]
    heads = [_head(key, language) for key in ("check", "status", "found", "todo", "source")]
    sections = {
        name: [table(heads, [_line(verdict, language) for verdict in verdicts])]
        for name, verdicts in found.items()
    }
    write_text(Path(path), page(_head("title", language), headline(counted), sections))


def _line(verdict: Verdict, language: Language) -> tuple[str, ...]:
    name, sentence, todo = verdict.told(language)
    return (name, status_word(verdict.status, language), sentence, todo, verdict.source)


def status_word(status: Status, language: Language) -> str:
    """Return a status in a language."""
    return say(f"status.{status}").told(language)


def _head(key: str, language: Language) -> str:
    return say(f"page.{key}").told(language)


def counts(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """Return how many verdicts there are of each status."""
    found = [verdict.status for verdict in verdicts]
    return {status: found.count(status) for status in STATUSES}


def terminal_table(name: str, verdicts: Iterable[Verdict], language: Language = "en") -> Table:
    """Return a table for the terminal, what does not apply left for the files."""
    from rich.table import Table
    from rich.text import Text

    shown = Table(title=name, title_justify="left", box=None, padding=(0, 2, 0, 0))
    for key in ("status", "check"):
        shown.add_column(_head(key, language), no_wrap=key == "status")
    shown.add_column(_head("both", language), overflow="fold")
    for verdict in verdicts:
        if verdict.status == "not applicable":
            continue
        told = verdict.told(language)
        words = Text(told.sentence)
        if told.next_step:
            words.append(f"\n{told.next_step}", style="italic")
        status = Text(status_word(verdict.status, language), COLOURS[verdict.status])
        shown.add_row(status, Text(told.name), words)
    return shown


def closing_line(verdicts: Sequence[Verdict], language: Language = "en") -> str:
    """Return how many checks passed, warn, fail and do not apply."""
    found = counts(verdicts)
    return ", ".join(f"{found[status]} {status_word(status, language)}" for status in STATUSES)


def _verdict(record: Mapping[str, Any]) -> Verdict:
    values = {key: value for key, value in record.items() if not key.endswith("_zh")}
    values["name"] = values.pop("check")
    values |= {key: math.nan for key in NUMBERS if record[key] is None}
    zh = Wording(record["check_zh"], record["sentence_zh"], record["next_step_zh"])
    return Verdict(**values, zh=zh)
