"""Variants of the panel that the multiverse reads: flags admitted times boundary vintage.

Each is made from the panel as built: cells of cities whose flag is not admitted
leave it, or enter it, every computed column is computed again, cities that
exchanged territory are joined, and outcomes, treatments and controls of all
rows are laid side by side. The national price level is left alone: year
effects absorb it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from urbanecon.cleaning.boundaries import constant_boundary
from urbanecon.cleaning.codebook import load_codebook
from urbanecon.cleaning.divisions import load_divisions
from urbanecon.cleaning.observations import Flag
from urbanecon.cleaning.panel import Panel
from urbanecon.cleaning.urban_share import VARIABLE as URBAN_SHARE
from urbanecon.effects import CLAIMS
from urbanecon.effects.choices import (
    FLAGS,
    MEASURES,
    SIZES,
    WEIGHTINGS,
    WINSORISED,
    frame_name,
    index_column,
    outcome_column,
    samples,
)
from urbanecon.effects.controls import CONTROLS, baseline
from urbanecon.effects.interactions import interacted, moderators
from urbanecon.errors import NotEstimableError
from urbanecon.measures.composite import fit_index
from urbanecon.measures.coupling import coupling
from urbanecon.measures.ntu_index import (
    DIMENSION_OF,
    VARIABLE,
    fit_ntu_index,
    indicators_of,
)
from urbanecon.measures.systems import SUBSYSTEMS, Subsystem, complete_rows, inside
from urbanecon.measures.variables import DERIVATIONS, with_measures
from urbanecon.measures.weighting import Weighting

LOGS: Mapping[str, str] = {
    "ln_night_light_mean": "night_light_mean",
    "ln_so2_gpi": "so2_gpi",
    "ln_co2_county": "co2_county",
}
"""Measures that are logarithms of a column of the panel."""

FIRST_BATCH = (2014, 2015)
"""First year of the first pilots, and the year in which their list was published."""

FURTHER = ("population", "price_index", "pilot_first_year", "citizenization")
"""Columns that are read beside those of outcomes and controls."""


def panel_variants(panel: Panel, members: pd.DataFrame | None = None) -> dict[str, pd.DataFrame]:
    """Return every variant by its name (`choices.frame_name`).

    Parameters
    ----------
    panel
        As published, with its lineage.
    members
        What `boundaries.groups` returns; None leaves out constant boundaries.

    Raises
    ------
    NotEstimableError
        A column that outcomes, treatments or controls are made of is absent.
    """
    lean = _needed_part(panel)
    frames = {}
    for name, admitted in FLAGS.items():
        published = with_flags(lean, admitted)
        frames[frame_name(name, "published")] = frame_of(published)
        if members is not None:
            joined = constant_boundary(published, members)
            frames[frame_name(name, "constant")] = frame_of(joined)
    return frames


def with_flags(panel: Panel, admitted: Collection[Flag]) -> Panel:
    """Return the panel with the cells of cities that carry an admitted flag, all measures anew."""
    cells = panel.cells
    codebook = load_codebook()
    wanted = {str(flag) for flag in admitted}
    of_cities = cells["variable"].map(lambda name: codebook[name].level == "city")
    good = cells["flag"].isin(wanted) | ~of_cities
    data = panel.data.copy()
    used = [name for name in data if name not in panel.derivations]
    for name, own in cells[of_cities & ~good].groupby("variable"):
        if name in used:
            data[str(name)] = data[str(name)].mask(_in(own, data.index))
    held = {str(flag) for flag in panel.admitted}
    for name, own in cells[good & of_cities & ~cells["flag"].isin(held)].groupby("variable"):
        if name in used and not codebook[str(name)].constant:
            once = own.drop_duplicates(["city", "year"], keep=False)
            added = once.set_index(["city", "year"])["value"].reindex(data.index)
            data[str(name)] = data[str(name)].fillna(added)
    kept = replace(panel, data=data, cells=cells[good], admitted=frozenset(admitted))
    return _without_flagged_shares(with_measures(kept), wanted)


def _without_flagged_shares(panel: Panel, wanted: set[str]) -> Panel:
    """Benchmarked shares flag their own cells: leave out those that are not admitted."""
    if URBAN_SHARE not in panel.data:
        return panel
    own = panel.cells[panel.cells["variable"] == URBAN_SHARE]
    flagged = _in(own[~own["flag"].isin(wanted)], panel.data.index)
    share = panel.data[URBAN_SHARE].mask(flagged)
    return replace(panel, data=panel.data.assign(**{URBAN_SHARE: share}))


def _in(cells: pd.DataFrame, index: pd.Index) -> np.ndarray:
    """Whether each row of the index has one of the cells."""
    return np.asarray(index.isin(pd.MultiIndex.from_frame(cells[["city", "year"]])))


def frame_of(panel: Panel) -> pd.DataFrame:
    """Lay outcomes, treatments, controls and samples of all rows side by side."""
    data = panel.data.copy()
    for name, source in LOGS.items():
        data[name] = np.log(data[source].where(data[source] > 0))
    treatments = _treatments(data)
    columns = {**_outcomes(data, treatments), **treatments}
    columns |= interacted(treatments | moderators(data))
    columns |= {control.name: control.make(data[control.variable]) for control in CONTROLS}
    frame = pd.DataFrame(columns, index=data.index)
    return frame.assign(**_groups(data))


def _outcomes(data: pd.DataFrame, indices: Mapping[str, pd.Series]) -> dict[str, pd.Series]:
    """Every measure under each weighting, deflator and rule for its extremes."""
    ln_prices = np.log(data["price_index"])
    columns = {}
    for measure in (m for measures in MEASURES.values() for m in measures):
        weighted = _couplings(data, indices, measure.variable) if measure.weighted else {}
        for weighting, values in (weighted or {WEIGHTINGS[0]: data[measure.variable]}).items():
            versions = {"national": values}
            if measure.deflated:
                versions["none"] = values + measure.deflated * ln_prices
            for deflator, version in versions.items():
                for name, share in WINSORISED.items():
                    column = outcome_column(measure.variable, deflator, name, weighting)
                    columns[column] = winsorised(version, share)
    return columns


def _couplings(
    data: pd.DataFrame, indices: Mapping[str, pd.Series], variable: str
) -> dict[Weighting, pd.Series]:
    """Coupling coordination with both of its systems weighted in each way."""
    (subsystem,) = [s for s in SUBSYSTEMS if f"coupling_{s.name}" == variable]
    return {
        weighting: _coordination(data, indices, subsystem, weighting) for weighting in WEIGHTINGS
    }


def _coordination(
    data: pd.DataFrame,
    indices: Mapping[str, pd.Series],
    subsystem: Subsystem,
    weighting: Weighting,
) -> pd.Series:
    """As `systems.coordination`, whose weights are by entropy."""
    dimension = subsystem.urbanization.removeprefix(f"{VARIABLE}_without_")
    urbanization = indices[index_column(weighting, dimension)]
    columns = {name: data[name] for name in subsystem.inputs[1:]}
    complete = complete_rows({subsystem.urbanization: urbanization, **columns}, subsystem)
    if complete.empty:
        return pd.Series(np.nan, index=data.index)
    score = fit_index(complete, subsystem.indicators, weighting=weighting).score(complete)
    systems = {"urbanization": complete[subsystem.urbanization], subsystem.name: score}
    found: pd.Series = coupling(pd.DataFrame({k: inside(v) for k, v in systems.items()}))["D"]
    return found.reindex(data.index)


def winsorised(values: pd.Series, share: float) -> pd.Series:
    """Set what lies beyond the quantiles of its year to them; 0 leaves all as it is.

    By year, so that a trend does not make the first and last years extreme.
    """
    if share == 0:
        return values
    out = values.to_numpy(dtype=np.float64, copy=True)
    years = pd.factorize(values.index.get_level_values("year"))[0]
    for year in range(int(years.max(initial=-1)) + 1):
        rows = np.flatnonzero((years == year) & ~np.isnan(out))
        if len(rows):
            out[rows] = np.clip(out[rows], *np.quantile(out[rows], [share, 1 - share]))
    return pd.Series(out, index=values.index, name=values.name)


def _treatments(data: pd.DataFrame) -> dict[str, pd.Series]:
    """Pilots by either first year, urban shares, the index by weighting and dimension left out.

    The dimensions left out are those of the outcomes of effects, ecology and services among
    them, as the couplings need.
    """
    first, published = FIRST_BATCH
    later = data["pilot_first_year"].replace(float(first), float(published))
    years = data.index.get_level_values("year").to_numpy()
    columns = {
        "pilot": data["pilot"],
        "pilot_first_year": data["pilot_first_year"],
        "pilot_2015": (later <= years).astype("float64"),
        "pilot_2015_first_year": later,
        URBAN_SHARE: data[URBAN_SHARE],
        "urban_share": data["urban_share"],
    }
    complete = indicators_of(data)
    for dimension in sorted({DIMENSION_OF[m.like] for row in CLAIMS for m in MEASURES[row]}):
        for weighting in WEIGHTINGS:
            index = fit_ntu_index(complete, without=dimension, weighting=weighting)
            columns[index_column(weighting, dimension)] = index.score(complete)
    return {name: column.reindex(data.index) for name, column in columns.items()}


def _groups(data: pd.DataFrame) -> dict[str, np.ndarray]:
    """Province and region of each row, and which samples it is in."""
    cities = data.index.get_level_values("city")
    places = load_divisions().reindex(cities)
    province = places["province"].to_numpy()
    columns = {"province": province, "region": places["region"].to_numpy()}
    residents = baseline(data["population"])
    thirds = residents.groupby(level="city").first().quantile([1 / 3, 2 / 3]).to_numpy()
    band = np.where(residents.isna(), -1, np.searchsorted(thirds, residents, side="left"))
    columns |= {name: band == k for k, name in enumerate(SIZES)}
    columns["no_municipalities"] = ~np.asarray(cities.str.endswith("0000"), dtype=bool)
    dropped = (name for name in samples() if name.startswith("without_"))
    return columns | {name: province != name.removeprefix("without_") for name in dropped}


def _needed_part(panel: Panel) -> Panel:
    """The panel with the raw columns that outcomes, treatments and controls rest on."""
    measures = [m.variable for own in MEASURES.values() for m in own]
    wanted = [LOGS.get(name, name) for name in measures]
    wanted += [control.variable for control in CONTROLS] + list(FURTHER)
    inputs = {d.name: (*d.inputs, *d.optional) for d in panel.derivations.values()}
    raw = _below([*wanted, "ntu_index", "urban_share", URBAN_SHARE, "pilot"], inputs)
    columns = [name for name in panel.data if name in raw]
    codebook = load_codebook()
    absent = sorted(
        name for name in raw if name not in panel.data and codebook[name].level != "province"
    )
    if absent:
        raise NotEstimableError(
            f"the multiverse needs {', '.join(absent)}, which the panel does not have; "
            "fetch their sources and build the panel again"
        )
    made = {d.name for d in DERIVATIONS}
    provinces = panel.provinces[[name for name in panel.provinces if name not in made]]
    return replace(
        panel,
        data=panel.data[columns],
        provinces=provinces,
        cells=panel.cells[panel.cells["variable"].isin(raw)],
        derivations={},
    )


def _below(names: Collection[str], inputs: Mapping[str, tuple[str, ...]]) -> set[str]:
    """Columns that are not computed, on which `names` rest."""
    found: set[str] = set()
    for name in names:
        found |= _below(inputs[name], inputs) if name in inputs else {name}
    return found
