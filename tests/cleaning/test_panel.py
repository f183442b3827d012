"""Observations become a panel in which every cell knows its raw cells."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from urbanecon.cleaning.observations import Flag, concat_observations, make_observations
from urbanecon.cleaning.panel import NATION, Derivation, build_panel
from urbanecon.cleaning.panel_files import load_panel, save_panel
from urbanecon.cleaning.schema import validate_panel
from urbanecon.errors import DataError, StaleResultError, UnknownNameError

WUHAN, XIANGYANG = "420100", "420600"


def cells(
    variable: str,
    values: dict[tuple[str, int], float],
    source: str = "city_macro",
    flag: Flag = Flag.OK,
) -> pd.DataFrame:
    return make_observations(
        city=[city for city, _ in values],
        year=[year for _, year in values],
        variable=variable,
        value=values.values(),
        source=source,
        raw=[f"{source}/file.csv||{row}|B" for row in range(2, 2 + len(values))],
        flag=flag,
    )


def gdp() -> pd.DataFrame:
    return cells("gdp", {(WUHAN, 2019): 1e12, (WUHAN, 2020): 2e12, (XIANGYANG, 2020): 3e11})


def test_every_city_has_every_year_and_nothing_is_filled_in() -> None:
    data = build_panel(gdp()).data
    assert data.index.names == ["city", "year"]
    assert len(data) == 2 * 25
    assert data["gdp"].notna().sum() == 3
    assert data["gdp"].dtype == "float64"


@pytest.mark.parametrize("flag", [Flag.PASTED, Flag.IMPOSSIBLE, Flag.ANACHRONISM, Flag.CONFLICT])
def test_a_cell_that_cannot_stand_is_kept_in_the_lineage_but_not_in_the_panel(flag: Flag) -> None:
    doubtful = cells("population", {(WUHAN, 2020): 1e7}, flag=flag)
    panel = build_panel(concat_observations([gdp(), doubtful]))
    assert "population" not in panel.data or panel.data["population"].isna().all()
    assert (panel.cells["flag"] == flag).sum() == 1


@pytest.mark.parametrize("flag", [Flag.OUTLIER, Flag.INTERPOLATED, Flag.BOUNDARY_BREAK])
def test_a_doubtful_cell_stays_in_the_panel_with_its_flag(flag: Flag) -> None:
    panel = build_panel(cells("gdp", {(WUHAN, 2020): 2e12}, flag=flag))
    assert panel.data.at[(WUHAN, 2020), "gdp"] == 2e12
    assert panel.lineage("gdp", WUHAN, 2020).flag is flag


def test_the_preferred_source_of_a_variable_is_used_and_the_other_is_not_mixed_in() -> None:
    notice = cells("pilot_first_year", {(WUHAN, 2015): 2015}, source="facts_pilots")
    study = cells("pilot_first_year", {(XIANGYANG, 2016): 2016}, source="ntu_pilot")
    panel = build_panel(concat_observations([gdp(), notice, study]))
    first = panel.data["pilot_first_year"].groupby("city").first()
    assert np.isnan(first[WUHAN])
    assert first[XIANGYANG] == 2016


def test_an_attribute_of_a_city_holds_in_all_years() -> None:
    pilots = cells("pilot_first_year", {(WUHAN, 2015): 2015}, source="ntu_pilot")
    column = build_panel(concat_observations([gdp(), pilots])).data["pilot_first_year"]
    assert (column.loc[WUHAN] == 2015).all()


def test_a_national_series_is_repeated_over_cities_and_traced_to_its_own_cell() -> None:
    prices = cells("price_index", {(NATION, 2020): 1.5}, source="facts_prices")
    panel = build_panel(concat_observations([gdp(), prices]))
    assert panel.data.at[(XIANGYANG, 2020), "price_index"] == 1.5
    lineage = panel.lineage("price_index", XIANGYANG, 2020)
    assert list(lineage.cells["raw"]) == ["facts_prices/file.csv||2|B"]


def test_two_admitted_values_for_a_city_year_are_refused() -> None:
    twice = concat_observations([gdp(), cells("gdp", {(WUHAN, 2020): 5e12})])
    with pytest.raises(DataError, match=f"two admitted values of gdp for {WUHAN} in 2020"):
        build_panel(twice)


def test_a_value_repeated_word_for_word_is_one_value() -> None:
    twice = concat_observations([gdp(), cells("gdp", {(WUHAN, 2020): 2e12})])
    assert build_panel(twice).data.at[(WUHAN, 2020), "gdp"] == 2e12


def doubled() -> Derivation:
    return Derivation("ln_population", ("gdp",), lambda x: np.log(x / 1e6))


def test_lineage_walks_a_computed_cell_back_to_raw_cells() -> None:
    panel = build_panel(gdp()).with_derived([doubled()])
    lineage = panel.lineage("ln_population", "武汉", 2020)
    assert lineage.value == pytest.approx(np.log(2e6))
    assert [parent.variable for parent in lineage.inputs] == ["gdp"]
    assert "city_macro/file.csv, row 3, column B" in str(lineage)
    assert lineage.flag is Flag.DERIVED


def test_a_derivation_without_its_inputs_leaves_no_column() -> None:
    need = Derivation("ln_population", ("population",), np.log)
    assert "ln_population" not in build_panel(gdp()).with_derived([need]).data


def test_a_computed_value_outside_the_valid_range_is_missing() -> None:
    wild = Derivation("ln_population", ("gdp",), lambda x: x)
    assert build_panel(gdp()).with_derived([wild]).data["ln_population"].isna().all()


def test_asking_for_a_misspelt_variable_names_the_closest() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'gdp'"):
        build_panel(gdp()).require(["gpd"])


def test_asking_for_a_year_outside_the_panel_says_what_it_covers() -> None:
    with pytest.raises(UnknownNameError, match="no year 1999; it covers 2000-2024"):
        build_panel(gdp()).lineage("gdp", WUHAN, 1999)


def test_a_saved_panel_reads_back_the_same(tmp_path: Path) -> None:
    panel = build_panel(gdp()).with_derived([doubled()])
    save_panel(panel, tmp_path)
    again = load_panel(tmp_path, [doubled()])
    pd.testing.assert_frame_equal(again.data, panel.data)
    assert str(again.lineage("ln_population", WUHAN, 2020)) == str(
        panel.lineage("ln_population", WUHAN, 2020)
    )
    assert pd.read_csv(tmp_path / "panel.csv", dtype={"city": str}).shape == (50, 4)


def test_a_truncated_panel_file_says_how_to_make_it_again(tmp_path: Path) -> None:
    save_panel(build_panel(gdp()), tmp_path)
    (tmp_path / "panel.parquet").write_bytes(b"PAR1")
    with pytest.raises(StaleResultError, match="urbanecon run"):
        load_panel(tmp_path)


def test_validation_names_the_cell_that_is_out_of_range() -> None:
    panel = build_panel(gdp())
    panel.data.loc[(WUHAN, 2020), "gdp"] = -1.0
    with pytest.raises(DataError, match=rf"gdp.*{WUHAN}.*2020"):
        validate_panel(panel)
