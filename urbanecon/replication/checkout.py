"""What git says of the checkout: which files belong to the project, and their date."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from urbanecon.errors import SourceMissingError


def tracked_files(root: Path) -> list[str]:
    """Return the tracked files that are there, as paths relative to `root`, sorted.

    Raises
    ------
    SourceMissingError
        If `root` is no git checkout, or git is not installed.
    """
    listed = _git(root, "ls-files", "-z").split("\0")
    return sorted(name for name in listed if name and (root / name).is_file())


def uncommitted_files(root: Path) -> list[str]:
    """Return files that differ from the last commit or that git does not know, sorted."""
    lines = _git(root, "status", "--porcelain", "-z", "--untracked-files=all").split("\0")
    return sorted(line[3:] for line in lines if line)


def commit_date(root: Path) -> str:
    """Return the day of the last commit, as 2014-12-29."""
    return _git(root, "log", "-1", "--format=%cs").strip()


def _git(root: Path, *arguments: str) -> str:
    """Return what git prints.

    Only the checkout at `root` itself counts, not one that `root` lies in.
    """
    git = shutil.which("git")
    if git is None:
        raise SourceMissingError(
            "A package is made from the files that git keeps, and git is not installed. "
            "Install it, then run the same command again."
        )
    done = subprocess.run(  # noqa: S603 - a fixed program with fixed arguments
        [git, "-C", str(root), *arguments],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode or not (root / ".git").exists():
        raise SourceMissingError(
            f"{root} is no git checkout with a commit, so nothing says which files belong to the "
            f"project{_said(done.stderr)}. Make the package in a clone of the repository."
        )
    return done.stdout


def _said(stderr: str) -> str:
    return f" (git: {stderr.strip().splitlines()[-1]})" if stderr.strip() else ""
