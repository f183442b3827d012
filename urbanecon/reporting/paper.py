"""From results, tables and figures to the paper.

The Typst source in `paper/` reads one file of numbers, the data files of the
tables and the figures; it spells out no number of its own. The paper is made in
two passes over the same source: the first lists everything that the text asks
for and that is not there, the second typesets.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from urbanecon.atomic import write_text, writing
from urbanecon.cleaning.codebook import load_codebook
from urbanecon.effects import CLAIMS, ROWS
from urbanecon.effects.result import Estimate
from urbanecon.errors import DataError, DataWarning, StaleResultError
from urbanecon.project import Project
from urbanecon.reporting.evidence_numbers import (
    evidence_numbers,
    ledger_numbers,
    multiverse_numbers,
)
from urbanecon.reporting.facts import read_facts
from urbanecon.reporting.ledger import read_ledger
from urbanecon.reporting.numbers import (
    Number,
    collect,
    entries,
    estimate_numbers,
    is_log,
    percent_step,
)
from urbanecon.reporting.paper_strategies import strategy_numbers
from urbanecon.reporting.store import read_estimates, read_tables
from urbanecon.reporting.words import labelled

NUMBERS_FORMAT = "urbanecon-numbers/1"
TIMESTAMP = 946684800
"""Date that every paper bears in its metadata, 2000-01-01: the day it was made would change
its bytes."""

SAID = ("twfe", "event_study")
"""Designs whose numbers the text states for every outcome; of the others it states what they
found on the primary outcomes (`paper_strategies`)."""

OF_A_YEAR = re.compile(r"\.t[+-]\d+\.")
"""Coefficients of single years of an event study: they are in tables and figures alone."""

NOTHING: Mapping[str, str] = MappingProxyType({})


def build_paper(
    project: Project,
    output: Path | None = None,
    *,
    citations: Mapping[str, str] = NOTHING,
    unavailable: Mapping[str, str] = NOTHING,
) -> Path:
    """Typeset `paper/paper.typ` as a PDF; the same inputs give the same bytes.

    Reads ``build/results/E*.json`` and ``build/results/facts.json``, the tables
    ``build/tables/*.json`` and the figures ``figures/*.pdf``; writes
    ``paper/numbers.json`` on the way.

    Parameters
    ----------
    output
        The PDF (default: ``paper/paper.pdf``).
    citations
        How each source asks to be cited, by its id.
    unavailable
        Figures and tables that the data at hand cannot give, with the reason
        ("needs census_2010_2020"); the paper states it in their place.

    Raises
    ------
    StaleResultError
        If a results file is missing, or the text asks for a number, table or
        figure that is not there; the message lists all of them.
    DataError
        If a results file is damaged, or the source does not compile; the message
        is the typesetter's own.
    """
    write_numbers(project, citations=citations, unavailable=unavailable)
    output = Path(output or _default_output(project))
    pdf = _paper(project)
    with writing(output) as temporary:
        temporary.write_bytes(pdf)
    return output


def check_paper(project: Project, output: Path | None = None) -> None:
    """Check that the paper says what the results say: typesetting anew gives its bytes.

    Nothing is written.

    Raises
    ------
    StaleResultError
        If the paper or something it asks for is missing, or either is older than
        what it rests on.
    """
    output = Path(output or _default_output(project))
    again = "Run `urbanecon paper` to make it again."
    try:
        text = _numbers_path(project).read_text(encoding="utf-8")
        stored = json.loads(text)
        content = _content(project, stored["citations"], stored["unavailable"])
    except (FileNotFoundError, ValueError, KeyError, TypeError) as error:
        raise StaleResultError(
            f"{_numbers_path(project)} is missing or damaged: the paper cannot be checked. {again}"
        ) from error
    if _as_text(content) != text:
        raise StaleResultError(
            f"{output}: results, tables or figures have changed since it was made. {again}"
        )
    if not output.is_file() or output.read_bytes() != _paper(project):
        raise StaleResultError(f"{output} is missing or older than what it rests on. {again}")


def write_numbers(
    project: Project,
    *,
    citations: Mapping[str, str] = NOTHING,
    unavailable: Mapping[str, str] = NOTHING,
) -> Path:
    """Gather what the text may use into ``paper/numbers.json`` and return its path."""
    path = _numbers_path(project)
    write_text(path, _as_text(_content(project, citations, unavailable)))
    return path


def _content(
    project: Project, citations: Mapping[str, str], unavailable: Mapping[str, str]
) -> dict[str, Any]:
    results = project.build / "results"
    estimates = {f"{row}.json": read_estimates(results / f"{row}.json") for row in ROWS}
    # a row's file holds what it cites of other rows too
    found = [
        (file, estimate)
        for file, several in estimates.items()
        for estimate in several
        if file == f"{estimate.spec.effect}.json"
    ]
    numbers = read_facts(results / "facts.json") + _evidence(project)
    for file, estimate in found:
        if estimate.spec.design in SAID and estimate.spec.effect in CLAIMS:
            numbers += estimate_numbers(estimate, file)
    for row in CLAIMS:
        numbers += strategy_numbers(estimates[f"{row}.json"], f"{row}.json")
    return {
        "format": NUMBERS_FORMAT,
        "numbers": entries(collect(one for one in numbers if not OF_A_YEAR.search(one.name))),
        "estimates": [
            _listed(e) for _, e in found if e.spec.effect in CLAIMS and e.spec.design in SAID
        ],
        "claims": {
            claim.id: {"name": claim.name, "words": claim.words_en} for claim in CLAIMS.values()
        },
        "tables": sorted(path.stem for path in (project.build / "tables").glob("*.json")),
        "figures": sorted(path.stem for path in project.figures.glob("*.pdf")),
        "unavailable": dict(unavailable),
        "citations": dict(citations),
    }


def _evidence(project: Project) -> list[Number]:
    """Numbers of the ledger, and of the tables beside the estimates that are there."""
    tables = {
        room: {
            path.stem: read_tables(path) for path in sorted((project.build / room).glob("*.json"))
        }
        for room in ("evidence", "multiverse")
    }
    return [
        *ledger_numbers(read_ledger(project.build / "ledger.json")),
        *evidence_numbers(tables["evidence"]),
        *multiverse_numbers(tables["multiverse"]),
    ]


def _as_text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _numbers_path(project: Project) -> Path:
    return project.paper / "numbers.json"


def _default_output(project: Project) -> Path:
    return project.paper / "paper.pdf"


def _paper(project: Project) -> bytes:
    """Typeset, if nothing is missing."""
    missing = find_missing(project)
    if missing:
        listed = "\n".join(f"  - {name}" for name in missing)
        raise StaleResultError(
            f"The paper asks for what is not there:\n{listed}\n"
            "Run `urbanecon run` to make results, tables and figures; if a name is new, "
            "compare it with paper/numbers.json."
        )
    return _typeset(_source(project), _settings(project))


def find_missing(project: Project) -> list[str]:
    """Return every number, table and figure that the text asks for in vain, sorted.

    `write_numbers` must have run.
    """
    import typst

    source, settings = _source(project), _settings(project) | {"sys_inputs": {"check": "yes"}}
    try:
        found = typst.query(source, "<missing>", field="value", **settings)
    except RuntimeError:
        _typeset(source, settings)  # a query does not say where the source is wrong
        raise
    return sorted(set(json.loads(found)))


def _typeset(source: Path, settings: Mapping[str, Any]) -> bytes:
    import typst

    try:
        pdf, notes = typst.compile_with_warnings(
            source, format="pdf", timestamp=TIMESTAMP, **settings
        )
    except typst.TypstError as error:
        diagnostic = error.diagnostic.strip()
        raise DataError(f"The paper does not compile:\n{diagnostic}") from error
    for note in notes:
        warnings.warn(f"The paper compiles, but: {note.diagnostic}", DataWarning, stacklevel=3)
    return bytes(pdf)


def _source(project: Project) -> Path:
    path = project.paper / "paper.typ"
    if not path.is_file():
        raise DataError(f"{path} is missing: there is no paper to typeset.")
    return path


def _settings(project: Project) -> dict[str, Any]:
    """Only fonts that come with packages, so that every machine sets the same lines."""
    from urbanecon.plotting.fonts import font_path

    return {
        "root": project.root,
        "font_paths": [font_path().parent],
        "ignore_system_fonts": True,
    }


def _listed(estimate: Estimate) -> dict[str, Any]:
    """What the text needs to know of an estimate besides its numbers."""
    spec, codebook = estimate.spec, load_codebook()
    step = percent_step(spec.treatment)
    return {
        "name": spec.name,
        "effect": spec.effect,
        "outcome": spec.outcome,
        "outcome_label": codebook.label(spec.outcome),
        "treatment": spec.treatment,
        "treatment_label": codebook.label(spec.treatment),
        "design": spec.design,
        "fixed_effects": list(spec.fixed_effects),
        "expected_sign": spec.expected_sign,
        "unit": spec.sample.unit,
        "primary": spec.primary,
        "log": is_log(spec.outcome),
        "points": 0 if step == 1 else round(100 * step),
        "estimable": estimate.fit is not None,
        "reason": labelled(estimate.reason),
    }
