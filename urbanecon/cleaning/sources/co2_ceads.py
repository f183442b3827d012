"""CO2 emissions of 290 cities, 1997-2019, from energy inventories, in tonnes (co2_ceads).

Shan, Y. et al., CEADs. Unbalanced: 7 cities in 1997, 263 in 2012, 170 in 2019.
The sheet `emission vector` is read; the matrix holds the same values. Names are
short and carry the province (安徽安庆). 新疆伊犁州直属县, the counties under Ili
itself, is no unit of the panel.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from urbanecon.cleaning.divisions import load_divisions, resolve, unmatched
from urbanecon.cleaning.longform import finish
from urbanecon.cleaning.observations import make_observations
from urbanecon.cleaning.spellings import MUNICIPALITIES
from urbanecon.cleaning.tables import read_table

SOURCE = "co2_ceads"
SHEET = "emission vector"
CITY, YEAR, EMISSION = "city", "year", "emission"
MEGATONNE = 1e6


def read(path: Path) -> pd.DataFrame:
    """Read the emissions as observations.

    Parameters
    ----------
    path
        ``CEADs_290_cities_1997_2019.xlsx``.

    Returns
    -------
    DataFrame
        Observations of `co2_ceads`.

    Raises
    ------
    DataError
        If the sheet or a column is absent, or a number cell holds text.
    """
    table = read_table(path, source=SOURCE, sheet=SHEET, columns=[CITY, YEAR, EMISSION])
    names = table.text(CITY)
    prefixes = province_prefixes()
    parts = pd.DataFrame(
        [split_province(name, prefixes) for name in names],
        columns=["province", "city"],
        index=names.index,
    )
    city = resolve(parts["city"], source=SOURCE, province=parts["province"])
    observations = make_observations(
        city=city,
        year=table.years(YEAR),
        variable="co2_ceads",
        value=table.numbers(EMISSION, where=[CITY, YEAR]) * MEGATONNE,
        source=SOURCE,
        raw=table.raw(EMISSION),
    )
    missed = [
        (name, address, reason)
        for name, (_, address, reason) in zip(
            names[city.isna()],
            unmatched(parts["city"], city, table.raw(CITY), parts["province"]),
            strict=True,
        )
    ]
    return finish(observations, source=SOURCE, unmatched=missed)


def split_province(name: str, prefixes: Iterable[str]) -> tuple[str, str]:
    """Return province and city of a name that carries both (吉林吉林 -> 吉林, 吉林).

    A municipality stands alone; its province is empty.
    """
    for province in prefixes:
        if name.startswith(province) and name != province:
            return province, name.removeprefix(province)
    return "", name


def province_prefixes() -> list[str]:
    """Short names of the provinces that hold prefectures."""
    provinces = load_divisions().loc[lambda units: ~units["province"].isin(MUNICIPALITIES)]
    short = provinces["province_zh"].str.replace(r"(壮族|回族|维吾尔)?自治区$|省$", "", regex=True)
    return sorted(short.unique())
