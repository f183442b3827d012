"""Markov transitions as matrices."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import DataError, MissingColumnError
from urbanecon.plotting.transitions import transition_matrices

P = np.array([[0.9, 0.1, 0.0], [0.2, 0.5, 0.3], [0.0, 0.25, 0.75]])


@pytest.fixture
def moves() -> pd.DataFrame:
    """The same three classes in two periods."""
    rows = [
        {"period": period, "start": i + 1, "end": j + 1, "probability": P[i, j]}
        for period in ("2003–2013", "2014–2023")
        for i, j in np.ndindex(3, 3)
    ]
    return pd.DataFrame(rows).assign(moves=120, ergodic=1 / 3)


@pytest.mark.parametrize(
    ("language", "lowest", "last"), [("en", "lowest", "long run"), ("zh", "最低", "长期")]
)
def test_a_matrix_a_period_with_the_long_run_below(
    moves: pd.DataFrame, language: str, lowest: str, last: str
) -> None:
    figure = transition_matrices(moves, "gdp_pc_real", language=language)  # type: ignore[arg-type]
    titles = [panel.get_title(loc="left") for panel in figure.axes]
    assert titles == ["(a)  2003–2013", "(b)  2014–2023"]
    for panel in figure.axes:
        labels = [tick.get_text() for tick in panel.get_yticklabels()]
        assert labels[0] == lowest
        assert labels[-1] == last
        assert len(panel.patches) == 12


def test_the_cell_says_the_probability_of_leaving_down_and_arriving_across(
    moves: pd.DataFrame,
) -> None:
    panel = transition_matrices(moves, "gdp_pc_real").axes[0]
    at = {text.get_position(): text.get_text() for text in panel.texts}
    assert at[1.5, 0.5] == "10.0%"
    assert at[0.5, 1.5] == "20.0%"
    assert at[2.5, 0.5] == "0"


def test_each_row_says_how_many_moves_it_rests_on(moves: pd.DataFrame) -> None:
    panel = transition_matrices(moves, "gdp_pc_real").axes[0]
    assert [text.get_text() for text in panel.texts].count("120 moves") == 3


def test_a_class_nobody_left_is_hatched(moves: pd.DataFrame) -> None:
    empty = moves["start"] == 2
    moves = moves.assign(
        probability=moves["probability"].mask(empty), moves=moves["moves"].mask(empty, 0)
    )
    panel = transition_matrices(moves, "gdp_pc_real").axes[0]
    assert sum(bool(patch.get_hatch()) for patch in panel.patches) == 3


def test_a_move_that_stands_twice_is_refused(moves: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="more than one row"):
        transition_matrices(pd.concat([moves, moves.head(1)]), "gdp_pc_real")


def test_a_missing_column_is_named(moves: pd.DataFrame) -> None:
    with pytest.raises(MissingColumnError, match="Did you mean 'ergodic_share'"):
        transition_matrices(moves.rename(columns={"ergodic": "ergodic_share"}), "gdp_pc_real")
