"""Names that several commands take: languages, and rows of the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

import typer

from urbanecon.effects.claim import Claim
from urbanecon.errors import did_you_mean


class Speech(StrEnum):
    """Languages of figures, tables and sentences."""

    EN = "en"
    ZH = "zh"


def told(rows: Mapping[str, Claim]) -> str:
    """Ids and names of rows of the ledger, for help and messages."""
    return ", ".join(f"{claim.id} {claim.name}" for claim in rows.values())


def row_ids(names: Iterable[str], rows: Mapping[str, Claim]) -> tuple[str, ...]:
    """Ids of the rows that `names` mean, by id or name in any case, each once.

    Raises
    ------
    typer.BadParameter
        If a name is of no row; the message names the closest.
    """
    known = {key.lower(): claim.id for claim in rows.values() for key in (claim.id, claim.name)}
    for name in names:
        if name.lower() not in known:
            raise typer.BadParameter(
                f"there is no effect {name!r}.{did_you_mean(name.lower(), known)} "
                f"Known: {told(rows)}.",
                param_hint="effects",
            )
    return tuple(dict.fromkeys(known[name.lower()] for name in names))
