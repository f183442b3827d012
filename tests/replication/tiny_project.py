"""A synthetic project of three sources, one step, one table, one figure and a paper, in git."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

from urbanecon.project import Project

RAW = b"city,gdp\n420100,1.0\n"
SHA = hashlib.sha256(RAW).hexdigest()

CODEBOOK = """
[gdp]
unit = "yuan"
label_en = "Gross domestic product"
label_zh = "地区生产总值"
kind = "flow"
range = [0, 1.0e14]
level = "city"
sources = ["open_data"]
"""

SOURCE = """
[[source]]
id = "{id}"
kind = "file"
tier = "{tier}"
file = "{id}/raw.csv"
bytes = {bytes}
sha256 = "{sha}"
repository = "someone/something"
commit = "abc"
url = "https://example.org/abc/{id}.csv"
licence = "{licence}"
citation = "Someone, {id}"
unit = "city"
years = "2000"
variables = "GDP"
notes = ""
feeds = ["gdp"]
"""

FACTS = """
[[source]]
id = "facts_pilots"
kind = "facts"
tier = "A"
file = "facts/pilots.csv"
licence = "facts of official notices"
citation = "the notices"
unit = "city"
years = "2014"
variables = "pilots"
notes = ""
feeds = ["flags"]
"""

SOURCES = (
    ("open_data", "A", "CC BY 4.0"),
    ("closed_data", "B", "none stated"),
    ("lent_data", "A", "MIT (repository); data of others"),
)

STEP = '''"""Estimate E1, synthetic."""

from pathlib import Path
from typing import Annotated

from pytask import Product

PROJECT = None
SEED = 7


def task_growth(
    panel: Path = PROJECT,
    results: Annotated[Path, Product] = "E1.json",
    figure: Annotated[Path, Product] = "trends",
) -> None:
    """Do nothing."""
'''

TABLES = '''"""Tables, synthetic."""


def main_results(effect):
    """Return nothing."""
    return Table(name=f"main_{effect}")  # noqa: F821
'''

RERUN = '''"""Copy the outputs from the answers: what a rerun would make."""

import shutil
from pathlib import Path

root = Path(__file__).resolve().parent
shutil.copytree(root / "answers", root, dirs_exist_ok=True)
'''

MEASURED = {
    "where": "2 cores.",
    "results": [{"what": "main job", "value": 60.0, "limit": 180, "unit": "s"}],
}

NAME = "E1.gdp.pilot.twfe.city+year.estimate"


def numbers(value: float = 0.25) -> str:
    """Text of ``numbers.json`` with one number."""
    entry = {
        "value": value,
        "text": f"{value:.3f}",
        "format": "number",
        "unit": "yuan",
        "from": {"file": "E1.json", "estimate": "E1.gdp.pilot.twfe.city+year", "term": "pilot"},
    }
    return json.dumps({"numbers": {NAME: entry}, "tables": ["main_E1"]})


def table(value: float = 0.25) -> str:
    """Text of a table with one number."""
    return f"Pilot & {value:.3f} \\\\\n"


def picture(shade: float = 0.5) -> bytes:
    """A PNG of one shade."""
    import io

    import numpy as np
    from matplotlib.image import imsave

    stream = io.BytesIO()
    imsave(stream, np.full((20, 20, 3), shade), metadata={"Software": None})
    return stream.getvalue()


def outputs() -> dict[str, bytes]:
    """What the main job makes."""
    return {
        "paper/numbers.json": numbers().encode(),
        "paper/paper.pdf": b"%PDF synthetic",
        "build/tables/main_E1.tex": table().encode(),
        "figures/trends.png": picture(),
    }


def write(root: Path, files: dict[str, str | bytes]) -> None:
    """Write files below a folder."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def make(root: Path) -> Project:
    """Make the project, with one commit."""
    sources = "".join(
        SOURCE.format(id=name, tier=tier, licence=licence, sha=SHA, bytes=len(RAW))
        for name, tier, licence in SOURCES
    )
    write(
        root,
        {
            ".gitignore": "build/\ndata_raw/*/raw.csv\n",
            "data_raw/codebook.toml": CODEBOOK,
            "data_raw/sources.toml": sources + FACTS,
            "data_raw/facts/pilots.csv": "city,year\n420100,2014\n",
            **{f"data_raw/{name}/raw.csv": RAW for name, _, _ in SOURCES},
            "analyses/task_30_growth.py": STEP,
            "urbanecon/reporting/__init__.py": '"""Tables and the paper."""\n',
            "urbanecon/reporting/tables.py": TABLES,
            "paper/paper.typ": f'A number: #num("{NAME}").\n',
            "reproduce.py": RERUN,
            "pyproject.toml": '[project]\nname = "tiny"\nversion = "1.0"\n'
            'description = "Synthetic"\nrequires-python = ">=3.11"\n'
            'authors = [{ name = "Nobody" }]\nkeywords = ["x"]\n'
            'dependencies = ["numpy>=2"]\n',
            "requirements/run.lock": "numpy==2.4.0 \\\n    --hash=sha256:00\n",
            "tests/benchmarks/measured.json": json.dumps(MEASURED),
            "LICENSE": "MIT License\n",
            "DATA_LICENCES.md": "# Licences of the data\n",
            "CITATION.cff": "cff-version: 1.2.0\n",
            **{f"answers/{name}": content for name, content in outputs().items()},
            **outputs(),
        },
    )
    for command in (
        ("init", "--quiet"),
        ("add", "--all", "--force", "answers"),
        ("add", "--all"),
        ("-c", "user.name=n", "-c", "user.email=n@example.org", "commit", "-q", "-m", "x",
         "--date", "2020-01-02T03:04:05+00:00"),
    ):  # fmt: skip
        subprocess.run(("git", *command), cwd=root, check=True, capture_output=True)
    return Project(root)
