"""What an entry of the registry holds, and the check of its fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal, get_args

from urbanecon.errors import did_you_mean

Kind = Literal["file", "package", "facts"]
Tier = Literal["A", "B", "C"]

EFFECTS = ("E1", "E2", "E3", "E4")
ROUTES = ("R1", "R2", "R3", "R4")
LEVERS = ("L1", "L2", "L3")
USES = (*EFFECTS, *ROUTES, *LEVERS, "divisions", "flags")
"""What a source may feed beside variables of the codebook."""

DESCRIPTION = ("id", "kind", "tier", "licence", "citation", "unit", "years", "variables", "notes")
REQUIRED: Mapping[str, tuple[str, ...]] = {
    "file": (*DESCRIPTION, "feeds", "file", "bytes", "sha256", "repository", "commit", "url"),
    "package": (*DESCRIPTION, "feeds", "package", "version"),
    "facts": (*DESCRIPTION, "feeds", "file"),
}
IN_PACKAGE = ("file", "bytes", "sha256")
"""Named all three, or none: a package without them is identified by its version."""
MAY_BE_EMPTY = ("notes", "repository", "commit", "url")


@dataclass(frozen=True, slots=True)
class Source:
    """One entry of the registry; the fields are described at the head of `sources.toml`."""

    id: str
    kind: Kind
    tier: Tier
    licence: str
    citation: str
    unit: str
    years: str
    variables: str
    notes: str
    feeds: tuple[str, ...]
    file: str = ""
    bytes: int = 0
    sha256: str = ""
    repository: str = ""
    commit: str = ""
    url: str = ""
    package: str = ""
    version: str = ""


def read_entry(entry: Mapping[str, Any], feeds: tuple[str, ...]) -> Source:
    """Return the source that an entry describes.

    Parameters
    ----------
    entry
        Fields by name, as TOML gives them.
    feeds
        What a source may feed: `USES` and the variables of the codebook.

    Raises
    ------
    ValueError
        If a field is missing, unknown or ill-typed; the message names the field
        and what was expected.
    """
    _one_of(entry, "kind", get_args(Kind))
    kind = entry["kind"]
    required = REQUIRED[kind]
    if kind == "package" and any(name in entry for name in IN_PACKAGE):
        required = (*required, *IN_PACKAGE)
    for name in required:
        if name not in entry:
            raise ValueError(
                f"{name!r} is missing; an entry of kind {kind!r} needs it."
                f"{did_you_mean(name, set(entry) - set(required))}"
            )
        _check_type(name, entry[name])
    for name in entry:
        if name not in required:
            hint = did_you_mean(name, required)
            raise ValueError(f"{name!r} is no field of an entry of kind {kind!r}.{hint}")
    _one_of(entry, "tier", get_args(Tier))
    _check_addresses(entry)
    for name in entry["feeds"]:
        if name not in feeds:
            raise ValueError(
                f"'feeds' names {name!r}, which is neither a variable of the codebook "
                f"nor one of {', '.join(USES)}.{did_you_mean(name, feeds)}"
            )
    return Source(**{**entry, "feeds": tuple(entry["feeds"])})


def _one_of(entry: Mapping[str, Any], name: str, allowed: tuple[str, ...]) -> None:
    if name not in entry:
        raise ValueError(f"{name!r} is missing; expected one of {', '.join(allowed)}.")
    if entry[name] not in allowed:
        raise ValueError(f"{name!r} is {entry[name]!r}; expected one of {', '.join(allowed)}.")


def _check_type(name: str, value: object) -> None:
    if name == "bytes":
        if type(value) is not int or value <= 0:
            raise ValueError(f"'bytes' is {value!r}; expected a positive whole number.")
    elif name == "feeds":
        if not (isinstance(value, list) and value and all(isinstance(v, str) for v in value)):
            raise ValueError(f"'feeds' is {value!r}; expected a list of at least one name.")
    elif not isinstance(value, str):
        raise ValueError(f"{name!r} is {value!r}; expected text.")
    elif not value.strip() and name not in MAY_BE_EMPTY:
        raise ValueError(f"{name!r} is empty.")


def _check_addresses(entry: Mapping[str, Any]) -> None:
    """Check checksum, path and url: what a fetch would trust."""
    if "sha256" in entry and not re.fullmatch("[0-9a-f]{64}", entry["sha256"]):
        raise ValueError(f"'sha256' is {entry['sha256']!r}; expected 64 digits of 0-9, a-f.")
    file = PurePosixPath(entry.get("file", "."))
    if file.is_absolute() or ".." in file.parts or "\\" in str(file):
        raise ValueError(f"'file' is {str(file)!r}; expected a path inside data_raw/.")
    url, commit = entry.get("url", ""), entry.get("commit", "")
    if url and not re.match(r"https?://[\w.-]+(:\d+)?/", url):
        raise ValueError(f"'url' is {url!r}; expected http(s)://host/path or an empty text.")
    if commit not in url:
        raise ValueError(f"'commit' {commit!r} does not occur in 'url': it must be fixed there.")
