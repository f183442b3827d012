"""Instruments, space, heterogeneity and mechanisms on synthetic panels with known truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from urbanecon.effects import SPECS
from urbanecon.effects.designs import DESIGNS, STRATEGIES
from urbanecon.effects.designs.heterogeneity import group_of
from urbanecon.effects.designs.instruments import INDUSTRIES, industry_growth
from urbanecon.effects.designs.space import ring_names, with_exposure
from urbanecon.effects.estimate import estimate, estimate_all
from urbanecon.effects.spec import Spec
from urbanecon.errors import NotEstimableError, UnknownNameError

SPEC = Spec("E1", "ln_gdp_pc_real", "pilot")
pytestmark = pytest.mark.filterwarnings("ignore::urbanecon.errors.EstimationWarning")


def with_columns(panel, **columns):
    return replace(panel, data=panel.data.assign(**columns))


def constant(panel, values):
    """Give each city one value."""
    cities = panel.data.index.unique("city")
    return pd.Series(values, index=cities).reindex(panel.data.index.get_level_values("city"))


@pytest.fixture(scope="module")
def located(synthetic_panel):
    """The synthetic panel with places along a line, 50 km apart."""
    place = np.random.default_rng(3).permutation(60)
    latitude = constant(synthetic_panel, 20 + 0.45 * place).to_numpy()
    return with_columns(synthetic_panel, latitude=latitude, longitude=110.0)


def test_every_design_belongs_to_one_strategy():
    listed = [design for designs in STRATEGIES.values() for design in designs]
    assert sorted(listed) == sorted(DESIGNS)


def test_every_claim_goes_through_every_strategy():
    for specs in SPECS.values():
        designs = {spec.design for spec in specs}
        for name, members in STRATEGIES.items():
            assert designs & set(members), name


def test_the_shares_of_the_instrument_are_those_of_2003_and_add_up_to_one():
    rng = np.random.default_rng(0)
    index = pd.MultiIndex.from_product([["110000", "120000", "130100"], [2003, 2004]])
    data = pd.DataFrame(
        rng.uniform(1, 9, (6, len(INDUSTRIES))), index.set_names(["city", "year"]), INDUSTRIES
    )
    design = industry_growth(data)
    np.testing.assert_allclose(design.shares.sum(axis=1), 1)
    mining = data["employees_mining"].unstack("year").drop(index="110000").sum()
    growth = design.shocks.loc[("110000", 2004), "employees_mining"]
    assert growth == pytest.approx(mining[2004] / mining[2003] - 1)


def test_an_instrument_without_its_base_year_is_not_estimable(synthetic_panel):
    for design, needs in (("shift_share", "employment_industry"), ("terrain", "coordinates")):
        with pytest.raises(NotEstimableError, match=needs):
            estimate(SPEC.but(design=design), synthetic_panel)


def test_terrain_recovers_the_effect_of_an_endogenous_share(synthetic_panel):
    rng = np.random.default_rng(5)
    year = synthetic_panel.data.index.get_level_values("year").to_numpy()
    terrain = constant(synthetic_panel, rng.uniform(0, 2, 60)).to_numpy()
    hidden = rng.normal(size=len(year))
    share = 0.1 * terrain * (year - 2000) + hidden + rng.normal(size=len(year))
    panel = with_columns(
        synthetic_panel,
        urban_share=share,
        elevation_sd=terrain,
        ln_gdp_pc_real=0.5 * share - 2 * hidden + rng.normal(size=len(year)),
    )
    fit = estimate(SPEC.but(treatment="urban_share", design="terrain"), panel)
    low, high = fit.conf_int(0.99).loc["urban_share"]
    assert low < 0.5 < high
    assert set(fit.extra) == {"first_stage", "reduced_form"}


def test_rings_hold_the_share_of_treated_cities_in_them(located):
    data = with_exposure(located.data, "pilot")
    near, middle, far = ring_names("pilot")
    last = data.xs(2020, level="year").sort_values("latitude").reset_index(drop=True)
    # fifty kilometres apart: two cities on each side within a hundred, less at the ends
    treated = last["pilot"].to_numpy()
    assert last[near].iloc[30] == pytest.approx(treated[[29, 31]].mean(), abs=0.51)
    assert ((data[[near, middle, far]] >= 0) & (data[[near, middle, far]] <= 1)).all().all()


def test_the_spatial_designs_recover_an_effect_without_spillovers(located):
    for design in ("durbin", "exposure"):
        fit = estimate(SPEC.but(design=design), located)
        assert fit.params["pilot"] == pytest.approx(0.3, abs=0.06)
    impacts = estimate(SPEC.but(design="durbin"), located).extra["impacts"]
    assert list(impacts["effect"]) == ["direct", "indirect", "total"]


def test_space_needs_coordinates(synthetic_panel):
    with pytest.raises(NotEstimableError, match="needs facts_coordinates"):
        estimate(SPEC.but(design="durbin"), synthetic_panel)


def test_groups_have_their_own_effects_and_a_test_that_they_are_one(synthetic_panel):
    size = constant(synthetic_panel, np.where(np.arange(60) % 2, 1e6, 8e6)).to_numpy()
    large = size > 5e6
    outcome = synthetic_panel.data["ln_gdp_pc_real"] + large * synthetic_panel.data["pilot"]
    panel = with_columns(synthetic_panel, population=size, ln_gdp_pc_real=outcome)
    fit = estimate(SPEC.but(design="groups", through="size"), panel)
    assert fit.params["pilot: under 3 million"] == pytest.approx(0.3, abs=0.06)
    assert fit.params["pilot: over 5 million"] == pytest.approx(1.3, abs=0.06)
    assert fit.diagnostics[-1].p < 1e-6


def test_unknown_groups_are_named_with_a_close_match(synthetic_panel):
    with pytest.raises(UnknownNameError, match="Did you mean 'region'"):
        group_of("regions", synthetic_panel.data)


def test_a_threshold_a_quantile_a_moderator_and_a_mediator(synthetic_panel):
    rng = np.random.default_rng(9)
    size = len(synthetic_panel.data)
    mediator = 0.5 * synthetic_panel.data["pilot"] + rng.normal(0, 0.2, size)
    panel = with_columns(synthetic_panel, upgrading=mediator, finance=rng.uniform(0, 1, size))
    quantile = estimate(SPEC.but(design="quantile"), panel)
    assert quantile.params["pilot@0.5"] == pytest.approx(0.3, abs=0.06)
    moderated = estimate(SPEC.but(design="moderation", through="finance"), panel)
    assert abs(moderated.tstat["pilot x finance"]) < 3
    mediated = estimate(SPEC.but(design="mediation", through="upgrading"), panel)
    assert mediated.params["treatment_to_mediator"] == pytest.approx(0.5, abs=0.1)
    threshold = estimate(SPEC.but(design="threshold", through="finance"), panel)
    assert len(threshold.params) == 2
    missing = SPEC.but(design="moderation", through="openness")
    with pytest.raises(NotEstimableError, match="'openness', which is not in the panel"):
        estimate(missing, panel)


def test_what_a_panel_cannot_support_is_a_reason_not_a_crash(synthetic_panel):
    for found in estimate_all(SPECS["E1"], synthetic_panel):
        assert (found.fit is None) == bool(found.reason)
