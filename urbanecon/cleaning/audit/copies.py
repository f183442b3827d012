"""Cells that belong to another cell: series given to several cities, cells given twice."""

from __future__ import annotations

import numpy as np
import pandas as pd

from urbanecon.cleaning.audit.findings import CELL, findings
from urbanecon.cleaning.observations import Flag

PASTED_YEARS = 5
"""Different values two cities must share, year by year, to be called copies.

Published figures carry three or more significant digits, so that five equal
pairs by chance are out of the question, while one or two occur in rounded
columns. Counting different values, not years, leaves constants alone."""

PASTED_AGREEMENT = 0.9
"""Share of the years given for both cities in which copies must agree; below 1
because single cells of a pasted column are sometimes corrected by hand."""

PASTED_SHARE = 0.02
"""Share of a column's cities that must be copies before it is called pasted.

Below it lie a neighbour's figures given to a few cities without their own (a
new city and the one it was carved from, prefectures without colleges): a matter
of those cities, not of the column."""


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
    return findings(observations.loc[bad["row"]], Flag.PASTED, "pasted", reasons)


def _copies(cells: pd.DataFrame) -> pd.DataFrame:
    """Pairs of copy and original a column, with agreeing years and common years.

    Cells equal in column, year and value are compared with one city among them,
    the one with most such cells, so that the work is linear in the cells. A city
    that equals others now and then by chance does not hide a copy.
    """
    cells = cells.drop_duplicates(["column", "city", "year"])
    twinned = cells.duplicated(["column", "year", "value"], keep=False)
    cells = cells.assign(
        shared=twinned.groupby([cells["column"], cells["city"]]).transform("sum"),
        length=cells.groupby(["column", "city"])["year"].transform("size"),
    )
    ranked = cells[twinned].sort_values(
        ["shared", "length", "city"], ascending=[False, False, True], kind="stable"
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
    return findings(bad, Flag.CONFLICT, "conflict", reasons)
