"""What a multiverse says: its middle, its signs, and which choice moves it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationError, MissingColumnError, NotEstimableError, did_you_mean
from urbanecon.estimation.sample import Floats

SIGNIFICANT = 0.05
MOST_CHOICES = 14
"""Choices up to which every order of entry is averaged over: 16,384 regressions."""
RIDGE = 1e-10
"""Relative size below which a dummy is spanned by the others and adds nothing."""


@dataclass(frozen=True, slots=True)
class CurveSummary:
    """A multiverse in a few numbers, over the specifications that could be estimated.

    Attributes
    ----------
    specs, estimated, distinct
        Specifications run; of them with an estimate; different results among
        these (options that change nothing for an outcome repeat a result).
    median, low, high
        Median and quartiles of the standardised estimate: standard deviations of
        the outcome, within the effects, that come with one of the treatment,
        turned so that the claimed sign is positive.
    share_sign
        Share with the claimed sign.
    share_significant, share_against
        Share with p < 0.05 and the claimed, the opposite sign.
    median_p
        Median two-sided p.
    """

    specs: int
    estimated: int
    distinct: int
    median: float
    low: float
    high: float
    share_sign: float
    share_significant: float
    share_against: float
    median_p: float


def standardised(frame: pd.DataFrame, sign: int | pd.Series = 1) -> pd.Series:
    """Estimates in standard deviations, positive where they have the claimed sign."""
    _require(frame, ("estimate", "treatment_sd", "outcome_sd"))
    values: pd.Series = sign * frame["estimate"] * frame["treatment_sd"] / frame["outcome_sd"]
    return values


def summarise(frame: pd.DataFrame, sign: int | pd.Series = 1) -> CurveSummary:
    """Summarise a multiverse.

    Parameters
    ----------
    frame
        What `multiverse.run_multiverse` returns, or rows of it.
    sign
        Sign that the claim predicts: 1 or -1, or one a row.

    Raises
    ------
    NotEstimableError
        No specification has an estimate.
    """
    _require(frame, ("estimate", "se", "n", "p", "treatment_sd", "outcome_sd"))
    values = standardised(frame, sign)
    kept = values.notna()
    if not kept.any():
        raise NotEstimableError(f"none of the {len(frame)} specifications has an estimate")
    values, p = values[kept], frame.loc[kept, "p"]
    results = frame.loc[kept, ["estimate", "se", "n"]].apply(_significant_digits)
    low, median, high = np.quantile(values, [0.25, 0.5, 0.75])
    sure = p < SIGNIFICANT
    return CurveSummary(
        specs=len(frame),
        estimated=int(kept.sum()),
        distinct=len(results.drop_duplicates()),
        median=float(median),
        low=float(low),
        high=float(high),
        share_sign=float((values > 0).mean()),
        share_significant=float((sure & (values > 0)).mean()),
        share_against=float((sure & (values < 0)).mean()),
        median_p=float(p.median()),
    )


def _significant_digits(column: pd.Series, digits: int = 9) -> pd.Series:
    """Round to significant digits, so that rounding errors are no difference."""
    size = np.floor(np.log10(column.abs().where(column != 0, 1.0).astype("float64")))
    scale = 10.0 ** (digits - 1 - size)
    return pd.Series(np.round(column * scale) / scale)


def variance_shares(
    values: pd.Series, choices: pd.DataFrame, groups: dict[str, Sequence[str]] | None = None
) -> pd.Series:
    """Share of the variance of the estimates that goes with each choice.

    Shapley values of R2 in the additive model of dummies, one set a choice: what
    a choice adds to R2, averaged over all orders in which the choices can enter
    (Lindeman, Merenda and Gold 1980; Shorrocks 2013, "Decomposition procedures
    for distributional analysis", Journal of Economic Inequality 11: 99-126).
    Exact and without a draw. What no additive model explains, the choices
    acting together, is left as "interactions". The shares sum to one.

    Parameters
    ----------
    values
        Estimates; rows that are missing are left out.
    choices
        One column a choice, rows as `values`.
    groups
        Columns that count as one choice, such as all controls, by its name. Each
        column still has its own dummies.

    Returns
    -------
    Series
        Shares by choice, in the order of the columns, then "interactions".

    Raises
    ------
    MissingColumnError
        A column of a group is absent.
    NotEstimableError
        The estimates do not vary, or there are none.
    EstimationError
        More than `MOST_CHOICES` choices.
    """
    together = groups or {}
    _require(choices, [name for columns in together.values() for name in columns])
    kept = values.notna().to_numpy()
    y = values.to_numpy(dtype=np.float64)[kept]
    if len(y) < 2 or not np.ptp(y) > 0:
        raise NotEstimableError(f"{len(y)} estimates do not vary: there is nothing to share out")
    inside = {name for columns in together.values() for name in columns}
    players = {name: [name] for name in map(str, choices.columns) if name not in inside}
    players |= {name: list(columns) for name, columns in together.items()}
    if len(players) > MOST_CHOICES:
        raise EstimationError(
            f"{len(players)} choices; variance is shared out among at most {MOST_CHOICES}. "
            "Put controls into one group"
        )
    gram, places = _dummy_moments(y, choices[kept], players)
    explained = _explained(gram, list(places.values()))
    shares = _shapley(explained, len(players))
    out = pd.Series([*shares, 1.0 - sum(shares)], index=[*players, "interactions"])
    return out.rename("share")


def _dummy_moments(
    y: Floats, choices: pd.DataFrame, players: dict[str, list[str]]
) -> tuple[Floats, dict[str, list[int]]]:
    """Correlations of the centred dummies and the estimates (last); columns of each player."""
    blocks, places, start = [], {}, 0
    for player, columns in players.items():
        codes = [pd.factorize(choices[c], sort=True)[0] for c in columns]
        dummies = np.column_stack([np.eye(int(c.max()) + 1)[c][:, 1:] for c in codes])
        blocks.append(dummies)
        places[player] = list(range(start, start + dummies.shape[1]))
        start += dummies.shape[1]
    z = np.column_stack([*blocks, y])
    z = z - z.mean(axis=0)
    length = np.sqrt((z**2).sum(axis=0))
    z = z / np.where(length > 0, length, 1.0)
    return z.T @ z, places


def _explained(gram: Floats, places: list[list[int]]) -> Floats:
    """R2 of every set of players, by the bits of its number."""
    out = np.zeros(2 ** len(places))
    for number in range(1, len(out)):
        columns = [c for k, own in enumerate(places) if number >> k & 1 for c in own]
        if columns:
            inside = gram[np.ix_(columns, columns)] + RIDGE * np.eye(len(columns))
            right = gram[columns, -1]
            out[number] = right @ np.linalg.solve(inside, right)
    return out


def _shapley(worth: Floats, players: int) -> list[float]:
    shares = []
    for k in range(players):
        others = [j for j in range(players) if j != k]
        share = 0.0
        for size in range(players):
            weight = factorial(size) * factorial(players - size - 1) / factorial(players)
            for chosen in combinations(others, size):
                number = sum(1 << j for j in chosen)
                share += weight * (worth[number | 1 << k] - worth[number])
        shares.append(float(share))
    return shares


def _require(frame: pd.DataFrame, names: Sequence[str]) -> None:
    for name in names:
        if name not in frame:
            raise MissingColumnError(
                f"the multiverse has no column {name!r}.{did_you_mean(name, frame.columns)}"
            )
