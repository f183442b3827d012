"""Verdicts as tables, files and terminal output."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import pytest
from referee.planted_faults import eight_clusters, sound_study

from urbanecon.errors import DataError, StaleResultError
from urbanecon.referee import Verdict, referee
from urbanecon.referee.report import (
    COLUMNS,
    as_records,
    closing_line,
    read_json,
    referee_table,
    terminal_table,
    write_csv,
    write_html,
    write_json,
)
from urbanecon.referee.verdict import check, p_words
from urbanecon.referee.words import Phrase, listed, same


@pytest.fixture(scope="module")
def found() -> dict[str, list[Verdict]]:
    return {"sound": referee(sound_study()), "few": referee(eight_clusters())}


def test_the_table_has_a_row_a_verdict(found: dict[str, list[Verdict]]) -> None:
    table = referee_table(found["few"])
    assert tuple(table.columns) == COLUMNS
    assert list(table["id"]) == [verdict.id for verdict in found["few"]]
    assert table.set_index("id")["status"]["few_clusters"] == "fail"


def test_json_is_read_back_as_it_was(tmp_path: Path, found: dict[str, list[Verdict]]) -> None:
    write_json(tmp_path / "referee.json", found)
    again = read_json(tmp_path / "referee.json")
    assert {k: as_records(v) for k, v in again.items()} == {
        k: as_records(v) for k, v in found.items()
    }


def test_json_holds_no_number_that_json_lacks(
    tmp_path: Path, found: dict[str, list[Verdict]]
) -> None:
    def refuse(word: str) -> float:
        raise AssertionError(word)

    write_json(tmp_path / "referee.json", found)
    text = (tmp_path / "referee.json").read_text(encoding="utf-8")
    content = json.loads(text, parse_constant=refuse)
    skipped = [r for r in content["studies"]["few"] if r["status"] == "not applicable"]
    assert skipped and all(record["statistic"] is None for record in skipped)


def test_a_missing_or_damaged_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StaleResultError, match=r"none\.json is missing"):
        read_json(tmp_path / "none.json")
    (tmp_path / "half.json").write_text('{"format"', encoding="utf-8")
    with pytest.raises(DataError, match=r"half\.json is damaged"):
        read_json(tmp_path / "half.json")
    (tmp_path / "other.json").write_text("[]", encoding="utf-8")
    with pytest.raises(DataError, match=r"other\.json is not a file of verdicts"):
        read_json(tmp_path / "other.json")


def test_the_csv_names_the_study_first(tmp_path: Path, found: dict[str, list[Verdict]]) -> None:
    write_csv(tmp_path / "referee.csv", found)
    with (tmp_path / "referee.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["study", *COLUMNS]
    assert len(rows) == sum(map(len, found.values()))


def test_the_page_shows_every_verdict_and_escapes_words(tmp_path: Path) -> None:
    verdict = Verdict("x", "x", "fail", "a < b & c", "Do it.")
    write_html(tmp_path / "page.html", {"<name>": [verdict]})
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "a &lt; b &amp; c" in text
    assert "<name>" not in text
    assert "http" not in text.lower().replace("http-equiv", "")


def test_the_terminal_leaves_out_what_does_not_apply(found: dict[str, list[Verdict]]) -> None:
    table = terminal_table("few", found["few"])
    shown = [v for v in found["few"] if v.status != "not applicable"]
    assert table.row_count == len(shown)
    assert closing_line(found["sound"]) == "30 pass, 0 warn, 0 fail, 0 not applicable"


def test_a_page_and_a_terminal_in_chinese_have_no_english_words(
    tmp_path: Path, found: dict[str, list[Verdict]]
) -> None:
    write_html(tmp_path / "page.html", found, "zh")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "审稿报告" in text and "聚类数" in text
    assert "what was found" not in text and "number of clusters" not in text
    headings = [str(column.header) for column in terminal_table("few", found["few"], "zh").columns]
    assert headings == ["结果", "检查", "发现与下一步"]
    assert closing_line(found["sound"], "zh") == "30 通过, 0 警告, 0 未通过, 0 不适用"


def test_a_sentence_begins_with_a_capital_and_ends_with_one_stop() -> None:
    assert Phrase("it rains", "下雨").sentence() == ("It rains.", "下雨。")
    assert Phrase("Really?", "是吗？").sentence() == ("Really?", "是吗？")
    assert Phrase(" ", "").sentence() == ("", "")


def test_long_lists_are_cut_and_counted() -> None:
    assert listed([same(x) for x in "abcdef"]) == (
        "a, b, c, d and 2 more",
        "a、b、c、d等另外 2 个",
    )
    assert listed([same("a")]).en == "a"


def test_small_p_values_are_not_written_as_zero() -> None:
    assert (p_words(0.0004), p_words(0.0415)) == ("p < 0.001", "p = 0.042")


@pytest.mark.parametrize(
    ("statistic", "limits", "status"),
    [
        (0.05, (0.1, 0.5), "pass"),
        (0.10, (0.1, 0.5), "warn"),
        (0.50, (0.1, 0.5), "fail"),
        (40.0, (30.0, 10.0), "pass"),
        (30.0, (30.0, 10.0), "warn"),
        (10.0, (30.0, 10.0), "fail"),
        (math.nan, (30.0, 10.0), "not applicable"),
    ],
)
def test_a_number_is_held_against_its_limits_from_either_side(
    statistic: float, limits: tuple[float, float], status: str
) -> None:
    made = check("leverage", "source")(lambda study: None)  # type: ignore[arg-type,return-value]
    verdict = made.graded(statistic, limits, same("found"), same("do"))
    assert verdict.status == status
    assert (verdict.next_step == "Do.") == (status in ("warn", "fail"))
