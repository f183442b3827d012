"""What the estimates rest on, counted by hand on a synthetic panel."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from urbanecon.cleaning.panel import Panel
from urbanecon.effects.result import Estimate
from urbanecon.effects.spec import Sample, Spec
from urbanecon.errors import DataError
from urbanecon.measures.variables import DERIVATIONS
from urbanecon.reporting.cell_quality import (
    cells_used,
    quality_shares,
    side_by_side,
    within_years,
)

TIERS = {"macro": "A", "pilots": "A", "prices": "A", "other": "C"}
SPEC = Spec("E1", "ln_gdp_pc_real", "pilot")


@pytest.fixture
def panel() -> Panel:
    """Two cities in two years; one is a pilot; one figure is doubtful, one set aside."""
    cells = pd.DataFrame(
        [
            ("110000", 2010, "gdp", "macro", "ok"),
            ("110000", 2011, "gdp", "macro", "outlier"),
            ("120000", 2010, "gdp", "other", "ok"),
            ("120000", 2011, "gdp", "macro", "ok"),
            ("110000", 2010, "population", "macro", "ok"),
            ("110000", 2011, "population", "macro", "ok"),
            ("120000", 2010, "population", "macro", "ok"),
            ("120000", 2011, "population", "macro", "pasted"),
            ("000000", 2010, "price_index", "prices", "derived"),
            ("000000", 2011, "price_index", "prices", "derived"),
            ("110000", 2015, "pilot_first_year", "pilots", "ok"),
            ("110000", 1999, "gdp", "macro", "ok"),
        ],
        columns=["city", "year", "variable", "source", "flag"],
    ).assign(value=2.0, raw="synthetic")
    index = pd.MultiIndex.from_product(
        [["110000", "120000"], [2010, 2011]], names=["city", "year"]
    )
    names = ["gdp", "population", "price_index", "pilot_first_year"]
    data = pd.DataFrame(2.0, index=index, columns=names)
    derivations = {d.name: d for d in DERIVATIONS}
    return Panel(data, pd.DataFrame(), cells, derivations)


@pytest.fixture
def estimate(panel, make_fit):
    """An equation whose sample is every row but the one without a population."""
    sample = panel.data.index[:3]
    fit = replace(make_fit(SPEC), sample=sample, nobs=3)
    return Estimate(SPEC, fit)


def test_each_row_counts_once_for_each_raw_variable_below_it(panel, estimate):
    uses = cells_used([estimate], panel, TIERS)
    by_variable = uses.groupby("variable")["uses"].sum().to_dict()
    # gdp, population and prices in three rows; the one pilot in two
    assert by_variable == {"gdp": 3, "population": 3, "price_index": 3, "pilot_first_year": 2}


def test_shares_are_of_the_cells_used(panel, estimate):
    shares = quality_shares(cells_used([estimate], panel, TIERS)).loc["all"]
    assert shares["equations"] == 1
    assert shares["cells"] == 11
    assert shares["flagged"] == pytest.approx(1 / 11)
    assert shares["derived"] == pytest.approx(3 / 11)
    assert shares["observed"] == pytest.approx(7 / 11)
    assert shares["tier_C"] == pytest.approx(1 / 11)
    assert shares["tier_A"] == pytest.approx(10 / 11)
    assert shares["sound"] == pytest.approx(6 / 11)


def test_flags_and_tiers_each_add_up_to_the_whole(panel, estimate):
    shares = quality_shares(cells_used([estimate], panel, TIERS), ["variable"])
    for parts in (["observed", "derived", "flagged"], ["tier_A", "tier_B", "tier_C"]):
        assert shares[parts].sum(axis=1).to_numpy() == pytest.approx(1.0)


def test_a_cell_that_is_set_aside_is_never_used(panel, make_fit):
    fit = replace(make_fit(SPEC), sample=panel.data.index, nobs=4)
    uses = cells_used([Estimate(SPEC, fit)], panel, TIERS)
    assert "pasted" not in set(uses["flag"])
    assert uses.loc[uses["variable"] == "population", "uses"].sum() == 3


def test_event_studies_other_vintages_and_what_was_not_estimated_are_left_out(panel, estimate):
    fit = estimate.fit
    others = [
        Estimate(SPEC.but(design="event_study"), fit),
        Estimate(SPEC.but(sample=Sample(vintage="constant")), fit),
        Estimate(SPEC, None, "needs a synthetic source"),
    ]
    uses = cells_used(others, panel, TIERS)
    assert uses.empty
    assert list(uses.columns) == list(cells_used([estimate], panel, TIERS).columns)


def test_equations_of_one_outcome_are_told_apart(panel, estimate):
    second = Estimate(SPEC.but(fixed_effects=("city", "province:year")), estimate.fit)
    shares = quality_shares(cells_used([estimate, second], panel, TIERS), ["outcome"])
    assert shares.loc["ln_gdp_pc_real", "equations"] == 2
    assert shares.loc["ln_gdp_pc_real", "cells"] == 22


def test_a_source_without_a_tier_is_named(panel, estimate):
    with pytest.raises(DataError, match="tier is known of the source 'other'"):
        cells_used([estimate], panel, {"macro": "A", "pilots": "A", "prices": "A"})


def test_cells_of_other_years_are_left_out_but_for_attributes_of_cities(panel):
    kept = within_years(panel).cells
    assert 1999 not in set(kept["year"])
    assert "pilot_first_year" in set(kept["variable"])


def test_two_sources_stand_side_by_side_where_both_have_a_value(panel):
    data = panel.data.assign(gdp_policies=[1.0, 3.0, None, None])
    table = pd.DataFrame(
        {"first": ["gdp", "so2"], "second": ["gdp_policies", "so2_gpi"], "n": [2, 0]}
    )
    both = side_by_side(replace(panel, data=data), table)
    assert both["value_first"].tolist() == [2.0, 2.0]
    assert both["value_second"].tolist() == [1.0, 3.0]
    assert side_by_side(panel, table[table["n"] == 0]).empty
