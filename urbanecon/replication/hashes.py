"""Expected outputs: the sha256 of each, and how a rerun may differ from it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

RELATIVE, ABSOLUTE = 1e-6, 1e-9
"""Difference of a number that another processor's order of additions may make."""

PIXELS, SHADES = 0.01, 8
"""Share of the pixels of a figure that may differ by more than so many of 256 shades."""

FORMAT = "urbanecon-expected/1"

RULES: Mapping[str, str] = {
    "numbers": f"every number within {RELATIVE:g} of itself or {ABSOLUTE:g}; words the same",
    "printed": "every printed number within one unit of its last digit; words the same",
    "pixels": f"at most {PIXELS:.0%} of the pixels differ by more than {SHADES} of 256 shades",
    "noted": "a difference in bytes is told and is no failure: its numbers are checked elsewhere",
}
"""How outputs are compared, where their bytes differ."""

BY_SUFFIX = {
    ".tex": "printed",
    ".html": "printed",
    ".docx": "printed",
    ".json": "printed",
    ".png": "pixels",
    ".pdf": "noted",
}


@dataclass(frozen=True, slots=True)
class Expected:
    """One output as it should be; `file` is relative to the project."""

    file: str
    sha256: str
    bytes: int
    rule: str


def expected(file: str, content: bytes) -> Expected:
    """Return what is expected of an output from its content."""
    rule = "numbers" if file == "paper/numbers.json" else BY_SUFFIX[f".{file.rsplit('.', 1)[1]}"]
    return Expected(file, sha256(content), len(content), rule)


def as_json(outputs: list[Expected]) -> bytes:
    """Return the expected outputs as a JSON document, rules in words with them."""
    document = {"format": FORMAT, "rules": dict(RULES), "outputs": [asdict(o) for o in outputs]}
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def from_json(text: str) -> list[Expected]:
    """Return the expected outputs of a JSON document of `as_json`.

    Raises
    ------
    ValueError
        If it is not one.
    """
    document: Any = json.loads(text)
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f"it is not a document of the format {FORMAT!r}")
    return [Expected(**entry) for entry in document["outputs"]]


def manifest(files: Mapping[str, bytes]) -> bytes:
    """Return the sha256 of every file, a line each, as the program sha256sum reads it."""
    lines = [f"{sha256(content)}  {path}\n" for path, content in sorted(files.items())]
    return "".join(lines).encode()


def from_manifest(text: str) -> dict[str, str]:
    """Return the sha256 of each file of a manifest by its path.

    Raises
    ------
    ValueError
        If a line is no such pair, or a path leads out of the package.
    """
    pairs = (line.split("  ", 1) for line in text.splitlines())
    listed = {path: digest for digest, path in pairs}
    for path in map(PurePosixPath, listed):
        if path.is_absolute() or ".." in path.parts:
            raise ValueError(f"{path} leads out of the package")
    return listed


def sha256(content: bytes) -> str:
    """Return the sha256 of some bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()
