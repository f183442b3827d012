"""What the text says of the data as a whole, counted from panel and registry."""

from __future__ import annotations

import pandas as pd

from urbanecon.cleaning.comparison import compare
from urbanecon.cleaning.divisions import load_divisions
from urbanecon.cleaning.observations import Flag
from urbanecon.cleaning.panel import Panel
from urbanecon.cleaning.urban_share import CENSUSES, FIRST_YEAR, JUMP, LAST_YEAR
from urbanecon.measures.atkinson import EPSILON
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
        *_province_facts(panel.data),
        *_comparison_facts(panel),
        *DEFINITIONS,
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


def provincewide_pilots(data: pd.DataFrame) -> pd.Series:
    """Return the province of each pilot city whose province became a pilot as a whole.

    A province did when all its cities adopted by the last of `PILOT_YEARS`, and
    there are more than one; cities are those with GDP in some year. Within such a
    province no city is left to compare with, so that province-by-year effects
    absorb the pilot's effect from its full adoption on.

    Parameters
    ----------
    data
        Indexed (city, year), with `gdp` and `pilot_first_year`.

    Returns
    -------
    Series
        Six-digit province by city.
    """
    cities = data["gdp"].dropna().index.unique("city")
    adopted = data["pilot_first_year"].groupby("city").first().reindex(cities) <= PILOT_YEARS[-1]
    province = load_divisions()["province"].reindex(cities)
    whole = adopted.groupby(province).transform("all")
    several = province.groupby(province).transform("size") > 1
    return province[whole & several]


def _province_facts(data: pd.DataFrame) -> list[Number]:
    """Pilot cities by whether province-by-year effects leave them a comparison."""
    whole = provincewide_pilots(data)
    pilots = data["pilot_first_year"].dropna().index.unique("city")
    divisions = load_divisions()
    names = divisions["province_en"].reindex(whole.index).drop_duplicates().sort_values()
    return [
        Number("pilot.provincewide", len(whole), "count"),
        Number("pilot.within", len(pilots.difference(whole.index)), "count"),
        Number("pilot.provinces", _in_words(list(names)) or "No provinces", "word"),
    ]


def _in_words(names: list[str]) -> str:
    """Names as a sentence lists them: "A", "A and B", "A, B and C"."""
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


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

DEFINITIONS = (
    Number("urban_share.first_year", FIRST_YEAR, "year"),
    Number("urban_share.last_year", LAST_YEAR, "year"),
    Number("urban_share.first_census", CENSUSES[0], "year"),
    Number("urban_share.last_census", CENSUSES[1], "year"),
    Number("urban_share.jump", 100 * JUMP, "count", "percentage points a year"),
    Number("atkinson.epsilon", f"{EPSILON:g}", "word"),
)
"""Constants of the measures that the text names."""
