"""The registry, and where raw files are found. All files here are synthetic unless marked."""

from __future__ import annotations

import hashlib
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from synthetic_registry import (
    BARE_PACKAGE,
    FACTS,
    FILE,
    GOOD,
    PACKAGE,
    WRONG,
    make_project,
    only_source,
    put,
)

from urbanecon.cleaning import registry as registry_module
from urbanecon.cleaning.codebook import load_codebook
from urbanecon.cleaning.registry import load_registry, locate, sha256_of, status
from urbanecon.cleaning.registry_entry import USES
from urbanecon.errors import (
    ChecksumError,
    DataError,
    RegistryError,
    SourceMissingError,
)
from urbanecon.project import Project


@pytest.fixture(autouse=True)
def no_mirror(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Synthetic projects must not see the raw files of this machine."""
    if "mirror" not in request.keywords:
        monkeypatch.delenv("URBANECON_DATA", raising=False)


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "镜像 mirror"
    folder.mkdir()
    monkeypatch.setenv("URBANECON_DATA", str(folder))
    return folder


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Install a synthetic package whose import would fail."""

    def do(content: bytes, version: str = "1.2") -> Path:
        site = tmp_path / "site"
        put(site, "parcel_data/__init__.py", b"raise RuntimeError('was imported')\n")
        put(
            site,
            f"parcel_data-{version}.dist-info/METADATA",
            f"Metadata-Version: 2.1\nName: parcel-data\nVersion: {version}\n".encode(),
        )
        monkeypatch.syspath_prepend(str(site))
        return put(site, "parcel_data/data.csv", content)

    return do


# The project's own registry


def test_every_entry_of_the_projects_registry_passes_the_check() -> None:
    registry = load_registry()
    assert len(registry) >= 32
    assert {source.kind for source in registry.values()} == {"file", "package", "facts"}
    assert registry["city_policies"].tier == "C"
    assert registry["city_macro"].package == "city-macro-data"


def test_every_source_that_the_codebook_names_is_registered_and_feeds_that_variable() -> None:
    registry = load_registry()
    said = {
        (source, variable.name)
        for variable in load_codebook().values()
        for source in variable.sources
    }
    variables = {
        (source.id, name)
        for source in registry.values()
        for name in source.feeds
        if name not in USES
    }
    assert said == variables


def test_every_effect_has_a_source() -> None:
    fed = {name for source in load_registry().values() for name in source.feeds}
    assert {"E1", "E2", "E3", "E4", "L1", "L2", "L3", "R2", "divisions", "flags"} <= fed


def test_what_can_be_downloaded_is_fixed_at_a_commit() -> None:
    for source in load_registry().values():
        if source.url:
            assert len(source.commit) == 40, source.id
            assert source.repository in source.url, source.id


def test_files_of_the_registry_share_no_path() -> None:
    files = [source.file for source in load_registry().values() if source.file]
    assert len(files) == len(set(files))


def test_the_city_panel_of_the_installed_package_is_the_registered_one(tmp_path: Path) -> None:
    located = locate(load_registry()["city_macro"], Project(tmp_path))
    assert located.origin == "package"
    assert located.path.stat().st_size == 2_040_771


@pytest.mark.mirror
def test_the_mirror_and_the_registry_describe_the_same_files(
    mirror_file: Callable[[str], Path],
) -> None:
    mirror = mirror_file("sources.toml")
    same = ("tier", "file", "bytes", "sha256", "repository", "commit", "url", "licence")
    same += ("citation", "unit", "years", "variables")
    for entry in tomllib.loads(mirror.read_text(encoding="utf-8"))["source"]:
        ours = load_registry()[entry["id"]]
        assert {name: getattr(ours, name) for name in same} == {n: entry[n] for n in same}
        assert ours.notes.startswith(entry["notes"])


@pytest.mark.mirror
def test_hashing_every_raw_file_takes_under_half_a_second(
    raw_file: Callable[[str], Path],
) -> None:
    raw_file("gpi_prefecture")
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        table = status()
        seconds.append(time.perf_counter() - start)
    assert table["origin"].isin(["mirror", "data_raw"]).sum() >= 20
    assert min(seconds) < 0.5


# Where a raw file is found


def test_a_file_in_data_raw_is_preferred_to_the_mirror(tmp_path: Path, mirror: Path) -> None:
    project = make_project(tmp_path, FILE)
    put(mirror, str(FILE["file"]), GOOD)
    source = only_source(project)
    assert locate(source, project).origin == "mirror"
    assert locate(source, project).path == mirror / source.file
    put(project.data_raw, str(FILE["file"]), GOOD)
    assert locate(source, project).origin == "data_raw"
    assert locate(source, project).path == project.data_raw / source.file


def test_the_mirror_is_preferred_to_the_package(
    tmp_path: Path, mirror: Path, install: Callable[..., Path]
) -> None:
    project = make_project(tmp_path, PACKAGE)
    path = install(GOOD)
    assert locate(only_source(project), project).origin == "package"
    assert locate(only_source(project), project).path == path
    put(mirror, str(PACKAGE["file"]), GOOD)
    assert locate(only_source(project), project).origin == "mirror"


def test_a_relative_mirror_gives_absolute_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project(tmp_path / "project", FILE)
    put(tmp_path / "raw", str(FILE["file"]), GOOD)
    monkeypatch.chdir(project.root)
    monkeypatch.setenv("URBANECON_DATA", "../raw")
    assert locate(only_source(project), project).path.is_absolute()


def test_an_empty_mirror_variable_is_as_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project(tmp_path, FILE)
    monkeypatch.setenv("URBANECON_DATA", "")
    with pytest.raises(SourceMissingError):
        locate(only_source(project), project)


def test_a_mirror_that_is_no_folder_is_an_error_even_when_the_file_is_at_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project(tmp_path, FILE)
    put(project.data_raw, str(FILE["file"]), GOOD)
    monkeypatch.setenv("URBANECON_DATA", str(tmp_path / "typo"))
    with pytest.raises(RegistryError, match=r"URBANECON_DATA is .*typo.* not a folder"):
        locate(only_source(project), project)
    with pytest.raises(RegistryError, match="URBANECON_DATA"):
        status(project)


def test_a_missing_file_names_the_places_and_the_command(tmp_path: Path, mirror: Path) -> None:
    project = make_project(tmp_path, FILE)
    with pytest.raises(SourceMissingError) as caught:
        locate(only_source(project), project)
    message = str(caught.value)
    assert str(project.data_raw / "lights") in message
    assert str(mirror / "lights") in message
    assert "`urbanecon fetch lights`" in message


def test_a_folder_in_the_place_of_a_file_is_no_file(tmp_path: Path) -> None:
    project = make_project(tmp_path, FILE)
    (project.data_raw / str(FILE["file"])).mkdir(parents=True)
    with pytest.raises(SourceMissingError):
        locate(only_source(project), project)


def test_a_file_without_url_is_said_to_be_out_of_reach_of_a_download(tmp_path: Path) -> None:
    project = make_project(tmp_path, {**FILE, "url": "", "commit": "", "repository": ""})
    with pytest.raises(SourceMissingError, match=r"cannot be downloaded.* data_raw/lights/.*hand"):
        locate(only_source(project), project)


def test_a_package_is_found_without_importing_it(
    tmp_path: Path, install: Callable[..., Path]
) -> None:
    project = make_project(tmp_path, PACKAGE)
    with pytest.raises(SourceMissingError, match=r"pip install parcel-data==1.2"):
        locate(only_source(project), project)
    path = install(GOOD, version="1.3")
    located = locate(only_source(project), project)
    assert (located.path, located.origin) == (path, "package")


def test_a_package_without_a_named_file_is_identified_by_its_version(
    tmp_path: Path, install: Callable[..., Path]
) -> None:
    project = make_project(tmp_path, BARE_PACKAGE)
    install(GOOD, version="1.3")
    with pytest.raises(SourceMissingError, match=r"the package parcel-data 1\.2\. Install it"):
        locate(only_source(project), project)
    path = install(GOOD, version="1.2")
    (path.parents[1] / "parcel_data-1.3.dist-info" / "METADATA").unlink()
    (path.parents[1] / "parcel_data-1.3.dist-info").rmdir()
    assert locate(only_source(project), project).path == path.parents[1]


def test_a_table_of_facts_lies_in_the_project_alone(tmp_path: Path, mirror: Path) -> None:
    project = make_project(tmp_path, FACTS)
    put(mirror, "facts/x.csv", GOOD)
    with pytest.raises(SourceMissingError, match=r"git checkout data_raw/facts/x.csv"):
        locate(only_source(project), project)
    path = put(project.data_raw, "facts/x.csv", GOOD)
    located = locate(only_source(project), project)
    assert (located.path, located.origin) == (path, "project")


# Checksums


@pytest.mark.parametrize("content", [WRONG, GOOD[:-1], b""], ids=["other", "truncated", "empty"])
def test_a_wrong_file_in_data_raw_is_an_error_though_the_mirror_has_the_right_one(
    tmp_path: Path, mirror: Path, content: bytes
) -> None:
    project = make_project(tmp_path, FILE)
    path = put(project.data_raw, str(FILE["file"]), content)
    put(mirror, str(FILE["file"]), GOOD)
    with pytest.raises(ChecksumError) as caught:
        locate(only_source(project), project)
    message = str(caught.value)
    assert str(path) in message
    assert f"expected sha256 {FILE['sha256']}" in message
    assert f"found {hashlib.sha256(content).hexdigest()}" in message
    assert "Delete it. Run `urbanecon fetch lights`" in message
    assert path.read_bytes() == content


def test_a_wrong_file_in_the_mirror_is_an_error_that_names_the_variable(
    tmp_path: Path, mirror: Path
) -> None:
    project = make_project(tmp_path, FILE)
    put(mirror, str(FILE["file"]), WRONG)
    with pytest.raises(ChecksumError, match="Replace it in the folder that URBANECON_DATA names"):
        locate(only_source(project), project)


def test_a_wrong_file_in_a_package_is_an_error_that_says_how_to_reinstall(
    tmp_path: Path, install: Callable[..., Path]
) -> None:
    project = make_project(tmp_path, PACKAGE)
    install(WRONG)
    with pytest.raises(ChecksumError, match=r"pip install --force-reinstall parcel-data==1.2"):
        locate(only_source(project), project)


def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(registry_module.Path, "open", refuse)
    with pytest.raises(DataError, match=r"x\.csv cannot be read: Permission denied"):
        sha256_of(tmp_path / "x.csv")


def test_a_folder_that_may_not_be_searched_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project(tmp_path, FILE)
    source = only_source(project)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(registry_module.Path, "is_file", refuse)
    with pytest.raises(DataError, match=r"lights.*cannot be read: Permission denied"):
        locate(source, project)


# Status


def test_status_has_one_row_a_source_and_survives_bad_files(
    tmp_path: Path, mirror: Path, install: Callable[..., Path]
) -> None:
    entries = [FILE, {**FILE, "id": "bad", "file": "bad/x.csv"}, PACKAGE, FACTS]
    entries.append({**FILE, "id": "absent", "file": "absent/x.csv"})
    project = make_project(tmp_path, *entries)
    put(mirror, str(FILE["file"]), GOOD)
    put(project.data_raw, "bad/x.csv", WRONG)
    put(project.data_raw, "facts/x.csv", GOOD)
    install(GOOD)
    table = status(project).set_index("id")
    assert list(table.columns) == [
        *("present", "origin", "tier", "licence", "feeds", "unit", "years", "problem")
    ]
    assert table["origin"].to_dict() == {
        "lights": "mirror",
        "bad": "",
        "parcel": "package",
        "facts_x": "project",
        "absent": "",
    }
    assert table["present"].tolist() == [True, False, True, True, False]
    assert table.loc["lights", "problem"] == ""
    assert table.loc["lights", "feeds"] == "gdp, E1"
    assert "expected sha256" in table.loc["bad", "problem"]
    assert "urbanecon fetch absent" in table.loc["absent", "problem"]
