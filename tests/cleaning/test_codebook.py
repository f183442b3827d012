"""The codebook describes every variable once, and completely."""

from __future__ import annotations

from pathlib import Path

import pytest

from urbanecon.cleaning.codebook import load_codebook
from urbanecon.errors import RegistryError, UnknownNameError

ENTRY = """
[gdp]
unit = "yuan"
label_en = "Gross domestic product"
label_zh = "地区生产总值"
kind = "flow"
range = [1, 2]
level = "city"
sources = ["city_macro"]
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "codebook.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_labels_come_in_english_and_chinese() -> None:
    codebook = load_codebook()
    assert codebook.label("gdp") == "Gross domestic product"
    assert codebook.label("gdp", "zh") == "地区生产总值"


def test_an_unknown_variable_is_answered_with_the_closest_one() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'population'"):
        load_codebook()["populaton"]


def test_labels_are_unique_in_both_languages() -> None:
    codebook = load_codebook()
    for language in ("en", "zh"):
        labels = [codebook.label(name, language) for name in codebook]
        assert len(set(labels)) == len(labels)


def test_a_variable_that_only_users_bring_says_so_with_no_sources(tmp_path: Path) -> None:
    entry = ENTRY.replace('["city_macro"]', "[]")
    assert load_codebook(write(tmp_path, entry))["gdp"].sources == ()


@pytest.mark.parametrize("field", ["unit", "label_zh", "kind", "range", "level"])
def test_an_incomplete_entry_is_rejected_by_name(tmp_path: Path, field: str) -> None:
    lines = [line for line in ENTRY.splitlines() if not line.startswith(f"{field} ")]
    with pytest.raises(RegistryError, match=rf"\[gdp\] lacks '{field}'"):
        load_codebook(write(tmp_path, "\n".join(lines)))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('kind = "flow"', 'kind = "flux"', "kind is 'flux'"),
        ('level = "city"', 'level = "town"', "level is 'town'"),
        ("range = [1, 2]", "range = [2, 1]", "is empty"),
        ('sources = ["city_macro"]', "", "either 'sources' or 'formula'"),
    ],
)
def test_an_entry_that_contradicts_itself_is_rejected(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    with pytest.raises(RegistryError, match=message):
        load_codebook(write(tmp_path, ENTRY.replace(old, new)))
