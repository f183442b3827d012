"""Fixtures shared by all tests: raw files and values of other software."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import pandas as pd

# Before numpy is imported: several test processes share the cores, so that more threads
# in each would wait for one another.
for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

HERE = Path(__file__).parent
MIRROR = os.environ.get("URBANECON_DATA", "")
IN_CI = os.environ.get("CI", "").lower() == "true"


def absent(what: str) -> None:
    """Skip the test and say what this machine lacks; in CI nothing may be lacking."""
    message = f"not on this machine: {what} (point URBANECON_DATA at the folder of raw files)"
    if IN_CI:
        pytest.fail(message)
    pytest.skip(message)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the tests of the main job: several processes are then done at one time."""
    items.sort(key=lambda item: item.path.name != "test_pipeline.py")


@pytest.fixture(scope="session")
def raw_file() -> Callable[[str], Path]:
    """Path of the raw file of a source, by its registry id."""

    def find(source_id: str) -> Path:
        from urbanecon.cleaning.registry import load_registry, locate
        from urbanecon.errors import SourceMissingError

        try:
            return locate(load_registry()[source_id]).path
        except SourceMissingError:
            absent(f"raw file of the source {source_id!r}")
            raise

    return find


@pytest.fixture(scope="session")
def mirror_file() -> Callable[[str], Path]:
    """Path of a file in the folder that URBANECON_DATA names."""

    def find(name: str) -> Path:
        path = Path(MIRROR) / name
        if not MIRROR or not path.is_file():
            absent(f"{name} in the folder of raw files")
        return path

    return find


@pytest.fixture(scope="session")
def reference() -> Callable[[str], dict[str, Any]]:
    """Values that other software computed, by file name without .json."""

    def read(name: str) -> dict[str, Any]:
        return json.loads((HERE / "reference" / f"{name}.json").read_text(encoding="utf-8"))

    return read


@pytest.fixture(scope="session")
def reference_data() -> Callable[[str], pd.DataFrame]:
    """Classic data sets that the reference values were computed on, e.g. "grunfeld_plm"."""

    def read(name: str) -> pd.DataFrame:
        import pandas as pd

        path = Path(MIRROR).resolve().parent / "reference" / f"data_{name}.csv"
        if not MIRROR or not path.is_file():
            absent(f"reference data set data_{name}.csv beside the folder of raw files")
        return pd.read_csv(path)

    return read
