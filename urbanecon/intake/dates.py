"""Which year a table is about, when its columns and rows do not say."""

from __future__ import annotations

import re
from collections.abc import Iterable

from urbanecon.intake.headers import YEAR, one_line

EDITION = re.compile(r"年鉴|yearbook", re.I)


def table_year(
    titles: Iterable[str], sheet: str, file: str, folder: str = ""
) -> tuple[int | None, str]:
    """Return the year of a table and where it was found.

    Titles come before the sheet's name and this before the file's. A year
    beside 年鉴 or Yearbook is that of the edition: the China City Statistical
    Yearbook of 2017 reports 2016. The folder's name counts if it names an edition,
    and a year in the sheet's or the file's name that is that edition's is no year
    of data. A place that names several years decides nothing.

    Returns
    -------
    tuple
        Year, or None; and where it stands, in words.
    """
    lines = [one_line(title) for title in titles]
    places = [("title", line) for line in lines]
    places += [("sheet name", one_line(sheet)), ("file name", one_line(file))]
    if EDITION.search(folder):
        places.append(("folder name", one_line(folder)))
    editions = {year for _, text in places if EDITION.search(text) for year in YEAR.findall(text)}
    for place, text in places:
        years = set(YEAR.findall(text))
        if len(years) == 1 and not EDITION.search(text):
            if place != "title" and years <= editions:
                continue
            return int(years.pop()), place
        if len(years) > 1:
            return None, f"the {place} names several years"
    for place, text in places:
        years = set(YEAR.findall(text))
        if len(years) == 1:
            edition = int(years.pop())
            return edition - 1, f"{place}: the yearbook of {edition} reports the year before"
    return None, "no year in titles, sheet name or file name"
