"""Where the project's rooms are.

Commands work on the project that the working directory lies in; without one,
on the checkout that the package was installed from.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from urbanecon.errors import RegistryError

REGISTRY_FILE = Path("data_raw/sources.toml")
"""What makes a folder an urbanecon project."""


@dataclass(frozen=True, slots=True)
class Project:
    """The folders of one project; all derived from its root."""

    root: Path

    @property
    def data_raw(self) -> Path:
        """Registry, codebook, tables of facts, and the raw files fetched so far."""
        return self.root / "data_raw"

    @property
    def facts(self) -> Path:
        """Small committed tables of facts."""
        return self.data_raw / "facts"

    @property
    def build(self) -> Path:
        """What the main job makes and can make again: panel, fits, tables."""
        return self.root / "build"

    @property
    def analyses(self) -> Path:
        """The pytask modules of the main job."""
        return self.root / "analyses"

    @property
    def figures(self) -> Path:
        """Final figures."""
        return self.root / "figures"

    @property
    def paper(self) -> Path:
        """Typst source and the paper."""
        return self.root / "paper"


@cache
def find_project(start: Path | None = None) -> Project:
    """Return the project that `start` (default: the working directory) lies in.

    Raises
    ------
    RegistryError
        If neither `start`, nor a folder above it, nor the checkout of the
        package holds `data_raw/sources.toml`.
    """
    here = (start or Path.cwd()).resolve()
    checkout = Path(__file__).resolve().parents[1]
    for folder in (here, *here.parents, checkout):
        if (folder / REGISTRY_FILE).is_file():
            return Project(folder)
    raise RegistryError(
        f"No urbanecon project at {here} or above it: {REGISTRY_FILE} was expected. "
        "Change into the project's folder and run the command again."
    )
