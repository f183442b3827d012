"""Run each estimator beside the stored values of other software; write the README's table.

    python tests/benchmarks/verified.py

A row of the table is one function of `comparisons.py`: it yields the cases of an
estimator, each with our numbers and those of the reference. The data sets are read from the folder
`reference` beside the one that URBANECON_DATA names. Digits are those of the largest
relative difference d over all numbers of a row, floor(-log10 d), at most 15, which
is what a double holds. Numbers that the reference did not print, or gives as zero,
are not compared. Exits with 1 if a row agrees in fewer digits than it must.
"""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import comparisons
import numpy as np
from references import ROOT, Case, stored

from urbanecon.atomic import write_text
from urbanecon.errors import EstimationWarning

README = ROOT / "README.md"
BEGIN, END = "<!-- verified:begin -->", "<!-- verified:end -->"
MOST = 15


class Row(NamedTuple):
    """One line of the table.

    Attributes
    ----------
    estimator
        As the README names it.
    references
        Files of stored values.
    cases
        Yields the comparisons.
    note
        In which way the reference counts differently, if it does.
    least
        Digits in which the estimates must agree, fewer than eight only where the
        reference prints or simulates no more.
    """

    estimator: str
    references: tuple[str, ...]
    cases: Callable[[], Iterator[Case]]
    note: str = ""
    least: int = 8


ROWS = (
    Row("two-way fixed effects, 300 cities", ("twfe_city_fixest",),
        comparisons.effects_of_cities),
    Row("two-way fixed effects, 10 firms", ("twfe_grunfeld_fixest",),
        comparisons.effects_of_firms),
    Row("two-way fixed effects, 10 firms", ("twfe_grunfeld_plm",),
        comparisons.effects_of_firms_in_plm, "its small-sample factors exchanged for ours"),
    Row("least squares, Conley errors", ("conley_quakes_fixest",), comparisons.conley,
        "on its radius of the earth"),
    Row("random effects, fixed effects, pooled", ("panel_tests_grunfeld_plm",),
        comparisons.classical),
    Row("Hausman, panel and unit-root tests, statistics", ("panel_tests_grunfeld_plm",),
        comparisons.panel_diagnostics),
    Row("two-stage least squares, two-way effects", ("twfe_grunfeld_fixest",),
        comparisons.instruments_in_panels),
    Row("two-stage least squares, cross-section", ("iv_cigarettes_aer",),
        comparisons.instruments_in_cross_sections, "our small-sample factor left out of HC0"),
    Row("difference and system GMM", ("gmm_empluk_plm",), comparisons.dynamic,
        "in one case of one step it leaves out the variance of the errors"),
    Row("group-time effects", ("cs_did_mpdta",), comparisons.group_times, least=6),
    Row("Sun-Abraham event study", ("sunab_base_stagg_fixest",), comparisons.sun_abraham),
    Row("honest bounds, smoothness", ("honestdid_bc",), comparisons.smoothness,
        "it simulates critical values", least=2),
    Row("honest bounds, relative magnitudes", ("honestdid_bc",),
        comparisons.relative_magnitudes, "it searches a grid", least=1),
    Row("spatial lag and Durbin panels",
        ("spatial_panel_produc_splm", "spatial_panel_twoways_dummies_splm"),
        comparisons.spatial, least=6),
    Row("threshold regression", ("hansen_threshold_numpy_strict",), comparisons.threshold,
        "a separate strict program; our small-sample factor left out"),
    Row("threshold regression, statistics", ("hansen_threshold_pdR",),
        comparisons.threshold_in_pdr),
)  # fmt: skip


def digits(pairs: Iterable[tuple[float, float]]) -> int | None:
    """Digits in which all pairs agree; None without pairs."""
    gaps = []
    for ours, theirs in pairs:
        if theirs is None or not np.isfinite(theirs) or theirs == 0:
            continue
        gap = abs(float(ours) - float(theirs)) / abs(float(theirs))
        gaps.append(math.inf if math.isnan(gap) else gap)
    if not gaps:
        return None
    worst = max(gaps)
    if not 10.0**-MOST < worst < 1:
        return 0 if worst >= 1 else MOST
    return math.floor(-math.log10(worst))


def software(row: Row) -> str:
    """Name and version of what computed the reference values, and their files."""
    packages = stored(row.references[0]).get("packages", {})
    main = next(iter(packages.items()), ("NumPy", ""))
    files = ", ".join(f"`{name}`" for name in row.references)
    text = f"{' '.join(main).strip()} ({files})"
    return f"{text}; {row.note}" if row.note else text


def table() -> tuple[str, list[str]]:
    """Return the table as Markdown, and the estimators that fall short."""
    lines = [
        "| estimator | reference software and version | cases | digits agreed in estimates "
        "| digits agreed in standard errors |",
        "| --- | --- | ---: | ---: | ---: |",
    ]
    short = []
    for row in ROWS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", EstimationWarning)
            cases = [Case(list(case.estimates), list(case.errors)) for case in row.cases()]
        agreed = digits(pair for case in cases for pair in case.estimates)
        of_errors = digits(pair for case in cases for pair in case.errors)
        if any(found is not None and found < row.least for found in (agreed, of_errors)):
            short.append(row.estimator)
        shown = ("–" if found is None else str(found) for found in (agreed, of_errors))
        cells = (row.estimator, software(row), str(len(cases)), *shown)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines), short


def main() -> int:
    """Compare, print, write; 1 if an estimator agrees in fewer digits than it must."""
    text, short = table()
    print(text)
    readme = README.read_text(encoding="utf-8")
    head, rest = readme.split(BEGIN)
    _, tail = rest.split(END)
    write_text(README, f"{head}{BEGIN}\n{text}\n{END}{tail}")
    for estimator in short:
        print(f"fewer digits than required: {estimator}", file=sys.stderr)
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
