"""Rebuild `pilots.csv` from ntu_pilot: ``python data_raw/facts/derive_pilots.py``.

The table lets a machine without the raw file know which prefectures became
national new-type urbanization pilots, and when.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from urbanecon.atomic import write_text
from urbanecon.cleaning.divisions import load_divisions
from urbanecon.cleaning.registry import load_registry, locate
from urbanecon.cleaning.sources import ntu_pilot
from urbanecon.project import find_project

BATCHES = {
    2014: "NDRC and ten departments, first batch, December 2014 (published February 2015)",
    2015: "NDRC and ten departments, second batch, November 2015",
    2016: "NDRC and ten departments, third batch, December 2016",
}


def derive(path: Path) -> pd.DataFrame:
    """Return one row a treated prefecture, from the raw file of ntu_pilot."""
    pilots = ntu_pilot.read(path)
    first_year = pilots["value"].astype("int64")
    table = pd.DataFrame(
        {
            "city": pilots["city"],
            "name_zh": pilots["city"].map(load_divisions()["name_zh"]),
            "first_year": first_year,
            "source": first_year.map(BATCHES) + "; as coded in ntu_pilot",
        }
    )
    return table.sort_values(["first_year", "city"], ignore_index=True)


def main() -> None:
    """Write `pilots.csv` beside this script."""
    table = derive(locate(load_registry()["ntu_pilot"]).path)
    write_text(find_project().facts / "pilots.csv", table.to_csv(index=False))


if __name__ == "__main__":
    main()
