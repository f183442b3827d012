"""Small synthetic observations that the tests of the audit share."""

from __future__ import annotations

import pandas as pd


def table(**columns) -> pd.DataFrame:
    """Synthetic observations; what is not given is a plain good cell."""
    rows = {
        "city": "110000",
        "year": 2010,
        "variable": "imports",
        "value": 1.0,
        "source": "synthetic",
        "raw": "synthetic.csv||2|A",
        "flag": "ok",
    } | columns
    length = max((len(v) for v in rows.values() if isinstance(v, list)), default=1)
    return pd.DataFrame({k: v if isinstance(v, list) else [v] * length for k, v in rows.items()})


def series(variable: str, by_city: dict[str, list[float]], first: int = 2000) -> pd.DataFrame:
    """One variable of several cities, a value a year."""
    cells = [(city, first + t, v) for city, path in by_city.items() for t, v in enumerate(path)]
    city, year, value = (list(column) for column in zip(*cells, strict=True))
    return table(city=city, year=year, value=value, variable=variable)


def told(findings: pd.DataFrame, rule: str) -> set[tuple[str, int, str]]:
    """Cells that a rule names."""
    rows = findings[findings["rule"] == rule]
    return set(zip(rows["city"], rows["year"], rows["variable"], strict=True))
