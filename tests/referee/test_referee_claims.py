"""The project's own claims before the referee, on a synthetic panel and on the real one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from urbanecon.cleaning.divisions import load_divisions
from urbanecon.cleaning.observations import COLUMNS
from urbanecon.cleaning.panel import Panel
from urbanecon.effects import CLAIMS
from urbanecon.effects.estimate import estimate
from urbanecon.effects.result import Estimate
from urbanecon.errors import NotEstimableError, SourceMissingError
from urbanecon.referee import CHECKS, claims, referee
from urbanecon.referee.claims import primary_spec, referee_study
from urbanecon.referee.quality import row_quality, territory_changes
from urbanecon.referee.subjects import study_of_spec
from urbanecon.reporting.store import write_estimates

YEARS = range(2005, 2021)


@pytest.fixture(scope="module")
def panel() -> Panel:
    """Return a synthetic panel of sixty cities, some of its cells flagged or of tier C."""
    rng = np.random.default_rng(7)
    cities = load_divisions().query("level == 'prefecture_city'").index[:60].tolist()
    rows = pd.MultiIndex.from_product([cities, YEARS], names=["city", "year"])
    years = rows.get_level_values("year").to_numpy()
    position = np.repeat(np.arange(60), len(YEARS))
    first = np.where(position % 3 == 0, np.where(position % 2 == 0, 2014.0, 2016.0), np.nan)
    pilot = (years >= first).astype(float)
    level = np.repeat(rng.normal(size=60), len(YEARS)) + 0.1 * (years - 2005)
    outcome = level + 0.3 * pilot + rng.normal(0, 0.1, len(rows))
    data = pd.DataFrame(
        {"pilot_first_year": first, "pilot": pilot, "ln_gdp_pc_real": outcome}, index=rows
    )
    return Panel(data=data, provinces=pd.DataFrame(), cells=cells_of(cities))


def cells_of(cities: list[str]) -> pd.DataFrame:
    """Two doubtful cells of the outcome: one interpolated, one of a tier C source."""
    cells = [
        (cities[0], 2010, "ln_gdp_pc_real", 1.0, "city_macro", "f|s|1|A", "interpolated"),
        (cities[1], 2011, "ln_gdp_pc_real", 1.0, "unclear", "f|s|2|A", "ok"),
        (cities[2], 2012, "ln_gdp_pc_real", 1.0, "city_macro", "f|s|3|A", "pasted"),
        (cities[3], 2009, "ln_gdp_pc_real", 1.0, "city_macro", "f|s|4|A", "boundary_break"),
    ]
    return pd.DataFrame(cells, columns=list(COLUMNS))


@pytest.fixture(autouse=True)
def no_rosters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the sources of the territory: the synthetic cities exchanged none."""

    def absent() -> pd.DataFrame:
        raise SourceMissingError("admin_events is missing")

    monkeypatch.setattr(claims, "groups", absent)


def test_the_primary_spec_is_the_two_way_estimate_of_the_pilot() -> None:
    for effect, claim in CLAIMS.items():
        spec = primary_spec(effect)
        assert (spec.outcome, spec.treatment) == (claim.primary.variable, "pilot")
        assert (spec.design, spec.fixed_effects) == ("twfe", ("city", "year"))


def test_what_the_data_cannot_give_is_not_applicable_and_names_the_source(panel: Panel) -> None:
    found = referee_study(panel)
    assert list(found) == list(CLAIMS)
    assert all(v.status == "not applicable" for v in found["E3"])
    assert found["E3"][0].sentence.startswith("Not estimable: needs pm25_chap")
    assert {v.status for v in found["E1"]} > {"pass"}
    assert [v.id for v in found["E1"]] == [check.id for check in CHECKS]


def test_a_stored_estimate_is_held_against_its_equation(panel: Panel, tmp_path: Path) -> None:
    spec = primary_spec("E1")
    fit = estimate(spec, panel)
    write_estimates(tmp_path / "E1.json", [Estimate(spec, fit)])
    assert referee_study(panel, tmp_path, ["E1"])["E1"][0].status == "pass"
    wrong = replace(fit, params=fit.params + 0.01)
    write_estimates(tmp_path / "E1.json", [Estimate(spec, wrong)])
    assert referee_study(panel, tmp_path, ["E1"])["E1"][0].status == "fail"
    assert referee_study(panel, tmp_path / "none", ["E1"])["E1"][0].status == "not applicable"


def test_flagged_cells_and_unclear_sources_are_found_row_by_row(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    from urbanecon.referee import quality

    class Of:
        def __init__(self, tier: str) -> None:
            self.tier = tier

    tiers = {"city_macro": Of("B"), "unclear": Of("C")}
    monkeypatch.setattr(quality, "load_registry", lambda: tiers)
    found = row_quality(panel, panel.data.index, ["ln_gdp_pc_real"])
    assert found is not None
    keys = panel.cells[["city", "year"]].itertuples(index=False, name=None)
    interpolated, unclear, _, broken = keys
    assert set(found.index[found["flagged"]]) == {interpolated, broken}
    assert list(found.index[found["tier_c"]]) == [unclear]


def test_without_rosters_the_breaks_say_whose_territory_changed(panel: Panel) -> None:
    moved = territory_changes(panel)
    assert moved is not None
    assert moved.to_dict() == {panel.cells["city"][3]: 2009}
    assert territory_changes(replace(panel, cells=panel.cells.head(0))) is None


def test_a_spec_of_ones_own_needs_only_the_panel(panel: Panel) -> None:
    spec = primary_spec("E1").but(effect="mine", fixed_effects=("city", "province:year"))
    verdicts = {verdict.id: verdict for verdict in referee(spec, panel)}
    assert verdicts["assignment"].status in ("pass", "warn", "fail")
    assert verdicts["multiple_testing"].sentence == "The outcome has no family."


def test_a_spec_whose_outcome_is_absent_names_the_source(panel: Panel) -> None:
    with pytest.raises(NotEstimableError, match="needs pm25_chap"):
        study_of_spec(primary_spec("E3"), panel)
