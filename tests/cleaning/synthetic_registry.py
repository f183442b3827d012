"""Synthetic projects with a registry of a few sources."""

from __future__ import annotations

import hashlib
from pathlib import Path

from urbanecon.cleaning.registry import load_registry
from urbanecon.cleaning.registry_entry import Source
from urbanecon.project import Project

GOOD = "城市,2010\n武汉市,1\n".encode()
WRONG = b"an error page\n"
COMMIT = "0123456789abcdef0123456789abcdef01234567"

CODEBOOK = """
[gdp]
unit = "yuan"
label_en = "Gross domestic product"
label_zh = "地区生产总值"
kind = "flow"
range = [0, 1.0e14]
level = "city"
sources = ["lights"]
"""
DESCRIBED = {
    "tier": "A",
    "licence": "MIT",
    "citation": "nobody, synthetic",
    "unit": "city",
    "years": "2010",
    "variables": "one",
    "notes": "",
    "feeds": ["gdp", "E1"],
}
FILE = {
    "id": "lights",
    "kind": "file",
    **DESCRIBED,
    "file": "lights/夜间 lights.csv",
    "bytes": len(GOOD),
    "sha256": hashlib.sha256(GOOD).hexdigest(),
    "repository": "someone/lights",
    "commit": COMMIT,
    "url": f"https://example.org/{COMMIT}/lights.csv",
}
FACTS = {"id": "facts_x", "kind": "facts", **DESCRIBED, "file": "facts/x.csv"}
PACKAGE = {
    "id": "parcel",
    "kind": "package",
    **DESCRIBED,
    "file": "parcel_data/data.csv",
    "bytes": len(GOOD),
    "sha256": hashlib.sha256(GOOD).hexdigest(),
    "package": "parcel-data",
    "version": "1.2",
}
BARE_PACKAGE = {
    name: value for name, value in PACKAGE.items() if name not in ("file", "bytes", "sha256")
}


def toml(value: object) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def make_project(root: Path, *entries: dict[str, object]) -> Project:
    text = "\n".join(
        "[[source]]\n" + "".join(f"{name} = {toml(value)}\n" for name, value in entry.items())
        for entry in entries
    )
    folder = root / "data_raw"
    folder.mkdir(parents=True)
    (folder / "sources.toml").write_text(text, encoding="utf-8")
    (folder / "codebook.toml").write_text(CODEBOOK, encoding="utf-8")
    return Project(root)


def only_source(project: Project) -> Source:
    (source,) = load_registry(project.data_raw / "sources.toml").values()
    return source


def put(folder: Path, file: str, content: bytes) -> Path:
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
