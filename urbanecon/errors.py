"""The errors and warnings that urbanecon raises.

Each message names what was wrong and where (file, city, year, variable), what
was expected, and what to do. The command line prints the message alone; a
traceback is for errors of the program, not of its user.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class UrbaneconError(Exception):
    """Base of every error that a user can cause and mend."""


class DataError(UrbaneconError):
    """A raw file or a table does not hold what it should."""


class MissingColumnError(DataError):
    """A required column is absent."""


class UnknownNameError(UrbaneconError):
    """A name (city, variable, source, effect) is not known."""


class SourceMissingError(UrbaneconError):
    """A raw file is neither in the project, nor in the mirror, nor to be had."""


class ChecksumError(DataError):
    """A file's sha256 differs from the registry's."""


class RegistryError(UrbaneconError):
    """`sources.toml` or `codebook.toml` is incomplete or contradicts itself."""


class OutputError(UrbaneconError):
    """An output could not be written (full disk, folder not writable)."""


class EstimationError(UrbaneconError):
    """An estimator cannot give a number from what it was given."""


class NotEstimableError(EstimationError):
    """The data that a specification needs are missing; the message names them."""


class StaleResultError(UrbaneconError):
    """A number, table or figure is missing or older than what it rests on."""


class UrbaneconWarning(UserWarning):
    """Base of the named warnings."""


class DataWarning(UrbaneconWarning):
    """Rows or cells were set aside or look wrong; the message lists them."""


class EstimationWarning(UrbaneconWarning):
    """An estimate stands, but with a caveat the reader must know."""


def did_you_mean(name: object, known: Iterable[object]) -> str:
    """Return `` Did you mean 'x'?`` for the closest known name, else an empty string."""
    match = get_close_matches(str(name), [str(k) for k in known], n=1, cutoff=0.5)
    return f" Did you mean {match[0]!r}?" if match else ""
