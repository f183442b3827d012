"""A declared space of choices: drawn, grouped, run, and equal to refits."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from urbanecon.errors import EstimationError, MissingColumnError, UnknownNameError
from urbanecon.estimation.choice_space import Equation, Space, tasks_of
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.multiverse import run_multiverse, run_unit, units

CONTROLS = ("a", "b", "c")
EFFECTS = {
    "city+year": ("city", "year"),
    "city+region:year": ("city", "region:year"),
    "city+province:year": ("city", "province:year"),
}
CHOICES = {
    "outcome": ("y", "w"),
    "frame": ("all cells", "clean cells"),
    "sample": ("all", "no_first", "small", "no_p2"),
    "years": ("all", "from_2007"),
    "fixed_effects": tuple(EFFECTS),
    "cluster": ("city", "province"),
}


def equation(options: Mapping[str, str]) -> Equation:
    return Equation(
        frame=options["frame"],
        outcome=options["outcome"],
        treatment="x",
        effects=EFFECTS[options["fixed_effects"]],
        cluster=options["cluster"],
        first_year=2007 if options["years"] == "from_2007" else None,
        sample="" if options["sample"] == "all" else options["sample"],
    )


def synthetic(seed: int) -> dict[str, pd.DataFrame]:
    """Return two variants of a synthetic panel; the second lacks a tenth of the cells."""
    rng = np.random.default_rng(seed)
    names = [f"{i:06d}" for i in range(40)]
    index = pd.MultiIndex.from_product([names, range(2005, 2013)], names=["city", "year"])
    data = pd.DataFrame(rng.normal(size=(len(index), 6)), index, ["y", "w", "x", *CONTROLS])
    data["y"] += 0.4 * data["x"] + data["a"]
    cities = index.get_level_values("city").astype(int)
    data["province"] = [f"p{city // 5}" for city in cities]
    data["region"] = [f"r{city // 20}" for city in cities]
    data["no_first"] = cities > 0
    data["small"] = cities % 2 == 0
    data["no_p2"] = data["province"] != "p2"
    clean = data.copy()
    clean["y"] = clean["y"].mask(rng.random(len(data)) < 0.1)
    clean["b"] = clean["b"].mask(rng.random(len(data)) < 0.05)
    return {"all cells": data, "clean cells": clean}


SPACE = Space(CHOICES, CONTROLS, equation)
FRAMES = synthetic(0)


@pytest.fixture(scope="module")
def everything() -> pd.DataFrame:
    return run_multiverse(SPACE, FRAMES)


def refit(frames: dict[str, pd.DataFrame], row: pd.Series) -> tuple[float, float, int]:
    asked = equation(row)
    data = frames[asked.frame].dropna()
    data = data[data.index.get_level_values("year") >= (asked.first_year or 0)]
    data = data[data[asked.sample]] if asked.sample else data
    kept = [name for name in CONTROLS if row[name]]
    fit = fixed_effects(
        data, asked.outcome, ["x", *kept], asked.effects, f"cluster({asked.cluster})"
    )
    return float(fit.params["x"]), float(np.sqrt(fit.vcov.loc["x", "x"])), fit.nobs


def test_the_whole_space_is_run_once_each(everything: pd.DataFrame) -> None:
    assert len(everything) == SPACE.specs == 2 * 2 * 4 * 2 * 3 * 2 * 8
    assert not everything.duplicated([*CHOICES, *CONTROLS]).any()
    assert (everything["reason"] == "").all()


def test_fifty_random_specifications_equal_refits(everything: pd.DataFrame) -> None:
    # a row without any of the variables of the frame is dropped in both: y is in all of them
    own = everything[everything["outcome"] == "y"]
    for place in np.random.default_rng(3).choice(len(own), 50, replace=False):
        row = own.iloc[place]
        estimate, se, nobs = refit(FRAMES, row)
        np.testing.assert_allclose((row["estimate"], row["se"]), (estimate, se), rtol=1e-10)
        assert row["n"] == nobs


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(1, 10_000))
def test_random_panels_and_draws_equal_refits(seed: int) -> None:
    frames = synthetic(seed)
    table = run_multiverse(SPACE.only(outcome="y"), frames, specs=6, per_world=2, seed=seed)
    for _, row in table.iterrows():
        np.testing.assert_allclose(
            (row["estimate"], row["se"]), refit(frames, row)[:2], rtol=1e-10
        )


def test_specifications_of_the_same_rows_share_passes(everything: pd.DataFrame) -> None:
    assert everything.attrs["worlds"] == SPACE.worlds == 192
    assert everything.attrs["passes"] < everything.attrs["worlds"]
    narrow = SPACE.only(frame="all cells", years="all", fixed_effects="city+year", cluster="city")
    assert run_multiverse(narrow, FRAMES).attrs["passes"] == 1


def test_a_part_is_the_same_part_for_the_same_seed_and_has_the_numbers_of_the_whole(
    everything: pd.DataFrame,
) -> None:
    part = run_multiverse(SPACE, FRAMES, specs=60, per_world=4, seed=5)
    pd.testing.assert_frame_equal(
        part, run_multiverse(SPACE, FRAMES, specs=60, per_world=4, seed=5)
    )
    assert len(part) == part.attrs["specs"] == 60
    assert part.attrs["worlds"] == 15
    assert (part.attrs["seed"], part.attrs["per_world"]) == (5, 4)
    assert part.attrs["space"] == SPACE.specs
    both = part.merge(everything, on=[*CHOICES, *CONTROLS], suffixes=("", "_whole"))
    assert len(both) == 60
    np.testing.assert_allclose(both["estimate"], both["estimate_whole"], rtol=1e-10)
    np.testing.assert_allclose(both["se"], both["se_whole"], rtol=1e-10)


def test_another_seed_draws_another_part() -> None:
    one, other = (run_multiverse(SPACE, FRAMES, specs=20, seed=s) for s in (1, 2))
    assert not one[list(CHOICES)].equals(other[list(CHOICES)])


def test_the_order_of_the_rows_does_not_matter() -> None:
    mixed = {name: frame.sample(frac=1, random_state=1) for name, frame in FRAMES.items()}
    one, other = (run_multiverse(SPACE, f, specs=40, seed=1) for f in (FRAMES, mixed))
    np.testing.assert_allclose(one["estimate"], other["estimate"], rtol=1e-12)


def test_units_can_be_run_by_any_map_in_any_order() -> None:
    backwards = run_multiverse(
        SPACE, FRAMES, specs=40, map_=lambda f, given: [f(u) for u in [*given][::-1]]
    )
    pd.testing.assert_frame_equal(backwards, run_multiverse(SPACE, FRAMES, specs=40))


def test_units_and_results_travel_to_other_processes() -> None:
    with ProcessPoolExecutor(2) as pool:
        abroad = run_multiverse(SPACE, FRAMES, specs=40, map_=pool.map)
    pd.testing.assert_frame_equal(abroad, run_multiverse(SPACE, FRAMES, specs=40))


def test_a_unit_holds_the_columns_it_needs_and_no_gap() -> None:
    tasks = tasks_of(SPACE.only(fixed_effects="city+year", cluster="city"), 8, 4, 0)
    for unit in units(tasks, FRAMES, CONTROLS):
        assert "region" not in unit.data
        assert not unit.data.isna().any(axis=None)
        assert run_unit(unit).table["estimate"].notna().all()


def test_a_world_without_rows_or_variation_has_its_reason_and_the_rest_runs() -> None:
    frames = {name: frame.copy() for name, frame in FRAMES.items()}
    frames["clean cells"]["w"] = np.nan
    still = frames["all cells"].groupby("city")["y"].transform("first")
    frames["all cells"]["y"] = still
    table = run_multiverse(SPACE.only(sample=["all", "small"], cluster="city"), frames)
    empty = (table["frame"] == "clean cells") & (table["outcome"] == "w")
    flat = (table["frame"] == "all cells") & (table["outcome"] == "y")
    assert table.loc[empty, "reason"].str.contains("no row has w, x and every control").all()
    assert table.loc[flat, "reason"].str.contains("'y' does not vary within the effects").all()
    assert table.loc[empty | flat, "estimate"].isna().all()
    assert table.loc[~(empty | flat), "estimate"].notna().all()


def test_a_sample_of_one_cluster_has_its_reason() -> None:
    frames = {name: f.assign(small=f["province"] == "p1") for name, f in FRAMES.items()}
    table = run_multiverse(
        SPACE.only(sample="small", cluster="province", fixed_effects="city+year"), frames
    )
    assert table["reason"].str.contains("one cluster of 'province'").all()


def test_infinite_values_are_named() -> None:
    frames = {name: frame.copy() for name, frame in FRAMES.items()}
    frames["all cells"].loc[("000003", 2009), "y"] = np.inf
    with pytest.raises(EstimationError, match="'y' is infinite at city 000003, year 2009"):
        run_multiverse(SPACE.only(frame="all cells", outcome="y"), frames)


def test_an_absent_frame_or_column_gets_a_suggestion() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'all cell'"):
        run_multiverse(SPACE.only(frame="all cells"), {"all cell": FRAMES["all cells"]})
    short = {name: frame.rename(columns={"a": "aa"}) for name, frame in FRAMES.items()}
    with pytest.raises(MissingColumnError, match="no column 'a'"):
        run_multiverse(SPACE, short)
