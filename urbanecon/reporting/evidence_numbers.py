"""Numbers of the ledger and of what stands beside the estimates, for the text of the paper."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from urbanecon.effects import CLAIMS, ROWS
from urbanecon.effects.designs.instruments import BASE_YEAR, INDUSTRIES
from urbanecon.effects.designs.space import NEIGHBOURS
from urbanecon.effects.evidence import CONLEY_KM, CONLEY_LAGS
from urbanecon.effects.verdict import BREAKDOWN, LEVEL, MEDIAN_P, SHARE
from urbanecon.reporting.formats import Format
from urbanecon.reporting.numbers import Number

Evidence = Mapping[str, Mapping[str, pd.DataFrame]]

INFERENCE: Mapping[str, Format] = {
    "p_city": "p",
    "p_province": "p",
    "p_wild": "p",
    "p_conley_200": "p",
    "p_randomization": "p",
    "p_randomization_province": "p",
    "p_romano_wolf": "p",
}
SELECTION: Mapping[str, Format] = {
    "estimate_short": "number",
    "estimate_long": "number",
    "p_long": "p",
    "oster_delta": "number",
    "robustness_value": "number",
}
CURVE: Mapping[str, Format] = {
    "estimated": "count",
    "median": "number",
    "median_p": "p",
}
SHARES = ("share_sign", "share_significant", "share_against")
RULINGS = ("supported", "contradicted", "mixed", "not supported", "not estimable")


RULE = [
    Number("rule.level", f"{LEVEL:g}", "word"),
    Number("rule.breakdown", f"{BREAKDOWN:g}", "word"),
    Number("rule.share", f"{SHARE:.0%}", "word"),
    Number("rule.median_p", f"{MEDIAN_P:g}", "word"),
]
"""The thresholds of the verdict rule, exact: they are no estimates with digits to show."""

METHOD = [
    Number("method.claims", len(ROWS), "count", "claims"),
    Number("method.industries", len(INDUSTRIES), "count", "industries"),
    Number("method.base_year", BASE_YEAR, "year"),
    Number("method.neighbours", NEIGHBOURS, "count", "cities"),
    Number("method.conley_km", CONLEY_KM[0], "count", "km"),
    Number("method.conley_lags", CONLEY_LAGS, "count", "years"),
    Number("method.inferences", len(INFERENCE), "count"),
]
"""Choices of method that the text states."""


def ledger_numbers(ledger: pd.DataFrame) -> list[Number]:
    """``ledger.E1.verdict``, ``ledger.E1.words`` and the number of claims by verdict."""
    file = "ledger.json"
    rows = [
        Number(f"ledger.{row}.{name}", str(ledger[column][row]), "word", file=file)
        for row in ledger.index
        for name, column in (("verdict", "verdict"), ("words", "words_en"), ("zh", "words_zh"))
        if ledger[column][row]
    ]
    counts = ledger["verdict"].value_counts()
    return (
        rows
        + RULE
        + METHOD
        + [
            Number(f"ledger.{ruling}", int(counts.get(ruling, 0)), "count", "claims", file)
            for ruling in RULINGS
        ]
    )


def evidence_numbers(evidence: Evidence) -> list[Number]:
    """``inference.<row>.<outcome>.<p>``, ``selection.<row>.<field>`` of the primary outcomes."""
    numbers = []
    for row, claim in CLAIMS.items():
        tables, file = evidence.get(row, {}), f"evidence/{row}.json"
        inference = tables.get("inference", pd.DataFrame())
        for outcome, values in inference.filter([claim.primary.variable], axis=0).iterrows():
            numbers += [
                Number(f"inference.{row}.{outcome}.{name}", float(values[name]), format, "", file)
                for name, format in INFERENCE.items()
            ]
        if "selection" in tables:
            (chosen,) = tables["selection"].to_dict("records")
            numbers += [
                Number(f"selection.{row}.{name}", float(chosen[name]), format, "", file)
                for name, format in SELECTION.items()
            ]
    return numbers


def multiverse_numbers(multiverse: Evidence) -> list[Number]:
    """``multiverse.<row>.<part>.<field>``, part "all" or an outcome; ``<row>.joint_p``."""
    numbers = []
    for row, tables in multiverse.items():
        file = f"multiverse/{row}.json"
        for values in tables["summaries"].reset_index().to_dict("records"):
            if values["part"] == "family" or math.isnan(values["median"]):
                continue
            name = f"multiverse.{row}.{values['option'] or 'all'}"
            numbers += [
                Number(f"{name}.{field}", float(values[field]), format, "", file)
                for field, format in CURVE.items()
            ]
            numbers += [
                Number(f"{name}.{field}", 100 * float(values[field]), "percent", "percent", file)
                for field in SHARES
            ]
        if "joint" in tables:
            p = float(tables["joint"]["p"]["median"])
            numbers.append(Number(f"multiverse.{row}.joint_p", p, "p", "", file))
    return numbers
