"""The command line: what is there, what is missing, the main job, the paper.

Exit codes: 0 done; 1 something the user can mend, said in one message; 2 a
misspelt command line; 70 a fault of the program; 130 interrupted.
"""

from __future__ import annotations

import shlex
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from urbanecon import __version__, cli_data, cli_ledger, cli_package, cli_referee
from urbanecon.cli_names import Speech, row_ids, told
from urbanecon.effects import ROWS
from urbanecon.errors import UrbaneconError

if TYPE_CHECKING:
    import pandas as pd

EXIT_MENDABLE = 1
EXIT_FAULT = 70
EXIT_INTERRUPTED = 130


class Vintage(StrEnum):
    """Boundaries that a panel may have."""

    PUBLISHED = "published"
    CONSTANT = "constant"


app = typer.Typer(
    name="urbanecon",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

cli_data.register(app)
cli_ledger.register(app)
cli_referee.register(app)
cli_package.register(app)


def main() -> int:
    """Run the command line and return its exit code; the only place that handles errors."""
    try:
        app(prog_name="urbanecon")
    except SystemExit as stop:
        if stop.code == EXIT_INTERRUPTED:
            _say("Interrupted. What was finished is kept: the same command goes on from there.")
        return stop.code if isinstance(stop.code, int) else EXIT_MENDABLE
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        return _explain(error)
    return 0


def _explain(error: Exception) -> int:
    """Say on stderr what went wrong, without a traceback."""
    if isinstance(error, UrbaneconError):
        _say(f"error: {error}")
        return EXIT_MENDABLE
    if isinstance(error, OSError):
        where = f": {error.filename}" if error.filename else ""
        _say(
            f"error: {error.strerror or error}{where}. Check that the place exists, may be read "
            "and written, and has free space, then run the same command again."
        )
        return EXIT_MENDABLE
    again = shlex.join(["urbanecon", "--debug", *sys.argv[1:]])
    _say(
        f"error: a fault of urbanecon {__version__}, for which we apologize "
        f"({type(error).__name__}: {error}). Please report it to the authors with the output of: "
        f"{again}"
    )
    return EXIT_FAULT


def _say(message: str) -> None:
    print(message, file=sys.stderr)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"urbanecon {__version__}")
        raise typer.Exit


@app.callback()
def urbanecon(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
    debug: Annotated[
        bool,
        typer.Option("--debug", help="Show the whole traceback of an error; before the command."),
    ] = False,
) -> None:
    """From raw public tables to a Chinese city-year panel, estimates, figures and the paper.

    Works on the project that the working directory lies in.

    **First steps**

    - `urbanecon status` : which raw files are here, and what each feeds
    - `urbanecon fetch` : get the ones that are missing
    - `urbanecon run` : everything, with what is here; again: only what changed
    - `urbanecon run --language zh` : every figure and table in Chinese
    - `urbanecon paper` : the paper alone
    - `urbanecon ledger` : every claim, its evidence and the verdict
    - `urbanecon lineage gdp Wuhan 2015` : a number walked back to its raw cells

    **Your own data**

    - `urbanecon audit FILE` : what is doubtful in any panel
    - `urbanecon import FILE` : yearbook tables to observations

    Raw files are looked for in data_raw/, then in the folder that the environment
    variable URBANECON_DATA names, then in installed packages.
    """


@app.command()
def status(
    plain: Annotated[
        bool,
        typer.Option(
            "--plain",
            help="One line a source, columns separated by tabs, nothing shortened; "
            "the way it is written to a file or a pipe.",
        ),
    ] = False,
) -> None:
    """List every source: present or not, from where, tier, licence, what it feeds.

    Tiers: A, open licence stated; B, academic or official figures without a stated
    licence; C, provenance unclear, for robustness checks only.

    **Examples**

    - `urbanecon status`
    - `urbanecon status --plain | cut -f 1,2,5`
    """
    from urbanecon.cleaning import registry

    sources = registry.status()
    if plain or not sys.stdout.isatty():
        print(sources.to_csv(sep="\t", index=False, lineterminator="\n"), end="")
    else:
        _print_table(sources)


def _print_table(sources: pd.DataFrame) -> None:
    """Print the sources for a person at a terminal, the reasons of the absent ones below."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("id", "present", "from", "tier"):
        table.add_column(heading, no_wrap=True)
    table.add_column("licence")
    table.add_column("feeds", overflow="fold")
    for row in sources.to_dict("records"):
        present = Text("yes", "green") if row["present"] else Text("no", "yellow")
        rest = (Text(str(row[name])) for name in ("origin", "tier", "licence", "feeds"))
        table.add_row(Text(row["id"]), present, *rest)
    console = Console()
    console.print(table)
    absent = sources[~sources["present"]]
    for problem in absent["problem"]:
        console.print(Text(f"\n{problem}"))
    console.print(Text(f"\n{len(sources) - len(absent)} of {len(sources)} sources are present."))


@app.command()
def fetch(
    ids: Annotated[
        list[str] | None,
        typer.Argument(help="Sources by id, as `urbanecon status` lists them; default all."),
    ] = None,
) -> None:
    """Get the raw files that are missing into data_raw/, checksums verified.

    A file with a wrong checksum never replaces a good one.

    **Examples**

    - `urbanecon fetch`
    - `urbanecon fetch co2_edgar pm25_chap`
    """
    from urbanecon.cleaning import fetch as fetching

    for located in fetching.fetch(ids or None, progress=sys.stderr.isatty()):
        print(f"{located.source.id}\t{located.origin}\t{located.path}")


@app.command(epilog=f"Effects, routes and levers: {told(ROWS)}.")
def run(
    effects: Annotated[
        list[str] | None,
        typer.Argument(
            help="Effects, routes and levers by id or name, in any case; default the whole job."
        ),
    ] = None,
    language: Annotated[
        Speech,
        typer.Option(
            help="Language of figures and tables. Chinese ones stand beside the English ones, "
            "in figures/zh and build/tables/zh; the paper is English."
        ),
    ] = Speech.EN,
) -> None:
    """Run the main job with the raw files that are here: panel, estimates, figures, paper.

    Only steps whose inputs changed run again. What cannot be estimated is printed
    with the data that it needs.

    **Examples**

    - `urbanecon run`
    - `urbanecon run growth`
    - `urbanecon run E1 R2`
    - `urbanecon run --language zh`
    """
    from urbanecon import pipeline

    rows = row_ids(effects or (), ROWS)
    if rows and language is not Speech.EN:
        raise typer.BadParameter(
            "figures and tables are made of all effects: name effects, or a language, not both",
            param_hint="--language",
        )
    raise typer.Exit(pipeline.run(rows, language.value))


@app.command()
def paper(
    check: Annotated[
        bool,
        typer.Option("--check", help="Build nothing; only check that the paper is up to date."),
    ] = False,
) -> None:
    """Build the paper and all it rests on, as far as anything changed.

    **Examples**

    - `urbanecon paper`
    - `urbanecon paper --check`
    """
    from urbanecon import pipeline

    raise typer.Exit(pipeline.paper(check=check))


@app.command()
def lineage(
    variable: Annotated[str, typer.Argument(help="Variable, by its codebook name.")],
    place: Annotated[
        str, typer.Argument(help="City or province, by Chinese or English name or 6-digit code.")
    ],
    year: Annotated[int, typer.Argument(help="Calendar year.")],
    vintage: Annotated[
        Vintage,
        typer.Option(
            help="Boundaries: as published, or constant, with cities that exchanged territory "
            "joined to one unit."
        ),
    ] = Vintage.PUBLISHED,
    full: Annotated[
        bool,
        typer.Option("--full", help="Print every year of a series, not the first and the last."),
    ] = False,
) -> None:
    """Walk one cell of the panel back to the raw cells it rests on.

    Prints the value with its formula and, for each input, the file, sheet, row
    and column of the raw cells, what they read, the factor to the unit of the
    codebook, and their flags. Needs the panel: `urbanecon run` builds it.

    **Examples**

    - `urbanecon lineage gdp 武汉 2015`
    - `urbanecon lineage ln_gdp_pc_real Wuhan 2015`
    - `urbanecon lineage pilot_share_province Hubei 2016`
    - `urbanecon lineage gdp Hefei 2009 --vintage constant`
    """
    import warnings

    from urbanecon.cleaning.boundaries import constant_boundary
    from urbanecon.cleaning.rawcells import describe
    from urbanecon.errors import DataWarning
    from urbanecon.measures.variables import open_panel

    panel = open_panel()
    if vintage is Vintage.CONSTANT:
        with warnings.catch_warnings():
            # They are about the whole panel; what concerns this cell is printed with it.
            warnings.simplefilter("ignore", DataWarning)
            panel = constant_boundary(panel)
    print(panel.lineage(variable, place, year).text(full=full, describe=describe))
