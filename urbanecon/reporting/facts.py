"""Facts about the data that the text states: cells, cities, years, sources."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from urbanecon.atomic import write_text
from urbanecon.errors import DataError, StaleResultError
from urbanecon.reporting.numbers import Number

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
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise StaleResultError(f"{path} is missing. Run `urbanecon run` to make it.") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is damaged: {error}. Run `urbanecon run` again.") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise DataError(f"{path} is not a file of facts ({FORMAT}).")
    return [Number(name=name, file=path.name, **entry) for name, entry in content["facts"].items()]
