"""Which cities exchanged territory, read by rule from events and county rosters.

Three rules find pairs of cities, and every pair names its evidence:

event
    an administrative event that ends, founds or divides a prefecture-level unit
    names, in its list of units or its description, another city of the province,
    and the boundary flags confirm a break of one of the two in that year or the
    next;
roster
    a county that the census of 2010 lists under one city stands under another in
    the census of 2020. Counties are compared by name, where the name occurs once
    in the province in both censuses;
flag
    cities of one province that the boundary flags break in the same year, as far
    as the other rules leave two or more of them without a partner.

A county is the smallest unit seen here: a township that changed hands is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from urbanecon.cleaning.divisions import load_divisions, resolve
from urbanecon.cleaning.tables import RawTable, read_table

EVENTS, FLAGS = "admin_events", "admin_boundary_flags"
ROSTER_2010, ROSTER_2020 = "census_county_2010", "census_county_2020"
SOURCES = (EVENTS, FLAGS, ROSTER_2010, ROSTER_2020)

LINK_COLUMNS = ("one", "other", "year", "rule", "evidence")
KINDS = ("merge", "split", "abolish", "establish", "establish_prefecture", "jurisdiction_transfer")
"""Events that can move territory; a renaming and the upgrade of a 地区 cannot."""

LAST_MONTH = 8
"""Changes approved later in a year enter the figures of the next: yearbooks show the
change of July 2011 (Chaohu) in 2011, that of September 2002 (Liuzhou) in 2003."""

ROSTERS = {
    ROSTER_2010: {"sheet": "Sheet1", "name": "地区", "code": "区划代码", "heads": "合计"},
    ROSTER_2020: {
        "sheet": "七普（年鉴）",
        "name": "区县",
        "code": "区划代码",
        "heads": "人口数_合计",
    },
}


def breaks(path: Path, events: Path) -> pd.DataFrame:
    """City-years whose whole territory changed, from the boundary flags.

    Parameters
    ----------
    path
        The file of flags.
    events
        The file of events: where it names a flagged city in an event approved
        after `LAST_MONTH`, the flags of that province and year move to the next.

    Returns
    -------
    DataFrame
        Columns city, province, year (the first on the new borders), raw.
    """
    column = "whole_city_break_flag"
    table = read_table(path, source=FLAGS, columns=["prefecture_name", "year", column])
    names = table.text("prefecture_name")
    flagged = pd.DataFrame(
        {
            "city": resolve(names, source=FLAGS),
            "year": table.years("year"),
            "raw": table.raw(column),
        }
    )[table.numbers(column) > 0].dropna(subset="city")
    divisions = load_divisions()
    flagged["province"] = flagged["city"].map(divisions["province"])
    for event in _territorial(events):
        same_year = flagged["year"] == event.year
        hit = flagged["province"][same_year & flagged["city"].isin(_named(event, divisions))]
        if event.month > LAST_MONTH and len(hit):
            late = same_year & flagged["province"].isin(hit)
            flagged["year"] = flagged["year"].mask(late, event.year + 1)
    return flagged


def event_links(path: Path, flagged: pd.DataFrame) -> pd.DataFrame:
    """Pairs of cities that one event names (rule ``event``)."""
    divisions = load_divisions()
    links = []
    for event in _territorial(path):
        found = _named(event, divisions)
        confirmed = flagged[
            flagged["city"].isin(found) & flagged["year"].isin([event.year, event.year + 1])
        ]
        if len(found) > 1 and len(confirmed):
            first = int(confirmed["year"].min())
            evidence = f"{EVENTS}: {event.event_id}"
            links += [(found[0], other, first, "event", evidence) for other in found[1:]]
    return pd.DataFrame(links, columns=list(LINK_COLUMNS))


class Change(NamedTuple):
    """An event that can move territory; `month` of its approval, 0 if unknown."""

    event_id: str
    year: int
    month: int
    province: str
    words: str


def _territorial(path: Path) -> list[Change]:
    columns = ("event_id", "year", "approval_date", "province_name", "prefecture_names",
               "description", "event_type", "automatic_continuity")  # fmt: skip
    table = read_table(path, source=EVENTS, columns=columns)
    month = table.text("approval_date").str.extract(r"^\d{4}-(\d{2})-\d{2}$")[0]
    rows = zip(
        table.text("event_id"),
        table.years("year"),
        month.astype("float64").fillna(0).astype("int64"),
        table.text("province_name"),
        table.text("prefecture_names") + " " + table.text("description"),
        strict=True,
    )
    moving = table.text("event_type").isin(KINDS) & (
        table.text("automatic_continuity").str.lower() != "true"
    )
    return [Change(*row) for row, moves in zip(rows, moving, strict=True) if moves]


def _named(event: Change, divisions: pd.DataFrame) -> list[str]:
    """Cities of the event's province whose short name its units or description contain."""
    home = divisions[divisions["province_zh"] == event.province]
    return [str(city) for city, name in home["name_short"].items() if name in event.words]


def roster_links(path_2010: Path, path_2020: Path, flagged: pd.DataFrame) -> pd.DataFrame:
    """Pairs of cities between which a county moved (rule ``roster``).

    The year is that of a flagged break of either city between the censuses, the
    latest if several; 2020 if none is flagged.
    """
    before, after = _counties(path_2010, ROSTER_2010), _counties(path_2020, ROSTER_2020)
    both = before.merge(after, on=["province", "name"], suffixes=("_before", "_after"))
    moved = both[both["city_before"] != both["city_after"]]
    links = []
    columns = ("name", "city_before", "city_after", "raw_before", "raw_after")
    for name, one, other, *raw in zip(*(moved[column] for column in columns), strict=True):
        between = flagged[flagged["city"].isin([one, other]) & flagged["year"].between(2011, 2020)]
        year = int(between["year"].max()) if len(between) else 2020
        links.append((one, other, year, "roster", f"county {name}: {', '.join(raw)}"))
    return pd.DataFrame(links, columns=list(LINK_COLUMNS))


def flag_links(flagged: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Pairs of flagged cities that no other rule gives a partner (rule ``flag``)."""
    ends = pd.concat([known[[end, "year"]].set_axis(["city", "year"], axis=1)
                      for end in ("one", "other")])  # fmt: skip
    explained = flagged.merge(ends.drop_duplicates(), on=["city", "year"])["raw"]
    open_ones = flagged[~flagged["raw"].isin(explained)]
    links = []
    for _, cities in open_ones.groupby(["province", "year"]):
        first, *others = sorted(cities["city"])
        year = int(cities["year"].iloc[0])
        evidence = f"{FLAGS}: " + ", ".join(cities["raw"])
        links += [(first, other, year, "flag", evidence) for other in others]
    return pd.DataFrame(links, columns=list(LINK_COLUMNS))


def all_links(paths: Mapping[str, Path]) -> pd.DataFrame:
    """Pairs of all rules.

    Parameters
    ----------
    paths
        Raw file of each of `SOURCES`.

    Returns
    -------
    DataFrame
        Columns one, other (6-digit keys), year (the first on the new borders),
        rule, evidence.
    """
    flagged = breaks(paths[FLAGS], paths[EVENTS])
    known = pd.concat(
        [
            event_links(paths[EVENTS], flagged),
            roster_links(paths[ROSTER_2010], paths[ROSTER_2020], flagged),
        ],
        ignore_index=True,
    )
    return pd.concat([known, flag_links(flagged, known)], ignore_index=True)


def heads_2020(path: Path) -> pd.Series:
    """Residents of each city in 2020, from the rows of the cities in the roster."""
    table, spec = _roster(path, ROSTER_2020)
    codes = table.text(spec["code"])
    rows = codes.str.fullmatch(r"\d{4}00")
    heads = table.numbers(spec["heads"])[rows]
    city = resolve(codes[rows], source=ROSTER_2020)
    named = city.notna()
    return pd.Series(heads[named].to_numpy(), index=city[named].to_numpy()).groupby(level=0).max()


def _counties(path: Path, source: str) -> pd.DataFrame:
    """Counties whose name occurs once in their province, with their city."""
    table, spec = _roster(path, source)
    codes, names = table.text(spec["code"]), table.text(spec["name"])
    counties = pd.DataFrame(
        {
            "name": names,
            "province": codes.str[:2] + "0000",
            "city": resolve(codes.str[:4] + "00", source=source),
            "raw": table.raw(spec["code"]),
        }
    )[codes.str.fullmatch(r"\d{6}") & ~codes.str.endswith("00")]
    once = ~counties.duplicated(["province", "name"], keep=False)
    return counties[once & counties["city"].notna()]


def _roster(path: Path, source: str) -> tuple[RawTable, dict[str, str]]:
    spec = ROSTERS[source]
    columns = [spec["name"], spec["code"], spec["heads"]]
    return read_table(path, source=source, sheet=spec["sheet"], columns=columns), spec
