"""The command `referee`: every check on the study, or on a table of the user's own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from urbanecon.cli_names import Speech, row_ids
from urbanecon.effects import CLAIMS
from urbanecon.errors import DataError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

    from urbanecon.cleaning.codebook import Language
    from urbanecon.referee import Verdict

PROVINCE = "province"
SEVERAL = "may be given several times"


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(name="referee")(referee)


def referee(
    *,
    effects: Annotated[
        list[str] | None,
        typer.Argument(help="Effects by id or name; default all. Not with --data."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A panel: csv, parquet, dta or xlsx.")
    ] = None,
    outcome: Annotated[str, typer.Option(metavar="COLUMN")] = "",
    treatment: Annotated[str, typer.Option(metavar="COLUMN")] = "",
    unit: Annotated[str, typer.Option(metavar="COLUMN", help="What is observed.")] = "city",
    time: Annotated[str, typer.Option(metavar="COLUMN", help="When.")] = "year",
    cluster: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help=f"Clusters; default the unit; {SEVERAL}."),
    ] = None,
    control: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help=f"A control; {SEVERAL}.")
    ] = None,
    above: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help=f"Groups of units; default province, if there is that column; {SEVERAL}.",
        ),
    ] = None,
    instrument: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help=f"An instrument of the treatment; {SEVERAL}."),
    ] = None,
    family: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help=f"Another outcome of the same question; {SEVERAL}."),
    ] = None,
    language: Annotated[
        Speech, typer.Option(help="Language of what is printed and of the page.")
    ] = Speech.EN,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page.")] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a table.")] = None,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write JSON.")] = None,
) -> None:
    """Put every check of a referee to the study, or to an estimate of your own.

    Clustering, influence, weights, pre-trends, instruments, controls, cells,
    borders, space, families of outcomes: each check passes, warns or fails, says
    the number, and what to do next. Without --data the primary estimate of each
    effect is looked at; that needs the panel: `urbanecon run` builds it. With it,
    columns named latitude and longitude, in degrees, are used if they are there.

    **Examples**

    - `urbanecon referee`
    - `urbanecon referee E3 --html report.html`
    - `urbanecon referee --language zh`
    - `urbanecon referee --data my.csv --outcome y --treatment d --unit city --time year`
    """
    if data is None:
        found = _of_claims(effects or [])
    elif effects:
        raise typer.BadParameter("name effects, or a file with --data, not both")
    elif not (outcome and treatment):
        raise typer.BadParameter("--data needs --outcome and --treatment")
    else:
        found = _of_table(
            data,
            outcome,
            treatment,
            (unit, time),
            cluster=cluster,
            controls=tuple(control or ()),
            coarser=tuple(above or ()),
            instruments=tuple(instrument or ()),
            family=tuple(family or ()),
        )
    _print(found, language.value)
    _write(found, language.value, html=html, csv=csv, json=json)


def _of_claims(names: list[str]) -> dict[str, list[Verdict]]:
    from urbanecon.measures.variables import open_panel
    from urbanecon.project import find_project
    from urbanecon.referee.claims import referee_study

    wanted = row_ids(names, CLAIMS) or tuple(CLAIMS)
    return referee_study(open_panel(), find_project().build / "results", wanted)


def _of_table(
    file: Path,
    outcome: str,
    treatment: str,
    keys: tuple[str, str],
    *,
    cluster: list[str] | None,
    controls: tuple[str, ...],
    coarser: tuple[str, ...],
    instruments: tuple[str, ...],
    family: tuple[str, ...],
) -> dict[str, list[Verdict]]:
    from urbanecon.errors import MissingColumnError
    from urbanecon.referee import referee as look
    from urbanecon.referee import study_of_table

    rows = read_table(file, keys[0])
    for name in family:
        if name not in rows:
            raise MissingColumnError(
                f"{file} has no column {name!r}.{did_you_mean(name, rows.columns)}"
            )
    indexed = rows.set_index(list(keys)) if set(keys) <= set(rows) else rows
    if not coarser and PROVINCE in rows:
        coarser = (PROVINCE,)
    study = study_of_table(
        rows,
        outcome,
        treatment,
        *keys,
        cluster=cluster,
        controls=controls,
        coarser=coarser,
        instruments=(instruments,) if instruments else (),
        family={name: indexed for name in family if name != outcome},
    )
    return {study.name: look(study)}


def read_table(file: Path, unit: str) -> pd.DataFrame:
    """Read a table; the keys of units stay text, zeros in front and all.

    Raises
    ------
    DataError
        The file is absent, of another kind, or cannot be read.
    """
    import pandas as pd

    if not file.is_file():
        raise DataError(f"There is no file {file}. Check the path.")
    try:
        match file.suffix.lower():
            case ".csv":
                return pd.read_csv(file, dtype={unit: "str"})
            case ".parquet":
                return pd.read_parquet(file)
            case ".dta":
                return pd.read_stata(file)
            case ".xlsx":
                return pd.read_excel(file, dtype={unit: "str"}, engine="calamine")
    except (ValueError, OSError) as error:
        raise DataError(f"{file} cannot be read: {error}.") from error
    raise DataError(f"{file} is a {file.suffix or 'file without a kind'}; expected csv, parquet, "
                    "dta or xlsx.")  # fmt: skip


def _print(found: dict[str, list[Verdict]], language: Language) -> None:
    from rich.console import Console

    from urbanecon.referee.report import closing_line, terminal_table

    console = Console(soft_wrap=not sys.stdout.isatty())
    for name, verdicts in found.items():
        console.print(terminal_table(name, verdicts, language))
        console.print(f"{name}: {closing_line(verdicts, language)}\n", highlight=False)


def _write(
    found: dict[str, list[Verdict]],
    language: Language,
    *,
    html: Path | None,
    csv: Path | None,
    json: Path | None,
) -> None:
    """Write the files asked for; JSON and CSV hold both languages."""
    from urbanecon.referee.report import write_csv, write_html, write_json

    if html is not None:
        write_html(html, found, language)
    if csv is not None:
        write_csv(csv, found)
    if json is not None:
        write_json(json, found)
    for path in (html, csv, json):
        if path is not None:
            print(path)
