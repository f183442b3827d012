"""Run each estimator beside the stored values of other software; write the README's table.

    python tests/benchmarks/verified.py

A row of the table is one function of `comparisons.py` or `designs.py`, or of
`identities.py` where no other software has stored values: it yields the cases of an
estimator, each with our numbers and those of the reference. The data sets are read from
the folder `reference` beside the one that URBANECON_DATA names. Digits are those of the
largest relative difference d over all numbers of a row, floor(-log10 d), at most 15,
which is what a double holds. Numbers that the reference did not print, or gives as
zero, are not compared. Exits with 1 if a row agrees in fewer digits than it must.
"""

from __future__ import annotations

import math
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import comparisons
import designs
import identities
import numpy as np
from references import ROOT, Case, stored

from urbanecon.atomic import write_text
from urbanecon.errors import EstimationWarning

README = ROOT / "README.md"
BEGIN, END = "<!-- verified:begin -->", "<!-- verified:end -->"
MOST = 15
ELSEWHERE = (
    "No other numbers are at hand for panel quantiles by moments, exposure-robust errors, the "
    "effective F and the Anderson-Rubin set, slope heterogeneity, simulated impacts and double "
    "machine learning: their tests hold them against plain formulas and simulated truths."
)


class Row(NamedTuple):
    """One line of the table.

    Attributes
    ----------
    estimator
        As the README names it.
    references
        Files of stored values, or in words what else ours is compared with.
    cases
        Yields the comparisons.
    note
        In which way the reference counts differently, if it does.
    least
        Digits in which the estimates must agree, fewer than eight only where the
        reference prints or simulates no more.
    """

    estimator: str
    references: tuple[str, ...] | str
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
    Row("Driscoll-Kraay errors", ("twfe_grunfeld_fixest",), comparisons.driscoll_kraay),
    Row("Newey-West errors", ("twfe_grunfeld_fixest",), comparisons.newey_west),
    Row("CRV3 jackknife errors", "dummies, without one cluster after another",
        identities.jackknife),
    Row("Conley errors", ("conley_quakes_fixest",), comparisons.conley,
        "on its radius of the earth"),
    Row("Conley errors, uniform and Bartlett", "a loop over all pairs", identities.conley),
    Row("random effects, fixed effects, pooled", ("panel_tests_grunfeld_plm",),
        comparisons.classical),
    Row("between and first differences, with gaps", "least squares on means and changes",
        identities.between_and_changes),
    Row("Hausman test, statistic", ("panel_tests_grunfeld_plm",), comparisons.hausman_test),
    Row("panel tests (effects, dependence, serial correlation), statistics",
        ("panel_tests_grunfeld_plm",), comparisons.panel_diagnostics),
    Row("unit roots (IPS, Maddala-Wu, LLC, CIPS), statistics",
        ("panel_tests_grunfeld_plm",), comparisons.unit_root_tests),
    Row("two-stage least squares, two-way effects", ("twfe_grunfeld_fixest",),
        comparisons.instruments_in_panels),
    Row("two-stage least squares, cross-section", ("iv_cigarettes_aer",),
        comparisons.instruments_in_cross_sections, "our small-sample factor left out of HC0"),
    Row("first-stage F, Wu-Hausman and Sargan tests", ("iv_cigarettes_aer",),
        comparisons.instrument_diagnostics),
    Row("LIML and two-step GMM with instruments", "linearmodels, its small-sample factor added",
        identities.liml_and_gmm),
    Row("shift-share instruments, Rotemberg weights", "the equation of shocks; weights add up",
        identities.shift_share),
    Row("difference and system GMM", ("gmm_empluk_plm",), comparisons.dynamic,
        "in one case of one step it leaves out the variance of the errors"),
    Row("group-time effects", ("cs_did_mpdta",), designs.group_times, least=6),
    Row("aggregation of group-time effects", ("cs_did_mpdta",), designs.aggregations,
        least=6),
    Row("imputation estimator", "least squares on the untreated rows, by dummies",
        identities.imputed),
    Row("Sun-Abraham event study", ("sunab_base_stagg_fixest",), designs.sun_abraham),
    Row("Goodman-Bacon decomposition", "weights sum to one and give the two-way estimate",
        identities.goodman_bacon),
    Row("honest bounds, smoothness: centres, and half-lengths as errors", ("honestdid_bc",),
        designs.smoothness, "it simulates critical values, ours are exact", least=2),
    Row("honest bounds, relative magnitudes", ("honestdid_bc",),
        designs.relative_magnitudes, "ends moved to the points of its grid"),
    Row("synthetic difference-in-differences", "two-way effects, equal weights and its own",
        identities.synthetic),
    Row("spatial lag and Durbin panels", ("spatial_panel_produc_splm",),
        designs.spatial_states, least=6),
    Row("spatial lag and Durbin panels, two-way", ("spatial_panel_twoways_dummies_splm",),
        designs.spatial_two_way, least=6),
    Row("impacts of a spatial Durbin panel", ("spatial_panel_produc_splm",),
        designs.spatial_impacts, least=6),
    Row("LM tests of spatial dependence", ("spatial_panel_produc_splm",),
        designs.spatial_multipliers),
    Row("threshold regression", ("hansen_threshold_numpy_strict",), designs.threshold,
        "a separate strict program; our small-sample factor left out"),
    Row("threshold regression, statistics", ("hansen_threshold_pdR",),
        designs.threshold_in_pdr),
    Row("quantile regression", ("quantreg_engel_grunfeld",), comparisons.quantiles),
    Row("quantile regression with effects", ("quantreg_engel_grunfeld",),
        comparisons.quantiles_with_effects, "its interior point method"),
    Row("mediation", "product and difference of coefficients", identities.mediated),
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
    if isinstance(row.references, str):
        return row.references
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
    return "\n".join([*lines, "", *textwrap.wrap(ELSEWHERE, 88)]), short


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
