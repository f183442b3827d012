"""RO-Crate metadata: the package described for machines.

RO-Crate Metadata Specification 1.1 (https://w3id.org/ro/crate/1.1): a flat
JSON-LD graph with a descriptor, the package as a dataset, and an entity for
each file.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from urbanecon.cleaning.registry_entry import Source
from urbanecon.replication.contents import Material
from urbanecon.replication.data import FACTS, OPEN_LICENCES, raw_path

METADATA = "ro-crate-metadata.json"
PROFILE = "https://w3id.org/ro/crate/1.1"
CODE_LICENCE = OPEN_LICENCES["MIT"]
DATA_LICENCES = "DATA_LICENCES.md"
MEDIA_TYPES = {
    ".md": "text/markdown",
    ".toml": "application/toml",
    ".typ": "text/plain",
    ".bib": "text/x-bibtex",
    ".lock": "text/plain",
    ".cff": "application/yaml",
    ".sha256": "text/plain",
    ".csv": "text/csv",
    ".py": "text/x-python",
    ".tex": "application/x-tex",
    ".json": "application/json",
    ".html": "text/html",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
"""By suffix, all others plain text; the tables of the standard library differ by machine."""

Entity = dict[str, Any]


def crate(material: Material, files: Mapping[str, bytes]) -> bytes:
    """Return the metadata file of a package with `files`, as JSON-LD."""
    facts = tomllib.loads(files["code/pyproject.toml"].decode())["project"]
    raw = {raw_path(source): source for source in material.registry.values()}
    graph = [
        {
            "@id": METADATA,
            "@type": "CreativeWork",
            "conformsTo": {"@id": PROFILE},
            "about": {"@id": "./"},
        },
        _root(facts, material.date, files),
        {
            "@id": "#authors",
            "@type": "Organization",
            "name": ", ".join(author["name"] for author in facts["authors"]),
        },
        *_folders(files),
        *(_file(path, content, raw.get(path)) for path, content in sorted(files.items())),
        *_licences(material, files),
    ]
    document = {"@context": f"{PROFILE}/context", "@graph": graph}
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def _root(facts: Mapping[str, Any], date: str, files: Mapping[str, bytes]) -> Entity:
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": f"Replication package of {facts['name']} {facts['version']}",
        "description": facts["description"],
        "version": facts["version"],
        "datePublished": date,
        "keywords": ", ".join(facts["keywords"]),
        "author": {"@id": "#authors"},
        "license": [{"@id": CODE_LICENCE}, {"@id": DATA_LICENCES}],
        "hasPart": _inside("", files),
    }


def _inside(folder: str, files: Mapping[str, bytes]) -> list[Entity]:
    """Return references to the files and folders that lie directly in a folder."""
    rest = [path.removeprefix(folder) for path in files if path.startswith(folder)]
    names = {name.split("/", 1)[0] + ("/" if "/" in name else "") for name in rest}
    return [{"@id": folder + name} for name in sorted(names)]


def _folders(files: Mapping[str, bytes]) -> list[Entity]:
    folders = {
        f"{parent}/"
        for path in files
        for parent in PurePosixPath(path).parents
        if str(parent) != "."
    }
    return [
        {
            "@id": folder,
            "@type": "Dataset",
            "name": folder.rstrip("/"),
            "hasPart": _inside(folder, files),
        }
        for folder in sorted(folders)
    ]


def _file(path: str, content: bytes, source: Source | None) -> Entity:
    suffix = PurePosixPath(path).suffix
    media = MEDIA_TYPES.get(suffix, "text/plain")
    code = suffix == ".py"
    entity: Entity = {
        "@id": path,
        "@type": ["File", "SoftwareSourceCode"] if code else "File",
        "name": PurePosixPath(path).name,
        "encodingFormat": media,
        "contentSize": str(len(content)),
    }
    if source is not None:
        entity |= {
            "name": source.id,
            "description": f"{source.variables}. Rows: {source.unit}. Years: {source.years}.",
            "license": {"@id": licence_id(source)},
            "citation": source.citation,
            **({"isBasedOn": source.url} if source.url else {}),
        }
    elif code:
        entity["license"] = {"@id": CODE_LICENCE}
    return entity


def licence_id(source: Source) -> str:
    """Return the address of a source's licence, or its place in the metadata."""
    if source.licence.startswith(FACTS):
        return f"#licence-{source.id}"
    return next(
        (url for words, url in OPEN_LICENCES.items() if source.licence.startswith(words)),
        f"#licence-{source.id}",
    )


def _licences(material: Material, files: Mapping[str, bytes]) -> list[Entity]:
    """Return each licence that a file of the package is under."""
    found = {CODE_LICENCE: "MIT"}
    for source in material.registry.values():
        if raw_path(source) in files:
            key = licence_id(source)
            named = {url: words for words, url in OPEN_LICENCES.items()}
            found[key] = named.get(key, source.licence)
    return [
        {"@id": key, "@type": "CreativeWork", "name": words}
        for key, words in sorted(found.items())
    ]
