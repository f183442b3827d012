"""Commands work on the project that the working directory lies in."""

from __future__ import annotations

from pathlib import Path

from urbanecon.project import find_project


def test_a_folder_below_the_root_finds_the_project(tmp_path: Path) -> None:
    (tmp_path / "data_raw").mkdir()
    (tmp_path / "data_raw" / "sources.toml").touch()
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert find_project(tmp_path / "a" / "b").root == tmp_path.resolve()


def test_outside_any_project_the_checkout_of_the_package_is_used(tmp_path: Path) -> None:
    assert (find_project(tmp_path).root / "urbanecon" / "project.py").is_file()
