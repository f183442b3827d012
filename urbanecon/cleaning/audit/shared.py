"""What several rules compute alike is computed once, while they run together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, TypeVar

import pandas as pd

Result = TypeVar("Result")

_kept: ContextVar[dict[tuple[str, int], tuple[pd.DataFrame, Any]] | None] = ContextVar(
    "kept", default=None
)


@contextmanager
def sharing() -> Iterator[None]:
    """While it lasts, a `shared` function computes its result of one table once.

    The tables must not change meanwhile, which holds for rules: they are pure.
    """
    token = _kept.set({})
    try:
        yield
    finally:
        _kept.reset(token)


def shared(function: Callable[[pd.DataFrame], Result]) -> Callable[[pd.DataFrame], Result]:
    """Let a function of one table share its results within `sharing`.

    A table is known by its identity; it is kept as long as its result, so that
    no other table can take its identity over.
    """

    @wraps(function)
    def call(table: pd.DataFrame) -> Result:
        kept = _kept.get()
        if kept is None:
            return function(table)
        key = (f"{function.__module__}.{function.__qualname__}", id(table))
        if key not in kept:
            kept[key] = (table, function(table))
        result: Result = kept[key][1]
        return result

    return call
