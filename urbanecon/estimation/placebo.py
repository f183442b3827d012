"""Treatments that never were: earlier dates, and other cities.

Placebo dates move every adoption k years forward in time and cut the sample
before the true one; a difference found there is a trend, not an effect. Placebo
cohorts drop the treated cities and hand their dates to never-treated ones at
random; the spread of what is found shows how often nothing looks like something
(Bertrand, Duflo and Mullainathan 2004).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationError, NotEstimableError
from urbanecon.estimation.adoption import adoption_years, panel_keys
from urbanecon.estimation.cluster_products import Moments
from urbanecon.estimation.moments import cluster_moments
from urbanecon.estimation.moments_errors import crv1
from urbanecon.estimation.moments_ols import ols
from urbanecon.estimation.randomization_paths import Paths, assignments
from urbanecon.estimation.randomization_sums import path_sums
from urbanecon.estimation.sample import Floats

DRAWS = 999


def placebo_dates(
    data: pd.DataFrame,
    outcome: str,
    first_treated: str,
    earlier: Sequence[int] = (1, 2, 3, 4, 5),
    *,
    controls: Sequence[str] = (),
    cluster: str = "city",
    weights: str | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Effects of adoptions moved k years earlier, on years before the true ones.

    City and year effects, errors clustered. Rows from the true adoption on are
    left out, and for never-treated cities the years from the last adoption on,
    in which no city is left to compare them with. All shifts share these rows.

    Parameters
    ----------
    first_treated
        Column with the first treated year, missing for the never treated.
    earlier
        Years by which adoption is moved.

    Returns
    -------
    DataFrame
        Indexed by `earlier`: estimate, se, t, p, low, high, nobs, placebo_rows
        (rows under the placebo treatment), note (why it is not estimable).

    Raises
    ------
    EstimationError
        No shift, or one that is not a positive whole number.
    MissingColumnError, DataError, NotEstimableError
        As `moments.cluster_moments`; or no row precedes adoption.
    """
    if not len(earlier) or any(k < 1 or k != int(k) for k in earlier):
        raise EstimationError(f"shifts must be positive whole years, found {list(earlier)}")
    unit, time = panel_keys(data)
    first = adoption_years(data, first_treated)
    years = data.index.get_level_values(1).to_numpy(dtype=float)
    last = first[np.isfinite(first)].max()
    before = (years < first.to_numpy()) & (years < last)
    if not (before & np.isfinite(first.to_numpy())).any():
        raise NotEstimableError(
            f"no row of a treated {unit} precedes its {first_treated!r}: no placebo date fits"
        )
    kept, start, year = data[before], first[before].to_numpy(), years[before]
    names = {int(k): f"{first_treated} {k} years earlier" for k in earlier}
    dummies = {name: (year >= start - k).astype(float) for k, name in names.items()}
    moments = cluster_moments(
        kept.assign(**dummies), [outcome, *controls, *dummies], (unit, time), cluster,
        weights=weights,
    )  # fmt: skip
    # every row used has every dummy, so that rows under treatment are a plain count
    used = kept[[outcome, *controls]].notna().all(axis=1).to_numpy()
    rows = [
        _placebo(moments, outcome, name, controls, level)
        | {"earlier": k, "placebo_rows": int(dummies[name][used].sum())}
        for k, name in names.items()
    ]
    return pd.DataFrame(rows).set_index("earlier")


def placebo_cohorts(
    data: pd.DataFrame,
    outcome: str,
    first_treated: str,
    draws: int = DRAWS,
    seed: int = 0,
    *,
    controls: Sequence[str] = (),
    weights: str | None = None,
) -> pd.DataFrame:
    """Distribution of effects when never-treated cities get the treated ones' dates.

    Treated cities are dropped. In each draw as many never-treated cities, drawn
    without replacement, take over the treated cities' first years. City and
    year effects, errors clustered by city; no draw reads a row again, see
    `randomization_sums`. Where there are no more ways to hand the dates over than
    draws asked for, each is taken once.

    Returns
    -------
    DataFrame
        One row a draw: estimate, se, t; NaN where a draw is not estimable.

    Raises
    ------
    EstimationError
        No draws, or no more never-treated than treated cities.
    MissingColumnError, DataError, NotEstimableError
        As `moments.cluster_moments`.
    """
    unit, time = panel_keys(data)
    first = adoption_years(data, first_treated)
    treated = np.isfinite(first.to_numpy())
    dates = np.sort(first[treated].groupby(level=0).first().to_numpy())
    moments = cluster_moments(
        data[~treated], [outcome, *controls], (unit, time), unit, weights=weights
    )
    moments.refuse_swept("assigning other dates")
    paths = _handed_over(moments, dates, time)
    sums = path_sums(moments, outcome, controls, paths, time)
    assigned, _ = assignments(paths, draws, seed)
    g = len(moments.clusters)
    terms = 1 + (ols(moments, outcome, controls).k if controls else 0)
    factor = g / (g - 1) * (moments.nobs - 1) / (moments.nobs - terms - moments.absorbed)
    coefficient, t = sums.statistics(assigned, np.arange(g), factor)
    table = pd.DataFrame({"estimate": coefficient, "se": coefficient / t, "t": t})
    return table.rename_axis("draw")


def _handed_over(moments: Moments, dates: Floats, time: str) -> Paths:
    """Dates of the treated for the first cities, none for the others: to be permuted."""
    n = len(moments.clusters)
    if n <= len(dates):
        raise EstimationError(
            f"{len(dates)} treated and {n} never-treated cities: there are not enough of the "
            "latter to take over every date and leave one to compare with"
        )
    periods = [name.partition("=")[2] for name in moments.levels]
    years = np.array([float(period) for period in periods])
    cohorts = np.unique(dates)
    treated = (years >= cohorts[:, None]).astype(np.float64)
    of = np.full(n, len(cohorts), dtype=np.int64)
    of[: len(dates)] = np.searchsorted(cohorts, dates)
    return Paths(
        by_period=np.vstack([treated, np.zeros(len(years))]),
        of=of,
        strata=np.zeros(n, dtype=np.int64),
        units=moments.clusters,
        periods=pd.Index(periods, name=time),
        labels=("never treated",),
        exchange="all",
    )


def _placebo(
    moments: Moments, outcome: str, treatment: str, controls: Sequence[str], level: float
) -> dict[str, float | str]:
    from scipy import stats

    names = ("estimate", "se", "t", "p", "low", "high")
    try:
        estimate = ols(moments, outcome, [treatment, *controls], treatment)
    except NotEstimableError as error:
        missing: dict[str, float | str] = dict.fromkeys(names, np.nan)
        return missing | {"nobs": moments.nobs, "note": str(error)}
    b, se = float(estimate.params[0]), float(np.sqrt(crv1(estimate)[0, 0]))
    df = len(moments.clusters) - 1
    reach = float(stats.t.ppf(0.5 + level / 2, df)) * se
    p = float(2 * stats.t.sf(abs(b / se), df))
    values = (b, se, b / se, p, b - reach, b + reach)
    found: dict[str, float | str] = dict(zip(names, values, strict=True))
    return found | {"nobs": moments.nobs, "note": ""}
