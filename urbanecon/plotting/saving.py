"""Write figures whole, with the same bytes for the same data."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from urbanecon.atomic import writing
from urbanecon.errors import OutputError
from urbanecon.plotting.style import MM, PNG_DPI, house_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Dates and versions of the writing software would make the bytes differ from day to day.
METADATA: dict[str, dict[str, None]] = {
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "png": {"Software": None},
}

SLACK = 0.3
"""Millimetres by which the box around a mark may reach over the edge: line widths, no text."""


def save(figure: Figure, stem: Path) -> tuple[Path, Path]:
    """Write `figure` to `stem`.pdf (fonts embedded as type 42) and `stem`.png (300 dpi).

    Parameters
    ----------
    figure
        A figure made by the functions of this package.
    stem
        Path without suffix, such as ``figures/coverage_en``.

    Returns
    -------
    tuple of Path
        The PDF and the PNG.

    Raises
    ------
    OutputError
        If the font lacks a character of any text in the figure (no box is ever drawn in
        its place), a label does not fit on the page, or a file cannot be written. No file
        under a final name is harmed.
    """
    paths = tuple(stem.with_name(f"{stem.name}.{kind}") for kind in METADATA)
    with house_style(), warnings.catch_warnings():
        warnings.filterwarnings("error", message=r"Glyph .* missing from font")
        warnings.filterwarnings("error", message="constrained_layout not applied")
        _settle(figure, stem)
        for path, (kind, metadata) in zip(paths, METADATA.items(), strict=True):
            with writing(path) as temporary:
                figure.savefig(temporary, format=kind, dpi=PNG_DPI, metadata=metadata)
    return paths[0], paths[1]


def _settle(figure: Figure, stem: Path) -> None:
    """Draw once without writing: every character has a glyph, every mark lies on the page.

    The layout is frozen afterwards: solved anew at each drawing it would move by fractions of
    a pixel, and a figure saved twice would differ from itself.
    """
    try:
        figure.draw_without_rendering()
    except UserWarning as warning:
        if str(warning).startswith("Glyph"):
            raise OutputError(
                f"Cannot draw {stem.name}: {warning} A label holds a character that the font of "
                "the figures does not have; write it another way where the label comes from "
                "(codebook.toml, words.toml or the frame)."
            ) from warning
        raise OutputError(f"Cannot draw {stem.name}: its labels leave no room.") from warning
    figure.set_layout_engine("none")
    width, height = figure.get_size_inches()
    drawn = figure.get_tightbbox()
    over = max(-drawn.x0, -drawn.y0, drawn.x1 - width, drawn.y1 - height)
    if over > SLACK * MM:
        raise OutputError(
            f"Cannot draw {stem.name}: a label runs {over / MM:.1f} mm over the edge of the page. "
            "Shorten the label in codebook.toml or words.toml."
        )
