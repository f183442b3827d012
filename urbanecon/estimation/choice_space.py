"""A space of choices, as data: what may be varied, and which part of it is run.

A point of the space is a world, one option of each choice about data, sample,
effects and clusters, and a subset of the controls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from urbanecon.errors import EstimationError, UnknownNameError, did_you_mean
from urbanecon.estimation.sample import Mask
from urbanecon.estimation.subsets import all_subsets

Options = Mapping[str, str]
"""One option of each choice, by the name of the choice."""


@dataclass(frozen=True, slots=True)
class Equation:
    """What a world asks of the data.

    Attributes
    ----------
    frame
        Name of the variant of the panel.
    outcome, treatment
        Columns of it.
    effects, cluster
        As `moments.cluster_moments`.
    first_year, last_year
        Inclusive window; None takes what is there.
    sample
        Boolean column of the rows that are used; empty for all.
    """

    frame: str
    outcome: str
    treatment: str
    effects: tuple[str, ...] = ("city", "year")
    cluster: str = "city"
    first_year: int | None = None
    last_year: int | None = None
    sample: str = ""


@dataclass(frozen=True, slots=True)
class Space:
    """Choices and their options, as data.

    Attributes
    ----------
    choices
        Options of each choice, the first the main one.
    controls
        Columns of which all subsets are in the space.
    equation
        From one option of each choice to what it asks of the data.
    """

    choices: Mapping[str, tuple[str, ...]]
    controls: tuple[str, ...]
    equation: Callable[[Options], Equation]

    def __post_init__(self) -> None:
        for name, options in self.choices.items():
            if not options:
                raise EstimationError(f"the choice {name!r} has no option: the space is empty")
        if not self.choices:
            raise EstimationError("a space needs at least one choice; none is declared")

    @property
    def worlds(self) -> int:
        """Number of combinations of the choices, controls aside."""
        return int(np.prod([len(options) for options in self.choices.values()], dtype=object))

    @property
    def specs(self) -> int:
        """Number of specifications in the space."""
        return int(self.worlds * 2 ** len(self.controls))

    def only(self, **options: str | Sequence[str]) -> Space:
        """Return the space with some choices held to some of their options.

        Raises
        ------
        UnknownNameError
            There is no such choice, or it has no such option.
        """
        held = dict(self.choices)
        for name, wanted in options.items():
            if name not in held:
                raise UnknownNameError(
                    f"The space has no choice {name!r}.{did_you_mean(name, held)} "
                    f"Its choices are {list(held)}."
                )
            kept = (wanted,) if isinstance(wanted, str) else tuple(wanted)
            for option in kept:
                if option not in held[name]:
                    raise UnknownNameError(
                        f"The choice {name!r} has no option {option!r}."
                        f"{did_you_mean(option, held[name])} Its options are {list(held[name])}."
                    )
            held[name] = kept
        return replace(self, choices=held)

    def world(self, number: int) -> dict[str, str]:
        """Return the options of the world with a number, 0 ... worlds - 1."""
        sizes = [len(options) for options in self.choices.values()]
        at = np.unravel_index(number, sizes)
        return {
            name: options[int(i)]
            for (name, options), i in zip(self.choices.items(), at, strict=True)
        }


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """The subsets to be run in one world.

    Attributes
    ----------
    world
        Number of the world in the space.
    equation
        What it asks of the data.
    subsets
        Whether each control is in, S x C.
    """

    world: int
    equation: Equation
    subsets: Mask


def tasks_of(space: Space, specs: int | None, per_world: int, seed: int) -> list[Task]:
    """Worlds and subsets to run: all of them, or drawn as `multiverse.run_multiverse` says.

    Raises
    ------
    EstimationError
        No specification is asked for.
    """
    size = 2 ** len(space.controls)
    if specs is None or specs >= space.specs:
        every = all_subsets(len(space.controls))
        return [Task(w, space.equation(space.world(w)), every) for w in range(space.worlds)]
    if specs < 1 or per_world < 1:
        raise EstimationError(f"{specs} specifications, {per_world} a world: nothing to run")
    rng = np.random.default_rng(seed)
    per_world = min(per_world, size)
    drawn = min(-(-specs // per_world), space.worlds)
    worlds = np.sort(rng.choice(space.worlds, drawn, replace=False))
    places = np.arange(len(space.controls))[::-1]
    tasks = []
    for w in worlds.tolist():
        chosen = np.sort(rng.choice(size, per_world, replace=False))
        tasks.append(
            Task(w, space.equation(space.world(w)), (chosen[:, None] >> places & 1).astype(bool))
        )
    return tasks
