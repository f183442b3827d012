"""The README's table of agreement with other software is there and covers what it rests on."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def verified():
    """The script that writes the table; it is no part of the package."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "tests" / "benchmarks"))
        yield importlib.import_module("verified")


def lines(verified: ModuleType) -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = text.split(verified.BEGIN)[1].split(verified.END)[0]
    return [line for line in block.splitlines() if line.startswith("|")][2:]


def test_the_table_has_a_line_for_every_comparison(verified):
    assert lines(verified)
    named = [line.split("|")[1].strip() for line in lines(verified)]
    assert named == [row.estimator for row in verified.ROWS]


def test_the_table_names_every_file_of_reference_values_that_is_used(verified):
    for row, line in zip(verified.ROWS, lines(verified), strict=True):
        if isinstance(row.references, str):
            assert row.references in line
            continue
        for name in row.references:
            assert f"`{name}`" in line
            assert (ROOT / "tests" / "reference" / f"{name}.json").is_file()


def test_every_line_agrees_in_as_many_digits_as_it_must(verified):
    for row, line in zip(verified.ROWS, lines(verified), strict=True):
        found = [int(cell) for cell in re.findall(r"(?<=\| )\d+(?= \|)", line)]
        cases, *digits = found
        assert cases >= 1
        assert digits
        assert min(digits) >= row.least, row.estimator


@pytest.mark.parametrize(
    ("pairs", "agreed"),
    [
        ([(1.0, 1.0)], 15),
        ([(1.0, 1.0), (100.05, 100.0)], 3),
        ([(2.0, 1.0)], 0),
        ([(float("nan"), 1.0)], 0),
        ([(5.0, 0.0), (5.0, None)], None),
    ],
)
def test_digits_are_those_of_the_worst_pair(verified, pairs, agreed):
    assert verified.digits(pairs) == agreed
