"""Coverage and flags of the panel's variables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import QuadMesh

from urbanecon.errors import DataError, NotEstimableError, UnknownNameError
from urbanecon.plotting.coverage import coverage, flags
from urbanecon.plotting.style import FLAG_COLOURS


@pytest.mark.parametrize(
    ("language", "labels", "title"),
    [
        (
            "en",
            ["Gross domestic product", "Resident population", "Resident population, census"],
            "Cities with an observed value",
        ),
        ("zh", ["地区生产总值", "常住人口", "普查常住人口"], "有观测值的城市占比"),
    ],
)
def test_rows_carry_codebook_labels_in_the_order_given(
    coverage_shares: pd.DataFrame, language: str, labels: list[str], title: str
) -> None:
    panel, bar = coverage(coverage_shares, language=language).axes  # type: ignore[arg-type]
    assert [label.get_text() for label in panel.get_yticklabels()] == labels
    assert bar.get_xlabel() == title


def test_every_cell_is_drawn_and_unpublished_ones_are_hatched(
    coverage_shares: pd.DataFrame,
) -> None:
    panel = coverage(coverage_shares).axes[0]
    (mesh,) = [artist for artist in panel.collections if isinstance(artist, QuadMesh)]
    drawn = np.ma.filled(mesh.get_array(), np.nan).reshape(3, 3)
    np.testing.assert_array_equal(drawn, coverage_shares.to_numpy())
    hatched = {(patch.get_x() + 0.5, patch.get_y() + 0.5) for patch in panel.patches}
    assert hatched == {(0.0, 2.0), (2.0, 2.0)}
    assert all(patch.get_hatch() for patch in panel.patches)
    assert panel.get_title(loc="right") == "hatched: variable not published"


def test_a_year_left_out_is_shown_as_a_hatched_column(coverage_shares: pd.DataFrame) -> None:
    panel = coverage(coverage_shares.drop(columns=2010)).axes[0]
    assert [tick.get_text() for tick in panel.get_xticklabels()] == ["2009", "2010", "2011"]
    assert sum(patch.get_x() == 0.5 for patch in panel.patches) == 3


def test_a_misspelt_variable_is_named_with_the_closest_one(coverage_shares: pd.DataFrame) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'population'"):
        coverage(coverage_shares.rename(index={"population": "populaton"}))


@pytest.mark.parametrize("draw", [coverage, flags])
def test_an_empty_frame_cannot_be_drawn(draw) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(NotEstimableError):
        draw(pd.DataFrame())


def test_percent_points_in_place_of_shares_are_refused(coverage_shares: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="expected a share between 0 and 1"):
        coverage(coverage_shares * 100)


def test_a_bar_is_as_long_as_the_share_and_coloured_by_flag(flag_shares: pd.DataFrame) -> None:
    from matplotlib.colors import to_hex

    panel = flags(flag_shares).axes[0]
    interpolated, pasted = panel.containers
    assert [bar.get_width() for bar in interpolated] == [0.1, 0.25, 0.0]
    assert [bar.get_x() for bar in pasted] == [0.1, 0.25, 0.0]
    assert to_hex(pasted[0].get_facecolor()).upper() == FLAG_COLOURS["pasted"]


@pytest.mark.parametrize(("language", "words"), [("en", "not observed"), ("zh", "无观测")])
def test_totals_are_written_and_a_variable_without_cells_says_so(
    flag_shares: pd.DataFrame, language: str, words: str
) -> None:
    panel = flags(flag_shares, language=language).axes[0]  # type: ignore[arg-type]
    assert [text.get_text() for text in panel.texts] == ["100.0%", "25.0%", words]


def test_flags_are_stacked_mildest_first_whatever_the_order_of_columns(
    flag_shares: pd.DataFrame,
) -> None:
    panel = flags(flag_shares[["pasted", "interpolated"]]).axes[0]
    assert [bars.get_label() for bars in panel.containers] == ["interpolated", "pasted"]


def test_ok_is_no_flag_of_a_doubtful_cell(flag_shares: pd.DataFrame) -> None:
    with pytest.raises(UnknownNameError, match="'ok' is no flag"):
        flags(flag_shares.assign(ok=0.5))


def test_flag_shares_adding_to_more_than_one_are_refused(flag_shares: pd.DataFrame) -> None:
    with pytest.raises(DataError, match=r"flags of 'broadband' add up to 1\.1"):
        flags(flag_shares.assign(impossible=0.1))
