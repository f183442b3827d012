"""Every reader on spoilt files: a clear error or a named warning, and nothing lost in silence.

The tests spoil the specimens of the sources, one defect at a time, and at random.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from specimens import SPECIMENS, Specimen, reader

from urbanecon.cleaning.observations import SEVERITY, RawCell, column_letter
from urbanecon.errors import DataError, DataWarning, MissingColumnError, UrbaneconError
from urbanecon.needs import reader_ids

EVERY = pytest.mark.parametrize("source", sorted(SPECIMENS))
ADDED_UP = ("admin_district_events", "admin_events")
"""Sources whose rows are events: a second one in a year is one more event."""


def read(source: str, path: Path) -> tuple[pd.DataFrame, list[str]]:
    """Observations and the package's warnings; any other warning is an error."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("error")
        warnings.simplefilter("always", DataWarning)
        cells = reader(source).read(path)
    return cells, [str(warning.message) for warning in caught]


def outcome(source: str, path: Path) -> str:
    """The message of the error, or those of the warnings; empty if the file is taken."""
    try:
        _, said = read(source, path)
    except UrbaneconError as error:
        return str(error)
    return "\n".join(said)


def spoilt_number(source: str, cell: object) -> tuple[Specimen, str, int, str]:
    """Specimen with another cell in its third row, and the sheet, row and column of it."""
    specimen = SPECIMENS[source]()
    if source == "gpi_prefecture":
        specimen = replace(specimen, sheet="wage-average", number=2010)  # type: ignore[arg-type]
    spoilt = specimen.with_cell(2, specimen.number, cell)
    if specimen.suffix == ".dta":
        return spoilt, "", 2, specimen.number
    letter = column_letter(specimen.position(specimen.number))
    return spoilt, specimen.sheet, 3, letter


def test_every_reader_has_a_specimen():
    assert sorted(SPECIMENS) == reader_ids()


@EVERY
def test_the_specimen_itself_is_read_without_a_word(source, tmp_path):
    cells, said = read(source, SPECIMENS[source]().written(tmp_path))
    assert len(cells) >= 2
    assert said == []


@EVERY
def test_a_missing_column_is_named_with_the_closest_one(source, tmp_path):
    if source == "gpi_province":
        specimen = SPECIMENS[source]()
        grid = [["GDP in CNY", *specimen.grid[0][1:]], *specimen.grid[1:]]
        said = outcome(source, specimen.with_grid(grid).written(tmp_path))
        assert "sheet 'GDP': cell A1 states 'GDP in CNY'; expected 'hundred million" in said
        return
    specimen = SPECIMENS[source]()
    required = "DISTCODE地区代码" if source == "co2_county" else specimen.required
    path = specimen.with_cell(0, required, f"{required}x").written(tmp_path)
    with pytest.raises(MissingColumnError) as caught:
        read(source, path)
    assert f"{source}/specimen{specimen.suffix}" in str(caught.value)
    assert f"{required!r} is missing. Did you mean '{required}x'?" in str(caught.value)


@EVERY
@pytest.mark.parametrize("text", ["约12", "1e999"], ids=["text", "an infinite number"])
def test_no_number_in_a_number_cell_names_the_cell(source, text, tmp_path):
    specimen, sheet, row, column = spoilt_number(source, text)
    with pytest.raises(DataError) as caught:
        read(source, specimen.written(tmp_path))
    message = str(caught.value)
    assert message.startswith(f"{source}/specimen{specimen.suffix}")
    assert f"row {row}, column {column}" in message
    assert sheet in message
    assert f"found {text!r}" in message


@EVERY
def test_two_rows_for_one_city_year_are_told(source, tmp_path):
    if source in ADDED_UP:
        pytest.skip("the rows are events")
    specimen = SPECIMENS[source]()
    again = [*specimen.grid[1]]
    if specimen.number:
        at = specimen.position(specimen.number)
        values = {"admin_entities": "CNUR-000009", "ntu_pilot": 1}
        again[at] = values.get(source) or again[at] + 1
    said = outcome(source, specimen.with_grid([*specimen.grid, again]).written(tmp_path))
    assert specimen.twice in said
    assert said


@pytest.mark.parametrize("source", ADDED_UP)
def test_a_second_event_of_a_year_is_no_conflict(source, tmp_path):
    specimen = SPECIMENS[source]()
    path = specimen.with_grid([*specimen.grid, [*specimen.grid[1]]]).written(tmp_path)
    cells, said = read(source, path)
    assert said == []
    assert not cells.duplicated(["city", "year", "variable"]).any()


@EVERY
def test_an_unknown_city_is_listed_and_never_lost_in_silence(source, tmp_path):
    specimen = SPECIMENS[source]()
    if not specimen.city:
        pytest.skip("no row names a city")
    known = specimen.grid[1][specimen.position(specimen.city)]
    number = {420100: 999900, 4201: 9999}.get(known)
    unknown = number or str(known).replace("武汉", "亚特兰蒂斯")
    lines = [[*line] for line in specimen.grid]
    for line in lines[1:]:
        same = line[specimen.position(specimen.city)] == known
        line[specimen.position(specimen.city)] = (
            unknown if same else line[specimen.position(specimen.city)]
        )
        if same and source == "census_2010_2020":
            line[specimen.position("city_code")] = 999900
    cells, said = read(source, specimen.with_grid(lines).written(tmp_path))
    assert str(unknown) in {name.removesuffix(".0") for name, _, _ in cells.attrs["unmatched"]}
    assert any(str(unknown) in message for message in said)
    assert set(cells["city"]) == {"340100"}


@EVERY
def test_a_variable_without_any_number_is_named(source, tmp_path):
    specimen = SPECIMENS[source]()
    if source == "gpi_prefecture":
        specimen = replace(specimen, sheet="wage-average", number=2010)  # type: ignore[arg-type]
    at = specimen.position(specimen.number)
    lines = [
        specimen.grid[0],
        *([*line[:at], None, *line[at + 1 :]] for line in specimen.grid[1:]),
    ]
    said = outcome(source, specimen.with_grid(lines).written(tmp_path))
    assert f"{source}/specimen" in said
    assert re.search(rf"column {column_letter(at)}\b|{specimen.number}", said)


@EVERY
def test_an_empty_file_is_said_to_be_empty(source, tmp_path):
    path = tmp_path / f"specimen{SPECIMENS[source]().suffix}"
    path.touch()
    with pytest.raises(DataError, match=rf"{source}/specimen\S+ is empty \(0 bytes\)"):
        reader(source).read(path)


@EVERY
def test_a_header_alone_is_no_table(source, tmp_path):
    specimen = SPECIMENS[source]()
    if specimen.suffix == ".dta":
        pytest.skip("a Stata file has no header row")
    path = specimen.with_grid(specimen.grid[:1]).written(tmp_path)
    with pytest.raises(DataError, match="no rows below its header"):
        read(source, path)


@EVERY
@pytest.mark.parametrize("part", [0.1, 0.5, 0.95])
def test_a_truncated_file_is_refused_or_told_or_holds_whole_rows(source, part, tmp_path):
    specimen = SPECIMENS[source]()
    path = specimen.written(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: int(part * len(content))])
    if specimen.suffix == ".csv":
        outcome(source, path)  # a csv file may be cut between two rows
    else:
        with pytest.raises(DataError, match=r"truncated|cannot be (opened|read)"):
            read(source, path)


@pytest.mark.mirror
@pytest.mark.parametrize(
    "source", [s for s in sorted(SPECIMENS) if SPECIMENS[s]().suffix != ".csv"]
)
def test_half_of_the_raw_file_is_said_to_be_truncated(source, raw_file, tmp_path):
    whole = raw_file(source)
    half = tmp_path / whole.name
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(DataError, match=re.escape(f"{source}/{whole.name}")):
        read(source, half)


@EVERY
def test_another_encoding_is_named(source, tmp_path):
    specimen = SPECIMENS[source]()
    if specimen.suffix != ".csv":
        pytest.skip("only csv files have no declared encoding")
    path = specimen.written(tmp_path, encoding="gb18030")
    with pytest.raises(DataError, match=r"not UTF-8 \(byte \d+\).*GB18030"):
        read(source, path)


ANYTHING = st.one_of(
    st.none(),
    st.sampled_from(
        ["", "—", "约12", "inf", "1,234", "武汉市", "合肥", "Wuhan", "9" * 30, "１２"]
    ),
    st.text(max_size=6, alphabet=st.characters(blacklist_categories=("Cs", "Cc"))),
    st.integers(-(10**6), 10**6),
    st.sampled_from([2010, 2011, 420100, 4201, 340100, 0, 1, 1e300, -0.0]),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
)


@st.composite
def spoilt_specimens(draw: st.DrawFn, source: str) -> Specimen:
    """A specimen without some columns, with any cells, and with rows given again."""
    specimen = SPECIMENS[source]()
    width = len(specimen.grid[0])
    kept = [i for i in range(width) if draw(st.integers(0, 11)) != 0] or [0]
    grid = [[line[i] for i in kept] for line in specimen.grid]
    grid += [[*grid[i]] for i in draw(st.lists(st.integers(1, len(grid) - 1), max_size=2))]
    for _ in range(draw(st.integers(0, 4))):
        row = draw(st.integers(0 if specimen.suffix != ".dta" else 1, len(grid) - 1))
        grid[row][draw(st.integers(0, len(kept) - 1))] = draw(ANYTHING)
    return specimen.with_grid(grid)


@EVERY
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_no_reader_fails_otherwise_than_with_its_own_error(source, data, tmp_path):
    path = data.draw(spoilt_specimens(source)).written(tmp_path)
    try:
        cells, _ = read(source, path)
    except UrbaneconError as error:
        assert len(str(error)) > 20
        return
    assert np.isfinite(cells["value"]).all()
    assert cells["flag"].isin([str(flag) for flag in SEVERITY]).all()


@settings(max_examples=40, deadline=None, derandomize=True)
@given(values=st.lists(st.sampled_from([1.5, 2.5, 1e12, 0.0]), min_size=2, max_size=5))
def test_a_flagged_value_is_that_of_its_raw_cell(values, tmp_path_factory):
    specimen = SPECIMENS["co2_edgar"]()
    header, *rows = specimen.grid
    at = specimen.position("碳排放量_吨")
    rows = [[*rows[0][:at], value, *rows[0][at + 1 :]] for value in values]
    path = specimen.with_grid([header, *rows]).written(tmp_path_factory.mktemp("flags"))
    cells, _ = read("co2_edgar", path)
    assert set(cells["flag"]) == {"conflict" if len(set(values)) > 1 else "ok"}
    raw_rows = [RawCell.parse(raw).row for raw in cells["raw"]]
    assert cells["value"].tolist() == [values[row - 2] for row in raw_rows]
    assert len(cells) + len(cells.attrs["repeated"]) == len(values)
