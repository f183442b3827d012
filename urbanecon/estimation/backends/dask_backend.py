"""Work units on a Dask cluster: of two local processes, or of any size at an address.

Work units are pure functions of what they are sent, so one that was lost with
its worker is run again elsewhere and every result is used once: a run gives the
number or an error, never another number. On a cluster of several machines the
package is installed on every worker, and files are found under the same path.

A script that starts the local cluster keeps its own work under
``if __name__ == "__main__":``, since the workers are fresh processes.
"""

from __future__ import annotations

import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from urbanecon.errors import EstimationError

if TYPE_CHECKING:
    from distributed import Client, Future

Item = TypeVar("Item")
Result = TypeVar("Result")

LOCAL_WORKERS = 2
WAITING = 4
"""Work units in flight for each thread of a worker: results do not pile up."""
CONNECT_SECONDS = 20
LOOK_SECONDS = 5
LONELY_SECONDS = 60
"""After so long without any worker the run is given up."""


@contextmanager
def dask_client(
    scheduler: str | Client | None = None, memory_limit: int | None = None
) -> Iterator[Client]:
    """Open a connection to a cluster, and close what was opened.

    Parameters
    ----------
    scheduler
        Address of a scheduler ("tcp://10.0.0.1:8786"); None starts two worker
        processes on this machine; an open client is used and left open.
    memory_limit
        Bytes that the local workers may use together.

    Raises
    ------
    EstimationError
        Dask is not installed, or nothing answers at the address.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise EstimationError(
            'the backend "dask" needs Dask: pip install "urbanecon[scale]", or use '
            'backend="memory"'
        ) from None
    if isinstance(scheduler, Client):
        yield scheduler
    elif scheduler is None:
        share = "auto" if memory_limit is None else memory_limit // LOCAL_WORKERS
        with (
            LocalCluster(
                n_workers=LOCAL_WORKERS,
                threads_per_worker=1,
                processes=True,
                memory_limit=share,
                dashboard_address="127.0.0.1:0",
            ) as cluster,
            Client(cluster) as client,
        ):
            yield client
    else:
        try:
            client = Client(scheduler, timeout=CONNECT_SECONDS)
        except (OSError, TimeoutError, ValueError) as error:
            raise EstimationError(
                f"no Dask scheduler answers at {scheduler!r} within {CONNECT_SECONDS} s; an "
                'address looks like "tcp://10.0.0.1:8786"'
            ) from error
        with client:
            yield client


def dask_map(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    scheduler: str | Client | None = None,
) -> Iterator[Result]:
    """Run a function over items on a Dask cluster; results in the order of the items.

    The contract of the built-in map, so it is what a `map_` argument takes:
    ``map_=functools.partial(dask_map, scheduler="tcp://10.0.0.1:8786")``.

    Parameters
    ----------
    function
        Pure: it may be run again after a worker was lost.
    items
        Read as workers become free.
    scheduler
        As `dask_client`.

    Raises
    ------
    EstimationError
        Nothing answers at the address; a work unit took its worker down again and
        again; or no worker is left. What `function` raises is raised here.
    """
    with dask_client(scheduler) as client:
        waiting: deque[Future] = deque()
        most = WAITING * max(LOCAL_WORKERS, sum(client.nthreads().values()))
        try:
            for item in items:
                waiting.append(_submit(client, function, item))
                if len(waiting) >= most:
                    yield _result(client, waiting.popleft())
            while waiting:
                yield _result(client, waiting.popleft())
        finally:
            client.cancel(list(waiting))


def _submit(client: Client, function: Callable[[Item], Result], item: Item) -> Future:
    with warnings.catch_warnings():
        # what a worker was sent is kept with the task, so that it can be run elsewhere
        warnings.filterwarnings("ignore", message="Sending large graph")
        return client.submit(function, item, pure=False)


def _result(client: Client, future: Future) -> Any:
    """Wait for a result as long as there is somebody to compute it."""
    from distributed import CancelledError, KilledWorker
    from distributed.comm import CommClosedError

    try:
        _wait(client, future)
        return future.result()
    except KilledWorker as error:
        raise EstimationError(
            "a work unit took down one worker after another (killed from outside, or out of "
            "memory); no number was computed. Give workers more memory, or write the files in "
            "smaller row groups"
        ) from error
    except (CancelledError, CommClosedError) as error:
        raise EstimationError(
            "the connection to the Dask scheduler was lost; no number was computed. "
            "Start the scheduler, then run again"
        ) from error


def _wait(client: Client, future: Future) -> None:
    from distributed import wait

    alone_since: float | None = None
    while not future.done():
        try:
            wait([future], timeout=LOOK_SECONDS)
        except TimeoutError:
            alone_since = _alone_since(client, alone_since)


def _alone_since(client: Client, since: float | None) -> float | None:
    """Since when the cluster has had no worker; raises when that is too long."""
    if client.nthreads():
        return None
    now = time.monotonic()
    if since is not None and now - since > LONELY_SECONDS:
        raise EstimationError(
            f"the Dask cluster has had no worker for {LONELY_SECONDS} s; no number was "
            "computed. Start workers, then run again"
        )
    return now if since is None else since
