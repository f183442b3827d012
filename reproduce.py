"""Set up the environment and run the main job, or the tests.

    python3 reproduce.py                 the main job: raw tables to paper
    python3 reproduce.py run growth      one effect of it
    python3 reproduce.py test            the tests
    python3 reproduce.py test -k did     some of the tests

Needs Python 3.11 or newer with pip and venv, and nothing else. The first call
makes the folder .venv here and installs the pinned packages of requirements/
into it, which takes an internet connection; later calls find it ready.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

if sys.version_info < (3, 11):
    sys.exit(
        "error: Python 3.11 or newer is needed; this is Python "
        f"{sys.version_info[0]}.{sys.version_info[1]} ({sys.executable}). "
        "Call this script with a newer one, for example: python3.12 reproduce.py"
    )

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
STAMP = ENVIRONMENT / "reproduce.stamp"
"""Says which lock is installed whole; holds UNFINISHED until one is."""
UNFINISHED = "unfinished"
LOCKS = {"run": ROOT / "requirements" / "run.lock", "test": ROOT / "requirements" / "test.lock"}
COMMANDS = {
    "run": ["-m", "urbanecon", "run"],
    "test": ["-m", "pytest", "-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder"],
}
SERVED_BY = {"run": ("run", "test"), "test": ("test",)}
"""The environment of the tests holds the same versions as that of the main job."""
SPACE_NEEDED = 2 * 1024**3
"""Bytes that the environment and pip's temporary files take, with a margin."""

NO_NETWORK = ("NewConnectionError", "name resolution", "ConnectTimeout", "ProxyError")
DISK_FULL = ("No space left on device", "not enough space")


class SetUpError(Exception):
    """The environment cannot be made; the message says why and what to do."""


def main(arguments: list[str]) -> int:
    """Set up if need be, run the command, and return its exit code."""
    command, *rest = arguments or ["run"]
    if command in ("-h", "--help"):
        print(__doc__)
        return 0
    if command not in COMMANDS:
        print(
            f"error: {command!r} is not a command of this script: 'run' (optionally with names "
            "of effects) or 'test' (optionally with options of pytest).",
            file=sys.stderr,
        )
        return 2
    try:
        set_up(command)
        return follow([str(python()), *COMMANDS[command], *rest])
    except SetUpError as error:
        print(f"\nerror: {error}", file=sys.stderr)
    except OSError as error:
        print(
            f"\nerror: {error.strerror or error}: {error.filename or ENVIRONMENT}. Check that the "
            "folder may be written to and has free space, then run the same command again.",
            file=sys.stderr,
        )
    except KeyboardInterrupt:
        print("\nInterrupted. The same command starts again where it can.", file=sys.stderr)
        return 130
    return 1


def follow(command: list[str]) -> int:
    """Run a command to its end; an interruption is the command's to answer, in its own time."""
    with subprocess.Popen(command, cwd=ROOT, env=clean_env()) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            return process.wait()  # the terminal interrupted it too: wait for its last words


def set_up(command: str) -> None:
    """Make the environment that `command` needs, unless it is there already."""
    wanted = fingerprint()
    found = STAMP.read_text(encoding="utf-8") if STAMP.is_file() else ""
    if python().is_file() and found in {f"{lock} {wanted}" for lock in SERVED_BY[command]}:
        return
    check_machine()
    if found != f"run {wanted}":  # else the tests' packages are added to it
        make_environment()
    STAMP.write_text(UNFINISHED, encoding="utf-8")
    lock = LOCKS[command]
    say(f"Installing the pinned packages of {lock.relative_to(ROOT)} (some minutes, once)")
    pip("install", "--only-binary", ":all:", "--require-hashes", "-r", lock)
    say("Installing urbanecon itself")
    pip("install", "--quiet", "--no-deps", "--no-build-isolation", "-e", ROOT)
    STAMP.write_text(f"{command} {wanted}", encoding="utf-8")
    say(f"Ready. The command line of the project is {python().with_name('urbanecon')}")


def fingerprint() -> str:
    """Hash of all that decides what is installed."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} {ROOT}".encode())
    for path in (*LOCKS.values(), ROOT / "pyproject.toml"):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def check_machine() -> None:
    """Raise `SetUpError` if the environment cannot be made here."""
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            raise SetUpError(
                f"This Python ({sys.executable}) lacks the module {module}. On Debian and Ubuntu "
                f"it comes with the package python3.{sys.version_info[1]}-venv; elsewhere install "
                "a complete Python. Then run the same command again."
            )
    free = shutil.disk_usage(ROOT).free
    if free < SPACE_NEEDED:
        raise SetUpError(
            f"The disk of {ROOT} has {free / 1e9:.1f} GB free; {SPACE_NEEDED / 1e9:.1f} GB are "
            "needed. Make room, then run the same command again."
        )


def make_environment() -> None:
    """Make an empty environment; clear one that this script left unfinished or outdated."""
    if STAMP.is_file():
        shutil.rmtree(ENVIRONMENT)
    elif ENVIRONMENT.exists():
        raise SetUpError(
            f"{ENVIRONMENT} exists and was not made by this script. Move it away and run the "
            "same command again."
        )
    say(f"Making the environment {ENVIRONMENT}")
    ENVIRONMENT.mkdir()
    STAMP.write_text(UNFINISHED, encoding="utf-8")
    import venv  # absent on some systems, which check_machine has told by now

    try:
        venv.create(ENVIRONMENT, with_pip=True)
    except subprocess.CalledProcessError as error:
        raise SetUpError(
            f"pip could not be put into {ENVIRONMENT} ({error}). Check free space and that this "
            f"Python ({sys.executable}) is complete, then run the same command again."
        ) from error


def pip(*arguments: "str | Path") -> None:
    """Run the environment's pip, showing what it prints.

    Raises
    ------
    SetUpError
        If it fails; the cause is read from what pip wrote to stderr.
    """
    command = [python(), "-m", "pip", "--disable-pip-version-check", *arguments]
    written = []
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=clean_env(),
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    ) as process:
        for line in process.stderr or ():
            sys.stderr.write(line)
            written.append(line)
    if process.returncode:
        raise SetUpError(diagnosis("".join(written)))


def diagnosis(written: str) -> str:
    """Say what went wrong, from what pip wrote."""
    again = "then run the same command again."
    if any(sign in written for sign in DISK_FULL):
        return f"The disk is full. Make room, {again}"
    if any(sign in written for sign in NO_NETWORK):
        return (
            "The packages could not be downloaded: no connection to the package index. Connect to "
            f"the internet, or set pip up for the index or proxy of your network, {again}"
        )
    if "DO NOT MATCH THE HASHES" in written:
        return (
            "A downloaded package is not the one that was pinned (pip's message above names it). "
            f"Clear pip's cache with 'pip cache purge', {again}"
        )
    return f"pip failed; its message is above. Mend what it names, {again}"


def python() -> Path:
    """Return the path of the environment's Python."""
    return ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def clean_env() -> dict[str, str]:
    """Return the environment variables without those that put other packages in the way."""
    others = ("PYTHONPATH", "PYTHONHOME", "PIP_USER", "PIP_TARGET", "PIP_PREFIX")
    return {name: value for name, value in os.environ.items() if name not in others}


def say(message: str) -> None:
    """Print a step, ahead of what the step itself prints."""
    print(f"==> {message}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
