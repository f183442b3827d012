"""The documentation: the reference is that of the code, links and commands lead somewhere."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
GUIDES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]


@pytest.fixture(scope="module")
def api() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_api", DOCS / "api.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_committed_reference_is_what_the_code_gives(api: ModuleType) -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in api.FOLDER.glob("*.md")}
    pages = api.reference()
    assert sorted(committed) == sorted(pages)
    old = [name for name, text in pages.items() if committed[name] != text]
    assert old == [], f"run `{api.COMMAND}`"


def test_the_reference_names_every_public_function_of_a_module(api: ModuleType) -> None:
    page = api.reference()["urbanecon.md"]
    assert "write_text(target: Path, text: str) -> None" in page
    assert "_cannot_write" not in page


def test_parameters_and_attributes_are_taken_from_the_docstring(api: ModuleType) -> None:
    import ast

    code = '''
def f(a, b=1):
    """Do it.

    More words.

    Parameters
    ----------
    a, b
        Numbers, over
        two lines.

    Returns
    -------
    int
    """
'''
    (node,) = ast.parse(code).body
    assert api.entry(node).splitlines() == [
        "```python",
        "f(a, b=1)",
        "```",
        "",
        "Do it.",
        "",
        "- `a, b`: Numbers, over two lines.",
    ]


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_every_link_leads_to_a_file_of_the_project(guide: Path) -> None:
    text = guide.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text):
        if not target.startswith("http"):
            assert (guide.parent / target).exists(), target


def commands_of(guide: Path) -> list[str]:
    text = guide.read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL)
    spans = re.findall(r"`(urbanecon [a-z-]+[^`]*)`", text)
    lines = [line for block in blocks for line in block.splitlines()]
    return [line for line in (*lines, *spans) if line.startswith("urbanecon ")]


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_every_command_of_the_project_that_a_guide_names_exists_with_its_options(
    guide: Path,
) -> None:
    import typer

    from urbanecon import cli

    known = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
    for line in commands_of(guide):
        words = [word for word in line.split()[1:] if word != "--debug"]
        if words[0] == "COMMAND":
            continue
        assert words[0] in known, line
        options = {option for param in known[words[0]].params for option in param.opts}
        for word in words[1:]:
            if word.startswith("--") and word != "--help":
                assert word in options, line


GUIDE = (DOCS / "guide.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```", GUIDE, flags=re.DOTALL)

ENTRY = """
[libraries]
unit = "institutions"
label_en = "Libraries"
label_zh = "图书馆数"
kind = "stock"
range = [0, 10000]
level = "city"
sources = []
"""
EFFECT = 3


@pytest.fixture
def run_program(tmp_path: Path) -> Callable[[str], str]:
    """Run a program in a project with a synthetic panel.csv, and return what it prints."""
    shutil.copytree(ROOT / "data_raw" / "facts", tmp_path / "data_raw" / "facts")
    shutil.copy(ROOT / "data_raw" / "sources.toml", tmp_path / "data_raw")
    codebook = (ROOT / "data_raw" / "codebook.toml").read_text(encoding="utf-8")
    (tmp_path / "data_raw" / "codebook.toml").write_text(codebook + ENTRY, encoding="utf-8")
    lines = ["city,year,y,d"]
    for city, year in product(range(420100, 420130), range(2000, 2010)):
        treated = int(city % 2 and year > 2004)
        lines.append(f"{city},{year},{city % 7 + year % 3 + EFFECT * treated},{treated}")
    (tmp_path / "panel.csv").write_text("\n".join(lines), encoding="utf-8")

    def run(program: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            capture_output=True,
            encoding="utf-8",
            check=False,
            env={**os.environ, "PYTHONUTF8": "1"},
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def program_with(word: str) -> str:
    (found,) = (program for program in PROGRAMS if word in program)
    return found


def test_the_guide_estimates_on_a_table_of_ones_own(run_program: Callable[[str], str]) -> None:
    printed = run_program(program_with("fixed_effects(panel"))
    row = next(line for line in printed.splitlines() if line.startswith("d "))
    assert float(row.split()[1]) == pytest.approx(EFFECT)


def test_the_reader_of_the_guide_reads_and_converts(run_program: Callable[[str], str]) -> None:
    use = """
Path("raw.csv").write_text("城市代码,年份,图书馆数（百个）\\n420100,2015,3\\n", encoding="utf-8")
print(read(Path("raw.csv")).to_dict("records"))
"""
    printed = run_program(program_with("def read(") + use)
    assert "'city': '420100', 'year': 2015, 'variable': 'libraries', 'value': 300.0" in printed


def test_the_spec_of_the_guide_is_one(run_program: Callable[[str], str]) -> None:
    run_program(program_with("drop_municipalities"))


def test_what_import_writes_becomes_a_table(run_program: Callable[[str], str]) -> None:
    made = """
from pathlib import Path
from urbanecon.cleaning.observations import make_observations
Path("2-1_import").mkdir()
make_observations(city=["420100"], year=[2015], variable="gdp", value=[1.0], source="2-1.xlsx",
                  raw=["2-1.xlsx||2|C"]).to_parquet("2-1_import/observations.parquet")
"""
    printed = run_program(made + program_with("pivot") + "print(list(table))")
    assert printed == "['city', 'year', 'gdp']\n"


def test_the_script_needs_no_heavy_library() -> None:
    text = (DOCS / "api.py").read_text(encoding="utf-8")
    imported = set(re.findall(r"^(?:from|import) (\w+)", text, flags=re.MULTILINE))
    assert imported - {"urbanecon", "__future__"} <= sys.stdlib_module_names
