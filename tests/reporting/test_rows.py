"""Files of rows that cite other rows."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from urbanecon.cleaning.panel import Panel
from urbanecon.effects import EVIDENCE
from urbanecon.effects.result import Estimate
from urbanecon.errors import StaleResultError
from urbanecon.reporting.rows import cited, write_row
from urbanecon.reporting.store import read_estimates, write_estimates


@pytest.fixture
def results(tmp_path: Path) -> dict[str, Path]:
    """Files of the effects in which nothing could be estimated."""
    files = {}
    for effect in ("E1", "E2", "E3", "E4"):
        files[effect] = tmp_path / f"{effect}.json"
        specs = {spec for specs in EVIDENCE.values() for spec in specs if spec.effect == effect}
        estimates = [Estimate(spec, None, "needs a panel") for spec in specs]
        write_estimates(files[effect], estimates)
    return files


@pytest.fixture
def nothing() -> Panel:
    """A panel without a variable."""
    index = pd.MultiIndex.from_product([["420100"], [2010, 2011]], names=["city", "year"])
    provinces = index.set_names(["province", "year"])
    return Panel(pd.DataFrame(index=index), pd.DataFrame(index=provinces), pd.DataFrame())


def test_what_is_cited_keeps_its_effect_and_its_order(results: dict[str, Path]) -> None:
    found = cited("R2", results)
    assert [estimate.spec for estimate in found] == list(EVIDENCE["R2"])
    assert {estimate.spec.effect for estimate in found} == {"E1", "E2", "E3", "E4"}


def test_a_row_has_its_own_estimates_before_those_it_cites(
    results: dict[str, Path], nothing: Panel, tmp_path: Path
) -> None:
    write_row("L1", nothing, results, tmp_path / "L1.json")
    effects = [estimate.spec.effect for estimate in read_estimates(tmp_path / "L1.json")]
    assert effects[0] == "L1"
    assert effects[-2:] == ["E1", "E3"]
    assert effects == sorted(effects, key=lambda effect: effect != "L1")


def test_a_row_that_cites_nothing_needs_no_other(nothing: Panel, tmp_path: Path) -> None:
    assert cited("L3", {}) == []
    write_row("L3", nothing, {}, tmp_path / "L3.json")
    assert all(e.reason for e in read_estimates(tmp_path / "L3.json"))


def test_an_effect_estimated_before_it_was_cited_is_stale(results: dict[str, Path]) -> None:
    write_estimates(results["E3"], [])
    with pytest.raises(StaleResultError, match=r"holds no E3\.\S+, which R2 cites"):
        cited("R2", results)


def test_files_do_not_depend_on_the_run(
    results: dict[str, Path], nothing: Panel, tmp_path: Path
) -> None:
    contents = []
    for name in ("first", "second"):
        write_row("R4", nothing, results, tmp_path / name)
        contents.append((tmp_path / name).read_bytes())
    assert contents[0] == contents[1]
