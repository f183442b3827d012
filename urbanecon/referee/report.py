"""Verdicts as a table, as JSON, as a page, and in the terminal."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from urbanecon.atomic import write_text
from urbanecon.referee.verdict import STATUSES, Verdict
from urbanecon.reporting.html import headline, page, table
from urbanecon.reporting.store import read_content

if TYPE_CHECKING:
    from rich.table import Table

FORMAT = "urbanecon-referee/1"
COLUMNS = ("id", "check", "status", "sentence", "next_step", "statistic", "threshold", "source")
COLOURS: Mapping[str, str] = {
    "pass": "green", "warn": "yellow", "fail": "red", "not applicable": "dim"
}  # fmt: skip
NUMBERS = ("statistic", "threshold")


def referee_table(verdicts: Iterable[Verdict]) -> pd.DataFrame:
    """Return one row a verdict: `COLUMNS`."""
    rows = [
        (v.id, v.name, v.status, v.sentence, v.next_step, v.statistic, v.threshold, v.source)
        for v in verdicts
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


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


def write_html(path: Path, found: Mapping[str, Sequence[Verdict]]) -> None:
    """Write the verdicts as a page that needs no other file."""
    every = [verdict for verdicts in found.values() for verdict in verdicts]
    counted = [(str(counts(every)[status]), status) for status in STATUSES]
    heads = ("check", "status", "what was found", "what to do next", "source")
    sections = {
        name: [
            table(heads, [(v.name, v.status, v.sentence, v.next_step, v.source) for v in verdicts])
        ]
        for name, verdicts in found.items()
    }
    write_text(Path(path), page("Referee report", headline(counted), sections))


def counts(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """Return how many verdicts there are of each status."""
    found = [verdict.status for verdict in verdicts]
    return {status: found.count(status) for status in STATUSES}


def terminal_table(name: str, verdicts: Iterable[Verdict]) -> Table:
    """Return a table for the terminal, what does not apply left for the files."""
    from rich.table import Table
    from rich.text import Text

    shown = Table(title=name, title_justify="left", box=None, padding=(0, 2, 0, 0))
    for heading in ("status", "check"):
        shown.add_column(heading, no_wrap=heading == "status")
    shown.add_column("what was found, and what to do next", overflow="fold")
    for verdict in verdicts:
        if verdict.status == "not applicable":
            continue
        words = Text(verdict.sentence)
        if verdict.next_step:
            words.append(f"\n{verdict.next_step}", style="italic")
        status = Text(verdict.status, COLOURS[verdict.status])
        shown.add_row(status, Text(verdict.name), words)
    return shown


def closing_line(verdicts: Sequence[Verdict]) -> str:
    """Return how many checks passed, warn, fail and do not apply."""
    return ", ".join(f"{number} {status}" for status, number in counts(verdicts).items())


def _verdict(record: Mapping[str, Any]) -> Verdict:
    values = {**record, "name": record["check"]}
    del values["check"]
    values |= {key: math.nan for key in NUMBERS if record[key] is None}
    return Verdict(**values)
