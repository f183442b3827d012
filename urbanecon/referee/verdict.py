"""What a check says: pass, warn or fail, one sentence with the number, what to do next."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from urbanecon.errors import UrbaneconError

if TYPE_CHECKING:
    from urbanecon.referee.study import Study

Status = Literal["pass", "warn", "fail", "not applicable"]
STATUSES: tuple[Status, ...] = get_args(Status)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one check says of one study.

    Attributes
    ----------
    id, name
        Of the check.
    status
        "pass", "warn", "fail" or "not applicable".
    sentence
        What was found, with the number; why, when the check does not apply.
    next_step
        What to do; empty when there is nothing to do.
    statistic, threshold
        The number and the limit it was held against; NaN where there is none.
    source
        Where the check comes from.
    """

    id: str
    name: str
    status: Status
    sentence: str
    next_step: str = ""
    statistic: float = math.nan
    threshold: float = math.nan
    source: str = ""


@dataclass(frozen=True)
class Check:
    """A question put to a study; calling it gives the verdict.

    Attributes
    ----------
    id, name
        Stable key, and the name readers see.
    source
        Paper that the question, or its threshold, comes from.
    look
        Finds the answer.
    """

    id: str
    name: str
    source: str
    look: Callable[[Study], Verdict]

    @property
    def reason(self) -> str:
        """Why the question is asked: the docstring of what finds the answer."""
        return self.look.__doc__ or ""

    def __call__(self, study: Study) -> Verdict:
        """Return the verdict; what cannot be computed for this study does not apply, and why."""
        try:
            return self.look(study)
        except (UrbaneconError, np.linalg.LinAlgError) as error:
            return self.skipped(f"Could not be computed: {error}")

    def skipped(self, why: str) -> Verdict:
        """Return that the check does not apply, and why."""
        return Verdict(self.id, self.name, "not applicable", sentence(why), source=self.source)

    def verdict(
        self,
        status: Status,
        words: str,
        next_step: str = "",
        statistic: float = math.nan,
        threshold: float = math.nan,
    ) -> Verdict:
        """Return a verdict; the next step of what passed is left out."""
        todo = "" if status == "pass" else sentence(next_step)
        return Verdict(
            self.id, self.name, status, sentence(words), todo, statistic, threshold, self.source
        )

    def graded(
        self, statistic: float, limits: tuple[float, float], words: str, next_step: str
    ) -> Verdict:
        """Hold a number against its limits.

        Parameters
        ----------
        limits
            Where it warns and where it fails, the limit itself included. A
            second limit below the first says that low numbers are the bad ones.
        """
        warn, fail = limits
        if math.isnan(statistic):
            return self.skipped(words)
        sign = 1.0 if fail > warn else -1.0
        if sign * statistic >= sign * fail:
            return self.verdict("fail", words, next_step, statistic, fail)
        status: Status = "warn" if sign * statistic >= sign * warn else "pass"
        return self.verdict(status, words, next_step, statistic, warn)


def check(key: str, name: str, source: str) -> Callable[[Callable[[Study], Verdict]], Check]:
    """Make a function from a study to a verdict a check."""

    def made(look: Callable[[Study], Verdict]) -> Check:
        return Check(key, name, source, look)

    return made


def sentence(words: str) -> str:
    """Return the words as a sentence: a capital at the beginning, a stop at the end."""
    words = words.strip()
    if not words:
        return ""
    return words[0].upper() + words[1:] + ("" if words.endswith((".", "?", "!")) else ".")


def p_words(p: float) -> str:
    """Return a p-value with its sign: ``p = 0.012``, ``p < 0.001``."""
    return f"p = {p:.3f}" if p >= 0.001 else "p < 0.001"


def listed(names: list[str], most: int = 4) -> str:
    """Return names in a row, the rest counted."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
