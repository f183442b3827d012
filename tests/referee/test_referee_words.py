"""What the checks say stands in one catalogue, in English and Chinese."""

from __future__ import annotations

import re
from string import Formatter

import pytest
from referee.planted_faults import FAULTS, sound_study

from urbanecon.errors import UnknownNameError
from urbanecon.referee import CHECKS
from urbanecon.referee.subjects import sentence_labels
from urbanecon.referee.words import Phrase, joined, load_words, same, say

NAMES = {"Webb", "Moran", "Conley", "Holm", "Mbar", "Anderson", "Rubin", "CIPS", "CV", "SLS"}
NAMES |= {"ln", "drop_singletons", "True"}
"""Names of methods, and what is typed, stay Latin in Chinese."""
BY_ID = {check.id: check for check in CHECKS}
PHRASES = {
    f"{table}.{key}": phrase
    for table, said in load_words().items()
    for key, phrase in said.items()
}


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("key", PHRASES)
def test_a_phrase_says_the_same_in_both_languages(key: str) -> None:
    phrase = PHRASES[key]
    assert set(phrase) == {"en", "zh"}
    assert placeholders(phrase["en"]) == placeholders(phrase["zh"])


@pytest.mark.parametrize("key", PHRASES)
def test_chinese_holds_no_english_but_names(key: str) -> None:
    plain = re.sub(r"\{\w*\}", "", PHRASES[key]["zh"])
    assert set(re.findall(r"[A-Za-z][A-Za-z_]+", plain)) <= NAMES


def test_every_check_has_a_name_and_every_table_is_of_a_check() -> None:
    shared = {"status", "page", "level", "shared", "cells"}
    assert set(load_words()) - shared == set(BY_ID)
    assert all("name" in load_words()[key] for key in BY_ID)


def test_a_verdict_says_the_same_numbers_in_both_languages() -> None:
    for fault in FAULTS:
        if fault.check in ("few_clusters", "treated_clusters", "window", "mechanical"):
            verdict = BY_ID[fault.check](fault.make())
            for english, chinese in zip(verdict.told("en"), verdict.told("zh"), strict=True):
                numbers = [sorted(re.findall(r"\d+(?:\.\d+)?", t)) for t in (english, chinese)]
                assert numbers[0] == numbers[1]


def test_a_sentence_in_chinese_ends_with_its_own_stop() -> None:
    told = BY_ID["few_clusters"](sound_study()).told("zh")
    assert told.name == "聚类数"
    assert told.sentence.endswith("。")
    assert told.next_step == ""


def test_places_and_variables_of_the_project_have_chinese_names() -> None:
    labels = sentence_labels()
    assert labels["420100"] == ("Wuhan", "武汉市")
    assert labels["province"] == ("province", "省份")
    assert labels["gdp"] == ("gdp", "地区生产总值")


def test_an_unknown_phrase_is_named_with_the_closest() -> None:
    with pytest.raises(UnknownNameError, match=r"Did you mean 'window\.found'"):
        say("window.fund")


def test_names_are_joined_in_each_language() -> None:
    assert joined([same("a"), Phrase("b", "乙")]) == ("a and b", "a与乙")
    assert joined([]) == ("nothing", "无")
