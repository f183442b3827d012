"""The command line: what it prints, its exit codes, and that no user's mistake is a traceback."""

from __future__ import annotations

import errno
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest

from urbanecon import __version__, cli
from urbanecon.effects import ROWS
from urbanecon.errors import SourceMissingError


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


Urbanecon = Callable[..., Outcome]


@pytest.fixture
def urbanecon(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Urbanecon:
    """Call the command line as a shell would, in this process."""

    def call(*arguments: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["urbanecon", *arguments])
        monkeypatch.setenv("COLUMNS", "200")
        code = cli.main()
        return Outcome(code, *capsys.readouterr())

    return call


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> list[tuple[tuple[str, ...], str]]:
    """Record what the main job is asked for instead of running it."""
    asked: list[tuple[tuple[str, ...], str]] = []

    def run(rows: tuple[str, ...], language: str) -> int:
        asked.append((rows, language))
        return 0

    monkeypatch.setattr("urbanecon.pipeline.run", run)
    return asked


def failing(error: BaseException) -> Callable[..., int]:
    def run(*_: Any, **__: Any) -> int:
        raise error

    return run


SOURCES = pd.DataFrame(
    {
        "id": ["here", "a_long_name_" * 8],
        "present": [True, False],
        "origin": ["mirror", ""],
        "tier": ["A", "B"],
        "licence": ["MIT", "none stated"],
        "feeds": ["gdp", "co2, E3"],
        "unit": ["city", "city"],
        "years": ["2000", ""],
        "problem": ["", "It is missing."],
    }
)


# -- what is run ---------------------------------------------------------------


def test_run_without_names_asks_for_the_whole_job(urbanecon: Urbanecon, job: list) -> None:
    assert urbanecon("run").code == 0
    assert job == [((), "en")]


def test_another_language_asks_for_its_edition(urbanecon: Urbanecon, job: list) -> None:
    assert urbanecon("run", "--language", "zh").code == 0
    assert job == [((), "zh")]


@pytest.mark.parametrize(
    "arguments", [("growth", "--language", "zh"), ("--language", "fr"), ("--language",)]
)
def test_a_language_is_english_or_chinese_and_of_the_whole_job(
    urbanecon: Urbanecon, job: list, arguments: tuple[str, ...]
) -> None:
    assert urbanecon("run", *arguments).code == 2
    assert job == []


@pytest.mark.parametrize("given", [("growth", "E3"), ("e1", "ECOLOGY"), ("E1", "growth", "E3")])
def test_effects_go_by_id_or_name_in_any_case_and_once(
    urbanecon: Urbanecon, job: list, given: tuple[str, ...]
) -> None:
    assert urbanecon("run", *given).code == 0
    assert job == [(("E1", "E3"), "en")]


def test_every_row_of_the_ledger_can_be_run_by_its_id_and_by_its_name(
    urbanecon: Urbanecon, job: list
) -> None:
    for claim in ROWS.values():
        urbanecon("run", claim.id)
        urbanecon("run", claim.name)
        assert job[-2:] == [((claim.id,), "en")] * 2


@pytest.mark.parametrize(
    ("typed", "meant"), [("grwth", "growth"), ("R11", "r1"), ("citizenisation", "citizenization")]
)
def test_an_unknown_row_is_a_usage_error_with_the_closest_name(
    urbanecon: Urbanecon, job: list, typed: str, meant: str
) -> None:
    outcome = urbanecon("run", typed)
    assert outcome.code == 2
    assert "Did you mean" in outcome.err
    assert f"'{meant}'" in outcome.err
    assert job == []


@pytest.mark.parametrize("code", [0, 1])
def test_the_exit_code_is_that_of_the_main_job(
    urbanecon: Urbanecon, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setattr("urbanecon.pipeline.run", lambda rows, language: code)
    assert urbanecon("run").code == code


@pytest.mark.parametrize(("arguments", "check"), [((), False), (("--check",), True)])
def test_paper_builds_or_checks(
    urbanecon: Urbanecon,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    check: bool,
) -> None:
    asked = []
    monkeypatch.setattr("urbanecon.pipeline.paper", lambda check: asked.append(check) or 0)
    assert urbanecon("paper", *arguments).code == 0
    assert asked == [check]


def test_fetch_without_ids_asks_for_all_and_with_ids_for_those(
    urbanecon: Urbanecon, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(
        "urbanecon.cleaning.fetch.fetch", lambda ids, progress: asked.append(ids) or []
    )
    assert urbanecon("fetch").code == 0
    assert urbanecon("fetch", "co2_edgar", "pm25_chap").code == 0
    assert asked == [None, ["co2_edgar", "pm25_chap"]]


# -- what is printed -----------------------------------------------------------


def test_status_into_a_pipe_shortens_nothing_and_is_one_line_a_source(
    urbanecon: Urbanecon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("urbanecon.cleaning.registry.status", lambda: SOURCES)
    outcome = urbanecon("status")
    header, *lines = outcome.out.splitlines()
    assert header.split("\t") == list(SOURCES)
    assert [line.split("\t")[0] for line in lines] == list(SOURCES["id"])
    assert outcome.code == 0


def test_status_for_a_person_says_why_a_source_is_absent(
    capsys: pytest.CaptureFixture[str],
) -> None:
    cli._print_table(SOURCES)
    printed = capsys.readouterr().out
    assert "It is missing." in printed
    assert "1 of 2 sources are present." in printed


def test_status_lists_the_sources_of_the_project(urbanecon: Urbanecon) -> None:
    from urbanecon.cleaning.registry import load_registry

    lines = urbanecon("status", "--plain").out.splitlines()[1:]
    assert [line.split("\t")[0] for line in lines] == list(load_registry())


@pytest.mark.parametrize("command", ["status", "fetch", "run", "paper"])
def test_the_help_of_every_command_has_examples(urbanecon: Urbanecon, command: str) -> None:
    outcome = urbanecon(command, "--help")
    assert outcome.code == 0
    assert f"urbanecon {command}" in outcome.out.split("Examples")[1]


def test_version_is_that_of_the_installed_package(urbanecon: Urbanecon) -> None:
    assert urbanecon("--version").out == f"urbanecon {__version__}\n"


def test_python_m_urbanecon_is_the_same_command_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "urbanecon", "--version"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert done.stdout == f"urbanecon {__version__}\n"


# -- what goes wrong -----------------------------------------------------------


def test_a_mendable_error_is_its_message_alone(
    urbanecon: Urbanecon, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = SourceMissingError("Source 'x' is missing. Run `urbanecon fetch x`.")
    monkeypatch.setattr("urbanecon.pipeline.run", failing(error))
    assert urbanecon("run") == (1, "", f"error: {error}\n")


def test_an_unknown_source_is_named_with_the_closest_one(urbanecon: Urbanecon) -> None:
    outcome = urbanecon("fetch", "co2_edgr")
    assert outcome.code == 1
    assert outcome.err.startswith("error: ")
    assert "Did you mean 'co2_edgar'?" in outcome.err


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES])
def test_a_full_disk_or_a_locked_folder_names_the_file(
    urbanecon: Urbanecon, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    error = OSError(number, "the system's words", "build/panel.parquet")
    monkeypatch.setattr("urbanecon.pipeline.run", failing(error))
    outcome = urbanecon("run")
    assert outcome.code == 1
    assert outcome.err.startswith("error: the system's words: build/panel.parquet.")
    assert "Traceback" not in outcome.err


def test_an_interrupt_says_that_the_same_command_goes_on(
    urbanecon: Urbanecon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("urbanecon.pipeline.run", failing(KeyboardInterrupt()))
    outcome = urbanecon("run")
    assert outcome.code == 130
    assert "goes on from there" in outcome.err


def test_a_fault_of_the_program_is_one_line_that_says_how_to_report_it(
    urbanecon: Urbanecon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("urbanecon.pipeline.run", failing(ZeroDivisionError("by zero")))
    outcome = urbanecon("run", "growth")
    assert outcome.code == 70
    assert outcome.err.count("\n") == 1
    assert outcome.err.endswith("urbanecon --debug run growth\n")


def test_debug_lets_the_traceback_through(
    urbanecon: Urbanecon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("urbanecon.pipeline.run", failing(ZeroDivisionError("by zero")))
    with pytest.raises(ZeroDivisionError):
        urbanecon("--debug", "run")


@pytest.mark.parametrize("arguments", [("runn",), ("status", "--plan"), ("paper", "now")])
def test_a_misspelt_command_line_is_exit_code_2(
    urbanecon: Urbanecon, arguments: tuple[str, ...]
) -> None:
    assert urbanecon(*arguments).code == 2


def test_lineage_prints_the_raw_cells_of_a_panel_cell(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from urbanecon.cleaning.observations import make_observations
    from urbanecon.cleaning.panel import build_panel
    from urbanecon.measures import variables

    cell = make_observations(
        city=["420100"],
        year=[2015],
        variable="gdp",
        value=[1e12],
        source="city_macro",
        raw=["city_macro/city_macro.csv||4092|F"],
    )
    monkeypatch.setattr(variables, "open_panel", lambda: build_panel(cell))
    monkeypatch.setattr("sys.argv", ["urbanecon", "lineage", "gdp", "武汉", "2015"])
    assert cli.main() == 0
    printed = capsys.readouterr().out
    assert "gdp [Gross domestic product], 武汉市 Wuhan (420100), 2015: 1e+12 yuan" in printed
    assert "raw cell city_macro/city_macro.csv, row 4092, column F" in printed
