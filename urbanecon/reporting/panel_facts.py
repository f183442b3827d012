"""What the text says of the data as a whole, counted from panel and registry."""

from __future__ import annotations

import pandas as pd

from urbanecon.cleaning.comparison import compare
from urbanecon.cleaning.observations import Flag
from urbanecon.cleaning.panel import Panel
from urbanecon.reporting.cell_quality import quality_shares, within_years
from urbanecon.reporting.numbers import Number


def panel_facts(panel: Panel, *, present: int, listed: int) -> list[Number]:
    """Return the facts that the paper states, named as it asks for them.

    Parameters
    ----------
    panel
        The whole panel.
    present, listed
        Sources at hand and in the registry.
    """
    years = panel.data.index.get_level_values("year")
    in_window = panel.cells["year"].between(years.min(), years.max())
    flags = panel.cells.loc[in_window, "flag"]
    cells = len(flags)
    doubtful = int((~flags.isin([str(Flag.OK), str(Flag.DERIVED)])).sum())
    set_aside = int((~flags.isin([str(flag) for flag in panel.admitted])).sum())
    first = panel.data["pilot_first_year"].groupby("city").first().dropna()
    with_gdp = panel.data["gdp"].dropna().index.get_level_values("city").nunique()
    return [
        Number("panel.cities", with_gdp, "count"),
        Number("panel.units", panel.data.index.unique("city").size, "count"),
        Number("panel.cells", cells, "count"),
        Number("panel.flagged", doubtful, "count"),
        Number("panel.set_aside", set_aside, "count"),
        Number("panel.flagged_share", 100 * doubtful / cells, "percent"),
        Number("panel.set_aside_share", 100 * set_aside / cells, "percent"),
        Number("panel.first_year", int(years.min()), "year"),
        Number("panel.last_year", int(years.max()), "year"),
        Number("pilot.cities", len(first), "count"),
        *(Number(f"pilot.{year}", int((first == year).sum()), "count") for year in PILOT_YEARS),
        Number("sources.present", present, "count"),
        Number("sources.listed", listed, "count"),
        *_comparison_facts(panel),
    ]


def quality_facts(uses: pd.DataFrame) -> list[Number]:
    """Return what the main estimates rest on, counted from `cell_quality.cells_used`."""
    if uses.empty:
        return []
    total = quality_shares(uses).iloc[0]
    shares = ("observed", "derived", "flagged", "tier_A", "tier_B", "tier_C", "sound")
    return [
        Number("quality.equations", int(total["equations"]), "count"),
        Number("quality.cells", int(total["cells"]), "count"),
        *(Number(f"quality.{name}", float(100 * total[name]), "percent") for name in shares),
    ]


def _comparison_facts(panel: Panel) -> list[Number]:
    """How many pairs of sources can be compared, and how many agree in level."""
    table = compare(within_years(panel)).table
    common = table[table["n"] > 0]
    agree = common["ratio"].between(1 / AGREEMENT, AGREEMENT)
    return [
        Number("comparison.pairs", len(common), "count"),
        Number("comparison.cells", int(common["n"].sum()), "count"),
        Number("comparison.agree", int(agree.sum()), "count"),
        Number("comparison.tolerance", 100 * (AGREEMENT - 1), "count", "%"),
    ]


AGREEMENT = 1.05
"""Median ratio of two sources, in either direction, up to which they agree in level."""


PILOT_YEARS = (2014, 2015, 2016)
