"""The two commands of the README: what is set up when, and what is said when it cannot be."""

from __future__ import annotations

import ast
import errno
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "reproduce.py"


class Machine:
    """An empty checkout; records what would be installed and started instead of doing it."""

    def __init__(self, script: ModuleType, root: Path) -> None:
        self.script = script
        self.root = root
        self.environments = 0
        self.installed: list[str] = []
        self.started: list[tuple[str, ...]] = []
        self.exit_code = 0
        self.pip_fails = False

    def create(self, folder: Path, with_pip: bool) -> None:
        assert with_pip
        self.environments += 1
        python = self.script.python()
        python.parent.mkdir(parents=True)
        python.touch()

    def pip(self, *arguments: str | Path) -> None:
        if self.pip_fails:
            raise self.script.SetUpError("pip failed")
        self.installed.append(Path(arguments[-1]).name)

    def follow(self, command: list[str]) -> int:
        self.started.append(tuple(command[1:]))
        return self.exit_code


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    spec = importlib.util.spec_from_file_location("reproduce", SCRIPT)
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)

    root = tmp_path / "checkout"
    (root / "requirements").mkdir(parents=True)
    (root / "pyproject.toml").write_text("[project]\n")
    locks = {name: root / "requirements" / f"{name}.lock" for name in ("run", "test")}
    for name, lock in locks.items():
        lock.write_text(f"{name}\n")
    machine = Machine(script, root)
    monkeypatch.setattr(script, "ROOT", root)
    monkeypatch.setattr(script, "ENVIRONMENT", root / ".venv")
    monkeypatch.setattr(script, "STAMP", root / ".venv" / "reproduce.stamp")
    monkeypatch.setattr(script, "LOCKS", locks)
    monkeypatch.setattr(script, "pip", machine.pip)
    monkeypatch.setattr(script, "follow", machine.follow)
    monkeypatch.setattr("venv.create", machine.create)
    return machine


# -- what is set up when -------------------------------------------------------


def test_the_first_call_makes_the_environment_and_runs_the_main_job(machine: Machine) -> None:
    assert machine.script.main([]) == 0
    assert machine.installed == ["run.lock", "checkout"]
    assert machine.started == [("-m", "urbanecon", "run")]


def test_the_second_call_installs_nothing(machine: Machine) -> None:
    for _ in range(2):
        machine.script.main(["run"])
    assert machine.environments == 1
    assert machine.installed == ["run.lock", "checkout"]
    assert len(machine.started) == 2


def test_one_environment_serves_both_commands(machine: Machine) -> None:
    machine.script.main(["run"])
    machine.script.main(["test"])
    machine.script.main(["run"])
    assert machine.environments == 1
    assert machine.installed == ["run.lock", "checkout", "test.lock", "checkout"]


@pytest.mark.parametrize("name", ["run.lock", "test.lock"])
def test_a_changed_lock_remakes_the_environment(machine: Machine, name: str) -> None:
    machine.script.main(["run"])
    (machine.root / "requirements" / name).write_text("other versions\n")
    machine.script.main(["run"])
    assert machine.environments == 2


def test_an_unfinished_installation_is_never_taken_as_done(machine: Machine) -> None:
    machine.pip_fails = True
    assert machine.script.main(["run"]) == 1
    assert machine.started == []
    machine.pip_fails = False
    assert machine.script.main(["run"]) == 0
    assert machine.environments == 2
    assert machine.installed == ["run.lock", "checkout"]


def test_arguments_are_passed_on_and_the_exit_code_is_passed_back(machine: Machine) -> None:
    machine.exit_code = 5
    assert machine.script.main(["test", "-k", "did"]) == 5
    assert machine.script.main(["run", "growth"]) == 5
    assert machine.started == [
        (
            "-m",
            "pytest",
            "-n",
            "auto",
            "--dist",
            "loadfile",
            "--no-loadscope-reorder",
            "-k",
            "did",
        ),
        ("-m", "urbanecon", "run", "growth"),
    ]


# -- what is said when it cannot be --------------------------------------------


def test_an_old_python_can_read_the_script_and_is_told_what_is_needed() -> None:
    source = SCRIPT.read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 7))
    old = f"import runpy, sys; sys.version_info = (3, 10, 2); runpy.run_path({str(SCRIPT)!r})"
    done = subprocess.run([sys.executable, "-c", old], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: Python 3.11 or newer is needed; this is Python 3.10")


def test_an_unknown_command_is_refused_before_anything_is_installed(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert machine.script.main(["growth"]) == 2
    assert "'growth' is not a command" in capsys.readouterr().err
    assert machine.environments == 0


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_python_without_venv_is_named_with_the_package_that_mends_it(
    machine: Machine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    module: str,
) -> None:
    monkeypatch.setattr(
        machine.script.importlib.util, "find_spec", lambda name: None if name == module else name
    )
    assert machine.script.main(["run"]) == 1
    said = capsys.readouterr().err
    assert f"lacks the module {module}" in said
    assert "-venv" in said


def test_too_small_a_disk_is_told_before_the_download(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    usage = shutil.disk_usage(machine.root)._replace(free=3 * 10**8)
    monkeypatch.setattr(machine.script.shutil, "disk_usage", lambda _: usage)
    assert machine.script.main(["run"]) == 1
    assert "has 0.3 GB free" in capsys.readouterr().err
    assert machine.environments == 0


def test_a_foreign_environment_is_left_alone(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    treasure = machine.root / ".venv" / "mine.txt"
    treasure.parent.mkdir()
    treasure.write_text("mine")
    assert machine.script.main(["run"]) == 1
    assert "was not made by this script" in capsys.readouterr().err
    assert treasure.read_text() == "mine"


def test_an_unwritable_folder_is_named(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "checkout/.venv")

    monkeypatch.setattr(machine.script, "make_environment", refuse)
    assert machine.script.main(["run"]) == 1
    assert "error: Permission denied: checkout/.venv." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("pip_wrote", "told"),
    [
        ("NewConnectionError('... Temporary failure in name resolution')", "no connection"),
        ("ERROR: Could not install: [Errno 28] No space left on device", "disk is full"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "not the one that was pinned"),
        ("ERROR: No matching distribution found for x==1", "its message is above"),
    ],
)
def test_what_pip_wrote_becomes_what_to_do(machine: Machine, pip_wrote: str, told: str) -> None:
    message = machine.script.diagnosis(pip_wrote)
    assert told in message
    assert message.endswith("then run the same command again.")


def test_the_exit_code_of_a_followed_command_is_its_own(machine: Machine) -> None:
    spec = importlib.util.spec_from_file_location("reproduce", SCRIPT)
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.follow([sys.executable, "-c", "raise SystemExit(7)"]) == 7
