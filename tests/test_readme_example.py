"""The README's example of a new outcome runs, and gives what it says, on a synthetic panel."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from effects.multiverse_panel import synthetic_panel

from urbanecon.cleaning.panel_files import save_panel

ROOT = Path(__file__).resolve().parents[1]
SECTION = (ROOT / "README.md").read_text(encoding="utf-8").split("## A new outcome in 30 lines")[1]
(ENTRY,) = re.findall(r"```toml\n(.*?)```", SECTION, flags=re.DOTALL)
(PROGRAM,) = re.findall(r"```py\n(.*?)```", SECTION, flags=re.DOTALL)
EFFECT = 0.3


def libraries(panel: pd.DataFrame) -> pd.DataFrame:
    """Synthetic libraries: a constant of the city, and more of them in pilots."""
    index = panel.index
    city = pd.Series(index.get_level_values("city").str[-4:].astype(int), index=index) % 97
    noise = pd.Series(range(len(index)), index=index) * 7919 % 101 / 500
    column = 1 + city / 97 + noise + EFFECT * panel["pilot"]
    return column.rename("libraries_per_10k").reset_index()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a synthetic panel, in which the example has been run."""
    root = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "data_raw" / "facts", root / "data_raw" / "facts")
    shutil.copy(ROOT / "data_raw" / "sources.toml", root / "data_raw")
    codebook = (ROOT / "data_raw" / "codebook.toml").read_text(encoding="utf-8")
    (root / "data_raw" / "codebook.toml").write_text(f"{codebook}\n{ENTRY}", encoding="utf-8")
    panel = synthetic_panel()
    save_panel(panel, root / "build")
    libraries(panel.data).to_csv(root / "libraries.csv", index=False)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    printed = {root / line for line in done.stdout.splitlines()}
    assert printed == set((root / "libraries").iterdir())
    return root / "libraries"


def test_entry_and_program_are_under_30_lines() -> None:
    assert len(ENTRY.splitlines()) + len(PROGRAM.splitlines()) < 30


def test_the_example_writes_tables_figure_referee_and_multiverse(folder: Path) -> None:
    kinds = {
        "main_own": {"tex", "docx", "html", "json"},
        "event_own": {"tex", "docx", "html", "json"},
        "event_study": {"pdf", "png"},
        "referee": {"html", "csv"},
        "multiverse": {"csv", "pdf", "png"},
        "multiverse_summary": {"csv"},
    }
    found: dict[str, set[str]] = {}
    for path in folder.iterdir():
        found.setdefault(path.stem, set()).add(path.suffix[1:])
    assert found == kinds


def test_the_effect_that_was_put_in_comes_out_of_every_specification(folder: Path) -> None:
    table = pd.read_csv(folder / "multiverse.csv")
    assert len(table) == 1_000
    estimates = table["estimate"].dropna()
    assert len(estimates) > 900
    assert ((estimates - EFFECT).abs() < 0.05).all()
    assert pd.read_csv(folder / "multiverse_summary.csv")["share_sign"].item() == 1


def test_every_check_of_the_referee_is_there(folder: Path) -> None:
    from urbanecon.referee import CHECKS

    verdicts = pd.read_csv(folder / "referee.csv")
    assert list(verdicts["id"]) == [check.id for check in CHECKS]
    assert verdicts.set_index("id")["status"]["few_clusters"] == "pass"


def test_the_label_of_the_entry_stands_in_the_table(folder: Path) -> None:
    assert "Libraries per 10,000 residents" in (folder / "main_own.tex").read_text(
        encoding="utf-8"
    )
