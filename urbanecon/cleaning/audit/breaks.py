"""Jumps of single series: level breaks, with and without a change of boundaries, and spikes."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from urbanecon.cleaning.audit.findings import findings
from urbanecon.cleaning.audit.growth import measure_growth
from urbanecon.cleaning.audit.series import Bools, Codes, codes_of, ordered
from urbanecon.cleaning.codebook import load_codebook
from urbanecon.cleaning.divisions import load_divisions
from urbanecon.cleaning.observations import Flag

BOUNDARY_EVENTS = (
    "admin_establish", "admin_abolish", "admin_merge", "admin_split", "admin_transfer",
    "boundary_break",
)  # fmt: skip
"""Event variables that move territory between cities; new names and higher ranks do not."""

JUMP_DISTANCE = 6.0
"""Robust standard deviations, by both spreads, of a jump without known cause.

Growth of cities has heavy tails: the 3.5 that Iglewicz and Hoaglin (1993, How to
Detect and Handle Outliers) advise for normal errors would flag recessions."""

EVENT_DISTANCE = 4.0
"""The same beside a change of boundaries, which is a reason to expect a jump."""

RETURN_DISTANCE = 2.5
"""The same for a jump that undoes, or is undone by, a jump that is sure."""

LEAST_JUMP = 0.1
"""Log points below which no jump is called: it would not matter if it were one,
and next to smooth series a revision of a few percent is many deviations."""

NEAR = 1
"""Years between an event and its jump: figures are often recast for the year
before, or follow in the year after."""

SPIKE_YEARS = 3
"""Years within which a jump must be undone to make the cells between a spike."""

UNDONE = 0.5
"""Least ratio of the smaller to the larger of two opposite jumps that undo each other."""


def growth_breaks(
    observations: pd.DataFrame, lifespans: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Growth outliers and level breaks, told apart by what follows them.

    A jump is growth that is outlying by the series' own history and by the
    peers in that year (see `growth.measure_growth`). If the opposite jump
    follows within `SPIKE_YEARS`, the cells between are growth outliers; so are
    a first or last cell that differs from all others, of which nobody can say
    whether the level stays. Any other jump is a level break, told of the first
    cell of the new level: a boundary break if territory changed hands within
    `NEAR` years, which the literature on homogenising series calls a break
    with metadata (Peterson et al. 1998, International Journal of Climatology
    18:1493-1517), and an outlier if not.

    Parameters
    ----------
    observations
        Observations of any sources; the dated events among them (see
        `BOUNDARY_EVENTS`) are the known changes of boundaries.
    lifespans
        As `anachronism` takes them. Where a city is founded or ends, cities of
        the same province (first two digits of the key) may gain or lose territory.
    """
    cells = ordered(observations)
    table = cells.join(measure_growth(cells))
    lifespans = load_divisions() if lifespans is None else lifespans
    table["event"] = _events(observations, cells, lifespans)
    distance = np.fmin(table["own"].abs(), table["peers"].abs())
    needed = np.where(table["event"].cat.codes > 0, EVENT_DISTANCE, JUMP_DISTANCE)
    agree = np.sign(table["own"]) == np.sign(table["peers"])
    large = table["excess"].abs() > LEAST_JUMP
    at = np.flatnonzero(agree & large & (distance > RETURN_DISTANCE))
    jumps = _classified(table, at, np.asarray(distance > needed)[at])
    return pd.concat(
        [
            _told(observations, table, jumps[jumps["kind"] == kind], kind)
            for kind in ("growth_outlier", "boundary_break", "level_break")
        ],
        ignore_index=True,
    )


def _classified(table: pd.DataFrame, at: NDArray[np.int64], sure: Bools) -> pd.DataFrame:
    """One row a jump that is told: its kind and the cells `first` to `last` it is told of.

    `at` are the candidates in the order of the table, `sure` those of them that
    are jumps by themselves; the others can only undo, or be undone by, a sure one.
    """
    undone = _pairs(table, at, sure)
    undoes = np.append(False, undone)[: len(at)]
    series = table["series"].to_numpy()
    ends = np.append(series[1:] != series[:-1], True)
    second, final = np.append(True, ends[:-1])[at - 1], ends[at]
    event = table["event"].cat.codes.to_numpy()[at] > 0
    kind = np.where(event, "boundary_break", "level_break")
    kind = np.where(undone | ((second | final) & ~event), "growth_outlier", kind)
    alone = second & ~undone & ~event
    last = np.where(undone, np.append(at[1:], 0)[: len(at)] - 1, at - alone)
    jumps = pd.DataFrame({"jump": at, "first": at - alone, "last": last, "kind": kind})
    told: pd.DataFrame = jumps[(sure | undone) & ~undoes]
    return told


def _pairs(table: pd.DataFrame, at: NDArray[np.int64], sure: Bools) -> Bools:
    """Whether the next candidate undoes each candidate; no candidate is in two pairs.

    Of overlapping pairs the one of most equal jumps is taken first.
    """
    series, year = table["series"].to_numpy()[at], table["year"].to_numpy()[at]
    size = table["excess"].to_numpy()[at]
    undone = np.zeros(len(at), dtype=bool)
    with np.errstate(all="ignore"):
        unequal = np.abs(np.log(-size[1:] / size[:-1]))
    linked = (series[1:] == series[:-1]) & (year[1:] - year[:-1] <= SPIKE_YEARS)
    linked &= (unequal < -np.log(UNDONE)) & (sure[1:] | sure[:-1])
    cost = np.where(linked, unequal, np.inf)
    while np.isfinite(cost).any():
        before, after = np.append(np.inf, cost[:-1]), np.append(cost[1:], np.inf)
        best = np.flatnonzero(np.isfinite(cost) & (cost < before) & (cost <= after))
        undone[best] = True
        cost[np.unique(np.concatenate([best, best - 1, best + 1]).clip(0, len(cost) - 1))] = np.inf
    return undone


def _told(
    observations: pd.DataFrame, table: pd.DataFrame, jumps: pd.DataFrame, kind: str
) -> pd.DataFrame:
    """Findings about the cells of jumps of one kind."""
    count = (jumps["last"] - jumps["first"] + 1).to_numpy()
    jumps = jumps.loc[jumps.index.repeat(count)]
    within = jumps.groupby(level=0).cumcount().to_numpy()
    cell = table.iloc[jumps["first"].to_numpy() + within]
    cause = {
        "growth_outlier": "it is undone, or nothing follows that could confirm it",
        "level_break": "the new level stays, and no change of boundaries is known",
    }
    reasons = [
        f"growth by the factor {math.exp(min(growth, 700)):.3g} in {year}, {own:.0f} robust "
        f"standard deviations from its own history, {peers:.0f} from its peers that year; "
        + cause.get(kind, f"beside a change of boundaries: {event}")
        for growth, year, own, peers, event in table.iloc[jumps["jump"]][
            ["growth", "year", "own", "peers", "event"]
        ].itertuples(index=False)
    ]
    flag = Flag.BOUNDARY_BREAK if kind == "boundary_break" else Flag.OUTLIER
    return findings(observations.iloc[cell["row"]], flag, kind, reasons)


def _events(
    observations: pd.DataFrame, cells: pd.DataFrame, lifespans: pd.DataFrame
) -> pd.Categorical:
    """What is known to have changed the boundaries around each cell.

    The first category, an empty text, says that nothing is known. Measures
    within fixed boundaries have no such events.
    """
    dated = observations[observations["variable"].isin(BOUNDARY_EVENTS)]
    dated = dated[dated["value"] > 0]
    own = dated[["city", "year"]].assign(text=dated["variable"] + " " + dated["year"].astype(str))
    lives = lifespans[["first_year", "last_year"]].melt(ignore_index=False, value_name="year")
    lives = lives.dropna(subset="year")
    what = lives["variable"].map({"first_year": "founded", "last_year": "ended"})
    near = pd.DataFrame(
        {
            "province": lives.index.astype(str).str[:2],
            "year": lives["year"].astype("int64").to_numpy(),
            "text": [
                f"{city} of the same province {verb} in {year}"
                for city, verb, year in zip(lives.index, what, lives["year"], strict=True)
            ],
        }
    )
    neighbours, at_home = _around(near, "province"), _around(own, "city")
    said = pd.concat([neighbours, at_home])["text"].drop_duplicates()
    texts = pd.Index(["", *said[said != ""]], dtype="str")
    event = _told_of(cells, "city", at_home, texts)
    event = np.where(event > 0, event, _told_of(cells, "province", neighbours, texts))
    names, column = np.unique(cells["column"].to_numpy(), return_index=True)
    first = observations["variable"].iloc[cells["row"].to_numpy()[column]]
    fixed = [name for name, entry in load_codebook().items() if entry.fixed_boundaries]
    judged = np.zeros(int(names.max(initial=0)) + 1, dtype=bool)
    judged[names] = ~first.isin(fixed).to_numpy()
    return pd.Categorical.from_codes(np.where(judged[cells["column"]], event, 0), texts)


def _told_of(cells: pd.DataFrame, key: str, events: pd.DataFrame, texts: pd.Index) -> Codes:
    """Position in `texts` of the event of each cell's city or province and year; 0 for none."""
    keys = cells[key].cat.categories
    events = events[events[key].isin(keys)]
    code, year = keys.get_indexer(pd.Index(events[key])), events["year"].to_numpy(dtype="int64")
    places = codes_of(
        np.append(cells[key].cat.codes.to_numpy("int64"), code),
        np.append(cells["year"].to_numpy(dtype="int64"), year),
    )
    place, dated = places[: len(cells)], places[len(cells) :]
    order = np.argsort(dated)
    at = np.searchsorted(dated[order], place)
    found = np.flatnonzero(np.append(dated[order], -1)[at] == place)
    event = np.zeros(len(cells), dtype="int64")
    event[found] = texts.get_indexer(pd.Index(events["text"]))[order][at[found]]
    return event


def _around(events: pd.DataFrame, key: str) -> pd.DataFrame:
    """Events repeated for the years `NEAR` them; the closest one of a key and year."""
    years = [
        events.assign(year=events["year"] + shift, far=abs(shift))
        for shift in range(-NEAR, NEAR + 1)
    ]
    table = pd.concat(years).sort_values([key, "year", "far", "text"], kind="stable")
    return table.drop_duplicates([key, "year"])[[key, "year", "text"]]
