"""Read every raw file that is at hand into observations, one file a source."""

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

from pytask import Product, task

from urbanecon.atomic import writing
from urbanecon.needs import code, raw_files
from urbanecon.project import find_project

PROJECT = find_project(Path(__file__).parent)

for source_id, path in raw_files(PROJECT).items():

    @task(id=source_id)
    def task_read(
        raw: Path = path,
        modules: str = code(
            f"cleaning.sources.{source_id}",
            "cleaning.tables",
            "cleaning.observations",
            "cleaning.divisions",
        ),
        facts: Path = PROJECT.facts / "divisions.csv",
        observations: Annotated[Path, Product] = PROJECT.build
        / "observations"
        / f"{source_id}.parquet",
        source: str = source_id,
    ) -> None:
        reader: Any = import_module(f"urbanecon.cleaning.sources.{source}")
        with writing(observations) as temporary:
            reader.read(raw).to_parquet(temporary, compression="zstd")
