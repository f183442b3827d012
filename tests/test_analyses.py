"""The steps of the main job: one file a section, each of which stands alone, in each language."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytask
import pytest

from urbanecon.effects import ROWS
from urbanecon.needs import FIGURES
from urbanecon.outputs import LANGUAGES, figure_files, table_listing
from urbanecon.pipeline import chosen_steps
from urbanecon.project import find_project

ROOT = Path(__file__).parents[1]
PROJECT = find_project(ROOT)
STEPS = sorted((ROOT / "analyses").glob("task_*.py"))
MARKERS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytask"][
    "ini_options"
]["markers"]


@pytest.fixture(scope="module")
def sections(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Any]:
    """Sessions that collect one file each, with every source at hand; nothing runs."""
    config = tmp_path_factory.mktemp("pytask") / "pyproject.toml"
    named = "\n".join(f'{name} = "{words}"' for name, words in MARKERS.items())
    config.write_text(f"[tool.pytask.ini_options.markers]\n{named}\n")
    sources = {name for needed in FIGURES.values() for name in needed}
    somewhere = dict.fromkeys(sources, ROOT / "pyproject.toml")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("urbanecon.needs.raw_files", lambda _: somewhere)
        patch.setattr("urbanecon.plotting.outlines.available", lambda: True)
        return {
            step: pytask.build(
                paths=[step], config=config, strict_markers=True, dry_run=True, verbose=0
            )
            for step in STEPS
        }


@pytest.fixture(scope="module")
def steps(sections: dict[Path, Any]) -> list[Any]:
    return [step for session in sections.values() for step in session.tasks]


def marks(step: Any) -> set[str]:
    return {mark.name for mark in step.markers}


def files(tree: Any) -> set[Path]:
    """Paths of the nodes of a step's inputs or products."""
    if isinstance(tree, dict):
        return {path for branch in tree.values() for path in files(branch)}
    return {tree.path} if hasattr(tree, "path") else set()


@pytest.mark.parametrize("step", STEPS, ids=[step.stem for step in STEPS])
def test_each_section_stands_alone(sections: dict[Path, Any], step: Path) -> None:
    session = sections[step]
    assert [report for report in session.collection_reports if report.exc_info] == []
    assert {task.path for task in session.tasks} == {step}


def test_every_figure_and_the_tables_have_one_step_in_each_language(steps: list[Any]) -> None:
    made = Counter(
        (path, *sorted(marks(step) & set(LANGUAGES)))
        for step in steps
        for path in files(step.produces)
        if PROJECT.figures in path.parents or path.name == "tables.txt"
    )
    expected = {
        (path, language)
        for language in LANGUAGES
        for name in FIGURES
        for path in figure_files(PROJECT, name, language).values()
    }
    expected |= {(table_listing(PROJECT, language), language) for language in LANGUAGES}
    assert set(made) == expected
    assert set(made.values()) == {1}


def test_what_is_not_of_another_language_neither_makes_nor_reads_its_files(
    steps: list[Any],
) -> None:
    other = {table_listing(PROJECT, "zh").parent, figure_files(PROJECT, "x", "zh")["png"].parent}
    for step in steps:
        touched = {path.parent for path in files(step.produces) | files(step.depends_on)}
        assert bool(touched & other) == ("zh" in marks(step)), step.name


def test_every_row_of_the_ledger_and_every_language_has_a_mark() -> None:
    assert set(MARKERS) == {claim.name for claim in ROWS.values()} | set(LANGUAGES) | {"paper"}


@pytest.mark.parametrize("row", ROWS)
def test_each_row_of_the_ledger_can_be_run_by_its_mark(steps: list[Any], row: str) -> None:
    chosen = chosen_steps((row,), "en")
    made = {path.name for s in steps if chosen in marks(s) for path in files(s.produces)}
    assert f"{row}.json" in made
    assert made <= {f"{row}.json", f"{row}_tables.json"}


def test_the_main_job_is_in_one_language() -> None:
    assert chosen_steps((), "en") == "not zh"
    assert chosen_steps((), "zh") == "zh"
    assert chosen_steps(("E1", "R2"), "en") == "growth or layout"
