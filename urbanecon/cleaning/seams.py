"""Whether a joined series still breaks where the borders changed.

The sum over cities that exchanged territory should not notice the exchange. If
it does, the source does not follow the borders of the year: it has carried new
borders back for some cities or variables and not for others, or gives a member
figures that are not its own. Before such a seam the sum is of no use.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

SEAM = 0.15
"""Log change, beyond the series' usual one, below which nothing is called a seam.

The counties that moved hold between 8 and 60 percent of their group, so that a
mixed vintage shows as a jump of that order; 99 percent of the yearly changes of
GDP of the groups lie within 0.15 of their median."""

SPREADS = 3.0
"""Robust standard deviations of the series' own changes that a seam must exceed
as well: trade or emissions move by 0.15 in a third of all years."""

TO_DEVIATION = 1.4826
"""Standard deviation of a normal variable over its median absolute deviation."""

YEARS_AFTER = (0, 1)
"""Years looked at, from the change of borders on: some tables follow a year late."""


def seams(joined: pd.DataFrame, members: pd.DataFrame) -> pd.DataFrame:
    """Find the seams of summed series.

    Parameters
    ----------
    joined
        Indexed (group, year), one column a summed variable.
    members
        What `boundaries.groups` returns.

    Returns
    -------
    DataFrame
        Columns group, variable, year (the first that is sound), change and usual
        (log changes). Series that begin with the change have no seam.
    """
    logs = pd.DataFrame(np.log(joined.where(joined > 0)))
    steps = logs.groupby(level=0).diff()
    rows = []
    changes = members.groupby("group")["year"].max()
    for group, year in zip(changes.index, changes, strict=True):
        own = pd.DataFrame(steps.xs(group, level=0))
        looked_at = [year + after for after in YEARS_AFTER if year + after in own.index]
        elsewhere = own.drop(index=looked_at)
        usual = elsewhere.median()
        spread = TO_DEVIATION * (elsewhere - usual).abs().median()
        excess = (own.loc[looked_at] - usual).abs()
        seam = excess.gt((SPREADS * spread).clip(lower=SEAM), axis=1)
        for name in map(str, joined.columns[seam.any()]):
            last = int(seam.index[seam[name]].max())
            rows.append((group, name, last, float(own[name][last]), float(usual[name])))
    return pd.DataFrame(rows, columns=["group", "variable", "year", "change", "usual"])


def cut(joined: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """Return `joined` without the years before the seams that `seams` found."""
    groups = joined.index.get_level_values(0)
    years = joined.index.get_level_values(1)
    kept = joined.copy()
    rows = zip(found["group"], found["variable"], found["year"], strict=True)
    for group, variable, year in rows:
        kept[variable] = kept[variable].mask((groups == group) & (years < year))
    return kept
