"""Paths of treatments, who may exchange them, and the ways to hand them out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import DataError, EstimationError
from urbanecon.estimation.randomization_paths import Paths, assignments, treatment_paths

YEARS = pd.Index(range(2005, 2010), name="year")


def paths_of(table, strata=None, seen=None, exchange="all"):
    """Read paths from a table of units by years; NaN is not known."""
    values = pd.DataFrame(table, columns=YEARS).rename_axis("city")
    seen = values.notna().to_numpy() if seen is None else seen
    strata = pd.Series(["all"] * len(values) if strata is None else strata)
    return treatment_paths(
        values.stack().rename("pilot"), values.index, YEARS, seen, strata, exchange=exchange
    )


NAN = np.nan
EARLY, LATE, NEVER = [0, 0, 1, 1, 1], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0]


def test_equal_paths_are_one_path():
    paths = paths_of([EARLY, LATE, EARLY, NEVER])
    assert paths.by_period.tolist() == [NEVER, LATE, EARLY]
    assert paths.of.tolist() == [2, 1, 2, 0]
    assert paths.count == 12


def test_adoption_is_extended_beyond_the_years_in_which_it_is_known():
    paths = paths_of([[NAN, 0, 1, NAN, NAN], [0, 0, 0, NAN, NAN], LATE, NEVER])
    assert paths.by_period[paths.of].tolist() == [EARLY, NEVER, LATE, NEVER]
    assert paths.extended == 2


def test_a_unit_treated_when_first_seen_has_no_known_start():
    with pytest.raises(EstimationError, match=r"'pilot' of city 1 is not known in 2005"):
        paths_of([NEVER, [NAN, 1, 1, 1, 1], LATE])


def test_what_may_be_taken_back_is_never_extended():
    with pytest.raises(EstimationError, match=r"city 1 is not known in 2009.*same years"):
        paths_of([EARLY, [0.2, 0.1, 0.3, 0.5, NAN], LATE])
    with pytest.raises(EstimationError, match=r"city 0 is not known in 2009"):
        paths_of([[0, 1, 0, 0, NAN], EARLY, LATE])


def test_no_extension_is_needed_where_no_neighbour_is_seen():
    table = [[0.1, 0.2, NAN, NAN, NAN], [0.4, 0.3, NAN, NAN, NAN], EARLY, LATE]
    paths = paths_of(table, ["east", "east", "west", "west"])
    assert paths.by_period[paths.of][:2, :2].tolist() == [[0.1, 0.2], [0.4, 0.3]]
    assert paths.count == 4


def test_paths_move_between_units_seen_in_the_same_years():
    table = [[0.1, 0.2, 0.3, NAN, NAN], [0.5, 0.1, 0.2, NAN, NAN], [0.3] * 5, [0.4] * 5, [1.0] * 5]
    paths = paths_of(table, exchange="same years")
    assert sorted(map(len, paths.groups)) == [2, 3]
    drawn, enumerated = assignments(paths, 100, 0)
    assert enumerated
    assert len(drawn) == 12
    assert {tuple(sorted(row[:2])) for row in drawn.tolist()} == {tuple(sorted(paths.of[:2]))}


def test_all_assignments_are_taken_once_when_there_are_no_more_than_asked():
    paths = paths_of([EARLY, LATE, NEVER, NEVER, EARLY, NEVER], list("aaabbb"))
    drawn, enumerated = assignments(paths, 18, 0)
    assert enumerated
    assert paths.count == 18
    assert len(np.unique(drawn, axis=0)) == 18
    assert any(np.array_equal(row, paths.of) for row in drawn)
    for members in paths.groups:
        assert np.array_equal(np.sort(drawn[:, members], axis=1)[0], np.sort(paths.of[members]))
    assert not assignments(paths, 17, 0)[1]


def test_random_assignments_stay_within_strata_and_are_uniform():
    paths = paths_of([EARLY, LATE, NEVER] * 6, list("aaaaaaaaabbbbbbbbb"))
    drawn, enumerated = assignments(paths, 6_000, 1)
    assert not enumerated
    for members in paths.groups:
        assert (np.sort(drawn[:, members], axis=1) == np.sort(paths.of[members])).all()
    share = (drawn == paths.of[0]).mean(axis=0)
    np.testing.assert_allclose(share, 1 / 3, atol=0.03)


def test_a_seed_gives_the_same_assignments():
    paths = paths_of([EARLY, LATE, NEVER, NEVER] * 5)
    first, _ = assignments(paths, 50, 7)
    assert np.array_equal(first, assignments(paths, 50, np.random.default_rng(7))[0])
    assert not np.array_equal(first, assignments(paths, 50, 8)[0])


def test_strata_that_keep_their_paths_are_named_with_the_reason():
    table = [EARLY, LATE, NEVER, [1] * 5, [1] * 5, NEVER, NEVER, LATE, LATE]
    paths = paths_of(table, ["mixed", "mixed", "lone", "full", "full", "bare", "bare", "s", "s"])
    assert paths.fixed == {
        "bare": "no unit treated",
        "full": "all units treated",
        "lone": "one unit",
        "s": "one path for all",
    }


def test_a_single_assignment_is_refused_with_the_reasons():
    with pytest.raises(EstimationError, match=r"one way only \(no unit treated; one unit\)"):
        paths_of([NEVER, NEVER, EARLY], ["a", "a", "b"])


def test_a_city_and_year_occur_once():
    index = pd.MultiIndex.from_tuples([(1, 2005), (1, 2005), (2, 2005)], names=["city", "year"])
    known = pd.Series([0.0, 1.0, 0.0], index=index, name="pilot")
    with pytest.raises(DataError, match=r"two values at 1, 2005"):
        treatment_paths(
            known, pd.Index([1, 2]), YEARS, np.ones((2, 5), bool), pd.Series(["a"] * 2)
        )


def test_draws_must_be_positive():
    paths = paths_of([EARLY, LATE])
    assert isinstance(paths, Paths)
    with pytest.raises(EstimationError, match="positive"):
        assignments(paths, 0, 0)
