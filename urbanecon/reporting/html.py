"""Pieces of an HTML page that needs no other file: tables, notes, figures inside it."""

from __future__ import annotations

import base64
import re
from collections.abc import Hashable, Iterable, Sequence
from html import escape
from pathlib import Path

import pandas as pd

from urbanecon.errors import OutputError
from urbanecon.intake.report import STYLE

PAGE_STYLE = (
    STYLE + "figure{margin:1rem 0}figure img{max-width:100%;background:#fff;padding:.6rem;"
    "box-sizing:border-box}figcaption{color:var(--soft)}nav a{margin-right:1rem}"
    "summary{cursor:pointer;margin:.6rem 0}body{max-width:80rem}"
)


def page(title: str, opening: str, sections: dict[str, list[str]]) -> str:
    """Return a page: its title, what opens it, links to the sections, the sections."""
    links = "".join(f'<a href="#s{at}">{escape(name)}</a>' for at, name in enumerate(sections))
    body = "\n".join(
        f'<h2 id="s{at}">{escape(name)}</h2>\n' + "\n".join(parts)
        for at, (name, parts) in enumerate(sections.items())
    )
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}'
        '</title><meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{PAGE_STYLE}</style></head><body>\n<h1>{escape(title)}</h1>\n{opening}\n"
        f"<nav>{links}</nav>\n{body}\n</body></html>\n"
    )


def headline(figures: Iterable[tuple[str, str]]) -> str:
    """Return large numbers, each over its words."""
    shown = "".join(f"<div><b>{escape(top)}</b>{escape(words)}</div>" for top, words in figures)
    return f'<div class="figures">{shown}</div>'


def table(
    heads: Sequence[Hashable], rows: Iterable[Iterable[object]], *, numbers: Iterable[int] = ()
) -> str:
    """Return a table; columns at `numbers` are set flush right."""
    kind = dict.fromkeys(numbers, ' class="n"')

    def line(tag: str, cells: Iterable[object]) -> str:
        return "".join(
            f"<{tag}{kind.get(at, '')}>{_breakable(str(cell))}</{tag}>"
            for at, cell in enumerate(cells)
        )

    body = "\n".join(f"<tr>{line('td', row)}</tr>" for row in rows)
    return (
        f'<div class="wide"><table><thead><tr>{line("th", heads)}</tr></thead><tbody>\n{body}\n'
        "</tbody></table></div>"
    )


def _breakable(text: str) -> str:
    """Let names and addresses break after their parts; copied text stays as it is."""
    return "<wbr>".join(escape(part) for part in re.split(r"(?<=[_/|])", text))


def figure(path: Path, caption: str) -> str:
    """Return a PNG file as a figure inside the page.

    Raises
    ------
    OutputError
        If the file cannot be read.
    """
    try:
        image = base64.b64encode(path.read_bytes()).decode("ascii")
    except OSError as error:
        raise OutputError(f"{path} cannot be read: {error.strerror}. Draw it first.") from error
    return (
        f'<figure><img src="data:image/png;base64,{image}" alt="{escape(caption)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def note(text: str) -> str:
    """Return a remark in a softer colour."""
    return f'<p class="soft">{escape(text)}</p>'


def needs(reason: str) -> str:
    """Return what stands in the place of something that the data at hand do not give."""
    return f"<p>Not shown: the data at hand do not give it ({escape(reason)}).</p>"


def folded(title: str, content: str, *, shown: bool = False) -> str:
    """Return content that opens on a click."""
    opened = " open" if shown else ""
    return f"<details{opened}><summary>{escape(title)}</summary>{content}</details>"


def value(cell: float) -> str:
    """Return a raw value in six significant digits; nothing where it is missing."""
    return "" if pd.isna(cell) else f"{cell:,.6g}"
