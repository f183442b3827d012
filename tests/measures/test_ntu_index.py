"""The index of new-type urbanization: what counts, which way, and what is left out for whom.

All panels here are synthetic.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.cleaning.codebook import load_codebook
from urbanecon.cleaning.panel import Panel
from urbanecon.effects import CLAIMS
from urbanecon.errors import UnknownNameError
from urbanecon.measures.ntu_index import (
    DIMENSION_OF,
    DIMENSIONS,
    INPUTS,
    PARTS,
    column,
    fit_ntu_index,
    indicators_of,
    version_for,
    with_ntu_index,
)

EMPTY = pd.DataFrame(columns=["city", "year", "variable", "value", "source", "raw", "flag"])


def panel_of(data: pd.DataFrame) -> Panel:
    return Panel(data=data, provinces=pd.DataFrame(), cells=EMPTY)


@pytest.fixture
def data() -> pd.DataFrame:
    """Forty cities in five years, every input present and positive."""
    rng = np.random.default_rng(20)
    index = pd.MultiIndex.from_product(
        [[f"{code}00" for code in range(3301, 3341)], range(2008, 2013)], names=["city", "year"]
    )
    columns = {name: rng.uniform(1.0, 2.0, len(index)) for name in INPUTS}
    columns |= {
        "urban_share_benchmarked": rng.uniform(0.2, 0.9, len(index)),
        "citizenization": rng.uniform(0.5, 1.4, len(index)),
    }
    return pd.DataFrame(columns, index=index)


def test_the_index_has_six_dimensions_and_every_indicator_a_reason() -> None:
    assert len(DIMENSIONS) == 6
    assert all(part.reason for part in PARTS)
    assert {part.name for part in PARTS if not part.positive} == {
        "ln_co2_per_gdp", "ln_urban_rural_ratio",
    }  # fmt: skip


def test_inputs_and_columns_are_in_the_codebook() -> None:
    assert set(INPUTS) <= set(load_codebook())
    assert {column(), *(column(name) for name in DIMENSIONS)} <= set(load_codebook())


def test_every_city_level_outcome_of_the_claims_has_its_dimension() -> None:
    outcomes = {o.variable for c in CLAIMS.values() for o in c.outcomes if o.unit == "city"}
    assert outcomes <= set(DIMENSION_OF)
    assert set(DIMENSION_OF.values()) <= set(DIMENSIONS)


def test_an_outcome_that_is_an_indicator_is_never_explained_by_itself() -> None:
    for part in PARTS:
        for name in part.inputs:
            if name in DIMENSION_OF:
                assert DIMENSION_OF[name] == part.dimension


def test_an_outcome_is_explained_by_the_index_without_its_own_dimension() -> None:
    assert version_for("ln_pm25_chap") == "ntu_index_without_ecology"
    with pytest.raises(UnknownNameError, match="Did you mean 'ln_so2'"):
        version_for("ln_so22")


def test_a_better_indicator_raises_the_score_and_a_worse_one_lowers_it(data: pd.DataFrame) -> None:
    before = with_ntu_index(panel_of(data)).data["ntu_index"]
    assert before.between(0, 1).all()
    city = data.index[7]
    for name, sign in (("urban_share_benchmarked", 1), ("ln_urban_rural_ratio", -1)):
        middle = data[name].median()
        low, high = data.copy(), data.copy()
        low.loc[city, name], high.loc[city, name] = middle * 0.99, middle * 1.01
        scores = [with_ntu_index(panel_of(d)).data.loc[city, "ntu_index"] for d in (low, high)]
        assert sign * (scores[1] - scores[0]) > 0


def test_a_row_that_lacks_an_indicator_has_no_score_and_nothing_is_filled(
    data: pd.DataFrame,
) -> None:
    data.loc[data.index[3], "npp"] = np.nan
    data.loc[data.index[5], "land_urban"] = 0.0  # has no logarithm
    scores = with_ntu_index(panel_of(data)).data["ntu_index"]
    assert list(scores.index[scores.isna()]) == [data.index[3], data.index[5]]


def test_registration_counts_up_to_one(data: pd.DataFrame) -> None:
    assert indicators_of(data)["registered"].max() == 1.0


def test_a_version_without_a_dimension_does_not_move_with_it(data: pd.DataFrame) -> None:
    changed = data.assign(npp=data["npp"] ** 2)
    one, other = (with_ntu_index(panel_of(d)).data for d in (data, changed))
    without = column("ecology")
    np.testing.assert_allclose(one[without], other[without], rtol=1e-12)
    assert (one["ntu_index"] - other["ntu_index"]).abs().max() > 1e-3


def test_versions_rest_on_the_same_rows_and_their_weights_sum_to_one(data: pd.DataFrame) -> None:
    data.loc[data.index[:10], "npp"] = np.nan
    complete = indicators_of(data)
    for dimension in (None, *DIMENSIONS):
        fitted = fit_ntu_index(complete, without=dimension)
        assert fitted.nobs == len(data) - 10
        assert abs(fitted.weights.sum() - 1) < 1e-12
        assert dimension not in fitted.dimension_weights


def test_the_order_of_rows_changes_nothing(data: pd.DataFrame) -> None:
    straight = with_ntu_index(panel_of(data)).data["ntu_index"]
    shuffled = with_ntu_index(panel_of(data.sample(frac=1, random_state=1))).data["ntu_index"]
    pd.testing.assert_series_equal(shuffled.reindex(straight.index), straight, rtol=1e-14)


def test_an_unknown_dimension_is_named_with_the_closest(data: pd.DataFrame) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'ecology'"):
        fit_ntu_index(indicators_of(data), without="ecologi")


def test_a_panel_without_an_input_is_returned_without_the_index(data: pd.DataFrame) -> None:
    assert "ntu_index" not in with_ntu_index(panel_of(data.drop(columns="npp"))).data


def test_a_panel_without_a_complete_row_has_an_empty_index(data: pd.DataFrame) -> None:
    empty = with_ntu_index(panel_of(data.assign(npp=np.nan))).data
    assert empty["ntu_index"].isna().all()


def test_the_lineage_of_a_score_leads_to_its_inputs(data: pd.DataFrame) -> None:
    panel = with_ntu_index(panel_of(data))
    assert set(panel.raw_inputs(["ntu_index"])) == set(INPUTS)
