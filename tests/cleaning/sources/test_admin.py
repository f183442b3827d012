"""Administrative units and the events of their lives (admin_entities, admin_events)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from urbanecon.cleaning.divisions import load_divisions
from urbanecon.cleaning.sources import admin_entities, admin_events
from urbanecon.errors import DataError, DataWarning

HEADER = (
    "year,event_type,prefecture_names,old_prefecture_name,new_prefecture_name,automatic_continuity"
)
NAMES = pd.Series(
    {
        "341400": "巢湖市", "460300": "三沙市", "530800": "普洱市", "451300": "来宾市",
        "452200": "柳州地区", "211100": "盘锦市", "210800": "营口市",
    }
)  # fmt: skip


def events(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "events.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return events(
        tmp_path,
        "1984,establish,盘锦市、营口市,,盘锦市、营口市,False",
        "1999,upgrade,巢湖市,巢湖地区,巢湖市,True",
        "2002,split,柳州地区、来宾市,柳州地区,来宾市,False",
        "2003,upgrade,思茅市,思茅地区,思茅市,True",
        "2007,rename,普洱市,思茅市,普洱市,True",
        "2011,split,巢湖市,巢湖市,,False",
        "2012,establish,三沙市,西沙群岛、南沙群岛、中沙群岛办事处,三沙市,False",
    )


def test_an_event_is_one_observation_for_each_unit_it_names(file):
    table = admin_events.read(file)
    split = table[table["variable"] == "admin_split"]
    assert split[["city", "year", "value"]].to_numpy().tolist() == [
        ["452200", 2002, 1.0], ["451300", 2002, 1.0], ["341400", 2011, 1.0],
    ]  # fmt: skip
    assert split["raw"].tolist() == [f"admin_events/events.csv||{row}|C" for row in (4, 4, 7)]
    assert set(table["variable"]) == {
        "admin_establish", "admin_upgrade", "admin_split", "admin_rename",
    }  # fmt: skip


def test_a_unit_lives_from_the_event_that_creates_it_to_the_one_that_ends_it(file):
    spans = admin_events.lifespans(file, NAMES)
    found = {
        city: tuple(None if pd.isna(year) else int(year) for year in years)
        for city, years in spans[["first_year", "last_year"]].T.to_dict("list").items()
    }
    assert found == {
        "451300": (2002, None), "452200": (None, 2002), "341400": (None, 2011),
        "460300": (2012, None),
    }  # fmt: skip
    assert spans["events"]["460300"] == "admin_events: establish 2012"


def test_an_upgrade_continues_the_unit_and_an_event_of_several_creates_none(file):
    spans = admin_events.lifespans(file, NAMES)
    assert pd.isna(spans["first_year"]["341400"])
    assert not {"211100", "210800", "530800"} & set(spans.index)


def test_former_names_go_back_from_event_to_event_latest_first(file):
    assert admin_events.former_names(file, NAMES) == {
        "530800": ["思茅市", "思茅地区"], "341400": ["巢湖地区"],
    }  # fmt: skip


def test_an_unknown_type_of_event_is_named(tmp_path):
    path = events(tmp_path, "2012,establishe,三沙市,,三沙市,False")
    with pytest.raises(DataError, match=r"row 2: unknown event type 'establishe'\. Did you mean"):
        admin_events.read(path)


def test_the_number_of_a_unit_is_read_and_another_form_refused(tmp_path):
    path = tmp_path / "entities.csv"
    text = "entity_id,canonical_name_zh,province_name_zh\nCNUR-000169,武汉市,湖北省\n"
    path.write_text(text, encoding="utf-8")
    row = admin_entities.read(path).iloc[0]
    assert (row["city"], row["value"], row["raw"]) == (
        "420100", 169, "admin_entities/entities.csv||2|A",
    )  # fmt: skip
    path.write_text(text.replace("CNUR-000169", "169"), encoding="utf-8")
    with pytest.raises(DataError, match=r"row 2, column A: expected an identifier like CNUR"):
        admin_entities.read(path)


@pytest.mark.mirror
def test_all_340_units_of_the_crosswalk_are_known(raw_file):
    table = admin_entities.read(raw_file("admin_entities"))
    assert len(table) == table["city"].nunique() == table["value"].nunique() == 340
    assert "unmatched" not in table.attrs or not table.attrs["unmatched"]


@pytest.mark.mirror
def test_the_events_end_and_create_the_cities_known_for_it(raw_file):
    path = raw_file("admin_events")
    spans = admin_events.lifespans(path, load_divisions()["name_zh"])
    after_2000 = {
        "first_year": {"460300": 2012, "451300": 2002, "451400": 2002, "640500": 2003},
        "last_year": {"341400": 2011, "371200": 2018, "452100": 2002, "452200": 2002,
                      "654100": 2001},
    }  # fmt: skip
    for end, expected in after_2000.items():
        years = spans[end].dropna()
        assert years[years >= 2000].astype(int).to_dict() == expected


@pytest.mark.mirror
def test_units_that_ended_before_the_panel_are_listed(raw_file):
    with pytest.warns(DataWarning, match="24 rows match no city"):
        table = admin_events.read(raw_file("admin_events"))
    assert {"惠阳地区", "万县市"} <= {name for name, _, _ in table.attrs["unmatched"]}
    split = table[(table["year"] == 2011) & (table["variable"] == "admin_split")]
    assert split["city"].tolist() == ["341400"]
