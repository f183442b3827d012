"""The commands `package` and `verify-package`: what they print, and their exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from replication import tiny_project
from typer.testing import CliRunner

from urbanecon import cli_package
from urbanecon.project import Project
from urbanecon.replication.package import write_package

app = typer.Typer()
cli_package.register(app)
runner = CliRunner()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    made = tiny_project.make(tmp_path / "project")
    monkeypatch.setattr("urbanecon.project.find_project", lambda: made)
    monkeypatch.setattr("urbanecon.reporting.paper.check_paper", lambda project: None)
    return made


def test_package_prints_folder_and_zip(project: Project, tmp_path: Path) -> None:
    done = runner.invoke(app, ["package", "--output", str(tmp_path / "out")])
    assert done.exit_code == 0
    assert done.stdout.split() == [str(tmp_path / "out"), str(tmp_path / "out.zip")]


def test_package_goes_to_build_when_no_folder_is_named(project: Project) -> None:
    runner.invoke(app, ["package"], catch_exceptions=False)
    assert (project.build / "replication" / "README.md").is_file()


def test_verify_package_ends_with_0_and_says_what_was_compared(
    project: Project, tmp_path: Path
) -> None:
    folder, _ = write_package(project, tmp_path / "out")
    done = runner.invoke(app, ["verify-package", str(folder), "--quick"])
    assert done.exit_code == 0
    assert "0 outputs compared" in done.stdout
    assert "python3 code/reproduce.py" in done.stdout


@pytest.mark.parametrize("every", [False, True])
def test_differences_within_tolerance_are_counted_or_listed(
    project: Project, tmp_path: Path, every: bool
) -> None:
    folder, _ = write_package(project, tmp_path / "out")
    near = tiny_project.numbers(0.25 * (1 + 1e-9)).encode()
    tiny_project.write(folder / "code", tiny_project.outputs() | {"paper/numbers.json": near})
    options = ["--quick", "--all"] if every else ["--quick"]
    done = runner.invoke(app, ["verify-package", str(folder), *options])
    assert done.exit_code == 0
    expected = f"{tiny_project.NAME}\t0.25\t" if every else "1 differences\n"
    assert f"within tolerance\tpaper/numbers.json\t{expected}" in done.stdout


def test_verify_package_ends_with_1_and_names_the_number(project: Project, tmp_path: Path) -> None:
    folder, _ = write_package(project, tmp_path / "out")
    changed = tiny_project.outputs() | {"paper/numbers.json": tiny_project.numbers(3).encode()}
    tiny_project.write(folder / "code", changed)
    done = runner.invoke(app, ["verify-package", str(folder), "--quick"])
    assert done.exit_code == 1
    line = done.stdout.splitlines()[0].split("\t")
    assert line == ["DIFFERS", "paper/numbers.json", tiny_project.NAME, "0.25", "3"]
