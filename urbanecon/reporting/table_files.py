"""Tables as files: LaTeX, Word, HTML, and plain data for the paper.

LaTeX, Word and HTML are rendered by maketables (HTML through great-tables); the
paper's own template draws the data file. The same table gives the same bytes.
"""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from urbanecon.atomic import write_text
from urbanecon.reporting.tables import Table
from urbanecon.reporting.word_files import write_docx

if TYPE_CHECKING:
    from docx.document import Document
    from maketables import MTable

FORMATS = ("tex", "docx", "html", "json")

HEADER_WIDTH = 24
"""Characters a line of a column's header."""

TEX_ESCAPES = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        **{sign: f"\\{sign}" for sign in "&%$#_{}"},
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": "$<$",
        ">": "$>$",
        "−": "$-$",
        "–": "--",
        "∞": r"$\infty$",
    }
)
SUPERSCRIPTS = "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"
PLAIN_DIGITS = str.maketrans(SUPERSCRIPTS, "-0123456789")

TEX_HEAD = "% Needs the packages booktabs, tabularx, makecell, threeparttable.\n"
HTML_PAGE = """<!DOCTYPE html>
<html>
<head><meta charset="utf-8"><title>{title}</title></head>
<body>
{body}
</body>
</html>
"""


def write_table(table: Table, folder: Path) -> list[Path]:
    """Write `table` to `folder` as .tex, .docx, .html and .json, each whole or not at all.

    Returns
    -------
    list of Path
        The files, in the order of `FORMATS`.

    Raises
    ------
    OutputError
        If a file cannot be written; what stood there is unchanged.
    """
    paths = [Path(folder) / f"{table.name}.{kind}" for kind in FORMATS]
    write_text(paths[0], as_tex(table))
    write_docx(paths[1], cast("Document", _mtable(table).make("docx")), table.caption)
    write_text(paths[2], as_html(table))
    write_text(paths[3], as_json(table))
    return paths


def as_tex(table: Table) -> str:
    """Return the table as a LaTeX float with booktabs rules."""
    rendered = _mtable(table, escape=tex_escaped, label=f"tab:{table.name}").make(
        "tex", tex_style={"data_addlinespace": None, "group_intro": r"\small"}
    )
    return f"{TEX_HEAD}{rendered}\n"


def as_html(table: Table) -> str:
    """Return the table as an HTML page of its own."""
    fragment = str(_mtable(table).make("html"))
    found = re.search(r'<div id="([^"]+)"', fragment)
    if found:  # the renderer draws a new id on every call
        fragment = fragment.replace(found[1], f"table-{table.name}")
    return HTML_PAGE.format(title=table.name, body=fragment)


def as_json(table: Table) -> str:
    """Return the table as data: caption, header cells with spans, rows, notes."""
    content = {
        "name": table.name,
        "caption": table.caption,
        "header": [_spans(line) for line in table.header],
        "columns": len(table.header[-1]),
        "left_columns": table.left_columns,
        "rows": [
            {"label": row.label, "cells": row.cells, "group": row.group} for row in table.rows
        ],
        "notes": table.notes,
    }
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def tex_escaped(text: str) -> str:
    """Escape what LaTeX would take for commands; minus signs and powers go to math."""
    escaped = text.translate(TEX_ESCAPES)
    return re.sub(
        f"[{SUPERSCRIPTS}]+", lambda run: f"$^{{{run[0].translate(PLAIN_DIGITS)}}}$", escaped
    )


def _spans(line: tuple[str, ...]) -> list[dict[str, Any]]:
    """Merge equal neighbours of a header line."""
    cells: list[dict[str, Any]] = []
    for text in line:
        if cells and cells[-1]["text"] == text:
            cells[-1]["span"] += 1
        else:
            cells.append({"text": text, "span": 1})
    return cells


def _mtable(table: Table, escape: Any = str, label: str | None = None) -> MTable:
    """Hand the table to the renderer; Word's caption is set by `word_files`."""
    level = logging.getLogger().level
    from maketables import MTable

    logging.getLogger().setLevel(level)  # its import makes the root logger talkative

    grouped = any(row.group for row in table.rows)
    labels = [escape(row.label) for row in table.rows]
    groups = [escape(row.group) for row in table.rows]
    lines = [[escape(text) for text in _wrapped(line)] for line in table.header]
    frame = pd.DataFrame(
        [[escape(cell) for cell in row.cells] for row in table.rows],
        index=pd.MultiIndex.from_arrays([groups, labels]) if grouped else pd.Index(labels),
        columns=pd.MultiIndex.from_arrays(lines) if len(lines) > 1 else pd.Index(lines[0]),
    )
    caption = escape(table.caption) if label else None
    return MTable(frame, notes=escape(table.notes), caption=caption, tab_label=label)


def _wrapped(line: tuple[str, ...]) -> list[str]:
    """Break long headers: the renderers do not."""
    return ["\n".join(wrap(text, HEADER_WIDTH)) for text in line]
