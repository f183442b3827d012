"""What a package holds: the same bytes every time, nothing it may not pass on, no gaps."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from replication import tiny_project

from urbanecon.errors import (
    ChecksumError,
    DataWarning,
    OutputError,
    SourceMissingError,
    StaleResultError,
)
from urbanecon.project import Project
from urbanecon.replication.hashes import sha256
from urbanecon.replication.package import package_files, write_package


def test_two_packages_of_one_project_have_the_same_bytes(project: Project, tmp_path: Path) -> None:
    _, first = write_package(project, tmp_path / "here" / "package")
    _, second = write_package(project, tmp_path / "there" / "package")
    assert first.read_bytes() == second.read_bytes()


def test_folder_and_zip_hold_the_same_files(package: Path) -> None:
    with zipfile.ZipFile(package.with_name("package.zip")) as archive:
        zipped = {name: archive.read(name) for name in archive.namelist()}
        dates = {entry.date_time for entry in archive.infolist()}
    lying = {
        path.relative_to(package).as_posix(): path.read_bytes()
        for path in package.rglob("*")
        if path.is_file()
    }
    assert zipped == lying
    assert list(zipped) == sorted(zipped)
    assert dates == {(1980, 1, 1, 0, 0, 0)}


def test_only_sources_with_an_open_licence_of_their_own_are_passed_on(package: Path) -> None:
    raw = sorted(path.parent.name for path in package.rglob("raw.csv"))
    assert raw == ["open_data"]
    assert (package / "code/data_raw/open_data/raw.csv").read_bytes() == tiny_project.RAW
    assert sorted(path.stem for path in (package / "access").iterdir()) == [
        "closed_data",
        "lent_data",
    ]


def test_no_file_of_the_package_has_the_bytes_of_a_source_that_may_not_be_passed_on(
    project: Project,
) -> None:
    secret = b"city,gdp\n420100,2.0\n"
    path = project.data_raw / "closed_data" / "raw.csv"
    path.write_bytes(secret)
    assert secret not in package_files(project).values()


def test_a_recipe_says_address_check_cost_and_time(package: Path) -> None:
    recipe = (package / "access/closed_data.md").read_text(encoding="utf-8")
    for part in (
        "https://example.org/abc/closed_data.csv", tiny_project.SHA, "Cost: none", "Time: about",
        "code/data_raw/closed_data/raw.csv",
    ):  # fmt: skip
        assert part in recipe


def test_a_raw_file_with_another_checksum_stops_the_package(project: Project) -> None:
    (project.data_raw / "open_data" / "raw.csv").write_bytes(b"tampered\n")
    with pytest.raises(ChecksumError, match="open_data"):
        package_files(project)


def test_a_raw_file_that_is_not_at_hand_is_replaced_by_its_recipe(project: Project) -> None:
    (project.data_raw / "open_data" / "raw.csv").unlink()
    with pytest.warns(DataWarning, match="open_data"):
        files = package_files(project)
    assert "access/open_data.md" in files


def test_outputs_are_not_among_the_code_so_that_a_rerun_must_make_them(package: Path) -> None:
    for name in tiny_project.outputs():
        assert (package / "expected" / name).is_file()
        assert not (package / "code" / name).exists()


def test_every_result_is_listed_with_the_program_and_line_that_makes_it(package: Path) -> None:
    results = pd.read_csv(package / "results.csv", dtype=str, keep_default_na=False)
    by_name = results.set_index("name")
    at = tiny_project.STEP.splitlines().index("def task_growth(") + 1
    assert list(results["kind"]) == ["table", "figure", "number"]
    assert by_name.loc["main_E1", "program"] == "urbanecon/reporting/tables.py"
    assert by_name.loc["main_E1", "function"] == "main_results"
    for name in ("trends", tiny_project.NAME):
        assert by_name.loc[name, "program"] == "analyses/task_30_growth.py"
        assert by_name.loc[name, "line"] == str(at)
    assert by_name.loc[tiny_project.NAME, "used_in"] == "paper/paper.typ:1"


def test_the_readme_has_the_sections_of_the_template_in_their_order(package: Path) -> None:
    text = (package / "README.md").read_text(encoding="utf-8")
    headings = [line[3:] for line in text.splitlines() if line.startswith("## ")]
    assert headings == [
        "Overview",
        "Data Availability and Provenance Statements",
        "Dataset list",
        "Computational requirements",
        "Description of programs/code",
        "Instructions to Replicators",
        "List of tables and programs",
        "References",
    ]
    assert "| numpy | 2.4.0 |" in text
    assert "python3 code/reproduce.py" in text


def test_codebook_and_seeds_are_lists_of_their_own(package: Path) -> None:
    codebook = pd.read_csv(package / "codebook.csv").set_index("name")
    assert codebook.loc["gdp", "unit"] == "yuan"
    assert codebook.loc["gdp", "highest"] == 1e14
    assert "<td>gdp</td>" in (package / "codebook.html").read_text(encoding="utf-8")
    seeds = pd.read_csv(package / "seeds.csv")
    assert seeds.to_dict("records") == [
        {"file": "analyses/task_30_growth.py", "line": 9, "name": "SEED", "value": 7}
    ]


def test_expected_outputs_have_their_sha256_and_a_rule(package: Path) -> None:
    document = json.loads((package / "expected.json").read_text(encoding="utf-8"))
    rules = {entry["file"]: entry["rule"] for entry in document["outputs"]}
    assert rules == {
        "build/tables/main_E1.tex": "printed",
        "figures/trends.png": "pixels",
        "paper/numbers.json": "numbers",
        "paper/paper.pdf": "noted",
    }
    assert set(rules.values()) == set(document["rules"])
    for entry in document["outputs"]:
        content = (package / "expected" / entry["file"]).read_bytes()
        assert entry["sha256"] == sha256(content)


def test_an_output_folder_that_exists_is_never_written_over(
    project: Project, tmp_path: Path
) -> None:
    there = tmp_path / "package"
    there.mkdir()
    (there / "mine.txt").write_text("keep")
    with pytest.raises(OutputError, match="exists"):
        write_package(project, there)
    assert [path.name for path in there.iterdir()] == ["mine.txt"]
    assert not (tmp_path / "package.zip").exists()


@pytest.mark.parametrize("what", ["paper/numbers.json", "figures/trends.png"])
def test_outputs_that_are_missing_are_asked_for(project: Project, what: str) -> None:
    (project.root / what).unlink()
    with pytest.raises(StaleResultError, match="urbanecon run"):
        package_files(project)


def test_numbers_that_are_damaged_are_asked_for_again(project: Project) -> None:
    (project.paper / "numbers.json").write_text("{")
    with pytest.raises(StaleResultError, match=r"numbers\.json is damaged"):
        package_files(project)


def test_what_is_not_committed_is_told(project: Project) -> None:
    (project.root / "analyses" / "task_99_new.py").write_text("")
    with pytest.warns(DataWarning, match=r"Not committed: analyses/task_99_new\.py\."):
        files = package_files(project)
    assert "code/analyses/task_99_new.py" not in files


def test_without_git_nothing_says_what_belongs_to_the_project(
    project: Project, tmp_path: Path
) -> None:
    (project.root / ".git").rename(tmp_path / "elsewhere")
    with pytest.raises(SourceMissingError, match="no git checkout"):
        package_files(project)
