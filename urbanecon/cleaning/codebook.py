"""The canonical variables: units, labels, valid ranges, sources.

`data_raw/codebook.toml` is the one place where a variable is described; plots,
tables, readers and checks all read it through this module.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from urbanecon.errors import RegistryError, UnknownNameError, did_you_mean
from urbanecon.project import find_project

Language = Literal["en", "zh"]
KINDS = ("stock", "flow", "share", "index", "event")
LEVELS = ("city", "province", "nation")
REQUIRED = ("unit", "label_en", "label_zh", "kind", "range", "level")


@dataclass(frozen=True, slots=True)
class Variable:
    """One entry of the codebook.

    Attributes
    ----------
    low, high
        Valid range, both ends included, in `unit`.
    sources
        Registry ids the variable is read from, the preferred first; empty for
        a derived variable, which has a `formula` in words instead, and for one
        that only tables of the user's own report.
    constant
        Whether the variable is an attribute of the city, the same in all years.
    fixed_boundaries
        Whether it is measured within one set of boundaries in all years, as from
        space, so that a value from before the city was founded is no back-cast.
    """

    name: str
    unit: str
    label_en: str
    label_zh: str
    kind: str
    low: float
    high: float
    level: str
    sources: tuple[str, ...] = ()
    formula: str = ""
    note: str = ""
    constant: bool = False
    fixed_boundaries: bool = False

    def label(self, language: Language = "en") -> str:
        """Label in English or Chinese."""
        return self.label_zh if language == "zh" else self.label_en


class Codebook(Mapping[str, Variable]):
    """Variables by name; an unknown name raises with the closest known one."""

    def __init__(self, variables: Mapping[str, Variable]) -> None:
        self._variables = dict(variables)

    def __getitem__(self, name: str) -> Variable:
        if name not in self._variables:
            raise UnknownNameError(
                f"The codebook has no variable {name!r}.{did_you_mean(name, self._variables)} "
                "Variables are described in data_raw/codebook.toml."
            )
        return self._variables[name]

    def __contains__(self, name: object) -> bool:
        return name in self._variables

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)

    def label(self, name: str, language: Language = "en") -> str:
        """Label of a variable."""
        return self[name].label(language)


@cache
def load_codebook(path: Path | None = None) -> Codebook:
    """Read and check the codebook (default: the project's own).

    Raises
    ------
    RegistryError
        If an entry lacks a field, has an unknown kind or level, an empty range,
        or neither sources nor a formula. The message names entry and field.
    """
    path = path or find_project().data_raw / "codebook.toml"
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RegistryError(f"{path} cannot be read: {error}") from error
    return Codebook({name: _variable(name, entry, path) for name, entry in entries.items()})


def _variable(name: str, entry: object, path: Path) -> Variable:
    if not isinstance(entry, dict):
        raise RegistryError(f"{path}: {name!r} stands outside any entry; expected [{name}].")
    for field in REQUIRED:
        if field not in entry:
            raise RegistryError(f"{path}: entry [{name}] lacks {field!r}.")
    if entry["kind"] not in KINDS:
        raise RegistryError(
            f"{path}: [{name}] kind is {entry['kind']!r}; expected one of {KINDS}."
        )
    if entry["level"] not in LEVELS:
        raise RegistryError(
            f"{path}: [{name}] level is {entry['level']!r}; expected one of {LEVELS}."
        )
    if ("sources" in entry) == ("formula" in entry):
        raise RegistryError(f"{path}: [{name}] needs either 'sources' or 'formula', not both.")
    low, high = entry["range"]
    if not low < high:
        raise RegistryError(f"{path}: [{name}] range {entry['range']} is empty.")
    return Variable(
        name=name,
        unit=entry["unit"],
        label_en=entry["label_en"],
        label_zh=entry["label_zh"],
        kind=entry["kind"],
        low=float(low),
        high=float(high),
        level=entry["level"],
        sources=tuple(entry.get("sources", ())),
        formula=entry.get("formula", ""),
        note=entry.get("note", ""),
        constant=bool(entry.get("constant", False)),
        fixed_boundaries=bool(entry.get("fixed_boundaries", False)),
    )
