"""Files that cannot be read, and what is said of them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from urbanecon.cleaning.tables import read_table
from urbanecon.errors import DataError


def workbook(tmp_path: Path) -> Path:
    """A synthetic workbook of two sheets."""
    path = tmp_path / "a.xlsx"
    with pd.ExcelWriter(path, engine="openpyxl") as writer:
        frame = pd.DataFrame({"city": ["武汉"], "gdp": [1.5]})
        frame.to_excel(writer, sheet_name="with gaps", index=False)
        frame.to_excel(writer, sheet_name="interpolated", index=False)
    return path


def test_a_csv_in_gb18030_is_named_as_such(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("城市,年份\n武汉市,2020\n".encode("gb18030"))
    with pytest.raises(DataError, match=r"s/a\.csv: not UTF-8.*utf-8-sig.*GB18030.*Save the file"):
        read_table(path, source="s")


def test_bytes_of_no_known_encoding_are_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"city,year\n\xff\xff\xff,2020\n")
    with pytest.raises(DataError, match=r"not UTF-8 \(byte 10\)") as caught:
        read_table(path, source="s")
    assert "GB18030" not in str(caught.value)


def test_a_byte_order_mark_is_no_part_of_the_first_header(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("city,year\n武汉市,2020\n".encode("utf-8-sig"))
    assert list(read_table(path, source="s").frame.columns) == ["city", "year"]


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx", "a.dta"])
def test_an_empty_file_is_named(tmp_path, name):
    path = tmp_path / name
    path.touch()
    with pytest.raises(DataError, match=f"s/{name} is empty"):
        read_table(path, source="s")


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx"])
def test_a_web_page_under_the_name_of_a_table_is_recognised(tmp_path, name):
    path = tmp_path / name
    path.write_text("<!DOCTYPE html><html>404</html>\n", encoding="utf-8")
    with pytest.raises(DataError, match="web page"):
        read_table(path, source="s")


@pytest.mark.parametrize("kept", [10, 0.5, 0.9])
def test_a_truncated_workbook_is_recognised(tmp_path, kept):
    path = workbook(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: kept if kept > 1 else int(len(content) * kept)])
    with pytest.raises(DataError, match=r"s/a\.xlsx.*truncated"):
        read_table(path, source="s")


def test_a_truncated_stata_file_is_recognised(tmp_path):
    path = tmp_path / "a.dta"
    pd.DataFrame({"year": range(50)}).to_stata(path, write_index=False)
    content = path.read_bytes()
    for length in (1, 20, 300, len(content) // 2):
        path.write_bytes(content[:length])
        with pytest.raises(DataError, match=r"s/a\.dta cannot be read"):
            read_table(path, source="s")


def test_a_sheet_is_found_by_name_or_position_and_a_missing_one_suggests_the_closest(tmp_path):
    path = workbook(tmp_path)
    assert read_table(path, source="s").sheet == "with gaps"
    assert read_table(path, source="s", sheet=1).sheet == "interpolated"
    with pytest.raises(DataError, match=r"no sheet 'with gap'\. Did you mean 'with gaps'"):
        read_table(path, source="s", sheet="with gap")
    with pytest.raises(DataError, match="no sheet 7"):
        read_table(path, source="s", sheet=7)


def test_a_csv_with_a_torn_line_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('city,year\n武汉市,2020,1,2\n"武', encoding="utf-8")
    with pytest.raises(DataError, match="no regular csv table"):
        read_table(path, source="s")


@pytest.mark.parametrize("text", ["city,year\n", "\n"])
def test_a_csv_without_rows_is_refused(tmp_path, text):
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"s/a\.csv"):
        read_table(path, source="s")


def test_an_absent_file_and_an_unknown_type_are_refused(tmp_path):
    with pytest.raises(DataError, match="urbanecon fetch s"):
        read_table(tmp_path / "a.csv", source="s")
    (tmp_path / "a.pdf").write_text("x")
    with pytest.raises(DataError, match=r"type '\.pdf'"):
        read_table(tmp_path / "a.pdf", source="s")
