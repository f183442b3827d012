"""Download the raw files that are missing, whole and verified or not at all.

pooch carries the bytes. Retrying is done here, because only a broken or busy
connection is worth a second attempt, not an address that is gone or a file with
the wrong checksum; and so is the move into place, through `urbanecon.atomic`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from urbanecon.atomic import writing
from urbanecon.cleaning.registry import MIRROR_VARIABLE, Located, load_registry, locate, verify
from urbanecon.cleaning.registry_entry import Source
from urbanecon.errors import ChecksumError, SourceMissingError, UrbaneconError
from urbanecon.project import Project, find_project

TIMEOUT = 30.0
"""Seconds without a byte after which a connection counts as broken."""
ATTEMPTS = 3
PROBE_TIMEOUT = 2.0
"""Seconds that a machine without internet loses, whatever its resolver does."""
FIRST_WAIT = 1.0
"""Seconds before the second attempt; doubled before each further one."""
BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
"""HTTP answers that say: later, perhaps."""
CHUNK = 1 << 16


class _NoAnswerError(SourceMissingError):
    """The network or the server does not answer: other files would fare no better."""


class _BrokenError(Exception):
    """One attempt failed in a way that the next may not.

    No OSError, unlike the exceptions of requests, which `writing` would report
    as a folder that cannot be written.
    """


@dataclass(frozen=True, slots=True)
class _Patience:
    """How long to try."""

    probe: float
    timeout: float
    attempts: int


def fetch(
    ids: Iterable[str] | None = None,
    project: Project | None = None,
    *,
    progress: bool = True,
    timeout: float = TIMEOUT,
    attempts: int = ATTEMPTS,
) -> list[Located]:
    """Get the raw files that are not on this machine into `data_raw/`.

    Parameters
    ----------
    ids
        Sources by registry id; default every source that can be downloaded. A
        source that is already in `data_raw/`, the mirror or a package is not
        downloaded.
    project
        Default the project of the working directory.
    progress
        Show a bar a file, on a terminal only.
    timeout
        Seconds without a byte after which an attempt is given up.
    attempts
        How often a broken connection or a busy server is tried, with doubling
        pauses.

    Returns
    -------
    list of Located
        In the order of `ids`; `origin` is "download" for what was fetched now.

    Raises
    ------
    UnknownNameError
        If an id is not in the registry.
    SourceMissingError
        If there is no internet, or a file is not served or cannot be downloaded.
        The other files have been fetched nevertheless.
    ChecksumError
        If a file is served with other bytes than the registry names: nothing is
        left of it. Or if one is present with other bytes: it is not replaced, and
        nothing is downloaded before its owner has seen to it.
    OutputError
        If the folder cannot be written or the disk is full.
    """
    project = project or find_project()
    sources = _chosen(ids, project)
    if ids is None:
        sources = [source for source in sources if source.url]
    patience = _Patience(PROBE_TIMEOUT, timeout, attempts)
    located, failures = _gather(sources, project, patience, progress=progress)
    if len(failures) == 1:
        raise next(iter(failures.values()))
    if failures:
        raise SourceMissingError(_summary(failures))
    return located


def try_fetch_missing(
    project: Project | None = None,
    ids: Iterable[str] | None = None,
    *,
    progress: bool = True,
    timeout: float = PROBE_TIMEOUT,
) -> tuple[list[Located], dict[str, str]]:
    """Get what can be had at once, and say why the rest cannot.

    Without internet this costs `timeout` seconds in all: the first missing file
    is asked for once, and when nothing answers no other is.

    Parameters
    ----------
    project
        Default the project of the working directory.
    ids
        Sources by registry id; default all.
    progress
        Show a bar a file, on a terminal only.
    timeout
        Seconds that the first answer may take, name resolution included.

    Returns
    -------
    located : list of Located
        What is on this machine now, in registry order or that of `ids`.
    missing : dict
        Reason by id, for every other source.

    Raises
    ------
    UnknownNameError, OutputError
        As `fetch`.
    ChecksumError
        If a file on this machine has other bytes than the registry names; a
        wrong download is a reason in `missing` instead.
    """
    project = project or find_project()
    patience = _Patience(timeout, TIMEOUT, attempts=1)
    located, failures = _gather(_chosen(ids, project), project, patience, progress=progress)
    return located, {name: str(failure) for name, failure in failures.items()}


def reachable(url: str, timeout: float = PROBE_TIMEOUT) -> bool:
    """Return whether anything answers at `url` within `timeout` seconds.

    The question is asked in a thread that is left behind when time is up: a
    resolver without internet may block for far longer than any socket timeout,
    and each address of a name has a timeout of its own.
    """
    import requests

    answered, done = threading.Event(), threading.Event()

    def ask() -> None:
        try:
            requests.head(url, timeout=timeout).close()
            answered.set()
        except (OSError, ValueError):  # what requests raises is one or both of these
            pass
        finally:
            done.set()

    threading.Thread(target=ask, daemon=True).start()
    done.wait(timeout)
    return answered.is_set()


def _chosen(ids: Iterable[str] | None, project: Project) -> list[Source]:
    registry = load_registry(project.data_raw / "sources.toml")
    return [registry[name] for name in dict.fromkeys(registry if ids is None else ids)]


def _gather(
    sources: Iterable[Source], project: Project, patience: _Patience, *, progress: bool
) -> tuple[list[Located], dict[str, UrbaneconError]]:
    """Return what is here or was downloaded, and why the rest is not, both in order."""
    found: dict[str, Located | UrbaneconError] = {}
    to_get = []
    for source in sources:
        try:
            found[source.id] = locate(source, project)
        except SourceMissingError as error:
            found[source.id] = error
            if source.url:
                to_get.append(source)
    found |= _download_all(to_get, project, patience, progress=progress)
    located = [one for one in found.values() if isinstance(one, Located)]
    failures = {name: one for name, one in found.items() if isinstance(one, UrbaneconError)}
    return located, failures


def _download_all(
    sources: Sequence[Source], project: Project, patience: _Patience, *, progress: bool
) -> dict[str, Located | UrbaneconError]:
    """Download each; one that is gone or wrong does not stop the others, silence does."""
    outcome: dict[str, Located | UrbaneconError] = {}
    for position, source in enumerate(sources):
        try:
            if position == 0 and not reachable(source.url, patience.probe):
                raise _NoAnswerError(_silent(source, "does not answer"))
            outcome[source.id] = _download(source, project, patience, progress=progress)
        except _NoAnswerError as error:
            outcome |= {later.id: error for later in sources[position:]}
            break
        except (SourceMissingError, ChecksumError) as error:
            outcome[source.id] = error
    return outcome


def _download(source: Source, project: Project, patience: _Patience, *, progress: bool) -> Located:
    target = project.data_raw / source.file
    reason = ""
    for attempt in range(patience.attempts):
        if attempt:
            time.sleep(FIRST_WAIT * 2 ** (attempt - 1))
        try:
            with writing(target) as temporary:
                _stream(source, temporary, patience.timeout, progress=progress)
                verify(source, temporary, "download")
        except _BrokenError as error:
            reason = str(error)
        else:
            return Located(source, target, "download")
    raise _NoAnswerError(_silent(source, f"breaks off ({reason})"))


def _stream(source: Source, temporary: Path, timeout: float, *, progress: bool) -> None:
    """Carry the bytes once; tell a connection that broke from an address that is wrong."""
    import pooch
    import requests
    from tqdm import tqdm

    silent = None if progress else True  # None: silent where there is no terminal
    with tqdm(
        total=source.bytes, desc=source.id, unit="B", unit_scale=True, disable=silent
    ) as bar:
        carry = pooch.HTTPDownloader(progressbar=bar, chunk_size=CHUNK, timeout=timeout)
        try:
            carry(source.url, str(temporary), None)
        except requests.HTTPError as error:
            code = getattr(error.response, "status_code", 0)
            if code in BUSY:
                raise _BrokenError(f"HTTP {code}") from error
            raise SourceMissingError(_refused(source, f"HTTP {code}")) from error
        except _broken_connections() as error:
            raise _BrokenError(str(error)) from error
        except requests.RequestException as error:
            raise SourceMissingError(_refused(source, str(error))) from error


def _broken_connections() -> tuple[type[Exception], ...]:
    from requests import exceptions

    return (
        ConnectionError,
        TimeoutError,
        exceptions.ConnectionError,
        exceptions.Timeout,
        exceptions.ChunkedEncodingError,
        exceptions.ContentDecodingError,
    )


def _silent(source: Source, what: str) -> str:
    return (
        f"{urlsplit(source.url).netloc} {what}. Check the internet connection and run "
        f"`urbanecon fetch` again, or point {MIRROR_VARIABLE} at a folder that holds the files."
    )


def _refused(source: Source, answer: str) -> str:
    return (
        f"Source {source.id!r} is not served at {source.url} ({answer}). Put the file at "
        f"data_raw/{source.file} by hand, or point {MIRROR_VARIABLE} at a folder that holds it."
    )


def _summary(failures: Mapping[str, UrbaneconError]) -> str:
    """Return one line a reason, with the sources that it holds for."""
    ids: dict[str, list[str]] = {}
    for name, failure in failures.items():
        ids.setdefault(str(failure), []).append(name)
    lines = [f"- {', '.join(names)}: {reason}" for reason, names in ids.items()]
    return "\n".join([f"{len(failures)} sources could not be had.", *lines])
