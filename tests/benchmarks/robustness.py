"""Time what is built on cluster moments beside refits and other software.

    python tests/benchmarks/robustness.py             prints the table
    python tests/benchmarks/robustness.py --readme    and puts it into the README

Reads the panel that the main job built. Both sides of a comparison run in this
process, in turns; each number is a median, the first call is not counted. Where the
other side would take hours, some of its refits are timed, spread over all of them, and
scaled; the table says how many. Before times are compared, both sides must agree on the
numbers. The multiverse runs in a process of its own, whose peak memory is measured.
Exits with 1 if a target is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from estimators import Row, in_turns, installed, threads
from measure import put_between, watched_process

from urbanecon.estimation.bootstrap import bootstrap_equation
from urbanecon.estimation.bootstrap_result import Wild
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.moments import cluster_moments
from urbanecon.estimation.moments_fit import moments_fit
from urbanecon.estimation.randomization import permute_equation
from urbanecon.estimation.randomization_result import Permutations
from urbanecon.estimation.subsets import all_subsets, control_subsets
from urbanecon.measures.variables import open_panel
from urbanecon.project import find_project

BEGIN, END = "<!-- robustness:begin -->", "<!-- robustness:end -->"
OUTCOME, TREATMENT = "ln_gdp_pc_real", "pilot"
CONTROLS = [
    "upgrading", "finance", "fiscal_effort", "students_per_10k", "openness", "ln_population",
    "citizenization", "ln_fiscal_education_pc", "ln_npp", "ln_co2", "ln_night_lights",
    "light_gini",
]  # fmt: skip
SOME = CONTROLS[:4]
"""Controls of the jobs that are about one equation."""

PYFIXEST = "pyfixest 0.40.1"
REFITS = 10
"""Refits of the other side in one turn; their mean stands for all."""
TURNS = 5
DRAWS, PATHS = 9_999, 10_000
SAME = 1e-8
"""Relative difference up to which two sides agree."""

EFFECTS = ("E1", "E2", "E3", "E4")
SECONDS, GIGABYTES = 60.0, 2.0
"""What the multiverse may take."""


def flat_rows(data: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with cities as integers: pyfixest need not code them again in each fit."""
    flat = data.reset_index()
    return flat.assign(city=pd.factorize(flat["city"])[0])


def lean_fit(flat: pd.DataFrame, regressors: Sequence[str], vcov: str = "CRV1") -> Any:
    """Fit with pyfixest, nothing copied or kept that inference does not need."""
    import pyfixest

    formula = f"{OUTCOME} ~ {' + '.join(regressors)} | city + year"
    return pyfixest.feols(
        formula, flat, vcov={vcov: "city"}, copy_data=False, store_data=False, lean=vcov == "CRV1"
    )


def agree(what: str, ours: Sequence[float], theirs: Sequence[float]) -> None:
    """End the run if two sides do not estimate the same."""
    if not np.allclose(ours, theirs, rtol=SAME, atol=0):
        sys.exit(f"error: {what}: {ours} and {theirs} differ, so the times do not compare")


def coefficient_and_error(fit: Any) -> list[float]:
    """Estimate of the treatment and its standard error, from pyfixest or a `Fit`."""
    if hasattr(fit, "params") and hasattr(fit, "sample"):
        return [float(fit.params[TREATMENT]), float(fit.se[TREATMENT])]
    return [float(fit.coef()[TREATMENT]), float(fit.se()[TREATMENT])]


def spread(total: int, turn: int) -> list[int]:
    """Which of `total` refits are made in a turn: evenly spread, others in each turn."""
    step = total / REFITS
    return [int(step * (i + turn / (TURNS + 1))) for i in range(REFITS)]


def scaled(
    what: str,
    ours: Callable[[], object],
    refit: Callable[[int], object],
    *,
    total: int,
    other: str,
    faster: float | None = None,
) -> Row:
    """Compare one job of ours with `total` refits, of which `REFITS` are timed in a turn."""
    turn = iter(range(TURNS + 1))
    mine, batch = in_turns(
        ours, lambda: [refit(i) for i in spread(total, next(turn))], repeats=TURNS
    )
    words = f"{other} ({TURNS * REFITS} of {total:,} timed)"
    return Row(what, mine, words, batch / REFITS * total, faster=faster)


# -- the comparisons -------------------------------------------------------------------


def one_fit(data: pd.DataFrame) -> list[Row]:
    """One equation, two-way effects, clustered."""
    from linearmodels.panel import PanelOLS

    regressors, flat = [TREATMENT, *SOME], flat_rows(data)

    def ours() -> Any:
        return moments_fit(data, OUTCOME, regressors)

    def linearmodels() -> Any:
        return PanelOLS(
            data[OUTCOME], data[regressors], entity_effects=True, time_effects=True
        ).fit(cov_type="clustered", cluster_entity=True)

    def pyfixest() -> Any:
        return lean_fit(flat, regressors)

    agree("one fit", ours().params.tolist(), linearmodels().params.tolist())
    agree("one fit", coefficient_and_error(ours()), coefficient_and_error(pyfixest()))
    what = f"one fit, {len(data):,} rows, two-way effects, clustered"
    mine, *theirs = in_turns(ours, linearmodels, pyfixest, repeats=25)
    return [
        Row(what, mine, "linearmodels", theirs[0], faster=10),
        Row(what, mine, PYFIXEST, theirs[1]),
    ]


def every_subset(data: pd.DataFrame) -> list[Row]:
    """All subsets of twelve controls, reading the data included."""
    member, flat = all_subsets(len(CONTROLS)), flat_rows(data)

    def ours() -> pd.DataFrame:
        moments = cluster_moments(data, [OUTCOME, TREATMENT, *CONTROLS])
        return control_subsets(moments, OUTCOME, TREATMENT, CONTROLS)

    def refit(i: int) -> Any:
        kept = [name for name, inside in zip(CONTROLS, member[i], strict=True) if inside]
        return lean_fit(flat, [TREATMENT, *kept])

    table = ours()
    for i in (0, 1365, len(member) - 1):
        agree(
            f"subset {i}",
            table.loc[i, ["estimate", "se"]].tolist(),
            coefficient_and_error(refit(i)),
        )
    what = f"{len(member):,} control subsets, two-way effects, CRV1"
    return [scaled(what, ours, refit, total=len(member), other=f"{PYFIXEST} refits", faster=300)]


def permuted_paths(data: pd.DataFrame) -> list[Row]:
    """Adoption paths handed to other cities, by both statistics."""
    rng = np.random.default_rng(1)
    paths = data[TREATMENT].unstack()
    full = paths.ffill(axis=1).bfill(axis=1)  # a pilot stays one: gaps of other variables
    city = full.index.get_indexer(data.index.get_level_values("city"))
    year = full.columns.get_indexer(data.index.get_level_values("year"))
    flat = flat_rows(data)

    def permuted() -> np.ndarray:
        return full.to_numpy()[rng.permutation(len(full))][city, year]

    def by_pyfixest(_: int) -> Any:
        return lean_fit(flat.assign(**{TREATMENT: permuted()}), [TREATMENT, *SOME])

    def by_rows(_: int) -> Any:
        return fixed_effects(data.assign(**{TREATMENT: permuted()}), OUTCOME, [TREATMENT, *SOME])

    rows = []
    for statistic in ("t", "coefficient"):
        how = Permutations(statistic, draws=PATHS)  # type: ignore[arg-type]

        def ours(how: Permutations = how) -> Any:
            return permute_equation(data, OUTCOME, TREATMENT, SOME, how=how)

        agree("permutations", [ours().estimate],
              coefficient_and_error(lean_fit(flat, [TREATMENT, *SOME]))[:1])  # fmt: skip
        what = f"{PATHS:,} adoption-path permutations, {statistic}"
        rows += [
            scaled(what, ours, by_pyfixest, total=PATHS, other=f"{PYFIXEST} refits", faster=1000),
            scaled(what, ours, by_rows, total=PATHS, other="`fixed_effects` refits"),
        ]
    return rows


def wild(data: pd.DataFrame) -> list[Row]:
    """Restricted wild cluster bootstrap of the treatment; one fit on each side included.

    The other side gives t and p and no interval, so these are what is compared.
    """
    flat = flat_rows(data)

    def ours() -> Any:
        how = Wild(draws=DRAWS, seed=1)
        return bootstrap_equation(data, OUTCOME, TREATMENT, SOME, how=how)

    def with_interval() -> tuple[float, float]:
        return ours().interval

    def pyfixest() -> Any:
        import pyfixest as pf

        formula = f"{OUTCOME} ~ {' + '.join([TREATMENT, *SOME])} | city + year"
        fit = pf.feols(formula, flat, vcov={"CRV1": "city"})
        return fit.wildboottest(param=TREATMENT, reps=DRAWS, cluster="city", seed=1)

    # p of two sets of draws differ by chance: five standard errors of their difference
    gap = abs(ours().p - float(pyfixest()["Pr(>|t|)"]))
    p = ours().p
    if gap > 5 * np.sqrt(2 * p * (1 - p) / DRAWS) + 1 / DRAWS:
        sys.exit(f"error: wild bootstrap: p differs by {gap:.3g}, so the times do not compare")
    mine, inverted, theirs = in_turns(ours, with_interval, pyfixest, repeats=TURNS)
    what = f"wild bootstrap, {DRAWS:,} draws, t and p"
    return [
        Row(what, mine, f"{PYFIXEST} with wildboottest", theirs, faster=50),
        Row("the same with the inverted interval, which the other side has not", inverted, ""),
    ]


def jackknife(data: pd.DataFrame) -> list[Row]:
    """CRV3 by leaving out one city after another."""
    flat = flat_rows(data)
    cities = flat["city"].unique()

    def ours() -> Any:
        return moments_fit(data, OUTCOME, [TREATMENT, *SOME], errors="crv3")

    def refit(i: int) -> Any:
        return lean_fit(flat[flat["city"] != cities[i]], [TREATMENT, *SOME])

    def pyfixest() -> Any:
        return lean_fit(flat, [TREATMENT, *SOME], "CRV3")

    by_rows = fixed_effects(data, OUTCOME, [TREATMENT, *SOME], vcov="crv3(city)")
    agree("CRV3", coefficient_and_error(ours()), coefficient_and_error(by_rows))
    what = f"CRV3 jackknife, {len(cities)} clusters"
    mine, theirs = in_turns(ours, pyfixest, repeats=1)
    return [
        scaled(what, ours, refit, total=len(cities), other=f"{PYFIXEST} refits", faster=100),
        Row(what, mine, f"CRV3 of {PYFIXEST}", theirs),
    ]


# -- the multiverse --------------------------------------------------------------------


def multiverse(build: Path) -> list[Row]:
    """Run the four multiverses in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "told.json"
        _, peak = watched_process(__file__, "--build", str(build), "--tell", str(told))
        said = json.loads(told.read_text(encoding="utf-8"))
    what = f"multiverse, {said['specs']:,} specs, {len(EFFECTS)} effects"
    return [
        Row(f"{what}, from the panel", said["seconds"], "", limit=SECONDS),
        Row(f"of this, the {said['frames']} variants of the panel", said["variants"], ""),
        Row("processor time of the whole", said["processor"], ""),
        Row("peak memory of that process, GB", peak, "", limit=GIGABYTES, unit="GB"),
    ]


def tell(build: Path, told: Path) -> None:
    """Run the four multiverses once and write what they took."""
    from urbanecon.cleaning.boundaries import groups
    from urbanecon.effects.robustness import run_effect
    from urbanecon.effects.variants import panel_variants

    panel, members = open_panel(build), groups()
    start, busy = time.perf_counter(), time.process_time()
    frames = panel_variants(panel, members)
    variants = time.perf_counter() - start
    specs = sum(len(run_effect(effect, frames)) for effect in EFFECTS)
    seconds = time.perf_counter() - start
    said = {
        "specs": specs,
        "frames": len(frames),
        "variants": variants,
        "seconds": seconds,
        "processor": time.process_time() - busy,
    }
    told.write_text(json.dumps(said), encoding="utf-8")


# -- the table -------------------------------------------------------------------------


def as_markdown(rows: list[Row], where: str) -> str:
    """Write the rows as the table that the README shows."""
    lines = ["| job | ours | side by side with | theirs | times faster | at least | met |",
             "| --- | ---: | --- | ---: | ---: | ---: | --- |"]  # fmt: skip
    for row in rows:
        theirs = "" if row.theirs is None else f"{row.theirs:.3g} s"
        ratio = "" if row.ratio is None else f"{row.ratio:,.0f}"
        met = {True: "yes", False: "no", None: ""}[row.kept]
        cells = (row.what, f"{row.ours:.3g} {row.unit}", row.other, theirs, ratio, row.target, met)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", where])


def circumstances(data: pd.DataFrame) -> str:
    """Say on what the numbers were measured."""
    return (
        f"Measured on the city panel, {data.index.get_level_values('city').nunique()} cities; "
        f"{os.cpu_count()} cores, threads: {threads()}; {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, numpy {np.__version__}."
    )


def main() -> int:
    """Time everything and print the table; 1 if a target is missed."""
    parser = argparse.ArgumentParser(description="Time what is built on cluster moments.")
    parser.add_argument("--readme", action="store_true", help="put the table into the README")
    parser.add_argument("--build", type=Path, default=find_project().build, help="built panel")
    parser.add_argument("--tell", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.tell:
        tell(options.build, options.tell)
        return 0
    if not (installed("pyfixest") and installed("wildboottest")):
        sys.exit("error: install pyfixest==0.40.1 and wildboottest, the other side of the table")
    data = open_panel(options.build).data[[OUTCOME, TREATMENT, *CONTROLS]].dropna()
    parts = (every_subset, permuted_paths, wild, jackknife, one_fit)
    rows = [row for part in parts for row in part(data)] + multiverse(options.build)
    table = as_markdown(rows, circumstances(data))
    print(table)
    if options.readme:
        put_between(BEGIN, END, table)
    return 1 if any(row.kept is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
