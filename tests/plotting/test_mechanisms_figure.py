"""Diagrams of routes with estimates on the arrows."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from urbanecon.cleaning.codebook import Language
from urbanecon.errors import DataError, UnknownNameError
from urbanecon.plotting.mechanisms import LINKS, mechanism_diagrams
from urbanecon.plotting.saving import save
from urbanecon.plotting.style import BLUE, GREY, VERMILION

NUMBERS = {
    "treatment_to_mediator": (-0.0328, -0.0498, -0.0167),
    "mediator_to_outcome": (5.52, 0.5, 10.3),
    "direct": (0.0188, -0.0512, 0.0806),
    "indirect": (-0.00019, -0.00038, -0.0000076),
}


def diagram(effect: str, outcome: str, mediator: str) -> pd.DataFrame:
    rows = [(effect, outcome, mediator, link, *NUMBERS[link]) for link in LINKS]
    columns = ["effect", "outcome", "mediator", "link", "estimate", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture
def links() -> pd.DataFrame:
    """Four mediators of one outcome, one of another."""
    mediators = ("upgrading", "finance", "openness", "fiscal_effort")
    parts = [diagram("E1", "ln_gdp_pc_real", mediator) for mediator in mediators]
    return pd.concat([*parts, diagram("E3", "ln_pm25_chap", "upgrading")])


def texts(panel) -> dict[str, str]:  # type: ignore[no-untyped-def]
    return {text.get_text(): text.get_color() for text in panel.texts if text.get_text()}


def test_each_mediator_has_a_diagram_with_its_estimates(links: pd.DataFrame) -> None:
    figure = mechanism_diagrams(links)
    assert len(figure.axes) == 5
    drawn = texts(figure.axes[0])
    assert {"Pilot cities", "Industrial structure upgrading (1-3)", "Growth"} <= set(drawn)
    assert drawn["\u22120.033\n[\u22120.050, \u22120.017]"] == VERMILION
    assert drawn["5.5\n[0.5, 10.3]"] == BLUE
    assert drawn["0.019\n[\u22120.051, 0.081]"] == GREY
    assert drawn["\u22120.00019\n[\u22120.00038, \u22120.00001]"] == VERMILION


def test_arrows_have_the_colour_of_their_sign(links: pd.DataFrame) -> None:
    from matplotlib.colors import to_hex

    panel = mechanism_diagrams(links).axes[0]
    arrows = [note.arrow_patch for note in panel.texts if not note.get_text()]
    colours = [to_hex(arrow.get_edgecolor()).upper() for arrow in arrows]
    assert colours == [VERMILION, BLUE, GREY]


@pytest.mark.parametrize(
    ("language", "title", "box"),
    [("en", "(a)  Growth: ln real GDP per capita", "Pilot cities"),
     ("zh", "(a)  经济增长：实际人均GDP对数", "试点城市")],
)  # fmt: skip
def test_diagrams_of_an_outcome_stand_under_its_name(
    links: pd.DataFrame, language: Language, title: str, box: str
) -> None:
    figure = mechanism_diagrams(links, language=language)
    assert figure.texts[0].get_text() == title
    assert len(figure.texts) == 2
    assert box in texts(figure.axes[-1])


def test_no_two_diagrams_cover_each_other_and_all_lie_on_the_page(
    links: pd.DataFrame, tmp_path: Path
) -> None:
    figure = mechanism_diagrams(links)
    places = [panel.get_position() for panel in figure.axes]
    for one, other in combinations(places, 2):
        apart = one.x1 <= other.x0 + 1e-9 or other.x1 <= one.x0 + 1e-9
        assert apart or one.y1 <= other.y0 + 1e-9 or other.y1 <= one.y0 + 1e-9
    assert all(path.is_file() for path in save(figure, tmp_path / "mechanisms"))


def test_an_estimate_that_is_missing_is_a_dash(links: pd.DataFrame) -> None:
    numbers = ["estimate", "low", "high"]
    broken = links.reset_index(drop=True)
    broken.loc[2, numbers] = np.nan
    assert texts(mechanism_diagrams(broken).axes[0])["\u2013"] == GREY


def test_a_diagram_that_lacks_a_link_is_refused(links: pd.DataFrame) -> None:
    with pytest.raises(DataError, match=r"through finance lacks the link 'direct'"):
        mechanism_diagrams(links[(links["mediator"] != "finance") | (links["link"] != "direct")])


def test_an_unknown_link_or_mediator_is_refused(links: pd.DataFrame) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'direct'"):
        mechanism_diagrams(links.replace("direct", "direkt"))
    with pytest.raises(UnknownNameError, match="Did you mean 'finance'"):
        mechanism_diagrams(links.replace("finance", "finances"))
