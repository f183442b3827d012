"""What a package holds: every file by its place, as bytes."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from urbanecon.cleaning.codebook import Codebook, load_codebook
from urbanecon.cleaning.registry import Registry, load_registry, locate
from urbanecon.errors import DataError, DataWarning, SourceMissingError
from urbanecon.project import Project
from urbanecon.replication import checkout, hashes
from urbanecon.replication.codebook_files import codebook_frame, codebook_html
from urbanecon.replication.data import access_path, access_recipe, raw_path, redistributable
from urbanecon.replication.programs import Trees, parse, seeds
from urbanecon.replication.results import Outputs, outputs, results_table

MANIFEST = "MANIFEST.sha256"
EXPECTED = "expected.json"
CODE = "code/"
OUTPUTS = "expected/"
ROOT_FILES = ("LICENSE", "DATA_LICENCES.md", "CITATION.cff")
"""Files of the project that stand at the head of the package too."""
LISTED = 5
"""Files that a warning names."""


@dataclass(frozen=True, slots=True)
class Material:
    """A project as far as a package describes it.

    Attributes
    ----------
    tracked
        Files that git knows, relative to the project; `trees` are the syntax trees
        of the modules among them.
    results
        What `results_table` returns.
    date
        Of the last commit.
    """

    project: Project
    registry: Registry
    codebook: Codebook
    tracked: tuple[str, ...]
    trees: Trees
    outputs: Outputs
    results: pd.DataFrame
    date: str


def gather(project: Project) -> Material:
    """Read what a package is made of.

    Warns
    -----
    DataWarning
        If the checkout holds changes that are not committed; they are packed
        as far as git knows the files.
    """
    made_files = outputs(project)
    tracked = checkout.tracked_files(project.root)
    trees = parse(project.root, tracked)
    changed = checkout.uncommitted_files(project.root)
    made = {path.relative_to(project.root).as_posix() for path in made_files.all}
    if odd := [name for name in changed if name not in made]:
        more = f" and {len(odd) - LISTED} more" if len(odd) > LISTED else ""
        warnings.warn(
            f"Not committed: {', '.join(odd[:LISTED])}{more}. The package holds the files that "
            "git knows, as they are now, and none that it does not know.",
            DataWarning,
            stacklevel=2,
        )
    return Material(
        project,
        load_registry(project.data_raw / "sources.toml"),
        load_codebook(project.data_raw / "codebook.toml"),
        tuple(tracked),
        trees,
        made_files,
        results_table(project, made_files, tracked, trees),
        checkout.commit_date(project.root),
    )


def code_files(material: Material) -> dict[str, bytes]:
    """Return the tracked files, without outputs: a rerun must make these itself."""
    root = material.project.root
    made = {path.relative_to(root).as_posix() for path in material.outputs.all}
    kept = (name for name in material.tracked if name not in made)
    return {CODE + name: _read(root / name) for name in kept}


def data_files(material: Material) -> dict[str, bytes]:
    """Return the raw files that may be passed on, and recipes for all others.

    Warns
    -----
    DataWarning
        If a file that may be passed on is not on this machine: its recipe takes
        its place.
    """
    files: dict[str, bytes] = {}
    for source in material.registry.values():
        if redistributable(source):
            try:
                files[raw_path(source)] = _read(locate(source, material.project).path)
                continue
            except SourceMissingError as error:
                warnings.warn(
                    f"The package holds a recipe in place of the file: {error}",
                    DataWarning,
                    stacklevel=2,
                )
        files[access_path(source)] = access_recipe(source).encode()
    return files


def output_files(material: Material) -> dict[str, bytes]:
    """Return the outputs of the last run, and the list of what is expected of them."""
    root = material.project.root
    found = {path.relative_to(root).as_posix(): _read(path) for path in material.outputs.all}
    listed = [hashes.expected(name, content) for name, content in sorted(found.items())]
    return {
        **{OUTPUTS + name: content for name, content in found.items()},
        EXPECTED: hashes.as_json(listed),
    }


def lists(material: Material) -> dict[str, bytes]:
    """Return the codebook, the list of results with their programs, and the seeds."""
    drawn = "".join(
        f"{place.file},{place.line},{name},{value}\n"
        for place, name, value in seeds(material.trees)
    )
    frame = codebook_frame(material.codebook)
    return {
        "codebook.csv": frame.to_csv(index=False, lineterminator="\n").encode(),
        "codebook.html": codebook_html(material.codebook).encode(),
        "results.csv": material.results.to_csv(index=False, lineterminator="\n").encode(),
        "seeds.csv": f"file,line,name,value\n{drawn}".encode(),
    }


def head_files(material: Material) -> dict[str, bytes]:
    """Return licences and citation, which stand at the head of the package."""
    return {name: _read(material.project.root / name) for name in ROOT_FILES}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(
            f"{path} cannot be read ({error.strerror or error}); the package needs it."
        ) from error
