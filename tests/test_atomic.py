"""Outputs are written whole or not at all."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from urbanecon.atomic import write_text, writing
from urbanecon.errors import OutputError


def test_a_finished_block_moves_the_file_into_place(tmp_path: Path) -> None:
    write_text(tmp_path / "new" / "a.txt", "one")
    assert (tmp_path / "new" / "a.txt").read_text() == "one"
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["a.txt"]


def test_an_interrupted_block_leaves_the_old_file_and_no_debris(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    write_text(target, "old")
    with pytest.raises(KeyboardInterrupt), writing(target) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_full_disk_is_an_error_that_names_the_file_and_keeps_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    write_text(target, "old")
    with pytest.raises(OutputError, match=r"a\.txt: No space left on device"), writing(target):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert target.read_text() == "old"


def test_a_folder_that_cannot_be_made_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="Check that the folder"):
        write_text(tmp_path / "file" / "a.txt", "text")


def test_outputs_are_readable_by_others(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "one")
    assert (tmp_path / "a.txt").stat().st_mode & 0o044 == 0o044
