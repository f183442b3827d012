"""Facts about the data that the text states: cells, cities, years, sources."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from urbanecon.atomic import write_text
from urbanecon.reporting.numbers import Number
from urbanecon.reporting.store import read_content

FORMAT = "urbanecon-facts/1"


def write_facts(path: Path, facts: Iterable[Number]) -> None:
    """Write facts about the data (cells, cities, years) for the text to use."""
    entries = {
        fact.name: {"value": fact.value, "format": fact.format, "unit": fact.unit}
        for fact in facts
    }
    content = {"format": FORMAT, "facts": entries}
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    write_text(Path(path), text + "\n")


def read_facts(path: Path) -> list[Number]:
    """Read what `write_facts` wrote.

    Raises
    ------
    StaleResultError
        If the file is absent.
    DataError
        If it is damaged or holds something else.
    """
    content = read_content(Path(path), FORMAT, "facts")
    return [Number(name=name, file=path.name, **entry) for name, entry in content["facts"].items()]
