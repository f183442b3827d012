"""The one typeface of all figures, so that English and Chinese look alike everywhere."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from urbanecon.errors import OutputError

FAMILY = "urbanecon Noto Sans SC"
"""Name the typeface is registered under: our own, so that another version of Noto Sans SC
installed on the machine is never drawn instead and the bytes of a figure stay the same."""

FONT_PACKAGE = "zhplot"
FONT_FILE = "fonts/NotoSansSC-Regular.ttf"


def font_path() -> Path:
    """Return the font file that the package zhplot ships (SIL Open Font License).

    The package is located, not imported: importing it would change matplotlib's settings.

    Raises
    ------
    OutputError
        If the package is not installed or does not hold the file.
    """
    spec = find_spec(FONT_PACKAGE)
    folders = (spec.submodule_search_locations if spec else None) or ()
    for folder in folders:
        path = Path(folder) / FONT_FILE
        if path.is_file():
            return path
    raise OutputError(
        f"No font for figures: the package {FONT_PACKAGE!r} with {FONT_FILE} is not installed. "
        f"Install it with: python -m pip install {FONT_PACKAGE}"
    )


@cache
def register_font() -> str:
    """Make the typeface known to matplotlib and return the family name to ask for.

    Raises
    ------
    OutputError
        If the font file is absent (see `font_path`).
    """
    from matplotlib.font_manager import fontManager

    path = font_path()
    fontManager.addfont(path)
    entry = next(font for font in fontManager.ttflist if font.fname == str(path))
    fontManager.ttflist.append(replace(entry, name=FAMILY))
    return FAMILY
