"""How work units are run: in this process, or anywhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

MapLike = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]
"""The built-in map, or one with its contract, results in the order of the items: that of a
pool, or ``functools.partial(backends.dask_map, scheduler=address)``."""
