"""The check of the entries of a registry. All files here are synthetic."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import pytest
from synthetic_registry import (
    BARE_PACKAGE,
    FACTS,
    FILE,
    GOOD,
    PACKAGE,
    make_project,
    only_source,
)

from urbanecon.cleaning.registry import load_registry
from urbanecon.errors import RegistryError, UnknownNameError


def test_a_good_entry_becomes_a_frozen_source(tmp_path: Path) -> None:
    source = only_source(make_project(tmp_path, FILE))
    assert source.feeds == ("gdp", "E1")
    assert (source.package, source.version) == ("", "")
    with pytest.raises(dataclasses.FrozenInstanceError):
        source.url = "https://elsewhere.org"  # type: ignore[misc]


def test_an_unknown_id_suggests_the_closest_source(tmp_path: Path) -> None:
    registry = load_registry(make_project(tmp_path, FILE).data_raw / "sources.toml")
    assert "lights" in registry
    assert "light" not in registry
    with pytest.raises(UnknownNameError, match=r"no source 'light'. Did you mean 'lights'"):
        registry["light"]


@pytest.mark.parametrize("entry", [FILE, FACTS, PACKAGE, BARE_PACKAGE], ids=lambda e: e["kind"])
def test_each_field_that_is_left_out_is_named(tmp_path: Path, entry: dict[str, object]) -> None:
    for field in entry:
        incomplete = {name: value for name, value in entry.items() if name != field}
        project = make_project(tmp_path / field, incomplete)
        name = "number 1" if field == "id" else str(entry["id"])
        with pytest.raises(RegistryError, match=f"source '{name}': '{field}' is missing"):
            load_registry(project.data_raw / "sources.toml")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("id", "", "'id' is empty"),
        ("id", 7, "'id' is 7; expected text"),
        ("kind", "url", "'kind' is 'url'; expected one of file, package, facts"),
        ("tier", "D", "'tier' is 'D'; expected one of A, B, C"),
        ("tier", 1, "'tier' is 1; expected text"),
        ("licence", "  ", "'licence' is empty"),
        ("citation", 3.5, "'citation' is 3.5; expected text"),
        ("years", 2010, "'years' is 2010; expected text"),
        ("bytes", "12", "'bytes' is '12'; expected a positive whole number"),
        ("bytes", True, "'bytes' is True; expected a positive whole number"),
        ("bytes", 0, "'bytes' is 0; expected a positive whole number"),
        ("sha256", "abc", "'sha256' is 'abc'; expected 64 digits"),
        ("sha256", "G" * 64, "'sha256' is 'GGG"),
        ("sha256", hashlib.sha256(GOOD).hexdigest().upper(), "expected 64 digits of 0-9, a-f"),
        ("file", "/etc/passwd", "expected a path inside data_raw/"),
        ("file", "../outside.csv", "expected a path inside data_raw/"),
        ("file", "a\\b.csv", "expected a path inside data_raw/"),
        ("url", "ftp://example.org/x", "expected http.*//host/path or an empty text"),
        ("url", "https://[broken/x", "'url' is 'https://.broken/x'"),
        ("commit", "f" * 40, "does not occur in 'url'"),
        ("feeds", [], "expected a list of at least one name"),
        ("feeds", "gdp", "expected a list of at least one name"),
        ("feeds", ["gpd"], "'feeds' names 'gpd'.*Did you mean 'gdp'"),
        ("feeds", ["E5"], "'feeds' names 'E5'"),
        ("size", 12, "'size' is no field of an entry of kind 'file'"),
    ],
)
def test_a_wrong_field_is_named_with_what_was_expected(
    tmp_path: Path, field: str, value: object, said: str
) -> None:
    project = make_project(tmp_path, {**FILE, field: value})
    with pytest.raises(RegistryError, match=f"sources.toml: source .*: .*{said}"):
        load_registry(project.data_raw / "sources.toml")


def test_a_misspelt_field_is_suggested(tmp_path: Path) -> None:
    entry = {("license" if name == "licence" else name): value for name, value in FILE.items()}
    project = make_project(tmp_path, entry)
    with pytest.raises(RegistryError, match=r"'licence' is missing.* Did you mean 'license'\?"):
        load_registry(project.data_raw / "sources.toml")


def test_two_entries_with_one_id_are_refused(tmp_path: Path) -> None:
    project = make_project(tmp_path, FILE, {**FACTS, "id": "lights"})
    with pytest.raises(RegistryError, match="source 'lights': 'id' is used by an earlier entry"):
        load_registry(project.data_raw / "sources.toml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", r"expected \[\[source\]\] entries and nothing else, found \[\]"),
        ("source = [1, 2]", "expected"),
        ("[source]\nid = 'x'", "expected"),
        ("[[sources]]\nid = 'x'", r"found \['sources'\]"),
        ("[[source]\n", "cannot be read"),
    ],
)
def test_a_file_that_is_no_list_of_sources_is_refused(
    tmp_path: Path, text: str, said: str
) -> None:
    project = make_project(tmp_path)
    (project.data_raw / "sources.toml").write_text(text, encoding="utf-8")
    with pytest.raises(RegistryError, match=said):
        load_registry(project.data_raw / "sources.toml")


def test_a_registry_in_a_wrong_encoding_is_refused(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    (project.data_raw / "sources.toml").write_bytes("# 城市".encode("gb18030"))
    with pytest.raises(RegistryError, match=r"sources\.toml cannot be read"):
        load_registry(project.data_raw / "sources.toml")
