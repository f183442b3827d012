"""Run the audit's rules on a panel and sum up what they find."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from urbanecon.atomic import write_text, writing
from urbanecon.cleaning.audit import CELL, apply_findings, run_rules
from urbanecon.cleaning.observations import SEVERITY, Flag
from urbanecon.intake.panels import Panel, read_panel
from urbanecon.intake.sheets import read_sheets

TEXT_RULE = "text"
FLAG_COLUMNS = (
    "city", "name", "year", "variable", "value", "flag", "rule", "reason",
    "sheet", "row", "column",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Audit:
    """A panel and what the rules say of it.

    Attributes
    ----------
    file
        Name of the file.
    panel
        What was read, and how.
    observations
        The panel's observations with their flags.
    flags
        One row a finding, the most severe first, with value and address.
    """

    file: str
    panel: Panel
    observations: pd.DataFrame
    flags: pd.DataFrame


def audit_file(path: Path, *, unit: str = "", year: str = "") -> Audit:
    """Audit a panel in a file of any known type.

    Parameters
    ----------
    path
        csv, xlsx, xls, dta or parquet; long or wide.
    unit, year
        Headers of the unit and of the year, where they should not be inferred.

    Raises
    ------
    DataError
        If the file cannot be read or shows no units, years or numbers.
    MissingColumnError
        If a header that the user names is absent.
    """
    return audit_panel(read_panel(read_sheets(path), path, unit=unit, year=year), path.name)


def audit_panel(panel: Panel, file: str) -> Audit:
    """Run all rules on a panel; no value is changed."""
    findings = run_rules(panel.observations)
    flagged = apply_findings(panel.observations, findings)
    flags = findings.merge(_places(panel.observations, findings), on=CELL, how="left")
    flags = pd.concat([flags, _text_findings(panel)], ignore_index=True)
    order = flags["flag"].map(SEVERITY).astype("float64")
    flags = (
        flags.assign(name=flags["city"].map(panel.names), severity=-order)
        .sort_values(["severity", "variable", "city", "year", "rule"], kind="stable")
        .reset_index(drop=True)
    )
    return Audit(file, panel, flagged, flags[list(FLAG_COLUMNS)])


def _places(observations: pd.DataFrame, findings: pd.DataFrame) -> pd.DataFrame:
    """Values and addresses of all cells of the cities and variables that were found."""
    found = observations["city"].isin(findings["city"].unique())
    found &= observations["variable"].isin(findings["variable"].unique())
    return observations.loc[found, [*CELL, "value", "sheet", "row", "column"]]


def _text_findings(panel: Panel) -> pd.DataFrame:
    """Cells that should hold a number and hold words."""
    texts = panel.texts
    reasons = [f"expected a number, found {str(text)[:60]!r}" for text in texts["text"]]
    return texts.drop(columns="text").assign(
        flag=str(Flag.IMPOSSIBLE),
        rule=TEXT_RULE,
        reason=pd.Series(reasons, texts.index, dtype="str"),
    )


def summary(audit: Audit) -> pd.DataFrame:
    """Return cells, cities and variables that each rule finds, the most severe rules first."""
    cells = audit.flags.drop_duplicates(["city", "year", "variable", "rule", "row", "column"])
    table = cells.groupby(["flag", "rule"], sort=False).agg(
        cells=("city", "size"), units=("city", "nunique"), variables=("variable", "nunique")
    )
    return table.reset_index()


def shares(audit: Audit) -> pd.DataFrame:
    """Return the share of flagged cells, variable by year; nan where a year has no cell."""
    doubtful = audit.observations["flag"] != str(Flag.OK)
    keys = [audit.observations["variable"], audit.observations["year"]]
    return doubtful.groupby(keys).mean().unstack("year")


def write_audit(audit: Audit, folder: Path) -> tuple[Path, Path]:
    """Write the report and the list of flags; return their paths.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    from urbanecon.intake.report import render

    report, listed = folder / "report.html", folder / "flags.csv"
    with writing(listed) as temporary:
        # the mark at the front lets spreadsheet programs see that the text is UTF-8
        audit.flags.to_csv(temporary, index=False, lineterminator="\n", encoding="utf-8-sig")
    write_text(report, render(audit))
    return report, listed
