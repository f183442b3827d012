"""The committed tables of facts are exactly what their scripts make of the raw files."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from urbanecon.cleaning.divisions import load_divisions

FACTS = Path(__file__).resolve().parents[2] / "data_raw" / "facts"

pytestmark = pytest.mark.mirror


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, FACTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def committed(name: str) -> str:
    return (FACTS / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def derived(raw_file):
    module = script("derive_divisions")
    return module.derive({source: raw_file(source) for source in module.SOURCES})


def test_divisions_are_what_the_script_derives(derived):
    assert derived.to_csv(index=False) == committed("divisions.csv")


def test_divisions_hold_the_300_cities_the_census_units_and_the_prefectures_abolished(derived):
    sources = derived.set_index("city")["source"]
    assert sources.str.contains("city_macro").sum() == 300
    assert sources.str.contains("census_2010_2020").sum() == 369 - 2
    abolished = load_divisions().query("last_year >= 2000")["name_zh"]
    assert set(abolished) == {"柳州地区", "南宁地区", "伊犁地区", "巢湖市", "莱芜市"}
    assert len(derived) == 372


def test_pilots_are_what_the_script_derives(raw_file):
    module = script("derive_pilots")
    assert module.derive(raw_file("ntu_pilot")).to_csv(index=False) == committed("pilots.csv")
