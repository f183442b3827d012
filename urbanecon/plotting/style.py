"""The house style: journal widths, thin lines, one typeface, colours for every eye.

The palette is that of Okabe and Ito (2008, Color Universal Design), which readers with
any form of colour blindness can tell apart; a thing keeps its colour in every figure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any, ParamSpec

from urbanecon.plotting.fonts import register_font

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MM = 1 / 25.4
"""Inches per millimetre."""

ONE_COLUMN = 89.0
TWO_COLUMNS = 183.0
"""Widths of a journal page's columns in millimetres."""

PNG_DPI = 300

BLUE, VERMILION, GREEN, ORANGE = "#0072B2", "#D55E00", "#009E73", "#E69F00"
SKY, PURPLE, YELLOW, BLACK = "#56B4E9", "#CC79A7", "#F0E442", "#000000"
INK, GREY, PALE, MIST = "#262626", "#7A7A7A", "#C8C8C8", "#EFEFEF"

REGION_COLOURS: Mapping[str, str] = {
    "east": BLUE,
    "central": ORANGE,
    "west": VERMILION,
    "northeast": GREEN,
}
GROUP_COLOURS: Mapping[str, str] = {"pilot": VERMILION, "never": GREY}
COHORT_COLOURS: Mapping[int, str] = {2014: "#00456B", 2015: BLUE, 2016: SKY}
FLAG_COLOURS: Mapping[str, str] = {
    "derived": PALE,
    "outlier": YELLOW,
    "boundary_break": GREEN,
    "interpolated": SKY,
    "extrapolated": BLUE,
    "conflict": PURPLE,
    "anachronism": ORANGE,
    "pasted": VERMILION,
    "impossible": BLACK,
}

LINE, HAIR = 1.1, 0.5
BAND_ALPHA = 0.18
TEXT, SMALL = 7.5, 6.5

P = ParamSpec("P")


def house_settings() -> dict[str, Any]:
    """Return the rcParams that every figure is drawn and saved with.

    Raises
    ------
    OutputError
        If the figures' font is not installed.
    """
    return {
        "axes.axisbelow": True,
        "axes.edgecolor": INK,
        "axes.labelcolor": INK,
        "axes.labelsize": TEXT,
        "axes.linewidth": HAIR,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlelocation": "left",
        "axes.titlesize": TEXT,
        "axes.unicode_minus": True,
        "figure.constrained_layout.h_pad": 1.5 * MM,
        "figure.constrained_layout.w_pad": 1.0 * MM,
        "figure.constrained_layout.hspace": 0.02,
        "figure.constrained_layout.wspace": 0.02,
        "font.family": register_font(),
        "font.size": TEXT,
        "hatch.color": PALE,
        "hatch.linewidth": 0.3,
        "lines.linewidth": LINE,
        "pdf.fonttype": 42,
        "savefig.bbox": None,
        "text.color": INK,
        "text.usetex": False,
        "xtick.color": INK,
        "xtick.labelsize": SMALL,
        "xtick.major.size": 2.5,
        "xtick.major.width": HAIR,
        "ytick.color": INK,
        "ytick.labelsize": SMALL,
        "ytick.major.size": 2.5,
        "ytick.major.width": HAIR,
    }


@contextmanager
def house_style() -> Iterator[None]:
    """Draw under the house settings; the caller's own settings are back afterwards.

    A user's matplotlibrc has no say inside: it must not change a figure of the paper.
    """
    from matplotlib import style

    with style.context(["default", house_settings()]):
        yield


def in_house_style(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Run a figure function under the house style."""

    @wraps(draw)
    def styled(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with house_style():
            return draw(*args, **kwargs)

    return styled


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of `width` by `height` millimetres, outside pyplot's state."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width * MM, height * MM), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def tag_panels(axes: Iterable[Axes]) -> None:
    """Put (a), (b), ... before the title of each panel."""
    for letter, panel in zip(ascii_lowercase, axes, strict=False):
        title = panel.get_title(loc="left")
        panel.set_title(f"({letter})  {title}".rstrip(), loc="left")
