"""Variables of the levers: programmes, consumption, and the rationality of structure."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from urbanecon.cleaning.panel import Panel
from urbanecon.measures.variables import SAME_PLACE, with_measures

YEARS = [2012, 2013, 2014]


def panel(**columns: list[float]) -> Panel:
    """One synthetic city, 2012-2014."""
    index = pd.MultiIndex.from_product([["420100"], YEARS], names=["city", "year"])
    data = pd.DataFrame({k: np.asarray(v, dtype=float) for k, v in columns.items()}, index=index)
    empty = pd.DataFrame(index=pd.MultiIndex.from_tuples([], names=["province", "year"]))
    return with_measures(Panel(data=data, provinces=empty, cells=pd.DataFrame()))


@pytest.mark.parametrize("programme", ["broadband", "low_carbon"])
def test_a_programme_is_one_from_its_first_year_on(programme: str) -> None:
    made = panel(**{f"{programme}_first_year": [2013] * 3})
    assert made.data[f"{programme}_pilot"].tolist() == [0, 1, 1]


def test_a_city_that_was_never_named_is_untreated() -> None:
    assert panel(broadband_first_year=[np.nan] * 3).data["broadband_pilot"].tolist() == [0, 0, 0]


SOLD = {
    "retail_sales_policies": [4e10] * 3,
    "gdp_policies": [1e11, 1e11 * SAME_PLACE * 1.01, np.nan],
    "gdp": [1e11] * 3,
    "price_index": [1.25] * 3,
    "population": [4e6] * 3,
}


def test_retail_sales_are_real_and_per_resident() -> None:
    value = panel(**SOLD).data["ln_retail_sales_pc"].iloc[0]
    assert value == pytest.approx(np.log(4e10 / 1.25 / 4e6))


def test_a_row_whose_gdp_is_not_the_citys_is_not_about_the_city() -> None:
    assert panel(**SOLD).data["ln_retail_sales_pc"].iloc[1:].isna().all()


SECTORS = {
    "va_primary": [1e10] * 3,
    "va_secondary": [5e10] * 3,
    "va_tertiary": [4e10] * 3,
    "employees_primary": [1e5, 4e5, 0],
    "employees_secondary": [5e5, 3e5, 5e5],
    "employees_tertiary": [4e5, 3e5, 4e5],
}


def test_structure_is_rational_where_staff_is_where_output_is() -> None:
    index = panel(**SECTORS).data["rationalisation"]
    assert index.iloc[0] == pytest.approx(0, abs=1e-15)
    theil = 0.1 * np.log(0.1 / 0.4) + 0.5 * np.log(0.5 / 0.3) + 0.4 * np.log(0.4 / 0.3)
    assert index.iloc[1] == pytest.approx(theil)


def test_a_sector_without_staff_has_no_index() -> None:
    assert np.isnan(panel(**SECTORS).data["rationalisation"].iloc[2])
