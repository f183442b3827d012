"""The list of every table, figure and number of the paper, with the program that makes it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from urbanecon.errors import StaleResultError
from urbanecon.project import Project
from urbanecon.replication.programs import Place, Trees, makers, steps, uses

TABLE_SUFFIXES = (".tex", ".docx", ".html", ".json")
FIGURE_SUFFIXES = (".png", ".pdf")


@dataclass(frozen=True, slots=True)
class Outputs:
    """Files that the main job makes and a rerun is held against, by kind, sorted."""

    numbers: Path
    papers: tuple[Path, ...]
    tables: tuple[Path, ...]
    figures: tuple[Path, ...]

    @property
    def all(self) -> tuple[Path, ...]:
        """Every file."""
        return (self.numbers, *self.papers, *self.tables, *self.figures)


def outputs(project: Project) -> Outputs:
    """Return the outputs of the last run.

    Raises
    ------
    StaleResultError
        If the numbers or the paper, or every table or figure, is missing.
    """
    numbers = project.paper / "numbers.json"
    found = Outputs(
        numbers,
        tuple(sorted(project.paper.glob("*.pdf"))),
        _files(project.build / "tables", TABLE_SUFFIXES),
        _files(project.figures, FIGURE_SUFFIXES),
    )
    absent = [
        what
        for what, there in (
            (str(numbers), numbers.is_file()),
            (f"any paper in {project.paper}", found.papers),
            (f"any table in {project.build / 'tables'}", found.tables),
            (f"any figure in {project.figures}", found.figures),
        )
        if not there
    ]
    if absent:
        raise StaleResultError(
            f"A package needs the outputs of the main job; there is not {', nor '.join(absent)}. "
            "Run `urbanecon run` first."
        )
    return found


def _files(folder: Path, suffixes: tuple[str, ...]) -> tuple[Path, ...]:
    """Files of the edition that the paper shows; those of other languages lie a folder below."""
    return tuple(sorted(path for path in folder.glob("*") if path.suffix in suffixes))


def results_table(
    project: Project, found: Outputs, files: Sequence[str], trees: Trees
) -> pd.DataFrame:
    """Return one row a table, figure and number.

    Parameters
    ----------
    found
        What the last run made.
    files, trees
        Files of the project, and the syntax trees of its modules.

    Returns
    -------
    DataFrame
        `kind` (table, figure, number), `name`, `text` (a number as printed),
        `unit`, `results_file`, `estimate`, `term` (where a number stands in the
        results), `program`, `line`, `function` (what makes it; empty where the
        code does not say), `used_in` (lines of the paper's source that ask for a
        number by its whole name).
    """
    made, facts = steps(trees), makers(trees, "Number")
    rows = []
    tables = makers(trees, "Table")
    for kind, paths, by in (("table", found.tables, tables), ("figure", found.figures, made)):
        for name in dict.fromkeys(path.stem for path in paths):
            rows.append({"kind": kind, "name": name, **_program(by.place_of(name))})
    numbers = read_numbers(found.numbers)
    places = uses(project.root, files, numbers)
    for name, entry in numbers.items():
        origin = entry["from"]
        place = made.place_of(origin["file"])
        if not origin["estimate"]:
            place = facts.place_of(name) or place
        rows.append(
            {
                "kind": "number",
                "name": name,
                "text": entry["text"],
                "unit": entry["unit"],
                "results_file": origin["file"],
                "estimate": origin["estimate"],
                "term": origin["term"],
                **_program(place),
                "used_in": " ".join(map(str, places.get(name, ()))),
            }
        )
    return pd.DataFrame(rows).fillna("")


def _program(place: Place | None) -> dict[str, str]:
    if place is None:
        return {"program": "", "line": "", "function": ""}
    return {"program": place.file, "line": str(place.line), "function": place.function}


def read_numbers(path: Path) -> dict[str, dict[str, Any]]:
    """Return the numbers of the paper by name.

    Raises
    ------
    StaleResultError
        If the file is damaged.
    """
    try:
        numbers: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))[
            "numbers"
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise StaleResultError(
            f"{path} is damaged ({error}). Run `urbanecon paper` to make it again."
        ) from error
    return numbers
