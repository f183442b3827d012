"""The command line with `audit` and `import`, called as a shell would."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest
import typer

from urbanecon import cli, cli_data


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


Urbanecon = Callable[..., Outcome]


@pytest.fixture
def urbanecon(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Urbanecon:
    """Run a command in this process; a traceback would fail the test."""
    names = {command.name for command in cli.app.registered_commands}
    if not {"audit", "import"} <= names:
        app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
        cli_data.register(app)
        monkeypatch.setattr(cli, "app", app)

    def call(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["urbanecon", *map(str, arguments)])
        return Outcome(cli.main(), *capsys.readouterr())

    return call
