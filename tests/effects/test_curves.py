"""The multiverse of every row: which rows, and in how many processes."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from urbanecon.effects import CLAIMS, curves
from urbanecon.effects.criteria import CRITERIA
from urbanecon.effects.robustness import run_effect
from urbanecon.errors import NotEstimableError, SourceMissingError
from urbanecon.steps import processes


def test_every_row_with_a_verdict_is_run_once_effects_first(monkeypatch) -> None:
    for name in ("panel_variants", "groups", "places_of"):
        monkeypatch.setattr(curves, name, lambda *_: {})
    monkeypatch.setattr(curves, "curve_of", lambda row, **_: (row, {}))
    made = list(curves.curves(SimpleNamespace(data=None)))
    rows = [row for row, _ in made]
    assert rows == [row for row, (specifications, _) in made if specifications == row]
    assert rows[: len(CLAIMS)] == list(CLAIMS)
    assert sorted(rows) == sorted({*CLAIMS, *CRITERIA})


def test_without_boundary_changes_it_says_which_source_is_missing(monkeypatch) -> None:
    def gone() -> None:
        raise SourceMissingError("'boundary_changes' is not here")

    monkeypatch.setattr(curves, "groups", gone)
    with pytest.raises(NotEstimableError, match="'boundary_changes'"):
        next(curves.curves(SimpleNamespace(data=None)))


def test_several_processes_give_the_numbers_of_one(variants: dict[str, pd.DataFrame]) -> None:
    run = partial(run_effect, frames=variants, specs=100, per_world=5, seed=2)
    with processes() as map_:
        others = list(map_(run, ["E1", "E3"]))
    for effect, other in zip(["E1", "E3"], others, strict=True):
        assert_frame_equal(run(effect), other, check_exact=True)
        assert other.attrs["effect"] == effect
