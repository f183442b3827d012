"""A multiverse in one view: estimates in order above, the choices behind them below."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from urbanecon.effects.choices import MEASURES
from urbanecon.effects.controls import CONTESTED, NAMES
from urbanecon.effects.robustness import curve_choices
from urbanecon.errors import DataError, MissingColumnError, NotEstimableError, UnknownNameError
from urbanecon.plotting.saving import save
from urbanecon.plotting.specification_curve import option_label, specification_curve
from urbanecon.plotting.style import BLUE, GREY, VERMILION

CHOICES = {"outcome": ("ln_so2", "ln_co2"), "cluster": ("city", "province")}


@pytest.fixture
def curve() -> pd.DataFrame:
    """Forty synthetic specifications; the larger half has the second outcome."""
    rng = np.random.default_rng(0)
    estimate = np.linspace(-0.2, 0.6, 40)
    table = pd.DataFrame(
        {
            "estimate": estimate,
            "low": estimate - 0.1,
            "high": estimate + 0.1,
            "p": np.where(np.abs(estimate) > 0.1, 0.01, 0.5),
            "outcome": np.where(estimate < 0.2, "ln_so2", "ln_co2"),
            "cluster": np.tile(["city", "province"], 20),
            "terrain": rng.random(40) < 0.5,
        }
    )
    return table.sample(frac=1, random_state=1)


def test_estimates_stand_in_order_and_are_coloured_by_sign_and_p(curve: pd.DataFrame) -> None:
    panel = specification_curve(curve, CHOICES, ["terrain"]).axes[0]
    dots = {line.get_color(): line for line in panel.lines if line.get_marker() == "."}
    ordered = curve.sort_values("estimate", ignore_index=True)
    for colour, own in (
        (BLUE, (ordered["p"] < 0.05) & (ordered["estimate"] > 0)),
        (VERMILION, (ordered["p"] < 0.05) & (ordered["estimate"] < 0)),
        (GREY, ordered["p"] >= 0.05),
    ):
        np.testing.assert_array_equal(dots[colour].get_xdata(), np.flatnonzero(own))
        np.testing.assert_allclose(dots[colour].get_ydata(), ordered.loc[own, "estimate"])


def test_a_mark_stands_where_the_option_is(curve: pd.DataFrame) -> None:
    below = specification_curve(curve, CHOICES, ["terrain"]).axes[1]
    labels = [label.get_text() for label in below.get_yticklabels()]
    shade = np.asarray(below.images[0].get_array())
    ordered = curve.sort_values("estimate", ignore_index=True)
    second = shade[labels.index(option_label("outcome", "ln_co2", "en"))]
    np.testing.assert_array_equal(second > 0, ordered["outcome"] == "ln_co2")
    terrain = shade[labels.index("terrain × trend")]
    np.testing.assert_array_equal(terrain > 0, ordered["terrain"])
    assert not shade[labels.index("Outcome and source")].any()


def test_many_specifications_share_columns_and_darkness_is_frequency() -> None:
    estimate = np.linspace(0.0, 1.0, 1200)
    table = pd.DataFrame(
        {"estimate": estimate, "low": estimate, "high": estimate, "p": 0.5,
         "cluster": np.where(np.arange(1200) < 300, "city", "province")}
    )  # fmt: skip
    below = specification_curve(table, {"cluster": ("city", "province")}).axes[1]
    shade = np.asarray(below.images[0].get_array())
    assert shade.shape == (3, 120)
    np.testing.assert_allclose(shade[1], np.repeat([1.0, 0.0], [30, 90]))
    np.testing.assert_allclose(shade[2], np.repeat([0.0, 2 / 3], [30, 90]))


def test_a_choice_without_an_alternative_takes_no_room(curve: pd.DataFrame) -> None:
    one = curve[curve["cluster"] == "city"]
    below = specification_curve(one, CHOICES, ["terrain"]).axes[1]
    assert "Errors clustered by" not in [t.get_text() for t in below.get_yticklabels()]


def test_what_could_not_be_estimated_is_not_drawn(curve: pd.DataFrame) -> None:
    curve.loc[curve.index[:5], ["estimate", "low", "high", "p"]] = np.nan
    figure = specification_curve(curve, CHOICES, ["terrain"])
    assert figure.axes[1].get_xlabel().startswith("35 specifications")


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "claimed sign in 75%"), ("zh", "符号符合主张 75%")],
)
def test_the_summary_is_written_in_both_languages(
    curve: pd.DataFrame, language: str, text: str
) -> None:
    panel = specification_curve(curve, CHOICES, ["terrain"], language=language).axes[0]  # type: ignore[arg-type]
    assert any(text in found.get_text() for found in panel.texts)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_option_of_every_effect_has_a_label(language: str) -> None:
    for effect in MEASURES:
        for choice, options in curve_choices(effect).items():
            for option in options:
                assert option_label(choice, option, language)  # type: ignore[arg-type]
    for name in (*NAMES, *CONTESTED):
        assert option_label("control", name, language)  # type: ignore[arg-type]


def test_it_can_be_saved_twice_with_the_same_bytes(curve: pd.DataFrame, tmp_path: Path) -> None:
    for name in ("one", "two"):
        save(specification_curve(curve, CHOICES, ["terrain"]), tmp_path / name)
    for kind in ("pdf", "png"):
        one, two = (tmp_path / f"{name}.{kind}" for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


def test_bad_input_is_named(curve: pd.DataFrame) -> None:
    with pytest.raises(MissingColumnError, match="'p' is missing"):
        specification_curve(curve.drop(columns="p"), CHOICES)
    with pytest.raises(UnknownNameError, match="no declared option of cluster"):
        specification_curve(curve, {"cluster": ("city", "provinces")})
    with pytest.raises(NotEstimableError, match="no value to draw"):
        specification_curve(curve.assign(estimate=np.nan), CHOICES)
    with pytest.raises(DataError, match="lies outside"):
        specification_curve(curve.assign(high=-1.0), CHOICES)
    with pytest.raises(NotEstimableError, match="no choice has two options"):
        specification_curve(curve.assign(cluster="city"), {"cluster": ("city", "province")})
