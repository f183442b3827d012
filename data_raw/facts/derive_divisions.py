"""Rebuild `divisions.csv` from the raw files: ``python data_raw/facts/derive_divisions.py``.

The units are the cities of city_macro, the prefecture-level rows of the census
(boundaries of 2020) and the prefectures abolished since 2000. Life spans and
former names come from the administrative events, English names from the list of
prefectures in gpi_prefecture. What no raw file gives is typed below.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from urbanecon.atomic import write_text
from urbanecon.cleaning.registry import load_registry, locate
from urbanecon.cleaning.sources.admin_events import former_names, lifespans
from urbanecon.cleaning.spellings import MUNICIPALITIES, OUTSIDE, short_name
from urbanecon.cleaning.tables import read_table
from urbanecon.project import find_project

SOURCES = (
    "city_macro", "census_2010_2020", "admin_entities", "admin_events", "gpi_prefecture",
)  # fmt: skip
COLUMNS = (
    "city", "name_zh", "name_short", "name_en", "province", "province_zh", "province_en",
    "region", "level", "first_year", "last_year", "former_names", "former_codes", "source",
)  # fmt: skip

PROVINCES_EN = {
    "110000": "Beijing", "120000": "Tianjin", "130000": "Hebei", "140000": "Shanxi",
    "150000": "Inner Mongolia", "210000": "Liaoning", "220000": "Jilin", "230000": "Heilongjiang",
    "310000": "Shanghai", "320000": "Jiangsu", "330000": "Zhejiang", "340000": "Anhui",
    "350000": "Fujian", "360000": "Jiangxi", "370000": "Shandong", "410000": "Henan",
    "420000": "Hubei", "430000": "Hunan", "440000": "Guangdong", "450000": "Guangxi",
    "460000": "Hainan", "500000": "Chongqing", "510000": "Sichuan", "520000": "Guizhou",
    "530000": "Yunnan", "540000": "Tibet", "610000": "Shaanxi", "620000": "Gansu",
    "630000": "Qinghai", "640000": "Ningxia", "650000": "Xinjiang",
}  # fmt: skip

# National Bureau of Statistics (2011), division of the east, west, central and northeast regions.
REGIONS = {
    "east": ("11", "12", "13", "31", "32", "33", "35", "37", "44", "46"),
    "central": ("14", "34", "36", "41", "42", "43"),
    "northeast": ("21", "22", "23"),
    "west": ("15", "45", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65"),
}

# Prefectures abolished since 2000 that no list holds; codes of GB/T 2260-1999.
ABOLISHED_CODES = {"柳州地区": "452200", "南宁地区": "452100"}

# Upgrades that the events leave out: 临沧地区 became 临沧市 in 2003, 昌都地区 昌都市 in 2014.
OTHER_FORMER_NAMES = {"530900": "临沧地区", "540300": "昌都地区"}

# Codes of the prefectures that have since become cities (GB/T 2260, editions 1999 to 2007 and
# the yearly lists of the Ministry of Civil Affairs after them).
FORMER_CODES = {
    "140800": "142700", "140900": "142200", "141000": "142600", "141100": "142300",
    "150600": "152700", "150700": "152100", "150800": "152800", "150900": "152600",
    "331100": "332500", "341400": "342600", "341700": "342900", "341800": "342500",
    "360800": "362400", "360900": "362200", "361000": "362500", "361100": "362300",
    "371600": "372300", "371700": "372900", "411600": "412700", "411700": "412800",
    "451000": "452600", "451100": "452400", "451200": "452700", "460400": "469003",
    "511400": "513800", "511800": "513100", "511900": "513700", "512000": "513900",
    "520400": "522500", "520500": "522400", "520600": "522200", "530500": "533000",
    "530600": "532100", "530700": "533200", "530800": "532700", "530900": "533500",
    "540200": "542300", "540300": "542100", "540400": "542600", "540500": "542200",
    "540600": "542400", "610900": "612400", "611000": "612500", "620600": "622300",
    "620700": "622200", "620800": "622700", "620900": "622100", "621000": "622800",
    "621100": "622400", "621200": "622600", "630200": "632100", "640400": "642200",
    "650400": "652100", "650500": "652200",
}  # fmt: skip

# The list of gpi_prefecture has these otherwise than the atlas of place names.
ENGLISH_CORRECTED = {
    "150600": "Ordos", "320800": "Huai'an", "340500": "Ma'anshan", "341500": "Lu'an",
    "360800": "Ji'an", "370900": "Tai'an", "410400": "Pingdingshan", "442000": "Zhongshan",
    "511600": "Guang'an", "511800": "Ya'an", "530800": "Pu'er",
}  # fmt: skip
ENGLISH_ADDED = {
    "110000": "Beijing", "120000": "Tianjin", "310000": "Shanghai", "500000": "Chongqing",
    "152200": "Hinggan", "152500": "Xilingol", "152900": "Alxa", "222400": "Yanbian",
    "232700": "Daxing'anling", "341400": "Chaohu", "419001": "Jiyuan", "422800": "Enshi",
    "429004": "Xiantao", "429005": "Qianjiang", "429006": "Tianmen", "429021": "Shennongjia",
    "433100": "Xiangxi", "452100": "Nanning Prefecture", "452200": "Liuzhou Prefecture",
    "469001": "Wuzhishan", "469002": "Qionghai", "469005": "Wenchang", "469006": "Wanning",
    "469007": "Dongfang", "469021": "Ding'an", "469022": "Tunchang", "469023": "Chengmai",
    "469024": "Lingao", "469025": "Baisha", "469026": "Changjiang", "469027": "Ledong",
    "469028": "Lingshui", "469029": "Baoting", "469030": "Qiongzhong", "513200": "Ngawa",
    "513300": "Garze", "513400": "Liangshan", "522300": "Qianxinan", "522600": "Qiandongnan",
    "522700": "Qiannan", "532300": "Chuxiong", "532500": "Honghe", "532600": "Wenshan",
    "532800": "Xishuangbanna", "532900": "Dali", "533100": "Dehong", "533300": "Nujiang",
    "533400": "Diqing", "540200": "Shigatse", "540300": "Qamdo", "540400": "Nyingchi",
    "540500": "Shannan", "540600": "Nagqu", "542500": "Ngari", "622900": "Linxia",
    "623000": "Gannan", "632200": "Haibei", "632300": "Huangnan", "632500": "Hainan Prefecture",
    "632600": "Golog", "632700": "Yushu", "632800": "Haixi", "650400": "Turpan",
    "650500": "Hami", "652300": "Changji", "652700": "Bortala", "652800": "Bayingolin",
    "652900": "Aksu", "653000": "Kizilsu", "653100": "Kashgar", "653200": "Hotan",
    "654000": "Ili", "654100": "Ili Prefecture", "654200": "Tacheng", "654300": "Altay",
    "659001": "Shihezi", "659002": "Aral", "659003": "Tumxuk", "659004": "Wujiaqu",
    "659005": "Beitun", "659006": "Tiemenguan", "659007": "Shuanghe", "659008": "Kokdala",
    "659009": "Kunyu", "659010": "Huyanghe",
}  # fmt: skip


def derive(files: Mapping[str, Path]) -> pd.DataFrame:
    """Return the table of divisions, all cells text, from the raw file of each source."""
    units = _units(files)
    names = units.set_index("city")["name_zh"]
    spans = lifespans(files["admin_events"], names)
    former = former_names(files["admin_events"], names)
    english = _english(files["gpi_prefecture"], units)
    table = units.join(spans, on="city")
    table["former_names"] = [
        ";".join(dict.fromkeys([*former.get(city, []), *filter(None, [added])]))
        for city, added in zip(
            table["city"], table["city"].map(OTHER_FORMER_NAMES).fillna(""), strict=True
        )
    ]
    table["former_codes"] = table["city"].map(FORMER_CODES).fillna("")
    table["name_short"] = table["name_zh"].map(short_name)
    table["name_en"] = table["city"].map(english)
    table["province_en"] = table["province"].map(PROVINCES_EN)
    region = {prefix: name for name, prefixes in REGIONS.items() for prefix in prefixes}
    table["region"] = table["city"].str[:2].map(region)
    table["level"] = [_level(*row) for row in zip(table["city"], table["name_zh"], strict=True)]
    table["source"] = [
        "; ".join([lists, *filter(None, [events])])
        for lists, events in zip(table["source"], table["events"].fillna(""), strict=True)
    ]
    for name in ("first_year", "last_year"):
        table[name] = table[name].astype("Int64").astype("str").replace("<NA>", "")
    return table.loc[:, list(COLUMNS)].sort_values("city", ignore_index=True)


def _units(files: Mapping[str, Path]) -> pd.DataFrame:
    """Keys, names, provinces and the lists that hold them."""
    macro = read_table(files["city_macro"], source="city_macro").frame
    census = read_table(files["census_2010_2020"], source="census_2010_2020").frame
    entities = read_table(files["admin_entities"], source="admin_entities").frame
    entities = entities.assign(code=entities["legacy_entity_id"].str.removeprefix("E"))
    entities["province_code"] = entities["code"].str[:2] + "0000"
    lists = [
        _list(macro, ("城市代码", "城市", "省份代码", "省份"), "city_macro"),
        _list(census, ("city_code", "city", "province_code", "province"), "census_2010_2020"),
        _list(
            entities,
            ("code", "canonical_name_zh", "province_code", "province_name_zh"),
            "admin_entities",
        ),
    ]
    both = pd.concat(lists, ignore_index=True)
    both["city"] = [
        f"{code[:2]}0000" if f"{code[:2]}0000" in MUNICIPALITIES else code for code in both["city"]
    ]
    both = both[~both["city"].isin(OUTSIDE)]
    provinces = both.drop_duplicates("province").set_index("province")["province_zh"]
    abolished = pd.DataFrame(
        {
            "city": list(ABOLISHED_CODES.values()),
            "name_zh": list(ABOLISHED_CODES),
            "province": [f"{code[:2]}0000" for code in ABOLISHED_CODES.values()],
            "source": "GB/T 2260-1999",
        }
    )
    abolished["province_zh"] = abolished["province"].map(provinces)
    grouped = pd.concat([both, abolished], ignore_index=True).groupby("city", as_index=False)
    return grouped.agg(
        {"name_zh": "first", "province": "first", "province_zh": "first", "source": ", ".join}
    )


def _list(frame: pd.DataFrame, headers: tuple[str, str, str, str], source: str) -> pd.DataFrame:
    """Key, name, province and its name of each unit of one list."""
    names = dict(zip(headers, ("city", "name_zh", "province", "province_zh"), strict=True))
    listed = frame[list(headers)].rename(columns=names).astype("str")
    return listed.drop_duplicates(ignore_index=True).assign(source=source)


def _english(path: Path, units: pd.DataFrame) -> dict[str, str]:
    sheet = "list of prefectures included"
    listed = read_table(path, source="gpi_prefecture", sheet=sheet).frame
    by_name = dict(zip(units["name_zh"].map(short_name), units["city"], strict=True))
    by_name |= {
        short_name(name): city
        for name, city in zip(units["name_zh"], units["city"], strict=True)
        if name.endswith("市")
    }
    given = {
        by_name[chinese]: english
        for english, chinese in zip(listed["Prefecture"], listed["地级市"], strict=True)
        if chinese in by_name
    }
    return {**given, **ENGLISH_ADDED, **ENGLISH_CORRECTED}


def _level(city: str, name: str) -> str:
    if city in MUNICIPALITIES:
        return "municipality"
    if city[2:4] == "90":
        return "county_level"  # run by the province directly, without a prefecture between
    for suffix, level in (
        ("自治州", "autonomous_prefecture"),
        ("地区", "prefecture"),
        ("盟", "league"),
    ):
        if name.endswith(suffix):
            return level
    return "prefecture_city"


def main() -> None:
    """Write `divisions.csv` beside this script."""
    registry = load_registry()
    table = derive({source: locate(registry[source]).path for source in SOURCES})
    write_text(find_project().facts / "divisions.csv", table.to_csv(index=False))


if __name__ == "__main__":
    main()
