"""The README of a package, in the order of the Social Science Data Editors' template.

Vilhuber, Connolly, Koren, Llull and Morrow (2022), A template README for social
science replication packages, version 1.1.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from urbanecon.replication.contents import EXPECTED, MANIFEST, Material
from urbanecon.replication.data import raw_path
from urbanecon.replication.hashes import RULES
from urbanecon.replication.markdown import table
from urbanecon.replication.programs import STEPS, summary
from urbanecon.replication.readme_data import availability, dataset_list

MASTER = "python3 code/reproduce.py"
MEASURED = "tests/benchmarks/measured.json"
ROOMS = (
    "cleaning", "intake", "measures", "estimation", "effects", "referee", "reporting", "plotting",
    "replication",
)  # fmt: skip
TEMPLATE = (
    'Vilhuber, L., Connolly, M., Koren, M., Llull, J., Morrow, P. (2022). "A template README for '
    'social science replication packages", version 1.1. doi:10.5281/zenodo.7293838.'
)


def readme(material: Material, files: Mapping[str, bytes]) -> str:
    """Return the README of a package with `files`, as Markdown."""
    facts = tomllib.loads(files["code/pyproject.toml"].decode())["project"]
    parts = [
        *_overview(facts, material, files),
        *availability(material, files),
        *dataset_list(material, files),
        *_requirements(facts, material, files),
        *_programs(material),
        *_instructions(files),
        *_results(material),
        *_references(material),
    ]
    return "\n".join(parts) + "\n"


def _overview(
    facts: Mapping[str, Any], material: Material, files: Mapping[str, bytes]
) -> list[str]:
    held = [s for s in material.registry.values() if raw_path(s) in files]
    tables = {path.stem for path in material.outputs.tables}
    figures = {path.stem for path in material.outputs.figures}
    return [
        f"# Replication package of {facts['name']} {facts['version']}",
        "",
        "## Overview",
        "",
        f"{facts['description']}. The code in this package builds the panel from {len(held)} raw "
        f"files that are part of it and {len(material.registry) - len(held)} that are downloaded "
        f"or supplied by the replicator, estimates, and makes {len(tables)} tables, "
        f"{len(figures)} figures and the paper. One command runs all of it: `{MASTER}`."
        f"{_duration(files)}",
        "",
        *table(
            ("place", "what is there"),
            (
                ("`code/`", "the programs, and under `code/data_raw/` the raw data, untouched"),
                ("`access/`", "how to get each raw file that may not be passed on"),
                ("`codebook.csv`, `codebook.html`", "every variable, its unit, allowed values"),
                ("`results.csv`", "every table, figure and number, with its program and line"),
                ("`seeds.csv`", "every seed of random numbers, with its place"),
                ("`expected/`, `" + EXPECTED + "`", "outputs as they should be, and tolerances"),
                ("`ro-crate-metadata.json`", "the package described for machines"),
                ("`" + MANIFEST + "`", "sha256 of every file"),
            ),
        ),
    ]


def _requirements(
    facts: Mapping[str, Any], material: Material, files: Mapping[str, bytes]
) -> list[str]:
    locked = _locked(files["code/requirements/run.lock"].decode())
    direct = [re.split(r"[^\w.-]", name)[0] for name in facts["dependencies"]]
    seeds = len(files["seeds.csv"].decode().splitlines()) - 1
    held = sum(map(len, files.values())) / 1e6
    return [
        "## Computational requirements",
        "",
        "### Software Requirements",
        "",
        f"Python {facts['requires-python']} with pip and venv; nothing else. `{MASTER}` makes an "
        "environment of its own and installs into it, checked by hash, the "
        f"{len(locked)} packages of `code/requirements/run.lock`. Those that the code calls:",
        "",
        *table(
            ("package", "version"),
            ((name, locked.get(_canonical(name), "")) for name in sorted(direct)),
        ),
        "### Controlled Randomness",
        "",
        f"Random numbers come from NumPy generators with {seeds} stated seeds: `seeds.csv` gives "
        "file and line of each. Results do not depend on the number of threads, the order of rows "
        "or the seed of Python's hashes.",
        "",
        "### Memory, Runtime, Storage Requirements",
        "",
        *_runtime(files),
        f"The package takes {held:.0f} MB; the environment and the outputs take about 2 GB more.",
        "",
    ]


def _locked(lock: str) -> dict[str, str]:
    pins = re.findall(r"^([\w.-]+)==([^\s;\\]+)", lock, flags=re.MULTILINE)
    return {_canonical(name): version for name, version in pins}


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _measured(files: Mapping[str, bytes]) -> dict[str, Any]:
    path = f"code/{MEASURED}"
    found: dict[str, Any] = json.loads(files[path]) if path in files else {}
    return found


def _duration(files: Mapping[str, bytes]) -> str:
    for result in _measured(files).get("results", ()):
        if result["unit"] == "s":
            minutes = max(1, round(result["value"] / 60))
            return (
                f" It takes about {minutes} min of computing, and some minutes more, once, to "
                "install the environment."
            )
    return ""


def _runtime(files: Mapping[str, bytes]) -> list[str]:
    measured = _measured(files)
    if not measured:
        return ["Runtime was not measured.", ""]
    rows = [
        (result["what"], f"{result['value']:.3g} {result['unit']}")
        for result in measured["results"]
        if result["unit"]
    ]
    return [
        f"Measured on: {measured['where']}",
        "",
        *table(("what", "measured"), rows),
    ]


def _programs(material: Material) -> list[str]:
    trees = material.trees
    rooms = [
        (f"`code/urbanecon/{room}/`", summary(trees[f"urbanecon/{room}/__init__.py"]))
        for room in ROOMS
        if f"urbanecon/{room}/__init__.py" in trees
    ]
    tasks = [
        (f"`code/{file}`", summary(tree)) for file, tree in trees.items() if file.startswith(STEPS)
    ]
    return [
        "## Description of programs/code",
        "",
        "The steps of the main job, in their order, a file a section of the paper:",
        "",
        *table(("program", "what it does"), tasks),
        "The package that they call:",
        "",
        *table(("folder", "what it holds"), rooms),
        "### License for Code",
        "",
        "The code is under the MIT licence: see `LICENSE`.",
        "",
    ]


def _instructions(files: Mapping[str, bytes]) -> list[str]:
    recipes = sum(path.startswith("access/") for path in files)
    return [
        "## Instructions to Replicators",
        "",
        "1. Have Python and an internet connection. Nothing needs to be edited.",
        f"2. Run `{MASTER}`. It makes its environment, downloads the {recipes} sources that are "
        "not here as far as their addresses answer, and runs every step; what cannot be made is "
        "named with the data that it needs.",
        "3. Find tables in `code/build/tables/`, figures in `code/figures/`, the paper and its "
        "numbers in `code/paper/`.",
        "",
        "### Details",
        "",
        "To compare the outputs with those of `expected/`, in this folder:",
        "",
        "    code/.venv/bin/urbanecon verify-package . --quick",
        "",
        "Without `--quick` the command copies the package to a temporary folder, makes an "
        "environment there and runs everything from raw data before it compares. Where bytes "
        "differ:",
        "",
        *table(("rule", "is the same if"), ((f"`{rule}`", text) for rule, text in RULES.items())),
    ]


def _results(material: Material) -> list[str]:
    results = material.results
    numbers = results[results["kind"] == "number"]
    used = numbers[numbers["used_in"] != ""]
    made = [
        (row["name"], f"`{row['program']}`", row["line"], row["function"])
        for _, row in results[results["kind"] != "number"].iterrows()
    ]
    kinds = list(results.loc[results["kind"] != "number", "kind"])
    return [
        "## List of tables and programs",
        "",
        "Programs are below `code/`. The code makes all tables, figures and numbers of the paper; "
        "no number in its text is typed.",
        "",
        *table(
            ("kind", "name", "program", "line", "function"),
            ((kind, *row) for kind, row in zip(kinds, made, strict=True)),
        ),
        "### In-text numbers",
        "",
        f"{len(numbers)} numbers are at the hands of the text, by name; `results.csv` lists all "
        "with results file, estimate, term and program. Those that the text asks for by their "
        "whole name are below; the others are asked for by parts, as the estimate of each "
        "outcome in `paper/findings.typ`.",
        "",
        *table(
            ("number", "as printed", "program", "line", "in the text"),
            (
                (
                    f"`{row['name']}`",
                    row["text"],
                    f"`{row['program']}`",
                    row["line"],
                    row["used_in"],
                )
                for _, row in used.iterrows()
            ),
        ),
    ]


def _references(material: Material) -> list[str]:
    citations = {source.id: source.citation for source in material.registry.values()}
    return [
        "## References",
        "",
        *(f"- {source}: {citation}." for source, citation in citations.items()),
        "- Works cited in the paper: `code/paper/references.bib`.",
        f"- {TEMPLATE}",
        "",
    ]
