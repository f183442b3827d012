"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Return a Markdown table and the empty line after it."""
    return [
        _line(head),
        _line(["---"] * len(head)),
        *(_line([str(cell).replace("|", "\\|") for cell in row]) for row in rows),
        "",
    ]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
