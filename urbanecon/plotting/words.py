"""The words that figures say beyond the codebook's labels, in English and Chinese.

`words.toml` beside this module holds them all; a figure function names a word by
its key and never spells it out.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import get_args

from urbanecon.cleaning.codebook import Language, load_codebook
from urbanecon.errors import UnknownNameError, did_you_mean

CATALOGUE = Path(__file__).with_name("words.toml")


@cache
def load_words() -> Mapping[str, Mapping[str, str]]:
    """Read the catalogue: key -> {"en": ..., "zh": ...}."""
    words: dict[str, Mapping[str, str]] = tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))
    return words


def word(key: str, language: Language, **values: object) -> str:
    """Return a word or sentence of the catalogue, its placeholders filled by `values`.

    Raises
    ------
    UnknownNameError
        If the key is not in the catalogue or the language is neither "en" nor "zh".
    """
    if language not in get_args(Language):
        raise UnknownNameError(
            f"Figures are made in {get_args(Language)}; found language={language!r}."
        )
    words = load_words()
    if key not in words:
        raise UnknownNameError(
            f"The catalogue of figure words has no {key!r}.{did_you_mean(key, words)} "
            "Words stand in urbanecon/plotting/words.toml."
        )
    return words[key][language].format(**values)


def axis_label(variable: str, language: Language) -> str:
    """Return a variable's codebook label with its unit, where the label needs one.

    Shares are drawn in percent, indices and logs are pure numbers: none shows a unit.
    """
    entry = load_codebook()[variable]
    label = entry.label(language)
    if entry.unit in ("share", "index", "ratio", "0/1") or entry.unit.startswith(("ln(", "per ")):
        return label
    return word("with_unit", language, label=label, unit=word(f"unit {entry.unit}", language))
