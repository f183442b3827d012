"""One table, four files, the same bytes every time."""

from __future__ import annotations

import json
import re
import zipfile
from collections import Counter

import pytest

from urbanecon.errors import OutputError
from urbanecon.reporting.table_files import as_html, as_tex, tex_escaped, write_table
from urbanecon.reporting.tables import Row, Table, main_results
from urbanecon.reporting.word_files import ORDER

docx = pytest.importorskip("docx")


@pytest.fixture
def table(make_estimates):
    return main_results(make_estimates("E1"), "growth & more")


@pytest.fixture
def plain_table():
    rows = (Row("a_b", ("5%", "1.00")), Row("<c>", ("−2.00", "3×10⁻⁵")))
    return Table("plain", "Costs & losses", (("x", "y"),), rows, "100% synthetic.")


def test_the_same_table_gives_the_same_bytes(table, tmp_path):
    first = [path.read_bytes() for path in write_table(table, tmp_path / "a")]
    second = [path.read_bytes() for path in write_table(table, tmp_path / "b")]
    assert first == second


def test_latex_has_three_rules_and_escapes_what_is_not_latex(plain_table):
    text = as_tex(plain_table)
    for rule in (r"\toprule", r"\midrule", r"\bottomrule"):
        assert text.count(rule) == 1
    assert r"a\_b & 5\% & 1.00 \\" in text
    assert r"$<$c$>$ & $-$2.00 & 3$\times$10$^{-5}$ \\" in text
    assert r"\caption{Costs \& losses}" in text
    assert "|" not in re.search(r"\\begin\{tabularx\}.*", text)[0]


def test_tex_escape_leaves_no_special_sign_alone():
    assert tex_escaped(r"\ ~ ^ $") == r"\textbackslash{} \textasciitilde{} \textasciicircum{} \$"


def test_html_has_every_cell_and_no_random_name(table):
    page = as_html(table)
    assert 'id="table-main_E1"' in page
    assert "ln night lights" in page
    assert "(4)" in page


def test_html_shows_markup_as_text(plain_table):
    assert "&lt;c&gt;" in as_html(plain_table)


def test_word_opens_and_holds_a_real_table(table, tmp_path):
    path = write_table(table, tmp_path)[1]
    document = docx.Document(str(path))
    assert document.paragraphs[0].text == table.caption
    (drawn,) = document.tables
    texts = {cell.text for row in drawn.rows for cell in row.cells}
    assert {"ln real GDP per capita", "(1)", "(4)", table.notes} <= texts
    assert {row.label for row in table.rows} <= texts


def test_word_follows_the_order_that_its_schema_asks_for(table, tmp_path):
    document = docx.Document(str(write_table(table, tmp_path)[1]))
    for tag, order in ORDER.items():
        for element in document.element.body.iter(docx.oxml.ns.qn(f"w:{tag}")):
            names = [child.tag.split("}")[1] for child in element]
            assert max(Counter(names).values(), default=1) == 1
            assert names == sorted(names, key=order.index)


def test_word_has_a_thick_rule_on_top_and_none_between_columns(plain_table, tmp_path):
    document = docx.Document(str(write_table(plain_table, tmp_path)[1]))
    qn = docx.oxml.ns.qn
    borders = document.tables[0].rows[0].cells[0]._element.tcPr.find(qn("w:tcBorders"))
    drawn = {child.tag.split("}")[1]: child.get(qn("w:val")) for child in borders}
    assert drawn["top"] == "single"
    assert drawn["left"] == drawn["right"] == "nil"


def test_word_members_bear_a_fixed_date(table, tmp_path):
    with zipfile.ZipFile(write_table(table, tmp_path)[1]) as archive:
        assert archive.testzip() is None
        assert {info.date_time[0] for info in archive.infolist()} == {2000}


def test_data_for_the_paper_merge_equal_heads(table, tmp_path):
    content = json.loads(write_table(table, tmp_path)[3].read_text(encoding="utf-8"))
    assert [cell["span"] for cell in content["header"][0]] == [2, 2]
    assert [cell["text"] for cell in content["header"][1]] == ["(1)", "(2)", "(3)", "(4)"]
    assert len(content["rows"]) == len(table.rows)


def test_a_folder_that_cannot_be_written_is_named(table, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="Cannot write"):
        write_table(table, tmp_path / "file")
