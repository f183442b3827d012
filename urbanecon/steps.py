"""What the steps of the main job share: how they are drawn, marked, and estimated."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from urbanecon.cleaning.codebook import Language
from urbanecon.needs import drawable_figures
from urbanecon.outputs import LANGUAGES
from urbanecon.project import Project

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pytask import MarkDecorator

    from urbanecon.effects.robustness import Map
    from urbanecon.effects.spec import Spec

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""What libraries of linear algebra read when they are loaded."""


class Drawing(NamedTuple):
    """How a figure is made: who draws it in a language, the files and the code it rests on."""

    draw: Callable[[Language], Figure]
    inputs: Mapping[str, Path]
    modules: tuple[str, ...]


def editions(project: Project, figures: Iterable[str]) -> list[tuple[str, Language]]:
    """Those of the figures whose sources are at hand, once in each language."""
    drawable = frozenset(drawable_figures(project))
    return [(name, language) for name in figures if name in drawable for language in LANGUAGES]


def in_language(language: Language) -> MarkDecorator:
    """Mark a step as one that makes figures or tables in a language."""
    return mark(language)


def mark(name: str) -> MarkDecorator:
    """Mark a step by a name of `pyproject.toml`, for steps to be chosen by it."""
    import pytask

    found: MarkDecorator = getattr(pytask.mark, name)
    return found


def estimate_effect(specs: tuple[Spec, ...], panel: Mapping[str, Path], results: Path) -> None:
    """Estimate the specs of one effect and store them."""
    from urbanecon.effects.estimate import estimate_all
    from urbanecon.measures.variables import open_panel
    from urbanecon.reporting.store import write_estimates

    folder = next(iter(panel.values())).parent
    write_estimates(results, estimate_all(specs, open_panel(folder)))


@contextmanager
def processes() -> Iterator[Map]:
    """Map over items in as many processes as there are cores, results in order.

    Each is started afresh, as threads do not survive a fork; uses one thread, as there
    is a process for each core; and says no warnings: what an estimate warns of is
    stored with it.
    """
    afresh, quiet = get_context("spawn"), partial(warnings.simplefilter, "ignore")
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        with ProcessPoolExecutor(mp_context=afresh, initializer=quiet) as pool:
            yield pool.map
    finally:
        for name, value in before.items():
            del os.environ[name]
            if value is not None:
                os.environ[name] = value
