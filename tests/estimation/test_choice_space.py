"""A space of choices, as data: numbered, narrowed, and drawn from."""

from __future__ import annotations

import numpy as np
import pytest

from urbanecon.errors import EstimationError, UnknownNameError
from urbanecon.estimation.choice_space import Equation, Options, Space, tasks_of

CONTROLS = ("a", "b", "c")
CHOICES = {"sample": ("all", "no_first", "small"), "cluster": ("city", "province")}


def equation(options: Options) -> Equation:
    sample = "" if options["sample"] == "all" else options["sample"]
    return Equation("panel", "y", "x", cluster=options["cluster"], sample=sample)


SPACE = Space(CHOICES, CONTROLS, equation)


def test_worlds_are_numbered_from_the_main_one_and_each_is_another() -> None:
    worlds = [SPACE.world(number) for number in range(SPACE.worlds)]
    assert worlds[0] == {"sample": "all", "cluster": "city"}
    assert len({tuple(world.items()) for world in worlds}) == SPACE.worlds == 6
    assert SPACE.specs == 48


def test_a_space_can_be_held_to_some_options() -> None:
    narrow = SPACE.only(sample=["small", "all"], cluster="city")
    assert narrow.choices == {"sample": ("small", "all"), "cluster": ("city",)}
    assert SPACE.worlds == 6


def test_all_of_it_is_every_subset_in_every_world() -> None:
    tasks = tasks_of(SPACE, None, 1, 0)
    assert [task.world for task in tasks] == list(range(6))
    assert all(task.subsets.shape == (8, 3) for task in tasks)
    assert [len(t.subsets) for t in tasks_of(SPACE, 1000, 1, 0)] == [8] * 6


def test_a_draw_has_no_world_and_no_subset_twice() -> None:
    tasks = tasks_of(SPACE, 16, 4, 3)
    assert len({task.world for task in tasks}) == len(tasks) == 4
    for task in tasks:
        assert len(np.unique(task.subsets, axis=0)) == 4


def test_every_specification_has_the_same_chance_to_be_drawn() -> None:
    count = np.zeros((6, 8))
    for seed in range(2000):
        for task in tasks_of(SPACE, 4, 2, seed):
            count[task.world, task.subsets @ (4, 2, 1)] += 1
    assert count.sum() == 8000
    # 48 specifications, each expected 167 times with a standard deviation of 12.4
    assert np.abs(count - 8000 / 48).max() < 5 * 12.4


def test_an_empty_space_is_refused() -> None:
    with pytest.raises(EstimationError, match="'sample' has no option"):
        Space({**CHOICES, "sample": ()}, CONTROLS, equation)
    with pytest.raises(EstimationError, match="at least one choice"):
        Space({}, CONTROLS, equation)
    with pytest.raises(EstimationError, match="nothing to run"):
        tasks_of(SPACE, 0, 10, 0)


def test_a_misspelt_choice_or_option_gets_a_suggestion() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'sample'"):
        SPACE.only(sampel="all")
    with pytest.raises(UnknownNameError, match="Did you mean 'no_first'"):
        SPACE.only(sample="no_frist")
