"""From a `Spec` and the panel to an estimate, or to the reason why there is none."""

from __future__ import annotations

import warnings
from dataclasses import replace

import pandas as pd

from urbanecon.cleaning.boundaries import constant_boundary
from urbanecon.cleaning.codebook import load_codebook
from urbanecon.cleaning.divisions import load_divisions
from urbanecon.cleaning.panel import Panel
from urbanecon.effects.designs import DESIGNS
from urbanecon.effects.result import Estimate
from urbanecon.effects.spec import Spec
from urbanecon.errors import EstimationWarning, NotEstimableError
from urbanecon.estimation.fit import Fit
from urbanecon.measures.ntu_index import NTU_INDEX
from urbanecon.measures.variables import ACROSS_ROWS, DERIVATIONS


def estimate_all(specs: tuple[Spec, ...], panel: Panel) -> list[Estimate]:
    """Estimate each spec; what the data cannot support carries its reason instead.

    `panel` is as published; specs on constant boundaries get the panel that is
    joined from it, once for all of them.
    """
    vintages = {"published": panel}
    if any(spec.sample.vintage == "constant" for spec in specs):
        vintages["constant"] = constant_boundary(panel)
    return [_try(spec, vintages[spec.sample.vintage]) for spec in specs]


def _try(spec: Spec, panel: Panel) -> Estimate:
    try:
        with warnings.catch_warnings():
            # Each is kept in Fit.warnings, and so reaches the tables.
            warnings.simplefilter("ignore", EstimationWarning)
            return Estimate(spec, fit=estimate(spec, panel))
    except NotEstimableError as error:
        return Estimate(spec, fit=None, reason=str(error))


def estimate(spec: Spec, panel: Panel) -> Fit:
    """Estimate one equation on the panel of its boundary vintage.

    How is the design's: see `effects.designs`.

    Raises
    ------
    NotEstimableError
        If a variable of the spec is absent; the message names the sources that
        would give it.
    EstimationError
        As the design; with fixed effects, if the engines disagree.
    """
    data = sample_of(spec, panel)
    fit = DESIGNS[spec.design](spec, data)
    mean = float(data.loc[fit.sample, spec.outcome].mean())
    return replace(fit, stats={**fit.stats, "outcome_mean": mean})


def sample_of(spec: Spec, panel: Panel) -> pd.DataFrame:
    """Rows and columns that the spec's sample rule admits, with `province` as a column."""
    frame = panel.frame(spec.sample.unit)
    absent = [name for name in spec.variables if name not in frame]
    if absent:
        sources = sorted({source for name in absent for source in needs(name, panel)})
        raise NotEstimableError(f"needs {', '.join(sources)} (for {', '.join(absent)})")
    years = frame.index.get_level_values("year")
    keep = pd.Series(True, index=frame.index)
    if spec.sample.first_year is not None:
        keep &= years >= spec.sample.first_year
    if spec.sample.last_year is not None:
        keep &= years <= spec.sample.last_year
    units = frame.index.get_level_values(0)
    if spec.sample.drop_municipalities:
        keep &= ~units.str.endswith("0000")
    rows = frame[keep.to_numpy()]
    if spec.sample.unit == "city":
        units = rows.index.get_level_values("city")
        rows = rows.assign(province=load_divisions()["province"].reindex(units).to_numpy())
    return rows


def needs(variable: str, panel: Panel) -> list[str]:
    """Return the preferred source of every raw variable that `variable` lacks."""
    codebook = load_codebook()
    entry = codebook[variable]
    if entry.sources:
        return [] if variable in panel.frame(entry.level) else [entry.sources[0]]
    inputs = ACROSS_ROWS.get(variable, ())
    inputs = next((d.inputs for d in (*DERIVATIONS, *NTU_INDEX) if d.name == variable), inputs)
    return sorted({source for name in inputs for source in needs(name, panel)})
