"""The commands of the replication package: `package` and `verify-package`."""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from urbanecon.errors import UrbaneconWarning

EXIT_DIFFERS = 1


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command(name="package")(package)
    app.command(name="verify-package")(verify_package)


def package(
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            metavar="DIR",
            help="Folder to write; the zip gets its name. It must be new.",
        ),
    ] = None,
) -> None:
    """Write a replication package: a folder and a zip, the same bytes every time.

    Holds the code, the raw data that may be passed on and recipes for the rest,
    codebook, seeds, a list of every table, figure and number with the program
    and line that makes it, and the outputs that a rerun is held against. The
    paper must be up to date. Default: build/replication.

    **Examples**

    - `urbanecon package`
    - `urbanecon package --output ../replication`
    """
    from urbanecon.project import find_project
    from urbanecon.replication.package import write_package
    from urbanecon.reporting.paper import check_paper

    project = find_project()
    check_paper(project)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        written = write_package(project, output)
    for warning in caught:
        if issubclass(warning.category, UrbaneconWarning):
            print(f"warning: {warning.message}", file=sys.stderr)
    for path in written:
        print(path)


def verify_package(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A package, unpacked.")],
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Run nothing; compare what a run in code/ left there."),
    ] = False,
    every: Annotated[
        bool,
        typer.Option("--all", help="List differences within tolerance too, not only their count."),
    ] = False,
) -> None:
    """Rerun a replication package in a clean environment and report differences.

    Sources that are not in the package are read from the folder that
    URBANECON_DATA names, or downloaded. One line a difference: verdict, file,
    number, expected, found, separated by tabs; those within tolerance are counted
    a file. Exit code 1 if one is beyond tolerance.

    **Examples**

    - `urbanecon verify-package replication`
    - `urbanecon verify-package replication --quick`
    """
    from urbanecon.replication.verify import verify_package as verify

    done = verify(folder, quick=quick)
    for difference in done.found if every else done.failures:
        print(difference)
    within = Counter(difference.file for difference in done.found if difference.within)
    if not every:
        for file, count in within.items():
            print(f"within tolerance\t{file}\t{count} differences")
    print(
        f"{done.files} files of the package checked, {done.outputs} outputs compared: "
        f"{len(done.failures)} differences beyond tolerance, {within.total()} within it."
    )
    if not done.outputs:
        print("No run has left outputs in code/: run `python3 code/reproduce.py` there first.")
    if done.failures:
        raise typer.Exit(EXIT_DIFFERS)
