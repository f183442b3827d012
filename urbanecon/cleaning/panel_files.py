"""The panel on disk: parquet for machines, CSV for eyes, lineage beside them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from urbanecon.atomic import writing
from urbanecon.cleaning.panel import Derivation, Panel
from urbanecon.cleaning.schema import validate_panel
from urbanecon.errors import StaleResultError

READ = ("panel.parquet", "provinces.parquet", "cells.parquet")
FILES = (*READ, "panel.csv")


def save_panel(panel: Panel, folder: Path) -> None:
    """Validate the panel and write `FILES` into `folder`, each whole or not at all."""
    validate_panel(panel)
    _write_parquet(panel.data, folder / "panel.parquet")
    _write_parquet(panel.provinces, folder / "provinces.parquet")
    _write_parquet(panel.cells, folder / "cells.parquet")
    with writing(folder / "panel.csv") as temporary:
        panel.data.to_csv(temporary, encoding="utf-8", lineterminator="\n")


def load_panel(folder: Path, derivations: Iterable[Derivation] = ()) -> Panel:
    """Read a saved panel; `derivations` are those it was computed with.

    Raises
    ------
    StaleResultError
        If a file is missing or cut short; the message says how to make it.
    """
    frames = {}
    for name in ("panel", "provinces", "cells"):
        path = folder / f"{name}.parquet"
        try:
            frames[name] = pd.read_parquet(path)
        except (OSError, ValueError) as error:
            raise StaleResultError(
                f"{path} cannot be read ({error}). Run `urbanecon run` to build the panel."
            ) from error
    columns = set(frames["panel"]) | set(frames["provinces"])
    return Panel(
        data=frames["panel"],
        provinces=frames["provinces"],
        cells=frames["cells"],
        derivations={d.name: d for d in derivations if d.name in columns},
    )


def _write_parquet(frame: pd.DataFrame, path: Path) -> None:
    with writing(path) as temporary:
        frame.to_parquet(temporary, compression="zstd")
