"""Deflation turns current prices into prices of a stated year."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from urbanecon.cleaning.observations import Flag, concat_observations, make_observations
from urbanecon.cleaning.panel import Derivation, Panel, build_panel
from urbanecon.cleaning.prices import (
    chain,
    deflate,
    national_index,
    price_level,
    provincial_index,
    real_terms,
    rebase,
)
from urbanecon.errors import DataError, UnknownNameError

CHANGES = pd.Series({2000: 100.4, 2001: 110.0, 2002: 120.0})
LEVELS = pd.Series({2000: 1.0, 2001: 1.1, 2002: 1.32})


def money(values: list[float], city: str = "130100", first_year: int = 2000) -> pd.Series:
    years = range(first_year, first_year + len(values))
    return pd.Series(values, pd.MultiIndex.from_product([[city], years]), name="gdp")


def by_province(levels: dict[str, list[float]]) -> pd.Series:
    index = pd.MultiIndex.from_product([levels, range(2000, 2003)])
    return pd.Series(np.concatenate(list(levels.values())), index)


def observations(flag: str = "ok", variable: str = "price_index_province") -> pd.DataFrame:
    city = "000000" if variable == "price_index" else "130000"
    return pd.DataFrame(
        {
            "city": [city] * 2,
            "year": [2001, 2000],
            "variable": variable,
            "value": [1.1, 1.0],
            "flag": flag,
        }
    )


# --- chaining and rebasing ----------------------------------------------------------------


def test_the_chained_level_is_one_in_the_base_year_and_grows_by_the_changes():
    pd.testing.assert_series_equal(chain(CHANGES, 2000), LEVELS)
    assert chain(CHANGES, 2001).tolist() == pytest.approx([1 / 1.1, 1.0, 1.2], rel=1e-15)


def test_the_order_of_the_years_does_not_matter():
    pd.testing.assert_series_equal(chain(CHANGES.iloc[::-1], 2000), LEVELS)


@pytest.mark.parametrize(
    "changes", [{}, {2000: 100.0, 2002: 100.0}], ids=["no year", "a gap in the years"]
)
def test_chaining_refuses_missing_years(changes):
    with pytest.raises(DataError, match="once for each year in a row"):
        chain(pd.Series(changes, dtype="float64"), 2000)


def test_chaining_refuses_a_repeated_year():
    with pytest.raises(DataError, match=r"found \[2000, 2000\]"):
        chain(pd.Series([100.0, 101.0], index=[2000, 2000]), 2000)


@pytest.mark.parametrize("change", [0.0, -3.0, np.nan])
def test_chaining_refuses_a_change_that_is_no_positive_number(change):
    with pytest.raises(DataError, match=f"2001 is {change}; expected a positive"):
        chain(CHANGES.where(CHANGES.index != 2001, change), 2000)


def test_a_base_year_outside_the_index_is_refused_with_the_years_it_covers():
    with pytest.raises(DataError, match=r"base year 1997\. The index covers 2000-2002"):
        chain(CHANGES, 1997)


def test_a_province_without_the_base_year_is_named():
    index = by_province({"130000": [1.0, 1.1, 1.2], "460000": [np.nan, 1.1, 1.2]})
    with pytest.raises(DataError, match=r"province 460000 for the base year 2000.*2001-2002"):
        rebase(index, 2000)


# --- deflation ----------------------------------------------------------------------------


def test_the_base_year_keeps_its_prices_and_later_years_are_divided_by_the_rise():
    real = deflate(money([100.0, 110.0, 132.0]), LEVELS, base_year=2000)
    pd.testing.assert_series_equal(real, money([100.0, 100.0, 100.0]))


def test_the_base_of_the_index_does_not_matter_only_the_stated_base_year_does():
    values = money([100.0, 110.0, 132.0])
    a, b = (deflate(values, LEVELS * scale, base_year=2002) for scale in (1.0, 57.0))
    pd.testing.assert_series_equal(a, b)
    assert a.iloc[-1] == pytest.approx(132.0, rel=1e-15)


def test_a_provincial_index_is_that_of_the_city_s_own_province():
    values = pd.concat([money([100.0] * 3), money([100.0] * 3, city="140200")])
    index = by_province({"130000": [1.0, 1.25, 2.0], "140000": [1.0, 1.0, 4.0]})
    real = deflate(values, index, base_year=2000)
    assert real.tolist() == [100.0, 80.0, 50.0, 100.0, 100.0, 25.0]


def test_a_missing_value_needs_no_index_and_stays_missing():
    real = deflate(money([100.0, 110.0, 132.0, np.nan]), LEVELS, base_year=2000)
    assert real.isna().tolist() == [False, False, False, True]


def test_a_value_without_an_index_is_an_error_that_names_variable_city_and_year():
    with pytest.raises(DataError, match=r"deflate gdp of 130100 in 2003 \(and 1 more cells\)"):
        deflate(money([1.0] * 5), LEVELS, base_year=2000)


def test_a_province_without_an_index_is_an_error():
    index = by_province({"140000": [1.0, 1.1, 1.2]})
    with pytest.raises(DataError, match="130100 in 2000"):
        deflate(money([1.0]), index, base_year=2000)


def test_a_province_without_the_base_year_does_not_disturb_the_others():
    index = by_province({"130000": [1.0, 1.25, 2.0], "460000": [np.nan, 1.1, 1.2]})
    assert deflate(money([1.0, 1.0]), index, base_year=2000).tolist() == [1.0, 0.8]


@given(
    st.lists(st.floats(1e-3, 1e12), min_size=3, max_size=3),
    st.lists(st.floats(0.1, 10), min_size=3, max_size=3),
    st.integers(2000, 2002),
)
def test_deflating_and_inflating_again_gives_back_the_value(values, levels, base):
    index = pd.Series(levels, index=[2000, 2001, 2002])
    real = deflate(money(values), index, base_year=base)
    again = real * (index / index[base]).to_numpy()
    assert again.tolist() == pytest.approx(values, rel=1e-12)


# --- indices from observations ------------------------------------------------------------


def test_the_indices_are_read_from_observations_sorted_by_year():
    assert national_index(observations(variable="price_index")).to_dict() == {2000: 1.0, 2001: 1.1}
    provincial = provincial_index(observations())
    assert provincial.to_dict() == {("130000", 2000): 1.0, ("130000", 2001): 1.1}


@pytest.mark.parametrize("flag", ["pasted", "impossible", "conflict", "anachronism"])
def test_a_flagged_index_is_not_used_and_the_error_says_why(flag):
    with pytest.raises(DataError, match=f"all its cells are flagged {flag}"):
        provincial_index(observations(flag))


def test_an_absent_index_says_that_no_source_gives_it():
    with pytest.raises(DataError, match="price_index: no source gives it"):
        national_index(observations())


# --- amounts of the panel in constant prices ----------------------------------------------


def small_panel() -> Panel:
    """Synthetic: one city, two years, prices doubling."""
    years = (2000, 2001)
    tables = [
        make_observations(
            city=["420100"] * 2,
            year=years,
            variable=variable,
            value=values,
            source="city_macro",
            raw=["city_macro/file.csv||2|B", "city_macro/file.csv||3|B"],
        )
        for variable, values in (("gdp", [1e12, 4e12]), ("population", [1e6, 2e6]))
    ]
    index = [("price_index", "000000", "facts_prices", [1.0, 2.0], Flag.DERIVED),
             ("price_index_province", "420000", "gpi_province", [1.0, 4.0], Flag.OK)]  # fmt: skip
    for variable, unit, source, values, flag in index:
        tables.append(
            make_observations(
                city=[unit] * 2,
                year=years,
                variable=variable,
                value=values,
                source=source,
                raw=["a||1|A", "a||2|A"],
                flag=flag,
            )
        )
    return build_panel(concat_observations(tables))


def test_money_per_head_is_deflated_to_the_stated_year():
    real = real_terms(small_panel(), ["gdp"], base_year=2001, heads="population")
    assert real.loc["420100", "gdp_pc_real"].dropna().tolist() == [2e6, 2e6]


def test_a_provincial_index_gives_other_amounts_than_the_national_one():
    panel = small_panel()
    real = real_terms(panel, ["gdp"], base_year=2000, deflator="provincial")
    assert real.loc["420100", "gdp_real"].dropna().tolist() == [1e12, 1e12]


def test_what_is_no_money_is_not_deflated():
    with pytest.raises(DataError, match="population is in 'persons'; only amounts in yuan"):
        real_terms(small_panel(), ["population"], base_year=2000)


def test_what_is_at_constant_prices_is_not_deflated_again():
    panel = small_panel().with_derived(
        [
            Derivation(
                "gdp_pc_real", ("gdp", "price_index", "population"), lambda x, p, n: x / p / n
            )
        ]
    )
    with pytest.raises(DataError, match="at constant prices already"):
        real_terms(panel, ["gdp_pc_real"], base_year=2000)


def test_a_misspelt_variable_names_the_closest():
    with pytest.raises(UnknownNameError, match="Did you mean 'gdp'"):
        real_terms(small_panel(), ["gpd"], base_year=2000)


def test_an_unknown_deflator_is_refused():
    with pytest.raises(DataError, match="expected 'national' or 'provincial'"):
        price_level(observations(), "regional")  # type: ignore[arg-type]


@pytest.mark.mirror
def test_deflation_by_province_is_refused_because_all_provinces_share_one_series(raw_file):
    from urbanecon.cleaning.audit import apply_findings, pasted
    from urbanecon.cleaning.sources import gpi_province

    cells = gpi_province.read(raw_file("gpi_province"))
    cells = cells[cells["variable"] == "price_index_province"].reset_index(drop=True)
    flagged = apply_findings(cells, pasted(cells))
    with pytest.raises(DataError, match=r"one series stands in every province.*national index"):
        price_level(flagged, "provincial")
