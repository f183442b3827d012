"""The house style rules inside a figure function and leaves nothing behind."""

from __future__ import annotations

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from urbanecon.plotting.style import (
    ONE_COLUMN,
    TEXT,
    TWO_COLUMNS,
    house_style,
    in_house_style,
    new_figure,
    tag_panels,
)


@pytest.mark.parametrize("width", [ONE_COLUMN, TWO_COLUMNS])
def test_a_figure_is_as_wide_as_a_journal_column(width: float) -> None:
    assert new_figure(width, 50).get_size_inches() == pytest.approx([width / 25.4, 50 / 25.4])


def test_settings_of_the_caller_come_back_and_have_no_say() -> None:
    seen: dict[str, object] = {}

    @in_house_style
    def draw() -> Figure:
        seen["size"] = mpl.rcParams["font.size"]
        seen["grid"] = mpl.rcParams["axes.grid"]
        return new_figure(ONE_COLUMN, 40)

    with mpl.rc_context({"font.size": 31, "axes.grid": True}):
        draw()
        assert mpl.rcParams["font.size"] == 31
        assert mpl.rcParams["axes.grid"] is True
    assert seen == {"size": TEXT, "grid": False}


def test_text_in_files_is_embedded_as_type_42() -> None:
    with house_style():
        assert mpl.rcParams["pdf.fonttype"] == 42


def test_panels_are_tagged_in_order_before_their_titles() -> None:
    panels = new_figure(TWO_COLUMNS, 40).subplots(1, 2)
    panels[0].set_title("East", loc="left")
    tag_panels(panels)
    assert [panel.get_title(loc="left") for panel in panels] == ["(a)  East", "(b)"]
