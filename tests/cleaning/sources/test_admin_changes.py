"""Changes of boundaries and districts (admin_boundary_flags, admin_district_events)."""

from __future__ import annotations

from pathlib import Path

import pytest

from urbanecon.cleaning.observations import RawCell
from urbanecon.cleaning.sources import admin_boundary_flags, admin_district_events
from urbanecon.errors import DataError, MissingColumnError


def flags(tmp_path: Path, *rows: str) -> Path:
    header = "prefecture_name,year,whole_city_break_count,district_jump_count,district_merge_count"
    path = tmp_path / "flags.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def events(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "events.csv"
    path.write_text("\n".join(["year,prefecture_name,event_category", *rows]), encoding="utf-8")
    return path


def test_only_years_with_a_change_are_observed(tmp_path):
    cells = admin_boundary_flags.read(flags(tmp_path, "武汉市,2010,0,0,0", "武汉市,2011,1,0,2"))
    assert cells[["year", "variable", "value", "raw"]].to_numpy().tolist() == [
        [2011, "boundary_break", 1.0, "admin_boundary_flags/flags.csv||3|C"],
        [2011, "district_merge", 2.0, "admin_boundary_flags/flags.csv||3|E"],
    ]


def test_text_for_a_count_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"武汉市, 2010.*expected a finite number, found 'yes'"):
        admin_boundary_flags.read(flags(tmp_path, "武汉市,2010,yes,0,0"))


def test_events_are_counted_by_year_and_kind_with_all_their_rows(tmp_path):
    cells = admin_district_events.read(
        events(
            tmp_path,
            "2000,武汉市,county_to_district",
            "2000,武汉市,district_merge",
            "2000,武汉市,county_to_district",
        )
    ).set_index("variable")
    assert cells["value"].to_dict() == {
        "county_to_district_events": 2, "district_merge_events": 1,
    }  # fmt: skip
    assert RawCell.parse(cells["raw"]["county_to_district_events"]).rows == (2, 4)


def test_an_unknown_kind_of_event_is_named(tmp_path):
    path = events(tmp_path, "2000,武汉市,district_merger")
    with pytest.raises(DataError, match=r"row 2.*'district_merger'. Did you mean 'district_mer"):
        admin_district_events.read(path)


def test_a_missing_column_is_named(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text("year,prefecture,event_category\n2000,武汉市,district_merge\n", "utf-8")
    with pytest.raises(MissingColumnError, match="'prefecture_name' is missing"):
        admin_district_events.read(path)


@pytest.mark.mirror
def test_anhui_of_2011_and_the_other_exchanges_of_territory_are_there(raw_file):
    cells = admin_boundary_flags.read(raw_file("admin_boundary_flags"))
    breaks = cells[cells["variable"] == "boundary_break"]
    assert len(breaks) == 19
    assert set(breaks[breaks["year"] == 2011]["city"]) == {"340100", "340200", "340500"}
    assert set(breaks[breaks["year"] == 2015]["city"]) >= {"340400", "340700", "341500"}
    assert cells.groupby("variable")["value"].sum().to_dict() == {
        "boundary_break": 19, "district_jump": 198, "district_merge": 18,
    }  # fmt: skip


@pytest.mark.mirror
def test_all_439_district_events_are_counted(raw_file):
    cells = admin_district_events.read(raw_file("admin_district_events"))
    assert cells.groupby("variable")["value"].sum().to_dict() == {
        "county_to_district_events": 230,
        "district_merge_events": 36,
        "district_other_events": 76,
        "district_transfer_events": 97,
    }
    assert sum(len(RawCell.parse(raw).rows) for raw in cells["raw"]) == 439
