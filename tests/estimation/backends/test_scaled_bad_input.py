"""Bad input to a fit over parquet: each backend says what is wrong, and where."""

from __future__ import annotations

import numpy as np
import pytest

from urbanecon.errors import (
    DataError,
    EstimationError,
    MissingColumnError,
    NotEstimableError,
    UnknownNameError,
)
from urbanecon.estimation.backends import scaled_fit

pytestmark = pytest.mark.filterwarnings("ignore::urbanecon.errors.EstimationWarning")
KEYS = {"unit": "city", "period": "year"}


def test_a_missing_column_is_named_with_the_closest_one(rows_of, parquet, run):
    source = parquet(rows_of(1).rename(columns={"x": "openness"}))
    with pytest.raises(MissingColumnError, match=r"no column 'opennes'.* Did you mean 'openness'"):
        scaled_fit(source, "y", ["opennes"], **KEYS, **run)
    with pytest.raises(MissingColumnError, match="Did you mean 'province'"):
        scaled_fit(source, "y", ["z"], **KEYS, cluster=["provinse"], **run)


def test_a_name_cannot_smuggle_in_sql(rows_of, parquet, run):
    rows = rows_of(2)
    odd = 'x" FROM files; DROP VIEW kept; --'
    source = parquet(rows.rename(columns={"x": odd}))
    fit = scaled_fit(source, "y", [odd], **KEYS, **run)
    plain = scaled_fit(parquet(rows, "plain.parquet"), "y", ["x"], **KEYS, **run)
    np.testing.assert_allclose(fit.params, plain.params, rtol=1e-12)
    with pytest.raises(MissingColumnError):
        scaled_fit(source, "y", ["z) FROM files; --"], **KEYS, **run)


def test_a_column_of_text_is_no_variable(rows_of, parquet, run):
    rows = rows_of(3).assign(x="12,5")
    with pytest.raises(DataError, match=r"'x' holds (large_)?string; a number was expected"):
        scaled_fit(parquet(rows), "y", ["x"], **KEYS, **run)


def test_a_date_is_no_key(rows_of, parquet, run):
    rows = rows_of(4)
    rows["year"] = rows["year"].astype(str).astype("datetime64[s]")
    with pytest.raises(DataError, match="'year' holds timestamp"):
        scaled_fit(parquet(rows), "y", ["x"], **KEYS, **run)


def test_an_empty_file_has_no_rows(rows_of, parquet, run):
    with pytest.raises(NotEstimableError, match=r"panel\.parquet has no rows"):
        scaled_fit(parquet(rows_of(5).iloc[:0]), "y", ["x"], **KEYS, **run)


def test_a_folder_without_files_and_a_file_that_is_not_there(tmp_path, run):
    with pytest.raises(DataError, match=r"no \*\.parquet file in the folder"):
        scaled_fit(tmp_path, "y", ["x"], **KEYS, **run)
    with pytest.raises(DataError, match="no such file"):
        scaled_fit(tmp_path / "panel.parquet", "y", ["x"], **KEYS, **run)


def test_a_file_that_was_cut_off_is_named(rows_of, parquet, run):
    source = parquet(rows_of(6))
    source.write_bytes(source.read_bytes()[:-200])
    with pytest.raises(DataError, match=r"panel\.parquet cannot be read as parquet"):
        scaled_fit(source, "y", ["x"], **KEYS, **run)


def test_a_file_with_broken_pages_is_named(rows_of, parquet, run):
    source = parquet(rows_of(7, units=400), group=1000)
    content = bytearray(source.read_bytes())
    content[4 : len(content) // 2] = b"\xff" * (len(content) // 2 - 4)  # the footer is whole
    source.write_bytes(content)
    with pytest.raises(DataError, match=r"panel\.parquet cannot be read"):
        scaled_fit(source, "y", ["x", "z"], **KEYS, **run)


def test_files_of_one_panel_have_the_same_columns(rows_of, tmp_path, run):
    rows = rows_of(8)
    rows.to_parquet(tmp_path / "a.parquet")
    rows.astype({"x": "float32"}).to_parquet(tmp_path / "b.parquet")
    with pytest.raises(DataError, match=r"b\.parquet and .*a\.parquet differ in 'x'"):
        scaled_fit(tmp_path, "y", ["x"], **KEYS, **run)


def test_one_cluster_is_not_enough(rows_of, parquet, run):
    rows = rows_of(9).assign(province="P1")
    with pytest.raises(EstimationError, match="lie in one cluster of 'province'"):
        scaled_fit(parquet(rows), "y", ["x"], **KEYS, cluster=["province"], **run)


@pytest.mark.parametrize("most_numbers", [2**25, 0])
def test_an_outcome_or_regressor_without_variation_cannot_be_estimated(
    rows_of, parquet, run, most_numbers
):
    rows = rows_of(10, present=0.8)
    rows["still"] = rows["city"].astype(int) + 0.1 * rows["year"]
    source = parquet(rows)
    with pytest.raises(NotEstimableError, match="the outcome 'still' does not vary"):
        scaled_fit(source, "still", ["x"], **KEYS, most_numbers=most_numbers, **run)
    with pytest.raises(NotEstimableError, match="'still' cannot be estimated"):
        scaled_fit(source, "y", ["still"], **KEYS, most_numbers=most_numbers, **run)


def test_a_unit_in_two_clusters_is_named(rows_of, parquet, run):
    rows = rows_of(11)
    rows.loc[rows["city"].eq("0013") & rows["year"].gt(2004), "province"] = "P0"
    with pytest.raises(DataError, match="city 0013 lies in province P0 and in province P4"):
        scaled_fit(parquet(rows), "y", ["x"], **KEYS, cluster=["province"], **run)


def test_a_negative_weight_is_an_error_that_says_where(rows_of, parquet, run):
    rows = rows_of(12)
    rows.loc[8, "weight"] = -1.0
    with pytest.raises(EstimationError, match=r"'weight' is negative at city 0001, year 2001"):
        scaled_fit(parquet(rows), "y", ["x"], **KEYS, weights="weight", **run)


def test_an_infinite_value_is_an_error_that_names_the_column_and_where(rows_of, parquet, run):
    rows = rows_of(13)
    rows.loc[17, "z"] = -np.inf
    with pytest.raises(EstimationError, match=r"'z' is infinite at city 0002, year 2002 .*1 rows"):
        scaled_fit(parquet(rows), "y", ["x", "z"], **KEYS, **run)


def test_a_variable_without_values_is_named(rows_of, parquet, run):
    rows = rows_of(14).assign(z=np.nan)
    with pytest.raises(NotEstimableError, match="'z' has no value in any of the 320 rows"):
        scaled_fit(parquet(rows), "y", ["x", "z"], **KEYS, **run)


def test_no_row_that_has_everything_is_said_with_counts(rows_of, parquet, run):
    rows = rows_of(15)
    rows.loc[::2, "x"] = np.nan
    rows.loc[1::2, "z"] = np.nan
    with pytest.raises(NotEstimableError, match=r"no row is left of 320 .*x \(160 values\)"):
        scaled_fit(parquet(rows), "y", ["x", "z"], **KEYS, **run)


def test_a_call_that_makes_no_sense_is_refused(rows_of, parquet):
    source = parquet(rows_of(16))
    with pytest.raises(EstimationError, match="'y' is also a regressor"):
        scaled_fit(source, "y", ["y"], **KEYS)
    with pytest.raises(EstimationError, match="at least one regressor"):
        scaled_fit(source, "y", [], **KEYS)
    with pytest.raises(EstimationError, match="unit and period are both 'city'"):
        scaled_fit(source, "y", ["x"], unit="city", period="city")
    with pytest.raises(EstimationError, match="a list of one or two columns"):
        scaled_fit(source, "y", ["x"], **KEYS, cluster="city")
    with pytest.raises(UnknownNameError, match=r"no backend 'dusk'.* Did you mean 'dask'"):
        scaled_fit(source, "y", ["x"], **KEYS, backend="dusk")
    with pytest.raises(EstimationError, match="a scheduler goes with backend='dask'"):
        scaled_fit(source, "y", ["x"], **KEYS, scheduler="tcp://nowhere:1", backend="memory")
    with pytest.raises(EstimationError, match="text such as '4GB', not 'much'"):
        scaled_fit(source, "y", ["x"], **KEYS, memory_limit="much")


def test_more_clusters_than_memory_holds_are_refused(rows_of, parquet, monkeypatch):
    monkeypatch.setattr("urbanecon.estimation.backends.fit.MOST_KEPT", 100)
    with pytest.raises(EstimationError, match=r"40 clusters of 'city'.* something coarser"):
        scaled_fit(parquet(rows_of(17)), "y", ["x"], **KEYS, most_numbers=0)


@pytest.mark.parametrize("backend", ["duckdb", "dask"])
def test_without_the_extra_the_message_says_how_to_get_it(rows_of, parquet, monkeypatch, backend):
    monkeypatch.setitem(
        __import__("sys").modules, {"duckdb": "duckdb", "dask": "distributed"}[backend], None
    )
    with pytest.raises(EstimationError, match=r'pip install "urbanecon\[scale\]"'):
        scaled_fit(parquet(rows_of(18)), "y", ["x"], **KEYS, backend=backend)
