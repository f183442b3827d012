"""The data report is one page that says what is there, and what it needs where it is not.

All data here are synthetic.
"""

from __future__ import annotations

import re

import pandas as pd
import pytest

from urbanecon.cleaning.panel import Panel
from urbanecon.cleaning.registry_entry import Source
from urbanecon.errors import OutputError
from urbanecon.reporting.cell_quality import USE
from urbanecon.reporting.data_report import CAPTIONS, Material, render

PIXEL = bytes.fromhex("89504e470d0a1a0a")


def cells(variable, source, values, flag="ok"):
    return pd.DataFrame(
        {
            "city": "420100",
            "year": [2010, 2011, 2012],
            "variable": variable,
            "value": values,
            "source": source,
            "raw": [f"{source}/<file>.csv||{row}|A" for row in (2, 3, 4)],
            "flag": flag,
        }
    )


@pytest.fixture
def material(tmp_path) -> Material:
    """A report with every section."""
    observed = [
        cells("gdp", "city_macro", [1e9, 2e9, 3e9]),
        cells("gdp_policies", "city_policies", [1e9, 2e9, 6e9], "outlier"),
    ]
    everything = pd.concat(observed, ignore_index=True)
    index = pd.MultiIndex.from_product([["420100"], [2010, 2011, 2012]], names=["city", "year"])
    data = pd.DataFrame({"gdp": [1e9, 2e9, 3e9], "gdp_policies": [1e9, 2e9, 6e9]}, index=index)
    findings = everything.iloc[3:].assign(rule="growth_outlier", reason="far & <odd>")
    use = ("E1", "ln_gdp_pc_real", "pilot", "city+year", "gdp", "ok", "A")
    figures = {name: tmp_path / f"{name}.png" for name in CAPTIONS}
    for path in figures.values():
        path.write_bytes(PIXEL)
    source = Source("city_macro", "file", "A", "MIT", "synthetic", "city", "2010-2012", "GDP", "",
                    ("gdp", "E1"))  # fmt: skip
    return Material(
        panel=Panel(data, pd.DataFrame(), everything),
        registry={"city_macro": source},
        present=frozenset({"city_macro"}),
        findings=findings[["city", "year", "variable", "source", "flag", "rule", "reason"]],
        unmatched=pd.DataFrame(
            [("npp", "999999", "npp/a.csv||7|A", "no unit of this code")],
            columns=["source", "name", "raw", "reason"],
        ),
        uses=pd.DataFrame([(*use, 3)], columns=[*USE, "uses"]),
        groups=None,
        figures=figures,
        needed={"groups": "needs admin_events"},
    )


def text_of(page: str) -> str:
    return re.sub(r"<[^>]+>", "", page.replace("<wbr>", ""))


def test_the_page_needs_no_other_file_and_no_network(material):
    page = render(material)
    assert page.count("data:image/png;base64,") == len(CAPTIONS)
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)
    assert "http" not in page


def test_every_line_of_a_table_has_one_cell_under_each_head(material):
    for table in re.findall(r"<table>.*?</table>", render(material), flags=re.DOTALL):
        head, *lines = re.findall(r"<tr>.*?</tr>", table, flags=re.DOTALL)
        assert {line.count("<td") for line in lines} <= {head.count("<th")}
        assert head.count("<th") == len(set(re.findall(r"<th[^>]*>(.*?)</th>", head)))


def test_sources_come_with_licence_tier_and_what_they_feed(material):
    assert re.search(r"city_<wbr>macro</td><td>A</td><td>MIT</td>.*gdp, E1", render(material))


def test_flags_are_counted_by_rule_and_the_worst_cells_have_their_raw_address(material):
    text = text_of(render(material))
    assert "growth_outlieroutlier311" in text  # three cells, one city, one variable
    assert "武汉市 Wuhan (420100)" in text
    assert "city_policies/&lt;file&gt;.csv||2|A" in text


def test_what_a_source_says_cannot_break_the_page(material):
    page = render(material)
    assert "far &amp; &lt;odd&gt;" in page
    assert "<odd>" not in page


def test_pairs_of_sources_are_compared_with_both_raw_addresses(material):
    text = text_of(render(material))
    assert "gdpgdp_policies31" in text
    assert "city_macro/&lt;file&gt;.csv||4|Acity_policies/&lt;file&gt;.csv||4|A" in text


def test_rows_without_a_city_are_listed(material):
    assert "npp999999npp/a.csv||7|Ano unit of this code" in text_of(render(material))


def test_the_cells_behind_the_estimates_are_shared_out(material):
    assert re.search(r"E1</td><td>ln_.*?pc_<wbr>real</td>.*?100%", render(material))


def test_a_section_whose_sources_are_not_at_hand_says_which_it_needs(material):
    text = text_of(render(material))
    assert "the data at hand do not give it (needs admin_events)" in text
    assert "(needs gpi_prefecture and census_2010_2020)" in text


def test_the_page_stands_with_the_package_alone(material):
    from dataclasses import replace

    bare = replace(
        material,
        panel=replace(
            material.panel,
            data=material.panel.data[["gdp"]],
            cells=material.panel.cells[material.panel.cells["variable"] == "gdp"],
        ),
        figures={},
        findings=material.findings.iloc[:0],
        unmatched=material.unmatched.iloc[:0],
        uses=material.uses.iloc[:0],
        needed=dict.fromkeys((*CAPTIONS, "groups"), "needs synthetic_source"),
    )
    text = text_of(render(bare))
    # a figure of a comparison that has no cells is not asked for
    assert text.count("(needs synthetic_source)") == len(CAPTIONS)
    assert "needs one of" in text
    assert "No main regression could be estimated" in text
    assert "Every row of every source has a city" in text


def test_the_same_material_gives_the_same_page(material):
    assert render(material) == render(material)


def test_a_figure_that_is_not_drawn_yet_is_an_error(material):
    material.figures["flags"].unlink()
    with pytest.raises(OutputError, match="Draw it first"):
        render(material)
