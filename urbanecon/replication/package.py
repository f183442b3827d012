"""A package on disk: a folder and a zip of the same files, the same bytes every time."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from urbanecon.atomic import writing
from urbanecon.errors import OutputError
from urbanecon.project import Project
from urbanecon.replication.contents import (
    MANIFEST,
    code_files,
    data_files,
    gather,
    head_files,
    lists,
    output_files,
)
from urbanecon.replication.crate import METADATA, crate
from urbanecon.replication.hashes import manifest
from urbanecon.replication.readme import readme

EPOCH = (1980, 1, 1, 0, 0, 0)
"""Date of every file in the zip: the first that the format knows."""
MODE = 0o100644
"""A regular file that all may read."""


def package_files(project: Project) -> dict[str, bytes]:
    """Return every file of the project's replication package by its place.

    Raises
    ------
    StaleResultError
        If an output of the main job is missing.
    SourceMissingError
        If the project is no git checkout.
    ChecksumError, DataError
        If a raw file is not the registry's, or a file cannot be read.
    """
    material = gather(project)
    files = {
        **code_files(material),
        **data_files(material),
        **output_files(material),
        **lists(material),
        **head_files(material),
    }
    files["README.md"] = readme(material, files).encode()
    files[METADATA] = crate(material, files)
    files[MANIFEST] = manifest(files)
    return dict(sorted(files.items()))


def write_package(project: Project, output: Path | None = None) -> tuple[Path, Path]:
    """Write the replication package as a folder and a zip beside it.

    Parameters
    ----------
    output
        The folder (default: ``build/replication``); the zip has its name.

    Returns
    -------
    tuple of Path
        Folder and zip.

    Raises
    ------
    OutputError
        If either is there already, or cannot be written; nothing is left half
        written.
    """
    folder = Path(output or project.build / "replication").absolute()
    zipped = folder.with_name(f"{folder.name}.zip")
    for path in (folder, zipped):
        if path.exists():
            raise OutputError(
                f"{path} exists, and a package is never written over another. Delete it, or name "
                "another folder with --output."
            )
    files = package_files(project)
    write_zip(zipped, files)
    try:
        write_folder(folder, files)
    except OutputError:
        zipped.unlink()
        raise
    return folder, zipped


def write_zip(target: Path, files: Mapping[str, bytes]) -> None:
    """Write files to a zip, sorted, all of one date; the same files give the same bytes."""
    with writing(target) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for path, content in sorted(files.items()):
            entry = zipfile.ZipInfo(path, EPOCH)
            entry.external_attr = MODE << 16
            entry.create_system = 3  # Unix, whatever this machine is
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED, compresslevel=6)


def write_folder(target: Path, files: Mapping[str, bytes]) -> None:
    """Write files to a folder, which appears when it is whole."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as name:
            made = Path(name) / target.name
            for path, content in files.items():
                (made / path).parent.mkdir(parents=True, exist_ok=True)
                (made / path).write_bytes(content)
            shutil.move(made, target)
    except OSError as error:
        raise OutputError(
            f"Cannot write {target}: {error.strerror or error}. Check that the place may be "
            "written to and has free space, then run the same command again."
        ) from error
