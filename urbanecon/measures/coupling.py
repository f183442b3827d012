"""Coupling coordination of systems, and a check of published coupling degrees.

Wang Shujia, Kong Wei, Ren Liang, Zhi Dandan and Dai Binting (2021, Journal of
Natural Resources 36(3):793-810) found four kinds of misuse in the literature:
writing errors, lost coefficients, misused weights, and models that do not hold.
Here the degree is computed from the systems alone: there is no coefficient or
root to forget, and `check_published` tells which formula gave published values.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from urbanecon.errors import DataError, UnknownNameError, did_you_mean
from urbanecon.measures.cells import Vector, as_series, list_cells

Degree = Literal["traditional", "modified"]


def coupling(
    systems: pd.DataFrame,
    *,
    degree: Degree = "modified",
    weights: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Coupling degree C, development T and coupling coordination D of each row.

    ``T = sum_i a_i U_i`` and ``D = sqrt(C T)``, with C either

    - traditional: ``n (prod U_i)^(1/n) / sum U_i``, the geometric over the
      arithmetic mean. It crowds near one: 0.8 already at U = (0.2, 0.8);
    - modified (Wang et al. 2021): ``sqrt( [1 - sum_{i>j} |U_i - U_j| / (n
      (n-1)/2)] * [prod_i (U_i / max U)]^(1/(n-1)) )``, which spreads over (0, 1].

    In the modified degree each U_i is divided by the largest: the product over
    an undivided prod U would not be one for equal systems, and the values
    published in the paper's Table 8 cannot come from it.

    Parameters
    ----------
    systems
        One column a system, two or more, values in (0, 1]. A row with a missing
        system has no result.
    degree
        "traditional" or "modified".
    weights
        Contribution a_i of each system to T, summing to one; equal when None.
        They enter T only, never C.

    Returns
    -------
    pd.DataFrame
        ``C``, ``T``, ``D`` on the index of `systems`.

    Raises
    ------
    DataError
        If a value lies outside (0, 1], there are fewer than two systems, or the
        weights are not positive and summing to one; the message names the misuse.
    """
    u = _checked(systems)
    a = _system_weights(weights, list(u.columns))
    formulas = {"traditional": _traditional, "modified": _modified}
    if degree not in formulas:
        raise UnknownNameError(
            f"no coupling degree {degree!r}.{did_you_mean(degree, formulas)} "
            f"Known: {', '.join(formulas)}."
        )
    values = u.to_numpy()
    c = formulas[degree](values)
    t = values @ a
    return pd.DataFrame({"C": c, "T": t, "D": np.sqrt(c * t)}, index=u.index)


@dataclass(frozen=True, slots=True, eq=False)
class PublishedCheck:
    """What published values turn out to be.

    Attributes
    ----------
    matches
        Formulas that reproduce every value, correct ones first.
    verdict
        In words: which correct degree, or which misuse, or none.
    deviations
        Largest absolute deviation of each formula from the published values.
    """

    matches: tuple[str, ...]
    verdict: str
    deviations: pd.Series


CORRECT = ("traditional", "modified")
MISUSES = {
    "lost coefficient": "the factor n is lost: C = (prod U)^(1/n) / sum U cannot exceed 1/n",
    "lost root": "the root 1/n is lost: C = prod U / (mean U)^n is the degree to the power n",
    "lost coefficient and root": (
        "the factor n and the root 1/n are lost: C = prod U / (sum U)^n cannot exceed n^-n"
    ),
    "pairwise product": (
        "the denominator is written as the product of pairwise sums, C = [prod U / "
        "prod_{i<j} (U_i + U_j)]^(1/n), which is another function with another range"
    ),
    "pairwise product with coefficient": (
        "the denominator is written as the product of pairwise sums with the factor n, "
        "C = n [prod U / prod_{i<j} (U_i + U_j)]^(1/n), which is not one for equal systems"
    ),
    "squared modified": "the outer square root of the modified degree is lost",
    "undivided product": (
        "the modified degree is taken over prod U / max U instead of prod (U / max U), "
        "which is not one for equal systems"
    ),
}


def check_published(
    coupling_values: ArrayLike, systems: pd.DataFrame, *, tolerance: float = 5e-5
) -> PublishedCheck:
    """Tell which formula gave published coupling degrees.

    Parameters
    ----------
    coupling_values
        Published C, one for each row of `systems`.
    systems
        The U they were computed from, in (0, 1], without missing cells.
    tolerance
        Largest deviation that counts as a match; half a unit of the last
        published digit.

    Raises
    ------
    DataError
        If lengths differ, a value is missing, or U lies outside (0, 1].
    """
    u = _checked(systems)
    published = as_series(coupling_values, "coupling values").to_numpy()
    if len(published) != len(u):
        raise DataError(f"{len(published)} coupling values for {len(u)} rows of systems.")
    if np.isnan(published).any() or u.isna().any(axis=None):
        raise DataError("check_published needs every coupling value and every system.")
    deviations = pd.Series(
        {name: float(np.abs(c - published).max()) for name, c in _candidates(u.to_numpy()).items()}
    )
    matches = tuple(name for name in deviations.index if deviations[name] <= tolerance)
    return PublishedCheck(matches, _verdict(matches, deviations), deviations)


def check_published_coordination(
    coordination: ArrayLike,
    coupling_values: ArrayLike,
    systems: pd.DataFrame,
    weights: Mapping[str, float],
    *,
    tolerance: float = 5e-5,
) -> PublishedCheck:
    """Tell how published D follow from published C, the systems and their weights.

    Here the weights may be the wrong ones: a sum other than one is reported as
    the misuse, as are a lost root, D = C T, and weights that were not used.
    """
    u = _checked(systems)
    a = np.array([float(weights.get(str(name), math.nan)) for name in u.columns])
    if np.isnan(a).any():
        raise DataError(f"weights are needed for each of {list(u.columns)}.")
    d = as_series(coordination, "coordination").to_numpy()
    c, t = as_series(coupling_values, "coupling values").to_numpy(), u.to_numpy() @ a
    made = {
        "correct": np.sqrt(c * t),
        "lost root of D": c * t,
        "equal weights": np.sqrt(c * u.to_numpy().mean(axis=1)),
        "sum instead of weighted mean": np.sqrt(c * u.to_numpy().sum(axis=1)),
    }
    deviations = pd.Series({name: float(np.abs(v - d).max()) for name, v in made.items()})
    matches = tuple(name for name in deviations.index if deviations[name] <= tolerance)
    verdict = f"D follows as: {', '.join(matches)}" if matches else "D follows by no known formula"
    if abs(a.sum() - 1) > 1e-9:
        verdict += f"; misused weights: they sum to {a.sum():g}, not to one"
    return PublishedCheck(matches, verdict, deviations)


def _traditional(u: Vector) -> Vector:
    n = u.shape[1]
    with np.errstate(invalid="ignore"):
        return np.asarray(n * np.exp(np.log(u).mean(axis=1)) / u.sum(axis=1))


def _modified(u: Vector) -> Vector:
    balance = (u / u.max(axis=1, keepdims=True)).prod(axis=1) ** (1 / (u.shape[1] - 1))
    return np.asarray(np.sqrt(_closeness(u) * balance))


def _closeness(u: Vector) -> Vector:
    """One minus the mean absolute difference over pairs of systems."""
    pairs = list(combinations(range(u.shape[1]), 2))
    return np.asarray(1.0 - sum(np.abs(u[:, i] - u[:, j]) for i, j in pairs) / len(pairs))


def _candidates(u: Vector) -> dict[str, Vector]:
    n = u.shape[1]
    right = _traditional(u)
    sums = np.array([u[:, i] + u[:, j] for i, j in combinations(range(n), 2)]).prod(axis=0)
    pairwise = (u.prod(axis=1) / sums) ** (1 / n)
    undivided = (u.prod(axis=1) / u.max(axis=1)) ** (1 / (n - 1))
    return {
        "traditional": right,
        "modified": _modified(u),
        "lost coefficient": right / n,
        "lost root": right**n,
        "lost coefficient and root": (right / n) ** n,
        "pairwise product": pairwise,
        "pairwise product with coefficient": n * pairwise,
        "squared modified": _modified(u) ** 2,
        "undivided product": np.sqrt(_closeness(u) * undivided),
    }


def _verdict(matches: tuple[str, ...], deviations: pd.Series) -> str:
    correct = [name for name in matches if name in CORRECT]
    if correct:
        return f"the {' and the '.join(correct)} coupling degree, correctly computed"
    if matches:
        return "misuse: " + "; or ".join(MISUSES[name] for name in matches)
    nearest = deviations.idxmin()
    return f"no known formula; the nearest, {nearest}, is off by {deviations.min():.2g}"


def _checked(systems: pd.DataFrame) -> pd.DataFrame:
    """Return the systems as floats in (0, 1], rows with a missing system all missing."""
    if systems.shape[1] < 2:
        raise DataError(f"coupling needs two systems or more, found {list(systems.columns)}.")
    u = pd.DataFrame(
        {str(name): as_series(systems[name], str(name)) for name in systems.columns},
        index=systems.index,
    )
    for name in u.columns:
        column = u[name]
        for bad, misuse in (
            (
                column == 0,
                "is zero: the model does not hold there, since one zero makes C zero "
                "whatever the other systems are; bound the normalisation away from zero",
            ),
            (
                column < 0,
                "is negative: standardised scores are no levels of development; "
                "normalise to (0, 1]",
            ),
            (
                column > 1,
                "exceeds one: systems must be normalised to (0, 1], else T and D have "
                "no common scale",
            ),
        ):
            if bad.any():
                raise DataError(f"system {name!r} {misuse} (at {list_cells(u.index[bad])}).")
    return u.where(u.notna().all(axis=1))


def _system_weights(weights: Mapping[str, float] | None, names: list[str]) -> Vector:
    if weights is None:
        return np.full(len(names), 1.0 / len(names))
    if set(weights) != set(names):
        raise DataError(
            f"misused weights: they are given for {sorted(weights)}, the systems are {names}."
        )
    a = np.array([float(weights[name]) for name in names])
    if not (a > 0).all() or abs(a.sum() - 1.0) > 1e-9:
        raise DataError(
            f"misused weights: {dict(weights)} must be positive and sum to one, "
            f"found a sum of {a.sum():g}; else D leaves (0, 1]."
        )
    return a
