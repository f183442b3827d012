"""Workbooks that are damaged, locked, odd or noisy: one clear message, or a careful import."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from old_excel import _compound, write_xls
from openpyxl.chart import BarChart, Reference
from yearbook_headers import TABLES, columns
from yearbook_sheets import population_workbook, save

from urbanecon.errors import DataWarning, UrbaneconError
from urbanecon.intake.observe import import_file
from urbanecon.intake.workbook import LARGEST

Urbanecon = Callable[..., Any]
"""Calls the command line; gives code, out, err."""

HEAD = ["城市", "GDP(亿元)"]


def test_a_truncated_workbook_is_one_clear_message(tmp_path: Path, urbanecon: Urbanecon) -> None:
    whole = population_workbook(tmp_path / "whole.xlsx").read_bytes()
    old = write_xls(tmp_path / "whole.xls", {"a": [HEAD, ["武汉市", 1.0]]}).read_bytes()
    for name, content in (("cut.xlsx", whole), ("cut.xls", old)):
        for share in (0.1, 0.5, 0.9):
            (tmp_path / name).write_bytes(content[: int(len(content) * share)])
            outcome = urbanecon("import", tmp_path / name, "--out", tmp_path / "out")
            assert outcome.code == 1, outcome
            assert name in outcome.err
            assert "Traceback" not in outcome.err


def test_a_workbook_locked_by_a_password_is_one_clear_message(
    tmp_path: Path, urbanecon: Urbanecon
) -> None:
    # a locked xlsx is a compound file whose stream is no workbook
    (tmp_path / "locked.xlsx").write_bytes(_compound(b"EncryptedPackage" * 400))
    for command in ("import", "audit"):
        outcome = urbanecon(command, tmp_path / "locked.xlsx", "--out", tmp_path / "out")
        assert outcome.code == 1
        assert "locked" in outcome.err


def test_a_sheet_of_charts_and_an_empty_one_are_passed_over(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    page = workbook.active
    page.title = "数据"
    for row in (HEAD, ["武汉市", 5.0], ["黄石市", 6.0]):
        page.append(row)
    chart = BarChart()
    chart.add_data(Reference(page, min_col=2, min_row=1, max_row=3), titles_from_data=True)
    workbook.create_chartsheet("图").add_chart(chart)
    workbook.create_sheet("空")
    workbook.save(tmp_path / "2015.xlsx")
    assert list(import_file(tmp_path / "2015.xlsx").observations["value"]) == [5e8, 6e8]


def test_a_workbook_of_charts_alone_is_one_clear_message(
    tmp_path: Path, urbanecon: Urbanecon
) -> None:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    workbook.create_chartsheet("图").add_chart(BarChart())
    workbook.save(tmp_path / "charts.xlsx")
    for command in ("import", "audit"):
        outcome = urbanecon(command, tmp_path / "charts.xlsx", "--out", tmp_path / "out")
        assert outcome.code == 1
        assert "holds no" in outcome.err


def test_hidden_sheets_count_like_others(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    for name, value in (("2015", 5.0), ("2016", 6.0)):
        page = workbook.create_sheet(name)
        page.sheet_state = "hidden"
        for row in (HEAD, ["武汉市", value], ["黄石市", value]):
            page.append(row)
    workbook.save(tmp_path / "x.xlsx")
    assert set(import_file(tmp_path / "x.xlsx").observations["year"]) == {2015, 2016}


def test_formulas_that_were_never_computed_are_missing_and_said(
    tmp_path: Path, urbanecon: Urbanecon
) -> None:
    rows: list[list[Any]] = [HEAD, ["武汉市", "=1+4"], ["黄石市", 6.0], ["十堰市", 7.0]]
    path = save(tmp_path / "2015.xlsx", {"a": rows}, {})
    with pytest.warns(DataWarning, match="formula.*B2"):
        done = import_file(path)
    assert set(done.observations["city"]) == {"420200", "420300"}
    outcome = urbanecon("import", path, "--out", tmp_path / "out")
    assert "formula" in outcome.err
    assert "B2" in outcome.err


def test_a_date_in_a_number_cell_is_listed_with_its_address(tmp_path: Path) -> None:
    rows: list[list[Any]] = [HEAD, ["武汉市", datetime.datetime(2015, 3, 1)],
                             ["黄石市", 6.0], ["十堰市", 7.0]]  # fmt: skip
    done = import_file(save(tmp_path / "2015.xlsx", {"a": rows}, {}))
    assert [raw for _, raw, _ in done.unmatched] == ["2015.xlsx|a|2|B"]


@pytest.mark.parametrize("mark", ["#DIV/0!", "#N/A", "#REF!"])
def test_an_error_of_a_formula_is_missing_and_said(tmp_path: Path, mark: str) -> None:
    rows: list[list[Any]] = [HEAD, ["武汉市", mark], ["黄石市", 6.0], ["十堰市", 7.0]]
    with pytest.warns(DataWarning, match="error.*B2"):
        done = import_file(save(tmp_path / "2015.xlsx", {"a": rows}, {}))
    assert set(done.observations["city"]) == {"420200", "420300"}


COLUMNS = [column for text in TABLES.values() for column in columns(text) if column.variable]
NOISE = st.text(alphabet=" \n\t　*①", max_size=3)
BRACKETS = st.sampled_from([("(", ")"), ("（", "）"), ("[", "]"), ("【", "】"), ("〔", "〕")])


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sampled_from(COLUMNS), st.lists(NOISE, min_size=12, max_size=12), BRACKETS)
def test_spaces_breaks_marks_and_brackets_in_a_header_change_nothing(
    tmp_path: Path, column: Any, noise: list[str], brackets: tuple[str, str]
) -> None:
    name = "".join(
        letter + noise[at % 12].replace("*", "").replace("①", "")
        for at, letter in enumerate(column.zh.lstrip("#"))
    )
    header = f"{noise[0]}{name}{noise[1]}{brackets[0]}{column.unit}{brackets[1]}"
    rows: list[list[Any]] = [["2-1 固定资产投资"], ["城市", header],
                             ["武汉市", 10.1], ["黄石市", 11.2]]  # fmt: skip
    done = import_file(save(tmp_path / "2015.xlsx", {"a": rows}, {}))
    assert done.mapping.tables[0].columns[0].variable == column.variable


CELLS = st.one_of(
    st.none(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=8),
    st.sampled_from(["武汉市", "黄石市", "河北省", "城市", "单位：万元", "续表", "GDP(亿元)",
                     "合计",                      "全市", "市辖区", "2015年", "…", "注：", "(%)"]),
    st.datetimes(min_value=datetime.datetime(1950, 1, 1)),
)  # fmt: skip


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.lists(CELLS, min_size=1, max_size=6), min_size=1, max_size=12))
def test_no_random_sheet_makes_the_import_fail(tmp_path: Path, rows: list[list[Any]]) -> None:
    bare = openpyxl.cell.cell.ILLEGAL_CHARACTERS_RE
    clean = [[bare.sub("", cell) if isinstance(cell, str) else cell for cell in row]
             for row in rows]  # fmt: skip
    path = save(tmp_path / "random.xlsx", {"a": clean}, {})
    try:
        import_file(path)
    except UrbaneconError as error:
        assert str(error)


def test_a_text_that_is_too_large_is_refused_at_once(tmp_path: Path, urbanecon: Urbanecon) -> None:
    path = tmp_path / "large.csv"
    with path.open("wb") as handle:
        handle.truncate(LARGEST * 4)
    outcome = urbanecon("import", path, "--out", tmp_path / "out")
    assert outcome.code == 1
    assert "120 MB" in outcome.err
    assert "urbanecon audit" in outcome.err
