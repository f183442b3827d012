"""Fits over parquet: three backends, two routes, one answer, that of `fixed_effects`."""

from __future__ import annotations

import tracemalloc
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import EstimationWarning
from urbanecon.estimation.backends import scaled_fit
from urbanecon.estimation.backends.fit import default_backend
from urbanecon.estimation.backends.source import Columns, open_source
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.moments import MOST_NUMBERS, cluster_moments
from urbanecon.estimation.moments_errors import crv1
from urbanecon.estimation.moments_ols import ols

pytestmark = pytest.mark.filterwarnings("ignore::urbanecon.errors.EstimationWarning")
KEYS = {"unit": "city", "period": "year"}
ROUTES = {"columns": MOST_NUMBERS, "swept": 0}


def reference(rows, by, weights=None, names=("x", "z")):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EstimationWarning)
        return fixed_effects(rows, "y", names, vcov=f"cluster({', '.join(by)})", weights=weights)


def assert_same_fit(ours, theirs, tolerance=1e-9):
    assert list(ours.params.index) == list(theirs.params.index)
    np.testing.assert_allclose(ours.params, theirs.params, rtol=tolerance)
    np.testing.assert_allclose(ours.vcov, theirs.vcov, rtol=tolerance, atol=1e-15)
    assert ours.nobs == theirs.nobs
    assert ours.df == theirs.df
    assert dict(ours.n_clusters) == dict(theirs.n_clusters)


@pytest.mark.parametrize("weights", [None, "weight"])
@pytest.mark.parametrize("present", [1.0, 0.6])
def test_every_backend_and_route_gives_the_fit_of_fixed_effects(
    rows_of, parquet, run, weights, present
):
    rows = rows_of(1, present=present)
    source = parquet(rows)
    for by in (["city"], ["province"], ["province", "band"]):
        expected = reference(rows, by, weights)
        for route, most in ROUTES.items():
            fit = scaled_fit(
                source, "y", ["x", "z"], **KEYS, cluster=by, weights=weights, most_numbers=most,
                **run,
            )  # fmt: skip
            assert_same_fit(fit, expected)
            assert ("columns" if route == "columns" else "swept out") in fit.estimator
            assert f"by {run['backend']}" in fit.estimator


@pytest.mark.parametrize("route", ROUTES)
def test_memory_and_dask_agree_to_the_last_digit(rows_of, parquet, two_workers, route):
    source = parquet(rows_of(2, present=0.7))
    choice = {**KEYS, "most_numbers": ROUTES[route]}
    here = scaled_fit(source, "y", ["x", "z"], **choice, backend="memory")
    there = scaled_fit(source, "y", ["x", "z"], **choice, backend="dask", scheduler=two_workers)
    pd.testing.assert_series_equal(here.params, there.params, check_exact=True)
    pd.testing.assert_frame_equal(here.vcov, there.vcov, check_exact=True)


def test_the_address_of_a_cluster_is_one_option(rows_of, parquet, two_workers):
    rows = rows_of(3)
    address = two_workers.scheduler.address
    assert address.startswith("tcp://")
    fit = scaled_fit(parquet(rows), "y", ["x", "z"], **KEYS, backend="dask", scheduler=address)
    assert_same_fit(fit, reference(rows, ["city"]))


def test_a_folder_of_files_is_one_panel(rows_of, tmp_path, run):
    rows = rows_of(4, present=0.8)
    for k in range(3):  # units are split between the files
        (tmp_path / f"{k}").mkdir()
        rows.iloc[k::3].to_parquet(tmp_path / f"{k}" / "rows.parquet", index=False)
    for most in ROUTES.values():
        fit = scaled_fit(tmp_path, "y", ["x", "z"], **KEYS, most_numbers=most, **run)
        assert_same_fit(fit, reference(rows, ["city"]))


def test_clustering_by_unit_and_by_region_comes_from_one_run(rows_of, parquet, run):
    rows = rows_of(5, present=0.7)
    fit = scaled_fit(
        parquet(rows), "y", ["x", "z"], **KEYS, cluster=["city", "province"], most_numbers=0, **run
    )
    errors = fit.extra["errors"]
    for name in ("city", "province"):
        np.testing.assert_allclose(errors[name], reference(rows, [name]).se, rtol=1e-9)
    # units lie within provinces: the two-way errors are those of provinces, and it is said
    np.testing.assert_allclose(errors["city and province"], errors["province"], rtol=1e-12)
    assert_same_fit(fit, reference(rows, ["city", "province"]))
    assert "city lies within province, so it equals that alone" in fit.inference


def test_missing_values_written_as_nan_or_null_are_left_out_and_counted(rows_of, tmp_path, run):
    import pyarrow as pa
    from pyarrow import parquet as pq

    rows = rows_of(6)
    rows.loc[[3, 40], "x"] = np.nan
    rows.loc[[5], "y"] = np.nan
    rows.loc[[7], "weight"] = 0.0
    table = {name: pa.array(rows[name].to_numpy(), from_pandas=False) for name in ["x", "y"]}
    table |= {name: pa.array(rows[name]) for name in ["city", "year", "z", "weight"]}
    year = rows["year"].astype("Int64").where(rows.index != 9)
    table["year"] = pa.array(year, from_pandas=True)  # a key that is not known
    pq.write_table(pa.table(table), tmp_path / "gaps.parquet", row_group_size=50)
    assert pq.read_table(tmp_path / "gaps.parquet")["x"].null_count == 0  # NaN, not null
    for most in ROUTES.values():
        fit = scaled_fit(
            tmp_path / "gaps.parquet", "y", ["x", "z"], **KEYS, weights="weight",
            most_numbers=most, **run,
        )  # fmt: skip
        assert fit.stats["rows_dropped"] == 5
        assert_same_fit(fit, reference(rows.drop(index=9), ["city"], "weight"))


@pytest.mark.parametrize("kind", ["int16", "category", "float64"])
def test_units_may_be_numbers_or_categories(rows_of, parquet, run, kind):
    rows = rows_of(7, present=0.8)
    rows["city"] = rows["city"].astype("int16" if kind != "category" else "str").astype(kind)
    fit = scaled_fit(parquet(rows), "y", ["x"], **KEYS, most_numbers=0, **run)
    assert_same_fit(fit, reference(rows, ["city"], names=["x"]))


def test_two_rows_of_a_unit_in_a_period_are_two_rows(rows_of, parquet, run):
    rows = rows_of(8, present=0.8)
    rows = pd.concat([rows, rows.iloc[::5].assign(y=lambda d: d["y"] + 1)], ignore_index=True)
    for most in ROUTES.values():
        fit = scaled_fit(parquet(rows), "y", ["x", "z"], **KEYS, most_numbers=most, **run)
        assert_same_fit(fit, reference(rows, ["city"]))


def test_a_balanced_panel_is_swept_in_closed_form(rows_of, parquet, run):
    fit = scaled_fit(parquet(rows_of(9)), "y", ["x"], **KEYS, most_numbers=0, **run)
    assert "closed form" in fit.estimator
    assert fit.stats["alternations"] == 0


def test_a_panel_whose_units_come_and_go_is_swept_by_alternation(rows_of, parquet, run):
    rows = rows_of(10, units=60, periods=20)
    enters = rows["city"].astype(int) % 18
    rows = rows[(rows["year"] - 2001).between(enters, enters + 2)]  # three periods each
    fit = scaled_fit(parquet(rows), "y", ["x", "z"], **KEYS, most_numbers=0, **run)
    assert_same_fit(fit, reference(rows, ["city"]))
    assert fit.stats["alternations"] > 5
    assert f"{fit.stats['alternations']:.0f} alternations" in fit.estimator


def test_units_and_periods_in_two_separate_groups_are_no_obstacle(rows_of, parquet, run):
    rows = rows_of(11, present=0.8)
    rows = rows[(rows["city"] < "0020") == (rows["year"] < 2005)]
    fit = scaled_fit(parquet(rows), "y", ["x", "z"], **KEYS, most_numbers=0, **run)
    assert_same_fit(fit, reference(rows, ["city"]))


def test_large_levels_cost_few_digits(rows_of, parquet, run):
    rows = rows_of(12, present=0.7)
    rows["x"] = rows["x"] + 2.0**20
    for most in ROUTES.values():
        fit = scaled_fit(parquet(rows), "y", ["x", "z"], **KEYS, most_numbers=most, **run)
        assert_same_fit(fit, reference(rows, ["city"]))


def test_the_order_of_rows_and_the_size_of_row_groups_do_not_matter(rows_of, parquet, run):
    rows = rows_of(13, present=0.7)
    fits = [
        scaled_fit(
            parquet(rows.sample(frac=1, random_state=seed), f"{seed}.parquet", group),
            "y", ["x", "z"], **KEYS, most_numbers=0, **run,
        )
        for seed, group in ((1, 50), (2, 1000))
    ]  # fmt: skip
    assert_same_fit(*fits, tolerance=1e-11)


def test_a_regressor_without_variation_is_dropped_and_named(rows_of, parquet, run):
    rows = rows_of(14, present=0.7)
    rows["fixed"] = rows["city"].astype(int) * 0.1
    rows["common"] = rows["year"] * 0.3
    rows["twin"] = rows["x"] * 2
    for most in ROUTES.values():
        fit = scaled_fit(
            parquet(rows), "y", ["x", "fixed", "common", "twin"], **KEYS, most_numbers=most, **run
        )
        assert list(fit.params.index) == ["x"]
        dropped = [note for note in fit.warnings if "dropped" in note]
        assert [note.split("'")[1] for note in dropped] == ["fixed", "common", "twin"]
        assert_same_fit(fit, reference(rows, ["city"], names=["x"]))


def test_the_route_is_chosen_by_size(rows_of, parquet):
    source = parquet(rows_of(15))
    size = 40 * (2 + 8) ** 2  # units times columns squared
    fits = [
        scaled_fit(source, "y", ["x"], **KEYS, backend="memory", most_numbers=most)
        for most in (size, size - 1)
    ]
    assert "levels of the periods as columns" in fits[0].estimator
    assert "both effects swept out first" in fits[1].estimator


def test_a_file_that_memory_does_not_hold_goes_to_duckdb(rows_of, parquet):
    source = open_source(parquet(rows_of(16)))
    columns = Columns(("y", "x"), "city", "year")
    assert default_backend(source, columns, 4 * 10**9) == "memory"
    tall = replace(source, parts=tuple(replace(p, rows=10**8) for p in source.parts))
    assert default_backend(tall, columns, 4 * 10**9) == "duckdb"


def test_few_clusters_are_warned_about(rows_of, parquet):
    with pytest.warns(EstimationWarning, match="only 9 clusters of 'province'"):
        scaled_fit(parquet(rows_of(17)), "y", ["x"], **KEYS, cluster=["province"])


def test_the_sample_numbers_the_kept_rows(rows_of, parquet):
    rows = rows_of(18)
    rows.loc[3, "x"] = np.nan
    fit = scaled_fit(parquet(rows), "y", ["x"], **KEYS)
    assert fit.sample.equals(pd.RangeIndex(len(rows) - 1))
    assert fit.fixed_effects == ("city", "year")
    assert fit.stats["units"] == 40
    assert fit.stats["periods"] == 8


def test_two_way_errors_take_no_memory_for_pairs_that_do_not_occur(rows_of):
    rows = rows_of(19, units=3000, periods=3).set_index(["city", "year"])
    estimate = ols(cluster_moments(rows, ["y", "x"]), "y", ["x"])
    ways = [np.arange(3000), np.arange(3000)[::-1]]  # nine million pairs, 3000 of them occur
    tracemalloc.start()
    crv1(estimate, ways)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000
