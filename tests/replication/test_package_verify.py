"""The verifier: it reruns, and names what differs."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from replication import tiny_project

from urbanecon.errors import DataError, UrbaneconError
from urbanecon.replication.compare import differences
from urbanecon.replication.verify import Verification, verify_package


def ran(package: Path, **changed: bytes) -> Path:
    """Leave outputs of a run in a package's code; `changed` by file stem."""
    for name, content in tiny_project.outputs().items():
        new = {Path(name).stem: content} | changed
        tiny_project.write(package / "code", {name: new[Path(name).stem]})
    return package


def only(done: Verification) -> object:
    (difference,) = done.found
    return difference


def test_a_rerun_of_an_untouched_package_gives_what_is_expected(package: Path) -> None:
    done = verify_package(package)
    assert done.found == ()
    assert done.outputs == 4
    assert not (package / "code/build").exists()


def test_a_rerun_that_stops_is_an_error(package: Path) -> None:
    (package / "code/reproduce.py").write_text("raise SystemExit(3)\n")
    with pytest.raises(UrbaneconError, match="exit code 3"):
        verify_package(package)


def test_what_a_rerun_does_not_make_is_reported_as_missing(package: Path) -> None:
    done = verify_package(package, rerun=lambda code: None)
    assert [d.file for d in done.failures] == sorted(tiny_project.outputs())
    assert {d.found for d in done.failures} == {"missing"}


def test_quick_without_a_run_checks_the_package_alone(package: Path) -> None:
    done = verify_package(package, quick=True)
    assert (done.outputs, done.found) == (0, ())


def test_quick_after_a_run_compares_what_it_left(package: Path) -> None:
    done = verify_package(ran(package), quick=True)
    assert (done.outputs, done.found) == (4, ())


def test_a_changed_number_is_reported_by_its_name(package: Path) -> None:
    changed = ran(package, numbers=tiny_project.numbers(0.26).encode())
    found = only(verify_package(changed, quick=True))
    assert (found.file, found.number) == ("paper/numbers.json", tiny_project.NAME)
    assert (found.expected, found.found, found.within) == ("0.25", "0.26", False)


def test_a_number_within_tolerance_is_told_and_is_no_failure(package: Path) -> None:
    changed = ran(package, numbers=tiny_project.numbers(0.25 * (1 + 1e-8)).encode())
    done = verify_package(changed, quick=True)
    assert only(done).within
    assert done.failures == ()


def test_a_number_that_is_gone_is_reported_by_its_name(package: Path) -> None:
    gone = json.dumps({"numbers": {}, "tables": ["main_E1"]}).encode()
    done = verify_package(ran(package, numbers=gone), quick=True)
    assert {d.found for d in done.failures} == {"missing"}
    assert tiny_project.NAME in {d.number for d in done.failures}


@pytest.mark.parametrize(("value", "within"), [(0.251, True), (0.253, False)])
def test_a_printed_number_may_move_by_one_unit_of_its_last_digit(
    package: Path, value: float, within: bool
) -> None:
    done = verify_package(ran(package, main_E1=tiny_project.table(value).encode()), quick=True)
    found = only(done)
    assert (found.file, found.number) == ("build/tables/main_E1.tex", "line 1")
    assert found.within is within


def test_a_changed_word_of_a_table_is_a_failure(package: Path) -> None:
    done = verify_package(ran(package, main_E1=b"Placebo & 0.250 \\\\\n"), quick=True)
    assert not only(done).within


@pytest.mark.parametrize(("shade", "within"), [(0.51, True), (0.9, False)])
def test_a_figure_may_differ_by_shades_that_nobody_sees(
    package: Path, shade: float, within: bool
) -> None:
    done = verify_package(ran(package, trends=tiny_project.picture(shade)), quick=True)
    assert only(done).within is within


def test_a_paper_of_other_bytes_is_told_and_is_no_failure(package: Path) -> None:
    done = verify_package(ran(package, paper=b"%PDF other"), quick=True)
    assert only(done).within


@pytest.mark.parametrize("name", ["numbers", "trends"])
def test_a_damaged_output_is_a_failure(package: Path, name: str) -> None:
    done = verify_package(ran(package, **{name: b"{"}), quick=True)
    assert "damaged" in only(done).found
    assert not only(done).within


def test_a_missing_file_of_the_package_is_reported(package: Path) -> None:
    (package / "codebook.csv").unlink()
    found = only(verify_package(package, quick=True))
    assert (found.file, found.found, found.within) == ("codebook.csv", "missing", False)


def test_a_changed_raw_file_is_reported(package: Path) -> None:
    (package / "code/data_raw/open_data/raw.csv").write_text("tampered")
    assert only(verify_package(package, quick=True)).file == "code/data_raw/open_data/raw.csv"


def test_a_folder_that_is_no_package_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no replication package"):
        verify_package(tmp_path, quick=True)


def test_a_list_that_leads_out_of_the_package_is_not_followed(package: Path) -> None:
    with (package / "MANIFEST.sha256").open("a") as listed:
        listed.write(f"{'0' * 64}  code/../../outside\n")
    with pytest.raises(DataError, match="leads out of the package"):
        verify_package(package)


@pytest.mark.parametrize("content", ["{", "{}", "[]"])
def test_a_damaged_list_is_said_to_be_damaged(package: Path, content: str) -> None:
    (package / "expected.json").write_text(content)
    with pytest.raises(DataError, match="damaged"):
        verify_package(package, quick=True)


def word_file(text: str, date: str) -> bytes:
    """A Word file, as far as it is compared."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("word/document.xml", f"<w:p><w:t>Pilot</w:t></w:p><w:p>{text}</w:p>")
        archive.writestr("docProps/core.xml", date)
    return stream.getvalue()


def test_a_word_file_is_compared_by_what_it_shows() -> None:
    was, later = word_file("0.25", "2020"), word_file("0.25", "2021")
    (found,) = differences("t.docx", "printed", was, later)
    assert found.within
    (found,) = differences("t.docx", "printed", was, word_file("0.35", "2020"))
    assert (found.number, found.expected, found.found) == ("line 2", "0.25", "0.35")
    assert not found.within
