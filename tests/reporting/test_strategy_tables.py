"""Tables of strategies and of evidence: every cell is a number of the results."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from urbanecon.cleaning.codebook import load_codebook
from urbanecon.effects import CLAIMS, ROWS, SPECS
from urbanecon.effects.result import Estimate
from urbanecon.effects.spec import Spec
from urbanecon.estimation.fit import Diagnostic, Fit
from urbanecon.reporting.association_table import association_table
from urbanecon.reporting.evidence_numbers import (
    evidence_numbers,
    ledger_numbers,
    multiverse_numbers,
)
from urbanecon.reporting.evidence_tables import evidence_tables
from urbanecon.reporting.formats import number
from urbanecon.reporting.strategy_tables import strategy_tables
from urbanecon.reporting.table_files import write_table
from urbanecon.reporting.words import word

OUTCOME = CLAIMS["E1"].primary.variable


def synthetic_fit(terms, *, diagnostics=(), extra=None, **stats):
    """A fit of synthetic coefficients, standard errors of 0.1."""
    k = len(terms)
    index = pd.MultiIndex.from_product([["420100", "110000"], [2014, 2015]])
    return Fit(
        params=pd.Series(terms),
        vcov=pd.DataFrame(0.01 * np.eye(k), index=list(terms), columns=list(terms)),
        nobs=4,
        df=math.inf,
        sample=index.set_names(["city", "year"]),
        outcome=OUTCOME,
        estimator="synthetic",
        inference="synthetic",
        stats=stats,
        diagnostics=tuple(Diagnostic(name, 7.5, (), 0.25) for name in diagnostics),
        extra=extra or {},
    )


@pytest.fixture
def results():
    """Synthetic estimates of E1 by every design that the tables read."""
    spec = Spec("E1", OUTCOME, "pilot", primary=True)
    share = spec.but(treatment="urban_share_benchmarked")
    impacts = pd.DataFrame(
        {"variable": "pilot", "effect": ["direct", "indirect", "total"],
         "estimate": [0.11, 0.12, 0.23], "se": 0.05, "p": 0.04}
    )  # fmt: skip
    types = pd.DataFrame({"type": ["treated vs never treated"], "weight": [0.9]})
    iv = ("effective F", "Anderson-Rubin")
    made = {
        spec.but(design="group_time"): synthetic_fit(
            {"pilot": 0.31}, diagnostics=["joint test of leads"]
        ),
        spec.but(design="honest"): synthetic_fit({"pilot": 0.31}, breakdown=0.625),
        spec.but(design="bacon"): synthetic_fit({"pilot": 0.31}, extra={"types": types}),
        spec.but(design="twfe_weights"): synthetic_fit({"pilot": 0.3}, negative_share=0.125),
        share.but(design="shift_share"): synthetic_fit({share.treatment: 1.5}, diagnostics=iv),
        share.but(design="gmm"): synthetic_fit(
            {"L1.y": 0.5, share.treatment: 0.75}, diagnostics=["Arellano-Bond AR(2)", "Hansen J"]
        ),
        spec.but(design="durbin"): synthetic_fit(
            {"pilot": 0.1, "rho": 0.4}, extra={"impacts": impacts}
        ),
        spec.but(design="groups", through="region"): synthetic_fit(
            {"pilot: east": 0.2, "pilot: west": 0.4}, diagnostics=["one effect"]
        ),
        spec.but(design="mediation", through="upgrading"): synthetic_fit(
            {"indirect": 0.05, "direct": 0.25, "total": 0.3, "treatment_to_mediator": 0.1,
             "mediator_to_outcome": 0.5}, rho_zero=0.11,
        ),
    }  # fmt: skip
    route = Spec("R1", OUTCOME, "pilot", design="moderation", through="citizenization")
    return {
        "E1": [Estimate(s, fit) for s, fit in made.items()],
        "R1": [Estimate(route, synthetic_fit({"pilot": 1.0, "pilot x citizenization": 0.66}))],
    } | {name: [] for name in CLAIMS if name != "E1"}


@pytest.fixture
def tables(results):
    return {table.name: table for table in strategy_tables(results, ROWS)}


def cells(table, label):
    return next(row.cells for row in table.rows if row.label == label)


def test_every_strategy_has_a_table_and_its_numbers(tables):
    assert set(tables) == {"s2", "s3", "s4", "s5", "mechanisms", "routes"}
    primary = tables["s2"].rows[0].cells
    assert primary[0].startswith("0.310")
    assert primary[3:] == ("0.250", "0.625", "90%", "12%")
    instruments = tables["s3"].rows[0].cells
    assert instruments[:3] == ("1.50\n(0.100)", "7.50", "0.250")
    assert instruments[6:] == ("0.750\n(0.100)", "0.250", "0.250")
    assert tables["s4"].rows[0].cells[:4] == (
        "0.110\n(0.0500)", "0.120\n(0.0500)", "0.230\n(0.0500)", "0.400"
    )  # fmt: skip
    assert cells(tables["s5"], "West")[0] == "0.400\n(0.100)"
    assert tables["mechanisms"].rows[0].cells[-1] == "0.110"
    assert tables["routes"].rows[0].cells[1].startswith("0.660")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_associations_stand_in_a_table_of_their_own_with_what_is_shared(language):
    specs = [spec for spec in SPECS["E1"] if spec.design == "association"]
    results = {"E1": [Estimate(s, synthetic_fit({s.treatment: 0.25})) for s in specs]}
    table = association_table(results, {"E1": CLAIMS["E1"]}, language)
    label = load_codebook().label
    residents = label("population", language)
    assert [row.label for row in table.rows] == [
        label(o.variable, language) for o in CLAIMS["E1"].outcomes
    ]
    cell = "0.250\n(0.100)"
    both = word("a_between", language).join([label("gdp", language), residents])
    assert table.rows[0].cells == (cell, cell, "4", both, cell, cell, "4", residents)
    assert table.rows[2].cells[3] == word("a_nothing", language)
    assert label("ntu_index_without_economy", language) in table.notes


def test_an_outcome_without_an_index_has_dashes_for_it():
    specs = [spec for spec in SPECS["E2"] if spec.design == "association"]
    results = {"E2": [Estimate(s, synthetic_fit({s.treatment: 0.25})) for s in specs]}
    table = association_table(results, {"E2": CLAIMS["E2"]})
    row = next(r for r in table.rows if r.label == load_codebook().label("culture_share_census"))
    assert row.cells[:4] == ("–",) * 4
    assert row.cells[4] == "0.250\n(0.100)"
    assert association_table({"E2": []}, {"E2": CLAIMS["E2"]}) is None


def test_what_was_not_estimated_is_a_dash(tables):
    secondary = tables["s2"].rows[1].cells
    assert set(secondary) == {"–"}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_tables_are_written_in_every_format_and_language(results, language, tmp_path):
    for table in strategy_tables(results, ROWS, language):
        files = write_table(table, tmp_path / language)
        assert {path.suffix for path in files} == {".tex", ".docx", ".html", ".json"}


def test_without_any_estimate_only_the_lists_of_outcomes_are_left():
    empty = {name: [] for name in ROWS}
    assert {table.name for table in strategy_tables(empty, ROWS)} == {"s2", "s3", "s4"}


@pytest.fixture
def evidence():
    """Synthetic tables beside the estimates of E1."""
    columns = ["estimate", "se", "p_city", "p_province", "p_wild", "p_conley_200"]
    columns += ["p_randomization", "p_randomization_province", "p_romano_wolf"]
    inference = pd.DataFrame([np.linspace(0.1, 0.9, len(columns))], [OUTCOME], columns)
    selection = pd.DataFrame(
        {
            "estimate_short": [0.5], "estimate_long": [0.25], "se_long": [0.1], "p_long": [0.02],
            "oster_delta": [2.0], "oster_beta": [0.2], "robustness_value": [0.1],
            "robustness_value_5pct": [0.05],
        }
    )  # fmt: skip
    power = pd.DataFrame({"slope": [0.01, 0.02], "mean_bias": [0.0, 0.03]}, [0.5, 0.8])
    return {"E1": {"inference": inference, "selection": selection, "power": power}}


@pytest.fixture
def multiverse():
    """A synthetic multiverse summed up."""
    numbers = {
        "estimated": [90, 40], "median": [0.1, 0.2], "low": [0.0, 0.1], "high": [0.2, 0.3],
        "share_sign": [0.8, 0.9], "share_significant": [0.5, 0.6], "share_against": [0.0, 0.1],
        "median_p": [0.04, 0.03],
    }  # fmt: skip
    index = pd.MultiIndex.from_tuples(
        [("all", ""), ("outcome", OUTCOME)], names=["part", "option"]
    )
    joint = pd.DataFrame(
        {"observed": [0.1], "p": [0.2], "null_low": [-0.3], "null_high": [0.3]},
        pd.Index(["median"], name="statistic"),
    )
    moving = pd.DataFrame({"share": [0.7, np.nan]}, pd.Index(["outcome", "deflator"]))
    return {"E1": {"summaries": pd.DataFrame(numbers, index), "joint": joint, "moving": moving}}


def test_the_evidence_is_tabled(evidence, multiverse):
    made = {table.name: table for table in evidence_tables(evidence, multiverse, ROWS)}
    assert set(made) == {"inference", "selection", "multiverse", "moving", "joint"}
    assert made["inference"].rows[0].cells[-1] == "0.900"
    assert made["selection"].rows[0].cells[2] == number(2.0)
    assert made["selection"].rows[0].cells[-2:] == (number(0.02), number(0.03))
    assert [row.cells[3] for row in made["multiverse"].rows] == ["80%", "90%"]
    assert [row.cells for row in made["moving"].rows] == [("70.0%",), ("–",)]
    assert evidence_tables({"E1": {}}, {}, ROWS) == []


def test_the_text_may_use_the_evidence_by_name(evidence, multiverse):
    named = {
        n.name: n.text for n in (*evidence_numbers(evidence), *multiverse_numbers(multiverse))
    }
    assert named[f"inference.E1.{OUTCOME}.p_romano_wolf"] == "0.900"
    assert named["selection.E1.oster_delta"] == number(2.0)
    assert named["multiverse.E1.all.share_sign"] == "80.0%"
    assert named[f"multiverse.E1.{OUTCOME}.median_p"] == "0.030"
    assert named["multiverse.E1.joint_p"] == "0.200"


def test_verdicts_are_counted_for_the_text():
    ledger = pd.DataFrame(
        {"verdict": ["mixed", "mixed", "supported"], "words_en": ["a", "", "c"],
         "words_zh": ["甲", "", "丙"]}, index=["E1", "E2", "E3"],
    )  # fmt: skip
    named = {n.name: n.text for n in ledger_numbers(ledger)}
    assert (named["ledger.mixed"], named["ledger.contradicted"]) == ("2", "0")
    assert named["ledger.E3.verdict"] == "supported"
    assert "ledger.E2.words" not in named
