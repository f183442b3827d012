"""Synthetic panels as parquet, and one Dask cluster of two processes for all tests."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

NO_EXTRA = "the extra `scale` is not installed"


def make_rows(seed, units=40, periods=8, present=1.0):
    """Synthetic rows with two clusterings that cross each other."""
    rng = np.random.default_rng([41, seed])
    index = pd.MultiIndex.from_product(
        [[f"{u:04d}" for u in range(units)], range(2001, 2001 + periods)], names=["city", "year"]
    )
    rows = pd.DataFrame(rng.normal(2, 1, (len(index), 3)), index=index, columns=["y", "x", "z"])
    rows = rows.reset_index()
    number = rows["city"].astype(int)
    rows["province"] = [f"P{u % 9}" for u in number]
    rows["band"] = number // 7
    rows["weight"] = rng.uniform(0.2, 4, len(rows))
    rows["y"] += 0.5 * rows["x"] + rng.normal(0, 1, units)[number] * rows["z"] + 100
    return rows[rng.random(len(rows)) < present].reset_index(drop=True)


@pytest.fixture(scope="session")
def rows_of():
    """Make synthetic rows from a seed."""
    return make_rows


@pytest.fixture
def parquet(tmp_path):
    """Write rows to one parquet file of small row groups, in scrambled order."""

    def write(rows, name="panel.parquet", group=120):
        path = tmp_path / name
        rows.sample(frac=1, random_state=1).to_parquet(path, row_group_size=group, index=False)
        return path

    return write


@pytest.fixture(scope="session")
def two_workers():
    """Client of a local cluster of two worker processes."""
    pytest.importorskip("distributed", reason=NO_EXTRA)
    from urbanecon.estimation.backends.dask_backend import dask_client

    with dask_client() as client:
        yield client


@pytest.fixture(params=["memory", "duckdb", "dask"])
def run(request):
    """Arguments of `scaled_fit` that choose each backend in turn."""
    if request.param == "dask":
        return {"backend": "dask", "scheduler": request.getfixturevalue("two_workers")}
    if request.param == "duckdb":
        pytest.importorskip("duckdb", reason=NO_EXTRA)
    return {"backend": request.param}
