"""Exchanges of territory are found by rule, each with its evidence."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from urbanecon.cleaning import territory
from urbanecon.cleaning.territory import (
    EVENTS,
    FLAGS,
    ROSTER_2010,
    ROSTER_2020,
    ROSTERS,
    SOURCES,
    all_links,
    breaks,
    heads_2020,
)
from urbanecon.errors import DataError, MissingColumnError

EVENT = {
    "event_id": "SYN-1", "year": 2011, "approval_date": "2011-07-14", "province_name": "安徽省",
    "event_type": "split", "prefecture_names": "巢湖市", "automatic_continuity": "false",
    "description": "撤销地级巢湖市，原辖县区分别划归合肥、芜湖。",
}  # fmt: skip


def write_files(
    folder: Path,
    *,
    events: list[dict[str, object]],
    flags: list[tuple[str, int]],
    before: list[tuple[str, str]] = (),  # type: ignore[assignment]
    after: list[tuple[str, str]] = (),  # type: ignore[assignment]
) -> dict[str, Path]:
    """Synthetic files in the layout of the four sources."""
    paths = {EVENTS: folder / "events.csv", FLAGS: folder / "flags.csv"}
    renaming = EVENT | {"event_id": "SYN-0", "event_type": "rename", "year": 1990}
    pd.DataFrame([renaming, *events]).to_csv(paths[EVENTS], index=False)
    columns = ["prefecture_name", "year", "whole_city_break_flag"]
    rows = [(*flag, 1) for flag in flags] + [("武汉市", 1999, 0)]
    pd.DataFrame(rows, columns=columns).to_csv(paths[FLAGS], index=False)
    for source, counties in ((ROSTER_2010, before), (ROSTER_2020, after)):
        spec = ROSTERS[source]
        paths[source] = folder / f"{source}.xlsx"
        always = [("合肥市", "340100", 1), ("长丰县", "340121", 1)]
        frame = pd.DataFrame(
            [*always, *((name, code, 1) for name, code in counties)],
            columns=[spec["name"], spec["code"], spec["heads"]],
        )
        frame.to_excel(paths[source], sheet_name=spec["sheet"], index=False)
    return paths


def pairs(links: pd.DataFrame) -> set[tuple[str, str, int, str]]:
    return {
        (*sorted([one, other]), year, rule)  # type: ignore[misc]
        for one, other, year, rule in zip(
            links["one"], links["other"], links["year"], links["rule"], strict=True
        )
    }


def test_an_event_links_the_cities_that_its_description_names(tmp_path):
    paths = write_files(tmp_path, events=[EVENT], flags=[("合肥市", 2011), ("芜湖市", 2011)])
    links = all_links(paths)
    assert pairs(links) == {
        ("340100", "340200", 2011, "event"),
        ("340100", "341400", 2011, "event"),
    }
    assert set(links["evidence"]) == {"admin_events: SYN-1"}


def test_an_event_without_a_flag_on_any_of_its_cities_links_nothing(tmp_path):
    paths = write_files(tmp_path, events=[EVENT], flags=[("成都市", 2011)])
    assert all_links(paths).empty


@pytest.mark.parametrize(
    "change", [{"event_type": "rename"}, {"automatic_continuity": "true"}, {"year": 1995}]
)
def test_an_event_that_moves_no_land_links_nothing(tmp_path, change):
    paths = write_files(tmp_path, events=[EVENT | change], flags=[("合肥市", 2011)])
    assert all_links(paths).empty


def test_a_change_approved_late_in_the_year_counts_from_the_next(tmp_path):
    late = EVENT | {"approval_date": "2011-09-29"}
    paths = write_files(tmp_path, events=[late], flags=[("合肥市", 2011), ("成都市", 2011)])
    flagged = breaks(paths[FLAGS], paths[EVENTS]).set_index("city")["year"]
    assert flagged.to_dict() == {"340100": 2012, "510100": 2011}


def test_a_county_under_another_city_ten_years_later_links_both(tmp_path):
    paths = write_files(
        tmp_path,
        events=[],
        flags=[("铜陵市", 2015)],
        before=[("枞阳县", "340823")],
        after=[("枞阳县", "340722")],
    )
    links = all_links(paths)
    assert pairs(links) == {("340700", "340800", 2015, "roster")}
    assert "census_county_2010/census_county_2010.xlsx|Sheet1|4|B" in links["evidence"][0]


def test_a_new_code_under_the_same_city_and_a_name_that_occurs_twice_link_nothing(tmp_path):
    paths = write_files(
        tmp_path,
        events=[],
        flags=[],
        before=[("铜陵县", "340721"), ("郊区", "340711"), ("郊区", "340811")],
        after=[("铜陵县", "340706"), ("郊区", "340711"), ("郊区", "340411")],
    )
    assert all_links(paths).empty


def test_flagged_cities_of_a_province_without_a_partner_are_linked_to_one_another(tmp_path):
    flags = [("吴忠市", 2003), ("固原市", 2003), ("烟台市", 2003), ("中卫市", 2004)]
    links = all_links(write_files(tmp_path, events=[], flags=flags))
    assert pairs(links) == {("640300", "640400", 2003, "flag")}


def test_a_file_of_flags_without_the_flag_names_the_column(tmp_path):
    path = tmp_path / "flags.csv"
    path.write_text("prefecture_name,year,whole_city_break\n合肥市,2011,1\n", encoding="utf-8")
    with pytest.raises(MissingColumnError, match="'whole_city_break_flag' is missing"):
        breaks(path, path)


def test_text_in_the_flag_is_an_error_with_its_cell(tmp_path):
    path = tmp_path / "flags.csv"
    path.write_text("prefecture_name,year,whole_city_break_flag\n合肥市,2011,yes\n", "utf-8")
    with pytest.raises(DataError, match=r"row 2.*found 'yes'"):
        breaks(path, path)


@pytest.fixture(scope="module")
def paths(raw_file) -> dict[str, Path]:
    return {source: raw_file(source) for source in SOURCES}


@pytest.mark.mirror
def test_the_exchanges_since_2002_are_found_with_year_and_rule(paths):
    assert pairs(all_links(paths)) == {
        ("450200", "451300", 2003, "event"),
        ("450200", "452200", 2003, "event"),
        ("450100", "451400", 2003, "event"),
        ("450100", "452100", 2003, "event"),
        ("340100", "340200", 2011, "event"),
        ("340100", "340500", 2011, "event"),
        ("340100", "341400", 2011, "event"),
        ("370100", "371200", 2019, "event"),
        ("220100", "220300", 2020, "roster"),
        ("340700", "340800", 2015, "roster"),
        ("340100", "341400", 2011, "roster"),
        ("340500", "341400", 2011, "roster"),
        ("340400", "341500", 2015, "roster"),
        ("370100", "371200", 2019, "roster"),
        ("510100", "512000", 2016, "roster"),
        ("640300", "640400", 2004, "flag"),
        ("640300", "640500", 2004, "flag"),
    }


@pytest.mark.mirror
def test_only_yantai_is_flagged_without_any_exchange(paths):
    flagged = breaks(paths[territory.FLAGS], paths[territory.EVENTS])
    links = all_links(paths)
    linked = set(links["one"]) | set(links["other"])
    assert set(flagged["city"]) - linked == {"370600"}


@pytest.mark.mirror
def test_residents_of_2020_are_those_of_the_census(paths):
    heads = heads_2020(paths[ROSTER_2020])
    assert heads["420100"] == 12447718
    assert len(heads) > 330
