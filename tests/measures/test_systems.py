"""Urbanization coupled with ecology and culture, as columns of the panel."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.measures.coupling import coupling
from urbanecon.measures.systems import (
    COUPLINGS,
    MARGIN,
    SUBSYSTEMS,
    complete_rows,
    coordination,
    inside,
    systems_of,
)

ECOLOGY, CULTURE = SUBSYSTEMS


@pytest.fixture
def columns() -> dict[str, pd.Series]:
    """Synthetic indicators of thirty cities in four years."""
    rng = np.random.default_rng(11)
    index = pd.MultiIndex.from_product(
        [[f"{c}" for c in range(110000, 110030)], range(2010, 2014)], names=["city", "year"]
    )
    names = {name for subsystem in SUBSYSTEMS for name in subsystem.inputs}
    return {name: pd.Series(rng.uniform(0, 1, len(index)), index=index) for name in sorted(names)}


@pytest.mark.parametrize("subsystem", SUBSYSTEMS, ids=lambda s: s.name)
def test_coordination_lies_strictly_between_zero_and_one(columns, subsystem) -> None:
    columns[subsystem.urbanization].iloc[:2] = [0.0, 1.0]
    d = coordination(*(columns[name] for name in subsystem.inputs), subsystem=subsystem)
    assert d.notna().all()
    assert d.between(0, 1, inclusive="neither").all()


def test_it_is_the_modified_degree_of_the_two_systems(columns) -> None:
    d = coordination(*(columns[name] for name in ECOLOGY.inputs), subsystem=ECOLOGY)
    systems = systems_of(complete_rows(columns, ECOLOGY), ECOLOGY)
    u, v = systems.iloc[5]
    c = np.sqrt((1 - abs(u - v)) * min(u, v) / max(u, v))
    assert d.iloc[5] == pytest.approx(np.sqrt(c * (u + v) / 2), rel=1e-12)
    pd.testing.assert_series_equal(d, coupling(systems)["D"], check_names=False)


def test_dirty_air_lowers_coordination_and_green_land_raises_it(columns) -> None:
    before = coordination(*(columns[name] for name in ECOLOGY.inputs), subsystem=ECOLOGY)
    row = int(columns["npp"].argsort().iloc[60])
    for name, step, sign in (("ln_pm25_chap", 0.01, -1), ("npp", 0.01, 1)):
        moved = columns | {name: columns[name].copy()}
        moved[name].iloc[row] += step
        systems = systems_of(complete_rows(moved, ECOLOGY), ECOLOGY)
        change = (
            systems["ecology"] - systems_of(complete_rows(columns, ECOLOGY), ECOLOGY)["ecology"]
        )
        assert np.sign(change.iloc[row]) == sign
    assert before.notna().all()


def test_a_row_that_lacks_an_indicator_has_no_value_and_moves_no_bound(columns) -> None:
    whole = [columns[name].copy() for name in CULTURE.inputs]
    gone = whole[0].index[[3, 50]]
    with_gap = [whole[0], whole[1].drop(gone).reindex(whole[0].index), *whole[2:]]
    d = coordination(*with_gap, subsystem=CULTURE)
    assert d.index[d.isna()].tolist() == gone.tolist()
    alone = coordination(*(part.drop(gone) for part in whole), subsystem=CULTURE)
    pd.testing.assert_series_equal(d.drop(gone), alone, check_names=False)


def test_nothing_complete_gives_nothing(columns) -> None:
    empty = [columns[name] * np.nan for name in CULTURE.inputs]
    assert coordination(*empty, subsystem=CULTURE).isna().all()


def test_row_order_does_not_matter(columns) -> None:
    parts = [columns[name] for name in CULTURE.inputs]
    order = np.random.default_rng(2).permutation(len(parts[0]))
    mixed = coordination(*(part.iloc[order] for part in parts), subsystem=CULTURE)
    straight = coordination(*parts, subsystem=CULTURE)
    pd.testing.assert_series_equal(mixed.reindex(straight.index), straight, rtol=1e-14)


def test_the_margin_keeps_order_and_distance_from_the_ends() -> None:
    score = pd.Series([0.0, 0.5, 1.0])
    assert inside(score).tolist() == [MARGIN, 0.5, 1 - MARGIN]


def test_no_indicator_stands_on_both_sides() -> None:
    from urbanecon.measures.ntu_index import PARTS

    left_out = {"ecology": "ecology", "culture": "services"}
    for subsystem in SUBSYSTEMS:
        assert subsystem.urbanization.endswith(f"without_{left_out[subsystem.name]}")
        rest = {p.name for p in PARTS if p.dimension != left_out[subsystem.name]}
        assert rest.isdisjoint(indicator.name for indicator in subsystem.indicators)


def test_bounds_are_fitted_on_the_rows_that_the_lineage_names(columns) -> None:
    columns["npp"].iloc[7] = np.nan
    made = next(made for made in COUPLINGS if made.name == "coupling_ecology")
    assert made.fitted_on is not None
    rows = made.fitted_on(columns)
    assert rows.tolist() == columns["npp"].index.delete(7).tolist()
