"""Variables of one's own in the panel: where they lie, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from effects.multiverse_panel import synthetic_panel

from urbanecon.cleaning.codebook import Codebook, Variable, load_codebook
from urbanecon.cleaning.panel import Panel
from urbanecon.dossier import space_of, with_own, write_dossier
from urbanecon.effects.spec import Sample, Spec
from urbanecon.errors import (
    DataError,
    DataWarning,
    MissingColumnError,
    NotEstimableError,
    UnknownNameError,
)

NAME = "museums"


@pytest.fixture(autouse=True)
def entry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A codebook with one variable more."""
    added = Variable(NAME, "museums", "Museums", "博物馆数", "stock", 0, 100, "city")
    codebook = Codebook({**load_codebook(), NAME: added})
    for module in ("cleaning.lineage", "cleaning.panel"):
        monkeypatch.setattr(f"urbanecon.{module}.load_codebook", lambda: codebook)
    monkeypatch.setattr("urbanecon.dossier.load_codebook", lambda: codebook)
    monkeypatch.setattr("urbanecon.effects.estimate.load_codebook", lambda: codebook)


@pytest.fixture(scope="module")
def panel() -> Panel:
    return synthetic_panel()


@pytest.fixture
def table(panel: Panel) -> pd.DataFrame:
    rows = panel.data.index.to_frame(index=False).head(40)
    return rows.assign(**{NAME: np.arange(len(rows), dtype="float64")})


def test_a_value_lies_in_its_row_and_names_its_cell(panel: Panel, table: pd.DataFrame) -> None:
    own = with_own(panel, table, "mine.csv")
    city, year, value = table.iloc[7]
    assert own.data.at[(city, year), NAME] == value == 7
    assert own.data[NAME].notna().sum() == len(table)
    cell = own.cells[(own.cells["variable"] == NAME) & (own.cells["value"] == 7)]
    assert cell["raw"].item() == "mine.csv||9|C"
    assert NAME not in panel.data


def test_the_order_of_rows_is_of_no_account(panel: Panel, table: pd.DataFrame) -> None:
    shuffled = table.sample(frac=1, random_state=1)
    first, second = (with_own(panel, t, "mine.csv").data for t in (table, shuffled))
    pd.testing.assert_frame_equal(first, second)


def test_what_the_codebook_calls_impossible_is_flagged_and_missing(
    panel: Panel, table: pd.DataFrame
) -> None:
    table.loc[3, NAME] = 101
    own = with_own(panel, table, "mine.csv")
    city, year, _ = table.iloc[3]
    assert np.isnan(own.data.at[(city, year), NAME])
    assert list(own.cells.query("variable == @NAME and flag == 'impossible'")["value"]) == [101]


def test_a_missing_key_is_named_with_the_closest_column(panel: Panel, table: pd.DataFrame) -> None:
    with pytest.raises(MissingColumnError, match=r"no column 'city'. Did you mean 'City'"):
        with_own(panel, table.rename(columns={"city": "City"}), "mine.csv")


def test_a_variable_without_an_entry_is_named_with_the_closest_one(
    panel: Panel, table: pd.DataFrame
) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'museums'"):
        with_own(panel, table.rename(columns={NAME: "musems"}), "mine.csv")


def test_text_in_a_number_cell_is_named_with_its_row(panel: Panel, table: pd.DataFrame) -> None:
    broken = table.astype({NAME: "object"})
    broken.loc[4, NAME] = "five"
    with pytest.raises(DataError, match="row 6, 'museums': 'five' is no number"):
        with_own(panel, broken, "mine.csv")


def test_a_city_year_that_occurs_twice_is_named(panel: Panel, table: pd.DataFrame) -> None:
    twice = pd.concat([table, table.head(1)])
    with pytest.raises(DataError, match="occurs more than once"):
        with_own(panel, twice, "mine.csv")


def test_a_variable_of_the_panel_is_not_overwritten(panel: Panel, table: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="the panel has 'gdp' already"):
        with_own(panel, table.rename(columns={NAME: "gdp"}), "mine.csv")


def test_cities_that_are_none_are_told(panel: Panel, table: pd.DataFrame) -> None:
    table.loc[0, "city"] = "999999"
    with pytest.warns(DataWarning, match="no city has the code 999999"):
        own = with_own(panel, table, "mine.csv")
    assert own.data[NAME].notna().sum() == len(table) - 1


@pytest.mark.parametrize(
    "spec",
    [
        Spec("own", "gdp", "pilot", sample=Sample(unit="province")),
        Spec("own", "gdp", "pilot", design="event_study"),
    ],
)
def test_a_dossier_is_about_two_way_equations_of_cities(
    panel: Panel, spec: Spec, tmp_path: Path
) -> None:
    with pytest.raises(NotEstimableError, match="two-way equation on the panel of cities"):
        write_dossier(spec, panel, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_outcome_that_is_absent_is_said_to_be(panel: Panel, tmp_path: Path) -> None:
    spec = Spec("own", NAME, "pilot")
    with pytest.raises(NotEstimableError, match="cannot be estimated"):
        write_dossier(spec, panel, tmp_path)


def test_the_multiverse_holds_the_windows_samples_effects_clusters_and_extremes(
    panel: Panel,
) -> None:
    space, frame = space_of(Spec("own", "ln_gdp_pc_real", "pilot"), panel)
    assert space.worlds == 3 * 2 * 3 * 2 * 3
    assert "baseline_income" in space.controls
    assert "population" not in space.controls
    assert frame["no_municipalities"].all()
