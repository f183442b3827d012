"""Administrative events of prefecture-level units, 1983-2026 (admin_events).

FIERsity, China prefecture crosswalk. An event becomes one observation of value
1 for each unit it names, in its year; life spans and former names of units are
read from the same events.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from urbanecon.cleaning.divisions import resolve, unmatched
from urbanecon.cleaning.longform import finish
from urbanecon.cleaning.observations import concat_observations, make_observations
from urbanecon.cleaning.tables import RawTable, read_table
from urbanecon.errors import DataError, did_you_mean

SOURCE = "admin_events"

VARIABLES = {
    "establish": "admin_establish",
    "establish_prefecture": "admin_establish",
    "abolish": "admin_abolish",
    "merge": "admin_merge",
    "split": "admin_split",
    "rename": "admin_rename",
    "upgrade": "admin_upgrade",
    "jurisdiction_transfer": "admin_transfer",
}
COLUMNS = (
    "year", "event_type", "prefecture_names", "old_prefecture_name", "new_prefecture_name",
    "automatic_continuity",
)  # fmt: skip
BEGINNINGS = ("establish", "establish_prefecture", "split")
ENDINGS = ("abolish", "merge", "split")


class Event(NamedTuple):
    """One row of the file that concerns one unit before and one after."""

    year: int
    kind: str
    old: str
    new: str
    continuous: bool


def read(path: Path) -> pd.DataFrame:
    """Read the events as observations.

    Parameters
    ----------
    path
        ``prefecture_administrative_events_1983_2026.csv``.

    Returns
    -------
    DataFrame
        Observations (see `urbanecon.cleaning.observations`), value 1 in the
        year of the event; `raw` is the cell that names the units. A unit that
        two events of one kind name in one year has one observation.

    Raises
    ------
    DataError
        If an event is of an unknown type.
    """
    table = _table(path)
    named = table.frame.assign(
        year=table.years("year"),
        kind=table.text("event_type"),
        unit=table.text("prefecture_names").str.split("、"),
        raw=table.raw("prefecture_names"),
    ).explode("unit")
    named = named[named["unit"] != ""]
    city = resolve(named["unit"], source=SOURCE)
    variable = named["kind"].map(VARIABLES)
    observations = concat_observations(
        make_observations(
            city=city[variable == name],
            year=named["year"][variable == name],
            variable=name,
            value=[1.0] * int((variable == name).sum()),
            source=SOURCE,
            raw=named["raw"][variable == name],
        )
        for name in dict.fromkeys(VARIABLES.values())
    )
    return finish(
        observations, source=SOURCE, unmatched=unmatched(named["unit"], city, named["raw"])
    )


def lifespans(path: Path, names: pd.Series) -> pd.DataFrame:
    """Return the first and last year of the units that events create or end.

    A unit begins with an event that establishes it or splits it off, unless it
    continues an earlier unit; it ends with an event that abolishes, merges or
    splits it. The year of the event is inside its life.

    Parameters
    ----------
    path
        The file of events.
    names
        Full Chinese name of each unit, indexed by its key.

    Returns
    -------
    DataFrame
        Indexed by key; `first_year` and `last_year` (Int64, missing where
        open), `events` (what they rest on, in words). Units without either are
        left out.
    """
    table = _table(path)
    known = {name: city for city, listed in _all_names(table, names).items() for name in listed}
    spans: dict[str, dict[str, object]] = {}
    for event in _single_events(table):
        if event.continuous:
            continue
        for kinds, name, end in (
            (BEGINNINGS, event.new, "first_year"),
            (ENDINGS, event.old, "last_year"),
        ):
            if event.kind in kinds and name in known:
                span = spans.setdefault(known[name], {"events": ""})
                span[end] = event.year
                joint = ", " if span["events"] else f"{SOURCE}: "
                span["events"] = f"{span['events']}{joint}{event.kind} {event.year}"
    frame = pd.DataFrame.from_dict(spans, orient="index").reindex(
        columns=["first_year", "last_year", "events"]
    )
    return frame.astype({"first_year": "Int64", "last_year": "Int64"})


def former_names(path: Path, names: pd.Series) -> dict[str, list[str]]:
    """Return the names that units have given up, the latest first, by key.

    Only events that continue the same unit count (renaming, 地区 or 盟 becoming
    市); `names` is as in `lifespans`.
    """
    listed = _all_names(_table(path), names)
    return {city: spellings[1:] for city, spellings in listed.items() if spellings[1:]}


def _table(path: Path) -> RawTable:
    table = read_table(path, source=SOURCE, columns=COLUMNS)
    kinds = table.text("event_type")
    strange = kinds[~kinds.isin(list(VARIABLES))]
    if len(strange):
        raise DataError(
            f"{table.place}: row {strange.index[0]}: unknown event type {strange.iloc[0]!r}."
            f"{did_you_mean(strange.iloc[0], VARIABLES)} Known are {sorted(VARIABLES)}."
        )
    return table


def _single_events(table: RawTable) -> Iterator[Event]:
    """Events with at most one unit before and one after.

    An event of several units does not say which of them was created or ended.
    """
    columns = (
        table.years("year"),
        table.text("event_type"),
        table.text("old_prefecture_name"),
        table.text("new_prefecture_name"),
        table.text("automatic_continuity").str.lower() == "true",
    )
    for row in zip(*columns, strict=True):
        event = Event(*row)
        if "、" not in event.new and ("、" not in event.old or event.kind in BEGINNINGS):
            yield event


def _all_names(table: RawTable, names: pd.Series) -> dict[str, list[str]]:
    """Names of each unit, today's first, going back from event to event."""
    known = {str(name): str(city) for city, name in names.items()}
    listed = {city: [name] for name, city in known.items()}
    for event in sorted(_single_events(table), key=lambda event: -event.year):
        city = known.get(event.new)
        if event.continuous and city is not None and event.old and event.old not in known:
            known[event.old] = city
            listed[city].append(event.old)
    return listed
