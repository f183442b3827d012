"""What a check says: pass, warn or fail, one sentence with the number, what to do next."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import numpy as np

from urbanecon.cleaning.codebook import Language
from urbanecon.errors import UrbaneconError
from urbanecon.referee.words import NOTHING, Phrase, Word, say

if TYPE_CHECKING:
    from urbanecon.referee.study import Study

Status = Literal["pass", "warn", "fail", "not applicable"]
STATUSES: tuple[Status, ...] = get_args(Status)


class Wording(NamedTuple):
    """The words of a verdict in one language."""

    name: str
    sentence: str
    next_step: str


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
    zh
        Name, sentence and next step in Chinese; None when there are no such words.
    """

    id: str
    name: str
    status: Status
    sentence: str
    next_step: str = ""
    statistic: float = math.nan
    threshold: float = math.nan
    source: str = ""
    zh: Wording | None = None

    def told(self, language: Language) -> Wording:
        """Return name, sentence and next step in a language; in English if there is no other."""
        if language == "zh" and self.zh is not None:
            return self.zh
        return Wording(self.name, self.sentence, self.next_step)


@dataclass(frozen=True)
class Check:
    """A question put to a study; calling it gives the verdict.

    Attributes
    ----------
    id
        Stable key, and the check's table in `words.toml`.
    source
        Paper that the question, or its threshold, comes from.
    look
        Finds the answer.
    """

    id: str
    source: str
    look: Callable[[Study], Verdict]

    @property
    def name(self) -> str:
        """Name that readers see, in English."""
        return self.say("name").en

    @property
    def reason(self) -> str:
        """Why the question is asked: the docstring of what finds the answer."""
        return self.look.__doc__ or ""

    def say(self, key: str, **values: Word) -> Phrase:
        """Return a phrase of this check from the catalogue."""
        return say(f"{self.id}.{key}", **values)

    def __call__(self, study: Study) -> Verdict:
        """Return the verdict; what cannot be computed for this study does not apply, and why."""
        try:
            return self.look(study)
        except (UrbaneconError, np.linalg.LinAlgError) as error:
            return self.skipped(say("shared.error", error=str(error)))

    def skipped(self, why: Phrase) -> Verdict:
        """Return that the check does not apply, and why."""
        return self.verdict("not applicable", why)

    def verdict(
        self,
        status: Status,
        words: Phrase,
        next_step: Phrase = NOTHING,
        statistic: float = math.nan,
        threshold: float = math.nan,
    ) -> Verdict:
        """Return a verdict; the next step of what passed is left out."""
        name, found = self.say("name"), words.sentence()
        todo = NOTHING if status == "pass" else next_step.sentence()
        return Verdict(
            self.id,
            name.en,
            status,
            found.en,
            todo.en,
            statistic,
            threshold,
            self.source,
            Wording(name.zh, found.zh, todo.zh),
        )

    def graded(
        self, statistic: float, limits: tuple[float, float], words: Phrase, next_step: Phrase
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


def check(key: str, source: str) -> Callable[[Callable[[Study], Verdict]], Check]:
    """Make a function from a study to a verdict a check; `key` is its table of the catalogue."""

    def made(look: Callable[[Study], Verdict]) -> Check:
        return Check(key, source, look)

    return made


def p_words(p: float) -> str:
    """Return a p-value with its sign: ``p = 0.012``, ``p < 0.001``."""
    return f"p = {p:.3f}" if p >= 0.001 else "p < 0.001"
