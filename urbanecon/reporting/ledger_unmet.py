"""What would change a verdict, in words: the conditions of "supported" that do not hold."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby

from urbanecon.cleaning.codebook import Language
from urbanecon.effects.verdict import BREAKDOWN, MEDIAN_P, SHARE, Unmet
from urbanecon.reporting.formats import number, p_value
from urbanecon.reporting.words import word

BETWEEN: Mapping[Language, tuple[str, str, str]] = {
    "en": ("; ", ": ", ", "),
    "zh": ("；", "：", "，"),
}
"""What stands between findings, behind the name of a test, and between its conditions."""

THRESHOLDS = {"breakdown": f"{BREAKDOWN:g}", "least": f"{SHARE:.0%}", "most": f"{MEDIAN_P:g}"}


def _share(value: float) -> str:
    return f"{value:.0%}"


WRITTEN: Mapping[str, Callable[[float], str]] = {"mbar": number, "share": _share}
"""How numbers are written; the others are p-values."""


def unmet_words(
    unmet: Sequence[Unmet], labels: Mapping[str, str], language: Language
) -> tuple[str, ...]:
    """Say what does not hold, one text a condition; of several tests, one text a test.

    Parameters
    ----------
    unmet
        As the verdict names it; conditions of one test stand together.
    labels
        Name of each test in the language.
    """
    _, behind, comma = BETWEEN[language]
    texts: list[str] = []
    for test, found in groupby(unmet, key=lambda one: one.test):
        told = [_condition(one, language) for one in found]
        texts += told if not test else [labels[test] + behind + comma.join(told)]
    return tuple(texts)


def _condition(unmet: Unmet, language: Language) -> str:
    """Say one condition; a number that does not exist is said to be absent."""
    absent = word("unmet_absent", language)
    numbers = {
        name: absent if math.isnan(value) else WRITTEN.get(name, p_value)(value)
        for name, value in unmet.numbers.items()
    }
    return word(f"unmet_{unmet.condition}", language).format(**numbers, **THRESHOLDS)
