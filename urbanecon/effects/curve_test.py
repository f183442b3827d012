"""The curve of the pilots tested as a whole, by permuting adoption paths."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from urbanecon.cleaning.divisions import load_divisions
from urbanecon.effects.choices import FIRST_YEARS, equation_of, space_of
from urbanecon.effects.controls import NAMES
from urbanecon.errors import NotEstimableError
from urbanecon.estimation.choice_space import Equation
from urbanecon.estimation.curve_inference import JointTest, joint_tests
from urbanecon.estimation.curve_paths import PathUnit, permuted_paths, run_paths
from urbanecon.estimation.multiverse import keys_of, rows_of
from urbanecon.estimation.sample import Mask

SPECS, DRAWS = 200, 500
"""Specifications of the curve that is permuted, and permutations (Simonsohn et al. use 500)."""

Map = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]


def joint_inference(
    table: pd.DataFrame,
    frames: Mapping[str, pd.DataFrame],
    *,
    specs: int = SPECS,
    draws: int = DRAWS,
    seed: int = 0,
    within: str | None = None,
    map_: Map = map,
) -> tuple[tuple[JointTest, ...], pd.DataFrame]:
    """Test the curve of the pilots as a whole by permuting adoption paths.

    Only treatments with an adoption path can be permuted: a random part of the
    specifications with these that were estimated.

    Parameters
    ----------
    table
        What `robustness.run_effect` returns, without contested controls.
    frames
        What it was run on.
    specs
        Specifications drawn from the table; all if there are fewer.
    draws, seed
        Permutations of whole paths between cities; seed of both draws.
    within
        "province" or "region" to permute inside of these only.
    map_
        Applies `curve_paths.run_path_unit` to the units.

    Returns
    -------
    tests
        Median, share significant and Stouffer's Z.
    rows
        The specifications of the curve, rows of `table`, with `again`, their
        estimates as computed for the test.

    Raises
    ------
    NotEstimableError
        No specification with an adoption path was estimated.
    """
    pool = table[table["treatment"].isin(FIRST_YEARS)]
    pool = pool[pool["estimate"].notna() & (pool["se"] > 0)]
    if pool.empty:
        raise NotEstimableError("no specification of an adopted treatment has an estimate")
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.choice(len(pool), min(specs, len(pool)), replace=False))
    rows = pool.iloc[chosen]
    paths = {
        name: _paths(frames, column, draws=draws, seed=seed, within=within)
        for name, column in FIRST_YEARS.items()
    }
    units, order = _units(rows, table.attrs["effect"], frames, paths)
    rows = rows.iloc[order]
    curves = run_paths(units, map_)
    tests = joint_tests(curves, rows["expected_sign"].tolist())
    return tests, rows.assign(again=curves.estimate[0])


def _paths(
    frames: Mapping[str, pd.DataFrame],
    column: str,
    *,
    draws: int,
    seed: int,
    within: str | None,
) -> pd.DataFrame:
    """Draws over the cities that have every control in some variant.

    The roster does not depend on the column, so that either first year of the
    pilots is permuted alike.
    """
    known = [f.loc[f[list(NAMES)].notna().all(axis=1), column] for f in frames.values()]
    first = pd.concat(known).groupby(level="city").first()
    strata = load_divisions()[within] if within else None
    return permuted_paths(first, draws, seed, strata)


def _units(
    rows: pd.DataFrame,
    effect: str,
    frames: Mapping[str, pd.DataFrame],
    paths: Mapping[str, pd.DataFrame],
) -> tuple[list[PathUnit], list[int]]:
    """Work units, and which row each of their specifications is, in order."""
    groups: dict[tuple[object, ...], list[tuple[int, Equation, tuple[str, ...]]]] = {}
    masks: dict[tuple[object, ...], Mask] = {}
    choices = list(space_of(effect).choices)
    for place, row in enumerate(rows.to_dict("records")):
        equation = equation_of(effect, {name: str(row[name]) for name in choices})
        mask = rows_of(equation, frames[equation.frame], NAMES)
        digest = hashlib.sha256(np.packbits(mask).tobytes()).hexdigest()
        alike = (equation.frame, equation.treatment, equation.effects, equation.cluster, digest)
        controls = tuple(name for name in NAMES if row[name])
        groups.setdefault(alike, []).append((place, equation, controls))
        masks[alike] = mask
    units = []
    for shared, members in groups.items():
        first = members[0][1]
        frame = frames[first.frame]
        columns = dict.fromkeys([*(e.outcome for _, e, _ in members), *NAMES])
        columns |= dict.fromkeys(keys_of(replace(first, sample=""), frame))
        units.append(
            PathUnit(
                data=frame.loc[masks[shared], list(columns)],
                paths=paths[first.treatment],
                specs=tuple((e.outcome, own) for _, e, own in members),
                effects=first.effects,
                cluster=first.cluster,
            )
        )
    return units, [place for members in groups.values() for place, _, _ in members]
