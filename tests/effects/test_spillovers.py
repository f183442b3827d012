"""Indirect effects on neighbours, over who is a neighbour and what is controlled."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.cleaning.panel import Panel
from urbanecon.effects.criteria import CRITERIA
from urbanecon.effects.designs.space import NEIGHBOURS, estimate_durbin, places_of
from urbanecon.effects.estimate import sample_of
from urbanecon.effects.robustness import summaries
from urbanecon.effects.routes import EVIDENCE
from urbanecon.effects.spillovers import NEIGHBOURHOODS, run_spillovers, spillover_space


@pytest.fixture(scope="module")
def table(whole_panel: Panel, variants: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return run_spillovers("R2", variants, places_of(whole_panel.data), specs=3, seed=2)


def test_the_main_world_is_the_main_estimate() -> None:
    options = spillover_space(CRITERIA["R2"][0]).world(0)
    assert (options["outcome"], options["treatment"]) == ("ln_gdp_pc_real", "pilot")
    assert options["neighbours"] == f"{NEIGHBOURS} nearest"
    assert (options["sample"], options["controls"], options["flags"]) == (
        "all",
        "none",
        "admitted",
    )


def test_the_main_world_gives_the_numbers_of_the_design(
    whole_panel: Panel, variants: dict[str, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    criterion = CRITERIA["R2"][0]
    main = spillover_space(criterion)
    held = main.only(**main.world(0))
    monkeypatch.setattr("urbanecon.effects.spillovers.spillover_space", lambda _: held)
    monkeypatch.setitem(CRITERIA, "R2", (criterion,))
    found = run_spillovers("R2", variants, places_of(whole_panel.data), specs=1, seed=0)
    (spec,) = [s for s in EVIDENCE["R2"] if (s.outcome, s.design) == ("ln_gdp_pc_real", "durbin")]
    impacts = estimate_durbin(spec, sample_of(spec, whole_panel)).extra["impacts"]
    own = impacts.query("variable == 'pilot' and effect == 'indirect'").iloc[0]
    assert found["estimate"].iloc[0] == pytest.approx(own["estimate"], rel=1e-6)
    assert found["se"].iloc[0] == pytest.approx(own["se"], rel=1e-6)


def test_every_effect_has_its_worlds_and_a_summary(table: pd.DataFrame) -> None:
    outcomes = [criterion.outcome.variable for criterion in CRITERIA["R2"]]
    assert table["outcome"].tolist() == np.repeat(outcomes, 3).tolist()
    done = table[table["reason"] == ""]
    assert done[["estimate", "se", "treatment_sd", "outcome_sd"]].gt(-np.inf).all(axis=None)
    parts = summaries(table).set_index("option")
    assert parts.loc[done["outcome"].unique().tolist(), "specs"].eq(3).all()


def test_no_neighbourhood_leaves_a_city_alone() -> None:
    rng = np.random.default_rng(1)
    places = pd.DataFrame(
        {"latitude": rng.uniform(20, 45, 30), "longitude": rng.uniform(90, 120, 30)},
        [f"{k:06d}" for k in range(30)],
    )
    for around in NEIGHBOURHOODS.values():
        weights = around(places)
        assert weights.rows_sum_to_one
        assert weights.islands == ()
