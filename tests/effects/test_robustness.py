"""The multiverse of an effect: run, summed up, tested as a whole."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.effects.choices import equation_of
from urbanecon.effects.controls import CONTESTED, NAMES
from urbanecon.effects.curve_test import joint_inference
from urbanecon.effects.robustness import (
    curve_choices,
    curve_table,
    moving_choices,
    run_effect,
    summaries,
)
from urbanecon.errors import NotEstimableError
from urbanecon.estimation.fixed_effects import fixed_effects


@pytest.fixture(scope="module")
def frames(variants: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    return variants


@pytest.fixture(scope="module")
def table(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return run_effect("E1", frames, specs=900, per_world=5, seed=1)


def test_the_known_effect_is_found_where_it_is_and_only_there(table: pd.DataFrame) -> None:
    parts = summaries(table[table["family"] == "pilot"]).set_index("option")
    assert parts.loc["ln_gdp_pc_real", "share_sign"] == 1.0
    assert parts.loc["ln_gdp_pc_real", "share_significant"] > 0.9
    lights = parts.loc[["ln_night_lights", "ln_night_light_mean"], "share_significant"]
    assert (lights < 0.3).all()


def test_the_main_world_equals_a_refit(frames: dict[str, pd.DataFrame]) -> None:
    table = run_effect("E1", frames, specs=100, per_world=5, seed=2)
    row = table[table["estimate"].notna()].iloc[0]
    asked = equation_of("E1", row)
    kept = [name for name in NAMES if row[name]]
    data = frames[asked.frame]
    data = data[data[asked.sample]] if asked.sample else data
    years = data.index.get_level_values("year")
    data = data[(years >= (asked.first_year or 0)) & (years <= (asked.last_year or 9999))]
    data = data.dropna(subset=[asked.outcome, asked.treatment, *NAMES])
    fit = fixed_effects(
        data, asked.outcome, [asked.treatment, *kept], asked.effects, f"cluster({asked.cluster})"
    )
    assert row["estimate"] == pytest.approx(fit.params[asked.treatment], rel=1e-9)


def test_the_deflator_moves_nothing_under_year_effects(table: pd.DataFrame) -> None:
    assert abs(moving_choices(table)["deflator"]) < 0.01


def test_the_outcome_moves_the_estimate_most_where_only_one_is_affected(
    table: pd.DataFrame,
) -> None:
    shares = moving_choices(table)
    assert shares.sum() == pytest.approx(1.0)
    assert shares.drop("interactions").idxmax() == "outcome"
    assert "controls" in shares.index


def test_contested_controls_are_run_apart(
    table: pd.DataFrame, frames: dict[str, pd.DataFrame]
) -> None:
    assert not set(CONTESTED) & set(table)
    apart = run_effect("E1", frames, contested=True, specs=60, seed=1)
    assert apart[list(CONTESTED)].any(axis=1).all()
    assert apart.attrs["effect"] == "E1"


def test_the_curve_is_run_again_with_the_same_numbers(
    table: pd.DataFrame, frames: dict[str, pd.DataFrame]
) -> None:
    tests, rows = joint_inference(table, frames, specs=30, draws=19, seed=3)
    np.testing.assert_allclose(rows["again"], rows["estimate"], rtol=1e-8)
    assert len(rows) == 30
    assert [t.statistic for t in tests] == ["median", "share significant", "Stouffer Z"]
    again, _ = joint_inference(table, frames, specs=30, draws=19, seed=3)
    assert again == tests


def test_the_curve_of_the_affected_outcome_is_no_chance(
    table: pd.DataFrame, frames: dict[str, pd.DataFrame]
) -> None:
    own = table[table["outcome"] == "ln_gdp_pc_real"]
    own.attrs = table.attrs
    tests, _ = joint_inference(own, frames, specs=20, draws=39)
    assert all(test.observed > 0 for test in tests)
    assert tests[0].p == pytest.approx(1 / 40)


def test_a_curve_without_adoption_paths_cannot_be_permuted(
    table: pd.DataFrame, frames: dict[str, pd.DataFrame]
) -> None:
    own = table[table["family"] == "ntu_index"]
    own.attrs = table.attrs
    with pytest.raises(NotEstimableError, match="adopted treatment"):
        joint_inference(own, frames)


def test_what_is_drawn_is_standardised_and_names_one_left_out_province(
    table: pd.DataFrame,
) -> None:
    drawn = curve_table(table)
    assert drawn["estimate"].equals(table["standardised"])
    width = (drawn["high"] - drawn["low"]) / drawn["estimate"].abs()
    np.testing.assert_allclose(width, 2 * 1.959964 / table["t"].abs(), rtol=1e-6)
    assert set(drawn["sample"]) <= set(curve_choices("E1")["sample"])
