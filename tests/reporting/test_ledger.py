"""The ledger: what is printed is what the results and the rule say."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from urbanecon.cleaning.codebook import load_codebook
from urbanecon.cli import app
from urbanecon.effects import ROWS
from urbanecon.effects.result import Estimate
from urbanecon.effects.spec import Spec
from urbanecon.errors import StaleResultError
from urbanecon.estimation.fit import Diagnostic, Fit
from urbanecon.reporting.ledger import (
    FAMILIES,
    findings_of,
    in_words,
    ledger,
    ledger_frame,
    read_ledger,
    write_ledger,
)
from urbanecon.reporting.ledger_views import as_html, as_markdown, as_table, on_screen

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
    found = findings_of(E3, pool, inference["E3"], multiverse["E3"])
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
    assert any("neither S1 (p 0.200)" in reason for reason in changed[2].unmet)


def test_what_cannot_be_estimated_names_what_it_needs():
    spec = Spec("E3", OUTCOME, "pilot", primary=True)
    pool = [Estimate(spec, None, "needs pm25_chap (for ln_pm25_chap)")]
    row = ledger_frame(ledger(ROWS, pool, {}, {})).loc["E3"]
    assert row["verdict"] == "not estimable"
    assert row["unmet"] == "needs pm25_chap (for ln_pm25_chap)"


def test_rows_over_several_effects_are_judged_by_one_coefficient_in_each(pool):
    design, term = FAMILIES["R1"]
    fits = []
    for outcome in ROWS["R1"].outcomes:
        fit = synthetic_fit(0.2 * outcome.expected_sign)
        renamed = fit.params.rename({"pilot": term})
        vcov = fit.vcov.rename(index={"pilot": term}, columns={"pilot": term})
        spec = Spec("R1", outcome.variable, "pilot", design=design, through="citizenization")
        fits.append(Estimate(spec, Fit(**{**_fields(fit), "params": renamed, "vcov": vcov})))
    entries = {entry.id: entry for entry in ledger(ROWS, fits, {}, {})}
    assert entries["R1"].verdict == "supported"
    assert entries["R1"].words_en.count("p < 0.001") == len(fits)


def _fields(fit):
    return {name: getattr(fit, name) for name in Fit.__dataclass_fields__}


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


def test_the_readme_shows_the_verdicts(frame):
    lines = as_markdown(frame).splitlines()
    assert len(lines) == len(ROWS) + 2
    assert lines[4].startswith("| E3 |")
    assert lines[4].endswith("**supported** |")


def test_the_command_prints_the_ledger_and_writes_it(frame, tmp_path, monkeypatch):
    from typer.testing import CliRunner

    monkeypatch.setattr("urbanecon.reporting.ledger.read_ledger", lambda _: frame)
    page, numbers = tmp_path / "l.html", tmp_path / "l.csv"
    done = CliRunner().invoke(app, ["ledger", "--html", str(page), "--csv", str(numbers)])
    assert done.exit_code == 0
    assert "E3" in done.output
    assert "Claims ledger" in page.read_text(encoding="utf-8")
    assert pd.read_csv(numbers, index_col="id").loc["E3", "estimate"] == -0.04
