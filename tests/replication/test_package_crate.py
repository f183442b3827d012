"""The RO-Crate metadata: required fields, and nothing that leads nowhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def graph(package: Path) -> dict[str, dict[str, Any]]:
    document = json.loads((package / "ro-crate-metadata.json").read_text(encoding="utf-8"))
    assert document["@context"] == "https://w3id.org/ro/crate/1.1/context"
    entities = document["@graph"]
    assert len({entity["@id"] for entity in entities}) == len(entities)
    return {entity["@id"]: entity for entity in entities}


def references(value: Any) -> list[str]:
    """Every @id that an entity's properties point at."""
    if isinstance(value, list):
        return [found for one in value for found in references(one)]
    if isinstance(value, dict):
        return [value["@id"]] if "@id" in value else []
    return []


def test_the_descriptor_is_about_the_root_and_names_the_specification(graph: dict) -> None:
    descriptor = graph["ro-crate-metadata.json"]
    assert descriptor["@type"] == "CreativeWork"
    assert descriptor["about"] == {"@id": "./"}
    assert descriptor["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}


def test_the_root_has_what_the_specification_requires(graph: dict) -> None:
    root = graph["./"]
    assert root["@type"] == "Dataset"
    for name in ("name", "description", "license"):
        assert root[name], name
    assert len(root["datePublished"]) == len("2020-01-02")


def test_every_entity_has_id_type_and_name(graph: dict) -> None:
    for key, entity in graph.items():
        assert entity["@type"], key
        assert key == "ro-crate-metadata.json" or entity["name"], key


def test_every_reference_leads_to_an_entity(graph: dict) -> None:
    outside = {"https://w3id.org/ro/crate/1.1"}
    for entity in graph.values():
        for key, value in entity.items():
            if key != "@id":
                assert set(references(value)) <= set(graph) | outside, (entity["@id"], key)


def test_every_file_is_described_and_reached_from_the_root(graph: dict, package: Path) -> None:
    lying = {
        path.relative_to(package).as_posix() for path in package.rglob("*") if path.is_file()
    } - {"ro-crate-metadata.json", "MANIFEST.sha256"}
    described = {key for key, entity in graph.items() if "File" in entity["@type"]}
    assert described == lying
    reached, waiting = set(), ["./"]
    while waiting:
        key = waiting.pop()
        reached.add(key)
        waiting += references(graph[key].get("hasPart", []))
    assert lying <= reached


def test_raw_files_carry_their_own_licence_and_code_carries_its(graph: dict) -> None:
    raw = graph["code/data_raw/open_data/raw.csv"]
    assert raw["license"] == {"@id": "https://spdx.org/licenses/CC-BY-4.0"}
    assert raw["citation"] == "Someone, open_data"
    assert graph["code/reproduce.py"]["license"] == {"@id": "https://spdx.org/licenses/MIT"}
    assert graph["#licence-facts_pilots"]["name"] == "facts of official notices"
