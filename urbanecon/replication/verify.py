"""Whether a rerun from a package gives what the package says."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from urbanecon.errors import DataError, UrbaneconError
from urbanecon.replication.compare import MISSING, Difference, differences
from urbanecon.replication.contents import CODE, EXPECTED, MANIFEST, OUTPUTS
from urbanecon.replication.hashes import Expected, from_json, from_manifest, sha256

Rerun = Callable[[Path], None]


@dataclass(frozen=True, slots=True)
class Verification:
    """What was compared, and what differs.

    Attributes
    ----------
    files
        Files of the package whose sha256 was checked.
    outputs
        Outputs compared; 0 if there were none to compare.
    found
        Every difference, those beyond tolerance first.
    """

    files: int
    outputs: int
    found: tuple[Difference, ...]

    @property
    def failures(self) -> tuple[Difference, ...]:
        """Differences beyond tolerance."""
        return tuple(difference for difference in self.found if not difference.within)


def verify_package(
    folder: Path, *, quick: bool = False, rerun: Rerun | None = None
) -> Verification:
    """Check a package, and compare the outputs of a rerun with those expected.

    Parameters
    ----------
    folder
        The package, unpacked.
    quick
        Run nothing: compare the outputs that a run in ``code/`` left there, if one did.
    rerun
        What makes the outputs in a copy of ``code/`` (default: `reproduce`, its
        own master command in an environment of its own).

    Raises
    ------
    DataError
        If the folder is no package, or its lists are damaged.
    UrbaneconError
        If the rerun stops before its end.
    """
    folder = Path(folder)
    listed, wanted = _lists(folder)
    changed = _changed_files(folder, listed)
    made = folder / CODE
    if quick:
        ran = any((made / output.file).is_file() for output in wanted)
        found = _compare(folder, made, wanted) if ran else []
        return _verification(len(listed), len(wanted) if ran else 0, changed + found)
    with tempfile.TemporaryDirectory(prefix="urbanecon-") as name:
        copy = Path(name) / "code"
        for path in listed:
            if path.startswith(CODE) and (folder / path).is_file():
                target = copy / path.removeprefix(CODE)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(folder / path, target)
        (rerun or reproduce)(copy)
        found = _compare(folder, copy, wanted)
    return _verification(len(listed), len(wanted), changed + found)


def reproduce(code: Path) -> None:
    """Run the master command of a package's code, which makes its own environment.

    Raises
    ------
    UrbaneconError
        If it does not end well.
    """
    done = subprocess.run([sys.executable, "reproduce.py"], cwd=code, check=False)
    if done.returncode:
        raise UrbaneconError(
            f"The rerun stopped with exit code {done.returncode}; its own message is above. "
            "Mend what it names, then run the same command again."
        )


def _lists(folder: Path) -> tuple[dict[str, str], list[Expected]]:
    try:
        listed = from_manifest((folder / MANIFEST).read_text(encoding="utf-8"))
        wanted = from_json((folder / EXPECTED).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataError(
            f"{folder} is no replication package: it has no {Path(error.filename).name}. Name the "
            "folder that `urbanecon package` wrote, or unpack its zip."
        ) from error
    except (ValueError, TypeError, KeyError) as error:
        raise DataError(
            f"The lists of {folder} are damaged ({error}). Unpack the package again."
        ) from error
    return listed, wanted


def _changed_files(folder: Path, listed: dict[str, str]) -> list[Difference]:
    """Files of the package that are gone or not what they were."""
    found = []
    for path, digest in listed.items():
        there = sha256((folder / path).read_bytes()) if (folder / path).is_file() else MISSING
        if there != digest:
            found.append(Difference(path, "", digest, there, within=False))
    return found


def _compare(folder: Path, made: Path, wanted: list[Expected]) -> list[Difference]:
    found = []
    for output in wanted:
        path, kept = made / output.file, folder / OUTPUTS / output.file
        if not path.is_file():
            found.append(Difference(output.file, "", output.sha256, MISSING, within=False))
        elif sha256(path.read_bytes()) == output.sha256:
            continue
        elif kept.is_file():
            found += differences(output.file, output.rule, kept.read_bytes(), path.read_bytes())
        else:  # told by _changed_files too: without it there is nothing to hold it against
            there = sha256(path.read_bytes())
            found.append(Difference(output.file, "", output.sha256, there, within=False))
    return found


def _verification(files: int, outputs: int, found: list[Difference]) -> Verification:
    return Verification(files, outputs, tuple(sorted(found, key=lambda d: d.within)))
