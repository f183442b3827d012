"""The space of each effect, declared as data."""

from __future__ import annotations

import pytest

from urbanecon.cleaning.observations import Flag
from urbanecon.cleaning.panel import ADMITTED
from urbanecon.cleaning.registry import load_registry
from urbanecon.effects import CLAIMS, ROWS
from urbanecon.effects.choices import FLAGS, MEASURES, equation_of, signs_of, space_of
from urbanecon.effects.controls import CONTESTED, CONTROLS, NAMES
from urbanecon.errors import UnknownNameError
from urbanecon.measures.ntu_index import DIMENSION_OF


@pytest.mark.parametrize("effect", MEASURES)
def test_the_first_option_of_every_choice_is_the_main_estimate(effect: str) -> None:
    asked = space_of(effect).equation(space_of(effect).world(0))
    primary = ROWS[effect].primary
    assert asked.outcome == primary.variable
    assert asked.treatment == "pilot"
    assert (asked.effects, asked.cluster, asked.sample) == (("city", "year"), "city", "")
    assert asked.frame == "admitted, published"
    assert FLAGS["admitted"] == ADMITTED


@pytest.mark.parametrize("effect", CLAIMS)
def test_no_outcome_is_explained_by_an_index_that_holds_it(effect: str) -> None:
    space = space_of(effect)
    for measure in MEASURES[effect]:
        options = {**space.world(0), "outcome": measure.variable, "treatment": "ntu_index_pca"}
        dimension = DIMENSION_OF[measure.like]
        assert equation_of(effect, options).treatment == f"ntu_index_without_{dimension}_pca"


def test_every_measure_names_a_registered_source_and_an_outcome_of_its_claim() -> None:
    registry = load_registry()
    for effect, measures in MEASURES.items():
        outcomes = {o.variable: o.expected_sign for o in ROWS[effect].outcomes}
        for measure in measures:
            # only retail sales have no better source; its claim says so
            assert registry[measure.source].tier in ("ABC" if effect == "L2" else "AB")
            assert signs_of(effect)[measure.variable] == outcomes[measure.like]


def test_the_window_is_the_narrower_of_outcome_and_choice() -> None:
    options = {**space_of("E3").world(0), "outcome": "ln_so2"}
    asked = equation_of("E3", options)
    assert (asked.first_year, asked.last_year) == (2003, 2015)
    asked = equation_of("E3", {**options, "years": "from_2006"})
    assert (asked.first_year, asked.last_year) == (2006, 2015)
    asked = equation_of("E3", {**options, "years": "to_2019"})
    assert (asked.first_year, asked.last_year) == (2003, 2015)


def test_the_deflator_is_a_choice_only_where_money_is_measured() -> None:
    assert len(space_of("E1").choices["deflator"]) == 2
    assert space_of("E4").choices["deflator"] == ("national",)
    options = {**space_of("E1").world(0), "deflator": "none", "outcome": "ln_night_lights"}
    assert equation_of("E1", options).outcome == "ln_night_lights"
    options |= {"outcome": "ln_gdp_pc_real", "winsorising": "1%"}
    assert equation_of("E1", options).outcome == "ln_gdp_pc_real_nominal@1%"


def test_cells_that_hold_no_usable_number_enter_nowhere() -> None:
    for admitted in FLAGS.values():
        assert not admitted & {Flag.IMPOSSIBLE, Flag.CONFLICT}
    assert FLAGS["clean"] < FLAGS["no_filled"] < FLAGS["admitted"] < FLAGS["all"]


def test_every_control_has_a_reason_and_contested_ones_stay_out_unless_asked() -> None:
    assert len(NAMES) == 12
    assert all(control.reason for control in CONTROLS)
    assert space_of("E1").controls == NAMES
    assert space_of("E1", contested=True).controls == (*NAMES, *CONTESTED)


def test_one_province_can_be_left_out_at_a_time() -> None:
    left_out = [s for s in space_of("E2").choices["sample"] if s.startswith("without_")]
    assert len(left_out) == len(set(left_out)) == 31


def test_an_unknown_effect_gets_a_suggestion() -> None:
    with pytest.raises(UnknownNameError, match=r"no effect 'E5'.* Did you mean 'E"):
        space_of("E5")


@pytest.mark.parametrize("row", ["R3", "L1", "L2", "L3"])
def test_routes_and_levers_are_measured_against_the_pilots_alone(row: str) -> None:
    assert space_of(row).choices["treatment"] == ("pilot", "pilot_2015")


def test_the_weights_are_a_choice_where_the_outcome_is_made_of_indices() -> None:
    space = space_of("R3")
    assert space.choices["weights"] == ("entropy", "critic", "pca", "equal")
    assert "weights" not in space_of("L1").choices
    options = {**space.world(0), "weights": "pca", "winsorising": "1%"}
    assert equation_of("R3", options).outcome == "coupling_ecology_pca@1%"


def test_retail_sales_end_with_their_series() -> None:
    assert equation_of("L2", space_of("L2").world(0)).last_year == 2018
