"""The data report: one HTML page that shows what the panel is made of and what is doubtful.

The page needs no other file and no network: figures are inside it. A section
whose sources are not at hand says which ones it needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from urbanecon.cleaning.codebook import load_codebook
from urbanecon.cleaning.comparison import compare
from urbanecon.cleaning.divisions import load_divisions
from urbanecon.cleaning.observations import SEVERITY, Flag
from urbanecon.cleaning.panel import Panel
from urbanecon.cleaning.registry_entry import Source
from urbanecon.cleaning.urban_share import annual_share, residuals
from urbanecon.reporting.cell_quality import EQUATION, quality_shares, within_years
from urbanecon.reporting.formats import count, number, percent
from urbanecon.reporting.html import figure, folded, headline, needs, note, page, table, value

WORST_FLAGGED, WORST_OF_VARIABLE = 60, 3
WORST_OF_PAIR, WORST_RESIDUALS = 5, 15
"""Lines that the lists of worst cells have: enough to see patterns, few enough to look up."""

CAPTIONS = {
    "coverage": "Share of cities with an admitted value, by variable and year.",
    "urbanization": "Urban share of residents by region, with the censuses.",
    "flags": "Doubtful cells by variable and flag.",
    "flags_by_year": "Share of doubtful cells by variable and year.",
    "sources": "Two sources of one thing: every common city-year, and the line of equality.",
}


@dataclass(frozen=True, slots=True)
class Material:
    """What the report is made from.

    Attributes
    ----------
    registry
        Every source, by id.
    present
        Ids of the sources at hand.
    findings, unmatched
        What the audit and the readers wrote down.
    uses
        What `cell_quality.cells_used` returns.
    groups
        What `boundaries.groups` returns; None where its sources are not at hand.
    figures
        PNG files by name of the figure.
    needed
        Why a figure or "groups" is not there ("needs gpi_prefecture").
    """

    panel: Panel
    registry: Mapping[str, Source]
    present: frozenset[str]
    findings: pd.DataFrame
    unmatched: pd.DataFrame
    uses: pd.DataFrame
    groups: pd.DataFrame | None
    figures: Mapping[str, Path]
    needed: Mapping[str, str] = field(default_factory=dict)


def render(material: Material) -> str:
    """Return the report as HTML.

    Raises
    ------
    OutputError
        If a figure cannot be read.
    """
    sections = {
        "Sources": _sources(material),
        "Coverage": _coverage(material),
        "Flags": _flags(material),
        "Sources compared": _comparisons(material),
        "Urban share and the censuses": _benchmark(material),
        "Boundaries": _boundaries(material),
        "Rows without a city": _unmatched(material),
        "Cells behind the estimates": _quality(material),
    }
    return page("Data report", _opening(material), sections)


def _opening(material: Material) -> str:
    cells = within_years(material.panel).cells
    doubtful = int((~cells["flag"].isin([str(Flag.OK), str(Flag.DERIVED)])).sum())
    years = material.panel.data.index.get_level_values("year")
    return headline(
        [
            (count(len(cells)), "raw cells"),
            (count(doubtful), f"of them doubtful ({doubtful / max(len(cells), 1):.1%})"),
            (count(material.panel.data.index.unique("city").size), "cities and other units"),
            (f"{years.min()}–{years.max()}", "years"),
            (f"{len(material.present)} of {len(material.registry)}", "sources at hand"),
        ]
    )


def _sources(material: Material) -> list[str]:
    rows = [
        (source.id, source.tier, source.licence, source.years, ", ".join(source.feeds),
         source.citation, "yes" if source.id in material.present else "no")
        for source in material.registry.values()
    ]  # fmt: skip
    heads = ("source", "tier", "licence", "years", "feeds", "citation", "at hand")
    tiers = (
        "Tier A: open licence stated. B: academic or official figures without a stated licence. "
        "C: provenance unclear, robustness checks only."
    )
    return [note(tiers), table(heads, rows)]


def _coverage(material: Material) -> list[str]:
    cells = material.panel.cells
    counts = cells.groupby("variable").agg(
        cells=("value", "size"), units=("city", "nunique"), first=("year", "min"),
        last=("year", "max"), sources=("source", lambda ids: ", ".join(sorted(set(ids)))),
    )  # fmt: skip
    admitted = cells["flag"].isin([str(flag) for flag in material.panel.admitted])
    counts["admitted"] = admitted.groupby(cells["variable"]).mean()
    codebook = load_codebook()
    rows = [
        (row["variable"], codebook.label(row["variable"]), row["sources"], count(row["cells"]),
         count(row["units"]), f"{row['first']}–{row['last']}", percent(100 * row["admitted"]))
        for row in counts.reset_index().to_dict("records")
    ]  # fmt: skip
    heads = ("variable", "label", "sources", "cells", "units", "years", "admitted")
    every = table(heads, rows, numbers=(3, 4, 6))
    return [
        _figure(material, "coverage"),
        _figure(material, "urbanization"),
        folded(f"All {len(rows)} variables", every),
    ]


def _flags(material: Material) -> list[str]:
    found = material.findings
    counts = found.groupby(["rule", "flag"]).agg(
        cells=("city", "size"), cities=("city", "nunique"), variables=("variable", "nunique")
    )
    rows = [
        (*key, *(count(cells) for cells in line))
        for key, line in zip(counts.index, counts.to_numpy(), strict=True)
    ]
    heads = ("rule", "flag", "cells", "cities", "variables")
    return [
        note("A finding with the flag ok is a remark: it changes no cell."),
        table(heads, rows, numbers=(2, 3, 4)),
        _figure(material, "flags"),
        _figure(material, "flags_by_year"),
        *_worst_flagged(material),
    ]


def _worst_flagged(material: Material) -> list[str]:
    """List the cells that most rules doubt, the gravest flag first among equals."""
    key = ["city", "year", "variable", "source"]
    doubts = material.findings[material.findings["flag"] != str(Flag.OK)]
    ranked = doubts.assign(rank=doubts["flag"].map(SEVERITY).astype("float64"))
    cells = ranked.groupby(key).agg(
        rules=("rule", "nunique"), rank=("rank", "max"), reasons=("reason", "; ".join)
    )
    cells = cells.reset_index().sort_values(
        ["rules", "rank", *key], ascending=[False, False, True, True, True, True]
    )
    few = cells[cells.groupby("variable").cumcount() < WORST_OF_VARIABLE].head(WORST_FLAGGED)
    known = material.panel.cells[[*key, "value", "raw", "flag"]].drop_duplicates(key)
    worst = few.merge(known, on=key, how="left")
    rows = [
        (_city(row["city"]), row["year"], row["variable"], value(row["value"]), row["flag"],
         row["reasons"], row["raw"])
        for row in worst.fillna({"flag": "", "raw": "not in the panel"}).to_dict("records")
    ]  # fmt: skip
    heads = ("city", "year", "variable", "value", "flag", "reasons", "raw cell")
    said = f"Cells that most rules doubt, at most {WORST_OF_VARIABLE} a variable."
    return ["<h3>The worst cells</h3>", note(said), table(heads, rows, numbers=(1, 3))]


def _comparisons(material: Material) -> list[str]:
    result = compare(within_years(material.panel))
    pairs = result.table[result.table["n"] > 0]
    if pairs.empty:
        feeding = sorted(_sources_of(result.table["second"]) - material.present)
        return [needs(f"needs one of {', '.join(feeding)}")]
    shown = ("r_levels", "r_logs", "r_within", "ratio", "ratio_q25", "ratio_q75")
    rows = [
        (row["first"], row["second"], count(row["n"]), count(row["cities"]),
         *(number(row[name]) for name in shown), row["note"])
        for row in pairs.to_dict("records")
    ]  # fmt: skip
    heads = ("first", "second", "cells", "cities", *shown, "note")
    ranked = result.worst.groupby(["first", "second"], sort=False).head(WORST_OF_PAIR)
    worst = [
        (row["first"], row["second"], _city(row["city"]), row["year"],
         value(row["value_first"]), value(row["value_second"]), number(row["ratio"]),
         row["raw_first"], row["raw_second"])
        for row in ranked.to_dict("records")
    ]  # fmt: skip
    worst_heads = ("first", "second", "city", "year", "value", "value of second", "ratio",
                   "raw cell", "raw cell of second")  # fmt: skip
    return [
        note(
            "Correlations of levels, of logs, and of logs less the city's mean; ratio of the "
            "second variable to the first: median and middle half."
        ),
        table(heads, rows, numbers=range(2, 10)),
        _figure(material, "sources"),
        "<h3>The cells farthest from a pair's usual ratio</h3>",
        table(worst_heads, worst, numbers=(3, 4, 5, 6)),
    ]


def _benchmark(material: Material) -> list[str]:
    data = material.panel.data
    absent = {"urban_share", "urban_share_census"} - set(data)
    if absent:
        return [needs("needs gpi_prefecture and census_2010_2020")]
    census = data["urban_share_census"].dropna()
    by_city = residuals(annual_share(material.panel), census)
    misses = ("residual_2010", "residual_2020")
    points = 100 * by_city[list(misses)]
    statistics = {
        "cities": points.count(), "mean": points.mean(), "median": points.median(),
        "mean absolute": points.abs().mean(), "smallest": points.min(), "largest": points.max(),
    }  # fmt: skip
    summary = [(name, *(number(float(v)) for v in line)) for name, line in statistics.items()]
    far = points.abs().max(axis=1).sort_values(ascending=False, kind="stable").index
    rows = [
        (_city(str(city)), *(number(float(points.loc[city, name])) for name in misses),
         count(by_city.loc[city, "jumps"]), count(by_city.loc[city, "borrowed"]))
        for city in far[:WORST_RESIDUALS]
    ]  # fmt: skip
    return [
        note(
            "What the yearly figures miss the censuses by, in percentage points: in 2010 as "
            "published; in 2020 after the shift to the census of 2010, continued by the median "
            "change. Jumps are years with an implausible change, borrowed years those with the "
            "province's share."
        ),
        table(("", *misses), summary, numbers=(1, 2)),
        "<h3>The largest residuals</h3>",
        table(("city", *misses, "jumps", "borrowed"), rows, numbers=(1, 2, 3, 4)),
    ]


def _boundaries(material: Material) -> list[str]:
    if material.groups is None:
        return [needs(material.needed["groups"])]
    rows = [
        (row["label_zh"], row["label_en"], _city(row["city"]), row["year"], row["evidence"])
        for row in material.groups.to_dict("records")
    ]
    kinds = material.groups["group"].nunique()
    said = (
        f"{kinds} groups of cities that exchanged territory; the panel with constant boundaries "
        "joins each into one unit."
    )
    heads = ("group", "group (English)", "city", "year", "evidence")
    return [note(said), table(heads, rows, numbers=(3,))]


def _unmatched(material: Material) -> list[str]:
    rows = material.unmatched.fillna("")
    if rows.empty:
        return ["<p>Every row of every source has a city.</p>"]
    counts = rows.groupby(["source", "reason"]).size()
    summary = [(*key, count(n)) for key, n in zip(counts.index, counts, strict=True)]
    lines = rows[["source", "name", "raw", "reason"]].itertuples(index=False)
    every = table(("source", "name", "raw cell", "reason"), lines)
    return [
        table(("source", "reason", "rows"), summary, numbers=(2,)),
        folded(f"All {count(len(rows))} rows", every),
    ]


def _quality(material: Material) -> list[str]:
    if material.uses.empty:
        return ["<p>No main regression could be estimated with the data at hand.</p>"]
    said = (
        "Every row of a two-way estimate's sample counts once for each raw variable below its "
        "equation. Sound: observed, unflagged, from a source of tier A or B."
    )
    parts = [note(said), _shares(material.uses, ())]
    for title, by in (("outcome", EQUATION[:2]), ("equation", EQUATION), ("raw variable", USED)):
        shares = _shares(material.uses, by)
        parts.append(folded(f"By {title}", shares, shown=title == "outcome"))
    return parts


USED = ("variable",)


def _shares(uses: pd.DataFrame, by: Sequence[str]) -> str:
    found = quality_shares(uses, by).reset_index()
    keys = [str(name) for name in found.columns[: max(len(by), 1)]]
    shares = [str(name) for name in found if name not in (*keys, "equations", "cells")]
    rows = [
        (*(line[key] for key in keys), count(line["equations"]), count(line["cells"]),
         *(percent(100 * line[name]) for name in shares))
        for line in found.to_dict("records")
    ]  # fmt: skip
    heads = (*(by or ("",)), "equations", "cells", *shares)
    return table(heads, rows, numbers=range(len(keys), len(heads)))


def _figure(material: Material, name: str) -> str:
    if name not in material.figures:
        return needs(material.needed[name])
    return figure(material.figures[name], CAPTIONS[name])


def _city(key: str) -> str:
    """Key and both names of a city; the key alone of what is no city."""
    divisions = load_divisions()
    if key not in divisions.index:
        return key
    return f"{divisions['name_zh'][key]} {divisions['name_en'][key]} ({key})"


def _sources_of(variables: Iterable[str]) -> set[str]:
    return {source for name in variables for source in load_codebook()[name].sources}
