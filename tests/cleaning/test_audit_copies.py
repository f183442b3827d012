"""Series given to several cities, and cells given twice."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from audit_tables import series, table

from urbanecon.cleaning import audit


def test_one_series_in_all_cities_is_pasted_in_every_cell():
    observations = series("mobile", {f"{c}00": [1.5, 2.5, 4.0, 3.0, 6.5, 7.0] for c in "1234"})
    assert len(audit.pasted(observations)) == len(observations)


def test_a_city_that_lacks_years_is_recognised_by_the_years_it_has():
    template = [float(v) ** 1.5 for v in range(2, 14)]
    observations = series("mobile", dict.fromkeys("abcd", template))
    observations = observations[~((observations["city"] == "c") & (observations["year"] < 2005))]
    assert len(audit.pasted(observations)) == len(observations)


def test_one_corrected_cell_does_not_hide_a_paste():
    template = [float(v) ** 1.5 for v in range(2, 14)]
    corrected = [*template[:-1], 99.0]
    observations = series("mobile", {"a": template, "b": template, "c": corrected})
    assert set(audit.pasted(observations)["city"]) == {"a", "b", "c"}


@pytest.mark.parametrize(
    "path",
    [[0.0] * 12, [7.0] * 12, [1.0, 2.0] * 6, [0.0, 0.0, 3.0, 4.0, 5.0, 6.0]],
    ids=["zeros", "a constant", "two levels", "four values and zeros"],
)
def test_constants_zeros_and_few_levels_are_no_paste(path):
    assert audit.pasted(series("mobile", dict.fromkeys("abcdef", path))).empty


def test_short_coincidences_are_no_paste():
    rng = np.random.default_rng(3)
    paths = {str(c): rng.uniform(1, 2, 12) for c in range(30)}
    for path in paths.values():
        path[:4] = [1.1, 1.2, 1.3, 1.4]
    assert audit.pasted(series("mobile", {c: p.tolist() for c, p in paths.items()})).empty


def test_two_cities_alone_are_no_pasted_column_and_the_share_decides_about_few():
    rng = np.random.default_rng(4)
    paths = {str(c): rng.uniform(1, 2, 12).tolist() for c in range(100)}
    paths |= {"1": paths["0"]}
    assert audit.pasted(series("mobile", paths), share=0.0).empty
    paths |= {"2": paths["0"]}
    assert audit.pasted(series("mobile", paths), share=0.04).empty
    assert set(audit.pasted(series("mobile", paths))["city"]) == {"0", "1", "2"}


def test_the_same_series_in_two_sources_is_agreement_and_no_paste():
    one = series("mobile", {"a": [float(v) for v in range(1, 12)]})
    stacked = pd.concat([one.assign(source=name) for name in "wxyz"], ignore_index=True)
    assert audit.pasted(stacked).empty


def test_two_values_of_one_cell_conflict_and_repetitions_do_not():
    observations = table(year=[2010, 2010, 2011, 2011, 2012], value=[1.0, 2.0, 3.0, 3.0, 4.0])
    found = audit.conflict(observations)
    assert found[["year", "reason"]].to_numpy().tolist() == [
        [2010, "the source gives the cell more than once, from 1 to 2"]
    ]
    assert (audit.apply_findings(observations, found)["flag"] == "conflict").sum() == 2


def test_chance_equalities_with_other_cities_do_not_hide_a_copy():
    rng = np.random.default_rng(5)
    paths = {f"{c:02d}": rng.integers(1, 30, 20).astype(float).tolist() for c in range(40)}
    paths |= {"20": paths["30"], "21": paths["30"]}
    assert set(audit.pasted(series("mobile", paths))["city"]) == {"20", "21", "30"}
