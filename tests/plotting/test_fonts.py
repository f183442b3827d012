"""One font file, found by package, draws every figure."""

from __future__ import annotations

import subprocess
import sys

import pytest

from urbanecon.cleaning.codebook import load_codebook
from urbanecon.cleaning.divisions import load_divisions
from urbanecon.errors import OutputError
from urbanecon.plotting import fonts
from urbanecon.plotting.words import load_words


def test_the_font_is_found_without_importing_its_package() -> None:
    code = (
        "import sys; from urbanecon.plotting.fonts import font_path; "
        "assert font_path().is_file(); assert 'zhplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_importing_the_figure_modules_does_not_import_matplotlib() -> None:
    modules = "coverage regions timing event_study coefficients inequality trends ridges saving"
    code = (
        "import sys, importlib\n"
        f"for name in {modules.split()}:\n"
        "    importlib.import_module(f'urbanecon.plotting.{name}')\n"
        "heavy = {'matplotlib', 'seaborn', 'scipy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_family_is_drawn_from_that_file_alone() -> None:
    from matplotlib.font_manager import FontProperties, findfont

    family = fonts.register_font()
    found = findfont(FontProperties(family=family), fallback_to_default=False)
    assert found == str(fonts.font_path())


def test_it_has_every_character_of_the_codebook_the_catalogue_and_the_place_names() -> None:
    from matplotlib.ft2font import FT2Font

    labels = [label for v in load_codebook().values() for label in (v.label_en, v.label_zh)]
    words = [text for entry in load_words().values() for text in entry.values()]
    places = load_divisions()[["name_zh", "name_en", "province_zh", "province_en"]]
    texts = [*labels, *words, *places.to_numpy().ravel()]
    known = {chr(code) for code in FT2Font(str(fonts.font_path())).get_charmap()}
    assert {character for text in texts for character in text} - known == set()


def test_without_the_package_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fonts, "find_spec", lambda name: None)
    with pytest.raises(OutputError, match=r"pip install zhplot"):
        fonts.font_path()
