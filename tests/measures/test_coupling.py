"""Coupling coordination, and the check of published degrees."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from urbanecon.errors import DataError, UnknownNameError
from urbanecon.measures.coupling import (
    MISUSES,
    check_published,
    check_published_coordination,
    coupling,
)


def systems(*rows):
    return pd.DataFrame(rows, columns=["urbanization", "ecology", "culture"][: len(rows[0])])


def test_two_systems_by_hand():
    u = systems((0.2, 0.8))
    old = coupling(u, degree="traditional").iloc[0]
    assert old["C"] == pytest.approx(2 * np.sqrt(0.16) / 1.0)  # 0.8
    assert old["T"] == pytest.approx(0.5)
    assert old["D"] == pytest.approx(np.sqrt(0.4))
    new = coupling(u).iloc[0]
    assert new["C"] == pytest.approx(np.sqrt((1 - 0.6) * 0.25))
    assert new["D"] == pytest.approx(np.sqrt(np.sqrt(0.1) * 0.5))


def test_three_systems_by_hand():
    u = systems((0.2, 0.4, 0.8))
    old = coupling(u, degree="traditional").iloc[0]
    assert old["C"] == pytest.approx(3 * 0.4 / 1.4)
    new = coupling(u).iloc[0]
    # differences 0.2, 0.6, 0.4 over three pairs; ratios 1/4, 1/2, 1 and the square root
    assert new["C"] == pytest.approx(np.sqrt((1 - 0.4) * np.sqrt(0.125)))


def test_weights_enter_development_and_not_the_degree():
    u = systems((0.2, 0.8))
    plain = coupling(u).iloc[0]
    tilted = coupling(u, weights={"urbanization": 0.75, "ecology": 0.25}).iloc[0]
    assert tilted["C"] == plain["C"]
    assert tilted["T"] == pytest.approx(0.35)


unit = st.floats(0.01, 1)


@given(st.lists(unit, min_size=2, max_size=3), st.sampled_from(["traditional", "modified"]))
def test_bounds_symmetry_and_equality(u, degree):
    frame = systems(tuple(u))
    row = coupling(frame, degree=degree).iloc[0]
    assert ((row > 0) & (row <= 1 + 1e-12)).all()
    mirrored = systems(tuple(u[::-1]))
    assert coupling(mirrored, degree=degree).iloc[0]["C"] == pytest.approx(row["C"])
    equal = coupling(systems((u[0],) * len(u)), degree=degree).iloc[0]
    assert equal["C"] == pytest.approx(1.0)
    assert equal["D"] == pytest.approx(np.sqrt(u[0]))


@given(unit, unit)
def test_the_modified_degree_of_two_systems_never_exceeds_the_traditional(a, b):
    u = systems((a, b))
    assert coupling(u)["C"].iloc[0] <= coupling(u, degree="traditional")["C"].iloc[0] + 1e-12


def test_a_row_with_a_missing_system_has_no_result():
    table = coupling(systems((0.2, np.nan), (0.5, 0.5)))
    assert table.isna().all(axis=1).tolist() == [True, False]


@pytest.mark.parametrize(
    ("row", "misuse"),
    [
        ((0.0, 0.5), "system 'urbanization' is zero: the model does not hold"),
        ((-0.1, 0.5), "is negative: standardised scores"),
        ((0.5, 1.2), "system 'ecology' exceeds one"),
    ],
)
def test_systems_outside_the_unit_interval_are_refused_by_name(row, misuse):
    with pytest.raises(DataError, match=misuse):
        coupling(systems((0.5, 0.5), row))


@pytest.mark.parametrize(
    ("weights", "misuse"),
    [
        ({"urbanization": 0.5, "ecology": 0.6}, "misused weights: .*found a sum of 1.1"),
        ({"urbanization": 1.5, "ecology": -0.5}, "must be positive"),
        ({"urbanization": 0.5, "economy": 0.5}, "given for"),
    ],
)
def test_misused_weights_are_refused(weights, misuse):
    with pytest.raises(DataError, match=misuse):
        coupling(systems((0.5, 0.5)), weights=weights)


def test_one_system_alone_or_an_unknown_degree_is_refused():
    with pytest.raises(DataError, match="two systems or more"):
        coupling(pd.DataFrame({"urbanization": [0.5]}))
    with pytest.raises(UnknownNameError, match="Did you mean 'modified'"):
        coupling(systems((0.5, 0.5)), degree="modifed")


THREE = systems((0.2, 0.4, 0.8), (0.3, 0.3, 0.9), (0.6, 0.5, 0.7))
TWO = THREE.iloc[:, :2]
PUBLISHED = {
    "lost coefficient": lambda u: u.prod(axis=1) ** (1 / 3) / u.sum(axis=1),
    "lost root": lambda u: u.prod(axis=1) / (u.sum(axis=1) / 3) ** 3,
    "lost coefficient and root": lambda u: u.prod(axis=1) / u.sum(axis=1) ** 3,
    "pairwise product": lambda u: (
        (
            u.prod(axis=1)
            / ((u.iloc[:, 0] + u.iloc[:, 1]) * (u.iloc[:, 0] + u.iloc[:, 2]))
            / (u.iloc[:, 1] + u.iloc[:, 2])
        )
        ** (1 / 3)
    ),
}


@pytest.mark.parametrize("misuse", PUBLISHED)
def test_published_misuses_are_recognised_from_rounded_values(misuse):
    values = PUBLISHED[misuse](THREE).round(4)
    check = check_published(values, THREE)
    assert check.matches == (misuse,)
    assert check.verdict == f"misuse: {MISUSES[misuse]}"


def test_a_lost_root_with_two_systems_is_recognised():
    """C = U1 U2 / [(U1 + U2)/2]^2, the square root forgotten."""
    values = TWO.prod(axis=1) / (TWO.sum(axis=1) / 2) ** 2
    assert check_published(values, TWO).matches == ("lost root",)


def test_correct_values_are_called_correct():
    for degree in ("traditional", "modified"):
        check = check_published(coupling(THREE, degree=degree)["C"].round(4), THREE)
        assert check.matches == (degree,)
        assert check.verdict == f"the {degree} coupling degree, correctly computed"


def test_values_from_nowhere_are_called_so_with_the_nearest_formula():
    check = check_published([0.11, 0.72, 0.35], THREE)
    assert check.matches == ()
    assert check.verdict.startswith("no known formula; the nearest")


def test_published_values_must_match_the_rows():
    with pytest.raises(DataError, match="2 coupling values for 3 rows"):
        check_published([0.1, 0.2], THREE)
    with pytest.raises(DataError, match="needs every coupling value"):
        check_published([0.1, np.nan, 0.2], THREE)


def test_published_coordination_is_traced_to_a_lost_root_or_to_wrong_weights():
    weights = {"urbanization": 0.5, "ecology": 0.3, "culture": 0.2}
    table = coupling(THREE, weights=weights)
    good = check_published_coordination(table["D"], table["C"], THREE, weights)
    assert good.verdict == "D follows as: correct"
    lost = check_published_coordination(table["C"] * table["T"], table["C"], THREE, weights)
    assert lost.matches == ("lost root of D",)
    ones = dict.fromkeys(weights, 1.0)
    summed = np.sqrt(table["C"] * THREE.sum(axis=1))
    wrong = check_published_coordination(summed, table["C"], THREE, ones)
    assert "misused weights: they sum to 3, not to one" in wrong.verdict


# Wang et al. (2021), Table 8: traditional and modified C of 13 cities, 2008 and 2010.
TRADITIONAL = """
0.9989 0.9935 0.8868 0.9073 0.6821 0.8328 0.6816 0.7789 0.6871 0.6101 0.8017 0.7867 0.7191
0.9999 0.9920 0.9071 0.9224 0.6957 0.8309 0.7044 0.7992 0.7556 0.6212 0.8277 0.7707 0.7109
"""
MODIFIED = """
0.9404 0.8660 0.5440 0.5769 0.3006 0.4780 0.3344 0.4171 0.3278 0.2700 0.4374 0.4196 0.3738
0.9835 0.8497 0.5659 0.5942 0.3041 0.4593 0.3385 0.4245 0.3857 0.2533 0.4574 0.3908 0.3529
"""


def table_8():
    """Return both degrees, and the ratio of the smaller to the larger system they imply."""
    old, new = np.array(TRADITIONAL.split(), float), np.array(MODIFIED.split(), float)
    ratio = ((1 - np.sqrt(1 - old**2)) / old) ** 2
    return old, new, ratio


def test_the_published_table_is_reproduced_from_systems_within_the_unit_interval():
    """Both degrees determine two systems; they lie in (0, 1] and give both degrees back."""
    old, new, ratio = table_8()
    larger = (1 - new**2 / ratio) / (1 - ratio)
    assert ((larger > 0) & (larger <= 1)).all()
    u = pd.DataFrame({"economy": larger, "ecology": ratio * larger})
    assert coupling(u)["C"].to_numpy() == pytest.approx(new, abs=1e-12)
    assert check_published(old, u).matches == ("traditional",)


def test_the_published_table_rules_out_the_undivided_product():
    """With prod U / max U, the smaller system, C^2 = (1 - M (1 - q)) q M <= q / [4 (1 - q)]."""
    _, new, ratio = table_8()
    best = np.minimum(1.0, 1 / (2 * (1 - ratio)))
    largest = (1 - best * (1 - ratio)) * ratio * best
    assert (new**2 > largest + 1e-3).sum() >= 20
