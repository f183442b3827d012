"""What a multiverse says: its middle, its signs, and which choice moves it."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import EstimationError, MissingColumnError, NotEstimableError
from urbanecon.estimation.curve_summary import standardised, summarise, variance_shares

CURVE = pd.DataFrame(
    {
        "estimate": [-1.0, 2.0, 2.0, 4.0, np.nan],
        "se": [0.1, 0.5, 0.5, 4.0, np.nan],
        "p": [0.01, 0.03, 0.03, 0.3, np.nan],
        "n": [90, 90, 90, 80, 0],
        "treatment_sd": [0.5, 0.5, 0.5, 0.5, np.nan],
        "outcome_sd": [2.0, 2.0, 2.0, 2.0, np.nan],
    }
)


def balanced(seed: int = 0) -> tuple[pd.Series, pd.DataFrame]:
    """Return a synthetic full factorial of three choices with known main effects."""
    rows = pd.DataFrame(list(product("abc", "uv", [False, True])), columns=["one", "two", "three"])
    rows = pd.concat([rows] * 5, ignore_index=True)
    noise = np.random.default_rng(seed).normal(0, 0.1, len(rows))
    values = rows["one"].map({"a": 0.0, "b": 1.0, "c": 2.0}) + 0.5 * rows["three"] + noise
    return values, rows


def test_a_curve_in_numbers() -> None:
    found = summarise(CURVE)
    assert (found.specs, found.estimated, found.distinct) == (5, 4, 3)
    assert found.median == pytest.approx(0.5)
    assert found.share_sign == 0.75
    assert (found.share_significant, found.share_against) == (0.5, 0.25)
    assert found.median_p == pytest.approx(0.03)


def test_a_claim_of_a_negative_sign_turns_the_curve() -> None:
    up, down = summarise(CURVE), summarise(CURVE, -1)
    assert down.median == -up.median
    assert (down.share_significant, down.share_against) == (0.25, 0.5)
    assert standardised(CURVE, -1).iloc[0] == pytest.approx(0.25)


def test_the_sign_may_differ_between_rows() -> None:
    assert summarise(CURVE, pd.Series([-1, 1, 1, 1, 1])).share_sign == 1.0


def test_a_curve_without_an_estimate_is_refused() -> None:
    with pytest.raises(NotEstimableError, match="none of the 1 specifications"):
        summarise(CURVE.tail(1))
    with pytest.raises(MissingColumnError, match="Did you mean 'estimates'"):
        summarise(CURVE.rename(columns={"estimate": "estimates"}))


def test_shares_sum_to_one_and_an_idle_choice_has_none() -> None:
    shares = variance_shares(*balanced())
    assert shares.sum() == pytest.approx(1.0)
    assert shares["one"] > 0.8
    assert 0.05 < shares["three"] < 0.15
    assert abs(shares["two"]) < 0.01


def test_in_a_balanced_design_the_shares_are_those_of_the_analysis_of_variance() -> None:
    values, choices = balanced(1)
    shares = variance_shares(values, choices)
    total = ((values - values.mean()) ** 2).sum()
    for name in choices:
        means = values.groupby(choices[name]).transform("mean")
        assert shares[name] == pytest.approx(((means - values.mean()) ** 2).sum() / total)


def test_what_only_two_choices_together_explain_is_interaction() -> None:
    _, choices = balanced()
    sign = np.where(choices["two"] == "u", 1.0, -1.0) * np.where(choices["three"], 1.0, -1.0)
    shares = variance_shares(pd.Series(sign), choices)
    assert shares["interactions"] == pytest.approx(1.0)


def test_columns_of_a_group_are_one_choice() -> None:
    values, choices = balanced()
    shares = variance_shares(values, choices, {"both": ["two", "three"]})
    assert list(shares.index) == ["one", "both", "interactions"]
    alone = variance_shares(values, choices)
    assert shares["both"] == pytest.approx(alone["two"] + alone["three"])


def test_two_copies_of_a_choice_share_what_one_explains() -> None:
    values, choices = balanced()
    shares = variance_shares(values, choices.assign(copy=choices["one"]))
    assert shares["copy"] == pytest.approx(shares["one"], rel=1e-6)
    assert shares["copy"] + shares["one"] == pytest.approx(
        variance_shares(values, choices)["one"], rel=1e-6
    )


def test_missing_estimates_are_left_out_and_row_order_does_not_matter() -> None:
    values, choices = balanced()
    holed = values.mask(np.arange(len(values)) % 7 == 0)
    one = variance_shares(holed, choices)
    order = np.random.default_rng(2).permutation(len(values))
    other = variance_shares(holed.iloc[order], choices.iloc[order])
    pd.testing.assert_series_equal(one, other, rtol=1e-9)


def test_nothing_to_share_out_is_refused() -> None:
    values, choices = balanced()
    with pytest.raises(NotEstimableError, match="do not vary"):
        variance_shares(values * 0, choices)
    with pytest.raises(MissingColumnError, match="Did you mean 'three'"):
        variance_shares(values, choices, {"g": ["tree"]})
    many = pd.DataFrame({f"c{k}": choices["one"] for k in range(15)})
    with pytest.raises(EstimationError, match="at most 14"):
        variance_shares(values, many)
