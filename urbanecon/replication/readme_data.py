"""What the README of a package says of its data: rights, licences, access, each source."""

from __future__ import annotations

from collections.abc import Mapping

from urbanecon.cleaning.registry_entry import Source
from urbanecon.replication.contents import Material
from urbanecon.replication.data import access_path, raw_path, why_left_out
from urbanecon.replication.markdown import table


def availability(material: Material, files: Mapping[str, bytes]) -> list[str]:
    """Return the statements of rights, licences and availability, and each source."""
    sources = list(material.registry.values())
    public = all(source.url or source.package or raw_path(source) in files for source in sources)
    held = [source for source in sources if raw_path(source) in files]
    return [
        "## Data Availability and Provenance Statements",
        "",
        "### Statement about Rights",
        "",
        f"The {len(held)} raw files in this package are passed on under licences that their "
        "publishers state, or are facts of official notices. The others are not here: where no "
        "licence is stated, or only one of the repository that a file lies in, we pass nothing on "
        "and say how to get it. For the authors to confirm on deposit:",
        "",
        "- [ ] The authors have legitimate access to, and permission to use, the data.",
        "- [ ] The authors have permission to redistribute the data in this package.",
        "",
        "### License for Data",
        "",
        "Each file keeps the licence of its source, named below; `DATA_LICENCES.md` says what the "
        "tiers mean. The licence of the code does not reach the data.",
        "",
        "### Summary of Availability",
        "",
        f"- [{'x' if public else ' '}] All data are publicly available.",
        f"- [{' ' if public else 'x'}] Some data have no public address.",
        f"- {len(held)} of {len(sources)} sources are in the package; {len(sources) - len(held)} "
        "are had by the recipes in `access/`, at no cost and without registration.",
        "",
        "### Details on each Data Source",
        "",
        *(line for source in sources for line in _source(source, files)),
    ]


def _source(source: Source, files: Mapping[str, bytes]) -> list[str]:
    held = raw_path(source) in files
    notes = [f"- Known defects: {source.notes}"] if source.notes else []
    digest = [f"- sha256: `{source.sha256}`"] if source.sha256 else []
    where = (
        f"yes, `{raw_path(source)}`"
        if held
        else f"no. {why_left_out(source)} Access: [`{access_path(source)}`]({access_path(source)})"
    )
    return [
        f"#### {source.id}",
        "",
        f"- Citation: {source.citation}",
        f"- Holds: {source.variables} ({source.unit}; {source.years})",
        f"- Licence: {source.licence}. Tier: {source.tier}",
        f"- Address: {_address(source)}",
        f"- In this package: {where}",
        *digest,
        *notes,
        "",
    ]


def _address(source: Source) -> str:
    if source.package:
        return f"package {source.package} {source.version}"
    if source.kind == "facts":
        return "typed from the sources cited; part of the project"
    return f"<{source.url}>" if source.url else "none"


def dataset_list(material: Material, files: Mapping[str, bytes]) -> list[str]:
    """Return the list of raw files, provided or not."""
    rows = [
        (
            f"`{source.file or source.package}`",
            source.id,
            f"{source.bytes:,}" if source.bytes else "",
            "yes" if raw_path(source) in files else "no",
        )
        for source in material.registry.values()
    ]
    return [
        "## Dataset list",
        "",
        "Paths are below `code/data_raw/`. Every variable that is read from them, or computed, "
        "stands in the codebook with unit and allowed values.",
        "",
        *table(("file", "source", "bytes", "provided"), rows),
    ]
