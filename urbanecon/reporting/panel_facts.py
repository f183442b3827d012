"""What the text says of the data as a whole, counted from panel and registry."""

from __future__ import annotations

from urbanecon.cleaning.observations import Flag
from urbanecon.cleaning.panel import Panel
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
    ]


PILOT_YEARS = (2014, 2015, 2016)
