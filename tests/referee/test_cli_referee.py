"""The command `urbanecon referee` on tables of the user's own."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import typer
from referee.planted_faults import sound_data
from typer.testing import CliRunner, Result

from urbanecon import cli_referee
from urbanecon.errors import DataError, MissingColumnError
from urbanecon.referee import CHECKS, Verdict
from urbanecon.referee.report import read_json


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "panel.csv"
    sound_data().reset_index().to_csv(path, index=False)
    return path


def call(*arguments: object) -> Result:
    app = typer.Typer()
    cli_referee.register(app)
    return CliRunner().invoke(app, [str(a) for a in arguments], env={"COLUMNS": "200"})


def test_a_csv_file_is_refereed_and_printed(table: Path) -> None:
    done = call("--data", table, "--outcome", "y", "--treatment", "d", "--above", "province")
    assert done.exit_code == 0, done.output
    assert "number of clusters" in done.output
    assert "150 clusters" in done.output
    assert "0 fail" in done.output


def test_files_are_written_in_every_kind_that_is_asked_for(table: Path, tmp_path: Path) -> None:
    out = {kind: tmp_path / f"out.{kind}" for kind in ("html", "csv", "json")}
    named = [part for kind, path in out.items() for part in (f"--{kind}", path)]
    done = call("--data", table, "--outcome", "y", "--treatment", "d", "--family", "y2",
                "--control", "fixed", "--instrument", "z", *named)  # fmt: skip
    assert done.exit_code == 0, done.output
    content = json.loads(out["json"].read_text(encoding="utf-8"))
    (records,) = content["studies"].values()
    status = {record["id"]: record["status"] for record in records}
    assert list(status) == [check.id for check in CHECKS]
    assert status["multiple_testing"] == "pass"
    assert status["instrument_strength"] == "fail"
    assert len(pd.read_csv(out["csv"])) == len(CHECKS)
    assert out["html"].read_text(encoding="utf-8").startswith("<!doctype html>")


def test_sentences_are_printed_in_chinese_when_asked(table: Path) -> None:
    done = call("--data", table, "--outcome", "y", "--treatment", "d", "--language", "zh")
    assert done.exit_code == 0, done.output
    assert "聚类数" in done.output and "150 个聚类" in done.output
    assert "number of clusters" not in done.output


def test_clusters_may_be_named(table: Path) -> None:
    done = call("--data", table, "--outcome", "y", "--treatment", "d", "--cluster", "province")
    assert "30 clusters" in done.output


def test_keys_of_units_keep_their_zeros(tmp_path: Path) -> None:
    path = tmp_path / "codes.csv"
    path.write_text("city,year\n010100,2010\n", encoding="utf-8")
    assert cli_referee.read_table(path, "city")["city"][0] == "010100"


@pytest.mark.parametrize("kind", ["parquet", "dta", "xlsx"])
def test_tables_of_other_kinds_are_read(tmp_path: Path, kind: str) -> None:
    rows = sound_data().reset_index().head(4)[["city", "year", "y"]]
    path = tmp_path / f"panel.{kind}"
    if kind == "parquet":
        rows.to_parquet(path)
    elif kind == "dta":
        rows.to_stata(path, write_index=False)
    else:
        rows.to_excel(path, index=False)
    assert cli_referee.read_table(path, "city")["y"].to_list() == pytest.approx(rows["y"])


def test_a_file_that_is_not_there_or_of_no_known_kind_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"There is no file .*none\.csv"):
        cli_referee.read_table(tmp_path / "none.csv", "city")
    (tmp_path / "panel.doc").write_text("x", encoding="utf-8")
    with pytest.raises(DataError, match="expected csv, parquet, dta or xlsx"):
        cli_referee.read_table(tmp_path / "panel.doc", "city")
    (tmp_path / "empty.csv").write_text("", encoding="utf-8")
    with pytest.raises(DataError, match=r"empty\.csv cannot be read"):
        cli_referee.read_table(tmp_path / "empty.csv", "city")


def test_a_misspelt_column_is_an_error_with_the_closest_name(table: Path) -> None:
    done = call("--data", table, "--outcome", "y", "--treatment", "dosse")
    assert isinstance(done.exception, MissingColumnError)
    assert "Did you mean 'dose'?" in str(done.exception)


def test_a_misspelt_outcome_of_the_family_is_an_error(table: Path) -> None:
    done = call("--data", table, "--outcome", "y", "--treatment", "d", "--family", "y22")
    assert isinstance(done.exception, MissingColumnError)
    assert "Did you mean 'y2'?" in str(done.exception)


def test_an_unknown_effect_is_a_misspelt_command_line() -> None:
    done = call("growht")
    assert done.exit_code == 2
    assert "Did you mean 'growth'?" in done.output


def test_effects_are_asked_for_by_id_or_name_once_each(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[tuple[str, ...]] = []

    def study(panel: str, folder: Path, effects: tuple[str, ...]) -> dict[str, list[Verdict]]:
        asked.append(tuple(effects))
        return {effect: [Verdict("x", "x", "pass", f"{effect} is fine.")] for effect in effects}

    monkeypatch.setattr("urbanecon.measures.variables.open_panel", lambda: "panel")
    monkeypatch.setattr("urbanecon.referee.claims.referee_study", study)
    done = call("ecology", "e1", "E3")
    assert asked == [("E3", "E1")]
    assert "E3: 1 pass" in done.output
    call("--json", tmp_path / "all.json")
    assert asked[1] == ("E1", "E2", "E3", "E4")
    assert set(read_json(tmp_path / "all.json")) == set(asked[1])


def test_effects_and_a_file_do_not_go_together(table: Path) -> None:
    assert call("E1", "--data", table).exit_code == 2
    assert call("--data", table, "--outcome", "y").exit_code == 2
