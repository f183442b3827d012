"""Products of the pilot with a moderator, in every world with the pilot beside them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from urbanecon.cleaning.panel import Panel
from urbanecon.effects.controls import NAMES
from urbanecon.effects.criteria import CRITERIA
from urbanecon.effects.interactions import (
    ABOVE,
    MODERATORS,
    beside,
    interacted,
    interaction_space,
    interaction_table,
    moderators,
    product,
    run_interactions,
)
from urbanecon.effects.robustness import summaries
from urbanecon.estimation.fixed_effects import fixed_effects

SLOPE = 0.8
"""What one unit of citizenization adds to the pilot's effect on ln GDP."""


def with_slope(data: pd.DataFrame) -> pd.DataFrame:
    """Let pilots do more for every version of ln GDP where citizenization is high."""
    own = [name for name in data if str(name).startswith("ln_gdp_pc_real")]
    more = SLOPE * data["pilot"] * (data["citizenization"] - 1)
    return data.assign(**{str(name): data[name] + more for name in own})


@pytest.fixture(scope="module")
def frames(variants: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    return {name: with_slope(frame) for name, frame in variants.items()}


@pytest.fixture(scope="module")
def table(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return run_interactions("R1", frames, specs=100, seed=1)


def test_the_known_slope_is_found_where_it_is(table: pd.DataFrame) -> None:
    parts = summaries(table).set_index("option")
    growth = table[(table["outcome"] == "ln_gdp_pc_real") & (table["treatment"] == "pilot")]
    assert growth["estimate"].median() == pytest.approx(SLOPE, abs=0.3)
    assert float(parts["share_sign"]["ln_gdp_pc_real"]) > 0.9
    assert list(parts.index[2:]) == [c.outcome.variable for c in CRITERIA["R1"]]


def test_a_world_equals_a_refit_with_pilot_and_moderator_beside(
    table: pd.DataFrame, frames: dict[str, pd.DataFrame]
) -> None:
    row = table[(table["sample"] == "all") | (table["cluster"] == "city")].iloc[0]
    criterion = next(c for c in CRITERIA["R1"] if c.outcome.variable == row["outcome"])
    asked = interaction_space(criterion).equation(row)
    kept = [*beside(criterion, row), *(name for name in NAMES if row[name])]
    data = frames[asked.frame]
    data = data[data[asked.sample]] if asked.sample else data
    years = data.index.get_level_values("year")
    data = data[(years >= (asked.first_year or 0)) & (years <= (asked.last_year or 9999))]
    data = data.dropna(subset=[asked.outcome, asked.treatment, *NAMES])
    fit = fixed_effects(
        data, asked.outcome, [asked.treatment, *kept], asked.effects, f"cluster({asked.cluster})"
    )
    assert row["estimate"] == pytest.approx(fit.params[asked.treatment], rel=1e-8)
    assert row["se"] == pytest.approx(fit.se[asked.treatment], rel=1e-8)


def test_the_pilot_is_always_beside_its_product_and_a_cut_has_no_level() -> None:
    citizenization, threshold = CRITERIA["R1"][0], CRITERIA["R4"][1]
    options = {"treatment": "pilot_2015", "moderator": "citizenization"}
    assert beside(citizenization, options) == ("pilot_2015", "citizenization")
    assert beside(threshold, {**options, "moderator": ABOVE["1/2"]}) == ("pilot_2015",)


def test_cuts_are_quantiles_and_unknown_where_the_share_is() -> None:
    index = pd.MultiIndex.from_product([["1", "2", "3"], [2010, 2011]], names=["city", "year"])
    share = pd.Series([0.1, 0.2, 0.3, 0.4, 0.5, np.nan], index)
    data = pd.DataFrame({"urban_share_benchmarked": share, "citizenization": 1.0})
    found = moderators(data)
    assert found[ABOVE["1/2"]].tolist()[:5] == [0.0, 0.0, 0.0, 1.0, 1.0]
    assert np.isnan(found[ABOVE["1/2"]].iloc[5])
    columns = interacted({"pilot": share * 0 + 1, "pilot_2015": share * 0, **found})
    assert columns[product("pilot", "citizenization")].iloc[0] == 1.0
    assert set(columns) == {
        *(m for own in MODERATORS.values() for m in own),
        *(
            product(p, m)
            for p in ("pilot", "pilot_2015")
            for own in MODERATORS.values()
            for m in own
        ),
    }


def test_the_main_products_are_adjusted_together(whole_panel: Panel) -> None:
    panel = replace(whole_panel, data=with_slope(whole_panel.data))
    found = interaction_table("R1", panel, draws=199, seed=1)
    assert "ln_gdp_pc_real" in found.index
    assert found.loc["ln_gdp_pc_real", "estimate"] == pytest.approx(SLOPE, abs=0.3)
    assert (found["p_romano_wolf"] >= found["p"] - 1e-12).all()


def test_without_its_variables_a_row_has_no_products() -> None:
    empty = Panel(pd.DataFrame(index=pd.MultiIndex.from_arrays([[], []], names=["city", "year"])),
                  pd.DataFrame(), pd.DataFrame())  # fmt: skip
    assert interaction_table("R1", empty, draws=9, seed=1).empty
