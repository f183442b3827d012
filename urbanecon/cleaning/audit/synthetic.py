"""Clean synthetic panels that are as hard to audit as real ones.

They have trends, shocks common to the country and the province, growth of heavy
tails whose spread differs between cities, and rounding to as few digits as
yearbooks print.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FIRST_YEAR = 2000
SOURCE = "synthetic"
Matrix = NDArray[np.float64]


class Profile(NamedTuple):
    """How a synthetic variable behaves; growth and noise in log points a year."""

    level: float
    growth: float
    noise: float
    digits: int


PROFILES = {
    "population": Profile(4e6, 0.005, 0.008, 5),
    "va_primary": Profile(8e9, 0.06, 0.04, 6),
    "va_secondary": Profile(3e10, 0.10, 0.06, 7),
    "va_tertiary": Profile(3e10, 0.12, 0.04, 7),
    "deposits": Profile(8e10, 0.13, 0.05, 7),
    "fiscal_expenditure": Profile(1e10, 0.13, 0.07, 6),
    "students": Profile(4e4, 0.05, 0.08, 5),
    "mobile": Profile(5e5, 0.08, 0.07, 3),
    "exports": Profile(3e9, 0.10, 0.18, 8),
}
"""Orders of magnitude of city_macro; `gdp` is added as the sum of its sectors."""

STEADY = ("population", "deposits", "va_primary", "va_tertiary")
"""Variables in which a jump of a quarter is out of the ordinary: next to the noise
of the others no rule could tell it from growth."""


@dataclass(slots=True)
class Planted:
    """A panel with one defect: matrices (cities x years) and the guilty cells.

    `units` are the last places that each variable is printed to.
    """

    cities: list[str]
    values: dict[str, Matrix]
    units: dict[str, float]
    truth: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    extra: list[pd.DataFrame] = field(default_factory=list)

    def observations(self) -> pd.DataFrame:
        """Return the panel as observations."""
        parts = [
            as_observations(self.cities, name, matrix) for name, matrix in self.values.items()
        ]
        return pd.concat([*parts, *self.extra], ignore_index=True)

    def guilty(self) -> set[tuple[object, ...]]:
        """Return the cells that hold the defect, as (city, year, variable, source)."""
        cells = []
        for name, mask in self.truth.items():
            city, year = np.nonzero(mask)
            cells += [
                (self.cities[i], FIRST_YEAR + t, name, SOURCE)
                for i, t in zip(city, year.tolist(), strict=True)
            ]
        return set(cells)

    def mark(self, name: str) -> NDArray[np.bool_]:
        """Return the truth of one variable, to be written into."""
        return self.truth.setdefault(name, np.zeros(self.values[name].shape, dtype=bool))


def clean_panel(rng: np.random.Generator, cities: int = 150, years: int = 25) -> Planted:
    """Draw a panel without defects; ten cities a province."""
    keys = [f"{11 + i // 10}{1 + i % 10:02d}00" for i in range(cities)]
    province = np.arange(cities) // 10
    values, units = {}, {}
    for name, profile in PROFILES.items():
        spread = profile.noise * np.exp(rng.normal(0, 0.3, (cities, 1)))
        own = spread * rng.standard_t(5, (cities, years)) / np.sqrt(5 / 3)
        shock = rng.normal(0, 0.5 * profile.noise, (1, years))
        local = rng.normal(0, 0.4 * profile.noise, (province.max() + 1, years))[province]
        path = np.cumsum(profile.growth + shock + local + own, axis=1)
        level = profile.level * np.exp(rng.normal(0, 0.6, (cities, 1)))
        figures = level * np.exp(path)
        units[name] = last_place(figures, profile.digits)
        values[name] = rounded(figures, units[name])
    values["gdp"] = values["va_primary"] + values["va_secondary"] + values["va_tertiary"]
    return Planted(keys, values, units)


def last_place(values: Matrix, digits: int) -> float:
    """Unit to which a yearbook prints a column whose typical figure has so many digits."""
    return float(10.0 ** (np.floor(np.log10(np.median(values))) - digits + 1))


def rounded(values: Matrix, unit: float) -> Matrix:
    """Values as printed: whole multiples of the last place, and at least one."""
    return np.maximum(np.round(values / unit), 1) * unit


def as_observations(cities: list[str], variable: str, matrix: Matrix) -> pd.DataFrame:
    """Return a matrix (cities x years) as observations of one variable, city by city."""
    count, years = matrix.shape
    return pd.DataFrame(
        {
            "city": pd.Series(np.repeat(cities, years), dtype="str"),
            "year": np.tile(np.arange(FIRST_YEAR, FIRST_YEAR + years), count),
            "variable": pd.Series([variable] * matrix.size, dtype="str"),
            "value": matrix.ravel(),
            "source": pd.Series([SOURCE] * matrix.size, dtype="str"),
            "raw": pd.Series(
                [f"synthetic.csv||{i + 2}|A" for i in range(matrix.size)], dtype="str"
            ),
            "flag": pd.Series(["ok"] * matrix.size, dtype="str"),
        }
    )
