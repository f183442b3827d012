"""What must add up, and what adds up too well: identities and exact multiples."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from urbanecon.cleaning.audit.findings import CELL, findings
from urbanecon.cleaning.audit.series import (
    NAMED,
    Bools,
    Codes,
    Floats,
    codes_of,
    digits_of,
    group_count,
    group_median,
    grouped,
    log_growth,
    ordered,
)
from urbanecon.cleaning.observations import Flag


class Identity(NamedTuple):
    """Parts that add up to a total, or, if not exhaustive, to no more than it."""

    total: str
    parts: tuple[str, ...]
    exhaustive: bool = True


IDENTITIES = (
    Identity("gdp", ("va_primary", "va_secondary", "va_tertiary")),
    Identity("trade", ("exports", "imports")),
    Identity("employees", ("employees_primary", "employees_secondary", "employees_tertiary")),
    Identity("population_gpi", ("population_urban", "population_rural")),
    Identity("population_census", ("population_urban_census", "population_rural_census")),
    Identity("population_province", ("population_urban_province", "population_rural_province")),
    Identity("fiscal_expenditure", ("fiscal_education", "fiscal_science"), exhaustive=False),
)
"""Accounting identities between variables of the codebook, within one source."""

IDENTITY_TOLERANCE = 0.01
"""Share of the total that may be missing or too much: rounded parts, and totals
revised after their parts, differ by less, while a wrong figure rarely does."""

MULTIPLE_TOLERANCE = 1e-9
"""Log points by which a ratio may vary within a province and year and still be
called constant: far above the error of double precision, far below that of any
two measured variables."""

MULTIPLE_SHARE = 0.9
"""Share of the comparisons within provinces and years in which the ratio must be
constant; below 1 because single cells are corrected by hand."""

MULTIPLE_COMPARISONS = 30
"""Comparisons of two cities needed before a constant ratio means anything."""


COMMON_SHARE = 0.9
"""Share of a province's cities, or of all places, that must grow by one rate in a year; below
1 because single ones are left out of an extrapolation, or were revised after it."""

COMMON_CITIES = 3
"""Cities with one rate that mean anything: two may agree by rounding."""

COMMON_CELLS = 30
"""Cells of a column that must grow by their province's rate before it is told, and places
that must grow by the country's in a year: figures of
one or two digits double or halve together by chance, in a province here and there."""


def broken_identity(
    observations: pd.DataFrame, identities: tuple[Identity, ...] = IDENTITIES
) -> pd.DataFrame:
    """Cells of a city-year whose parts do not add up to their total.

    All cells of the identity are told, since the sum does not show which is
    wrong (the balance edit of Fellegi and Holt 1976, JASA 71:17-35). A city-year
    that lacks one of the cells is not judged.
    """
    names = {name for identity in identities for name in (identity.total, *identity.parts)}
    cells = observations[observations["variable"].isin(names)]
    cells = cells[np.isfinite(cells["value"]) & ~cells.duplicated(CELL, keep=False)]
    key = ["city", "year", "source"]
    wide = cells.pivot(index=key, columns="variable", values="value")
    found = [_broken(cells, wide, identity) for identity in identities]
    empty = findings(cells.iloc[:0], Flag.OUTLIER, "broken_identity", [])
    return pd.concat([empty, *(table for table in found if len(table))], ignore_index=True)


def _broken(cells: pd.DataFrame, wide: pd.DataFrame, identity: Identity) -> pd.DataFrame:
    """Findings of one identity in all sources that have its variables."""
    names = [identity.total, *identity.parts]
    complete = wide.reindex(columns=names).dropna()
    total = complete[identity.total]
    with np.errstate(over="ignore", invalid="ignore"):
        parts = complete[list(identity.parts)].sum(axis=1)
        excess = (parts - total) / total.abs().clip(lower=np.finfo("float64").tiny)
    wrong = (excess.abs() if identity.exhaustive else excess) > IDENTITY_TOLERANCE
    text = pd.Series(
        [
            f"{' + '.join(identity.parts)} = {part:.6g}, but {identity.total} = {whole:.6g} "
            f"({gap:+.1%})"
            for part, whole, gap in zip(parts[wrong], total[wrong], excess[wrong], strict=True)
        ],
        index=excess.index[wrong],
        dtype="str",
    ).rename("text")
    told = cells[cells["variable"].isin(names)].merge(
        text.reset_index(), on=["city", "year", "source"]
    )
    return findings(told, Flag.OUTLIER, "broken_identity", told["text"])


def exact_multiple(observations: pd.DataFrame) -> pd.DataFrame:
    """Variables that within each province and year are a multiple of another variable.

    A provincial figure spread over cities in proportion to another variable
    leaves a ratio between the two that is constant to the last digit within
    each province and year. Such cells are no observations of their cities, and
    an estimate that controls for province and year sees in them nothing but the
    other variable (Chow and Lin 1971, Review of Economics and Statistics
    53:372-375, give the general form of this downscaling). Within one source,
    the variable printed with fewest digits is taken for the one observed; the
    others are derived. If all have as many digits, all are told. Two variables
    with one ratio everywhere are one variable in two units, and not told.
    """
    cells = ordered(observations)
    positive = (cells["value"] > 0).to_numpy()
    digits = pd.Series(digits_of(cells)[positive])
    cells = cells[positive]
    if cells.empty:
        return findings(observations.iloc[:0], Flag.DERIVED, "exact_multiple", [])
    source = observations["source"].to_numpy()[cells["row"]]
    pairs = pd.concat([_multiples(table) for _, table in cells.groupby(source, sort=True)])
    usual = digits.groupby(cells["column"].to_numpy()).median()
    both = pd.concat([pairs, pairs.rename(columns={"one": "other", "other": "one"})])
    fewest = usual.reindex(both["one"]).to_numpy() >= usual.reindex(both["other"]).to_numpy()
    derived = both[fewest].assign(digits=usual.reindex(both["other"][fewest]).to_numpy())
    derived = derived.sort_values(["one", "digits", "other"], kind="stable")
    derived = derived.drop_duplicates("one").rename(columns={"one": "column"})
    bad = cells.merge(derived, on="column")
    name = observations["variable"].iloc[cells["row"]].groupby(cells["column"].to_numpy()).first()
    reasons = [
        f"within provinces and years the ratio to {name[other]} is constant to nine digits "
        f"in {share:.0%} of {count} comparisons"
        for other, share, count in zip(bad["other"], bad["share"], bad["count"], strict=True)
    ]
    return findings(observations.iloc[bad["row"]], Flag.DERIVED, "exact_multiple", reasons)


def _multiples(cells: pd.DataFrame) -> pd.DataFrame:
    """Pairs of columns of one source with a constant ratio; share and number of comparisons.

    Neighbouring cities of a province and year are compared: the ratio of two
    variables is constant if both have the same log difference. Sorting the log
    differences of a row brings equal ones together, so that the work grows with
    the columns and not with their pairs.
    """
    columns, where = np.unique(cells["column"].to_numpy(), return_inverse=True)
    city, province = (cells[name].cat.codes.to_numpy().astype("int64") for name in NAMED)
    group = codes_of(province, cells["year"].to_numpy().astype("int64"))
    places, first, rows = np.unique(codes_of(group, city), True, True)
    log = np.full((len(places), len(columns)), np.nan)
    log[rows, where] = np.log(cells["value"].to_numpy(dtype="float64"))
    step = np.diff(log, axis=0)[np.diff(group[first]) == 0]
    step[np.abs(step) <= MULTIPLE_TOLERANCE] = np.nan
    order = np.argsort(step, axis=1, kind="stable")
    sorted_steps = np.take_along_axis(step, order, axis=1)
    equal = np.zeros((len(columns), len(columns)), dtype="int64")
    for apart in range(1, len(columns)):
        with np.errstate(invalid="ignore"):
            close = sorted_steps[:, apart:] - sorted_steps[:, :-apart] <= MULTIPLE_TOLERANCE
        if not close.any():
            break
        np.add.at(equal, (order[:, :-apart][close], order[:, apart:][close]), 1)
    equal += equal.T
    given = np.isfinite(step).astype("float64")
    both = (given.T @ given).astype("int64")
    one, other = np.nonzero(np.triu(equal >= np.maximum(MULTIPLE_SHARE * both, 1), 1))
    pairs = pd.DataFrame({"one": columns[one], "other": columns[other], "count": both[one, other]})
    pairs["share"] = equal[one, other] / np.maximum(pairs["count"], 1)
    ratio = log[:, one] - log[:, other]
    off = np.abs(ratio - _median(ratio)) > MULTIPLE_TOLERANCE
    varies = off.sum(axis=0) > (1 - MULTIPLE_SHARE) * np.isfinite(ratio).sum(axis=0)
    kept: pd.DataFrame = pairs[(pairs["count"] >= MULTIPLE_COMPARISONS).to_numpy() & varies]
    return kept


def common_growth(observations: pd.DataFrame) -> pd.DataFrame:
    """Cells that carry the figure of the year before on at a rate that many others have too.

    Where a table has no figures of cities, its makers let every city grow as its
    province does; where it has none of provinces, they let all grow as the country
    does. The level then still differs, but the change is one to the last digit in all
    of them: such a cell is derived, as is one that is a province's figure times another
    variable (`exact_multiple`), and effects of the city and of the province's, or the
    country's, years leave nothing of it. A province or country with no growth at all,
    and years without a figure in the year before, are not judged.
    """
    cells = ordered(observations)
    growth = log_growth(cells)
    growth[np.abs(growth) <= MULTIPLE_TOLERANCE] = np.nan
    by_province, alike = _one_rate(growth, grouped(cells, "column", "province", "year"))
    by_province &= alike >= COMMON_CITIES
    column = grouped(cells, "column")
    by_province &= group_count(np.where(by_province, 1.0, np.nan), column) >= COMMON_CELLS
    everywhere, all_alike = _one_rate(growth, grouped(cells, "column", "year"))
    everywhere &= (all_alike >= COMMON_CELLS) & ~by_province
    told = np.flatnonzero(by_province | everywhere)
    whom = np.where(everywhere, "places of the whole country", "cities of the province")
    count = np.where(everywhere, all_alike, alike)
    reasons = [
        f"grows by {np.expm1(growth[at]):+.4%}, as do {count[at]} {whom[at]}, to nine digits"
        for at in told
    ]
    bad = observations.iloc[cells["row"].to_numpy()[told]]
    return findings(bad, Flag.DERIVED, "common_growth", reasons)


def _one_rate(growth: Floats, place: Codes) -> tuple[Bools, Codes]:
    """Whether a cell has the rate that nearly all of its place have, and how many have it."""
    common = np.abs(growth - group_median(growth, place)) <= MULTIPLE_TOLERANCE
    alike = group_count(np.where(common, 1.0, np.nan), place)
    return common & (alike >= COMMON_SHARE * group_count(growth, place)), alike


def _median(values: Floats) -> Floats:
    """Median of each column over its known rows; columns have at least one."""
    return pd.DataFrame(values).median().to_numpy(dtype="float64")
