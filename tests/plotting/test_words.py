"""Figures speak English and Chinese from one catalogue."""

from __future__ import annotations

import string
from typing import get_args

import pytest

from urbanecon.cleaning.codebook import Language, load_codebook
from urbanecon.cleaning.observations import Flag
from urbanecon.errors import UnknownNameError
from urbanecon.plotting.style import FLAG_COLOURS
from urbanecon.plotting.words import axis_label, load_words, word


def test_every_entry_has_both_languages_with_the_same_placeholders() -> None:
    for key, entry in load_words().items():
        assert set(entry) == set(get_args(Language)), key
        fields = [
            {name for _, name, _, _ in string.Formatter().parse(text) if name}
            for text in entry.values()
        ]
        assert fields[0] == fields[1], key


def test_every_flag_of_a_doubtful_cell_has_a_word_and_a_colour() -> None:
    doubtful = [str(flag) for flag in Flag if flag is not Flag.OK]
    assert list(FLAG_COLOURS) == doubtful
    assert len(set(FLAG_COLOURS.values())) == len(doubtful)
    assert all(word(flag, "zh") for flag in doubtful)


def test_a_misspelt_key_is_named_with_the_closest_one() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'northeast'"):
        word("north_east", "en")


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="language='fr'"):
        word("east", "fr")  # type: ignore[arg-type]


@pytest.mark.parametrize("language", get_args(Language))
def test_every_variable_of_the_codebook_has_an_axis_label(language: Language) -> None:
    for name, variable in load_codebook().items():
        assert axis_label(name, language).startswith(variable.label(language))


def test_units_follow_the_label_where_the_number_has_one() -> None:
    assert axis_label("gdp_pc_real", "en").endswith(", yuan per person")
    assert axis_label("gdp_pc_real", "zh").endswith("元/人")
    assert axis_label("urban_share", "en") == "Urban share of residents"
