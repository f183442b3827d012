"""Write outputs whole or not at all.

Every output is written to a temporary name in its own folder and moved into
place, so an interrupted run never leaves a half-written file under a final
name, and a failed write never harms the file that was there.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from urbanecon.errors import OutputError


@contextmanager
def writing(target: Path) -> Iterator[Path]:
    """Yield a temporary path beside `target`; move it there when the block ends well.

    Parameters
    ----------
    target
        The final path. Its folder is made if need be. The temporary name keeps
        the suffix of `target`, because writers such as matplotlib read it.

    Raises
    ------
    OutputError
        If the folder cannot be written or the disk is full. `target`, if it
        existed, is unchanged.
    """
    target = Path(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            prefix=f".{target.stem}-", suffix=target.suffix, dir=target.parent
        )
    except OSError as error:
        raise OutputError(_cannot_write(target, error)) from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)  # mkstemp makes files private; outputs are to be shared
        temporary.replace(target)
    except OSError as error:
        raise OutputError(_cannot_write(target, error)) from error
    finally:
        temporary.unlink(missing_ok=True)


def write_text(target: Path, text: str) -> None:
    """Write `text` to `target` as UTF-8, whole or not at all."""
    with writing(target) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def _cannot_write(target: Path, error: OSError) -> str:
    reason = error.strerror or str(error)
    return (
        f"Cannot write {target}: {reason}. Nothing was changed. Check that the folder "
        "exists, may be written to and has free space, then run the same command again."
    )
