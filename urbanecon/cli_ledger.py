"""The command that prints the claims ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from urbanecon.cli_names import Speech


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(name="ledger")(ledger)


def ledger(
    language: Annotated[Speech, typer.Option(help="Language of the table.")] = Speech.EN,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the ledger as a web page too.")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write every number as a CSV too.")
    ] = None,
) -> None:
    """Print every claim with its evidence and the verdict that the rule gives.

    Reads what `urbanecon run` has made; nothing is estimated here.

    **Examples**

    - `urbanecon ledger`
    - `urbanecon ledger --language zh --html ledger.html`
    """
    from rich.console import Console

    from urbanecon.atomic import write_text
    from urbanecon.outputs import ledger_file
    from urbanecon.project import find_project
    from urbanecon.reporting.ledger import read_ledger
    from urbanecon.reporting.ledger_views import as_html, on_screen

    found = read_ledger(ledger_file(find_project()))
    Console().print(on_screen(found, language.value))
    if html is not None:
        write_text(html, as_html(found))
    if csv is not None:
        write_text(csv, found.to_csv())
