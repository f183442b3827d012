"""Work on a Dask cluster: the contract of map, and what happens when workers die."""

from __future__ import annotations

import os
import signal
import threading
import time
from functools import partial

import numpy as np
import pandas as pd
import pytest

distributed = pytest.importorskip("distributed", reason="the extra `scale` is not installed")

from urbanecon.errors import DataError, EstimationError  # noqa: E402
from urbanecon.estimation.backends import dask_backend, dask_map, scaled_fit  # noqa: E402
from urbanecon.estimation.backends.dask_backend import dask_client  # noqa: E402
from urbanecon.estimation.bootstrap import bootstrap_equation  # noqa: E402
from urbanecon.estimation.bootstrap_result import Wild  # noqa: E402
from urbanecon.estimation.choice_space import Equation, Space  # noqa: E402
from urbanecon.estimation.moments import cluster_moments  # noqa: E402
from urbanecon.estimation.moments_ols import ols  # noqa: E402
from urbanecon.estimation.multiple_testing import Hypothesis, romano_wolf  # noqa: E402
from urbanecon.estimation.multiverse import run_multiverse  # noqa: E402
from urbanecon.estimation.randomization import permute_equation  # noqa: E402
from urbanecon.estimation.randomization_result import Permutations  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::urbanecon.errors.EstimationWarning")
KEYS = {"unit": "city", "period": "year"}


def square(number):
    return number * number


def refuse(number):
    raise DataError(f"no number {number}")


def die_once(task):
    """Take the worker down on the first run of item 3, leaving a mark."""
    number, mark = task
    if number == 3 and not mark.exists():
        mark.write_text("was here", encoding="utf-8")
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def die(number):
    os.kill(os.getpid(), signal.SIGKILL)


def processes(client):
    return sorted(set(client.run(os.getpid).values()))


def test_results_come_in_the_order_of_the_items(two_workers):
    assert list(dask_map(square, range(50), two_workers)) == [n * n for n in range(50)]


def test_it_runs_in_two_other_processes(two_workers):
    pids = processes(two_workers)
    assert len(pids) == 2
    assert os.getpid() not in pids


def test_items_are_read_as_workers_become_free(two_workers):
    read = []
    found = dask_map(square, (read.append(n) or n for n in range(100)), two_workers)
    assert next(found) == 0
    assert len(read) < 100
    found.close()


def test_without_items_there_are_no_results(two_workers):
    assert list(dask_map(square, [], two_workers)) == []


def test_what_the_function_raises_is_raised_here(two_workers):
    with pytest.raises(DataError, match="no number 7"):
        list(dask_map(refuse, [7], two_workers))


def test_an_address_at_which_nobody_answers(monkeypatch):
    monkeypatch.setattr(dask_backend, "CONNECT_SECONDS", 1)
    with pytest.raises(EstimationError, match=r"no Dask scheduler answers at 'tcp://127.0.0.1:9'"):
        list(dask_map(square, [1], "tcp://127.0.0.1:9"))


def test_an_address_that_is_none(monkeypatch):
    monkeypatch.setattr(dask_backend, "CONNECT_SECONDS", 1)
    with pytest.raises(EstimationError, match="an address looks like"):
        list(dask_map(square, [1], "nonsense"))


def test_work_of_a_killed_worker_is_done_by_another(two_workers, tmp_path):
    before = processes(two_workers)
    tasks = [(n, tmp_path / "mark") for n in range(8)]
    assert list(dask_map(die_once, tasks, two_workers)) == [n * n for n in range(8)]
    assert (tmp_path / "mark").exists()
    two_workers.wait_for_workers(2)
    assert processes(two_workers) != before


def test_work_that_kills_every_worker_ends_in_a_clear_error():
    with dask_client() as client, pytest.raises(EstimationError, match="no number was computed"):
        list(dask_map(die, [1], client))


def test_a_cluster_without_workers_is_given_up(monkeypatch):
    monkeypatch.setattr(dask_backend, "LONELY_SECONDS", 1)
    monkeypatch.setattr(dask_backend, "LOOK_SECONDS", 0.3)
    with (
        distributed.LocalCluster(
            n_workers=0, processes=True, dashboard_address="127.0.0.1:0"
        ) as cluster,
        distributed.Client(cluster) as client,
        pytest.raises(EstimationError, match="has had no worker for 1 s"),
    ):
        list(dask_map(square, [1], client))


def test_a_fit_is_the_same_when_a_worker_is_killed_in_its_midst(
    rows_of, parquet, two_workers, monkeypatch
):
    source = parquet(rows_of(1, units=200, periods=20, present=0.7), group=400)
    choice = {**KEYS, "cluster": ["city", "province"], "most_numbers": 0}
    quiet = scaled_fit(source, "y", ["x", "z"], **choice, backend="memory")
    two_workers.wait_for_workers(2)
    before, (victim, *_), killed = processes(two_workers), processes(two_workers), []

    def kill_when_busy():
        while not killed:
            if any(two_workers.processing().values()):
                os.kill(victim, signal.SIGKILL)
                killed.append(victim)
            time.sleep(0.001)

    killer = threading.Thread(target=kill_when_busy, daemon=True)
    killer.start()
    fit = scaled_fit(source, "y", ["x", "z"], **choice, backend="dask", scheduler=two_workers)
    killer.join(timeout=10)
    assert killed == [victim]
    two_workers.wait_for_workers(2)
    assert processes(two_workers) != before
    pd.testing.assert_series_equal(fit.params, quiet.params, check_exact=True)
    pd.testing.assert_frame_equal(fit.vcov, quiet.vcov, check_exact=True)


def equation_of(options):
    """One equation of the space below."""
    return Equation(
        frame="all", outcome="y", treatment="x", effects=("city", options["time"]), cluster="city"
    )


def test_a_multiverse_runs_on_the_cluster_with_the_same_result(two_workers, rows_of):
    rows = rows_of(2).assign(wave=lambda d: d["year"] // 2).set_index(["city", "year"])
    space = Space({"time": ("year", "wave")}, ("z",), equation_of)
    here = run_multiverse(space, {"all": rows}, seed=1)
    on_dask = partial(dask_map, scheduler=two_workers)
    there = run_multiverse(space, {"all": rows}, seed=1, map_=on_dask)
    assert len(here) == 4
    pd.testing.assert_frame_equal(here, there, check_exact=True)


class Counted:
    """A map on the cluster that counts the work units."""

    def __init__(self, client):
        self.client, self.units = client, 0

    def __call__(self, function, items):
        items = list(items)
        self.units += len(items)
        return dask_map(function, items, self.client)


@pytest.mark.parametrize("law", ["rademacher", "webb", "mammen"])
def test_bootstrap_draws_on_the_cluster_are_those_of_one_process_to_the_last_bit(
    two_workers, rows_of, law
):
    rows = rows_of(3, present=0.8).set_index(["city", "year"])
    how, there = Wild(law, draws=2_500, seed=np.random.default_rng(4)), Counted(two_workers)
    at_home = Wild(law, draws=2_500, seed=np.random.default_rng(4))
    here = bootstrap_equation(rows, "y", "x", ["z"], how=at_home)
    found = bootstrap_equation(rows, "y", "x", ["z"], how=how, map_=there)
    assert there.units == 3
    assert np.array_equal(found.distribution, here.distribution)
    assert (found.p, found.interval) == (here.p, here.interval)
    assert there.units == 6  # the interval draws the same weights again


def test_a_family_is_adjusted_on_the_cluster_as_in_one_process(two_workers, rows_of):
    rows = rows_of(3).set_index(["city", "year"])
    moments = cluster_moments(rows, ["y", "x", "z"], ["city", "year"], cluster="city")
    equation, there = ols(moments, "y", ["x", "z"]), Counted(two_workers)
    family = {term: Hypothesis(equation, term) for term in ("x", "z")}
    here = romano_wolf(family, draws=2_500)
    found = romano_wolf(family, draws=2_500, map_=there)
    pd.testing.assert_frame_equal(found, here, check_exact=True)
    assert there.units == 3


def test_the_joint_bootstrap_of_two_terms_runs_on_the_cluster(two_workers, rows_of):
    rows, how = rows_of(3).set_index(["city", "year"]), Wild("webb", draws=1_500)
    here = bootstrap_equation(rows, "y", ["x", "z"], cluster="province", how=how)
    on_dask = partial(dask_map, scheduler=two_workers)
    there = bootstrap_equation(rows, "y", ["x", "z"], cluster="province", how=how, map_=on_dask)
    assert np.array_equal(there.distribution, here.distribution)


@pytest.mark.parametrize("statistic", ["t", "coefficient"])
def test_permutations_on_the_cluster_are_those_of_one_process_to_the_last_bit(
    two_workers, rows_of, statistic
):
    rows = rows_of(5)
    start = 2_003 + rows["city"].astype(int) % 9
    rows = rows.assign(d=(rows["year"] >= start) * 1.0).set_index(["city", "year"])
    how, there = Permutations(statistic, draws=9_000, seed=2), Counted(two_workers)
    here = permute_equation(rows, "y", "d", ["z"], how=how)
    found = permute_equation(rows, "y", "d", ["z"], how=how, map_=there)
    assert there.units == 3
    assert np.array_equal(found.distribution, here.distribution)
    assert np.array_equal(found.coefficients, here.coefficients)
    assert found.p == here.p
