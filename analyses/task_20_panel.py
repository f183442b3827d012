"""Flag the observations and assemble the panel with its lineage."""

from pathlib import Path
from typing import Annotated

import pandas as pd
from pytask import Product

from urbanecon.atomic import writing
from urbanecon.cleaning.audit import apply_findings, run_rules
from urbanecon.cleaning.observations import concat_observations
from urbanecon.cleaning.panel import build_panel
from urbanecon.cleaning.panel_files import FILES, save_panel
from urbanecon.measures.variables import with_measures
from urbanecon.needs import code, raw_files
from urbanecon.outputs import codebook_file
from urbanecon.project import find_project

PROJECT = find_project(Path(__file__).parent)
BUILD = PROJECT.build


def task_panel(
    observations: dict[str, Path] = {
        source: BUILD / "observations" / f"{source}.parquet" for source in raw_files(PROJECT)
    },
    codebook: Path = codebook_file(PROJECT),
    modules: str = code(
        "cleaning.audit.*",
        "cleaning.panel",
        "cleaning.derivation",
        "cleaning.panel_files",
        "cleaning.schema",
        "cleaning.capital",
        "cleaning.urban_share",
        "measures.*",
    ),
    panel: Annotated[dict[str, Path], Product] = {name: BUILD / name for name in FILES},
    findings: Annotated[Path, Product] = BUILD / "findings.parquet",
    unmatched: Annotated[Path, Product] = BUILD / "unmatched.csv",
) -> None:
    tables = {source: pd.read_parquet(path) for source, path in observations.items()}
    rows = [
        (source, *entry)
        for source, table in tables.items()
        for entry in table.attrs.get("unmatched", [])
    ]
    everything = concat_observations(tables.values())
    found = run_rules(everything)
    flagged = apply_findings(everything, found)
    save_panel(with_measures(build_panel(flagged)), BUILD)
    with writing(findings) as temporary:
        found.to_parquet(temporary, compression="zstd")
    with writing(unmatched) as temporary:
        pd.DataFrame(rows, columns=["source", "name", "raw", "reason"]).to_csv(
            temporary, index=False
        )
