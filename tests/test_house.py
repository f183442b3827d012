"""The rules of the house: locks, what git holds, what an import costs, what code may not do."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
MODULES = sorted((ROOT / "urbanecon").rglob("*.py")) + sorted((ROOT / "analyses").rglob("*.py"))
LOCKS = ("run", "test")


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


# -- the locks -----------------------------------------------------------------


def pinned(lock: str) -> dict[str, tuple[Version, frozenset[str]]]:
    """Version and hashes of each package of a lock."""
    text = (ROOT / "requirements" / f"{lock}.lock").read_text(encoding="utf-8")
    packages = {}
    for entry in text.replace("\\\n", " ").splitlines():
        requirement, *hashes = entry.split("--hash=")
        package = Requirement(requirement)
        (pin,) = package.specifier
        assert pin.operator == "==", entry
        name = canonicalize_name(package.name)
        assert name not in packages, f"{name} is pinned twice"
        packages[name] = Version(pin.version), frozenset(h.strip() for h in hashes)
    return packages


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("run", PYPROJECT["project"]["dependencies"]),
        ("run", PYPROJECT["build-system"]["requires"]),
        ("test", PYPROJECT["project"]["optional-dependencies"]["test"]),
    ],
    ids=["dependencies", "build backend", "tests"],
)
def test_everything_that_pyproject_asks_for_is_locked_in_a_version_it_allows(
    lock: str, wanted: list[str]
) -> None:
    packages = pinned(lock)
    for requirement in map(Requirement, wanted):
        version, _ = packages[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement}, locked {version}"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_sha256_hashes(lock: str) -> None:
    for name, (_, hashes) in pinned(lock).items():
        assert hashes, name
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", value) for value in hashes), name


def test_the_tests_run_on_the_versions_of_the_main_job() -> None:
    main_job, tests = pinned("run"), pinned("test")
    assert main_job.items() <= tests.items()


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_does_not_say_where_packages_come_from(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.lock").read_text(encoding="utf-8")
    assert not re.search(r"^\s*--(?!hash=)|://|@ ", text, flags=re.MULTILINE)


def test_the_locked_build_backend_is_the_one_that_builds() -> None:
    assert PYPROJECT["dependency-groups"]["build"] == PYPROJECT["build-system"]["requires"]


# -- the README and its commands -----------------------------------------------


README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_example_of_the_readme_uses_names_that_exist() -> None:
    from urbanecon.measures.variables import DERIVATIONS

    (example,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    imports, use = example.split("\n\n")
    assert run(sys.executable, "-c", imports).returncode == 0
    (variable,) = re.findall(r'lineage\("(\w+)"', use)
    assert variable in {derivation.name for derivation in DERIVATIONS}


def test_the_two_commands_of_the_readme_are_those_that_are_run_on_every_change() -> None:
    (commands,) = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    called = [line.removesuffix(" run") for line in script if line.startswith("python3")]
    assert sorted(called) == sorted(commands.splitlines())


@pytest.mark.parametrize("what", ["verified", "measured", "robustness", "large", "ledger"])
def test_the_readme_has_one_place_for_each_generated_table(what: str) -> None:
    begin, end = f"<!-- {what}:begin -->", f"<!-- {what}:end -->"
    assert README.count(begin) == README.count(end) == 1
    assert README.index(begin) < README.index(end)


# -- what git holds ------------------------------------------------------------


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    listing = run("git", "ls-files", "-z")
    if listing.returncode:
        pytest.skip("not a git checkout, so nothing says which files belong to the project")
    return [ROOT / name for name in listing.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_tracked_file_names_a_path_of_one_machine_or_a_package_host(
    tracked: list[Path],
) -> None:
    patterns = [
        *(re.escape(f"{place}/") for place in (ROOT, Path.home()) if len(place.parts) > 1),
        r"/(?:home|Users)/\w+/",
        r"[A-Z]:\\Users",
        r"/(?:tmp|opt|work)/\w+/",
        r"file:" + "///",
        r"pypi\." + "org",
        r"python" + r"hosted",
    ]
    forbidden = re.compile("|".join(patterns).encode())
    found = {
        name_of(path): match.group().decode()
        for path in tracked
        if path != Path(__file__) and (match := forbidden.search(path.read_bytes()))
    }
    assert found == {}


@pytest.mark.parametrize(
    "path",
    ["data_raw/x.csv", "data_raw/co2/x.xlsx", "build/panel.parquet", ".venv/pyvenv.cfg"],
)
def test_raw_data_and_what_can_be_made_again_stay_out_of_git(
    tracked: list[Path], path: str
) -> None:
    assert run("git", "check-ignore", "--quiet", "--no-index", path).returncode == 0


@pytest.mark.parametrize(
    "path", ["data_raw/sources.toml", "data_raw/codebook.toml", "data_raw/facts/x.csv"]
)
def test_registry_codebook_and_facts_belong_to_git(tracked: list[Path], path: str) -> None:
    assert run("git", "check-ignore", "--quiet", "--no-index", path).returncode == 1


def test_git_holds_no_bulk_data(tracked: list[Path]) -> None:
    # the paper holds some forty figures as vectors
    limits = {ROOT / "paper" / "paper.pdf": 6_000_000}
    large = [
        name_of(path) for path in tracked if path.stat().st_size > limits.get(path, 2_000_000)
    ]
    assert large == []


# -- what an import costs ------------------------------------------------------

HEAVY = {
    "IPython", "dask", "distributed", "duckdb", "great_tables", "linearmodels", "maketables",
    "matplotlib", "openpyxl", "pandera", "pooch", "pyarrow", "pytask", "scipy.optimize",
    "scipy.stats", "seaborn", "statsmodels", "typst",
}  # fmt: skip


def loaded_by(statement: str) -> set[str]:
    """Names of the modules that are loaded after `statement` in a fresh process."""
    done = run(sys.executable, "-c", f"{statement}\nimport sys\nprint(*sys.modules)")
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_import_urbanecon_loads_nothing_heavy_not_even_pandas() -> None:
    assert loaded_by("import urbanecon") & (HEAVY | {"numpy", "pandas"}) == set()


def test_no_module_of_the_package_loads_a_heavy_library_before_it_is_used() -> None:
    paths = (
        path.relative_to(ROOT).with_suffix("")
        for path in sorted((ROOT / "urbanecon").rglob("*.py"))
    )
    names = [".".join(path.parts) for path in paths if path.name not in ("__init__", "__main__")]
    by_pandas = loaded_by("import pandas")
    loaded = loaded_by("".join(f"import {name}\n" for name in names))
    assert (loaded - by_pandas) & HEAVY == set()


# -- what the code may not do --------------------------------------------------


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_stays_under_500_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < 500


def deeds(tree: ast.AST) -> set[str]:
    """What a module imports, calls and passes to shells, as far as it is forbidden."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            found |= {called, called.split(".")[-1] + "()"}
            found |= {"shell=" for keyword in node.keywords if keyword.arg == "shell"}
        elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            found.add(f"raise {ast.unparse(node.exc.func)}")
    return found


FORBIDDEN = {
    "pickle", "cloudpickle", "joblib", "dill", "marshal", "shelve", "to_pickle()", "read_pickle()",
    "eval", "exec", "eval()", "os.system", "os.popen", "shell=", "raise Exception",
}  # fmt: skip


@pytest.mark.parametrize("path", [*MODULES, ROOT / "reproduce.py"], ids=name_of)
def test_no_pickle_no_eval_no_shell_and_no_nameless_error(path: Path) -> None:
    assert deeds(ast.parse(path.read_text(encoding="utf-8"))) & FORBIDDEN == set()


def test_the_rule_above_sees_what_it_forbids() -> None:
    sinner = "import pickle, subprocess\nsubprocess.run('x', shell=True)\ndf.eval('y')\n"
    assert deeds(ast.parse(sinner)) & FORBIDDEN == {"pickle", "shell=", "eval()"}


@pytest.mark.parametrize(
    "command",
    [("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",)],
    ids=" ".join,
)
def test_linter_formatter_and_type_checker_find_nothing(command: tuple[str, ...]) -> None:
    done = run(sys.executable, "-m", *command)
    assert done.returncode == 0, done.stdout + done.stderr
