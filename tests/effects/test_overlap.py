"""What treatment and outcome are both computed from, as the derivations of the panel say."""

from __future__ import annotations

import pytest

from urbanecon.effects.overlap import raw_inputs, shared_inputs
from urbanecon.measures.ntu_index import DIMENSION_OF, PARTS, version_for


def test_income_and_an_index_without_the_economy_still_share_output_and_residents() -> None:
    index = version_for("ln_gdp_pc_real")
    assert shared_inputs("ln_gdp_pc_real", index) == ("gdp", "population")
    assert shared_inputs("ln_gdp_pc_real", "citizenization") == ("population",)


def test_the_urban_share_ties_the_gap_to_the_index_by_construction() -> None:
    index = version_for("ln_urban_rural_ratio")
    assert set(shared_inputs("ln_urban_rural_ratio", index)) == {
        "population_urban",
        "population_rural",
    }


@pytest.mark.parametrize("outcome", ["ln_night_lights", "ln_pm25_chap", "ln_so2", "light_gini"])
def test_what_is_seen_from_above_or_measured_shares_nothing(outcome: str) -> None:
    assert shared_inputs(outcome, version_for(outcome)) == ()
    assert shared_inputs(outcome, "citizenization") == ()


def test_prices_of_the_nation_are_in_both_and_absorbed() -> None:
    assert "price_index" in raw_inputs(["ln_gdp_pc_real"])
    assert "price_index" not in shared_inputs("ln_gdp_pc_real", "ln_fiscal_education_pc")


@pytest.mark.parametrize("name", sorted(DIMENSION_OF))
def test_an_index_shares_nothing_of_the_dimension_alone_that_it_leaves_out(name: str) -> None:
    own, others = (
        raw_inputs(
            i for part in PARTS if (part.dimension == DIMENSION_OF[name]) is held
            for i in part.inputs
        )
        for held in (True, False)
    )  # fmt: skip
    assert not set(shared_inputs(name, version_for(name))) & (set(own) - set(others))
