"""The paper is typeset from results alone, and not at all while one of them is missing.

All results here are synthetic.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from urbanecon.effects import CLAIMS, ROWS
from urbanecon.errors import DataError, StaleResultError
from urbanecon.needs import FIGURES
from urbanecon.project import Project
from urbanecon.reporting.evidence_numbers import SHARES as SHARES_OF_CURVES
from urbanecon.reporting.facts import write_facts
from urbanecon.reporting.numbers import Number
from urbanecon.reporting.panel_facts import DEFINITIONS
from urbanecon.reporting.paper import build_paper, check_paper, find_missing, write_numbers
from urbanecon.reporting.store import write_estimates, write_tables
from urbanecon.reporting.table_files import as_json
from urbanecon.reporting.tables import Row, Table, event_study_results, main_results

SOURCE = Path(__file__).parents[2] / "paper"
STRATEGY_TABLES = {
    "s2": 7, "s3": 9, "s4": 7, "s5": 4, "mechanisms": 6, "routes": 4, "inference": 8,
    "selection": 8, "multiverse": 7, "moving": 4, "joint": 3, "ledger": 8, "ledger_unmet": 2,
    "treatments": 8,
    "referee_E1": 3, "referee_E2": 3, "referee_E3": 3, "referee_E4": 3,
}  # fmt: skip
"""Columns of the tables of strategies and evidence."""
OF_ESTIMATES = ("coefficients", "event_studies")
DATA_FIGURES = tuple(name for name in FIGURES if name not in OF_ESTIMATES)
PANEL = ("panel.cities", "panel.units", "panel.cells", "panel.flagged", "panel.set_aside")
PILOT = ("pilot.cities", "pilot.2014", "pilot.2015", "pilot.2016",
         "pilot.provincewide", "pilot.within")  # fmt: skip
PAIRS = ("comparison.pairs", "comparison.cells", "comparison.agree", "comparison.tolerance")
QUALITY = ("observed", "derived", "flagged", "tier_A", "tier_B", "tier_C")
COUNTS = (*PANEL, *PILOT, *PAIRS, "quality.equations", "quality.cells",
          "sources.present", "sources.listed")  # fmt: skip
SHARES = ("panel.flagged_share", "panel.set_aside_share", *(f"quality.{name}" for name in QUALITY))
YEARS = ("panel.first_year", "panel.last_year")


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    """A synthetic figure."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib.figure import Figure

    path = tmp_path_factory.mktemp("figure") / "synthetic.pdf"
    figure = Figure(figsize=(4, 2))
    figure.subplots().plot([0, 1])
    figure.savefig(path, metadata={"CreationDate": None})
    return path


@pytest.fixture
def project(tmp_path, picture, make_estimates):
    """A project whose results, tables and figures are all there, all synthetic."""
    return lay_out(Project(tmp_path), picture, make_estimates, estimable=tuple(CLAIMS))


def lay_out(project, picture, make_estimates, estimable):
    shutil.copytree(SOURCE, project.paper, ignore=shutil.ignore_patterns("*.pdf", "numbers.json"))
    facts = [Number(name, 1234, "count") for name in COUNTS]
    facts += [Number(name, 12.34, "percent") for name in SHARES]
    facts += [Number(name, 2010, "year") for name in YEARS]
    facts += [Number("pilot.provinces", "A synthetic province", "word"), *DEFINITIONS]
    write_facts(project.build / "results" / "facts.json", facts)
    for effect, claim in CLAIMS.items():
        estimates = make_estimates(effect, estimable=effect in estimable)
        write_estimates(project.build / "results" / f"{effect}.json", estimates)
        if effect in estimable:
            add_table(project, main_results(estimates, claim.name))
            add_table(project, event_study_results(estimates, claim.name))
    for row in ROWS:
        if row not in CLAIMS:
            write_estimates(project.build / "results" / f"{row}.json", [])
    lay_out_evidence(project)
    tables = {"sources": 5, "descriptive": 9, "comparison": 7, "quality": 9} | STRATEGY_TABLES
    for name, columns in tables.items():
        row = Row("synthetic_row", ("1",) * columns)
        add_table(project, Table(name, name, (("head",) * columns,), (row,), "synthetic"))
    project.figures.mkdir()
    for name in FIGURES:
        shutil.copy(picture, project.figures / f"{name}.pdf")
    return project


def lay_out_evidence(project):
    """Synthetic ledger, evidence and multiverse, as the text reads them."""
    rows = pd.DataFrame(
        {"verdict": "mixed", "words_en": "synthetic", "words_zh": "合成", "unmet": ""},
        index=pd.Index(list(ROWS), name="id"),
    )
    write_tables(project.build / "ledger.json", {"ledger": rows})
    summary = dict.fromkeys(("estimated", "median", "median_p", *SHARES_OF_CURVES), 0.5)
    index = pd.MultiIndex.from_tuples([("all", "")], names=["part", "option"])
    joint = pd.DataFrame({"p": [0.5]}, index=pd.Index(["median"], name="statistic"))
    for effect in CLAIMS:
        tables = {"summaries": pd.DataFrame(summary, index), "joint": joint}
        write_tables(project.build / "multiverse" / f"{effect}.json", tables)


def add_table(project, table):
    folder = project.build / "tables"
    folder.mkdir(exist_ok=True)
    (folder / f"{table.name}.json").write_text(as_json(table), encoding="utf-8")


def text_of(pdf):
    pypdf = pytest.importorskip("pypdf")
    pages = [page.extract_text() for page in pypdf.PdfReader(str(pdf)).pages]
    return Flowing(" ".join(" ".join(pages).split()))


class Flowing(str):
    """Text of a page, in which a phrase is found wherever its words are broken."""

    __slots__ = ()

    def __contains__(self, phrase):
        return re.sub(r"-\s*", "", phrase) in re.sub(r"-\s*", "", str(self))


def numbers_of(project):
    path = project.paper / "numbers.json"
    return json.loads(path.read_text(encoding="utf-8"))["numbers"]


def test_the_same_results_give_the_same_paper(project, tmp_path):
    first = build_paper(project, tmp_path / "a.pdf").read_bytes()
    second = build_paper(project, tmp_path / "b.pdf").read_bytes()
    assert first.startswith(b"%PDF")
    assert first == second


def test_the_text_prints_the_numbers_of_the_results_file(project, tmp_path):
    text = text_of(build_paper(project, tmp_path / "paper.pdf"))
    primary = "E1.ln_gdp_pc_real.pilot.twfe.city+year"
    numbers = numbers_of(project)
    sentence = (
        "the coefficient of the new-type urbanization pilot is "
        f"{numbers[f'{primary}.estimate']['text']} "
        f"(standard error {numbers[f'{primary}.se']['text']}"
    )
    assert sentence in text
    assert numbers[f"{primary}.percent"]["text"] in text
    assert numbers[f"{primary}.estimate"]["from"]["file"] == "E1.json"


def test_the_words_of_the_text_turn_with_the_sign(project, tmp_path, make_estimates, make_fit):
    from urbanecon.reporting.store import Estimate

    for estimate, words in (
        (0.9, "It is positive, the sign claimed."),
        (-0.9, "It is negative, the opposite of the sign claimed."),
    ):
        estimates = [
            Estimate(e.spec, make_fit(e.spec, estimate=estimate)) for e in make_estimates("E1")
        ]
        write_estimates(project.build / "results" / "E1.json", estimates)
        text = text_of(build_paper(project, tmp_path / "paper.pdf"))
        growth = text[text.index("5 Growth") : text.index("6 Culture")]
        assert words in growth
        assert "cannot be told from zero" not in growth


def test_an_estimate_stands_beside_the_one_within_provinces(project, tmp_path):
    text = text_of(build_paper(project, tmp_path / "paper.pdf")).replace("- ", "-")
    numbers = numbers_of(project)
    for outcome, field in (("ln_gdp_pc_real", "percent"), ("ln_night_lights", "estimate")):
        within = numbers[f"E1.{outcome}.pilot.twfe.city+province:year.{field}"]["text"]
        assert f"with province-by-year effects {within}, p" in text, outcome


def test_the_second_series_of_particles_is_set_against_the_first(
    project, tmp_path, make_estimates, make_fit
):
    from urbanecon.reporting.store import Estimate

    for sign, words in ((1, "has the same sign as"), (-1, "has the opposite sign of")):
        estimates = [
            Estimate(e.spec, make_fit(e.spec, estimate=sign if "wiebe" in e.spec.outcome else 1))
            for e in make_estimates("E3")
        ]
        write_estimates(project.build / "results" / "E3.json", estimates)
        text = text_of(build_paper(project, tmp_path / "paper.pdf"))
        assert text.count(f"{words} that on ln PM2.5 (CHAP)") == 2


def test_the_conclusion_counts_the_signs_of_the_primary_estimates(
    project, tmp_path, make_estimates, make_fit
):
    from urbanecon.reporting.store import Estimate

    for effect in CLAIMS:
        estimates = [
            Estimate(e.spec, make_fit(e.spec, estimate=0.9 * e.spec.expected_sign))
            for e in make_estimates(effect)
        ]
        write_estimates(project.build / "results" / f"{effect}.json", estimates)
    text = text_of(build_paper(project, tmp_path / "paper.pdf"))
    assert "Of the 16 primary estimates, 16 have the sign claimed" in text
    assert "0 the opposite, and 0 cannot be told from zero" in text


def test_a_paper_with_one_effect_says_what_the_others_need(tmp_path, picture, make_estimates):
    project = lay_out(Project(tmp_path), picture, make_estimates, estimable=("E1",))
    (project.figures / "urbanization.pdf").unlink()
    reason = {"urbanization": "needs census_2010_2020"}
    text = text_of(build_paper(project, tmp_path / "paper.pdf", unavailable=reason))
    assert (
        "Not estimable with the data at hand: ln PM2.5 (CHAP) (needs a synthetic source)" in text
    )
    assert "ecology: not estimable" in text
    assert "No event study can be estimated" in text
    assert "Not shown: Urban share of residents over time" in text
    assert "needs census_2010_2020" in text


def test_data_citations_are_printed(project, tmp_path):
    citations = {"pm25_chap": "A synthetic citation of particles"}
    text = text_of(build_paper(project, tmp_path / "paper.pdf", citations=citations))
    assert "pm25_chap: A synthetic citation of particles" in text


def test_everything_missing_is_listed_at_once_and_no_paper_is_made(project, tmp_path):
    (project.figures / "flags.pdf").unlink()
    (project.build / "tables" / "main_E3.json").unlink()
    facts = project.build / "results" / "facts.json"
    facts.write_text(facts.read_text().replace("pilot.2015", "pilot.2051"))
    with pytest.raises(StaleResultError) as error:
        build_paper(project, tmp_path / "paper.pdf")
    for name in ("figure flags", "table main_E3", "number pilot.2015"):
        assert f"  - {name}\n" in str(error.value)
    assert not (tmp_path / "paper.pdf").exists()


def test_a_whole_project_misses_nothing(project):
    write_numbers(project)
    assert find_missing(project) == []


def test_a_paper_just_made_passes_its_check(project):
    build_paper(project, unavailable={"trends": "needs nothing"})
    check_paper(project)


def test_a_paper_older_than_an_estimate_is_stale(project, make_estimates):
    build_paper(project)
    estimates = make_estimates("E2", estimable=False)
    write_estimates(project.build / "results" / "E2.json", estimates)
    with pytest.raises(StaleResultError, match=r"have changed since.*`urbanecon paper`"):
        check_paper(project)


def test_a_paper_older_than_its_source_is_stale(project):
    build_paper(project)
    with (project.paper / "sections" / "limitations.typ").open("a") as section:
        section.write("\nOne more sentence.\n")
    with pytest.raises(StaleResultError, match=r"paper\.pdf is missing or older"):
        check_paper(project)


def test_a_paper_never_made_is_stale(project):
    with pytest.raises(StaleResultError, match="cannot be checked"):
        check_paper(project)


def test_a_missing_number_stops_the_typesetter_itself(project):
    import typst

    write_numbers(project)
    section = '#import "results.typ": num\n#num("panel.towns")'
    (project.paper / "synthetic.typ").write_text(section)
    with pytest.raises(typst.TypstError, match=r'no number "panel\.towns" in the results'):
        typst.compile(project.paper / "synthetic.typ", root=project.root)


def test_a_missing_results_file_names_the_command(project, tmp_path):
    (project.build / "results" / "E2.json").unlink()
    with pytest.raises(StaleResultError, match=r"E2\.json is missing.*`urbanecon run E2`"):
        build_paper(project, tmp_path / "paper.pdf")


def test_an_error_of_the_source_is_shown_in_the_typesetters_words(project, tmp_path):
    (project.paper / "sections" / "growth.typ").write_text("#undefined-function()")
    old = tmp_path / "paper.pdf"
    old.write_bytes(b"the old paper")
    with pytest.raises(DataError, match=r"(?s)does not compile.*unknown variable.*growth\.typ"):
        build_paper(project, old)
    assert old.read_bytes() == b"the old paper"


def test_a_project_without_a_paper_is_named(project, tmp_path):
    shutil.rmtree(project.paper)
    with pytest.raises(DataError, match=r"paper\.typ is missing"):
        build_paper(project, tmp_path / "paper.pdf")


def test_no_sentence_of_the_source_states_a_result_by_hand():
    """Decimals and percentages stand in the source only in rules of method."""
    allowed = {"5%", "95%"}
    for path in sorted(SOURCE.rglob("sections/*.typ")):
        prose = "\n".join(
            line for line in path.read_text(encoding="utf-8").splitlines()
            if not line.lstrip().startswith(("#results", "//"))
        )  # fmt: skip
        found = set(re.findall(r"\d+(?:\.\d+)?%|(?<![\w.])\d+\.\d+(?!\d|pt)", prose))
        assert found <= allowed, path.name
