"""The main job, from raw files to the paper, as a user runs it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from urbanecon.needs import code_files, raw_files, reader_ids
from urbanecon.project import find_project
from urbanecon.reporting.ledger import read_ledger
from urbanecon.reporting.ledger_views import as_markdown
from urbanecon.reporting.store import read_estimates

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.slow

MADE = ("panel.csv", "cells.parquet", "findings.parquet", "results/E1.json")
"""What a run of one effect leaves, from the panel and its raw cells to the estimates."""


def new_project(folder: Path) -> Path:
    """Copy the committed parts of the project, without any raw file or result."""
    for name in ("analyses", "paper"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "data_raw").mkdir()
    for name in ("sources.toml", "codebook.toml"):
        shutil.copy(ROOT / "data_raw" / name, folder / "data_raw" / name)
    shutil.copytree(ROOT / "data_raw" / "facts", folder / "data_raw" / "facts")
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def urbanecon(folder: Path, *arguments: str, mirror: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "URBANECON_DATA": mirror, "COLUMNS": "200"}
    if not mirror:
        environment.pop("URBANECON_DATA")
    return subprocess.run(
        [sys.executable, "-m", "urbanecon", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def executed(output: str) -> set[str]:
    """Names of the steps that ran, from the table that pytask prints."""
    return set(re.findall(r"::(task_\w+)\S*\s*│\s*\.", output))


def test_every_reader_has_a_registered_source() -> None:
    from urbanecon.cleaning.registry import load_registry

    assert set(reader_ids()) <= set(load_registry())


def test_the_raw_files_of_package_and_facts_are_always_at_hand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("URBANECON_DATA", raising=False)
    assert {"city_macro", "facts_pilots", "facts_prices"} <= set(raw_files(find_project(ROOT)))


def test_the_code_of_a_room_is_all_of_its_modules() -> None:
    assert {path.name for path in code_files("plotting.*").values()} >= {"style.py", "timing.py"}


def test_with_the_package_alone_the_job_completes_and_says_what_it_needs(tmp_path: Path) -> None:
    folder = new_project(tmp_path)
    done = urbanecon(folder, "run")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    growth = read_estimates(folder / "build" / "results" / "E1.json")
    main = ("twfe", "event_study")
    primary = [
        e
        for e in growth
        if e.spec.primary and e.spec.treatment == "pilot" and e.spec.design in main
    ]
    assert len(primary) == 3
    assert all(e.fit is not None for e in primary)
    ecology = read_estimates(folder / "build" / "results" / "E3.json")
    assert all(e.fit is None and e.reason.startswith("needs ") for e in ecology)
    assert "not estimable: needs" in done.stdout
    assert (folder / "paper" / "paper.pdf").stat().st_size > 10_000


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, raw_file: Callable[[str], Path]) -> Path:
    """Return a project in which the whole job has run once."""
    raw_file("gpi_prefecture")
    folder = new_project(tmp_path_factory.mktemp("whole"))
    done = urbanecon(folder, "run", mirror=os.environ["URBANECON_DATA"])
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return folder


@pytest.mark.mirror
def test_with_the_sources_all_four_effects_are_estimated(whole: Path) -> None:
    for effect in ("E1", "E2", "E3", "E4"):
        for estimate in read_estimates(whole / "build" / "results" / f"{effect}.json"):
            assert estimate.fit is not None, f"{estimate.spec.name}: {estimate.reason}"


@pytest.mark.mirror
def test_the_committed_numbers_are_what_the_code_gives(whole: Path) -> None:
    committed = json.loads((ROOT / "paper" / "numbers.json").read_text(encoding="utf-8"))
    computed = json.loads((whole / "paper" / "numbers.json").read_text(encoding="utf-8"))
    values = {name: entry["value"] for name, entry in computed["numbers"].items()}
    assert set(values) == set(committed["numbers"])
    for name, entry in committed["numbers"].items():
        expected = entry["value"]
        if isinstance(expected, float):
            expected = pytest.approx(expected, rel=1e-6, abs=1e-9, nan_ok=True)
        assert values[name] == expected, name


@pytest.mark.mirror
def test_the_readme_shows_the_ledger_of_the_job(whole: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = readme.split("<!-- ledger:begin -->")[1].split("<!-- ledger:end -->")[0]
    assert shown.strip() == as_markdown(read_ledger(whole / "build" / "ledger.json")).strip()


@pytest.mark.mirror
def test_the_committed_figures_are_those_of_the_job(whole: Path) -> None:
    made = {path.name for path in (whole / "figures").glob("*.png")}
    assert made == {path.name for path in (ROOT / "figures").glob("*.png")}


@pytest.mark.mirror
def test_a_second_run_does_nothing(whole: Path) -> None:
    again = urbanecon(whole, "run", mirror=os.environ["URBANECON_DATA"])
    assert again.returncode == 0, again.stderr
    assert executed(again.stdout) == set()


@pytest.mark.mirror
def test_a_change_to_one_step_reruns_its_section_and_the_paper_only(whole: Path) -> None:
    step = whole / "analyses" / "task_40_figures_data.py"
    text = step.read_text(encoding="utf-8")
    changed = text.replace("(cities, language=language)", '(cities, language="zh")')
    assert changed != text
    step.write_text(changed)
    try:
        again = urbanecon(whole, "run", mirror=os.environ["URBANECON_DATA"])
    finally:
        step.write_text(text)
    assert executed(again.stdout) == {"task_figures_of_data", "task_paper"}


@pytest.mark.mirror
def test_a_half_written_result_is_made_again(whole: Path) -> None:
    result = whole / "build" / "results" / "E1.json"
    good = result.read_bytes()
    result.write_bytes(good[: len(good) // 2])
    again = urbanecon(whole, "run", "growth", mirror=os.environ["URBANECON_DATA"])
    assert again.returncode == 0, again.stderr
    assert result.read_bytes() == good


@pytest.mark.mirror
def test_results_do_not_depend_on_the_hash_seed(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From raw files again, with another seed than the one that the first run drew."""
    monkeypatch.setenv("PYTHONHASHSEED", "1")
    folder = new_project(tmp_path)
    done = urbanecon(folder, "run", "growth", mirror=os.environ["URBANECON_DATA"])
    assert done.returncode == 0, done.stderr
    made = {name: (folder / "build" / name).read_bytes() for name in MADE}
    assert made == {name: (whole / "build" / name).read_bytes() for name in MADE}
