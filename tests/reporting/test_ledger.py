"""The ledger: what is printed is what the results and the rule say."""

from __future__ import annotations

import math
import re
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from urbanecon.cleaning.codebook import load_codebook
from urbanecon.cli import app
from urbanecon.effects import ROWS
from urbanecon.effects.result import Estimate
from urbanecon.effects.spec import Spec
from urbanecon.effects.verdict import Condition, Unmet
from urbanecon.errors import StaleResultError
from urbanecon.estimation.fit import Diagnostic, Fit
from urbanecon.reporting.ledger import (
    in_words,
    ledger,
    ledger_frame,
    read_ledger,
    write_ledger,
)
from urbanecon.reporting.ledger_findings import findings_of
from urbanecon.reporting.ledger_unmet import unmet_words
from urbanecon.reporting.ledger_views import (
    as_html,
    as_markdown,
    as_table,
    evidence_lines,
    on_screen,
    unmet_table,
)
from urbanecon.reporting.words import word

E3 = ROWS["E3"]
OUTCOME = E3.primary.variable


def synthetic_fit(value, se=0.01, leads_p=0.4, **stats):
    """A fit of one coefficient on the pilot, on synthetic rows."""
    sample = pd.MultiIndex.from_product([["420100", "110000"], [2014, 2015]])
    return Fit(
        params=pd.Series([value], index=["pilot"]),
        vcov=pd.DataFrame([[se**2]], index=["pilot"], columns=["pilot"]),
        nobs=4,
        df=math.inf,
        sample=sample.set_names(["city", "year"]),
        outcome=OUTCOME,
        estimator="synthetic",
        inference="synthetic",
        stats=stats,
        diagnostics=(Diagnostic("joint test of leads", 1.0, (3, 30), leads_p),),
    )


@pytest.fixture
def evidence():
    """Synthetic evidence of a strong, robust effect with the claimed sign."""
    row = {
        "estimate": -0.04, "low": -0.06, "high": -0.02, "p_city": 0.001, "p_wild": 0.01,
        "p_randomization": 0.002, "p_romano_wolf": 0.003,
    }  # fmt: skip
    inference = pd.DataFrame([row], index=pd.Index([OUTCOME], name="outcome"))
    summary = pd.DataFrame(
        {"share_sign": [0.5, 0.95], "median_p": [0.5, 0.02]},
        index=pd.MultiIndex.from_tuples(
            [("all", ""), ("outcome", OUTCOME)], names=["part", "option"]
        ),
    )
    return {"E3": {"inference": inference}}, {"E3": {"summaries": summary}}


@pytest.fixture
def pool():
    spec = Spec("E3", OUTCOME, "pilot", expected_sign=-1, primary=True)
    return [
        Estimate(spec.but(design="group_time"), synthetic_fit(-0.05)),
        Estimate(spec.but(design="honest"), synthetic_fit(-0.05, breakdown=0.7)),
    ]


def test_a_row_gathers_its_numbers_from_the_results(pool, evidence):
    inference, multiverse = evidence
    ((criterion, found),) = findings_of("E3", pool, inference, multiverse)
    assert criterion.outcome == E3.primary
    assert (found.s1, found.s1_p, found.s2) == (-0.04, 0.003, -0.05)
    assert (found.leads_p, found.breakdown) == (0.4, 0.7)
    # the multiverse of the primary outcome, not that of all outcomes
    assert (found.share, found.median_p) == (0.95, 0.02)


def test_the_verdict_is_computed_and_every_claim_has_one(pool, evidence):
    entries = {entry.id: entry for entry in ledger(ROWS, pool, *evidence)}
    assert list(entries) == list(ROWS)
    assert entries["E3"].verdict == "supported"
    assert entries["E1"].verdict == "not estimable"
    weaker = evidence[0]["E3"]["inference"].assign(p_romano_wolf=0.2)
    changed = ledger(ROWS, pool[1:], {"E3": {"inference": weaker}}, evidence[1])
    assert changed[2].verdict == "mixed"
    assert any("neither S1 (p 0.200)" in reason for reason in changed[2].unmet_en)
    assert any("S1（p 0.200）" in reason for reason in changed[2].unmet_zh)


def test_what_cannot_be_estimated_names_what_it_needs():
    spec = Spec("E3", OUTCOME, "pilot", primary=True)
    pool = [Estimate(spec, None, "needs pm25_chap (for ln_pm25_chap)")]
    row = ledger_frame(ledger(ROWS, pool, {}, {})).loc["E3"]
    assert row["verdict"] == "not estimable"
    assert row["unmet_en"] == "needs pm25_chap (for ln_pm25_chap)"
    assert row["unmet_zh"] == "主要结果变量未能估计（needs pm25_chap (for ln_pm25_chap)）"


def test_the_reason_given_is_that_of_the_claims_own_equation_of_the_pilot():
    spec = Spec("L1", OUTCOME, "pilot", design="mediation", through="upgrading")
    pool = [
        Estimate(spec, None, "needs another"),
        Estimate(Spec("E3", OUTCOME, "citizenization"), None, "needs a third"),
        Estimate(Spec("E3", OUTCOME, "pilot", primary=True), None, "needs pm25_chap"),
    ]
    assert ledger_frame(ledger(ROWS, pool, {}, {})).loc["E3", "unmet_en"] == "needs pm25_chap"


def summaries(outcomes, share=0.9, median_p=0.03):
    """A synthetic multiverse of each outcome, summed up."""
    index = [("outcome", outcome) for outcome in outcomes]
    return {
        "summaries": pd.DataFrame(
            {"share_sign": share, "median_p": median_p},
            pd.MultiIndex.from_tuples(index, names=["part", "option"]),
        )
    }


def products(p=0.01):
    """Synthetic products of pilot and citizenization, all with the claimed sign."""
    outcomes = {o.variable: o.expected_sign for o in ROWS["R1"].outcomes}
    table = pd.DataFrame(
        {"estimate": [0.2 * sign for sign in outcomes.values()], "p_romano_wolf": p},
        pd.Index(list(outcomes), name="outcome"),
    )
    return {"R1": {"interactions": table}}, {"R1": summaries(outcomes)}


def entry_of(row, *found):
    return next(entry for entry in ledger(ROWS, *found) if entry.id == row)


def test_a_route_over_several_effects_can_be_supported_and_needs_every_multiverse():
    interactions, multiverse = products()
    entry = entry_of("R1", [], interactions, multiverse)
    assert entry.verdict == "supported"
    assert entry.words_en.count("(p 0.010; sign in 90% of the multiverse") == 4
    assert math.isnan(entry.breakdown)
    last = ROWS["R1"].outcomes[-1].variable
    multiverse["R1"]["summaries"].loc[("outcome", last), "share_sign"] = 0.5
    weaker = entry_of("R1", [], interactions, multiverse)
    assert (weaker.verdict, weaker.share) == ("mixed", 0.5)
    label, label_zh = (load_codebook().label(last, language) for language in ("en", "zh"))
    assert weaker.unmet_en == (
        f"{label}: share of the multiverse with that sign: 50% (at least 75% needed)",
    )
    assert weaker.unmet_zh == (f"{label_zh}：多重设定中同号占比：50%（须不低于 75%）",)
    assert entry_of("R1", [], interactions, {}).verdict == "mixed"


def test_a_route_with_the_opposite_sign_everywhere_is_contradicted():
    interactions, multiverse = products()
    interactions["R1"]["interactions"]["estimate"] *= -1
    multiverse["R1"] = summaries([o.variable for o in ROWS["R1"].outcomes], share=0.1)
    assert entry_of("R1", [], interactions, multiverse).verdict == "contradicted"


def synthetic_impacts(value, p):
    impacts = pd.DataFrame(
        [("pilot", "direct", 0.0, 1.0), ("pilot", "indirect", value, p)],
        columns=["variable", "effect", "estimate", "p"],
    )
    return Fit(**{**_fields(synthetic_fit(value)), "extra": {"impacts": impacts}})


def test_spillovers_are_adjusted_by_holm():
    outcomes = ROWS["R2"].outcomes
    pool = [
        Estimate(
            Spec("E1", o.variable, "pilot", design="durbin"), synthetic_impacts(o.expected_sign, p)
        )
        for o, p in zip(outcomes, (0.01, 0.02, 0.03, 0.6), strict=True)
    ]
    found = findings_of("R2", pool, {}, {"R2": summaries([o.variable for o in outcomes])})
    assert [findings.s1_p for _, findings in found] == pytest.approx([0.04, 0.06, 0.06, 0.6])
    assert not any(findings.staggered for _, findings in found)
    assert entry_of("R2", pool, {}, {}).verdict == "mixed"


def synthetic_threshold(below, above, p):
    fit = synthetic_fit(0.0)
    names = ["pilot[urban_share_benchmarked<0.5]", "pilot[urban_share_benchmarked>=0.5]"]
    vcov = pd.DataFrame(np.eye(2), names, names)
    test = Diagnostic("F test of 0 against 1 threshold", 9.0, (), p)
    fields = {"params": pd.Series([below, above], names), "vcov": vcov, "diagnostics": (test,)}
    return Fit(**{**_fields(fit), **fields})


def test_integration_is_judged_by_the_gap_of_e4_and_by_the_threshold():
    gap = ROWS["E4"].primary.variable
    spec = Spec("E4", gap, "pilot", expected_sign=-1)
    pool = [
        Estimate(spec.but(design="group_time"), synthetic_fit(-0.05)),
        Estimate(spec.but(design="honest"), synthetic_fit(-0.05, breakdown=0.7)),
        Estimate(
            spec.but(design="threshold", through="urban_share_benchmarked"),
            synthetic_threshold(-0.01, -0.04, 0.003),
        ),
    ]
    row = {"estimate": -0.04, "low": -0.06, "high": -0.02, "p_romano_wolf": 0.003}
    evidence = {"E4": {"inference": pd.DataFrame([row], pd.Index([gap], name="outcome"))}}
    multiverse = {"E4": summaries([gap]), "R4": summaries([gap])}
    (_, cited), (_, beyond) = findings_of("R4", pool, evidence, multiverse)
    assert (cited.s1, cited.s1_p, cited.staggered) == (-0.04, 0.003, True)
    assert (beyond.s1, beyond.s1_p, beyond.staggered) == (pytest.approx(-0.03), 0.003, False)
    assert entry_of("R4", pool, evidence, multiverse).verdict == "supported"
    closer = [*pool[:2], Estimate(pool[2].spec, synthetic_threshold(-0.04, -0.01, 0.003))]
    assert entry_of("R4", closer, evidence, multiverse).verdict == "mixed"


@pytest.mark.parametrize("row", ["R3", "L1", "L2", "L3"])
def test_levers_and_the_third_route_can_be_supported_by_the_rule_of_the_effects(row):
    outcome = ROWS[row].primary
    spec = Spec(row, outcome.variable, "pilot", primary=True)
    effect = 0.05 * outcome.expected_sign
    pool = [
        Estimate(spec.but(design="group_time"), synthetic_fit(effect)),
        Estimate(spec.but(design="honest"), synthetic_fit(effect, breakdown=0.7)),
    ]
    numbers = {"estimate": effect, "low": 0.01, "high": 0.09, "p_romano_wolf": 0.003}
    inference = pd.DataFrame([numbers], pd.Index([outcome.variable], name="outcome"))
    found = (pool, {row: {"inference": inference}})
    assert entry_of(row, *found, {row: summaries([outcome.variable])}).verdict == "supported"
    assert entry_of(row, *found, {}).verdict == "mixed"


def _fields(fit):
    return {name: getattr(fit, name) for name in Fit.__dataclass_fields__}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_row_without_adoption_dates_says_what_it_rests_on(language):
    rows = ledger_frame(ledger(ROWS, [], *products()))
    lines = evidence_lines(rows.loc["R1"], language)
    assert any(word("basis_moderation", language) == line for line in lines)
    assert not any(
        word("basis_moderation", language) in x for x in evidence_lines(rows.loc["E3"], language)
    )


def test_logs_are_said_in_percent_with_their_interval():
    words = in_words(E3.primary, -0.04, -0.06, -0.02, "en")
    label = load_codebook()["pm25_chap"].label_en
    assert words == f"pilot cities: {label} −3.92%, 95% interval −5.82% to −1.98%"
    assert in_words(E3.primary, -0.04, -0.06, -0.02, "zh").startswith("试点城市：PM2.5")
    culture = ROWS["E2"].primary
    assert in_words(culture, 0.5, -0.1, 1.1, "en").endswith("+0.500, 95% interval −0.100 to +1.10")
    assert in_words(culture, np.nan, np.nan, np.nan, "en") == ""


@pytest.fixture
def frame(pool, evidence):
    return ledger_frame(ledger(ROWS, pool, *evidence))


def test_the_ledger_reads_back_exactly(frame, pool, evidence, tmp_path):
    path = tmp_path / "ledger.json"
    write_ledger(path, ledger(ROWS, pool, *evidence))
    pd.testing.assert_frame_equal(read_ledger(path), frame)
    with pytest.raises(StaleResultError, match="urbanecon run"):
        read_ledger(tmp_path / "absent.json")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_view_shows_every_claim_and_its_verdict(frame, language):
    table = as_table(frame, language)
    assert [row.label for row in table.rows] == list(ROWS)
    assert {"en": "supported", "zh": "支持"}[language] in table.rows[2].cells
    assert on_screen(frame, language).row_count == len(ROWS)
    assert frame.loc["E3", f"words_{language}"] in as_html(frame)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_second_table_says_what_would_change_each_verdict(frame, language):
    table = unmet_table(frame, language)
    assert [row.label for row in table.rows] == list(ROWS)
    assert table.rows[2].cells == (word("supported", language), "–")
    assert table.rows[0].cells[1] == frame.loc["E1", f"unmet_{language}"]


def test_every_condition_is_said_in_both_languages_with_the_same_numbers():
    numbers = {"p": 0.123, "mbar": 0.456, "s1": 0.234, "s2": 0.345, "share": 0.5678}
    for condition in get_args(Condition):
        en, zh = (
            unmet_words([Unmet(condition, numbers)], {}, language)[0] for language in ("en", "zh")
        )
        assert re.findall(r"[0-9.]+[0-9]%?", en.replace("S1", "").replace("S2", "")) == (
            re.findall(r"[0-9.]+[0-9]%?", zh.replace("S1", "").replace("S2", ""))
        )
        assert not re.search("[a-z]{3}", zh.replace("Mbar", ""))


def test_a_number_that_does_not_exist_is_said_to_be_absent():
    missing = [Unmet("leads", {"p": math.nan})]
    assert unmet_words(missing, {}, "en") == ("leads are rejected or untested (p not available)",)
    assert unmet_words(missing, {}, "zh") == ("事前系数被拒绝或未检验（p 缺失）",)


def test_the_readme_shows_the_verdicts(frame):
    lines = as_markdown(frame).splitlines()
    assert len(lines) == len(ROWS) + 2
    assert lines[4].startswith("| E3 |")
    assert lines[4].endswith("**supported** | – |")
    assert "needs" in lines[2] or "estimated" in lines[2]


def test_the_command_prints_the_ledger_and_writes_it(frame, tmp_path, monkeypatch):
    from typer.testing import CliRunner

    monkeypatch.setattr("urbanecon.reporting.ledger.read_ledger", lambda _: frame)
    page, numbers = tmp_path / "l.html", tmp_path / "l.csv"
    done = CliRunner().invoke(app, ["ledger", "--html", str(page), "--csv", str(numbers)])
    assert done.exit_code == 0
    assert "E3" in done.output
    assert "Claims ledger" in page.read_text(encoding="utf-8")
    assert pd.read_csv(numbers, index_col="id").loc["E3", "estimate"] == -0.04
