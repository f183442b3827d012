"""Which city a row is about: codes, names, life spans of prefecture-level units.

Sources spell cities by 6-digit code, by 4-digit code, by Chinese name with or
without its suffix, by a name the city has since given up. All of them become
one 6-digit key here; municipalities are keyed xx0000. What cannot be matched
stays missing and is listed with its reason, never dropped silently.

The table behind this module, `data_raw/facts/divisions.csv`, is rebuilt from
the raw files by `data_raw/facts/derive_divisions.py`.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable

import numpy as np
import pandas as pd

from urbanecon.cleaning.codebook import Language
from urbanecon.cleaning.spellings import UNKNOWN, match, plain, province_code, unit_table
from urbanecon.errors import DataWarning, UnknownNameError, did_you_mean

NATION = "000000"
"""Key of national series."""

Unmatched = tuple[str, str, str]
"""Name or code as found, address of the raw cell, reason."""


def load_divisions() -> pd.DataFrame:
    """Return the prefecture-level units, one row each.

    Returns
    -------
    DataFrame
        Indexed by `city` (6-digit key). Columns: `name_zh`, `name_short`,
        `name_en`; `province` (6-digit key), `province_zh`, `province_en`;
        `region` (east, central, west, northeast: the four regions of the
        National Bureau of Statistics); `level`; `first_year` and `last_year`
        (Int64, missing where open); `former_names`, `former_codes` (separated
        by ``;``); `source`.
    """
    return unit_table().copy()


def resolve(keys: pd.Series, *, source: str, province: pd.Series | None = None) -> pd.Series:
    """Turn the codes or names of a raw column into 6-digit city keys.

    Parameters
    ----------
    keys
        Codes (6 or 4 digits; integers, floats or text) or names (Chinese with
        or without suffix, former names, English), of any mix.
    source
        Registry id, for messages.
    province
        Province of each row (code or Chinese name), aligned with `keys`. It
        decides between units of one name, and a name that is found only in
        another province stays unmatched.

    Returns
    -------
    Series
        6-digit strings aligned with `keys`; missing where unmatched. Province
        and county rows, ambiguous names and units outside the panel are
        unmatched; `unmatched` lists them.

    Raises
    ------
    UnknownNameError
        If no key at all can be matched: the wrong column was given.
    """
    pairs = _pairs(keys, province)
    found = {pair: match(*pair)[0] for pair in set(pairs)}
    city = pd.Series([found[pair] for pair in pairs], index=keys.index, dtype="str")
    if len(keys) and city.isna().all():
        raise UnknownNameError(
            f"{source}: none of {len(keys)} rows names a known city; the first is "
            f"{keys.iloc[0]!r}. Expected 6- or 4-digit codes or city names."
        )
    return city


def unmatched(
    keys: pd.Series,
    city: pd.Series,
    raw: Iterable[str],
    province: pd.Series | None = None,
) -> list[Unmatched]:
    """List the rows that `resolve` left without a city.

    Parameters
    ----------
    keys, province
        As given to `resolve`.
    city
        What `resolve` returned.
    raw
        Address of each row's name or code cell (see `RawCell`).

    Returns
    -------
    list of tuple
        (name as found, raw address, reason), in the order of the rows.
    """
    rows = zip(keys, _pairs(keys, province), raw, city.isna(), strict=True)
    return [
        (_as_printed(key), address, match(*pair)[1])
        for key, pair, address, missing in rows
        if missing
    ]


def note_unmatched(observations: pd.DataFrame, rows: Iterable[Unmatched]) -> pd.DataFrame:
    """Return `observations` with the unmatched rows listed in `attrs`, and warn of them.

    The list in ``observations.attrs["unmatched"]`` holds plain tuples (see
    `unmatched`), because pandas compares attributes when it concatenates.
    """
    listed = list(rows)
    noted = observations.copy()
    noted.attrs["unmatched"] = [*observations.attrs.get("unmatched", []), *listed]
    if listed:
        names = list(dict.fromkeys(f"{name} ({reason})" for name, _, reason in listed))
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        file = listed[0][1].split("|")[0]
        warnings.warn(
            f"{file}: {len(listed)} rows match no city of the panel and were set aside: "
            f"{', '.join(names[:5])}{more}. The whole list is in attrs['unmatched'].",
            DataWarning,
            stacklevel=2,
        )
    return noted


def city_key(name: str | int) -> str:
    """Return the 6-digit key of one city that a user names.

    Parameters
    ----------
    name
        Code, Chinese name or English name.

    Raises
    ------
    UnknownNameError
        If the name is unknown, ambiguous or outside the panel; the message
        gives the closest known name or the candidates.
    """
    key, reason = match(plain(name), "")
    if key is None:
        table = unit_table()
        known = [*table["name_en"], *table["name_short"], *table["name_zh"], *table.index]
        closest = did_you_mean(name, known) if reason.startswith(UNKNOWN) else ""
        raise UnknownNameError(
            f"{name!r} is not one city of the panel: {reason}.{closest} "
            "Give a Chinese or English name or a 6-digit code, such as 武汉, Wuhan or 420100."
        )
    return key


def province_key(name: str | int) -> str:
    """Return the 6-digit key of one province that a user names.

    Parameters
    ----------
    name
        Code, Chinese name (with or without suffix) or English name.

    Raises
    ------
    UnknownNameError
        If no province has the name; the message gives the closest known one, or
        the province that the city of this name lies in.
    """
    text = plain(name)
    key = province_code(text)
    if key:
        return key
    city, _ = match(text, "")
    table = unit_table()[["province", "province_zh", "province_en"]].drop_duplicates()
    if city is not None:
        home = table.set_index("province").loc[province_of(city)]
        raise UnknownNameError(
            f"{name!r} is a city; it lies in {home['province_zh']} ({home['province_en']}). "
            "Give the province."
        )
    known = [*table["province_en"], *table["province_zh"]]
    raise UnknownNameError(
        f"{name!r} is no province.{did_you_mean(str(name), known)} "
        "Give a Chinese or English name or a 6-digit code, such as 湖北, Hubei or 420000."
    )


def place_name(key: str) -> str:
    """Return the Chinese and English name of a city or province with its key, for messages."""
    table = unit_table()
    if key in table.index:
        row = table.loc[key]
        return f"{row['name_zh']} {row['name_en']} ({key})"
    provinces = table.drop_duplicates("province").set_index("province")
    if key in provinces.index:
        row = provinces.loc[key]
        return f"{row['province_zh']} {row['province_en']} ({key})"
    return f"China ({key})" if key == NATION else key


def label(city: str, language: Language = "en") -> str:
    """Return the name of a city for figures and tables.

    English names that two cities share carry the province: ``Suzhou (Anhui)``.
    """
    row = _row(city)
    if language == "zh":
        return str(row["name_short"])
    name = str(row["name_en"])
    shared = (unit_table()["name_en"] == name).sum() > 1
    return f"{name} ({row['province_en']})" if shared else name


def province_of(city: str) -> str:
    """Return the 6-digit key of a city's province."""
    return str(_row(city)["province"])


def region_of(city: str) -> str:
    """Return a city's region: east, central, west or northeast."""
    return str(_row(city)["region"])


def alive(city: pd.Series, year: pd.Series) -> pd.Series:
    """Whether each city existed as a prefecture-level unit in that year.

    The years of its founding and of its end count as inside its life. A key
    without a known beginning or end (a province, the nation) is always alive.
    """
    table = unit_table()
    first = city.map(table["first_year"]).astype("Float64").fillna(-np.inf)
    last = city.map(table["last_year"]).astype("Float64").fillna(np.inf)
    return ((year >= first) & (year <= last)).astype("bool")


def _row(city: str) -> dict[str, object]:
    table = unit_table()
    if city not in table.index:
        raise UnknownNameError(
            f"No city has the key {city!r}.{did_you_mean(city, table.index)} "
            "Keys are the 6-digit strings of data_raw/facts/divisions.csv."
        )
    return {str(name): table[name][city] for name in table.columns}


def _as_printed(key: object) -> str:
    """Text of a name or code; a whole number without the decimals of a float."""
    whole = isinstance(key, float | np.floating) and float(key).is_integer()
    return str(int(key)) if whole else str(key)  # type: ignore[call-overload]


def _pairs(keys: pd.Series, province: pd.Series | None) -> list[tuple[str, str]]:
    """Plain text of each key and its province."""
    names = [plain(key) for key in keys]
    homes = [""] * len(names) if province is None else [plain(home) for home in province]
    return list(zip(names, homes, strict=True))
