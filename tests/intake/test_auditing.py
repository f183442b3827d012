"""`urbanecon audit` on synthetic panels of every layout."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from urbanecon.cleaning.divisions import load_divisions
from urbanecon.errors import UrbaneconError
from urbanecon.intake.auditing import Audit, audit_file
from urbanecon.intake.panels import read_panel
from urbanecon.intake.sheets import read_sheets

Urbanecon = Callable[..., Any]
"""Calls the command line; gives code, out, err."""

YEARS = range(2010, 2020)
BAD = ("420200", 2014)
"""City and year whose GDP is made negative in the synthetic panel."""


def synthetic(cities: list[str]) -> pd.DataFrame:
    """Noisy growth without a defect but one: a negative GDP."""
    draw = np.random.default_rng(7)
    rows = [(city, year) for city in cities for year in YEARS]
    panel = pd.DataFrame(rows, columns=["city", "year"])
    for name, scale in (("gdp", 1e7), ("population", 400.0), ("shoes", 1e3)):
        level = draw.lognormal(0, 0.5, len(cities)).repeat(len(YEARS)) * scale
        growth = np.exp(draw.normal(0.05, 0.02, len(panel)))
        panel[name] = (level * growth).round(2)
    panel.loc[(panel["city"] == BAD[0]) & (panel["year"] == BAD[1]), "gdp"] = -5.0
    return panel


@pytest.fixture
def panel() -> pd.DataFrame:
    divisions = load_divisions()
    alive = divisions[divisions["first_year"].isna() & divisions["last_year"].isna()]
    return synthetic(["420200", *[city for city in alive.index if city != "420200"][:29]])


def chinese(panel: pd.DataFrame) -> pd.DataFrame:
    names = load_divisions()["name_zh"]
    return panel.assign(city=panel["city"].map(names)).rename(
        columns={"city": "城市", "year": "年份", "gdp": "地区生产总值（万元）",
                 "population": "常住人口\r\n(万人)", "shoes": "鞋店"}
    )  # fmt: skip


def found(audit: Audit) -> set[tuple[str, int]]:
    bad = audit.flags[audit.flags["rule"] == "impossible"]
    return set(zip(bad["city"], bad["year"], strict=True))


# -- layouts and formats -------------------------------------------------------


@pytest.mark.parametrize("name", ["p.csv", "gb.csv", "p.xlsx", "p.dta", "p.parquet"])
def test_a_chinese_panel_is_understood_in_every_format(
    tmp_path: Path, panel: pd.DataFrame, name: str
) -> None:
    path, table = tmp_path / name, chinese(panel)
    if name == "gb.csv":
        table.to_csv(path, index=False, encoding="gb18030")
    elif name == "p.csv":
        table.to_csv(path, index=False)
    elif name == "p.xlsx":
        table.to_excel(path, index=False)
    elif name == "p.parquet":
        table.to_parquet(path, index=False)
    else:
        labels = dict(zip(("gdp", "pop", "shoes"), list(table)[2:], strict=True))
        labels = {key: re.sub(r"\s", "", label) for key, label in labels.items()}
        table = table.set_axis(["city", "year", *labels], axis=1)
        table.to_stata(path, write_index=False, variable_labels=labels, version=118)
    audit = audit_file(path)
    assert found(audit) == {BAD}
    readings = {reading.variable: reading.factor for reading in audit.panel.readings}
    assert readings["gdp"] == readings["population"] == 1e4
    assert "30 of 30 units are known cities" in audit.panel.inferred


def test_the_flag_names_the_cell_of_the_file(tmp_path: Path, panel: pd.DataFrame) -> None:
    path = tmp_path / "p.csv"
    chinese(panel).to_csv(path, index=False)
    flag = audit_file(path).flags.query("rule == 'impossible'").iloc[0]
    assert (flag["name"], flag["row"], flag["column"]) == ("黄石市", 6, "C")
    assert flag["value"] == -5e4


@pytest.mark.parametrize("prefix", ["gdp", "gdp_", "地区生产总值(万元)"])
def test_a_wide_table_with_years_in_the_headers(
    tmp_path: Path, panel: pd.DataFrame, prefix: str
) -> None:
    wide = panel.pivot_table(index="city", columns="year", values="gdp").add_prefix(prefix)
    wide.reset_index().to_csv(tmp_path / "w.csv", index=False)
    audit = audit_file(tmp_path / "w.csv")
    assert set(audit.observations["variable"]) == {"gdp"}
    assert set(audit.observations["year"]) == set(YEARS)
    assert found(audit) == {BAD}


def test_a_wide_workbook_with_one_variable_a_sheet(tmp_path: Path, panel: pd.DataFrame) -> None:
    with pd.ExcelWriter(tmp_path / "w.xlsx") as writer:
        for name in ("gdp", "shoes"):
            wide = panel.pivot_table(index="city", columns="year", values=name)
            wide.reset_index().to_excel(writer, sheet_name=name, index=False)
    audit = audit_file(tmp_path / "w.xlsx")
    assert set(audit.observations["variable"]) == {"gdp", "shoes"}
    assert len(audit.observations) == 2 * 30 * len(YEARS)


def test_a_long_list_and_a_table_with_a_column_a_city(tmp_path: Path, panel: pd.DataFrame) -> None:
    listed = panel.melt(["city", "year"], var_name="variable", value_name="value")
    listed.to_csv(tmp_path / "l.csv", index=False)
    assert found(audit_file(tmp_path / "l.csv")) == {BAD}

    names = load_divisions()["name_short"]
    across = panel.pivot_table(index="year", columns="city", values="gdp").rename(columns=names)
    across.reset_index().to_csv(tmp_path / "gdp.csv", index=False)
    audit = audit_file(tmp_path / "gdp.csv")
    assert "layout: one column a city" in audit.panel.inferred
    assert found(audit) == {BAD}


def test_counties_provinces_and_arbitrary_ids_are_units_too(
    tmp_path: Path, panel: pd.DataFrame
) -> None:
    codes = {city: f"0{at:04d}" for at, city in enumerate(panel["city"].unique())}
    table = panel.assign(city=panel["city"].map(codes)).rename(columns={"city": "fips"})
    table.insert(0, "state", "X")
    table.to_csv(tmp_path / "c.csv", index=False)
    audit = audit_file(tmp_path / "c.csv")
    assert found(audit) == {("00000", BAD[1])}
    assert audit.observations["city"].nunique() == 30

    provinces = load_divisions()["province_zh"].unique()[:30]
    named = dict(zip(panel["city"].unique(), provinces, strict=True))
    panel.assign(city=panel["city"].map(named)).rename(columns={"city": "省份"}).to_csv(
        tmp_path / "p.csv", index=False
    )
    assert set(audit_file(tmp_path / "p.csv").observations["city"]) == set(provinces)


def test_names_that_repeat_across_provinces_are_told_apart(
    tmp_path: Path, panel: pd.DataFrame
) -> None:
    first = panel.assign(省份="甲省", 区县="鼓楼区")[panel["city"] == "420200"]
    second = panel.assign(省份="乙省", 区县="鼓楼区")[panel["city"] == panel["city"].iloc[-1]]
    pd.concat([first, second]).drop(columns="city").to_csv(tmp_path / "c.csv", index=False)
    assert audit_file(tmp_path / "c.csv").observations["city"].nunique() == 2


# -- what is inferred is careful -----------------------------------------------


def test_without_a_believable_unit_a_variable_keeps_its_own_name_and_no_range(
    tmp_path: Path, panel: pd.DataFrame
) -> None:
    table = panel[["city", "year"]].assign(population=panel["population"] / 10)
    table.to_csv(tmp_path / "p.csv", index=False)
    audit = audit_file(tmp_path / "p.csv")
    (reading,) = audit.panel.readings
    assert (reading.variable, reading.known) == ("population (as given)", False)
    assert not found(audit)


def test_values_are_those_of_the_file_and_flags_change_none(
    tmp_path: Path, panel: pd.DataFrame
) -> None:
    panel.to_csv(tmp_path / "p.csv", index=False)
    sheets = read_sheets(tmp_path / "p.csv")
    before = read_panel(sheets, tmp_path / "p.csv").observations
    after = audit_file(tmp_path / "p.csv").observations
    pd.testing.assert_frame_equal(before.drop(columns="flag"), after.drop(columns="flag"))


def test_titles_above_the_header_are_passed_over(tmp_path: Path, panel: pd.DataFrame) -> None:
    text = "各市数据\n\n" + panel.to_csv(index=False)
    (tmp_path / "p.csv").write_text(text, encoding="utf-8")
    audit = audit_file(tmp_path / "p.csv")
    assert "the header is row 3" in audit.panel.inferred
    assert audit.flags.query("rule == 'impossible'")["row"].iloc[0] == 8


# -- the report ----------------------------------------------------------------


def test_the_report_is_one_file_that_loads_nothing(
    tmp_path: Path, panel: pd.DataFrame, urbanecon: Urbanecon
) -> None:
    chinese(panel).to_csv(tmp_path / "p.csv", index=False)
    outcome = urbanecon("audit", tmp_path / "p.csv", "--out", tmp_path / "out")
    assert outcome.code == 0, outcome.err
    html = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "黄石市" in html
    assert "C6" in html
    assert "<svg" in html
    assert not re.search(r"<(script|link|img|iframe)\b|@import|url\(", html)
    flags = pd.read_csv(tmp_path / "out" / "flags.csv", dtype={"city": "str"})
    assert list(flags)[:4] == ["city", "name", "year", "variable"]
    assert BAD in set(zip(flags["city"], flags["year"], strict=True))


def test_names_from_the_file_cannot_break_the_report(
    tmp_path: Path, panel: pd.DataFrame, urbanecon: Urbanecon
) -> None:
    table = panel.assign(city=panel["city"].map(lambda city: f"<script>{city}"))
    table.rename(columns={"gdp": "<b>&"}).to_csv(tmp_path / "p.csv", index=False)
    assert urbanecon("audit", tmp_path / "p.csv", "--out", tmp_path / "out").code == 0
    html = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "<script>" not in html
    assert "<b>&<" not in html


# -- bad input -----------------------------------------------------------------


def test_words_and_infinite_numbers_in_number_cells_are_findings(
    tmp_path: Path, panel: pd.DataFrame
) -> None:
    table = panel.astype({"gdp": "object"})
    table.loc[3, "gdp"], table.loc[4, "gdp"], table.loc[5, "gdp"] = "n.d.?", "inf", "—"
    table.to_csv(tmp_path / "p.csv", index=False)
    flags = audit_file(tmp_path / "p.csv").flags
    assert flags.query("rule == 'text'")[["row", "column"]].to_numpy().tolist() == [[5, "C"]]
    assert 6 in set(flags.query("rule == 'impossible'")["row"])
    assert 7 not in set(flags["row"])


def test_two_rows_for_one_city_year_are_a_conflict(tmp_path: Path, panel: pd.DataFrame) -> None:
    again = panel.iloc[[0]].assign(gdp=1.0)
    pd.concat([panel, again]).to_csv(tmp_path / "p.csv", index=False)
    flags = audit_file(tmp_path / "p.csv").flags.query("rule == 'conflict'")
    assert set(flags["row"]) == {2, len(panel) + 2}


def test_a_column_without_any_value_is_said(tmp_path: Path, panel: pd.DataFrame) -> None:
    panel.assign(void=np.nan).to_csv(tmp_path / "p.csv", index=False)
    assert "'void' has no value in any row" in audit_file(tmp_path / "p.csv").panel.inferred


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("absent.csv", None, "no file"),
        ("empty.csv", b"", "0 bytes"),
        ("cut.xlsx", b"PK\x03\x04 cut", "cannot be opened"),
        ("cut.dta", b"<stata_dta><header>", "Stata"),
        ("cut.parquet", b"PAR1cut", "parquet"),
        ("x.csv", b"\xff\xff\xfa\x00\x81", "neither UTF-8"),
        ("x.csv", b"city,year,gdp\n", "no rows"),
        ("x.csv", b"city,year,gdp\nWuhan,2015,\n", "number"),
        ("x.csv", b"city,gdp\nWuhan,5\nHuangshi,6\n", "--year"),
        ("x.csv", b"a,b\n1,2\n3,4\n", "--city"),
        ("x.sav", b"x", "not read"),
    ],
)
def test_a_file_that_is_no_panel_is_one_clear_message(
    tmp_path: Path, urbanecon: Urbanecon, name: str, content: bytes | None, said: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    outcome = urbanecon("audit", path, "--out", tmp_path / "out")
    assert outcome.code == 1, outcome
    assert said in outcome.err
    assert not (tmp_path / "out").exists()


def test_a_misspelt_column_gets_the_closest_one(
    tmp_path: Path, panel: pd.DataFrame, urbanecon: Urbanecon
) -> None:
    panel.to_csv(tmp_path / "p.csv", index=False)
    outcome = urbanecon("audit", tmp_path / "p.csv", "--city", "ctiy")
    assert outcome.code == 1
    assert "Did you mean 'city'?" in outcome.err


def test_an_unwritable_folder_is_one_clear_message(
    tmp_path: Path, panel: pd.DataFrame, urbanecon: Urbanecon
) -> None:
    panel.to_csv(tmp_path / "p.csv", index=False)
    outcome = urbanecon("audit", tmp_path / "p.csv", "--out", tmp_path / "p.csv")
    assert outcome.code == 1
    assert "Cannot write" in outcome.err


CELLS = st.one_of(st.none(), st.floats(), st.integers(-9, 9**12), st.text(max_size=6))


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.sampled_from("abc武汉"), st.integers(2000, 2005), CELLS, CELLS),
                min_size=1, max_size=25))  # fmt: skip
def test_no_random_table_makes_the_audit_fail(
    tmp_path: Path, rows: list[tuple[object, ...]]
) -> None:
    path = tmp_path / "random.csv"
    frame = pd.DataFrame(rows, columns=["city", "year", "gdp", "x"])
    frame.to_csv(path, index=False, encoding="utf-8", errors="replace")
    try:
        audit_file(path)
    except UrbaneconError as error:
        assert str(error)
