"""What checks say, in English and Chinese at once: `words.toml` beside this module holds it all.

A check names a sentence by its key and gives the numbers as text, written once for
both languages; only names of places and variables differ.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from urbanecon.cleaning.codebook import Language
from urbanecon.errors import UnknownNameError, did_you_mean

CATALOGUE = Path(__file__).with_suffix(".toml")
STOPS = (".", "?", "!", "。", "？", "！")


class Phrase(NamedTuple):
    """Words in both languages."""

    en: str
    zh: str

    def told(self, language: Language) -> str:
        """Return the words in a language."""
        return self.zh if language == "zh" else self.en

    def __add__(self, more: object) -> Phrase:
        """Return this and then the other."""
        if not isinstance(more, Phrase):
            return NotImplemented
        return Phrase(self.en + more.en, self.zh + more.zh)

    def sentence(self) -> Phrase:
        """Return the words as a sentence: a capital at the beginning, a stop at the end."""
        en, zh = self.en.strip(), self.zh.strip()
        if en:
            en = en[0].upper() + en[1:] + ("" if en.endswith(STOPS) else ".")
        return Phrase(en, zh + ("" if not zh or zh.endswith(STOPS) else "。"))


NOTHING = Phrase("", "")

Word = str | int | Phrase
"""What fills a placeholder: the same in both languages unless it is a phrase."""


def same(text: str) -> Phrase:
    """Return text that is the same in both languages: numbers, names of methods and columns."""
    return Phrase(text, text)


@cache
def load_words() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Read the catalogue: check -> key -> {"en": ..., "zh": ...}."""
    found: dict[str, Mapping[str, Mapping[str, str]]]
    found = tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))
    return found


def say(key: str, **values: Word) -> Phrase:
    """Return a phrase of the catalogue, its placeholders filled.

    Parameters
    ----------
    key
        ``check.sentence``, as the catalogue has them.

    Raises
    ------
    UnknownNameError
        If the catalogue has no such phrase.
    """
    known = {
        f"{table}.{name}": each for table, x in load_words().items() for name, each in x.items()
    }
    if key not in known:
        raise UnknownNameError(
            f"The referee has no words {key!r}.{did_you_mean(key, known)} "
            "They stand in urbanecon/referee/words.toml."
        )
    return Phrase(
        known[key]["en"].format(**{name: _in("en", value) for name, value in values.items()}),
        known[key]["zh"].format(**{name: _in("zh", value) for name, value in values.items()}),
    )


def joined(
    names: Iterable[Phrase], empty: str = "shared.nothing", link: str = "shared.and"
) -> Phrase:
    """Return names joined by a word; the words of `empty` when there is none."""
    found, by = list(names), say(link)
    if not found:
        return say(empty)
    return Phrase(by.en.join(n.en for n in found), by.zh.join(n.zh for n in found))


def in_turn(findings: Iterable[Phrase]) -> Phrase:
    """Return findings one after the other."""
    found = list(findings)
    return Phrase("; ".join(f.en for f in found), "；".join(f.zh for f in found))


def listed(names: Sequence[Phrase], most: int = 4) -> Phrase:
    """Return names in a row, the rest counted."""
    row = Phrase(", ".join(n.en for n in names[:most]), "、".join(n.zh for n in names[:most]))
    return row if len(names) <= most else say("shared.more", shown=row, rest=len(names) - most)


def _in(language: Language, value: Word) -> str:
    return value.told(language) if isinstance(value, Phrase) else str(value)
