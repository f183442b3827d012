"""The audit report: one HTML file that needs nothing else and opens offline."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from urbanecon.cleaning.observations import Flag
from urbanecon.intake.auditing import Audit, shares, summary
from urbanecon.intake.heatmap import heat_map

WORST = 200
"""Cells that the report lists; all of them are in the CSV file beside it."""

MEANING = {
    Flag.OK: "a remark on the series; each of its figures may be right",
    Flag.OUTLIER: "far from its own history and its neighbours",
    Flag.BOUNDARY_BREAK: "a jump of the level, as when boundaries change",
    Flag.DERIVED: "moves as others do; computed from them rather than measured",
    Flag.INTERPOLATED: "on a straight or geometric line between other years",
    Flag.EXTRAPOLATED: "on a line continued beyond the years observed",
    Flag.CONFLICT: "two figures for one cell, or a sum that does not hold",
    Flag.ANACHRONISM: "a year in which the unit did not exist",
    Flag.PASTED: "a series that several units share to the last digit",
    Flag.IMPOSSIBLE: "not a number, or outside what the variable can be",
}

STYLE = """
:root{color-scheme:light dark;--ink:#1b1f23;--soft:#5b6570;--line:#d9dee3;--paper:#fff;
--mist:#eef1f4;--accent:#00456b}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ec;--soft:#9aa5b1;--line:#39424c;
--paper:#14181c;--mist:#232a31;--accent:#7db8dd}}
body{margin:2.5rem auto;max-width:66rem;padding:0 1rem;background:var(--paper);color:var(--ink);
font:15px/1.5 system-ui,"Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif}
h1{font-size:1.6rem;margin:0}h2{font-size:1.15rem;margin:2.2rem 0 .5rem}p{margin:.4rem 0}
.soft{color:var(--soft)}.figures{display:flex;flex-wrap:wrap;gap:2rem;margin:1.2rem 0}
.figures b{display:block;font-size:1.7rem;line-height:1.2;font-weight:600}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.88rem}
th,td{text-align:left;padding:.28rem .6rem .28rem 0;border-bottom:1px solid var(--line);
vertical-align:top}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
th{color:var(--soft);font-weight:500}td.k{white-space:nowrap}ul{padding-left:1.1rem;margin:.3rem 0}
svg text{fill:var(--ink);font-size:11px}svg .soft{fill:var(--soft)}svg .none{fill:var(--mist)}
"""


def render(audit: Audit) -> str:
    """Return the report as HTML.

    Holds a summary, what was inferred, the heat map of flagged shares by
    variable and year, the findings by rule, and the worst cells with reasons.
    """
    return "\n".join(
        [
            "<!doctype html>",
            f'<html lang="en"><head><meta charset="utf-8"><title>Audit of {escape(audit.file)}'
            '</title><meta name="viewport" content="width=device-width,initial-scale=1">',
            f"<style>{STYLE}</style></head><body>",
            *_top(audit),
            *_rules(audit),
            "<h2>Where the flags are</h2>",
            '<p class="soft">Share of the units with a flagged cell, by variable and year. '
            "Empty: no cell in that year.</p>",
            f'<div class="wide">{heat_map(shares(audit))}</div>',
            *_worst(audit),
            *_inferred(audit),
            "</body></html>",
            "",
        ]
    )


def _top(audit: Audit) -> list[str]:
    cells = audit.observations
    flagged = int((cells["flag"] != str(Flag.OK)).sum()) + len(audit.panel.texts)
    total = len(cells) + len(audit.panel.texts)
    years = f"{cells['year'].min()}–{cells['year'].max()}" if len(cells) else "none"
    figures = [
        (f"{flagged:,}", f"of {total:,} cells flagged ({flagged / max(total, 1):.1%})"),
        (f"{cells['city'].nunique():,}", "units"),
        (f"{cells['variable'].nunique():,}", "variables"),
        (years, "years"),
    ]
    return [
        f"<h1>Audit of {escape(audit.file)}</h1>",
        '<p class="soft">Rules look at the numbers alone. A flag is a doubt with a reason, not a '
        "verdict; no value was changed.</p>",
        '<div class="figures">'
        + "".join(f"<div><b>{number}</b>{words}</div>" for number, words in figures)
        + "</div>",
    ]


def _rules(audit: Audit) -> list[str]:
    table = summary(audit)
    if table.empty:
        return ["<h2>What was found</h2>", "<p>No rule found a doubtful cell.</p>"]
    counts = ["cells", "units", "variables"]
    rows = [
        [row["flag"], row["rule"], MEANING.get(row["flag"], ""), *(f"{row[n]:,}" for n in counts)]
        for row in table.to_dict("records")
    ]
    heads = ["flag", "rule", "meaning", *counts]
    return ["<h2>What was found</h2>", _table(heads, rows, numbers=(3, 4, 5))]


def _worst(audit: Audit) -> list[str]:
    """List the worst cells, all rules in turn, so that no common one hides the others."""
    doubts = audit.flags[audit.flags["flag"] != str(Flag.OK)]
    turn = doubts.groupby(["rule", "variable"], sort=False).cumcount()
    worst = doubts.assign(turn=turn).sort_values("turn", kind="stable").head(WORST)
    rows = [_finding(row) for row in worst.to_dict("records")]
    heads = ["unit", "key", "year", "variable", "value", "flag", "reason", "cell"]
    shown = f"{len(rows):,} of {len(doubts):,} doubts, each rule and variable in turn; "
    return [
        "<h2>The worst cells</h2>",
        f'<p class="soft">{shown}all, and remarks, are in flags.csv.</p>',
        f'<div class="wide">{_table(heads, rows, numbers=(2, 4))}</div>' if rows else "",
    ]


def _inferred(audit: Audit) -> list[str]:
    said = "".join(f"<li>{escape(line)}</li>" for line in audit.panel.inferred)
    rows = [[reading.header, reading.variable, reading.said] for reading in audit.panel.readings]
    return [
        "<h2>What was inferred</h2>",
        f"<ul>{said}</ul>",
        f'<div class="wide">{_table(["column", "audited as", "why"], rows)}</div>',
    ]


def _finding(row: Mapping[Hashable, Any]) -> list[str]:
    key = "" if row["city"] == row["name"] else row["city"]
    value = "" if pd.isna(row["value"]) else f"{row['value']:,.6g}"
    column, line = row["column"], f"{row['row']:.0f}"
    # letters as spreadsheets have them; other files name the column
    place = f"{column}{line}" if column.isupper() and column.isascii() else f"{column}, row {line}"
    cell = f"{row['sheet']}!{place}" if row["sheet"] else place
    year = f"{row['year']:.0f}"
    return [row["name"], key, year, row["variable"], value, row["flag"], row["reason"], cell]


def _table(
    heads: Sequence[str], rows: Iterable[Sequence[object]], *, numbers: Sequence[int] = ()
) -> str:
    kind = np.where(np.isin(np.arange(len(heads)), numbers), ' class="n"', "")
    top = "".join(f"<th{kind[at]}>{escape(head)}</th>" for at, head in enumerate(heads))
    body = "".join(
        "<tr>"
        + "".join(f"<td{kind[at]}>{escape(str(cell))}</td>" for at, cell in enumerate(row))
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
