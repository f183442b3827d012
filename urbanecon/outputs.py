"""Where the files of a project lie: its inputs of one kind, and all that the main job makes."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from urbanecon.cleaning.codebook import Language
from urbanecon.project import Project

LANGUAGES: tuple[Language, ...] = get_args(Language)
"""Languages that figures and tables are made in, that of the paper first."""


def registry_file(project: Project) -> Path:
    """File that registers the sources."""
    return project.data_raw / "sources.toml"


def codebook_file(project: Project) -> Path:
    """File that describes the variables."""
    return project.data_raw / "codebook.toml"


def panel_files(project: Project) -> dict[str, Path]:
    """Files that the panel is saved in, and the codebook that labels its columns."""
    from urbanecon.cleaning.panel_files import READ

    return {name: project.build / name for name in READ} | {"codebook": codebook_file(project)}


def result_files(project: Project) -> dict[str, Path]:
    """File of estimates of each effect."""
    from urbanecon.effects import CLAIMS

    return {effect: project.build / "results" / f"{effect}.json" for effect in CLAIMS}


def row_files(project: Project) -> dict[str, Path]:
    """File of estimates of each row of the ledger: effects, routes and levers."""
    from urbanecon.effects import ROWS

    return {row: project.build / "results" / f"{row}.json" for row in ROWS}


def evidence_files(project: Project) -> dict[str, Path]:
    """File of tables beside the main estimates of each row that has linear ones of its own."""
    from urbanecon.effects.criteria import RESAMPLED

    return {row: project.build / "evidence" / f"{row}.json" for row in RESAMPLED}


def referee_file(project: Project) -> Path:
    """File of the referee's report."""
    return project.build / "referee.json"


def ledger_file(project: Project) -> Path:
    """File of the claims ledger, every number unrounded."""
    return project.build / "ledger.json"


def multiverse_files(project: Project) -> dict[str, Path]:
    """File of tables that sum up the multiverse of each row of the ledger."""
    from urbanecon.effects import ROWS

    return {row: project.build / "multiverse" / f"{row}.json" for row in ROWS}


def specification_files(project: Project) -> dict[str, Path]:
    """File of all specifications of the multiverse of each row."""
    return {name: path.with_suffix(".parquet") for name, path in multiverse_files(project).items()}


def figure_files(project: Project, name: str, language: Language = "en") -> dict[str, Path]:
    """Both files of a figure: PNG for screens, PDF for print."""
    folder = _edition(project.figures, language)
    return {kind: folder / f"{name}.{kind}" for kind in ("png", "pdf")}


def table_listing(project: Project, language: Language = "en") -> Path:
    """File that lists the tables of a language; they stand beside it."""
    return _edition(project.build / "tables", language) / "tables.txt"


def _edition(folder: Path, language: Language) -> Path:
    """Folder of a language: the folder itself for the language of the paper."""
    return folder if language == LANGUAGES[0] else folder / language
