"""Where things are made is found in the code as it is."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from urbanecon.needs import FIGURES
from urbanecon.replication.programs import makers, parse, seeds, steps, uses

ROOT = Path(__file__).resolve().parents[2]
FILES = [
    path.relative_to(ROOT).as_posix()
    for room in ("analyses", "urbanecon/reporting")
    for path in (ROOT / room).rglob("*.py")
]


@pytest.fixture(scope="module")
def trees() -> dict[str, ast.Module]:
    return parse(ROOT, FILES)


@pytest.mark.parametrize("figure", sorted(FIGURES))
def test_every_figure_of_the_paper_has_a_step(trees: dict[str, ast.Module], figure: str) -> None:
    place = steps(trees).place_of(figure)
    assert place is not None
    line = (ROOT / place.file).read_text(encoding="utf-8").splitlines()[place.line - 1]
    assert "def task_" in line or figure in line


@pytest.mark.parametrize("table", ["main_E1", "event_E4", "sources", "descriptive", "quality"])
def test_every_table_has_the_function_that_fills_it(
    trees: dict[str, ast.Module], table: str
) -> None:
    place = makers(trees, "Table").place_of(table)
    assert place is not None
    line = (ROOT / place.file).read_text(encoding="utf-8").splitlines()[place.line - 1]
    assert "Table(" in line


@pytest.mark.parametrize("fact", ["panel.units", "pilot.2014", "quality.cells"])
def test_every_fact_has_the_function_that_states_it(
    trees: dict[str, ast.Module], fact: str
) -> None:
    place = makers(trees, "Number").place_of(fact)
    assert place is not None
    assert place.file == "urbanecon/reporting/panel_facts.py"


def synthetic(text: str, file: str = "analyses/task_1.py") -> dict[str, ast.Module]:
    return {file: ast.parse(text)}


def test_figures_of_a_loop_are_found_where_their_names_stand() -> None:
    loop = "for name in (\n    'maps',\n):\n    def task_x(p: Product = f(name)): ...\n"
    assert str(steps(synthetic(loop)).place_of("maps")) == "analyses/task_1.py:2"


@pytest.mark.parametrize(("name", "line"), [("curve_E1", 2), ("power_E1", 3), ("power", None)])
def test_names_put_together_are_found_by_their_literal_parts_first(
    name: str, line: int | None
) -> None:
    code = (
        "if True:\n"
        "    def task_b(p: Product = f(f'curve_{effect}')): ...\n"
        "    def task_a(p: Product = f(f'{kind}_{effect}')): ...\n"
    )
    place = steps(synthetic(code)).place_of(name)
    assert (place.line if place else None) == line


def test_a_figure_in_another_language_is_made_where_the_first_is() -> None:
    step = "def task_trends(p: Annotated[Path, Product] = f('trends')): ...\n"
    made = steps(synthetic(step))
    assert made.place_of("trends_zh") == made.place_of("trends") is not None


def test_what_the_code_does_not_name_has_no_place() -> None:
    assert steps(synthetic("x = 1\n")).place_of("unknown") is None


def test_a_name_without_a_literal_part_stands_for_nothing() -> None:
    tree = synthetic(
        "def f(a, b):\n    return Table(name=f'{a}.{b}')\n", "urbanecon/reporting/x.py"
    )
    assert makers(tree, "Table").place_of("a.b") is None


def test_seeds_are_found_as_constants_in_pairs_and_as_defaults() -> None:
    code = (
        "SEED = 1\nDRAWS, SEED2 = 9, 2\ndef f(a, seed=3, *, b, my_seed=4): ...\ndef g(seed): ...\n"
    )
    found = [(name, value) for _, name, value in seeds(synthetic(code))]
    assert found == [("SEED", "1"), ("SEED2", "2"), ("f(seed)", "3"), ("f(my_seed)", "4")]


def test_uses_are_lines_of_the_paper_that_ask_for_a_whole_name(tmp_path: Path) -> None:
    (tmp_path / "a.typ").write_text('x\n#num("n.a") and #num("n.b")\n')
    found = uses(tmp_path, ["a.typ"], ["n.a", "n.c"])
    assert {name: [str(p) for p in places] for name, places in found.items()} == {
        "n.a": ["a.typ:2"]
    }
