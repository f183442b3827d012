"""What a single cell holds: a number, the mark of a missing one, a year, or text."""

from __future__ import annotations

import re
import unicodedata

import numpy as np

from urbanecon.cleaning.tables import MISSING_MARKERS, NUMBER, PLAUSIBLE_YEARS, THOUSANDS

FOOTNOTE_MARK = re.compile(r"[①-⑳*†]+$|^#")


def number(cell: object) -> float | None:
    """Return the number in a cell: nan where it marks a missing one, None where it is text.

    Thousands may be separated by commas or spaces, digits may be full-width,
    and a footnote mark may follow. Software writes ``inf``, which is one, if not finite.
    """
    if cell is None:
        return np.nan
    if isinstance(cell, (int, float, np.integer, np.floating)) and not isinstance(cell, bool):
        return float(cell)
    if not isinstance(cell, str):
        return None
    bare = FOOTNOTE_MARK.sub("", cell.strip())
    text = re.sub(r"(?<=\d)[\s,](?=\d{3}(\D|$))", "", _plain(bare))
    if text.lstrip("+-") in ("inf", "infinity"):
        return -np.inf if text.startswith("-") else np.inf
    if NUMBER.fullmatch(text) or THOUSANDS.fullmatch(text):
        return float(text.replace(",", ""))
    missing = text in MISSING_MARKERS or bare.strip() in MISSING_MARKERS
    return np.nan if missing or not re.search(r"[\w%‰]", text) else None


def is_text(cell: object) -> bool:
    """Whether a cell holds words: neither empty, nor a number, nor a missing mark."""
    return cell is not None and number(cell) is None


def year(cell: object) -> int | None:
    """Return the calendar year in a cell (2015, ``2015年``, 2015-12-31), None without one."""
    if hasattr(cell, "year"):
        return int(cell.year)
    text = _plain(str(cell)) if cell is not None else ""
    match = re.fullmatch(r"(\d{4})(\.0+)?\s*(年度?|[-/.]\d{1,2}([-/.]\d{1,2})?.*)?", text)
    low, high = PLAUSIBLE_YEARS
    return int(match[1]) if match and low <= int(match[1]) <= high else None


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace("−", "-").strip().lower()
