"""Cells of the tables of strategies: how a coefficient, a test and a name are written."""

from __future__ import annotations

import math
from collections.abc import Mapping

from urbanecon.cleaning.codebook import Language, load_codebook
from urbanecon.estimation.fit import Fit
from urbanecon.reporting.formats import number, p_value

NONE = "–"
"""What was not estimated."""


def outcome_label(variable: str, language: Language) -> str:
    """Name of a variable; itself where the codebook has none."""
    codebook = load_codebook()
    return codebook.label(variable, language) if variable in set(codebook) else variable


def with_se(fit: Fit | None, term: str = "pilot") -> str:
    """Coefficient with its standard error below it."""
    if fit is None or term not in fit.params.index:
        return NONE
    return f"{number(float(fit.params[term]))}\n({number(float(fit.se[term]))})"


def pair(row: Mapping[str, float] | None) -> str:
    """Estimate with its standard error below it, from a row of a table."""
    return NONE if row is None else f"{number(row['estimate'])}\n({number(row['se'])})"


def p_of(fit: Fit | None, test: str) -> str:
    """p-value of a test of the fit, by its name."""
    found = None if fit is None else next((d for d in fit.diagnostics if d.name == test), None)
    return NONE if found is None or math.isnan(found.p) else p_value(found.p)
