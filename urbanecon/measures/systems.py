"""Coupling coordination of urbanization with ecology and with culture.

Two systems a pair: urbanization is the index of new-type urbanization without the
dimension that the other system measures (ecology; public services, which hold staff
of culture, students and spending on schools), so that no indicator stands on both
sides. The other system is an entropy-weighted composite whose bounds and weights come
from the pooled rows in which everything is present and are remembered (see
`measures.composite`). Both are mapped into (0, 1) with a margin: at zero the model
does not hold, and at one there is nothing left to reach.

Sulphur dioxide is not part of ecology: its definition changed in 2016, amid the years
in which pilots begin. PM2.5 is that of CHAP, the only series of one kind that reaches
beyond the first years of all pilots, so that ecology covers 2010-2018.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from urbanecon.cleaning.panel import Derivation
from urbanecon.measures.composite import Indicator, fit_index
from urbanecon.measures.coupling import coupling
from urbanecon.measures.ntu_index import column

MARGIN = 0.01
"""Distance that a system keeps from zero and from one: ``u = margin + (1 - 2 margin) score``."""


@dataclass(frozen=True, slots=True)
class Subsystem:
    """What urbanization is coupled with.

    Attributes
    ----------
    name
        "ecology" or "culture".
    urbanization
        Column with the index of urbanization that leaves the subsystem out.
    indicators
        Columns of the panel and whether more of each is better.
    """

    name: str
    urbanization: str
    indicators: tuple[Indicator, ...]

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns of the panel that the coupling reads, urbanization first."""
        return (self.urbanization, *(indicator.name for indicator in self.indicators))


SUBSYSTEMS = (
    Subsystem(
        "ecology",
        column("ecology"),
        (
            Indicator("ln_pm25_chap", "air", positive=False),
            Indicator("ln_co2_per_gdp", "carbon", positive=False),
            Indicator("npp", "green"),
        ),
    ),
    Subsystem(
        "culture",
        column("services"),
        (
            Indicator("ln_culture_per_10k", "staff"),
            Indicator("ln_fiscal_education_pc", "spending"),
            Indicator("ln_students_per_10k", "students"),
        ),
    ),
)


def complete_rows(columns: Mapping[str, pd.Series], subsystem: Subsystem) -> pd.DataFrame:
    """Return the inputs of a coupling in the rows in which all of them are present."""
    table = pd.DataFrame({name: columns[name] for name in subsystem.inputs})
    return table.replace([np.inf, -np.inf], np.nan).dropna()


def systems_of(complete: pd.DataFrame, subsystem: Subsystem) -> pd.DataFrame:
    """Return both systems on (0, 1), columns `urbanization` and the subsystem's name.

    Parameters
    ----------
    complete
        Rows of `complete_rows`, all of which bounds and weights are fitted on.

    Raises
    ------
    DataError
        As `composite.fit_index`, for an indicator that is constant.
    """
    score = fit_index(complete, subsystem.indicators).score(complete)
    return pd.DataFrame(
        {
            "urbanization": inside(complete[subsystem.urbanization]),
            subsystem.name: inside(score),
        }
    )


def inside(score: pd.Series) -> pd.Series:
    """Map a score on [0, 1] into (0, 1)."""
    return MARGIN + (1 - 2 * MARGIN) * score


def coordination(*columns: pd.Series, subsystem: Subsystem) -> pd.Series:
    """Coupling coordination D by the modified degree of Wang et al. (2021); see `coupling`.

    Parameters
    ----------
    columns
        In the order of `Subsystem.inputs`, on one index.

    Returns
    -------
    pd.Series
        D in (0, 1) on that index; missing where an input is.
    """
    index = columns[0].index
    complete = complete_rows(dict(zip(subsystem.inputs, columns, strict=True)), subsystem)
    if complete.empty:
        return pd.Series(np.nan, index=index)
    return coupling(systems_of(complete, subsystem))["D"].reindex(index)


def _fitted_on(columns: Mapping[str, pd.Series], subsystem: Subsystem) -> pd.Index:
    return complete_rows(columns, subsystem).index


COUPLINGS: tuple[Derivation, ...] = tuple(
    Derivation(
        f"coupling_{subsystem.name}",
        subsystem.inputs,
        partial(coordination, subsystem=subsystem),
        fitted_on=partial(_fitted_on, subsystem=subsystem),
    )
    for subsystem in SUBSYSTEMS
)
"""The couplings as columns of the panel. A value rests on the inputs of its own row; the
bounds and weights of the subsystem on those of all complete rows."""
