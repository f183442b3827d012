"""Tables of what stands beside the main estimates: inference, sensitivity, multiverse, referee."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from urbanecon.cleaning.codebook import Language, load_codebook
from urbanecon.effects import curve_test
from urbanecon.effects.claim import Claim
from urbanecon.effects.evidence import CONLEY_KM, CONLEY_LAGS, DRAWS
from urbanecon.estimation.oster import RMAX_FACTOR
from urbanecon.plotting.specification_curve import option_label
from urbanecon.plotting.words import word as figure_word
from urbanecon.referee.report import status_word
from urbanecon.referee.verdict import Verdict
from urbanecon.reporting.formats import count, number, p_value
from urbanecon.reporting.tables import Row, Table
from urbanecon.reporting.words import word

Evidence = Mapping[str, Mapping[str, pd.DataFrame]]
"""Tables by row of the ledger."""


def evidence_tables(
    evidence: Evidence,
    multiverse: Evidence,
    claims: Mapping[str, Claim],
    language: Language = "en",
) -> list[Table]:
    """Return the tables that the evidence at hand gives."""
    tables = []
    if any("inference" in found for found in evidence.values()):
        tables.append(inference_table(evidence, claims, language))
    if any("selection" in found for found in evidence.values()):
        tables.append(selection_table(evidence, claims, language))
    if multiverse:
        tables += [
            multiverse_table(multiverse, claims, language),
            moving_table(multiverse, language),
            joint_table(multiverse, claims, language),
        ]
    return tables


INFERENCES = {
    "city": "p_city",
    "province": "p_province",
    "wild": "p_wild",
    "conley": "p_conley_200",
    "ri": "p_randomization",
    "ri_province": "p_randomization_province",
    "rw": "p_romano_wolf",
}
"""Columns of the table of inference, by word."""


def inference_table(
    evidence: Evidence, claims: Mapping[str, Claim], language: Language = "en"
) -> Table:
    """Every outcome's estimate and its p-values by every way of counting."""
    rows = []
    for claim_id, tables in evidence.items():
        for outcome, row in tables.get("inference", pd.DataFrame()).iterrows():
            cells = (
                f"{number(row['estimate'])}\n({number(row['se'])})",
                *(p_value(row[column]) for column in INFERENCES.values()),
            )
            rows.append(
                Row(_label(str(outcome), language), cells, _group(claims, claim_id, language))
            )
    return Table(
        name="inference",
        caption=word("caption_inference", language),
        header=(
            tuple(
                word(f"i_{head}", language).format(km=CONLEY_KM[0])
                for head in ("estimate", *INFERENCES)
            ),
        ),
        rows=tuple(rows),
        notes=word("note_inference", language).format(lags=CONLEY_LAGS, draws=DRAWS),
    )


def selection_table(
    evidence: Evidence, claims: Mapping[str, Claim], language: Language = "en"
) -> Table:
    """Selection on unobservables and trends that the primary estimates could hide."""
    rows = []
    for claim_id, tables in evidence.items():
        if "selection" not in tables:
            continue
        (row,) = tables["selection"].to_dict("records")
        _, power = tables["power"].sort_index().to_dict("records")  # 50 and 80 percent
        cells = (
            number(row["estimate_short"]),
            f"{number(row['estimate_long'])}\n({number(row['se_long'])})",
            number(row["oster_delta"]),
            number(row["oster_beta"]),
            f"{row['robustness_value']:.1%}",
            f"{row['robustness_value_5pct']:.1%}",
            number(power["slope"]),
            number(power["mean_bias"]),
        )
        rows.append(Row(_label(claims[claim_id].primary.variable, language), cells))
    heads = ("short", "long", "delta", "beta", "rv", "rv5", "slope", "bias")
    return Table(
        name="selection",
        caption=word("caption_selection", language),
        header=(tuple(word(f"sel_{head}", language) for head in heads),),
        rows=tuple(rows),
        notes=word("note_selection", language).format(rmax=RMAX_FACTOR),
    )


def multiverse_table(
    multiverse: Evidence, claims: Mapping[str, Claim], language: Language = "en"
) -> Table:
    """Each row's multiverse, whole and by outcome."""
    rows = []
    for claim_id, tables in multiverse.items():
        for row in tables["summaries"].reset_index().to_dict("records"):
            if row["part"] not in ("all", "outcome") or math.isnan(row["median"]):
                continue
            whole = row["part"] == "all"
            label = (
                word("mv_all", language)
                if whole
                else option_label("outcome", row["option"], language)
            )
            cells = (
                count(row["estimated"]),
                number(row["median"]),
                f"{number(row['low'])} – {number(row['high'])}",
                f"{row['share_sign']:.0%}",
                f"{row['share_significant']:.0%}",
                f"{row['share_against']:.0%}",
                p_value(row["median_p"]),
            )
            rows.append(Row(label, cells, _group(claims, claim_id, language)))
    heads = ("specs", "median", "iqr", "sign", "sig", "against", "p")
    return Table(
        name="multiverse",
        caption=word("caption_multiverse", language),
        header=(tuple(word(f"mv_{head}", language) for head in heads),),
        rows=tuple(rows),
        notes=word("note_multiverse", language),
    )


def moving_table(multiverse: Evidence, language: Language = "en") -> Table:
    """Share of the variance that goes with each choice, a column an effect."""
    found = {name: t["moving"]["share"] for name, t in multiverse.items() if "moving" in t}
    shares = pd.DataFrame(found)
    rows = [
        Row(figure_word(f"choice {choice}", language), tuple(_share(value) for value in values))
        for choice, values in zip(shares.index, shares.to_numpy(), strict=True)
    ]
    return Table(
        name="moving",
        caption=word("caption_moving", language),
        header=(tuple(str(name) for name in shares),),
        rows=tuple(rows),
        notes=word("note_moving", language),
    )


def joint_table(
    multiverse: Evidence, claims: Mapping[str, Claim], language: Language = "en"
) -> Table:
    """Joint inference for each effect's curve of the pilots."""
    rows = [
        Row(
            word(f"joint {statistic}", language),
            (
                number(row["observed"]),
                f"{number(row['null_low'])} – {number(row['null_high'])}",
                p_value(row["p"]),
            ),
            _group(claims, claim_id, language),
        )
        for claim_id, tables in multiverse.items()
        for statistic, row in tables.get("joint", pd.DataFrame()).iterrows()
    ]
    return Table(
        name="joint",
        caption=word("caption_joint", language),
        header=(
            (word("joint_observed", language), word("joint_null", language), word("p", language)),
        ),
        rows=tuple(rows),
        notes=word("note_joint", language).format(specs=curve_test.SPECS, draws=curve_test.DRAWS),
    )


def referee_table(claim: Claim, verdicts: Sequence[Verdict], language: Language = "en") -> Table:
    """Every check of the referee that applies to a claim's primary estimate."""
    shown = [
        (status_word(v.status, language), v.told(language))
        for v in verdicts
        if v.status != "not applicable"
    ]
    rows = [Row(told.name, (status, told.sentence, told.next_step)) for status, told in shown]
    rows = rows or [Row("–", ("–", "–", "–"))]
    name = claim.words_zh if language == "zh" else claim.words_en
    return Table(
        name=f"referee_{claim.id}",
        caption=word("caption_referee", language).format(name),
        header=(
            tuple(word(f"referee_{head}", language) for head in ("status", "sentence", "next")),
        ),
        rows=tuple(rows),
        notes=word("note_referee", language),
        left_columns=(0, 1, 2),
    )


def _share(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.1%}"


def _group(claims: Mapping[str, Claim], claim_id: str, language: Language) -> str:
    claim = claims[claim_id]
    return f"{claim_id}  {claim.words_zh if language == 'zh' else claim.words_en}"


def _label(variable: str, language: Language) -> str:
    return load_codebook().label(variable, language)
