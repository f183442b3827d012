"""Two versions of one output: where they differ, and whether that is within tolerance."""

from __future__ import annotations

import io
import json
import math
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from urbanecon.replication.hashes import ABSOLUTE, PIXELS, RELATIVE, SHADES, sha256

NUMBER = re.compile(r"[-−]?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?")
MISSING = "missing"
DERIVED = "text"
"""Field of a number that follows from its value."""
DOCUMENT = "word/document.xml"
"""Part of a Word file that holds its text."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs.

    Attributes
    ----------
    file
        Relative to the project.
    number
        Its name, or its place in the file; empty where the file as a whole is meant.
    expected, found
        As text.
    within
        Whether the difference is within the tolerance of the file.
    """

    file: str
    number: str
    expected: str
    found: str
    within: bool

    def __str__(self) -> str:
        """Return the fields on one line, separated by tabs."""
        verdict = "within tolerance" if self.within else "DIFFERS"
        return f"{verdict}\t{self.file}\t{self.number}\t{self.expected}\t{self.found}"


def differences(file: str, rule: str, expected: bytes, found: bytes) -> list[Difference]:
    """Compare two versions of an output by a rule of `hashes.RULES`; none if bytes are equal."""
    if expected == found:
        return []
    if rule == "pixels":
        return [_picture(file, expected, found)]
    if rule == "noted":
        return [Difference(file, "", sha256(expected), sha256(found), within=True)]
    try:
        was, now = (_leaves(file, rule, content) for content in (expected, found))
    except (ValueError, KeyError, zipfile.BadZipFile) as error:
        return [Difference(file, "", "a readable file", f"damaged: {error}", within=False)]
    changed = list(_changed(file, rule, was, now))
    # A date inside a Word file differs, and none of what it shows.
    return changed or [Difference(file, "", sha256(expected), sha256(found), within=True)]


def _changed(
    file: str, rule: str, was: Mapping[str, Any], now: Mapping[str, Any]
) -> Iterator[Difference]:
    for name in sorted(was.keys() | now.keys()):
        old, new = was.get(name, MISSING), now.get(name, MISSING)
        if old != new:
            within = same_value(old, new) if rule == "numbers" else same_print(str(old), str(new))
            yield Difference(file, name, str(old), str(new), within)


def same_value(old: Any, new: Any) -> bool:
    """Whether two values are equal, numbers within `RELATIVE` or `ABSOLUTE`."""
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in (old, new))
    if not numbers:
        return bool(old == new)
    return math.isclose(old, new, rel_tol=RELATIVE, abs_tol=ABSOLUTE)


def same_print(old: str, new: str) -> bool:
    """Whether two texts have the same words, and numbers within one unit of the last digit."""
    if NUMBER.sub("#", old) != NUMBER.sub("#", new):
        return False
    pairs = zip(NUMBER.findall(old), NUMBER.findall(new), strict=True)
    return all(abs(_value(a) - _value(b)) <= 1.001 * max(_unit(a), _unit(b)) for a, b in pairs)


def _value(printed: str) -> float:
    return float(printed.replace(",", "").replace("−", "-"))


def _unit(printed: str) -> float:
    """Return one unit of the last digit; a whole number must be the same."""
    mantissa, _, exponent = printed.lower().partition("e")
    digits = len(mantissa.partition(".")[2])
    return 10.0 ** (int(exponent or 0) - digits) if digits else 0.0


def _leaves(file: str, rule: str, content: bytes) -> dict[str, Any]:
    """Return what a file says, by name (numbers), path (JSON), or line (text, Word)."""
    if file.endswith(".json"):
        found = dict(_walk(json.loads(content), ""))
        return _by_name(found) if rule == "numbers" else found
    if file.endswith(".docx"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            content = archive.read(DOCUMENT)
        content = re.sub(rb"<[^>]+>", b"", content.replace(b"</w:p>", b"\n"))
    lines = content.decode("utf-8").splitlines()
    return {f"line {at}": line for at, line in enumerate(lines, start=1)}


def _by_name(leaves: Mapping[str, Any]) -> dict[str, Any]:
    """Return the leaves of ``numbers.json``, the value of each number under its name."""
    named = {}
    for path, value in leaves.items():
        section, _, rest = path.partition("/")
        name, _, field = rest.rpartition("/")
        if section == "numbers" and field == DERIVED:
            continue
        named[name if section == "numbers" and field == "value" else path] = value
    return named


def _walk(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in pairs:
            yield from _walk(inner, f"{path}/{key}" if path else str(key))
    else:
        yield path, value


def _picture(file: str, expected: bytes, found: bytes) -> Difference:
    from matplotlib.image import imread

    try:
        was, now = (_shades(imread(io.BytesIO(content))) for content in (expected, found))
    except (OSError, SyntaxError, ValueError) as error:
        return Difference(file, "", "a readable picture", f"damaged: {error}", within=False)
    if was.shape != now.shape:
        return Difference(file, "", _size(was), _size(now), within=False)
    share = float((np.abs(was - now).max(axis=2) > SHADES).mean())
    return Difference(
        file, "", "no pixel differs", f"{share:.2%} of the pixels differ", share <= PIXELS
    )


def _size(picture: np.ndarray) -> str:
    return f"{picture.shape[1]} x {picture.shape[0]} pixels"


def _shades(picture: np.ndarray) -> np.ndarray:
    """Return a picture in 256 shades, (height, width, channels)."""
    grey = picture[..., None] if picture.ndim == 2 else picture
    return np.asarray(np.rint(grey.astype("float64") * 255))
