"""The same data give the same bytes, and nothing illegible is ever written."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from urbanecon.errors import OutputError
from urbanecon.plotting.inequality import inequality
from urbanecon.plotting.saving import save
from urbanecon.plotting.style import in_house_style, new_figure

SCRIPT = """
import sys
from pathlib import Path
import pandas as pd
from urbanecon.plotting.inequality import inequality
from urbanecon.plotting.saving import save
save(inequality(pd.read_csv(sys.argv[1]), "gdp_pc_real", language="zh"), Path(sys.argv[2]))
"""


def digests(paths: tuple[Path, Path]) -> list[str]:
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]


def test_two_calls_write_the_same_bytes(inequality_series: pd.DataFrame, tmp_path: Path) -> None:
    first = save(inequality(inequality_series, "gdp_pc_real"), tmp_path / "first")
    again = save(inequality(inequality_series, "gdp_pc_real"), tmp_path / "again")
    assert digests(first) == digests(again)


def test_saving_a_figure_again_writes_the_same_bytes(
    inequality_series: pd.DataFrame, tmp_path: Path
) -> None:
    figure = inequality(inequality_series, "gdp_pc_real")
    assert digests(save(figure, tmp_path / "first")) == digests(save(figure, tmp_path / "again"))


def test_row_order_does_not_change_the_bytes(
    inequality_series: pd.DataFrame, tmp_path: Path
) -> None:
    first = save(inequality(inequality_series, "gdp_pc_real"), tmp_path / "first")
    again = save(inequality(inequality_series[::-1], "gdp_pc_real"), tmp_path / "again")
    assert digests(first) == digests(again)


@pytest.mark.parametrize("seed", ["1", "2718"])
def test_a_fresh_process_with_another_hash_seed_writes_the_same_bytes(
    inequality_series: pd.DataFrame, tmp_path: Path, seed: str
) -> None:
    data = tmp_path / "series.csv"
    inequality_series.to_csv(data, index=False)
    here = save(inequality(pd.read_csv(data), "gdp_pc_real", language="zh"), tmp_path / "here")
    subprocess.run(
        [sys.executable, "-c", SCRIPT, str(data), str(tmp_path / "there")],
        check=True,
        env={**os.environ, "PYTHONHASHSEED": seed, "SOURCE_DATE_EPOCH": seed},
    )
    there = (tmp_path / "there.pdf", tmp_path / "there.png")
    assert digests(here) == digests(there)


def test_fonts_are_embedded_as_truetype_and_no_date_is_written(
    inequality_series: pd.DataFrame, tmp_path: Path
) -> None:
    pypdf = pytest.importorskip("pypdf")
    pdf, _ = save(inequality(inequality_series, "gdp_pc_real", language="zh"), tmp_path / "zh")
    reader = pypdf.PdfReader(pdf)
    assert "/CreationDate" not in (reader.metadata or {})
    assert "/Producer" not in (reader.metadata or {})
    fonts = reader.pages[0]["/Resources"]["/Font"].values()
    bases = [font.get_object() for font in fonts]
    assert bases
    for font in bases:
        inner = font["/DescendantFonts"][0].get_object() if "/DescendantFonts" in font else font
        assert inner["/Subtype"] in ("/TrueType", "/CIDFontType2")
        assert "/FontFile2" in inner["/FontDescriptor"].get_object()
    assert "泰尔指数" in reader.pages[0].extract_text()


def test_a_character_without_a_glyph_stops_the_figure(tmp_path: Path) -> None:
    @in_house_style
    def draw():  # type: ignore[no-untyped-def]
        figure = new_figure(89, 40)
        figure.subplots().set_title("CO\u2082 \U0001f600")
        return figure

    with pytest.raises(OutputError, match=r"Cannot draw boxed: Glyph .* missing from font"):
        save(draw(), tmp_path / "boxed")
    assert list(tmp_path.iterdir()) == []


def test_a_label_running_off_the_page_stops_the_figure(tmp_path: Path) -> None:
    @in_house_style
    def draw():  # type: ignore[no-untyped-def]
        figure = new_figure(89, 40)
        figure.subplots().set_title("A title without end " * 6, loc="left")
        return figure

    with pytest.raises(OutputError, match="mm over the edge of the page"):
        save(draw(), tmp_path / "wide")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(
    inequality_series: pd.DataFrame, tmp_path: Path
) -> None:
    (tmp_path / "figures").write_text("a file where the folder should be")
    with pytest.raises(OutputError, match="Cannot write"):
        save(inequality(inequality_series, "gdp_pc_real"), tmp_path / "figures" / "theil")
