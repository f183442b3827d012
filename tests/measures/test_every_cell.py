"""Every cell of the panel leads to raw cells, and what it leads to gives its value again."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module

import numpy as np
import pandas as pd
import pytest

from urbanecon.cleaning.addresses import addresses_in
from urbanecon.cleaning.audit import apply_findings, run_rules
from urbanecon.cleaning.boundaries import constant_boundary
from urbanecon.cleaning.codebook import load_codebook
from urbanecon.cleaning.divisions import NATION
from urbanecon.cleaning.joins import ONE_MAP
from urbanecon.cleaning.lineage import Lineage, Walk
from urbanecon.cleaning.observations import concat_observations
from urbanecon.cleaning.panel import Derivation, Panel, build_panel
from urbanecon.cleaning.rawcells import describe
from urbanecon.cleaning.registry import load_registry
from urbanecon.measures.variables import with_measures

pytestmark = pytest.mark.mirror

SAMPLE = 2
"""Cells of each column whose whole tree is walked; sums and formulas are checked in all."""

NEVER_LISTED = "no raw cell: not among"
"""How a tree ends where a list of pilots does not name the city: there is no cell to show."""


@pytest.fixture(scope="module")
def published(raw_file) -> Panel:
    """The panel that the main job builds, from the raw files."""
    codebook = load_codebook()
    sources = {source for entry in codebook.values() for source in entry.sources}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tables = [
            import_module(f"urbanecon.cleaning.sources.{source}").read(raw_file(source)).assign()
            for source in load_registry()
            if source in sources
        ]
        for table in tables:
            table.attrs = {}
        observations = concat_observations(tables)
        flagged = apply_findings(observations, run_rules(observations))
        return with_measures(build_panel(flagged))


@pytest.fixture(scope="module")
def constant(published: Panel) -> Panel:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return constant_boundary(published)


def columns(panel: Panel) -> Iterator[tuple[str, pd.Series]]:
    """Every column of the city and the province panel."""
    for frame in (panel.data, panel.provinces):
        for name in frame:
            yield str(name), frame[name].dropna()


# --- what a tree must show ----------------------------------------------------------------


def recomputed(panel: Panel, tree: Lineage, made: Derivation) -> float:
    """Compute a cell again from nothing but the cells that its tree names."""
    row = (tree.place, tree.year)
    given: dict[str, dict[tuple[str, int], float]] = {
        name: {} for name in (*made.inputs, *made.optional)
    }
    for parent in tree.inputs:
        place = tree.place if parent.place == NATION else parent.place
        given[parent.variable][place, parent.year] = parent.value
    if tree.fitted_on is not None:
        for name in made.inputs:
            others = panel.data.loc[tree.fitted_on, name].drop(index=row, errors="ignore")
            given[name] |= others.to_dict()
    keys = sorted({key for cells in given.values() for key in cells})
    index = pd.MultiIndex.from_tuples(keys, names=["city", "year"])
    series = {
        name: pd.Series(cells, dtype="float64").reindex(index)
        for name, cells in given.items()
        if cells or name in made.inputs
    }
    result = made(series)
    values = result["value"] if isinstance(result, pd.DataFrame) else result
    return float(values.get(row, np.nan))


def joined_again(tree: Lineage) -> float:
    """Add or average the members' cells that the tree of a joined unit names."""
    if "weighted" not in tree.formula:
        return sum(parent.value for parent in tree.inputs)
    values = [parent.value for parent in tree.inputs if parent.variable == tree.variable]
    weights = [parent.value for parent in tree.inputs if parent.variable == "population"]
    return float(np.average(values, weights=weights))


def faults(panel: Panel, tree: Lineage, checked: set[int]) -> list[str]:
    """Return what is wrong with a tree, from its root to the raw cells."""
    if id(tree) in checked:
        return []
    checked.add(id(tree))
    name = f"{tree.variable} {tree.place} {tree.year}"
    found = []
    made = panel.derivations.get(tree.variable)
    if tree.inputs:
        again = recomputed(panel, tree, made) if made else joined_again(tree)
        if not (np.isclose(again, tree.value, rtol=1e-11, atol=0) or np.isnan(tree.value)):
            found.append(f"{name}: {tree.value!r}, from its inputs {again!r}")
    elif not np.isnan(tree.value) and tree.value not in tree.cells["value"].tolist():
        found.append(f"{name}: no observation holds {tree.value!r}")
    if not np.isnan(tree.value) and not tree.raw_cells and not unlisted(tree):
        found.append(f"{name}: reaches no raw cell")
    for parent in tree.inputs:
        of_members = panel.joined is not None and not made and parent.place != NATION
        found += faults(panel.joined.published if of_members else panel, parent, checked)
    return found


def unlisted(tree: Lineage) -> bool:
    """Whether a tree ends at a list that does not name the city."""
    return tree.note.startswith(NEVER_LISTED) or any(unlisted(parent) for parent in tree.inputs)


def faults_of_sample(panel: Panel, *only: str) -> list[str]:
    """Return the faults of some cells of every column, or of the columns named."""
    rng = np.random.default_rng(20)
    walk, found, checked = Walk(panel), [], set()
    units = set(panel.joined.members["group"]) if panel.joined else set()
    for name, cells in columns(panel):
        if only and name not in only:
            continue
        picked = rng.choice(len(cells), min(SAMPLE, len(cells)), replace=False)
        of_units = [key for key in cells.index if key[0] in units]
        some = [of_units[rng.integers(len(of_units))]] if of_units else []
        for unit, year in [*cells.index[picked], *some]:
            tree = walk.of(name, unit, int(year))
            below = panel.joined.published if _of_provinces(panel, name) else panel
            found += faults(below, tree, checked)
    return found


def _of_provinces(panel: Panel, name: str) -> bool:
    return panel.joined is not None and load_codebook()[name].level == "province"


# --- the real panel -----------------------------------------------------------------------


def test_cells_of_every_column_lead_to_raw_cells_that_give_their_value(published):
    assert faults_of_sample(published) == []


def test_cells_of_every_column_on_constant_boundaries_do_too(constant):
    assert faults_of_sample(constant) == []


def test_every_cell_that_was_read_is_an_admitted_observation_with_an_address(published):
    admitted = {str(flag) for flag in published.admitted}
    cells = published.cells[published.cells["flag"].isin(admitted)]
    for name, values in columns(published):
        if name in published.derivations:
            continue
        entry = load_codebook()[name]
        own = cells[cells["variable"] == name]
        keys = ["city"] if entry.constant else ["city", "year"]
        known = own.drop_duplicates([*keys, "value"]).set_index(keys)
        unit, year = values.index.get_level_values(0), values.index.get_level_values(1)
        owner = [NATION] * len(values) if entry.level == "nation" else unit
        rows = unit if entry.constant else pd.MultiIndex.from_arrays([owner, year])
        assert known.loc[rows, "value"].to_numpy().tolist() == values.tolist(), name
        assert own["raw"].str.fullmatch(r"[^|]+\|[^|]*\|[\d,-]+\|[^|]+").all(), name


def test_every_computed_cell_is_computed_again_from_the_columns_below_it(published, constant):
    for panel in (published, constant):
        for name, made in panel.derivations.items():
            if _of_provinces(panel, name):
                continue  # stays as published
            entry = load_codebook()[name]
            frame = panel.frame(entry.level)
            result = made(made.columns(panel))
            values = result["value"] if isinstance(result, pd.DataFrame) else result
            values = values.reindex(frame.index)
            again = values.where(values.between(entry.low, entry.high))
            pd.testing.assert_series_equal(again, frame[name], check_names=False, rtol=1e-12)


def test_cities_that_were_not_joined_keep_every_cell_that_was_read(published, constant):
    read = [name for name in published.data if name not in published.derivations]
    alone = [
        city for city in constant.data.index.unique(0) if not constant.joined.members_of(city)
    ]
    pd.testing.assert_frame_equal(constant.data.loc[alone, read], published.data.loc[alone, read])


def test_raw_cells_hold_the_values_but_for_the_unit(published):
    """What is printed times a power of ten is the value, or the reader says that it computes."""
    rng = np.random.default_rng(3)
    computed = set()
    for name, rows in published.cells.groupby("variable"):
        if str(name) in published.derivations:
            continue
        for row in rows.iloc[rng.choice(len(rows), min(2, len(rows)), replace=False)].itertuples():
            (address,) = addresses_in(row.raw)
            said = describe(address, row.city, row.value)
            assert said, f"{name}: {address} is not found"
            if "computes" in said:
                computed.add(str(name))
    assert computed <= READ_BY_RULE, computed - READ_BY_RULE


READ_BY_RULE = {"admin_entity", "pilot_first_year", "price_index"}
"""A name as a number; the year of the first 1 in a column of 0 and 1; chained changes."""


# --- the checks can fail ------------------------------------------------------------------


def test_a_changed_cell_is_found(published):
    data = published.data.copy()
    data.loc[data["gdp"].notna(), "gdp"] *= 1.000001
    assert any("gdp" in fault for fault in faults_of_sample(replace(published, data=data), "gdp"))


def test_observations_that_are_lost_are_found(published):
    cells = published.cells[published.cells["variable"] != "night_lights"]
    found = faults_of_sample(replace(published, cells=cells), "night_lights")
    assert any("night_lights" in fault and "raw cell" in fault for fault in found)


@pytest.mark.parametrize("name", ["capital", "pilot_share_province", "urban_share_benchmarked"])
def test_a_cell_that_the_lineage_leaves_out_is_found(published, name):
    made = published.derivations[name]
    whole = made.reads
    short = replace(made, reads=lambda *cell: list(whole(*cell))[2:])
    broken = replace(published, derivations={**published.derivations, name: short})
    assert any(fault.startswith(name) for fault in faults_of_sample(broken, name))


def test_a_member_that_the_lineage_leaves_out_is_found(constant):
    class Short(type(constant.joined)):
        __slots__ = ()

        def below(self, *cell):
            how, cells = super().below(*cell)
            return how, cells[2:] if "weighted" in how else cells[1:]

    joined = constant.joined
    short = Short(joined.published, joined.inside, joined.members, joined.sources)
    assert faults_of_sample(replace(constant, joined=short), "gdp", "pm25_chap")


def test_the_censuses_of_one_map_agree_with_its_units(constant):
    assert "census_2010_2020" in ONE_MAP
    census = constant.data["population_census"]
    assert census["340100", 2010] == 7457027 + 3545067 + 2202899
    assert census["370100", 2010] == 8112513
