"""Rules that say which cells are doubtful, and why.

A rule is a pure function from observations to findings: one row a doubtful
cell, with a sentence that a reader can check. Rules look at numbers, never at
the names of cities or variables, and never change a value; `apply_findings`
writes the most severe finding of a cell into its flag.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from urbanecon.cleaning.codebook import load_codebook
from urbanecon.cleaning.divisions import load_divisions
from urbanecon.cleaning.observations import SEVERITY, Flag, require_columns

CELL = ["city", "year", "variable", "source"]
"""What a finding is about; duplicates of a cell share their findings."""

FINDING_COLUMNS = (*CELL, "flag", "rule", "reason")

PASTED_YEARS = 5
"""Different values two cities must share, year by year, to be called copies.

Published figures carry three or more significant digits, so that five equal
pairs by chance are out of the question, while one or two occur in rounded
columns. Counting different values, not years, leaves constants alone."""

PASTED_AGREEMENT = 0.9
"""Share of the years given for both cities in which copies must agree; below 1
because single cells of a pasted column are sometimes corrected by hand."""

PASTED_SHARE = 0.05
"""Share of a column's cities that must be copies before it is called pasted.

Below it lie a neighbour's figures given to a few cities without their own (a
new city and the one it was carved from, prefectures without colleges): a matter
of those cities, not of the column."""

Rule = Callable[[pd.DataFrame], pd.DataFrame]


def impossible(observations: pd.DataFrame) -> pd.DataFrame:
    """Cells that are not finite or lie outside the codebook's valid range.

    Variables that the codebook does not describe are held to finiteness alone.
    """
    codebook = load_codebook()
    names = observations["variable"]
    low = names.map({name: entry.low for name, entry in codebook.items()}).astype("float64")
    high = names.map({name: entry.high for name, entry in codebook.items()}).astype("float64")
    value = observations["value"]
    finite = np.isfinite(value.to_numpy(dtype="float64"))
    bad = observations[~finite | (value < low) | (value > high)]
    reasons = []
    for cell in bad.itertuples(index=False):
        if not np.isfinite(cell.value) or cell.variable not in codebook:
            reasons.append(f"the value {cell.value} is not a finite number")
            continue
        entry = codebook[cell.variable]
        reasons.append(
            f"the value {cell.value:.6g} {entry.unit} is outside the valid range "
            f"from {entry.low:g} to {entry.high:g}"
        )
    return _findings(bad, Flag.IMPOSSIBLE, "impossible", reasons)


def anachronism(observations: pd.DataFrame, lifespans: pd.DataFrame | None = None) -> pd.DataFrame:
    """Cells of years in which the city did not exist.

    What is measured within fixed boundaries in all years (from space, say), an
    attribute of the city and a dated event are not back-cast and not judged.

    Parameters
    ----------
    observations
        Observations of any sources.
    lifespans
        Indexed by 6-digit key, with the columns `first_year` and `last_year`
        of the city's life, both included, missing where open. Default: the
        project's own facts. Keys that are not listed are not judged.
    """
    lifespans = load_divisions() if lifespans is None else lifespans
    first = observations["city"].map(lifespans["first_year"]).astype("float64")
    last = observations["city"].map(lifespans["last_year"]).astype("float64")
    timeless = [
        name
        for name, entry in load_codebook().items()
        if entry.fixed_boundaries or entry.constant or entry.kind == "event"
    ]
    judged = ~observations["variable"].isin(timeless)
    early = judged & (observations["year"] < first)
    bad = early | (judged & (observations["year"] > last))
    reasons = [
        f"the city did not exist in {year}: "
        + (f"it was founded in {start:.0f}" if too_early else f"its last year was {end:.0f}")
        for year, start, end, too_early in zip(
            observations["year"][bad], first[bad], last[bad], early[bad], strict=True
        )
    ]
    return _findings(observations[bad], Flag.ANACHRONISM, "anachronism", reasons)


def pasted(observations: pd.DataFrame, share: float = PASTED_SHARE) -> pd.DataFrame:
    """Series that many cities share to the last digit.

    A city is a copy if it agrees with another in at least `PASTED_AGREEMENT`
    of the years given for both, on at least `PASTED_YEARS` different values. If
    copies and their originals make up `share` of the cities of a column (one
    variable of one source), at least three, all cells of these cities are
    flagged: which of them is the original cannot be told from the numbers.
    Zeros are never evidence of a copy, since they are often structural.
    """
    column = observations.groupby(["source", "variable"], sort=False).ngroup()
    cells = observations[["city", "year", "value"]].assign(column=column)
    copies = _copies(cells[np.isfinite(cells["value"]) & (cells["value"] != 0)])
    families = pd.concat(
        [copies, copies.assign(city=copies["original"], agree=0, overlap=0)]
    ).drop_duplicates(["column", "city"])
    members = families.groupby("column")["city"].nunique()
    cities = cells.groupby("column")["city"].nunique().reindex(members.index)
    convicted = members.index[(members >= 3) & (members >= share * cities)]
    families = families[families["column"].isin(convicted)]

    bad = cells.reset_index(names="row").merge(families, on=["column", "city"])
    reasons = [
        f"{members[column]} of {cities[column]} cities share one series to the last digit; "
        + (
            f"this city equals {original} in {agree} of {overlap} years"
            if agree
            else "others equal this city"
        )
        for column, original, agree, overlap in zip(
            bad["column"], bad["original"], bad["agree"], bad["overlap"], strict=True
        )
    ]
    return _findings(observations.loc[bad["row"]], Flag.PASTED, "pasted", reasons)


def _copies(cells: pd.DataFrame) -> pd.DataFrame:
    """Pairs of copy and original a column, with agreeing years and common years.

    Cells equal in column, year and value are compared with one city among them,
    the one with the longest series, so that the work is linear in the cells.
    """
    cells = cells.drop_duplicates(["column", "city", "year"])
    length = cells.groupby(["column", "city"])["year"].transform("size")
    ranked = cells.assign(length=length).sort_values(
        ["length", "city"], ascending=[False, True], kind="stable"
    )
    original = ranked.groupby(["column", "year", "value"])["city"].transform("first")
    twins = ranked.assign(original=original)[original != ranked["city"]]
    pairs = (
        twins.groupby(["column", "city", "original"])["value"]
        .agg(agree="size", different="nunique")
        .reset_index()
    )
    pairs = pairs[pairs["different"] >= PASTED_YEARS]
    years = cells[["column", "city", "year"]]
    common = pairs.merge(years, on=["column", "city"]).merge(
        years.rename(columns={"city": "original"}), on=["column", "original", "year"]
    )
    overlap = common.groupby(["column", "city", "original"]).size().rename("overlap")
    pairs = pairs.merge(overlap.reset_index(), on=["column", "city", "original"])
    return pairs[pairs["agree"] >= PASTED_AGREEMENT * pairs["overlap"]]


def conflict(observations: pd.DataFrame) -> pd.DataFrame:
    """Cells for which one source gives different values."""
    twice = observations[observations.duplicated(CELL, keep=False)]
    value = twice.groupby(CELL, dropna=False)["value"]
    low, high = value.transform("min"), value.transform("max")
    bad = twice[low != high]
    reasons = [
        f"the source gives the cell more than once, from {least:.6g} to {most:.6g}"
        for least, most in zip(low[bad.index], high[bad.index], strict=True)
    ]
    return _findings(bad, Flag.CONFLICT, "conflict", reasons)


RULES: tuple[Rule, ...] = (impossible, anachronism, pasted, conflict)
"""The rules in the order in which they run."""


def run_rules(observations: pd.DataFrame, rules: Iterable[Rule] = RULES) -> pd.DataFrame:
    """Return the findings of all rules, in their order.

    Parameters
    ----------
    observations
        Observations of any sources (see `urbanecon.cleaning.observations`).
    rules
        Rules to run.

    Returns
    -------
    DataFrame
        Columns city, year, variable, source, flag, rule, reason; a cell that
        two rules find has two rows.

    Raises
    ------
    MissingColumnError
        If `observations` lacks a column the rules read.
    """
    require_columns(observations.columns, [*CELL, "value"], file="observations")
    table = observations.reset_index(drop=True)
    return pd.concat([rule(table) for rule in rules], ignore_index=True)


def apply_findings(observations: pd.DataFrame, findings: pd.DataFrame) -> pd.DataFrame:
    """Return `observations` with each flag raised to its most severe finding.

    A flag is never lowered, and no value, row or order changes.
    """
    ranks = findings["flag"].map(SEVERITY).astype("float64")
    worst = ranks.groupby([findings[name] for name in CELL], dropna=False).max().rename("found")
    found = observations[CELL].merge(worst.reset_index(), on=CELL, how="left")["found"]
    held = observations["flag"].map(SEVERITY).to_numpy(dtype="int64")
    rank = np.maximum(found.fillna(0).to_numpy(dtype="int64"), held)
    names = np.array([str(flag) for flag in SEVERITY], dtype=object)
    return observations.assign(flag=pd.Series(names[rank], index=observations.index, dtype="str"))


def _findings(cells: pd.DataFrame, flag: Flag, rule: str, reasons: list[str]) -> pd.DataFrame:
    """Findings about `cells`, one reason each; exact repetitions are told once."""
    return (
        cells[CELL]
        .assign(flag=str(flag), rule=rule, reason=pd.Series(reasons, cells.index, dtype="str"))
        .drop_duplicates()
        .reset_index(drop=True)
    )
