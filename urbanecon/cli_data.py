"""The commands for tables of the user's own: `audit` and `import`."""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from urbanecon.errors import UrbaneconWarning

if TYPE_CHECKING:
    from urbanecon.intake.auditing import Audit
    from urbanecon.intake.mapping import TablePlan
    from urbanecon.intake.observe import Imported

EXIT_ASKS = 3
"""The import is done as far as it could be; the mapping file asks for the rest."""

REASONS = 8
"""Reasons for setting rows aside that are printed; unmatched.csv has them all."""

FILE = Annotated[Path, typer.Argument(metavar="FILE", help="The table.")]
OUT = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Folder to write to; made if need be."),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command(name="audit")(audit)
    app.command(name="import")(import_)


def audit(
    file: FILE,
    out: OUT = None,
    city: Annotated[
        str, typer.Option(metavar="COLUMN", help="Column that names the units, if not inferred.")
    ] = "",
    year: Annotated[
        str, typer.Option(metavar="COLUMN", help="Column of the years, if not inferred.")
    ] = "",
) -> None:
    """Audit anybody's panel: which cells are doubtful, and why.

    FILE is csv, xlsx, xls, dta or parquet; long or wide; headers in Chinese or
    English. Units, years, layout and variables are inferred, and the report says
    how. Writes report.html, which opens anywhere, and flags.csv, one line a
    finding, into DIR (default: FILE's name with _audit, in the working directory).

    **Examples**

    - `urbanecon audit panel.csv`
    - `urbanecon audit counties.dta --out checked --city county_id`
    """
    from urbanecon.intake.auditing import audit_file, write_audit

    with _warnings_said():
        done = audit_file(file, unit=city, year=year)
        report, flags = write_audit(done, out or Path(f"{file.stem}_audit"))
    _print_audit(done)
    print(f"{report}\n{flags}")


def import_(
    file: FILE,
    out: OUT = None,
    mapping: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A mapping file of an earlier import, edited."),
    ] = None,
) -> None:
    """Import yearbook tables: messy headers to codebook variables, units converted.

    FILE is a workbook (xlsx, xls, ods) or csv as statistical yearbooks have them.
    Prints what each column was taken for and how sure that is, and writes
    observations.parquet and .csv, unmatched.csv (rows and cells set aside), and
    mapping.toml into DIR (default: FILE's name with _import, in the working
    directory). Edit the mapping and pass it back to correct anything.

    No unit is guessed: where none is found the mapping says unit = "?", the
    column is left out, and the exit code is 3.

    **Examples**

    - `urbanecon import 2-1.xlsx`
    - `urbanecon import 2-1.xlsx --mapping 2-1_import/mapping.toml`
    """
    from urbanecon.intake.observe import import_file, write_import

    with _warnings_said():
        done = import_file(file, mapping)
        written = write_import(
            done, out or Path(f"{file.stem}_import"), with_mapping=mapping is None
        )
    _print_import(done)
    for path in written:
        print(path)
    questions = done.mapping.questions()
    if questions:
        _say(f"{len(questions)} questions are left; their columns were not imported:")
        for question in questions:
            _say(f"  {question}")
        answered = mapping or next(path for path in written if path.suffix == ".toml")
        _say(f'Replace each "?" in {answered} and run again with --mapping {answered}.')
    elif done.observations.empty:
        _say("No column was matched to a codebook variable: name them in the mapping.")
    if questions or done.observations.empty:
        raise typer.Exit(EXIT_ASKS)


def _print_audit(done: Audit) -> None:
    from urbanecon.intake.auditing import summary

    for line in done.panel.inferred:
        print(line)
    known = sum(reading.known for reading in done.panel.readings)
    print(f"{known} of {len(done.panel.readings)} variables are the codebook's")
    found = summary(done)
    for row in found.itertuples(index=False):
        print(f"{row.flag}\t{row.rule}\t{row.cells} cells\t{row.units} units")
    if found.empty:
        print("No rule found a doubtful cell.")


def _print_import(done: Imported) -> None:
    """Print the mapping, one line a column, and what was set aside."""
    for table in done.mapping.tables:
        print(
            f"{table.sheet or done.mapping.file}, rows {table.first_row}-{table.last_row}: "
            f"{_year_said(table)}"
        )
        for column in table.columns:
            target = f"{column.variable} [{column.unit}]" if column.variable else "not read"
            sure = f"{column.confidence:.2f}" if column.variable else ""
            print(f"  {column.column}\t{sure}\t{target}\t{column.header}\t({column.why})")
    for city in done.mapping.cities:
        target = f"{city.city} {city.confidence:.2f}" if city.city else "set aside"
        print(f"  {city.written!r}: {target} ({city.why})")
    cities = done.observations["city"].nunique()
    print(f"{len(done.observations)} observations of {cities} cities; "
          f"{len(done.unmatched)} rows or cells set aside")  # fmt: skip
    reasons = Counter(reason for _, _, reason in done.unmatched)
    for reason, count in reasons.most_common(REASONS):
        print(f"  {count}\t{reason}")


def _year_said(table: TablePlan) -> str:
    """Say which year a table is about, and how that is known."""
    if table.year_column:
        return f"years in column {table.year_column}"
    if table.year is not None:
        return f"{table.year} ({table.year_from})"
    return "year not known" if table.asks_year else "years in the headers"


@contextmanager
def _warnings_said() -> Iterator[None]:
    """Print the package's warnings as plain messages on stderr."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for warning in caught:
        if issubclass(warning.category, UrbaneconWarning):
            _say(f"warning: {warning.message}")


def _say(message: str) -> None:
    print(message, file=sys.stderr)
