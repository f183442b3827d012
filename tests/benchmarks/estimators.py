"""Time the estimators on the city panel beside other software or beside a limit.

    python tests/benchmarks/estimators.py

Both sides of a comparison run in this process, in turns, with the threads printed
above the table; each number is a median. Other software that is not installed is
named and left out. Exits with 1 if a target is missed.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationWarning
from urbanecon.estimation.aggregation import aggregate
from urbanecon.estimation.distance_weights import inverse_distance, nearest
from urbanecon.estimation.dynamic import dynamic_panel
from urbanecon.estimation.dynamic_instruments import GmmStyle
from urbanecon.estimation.fit import Fit
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.group_time import group_time
from urbanecon.estimation.spatial_impacts import simulated_impacts
from urbanecon.estimation.spatial_panel import spatial_panel
from urbanecon.estimation.spatial_sample import balanced_panel
from urbanecon.estimation.threshold import threshold_regression
from urbanecon.estimation.weights import Weights
from urbanecon.project import find_project

OUTCOME = "ln_gdp_pc_real"
REGRESSORS = ["upgrading", "finance", "fiscal_effort", "students_per_10k", "openness"]
THRESHOLD = "ln_population"
ADOPTION = "pilot_first_year"
PLACE = ["latitude", "longitude"]
FARTHEST_KM = 9_999
REPEATS = 7
DRAWS = 300
TIMED_REFITS = 60
"""Refits of the grid that are timed; their mean stands for all."""


@dataclass(frozen=True)
class Row:
    """One line of the table: what ours took, what the other side took, and the target."""

    what: str
    ours: float
    other: str
    theirs: float | None = None
    faster: float | None = None
    limit: float | None = None
    unit: str = "s"

    @property
    def ratio(self) -> float | None:
        """How many times as fast ours is."""
        return None if self.theirs is None else self.theirs / self.ours

    @property
    def kept(self) -> bool | None:
        """Whether the target is met; None without a target or without the other side."""
        if self.limit is not None:
            return self.ours < self.limit
        if self.faster is None or self.ratio is None:
            return None
        return self.ratio >= self.faster

    @property
    def target(self) -> str:
        """The target in words."""
        if self.limit is not None:
            return f"< {self.limit:g} {self.unit}"
        return "" if self.faster is None else f"{self.faster:g} times"


def in_turns(*sides: Callable[[], object], repeats: int = REPEATS) -> list[float]:
    """Median seconds of each side; the sides alternate, the first call is not counted."""
    seconds: list[list[float]] = [[] for _ in sides]
    for repeat in range(repeats + 1):
        for side, taken in zip(sides, seconds, strict=True):
            start = time.perf_counter()
            side()
            if repeat:
                taken.append(time.perf_counter() - start)
    return [statistics.median(taken) for taken in seconds]


def installed(name: str) -> bool:
    """Whether a package can be imported here."""
    return importlib.util.find_spec(name) is not None


def city_panel() -> tuple[pd.DataFrame, str]:
    """Return the built panel, or the same variables from the raw city table."""
    if (find_project().build / "panel.parquet").is_file():
        from urbanecon.measures.variables import open_panel

        return open_panel().data[[OUTCOME, *REGRESSORS, THRESHOLD, ADOPTION, *PLACE]], "build/"
    from city_macro_data import load_data

    raw = load_data().rename(columns=lambda name: name.replace("\r", "").replace("\n", ""))
    gdp, people = raw["地区生产总值(万元)"], raw["常住人口(万人)"]
    second, third = (raw[f"第{n}产业增加值占GDP比重(%)"] for n in "二三")
    columns = {
        OUTCOME: np.log((gdp / people).where(gdp > 0)),
        "upgrading": third / second,
        "finance": raw["年末金融机构各项贷款余额(万元)"] / gdp,
        "fiscal_effort": raw["一般公共预算支出(万元)"] / gdp,
        "students_per_10k": raw["普通高等学校在校学生数(万人)"] / people,
        "openness": raw["进出口总额（百万人民币）"] / gdp,
        THRESHOLD: np.log(people.where(people > 0)),
        "city": raw["城市代码"].astype(int).astype(str),
        "year": raw["年份"].astype(int),
    }
    facts = find_project().root / "data_raw" / "facts"
    places = pd.read_csv(facts / "coordinates.csv", dtype={"city": str}).set_index("city")[PLACE]
    pilots = pd.read_csv(facts / "pilots.csv", dtype={"city": str}).set_index("city")
    panel = pd.DataFrame(columns).set_index(["city", "year"])
    panel = panel.replace([np.inf, -np.inf], np.nan).join(places)
    return panel.join(pilots["first_year"].rename(ADOPTION)), "city_macro_data"


# -- the comparisons -------------------------------------------------------------------


def spatial_durbin(data: pd.DataFrame) -> list[Row]:
    """SDM with city effects, by weights: many zeros, and none.

    All variables are deviations from the mean of their year, as spreg has no
    effects of years and a common trend would push rho to one.
    """
    data = data.dropna(subset=PLACE)
    columns = [OUTCOME, *REGRESSORS]
    data = data.assign(**(data[columns] - data[columns].groupby("year").transform("mean")))
    places = data.groupby("city")[PLACE].first()
    makers: dict[str, Callable[[pd.DataFrame], Weights]] = {
        "6 nearest": lambda places: nearest(places, 6),
        "inverse square distance": lambda places: inverse_distance(places, FARTHEST_KM, power=2),
    }
    return [row for words, make in makers.items() for row in durbin(data, places, make, words)]


def durbin(
    data: pd.DataFrame,
    places: pd.DataFrame,
    make: Callable[[pd.DataFrame], Weights],
    words: str,
) -> list[Row]:
    """One SDM: ours with impacts and LR tests, spreg's lag model with neither.

    Both sides are handed the same balanced rows and the same finished W; the other
    side is handed the lagged regressors too. "New W": weights that a side has not
    seen. "Same W": each has kept what it prepared, as in every further specification
    on these cities; simulated errors of the impacts come on top. The last row has no
    counterpart in the other side's work: ours draws and balances the sample out of
    all rows, and restricts and standardises a new W of all cities.
    """
    panel = balanced_panel(data, [OUTCOME, *REGRESSORS], make(places))
    n, t = panel.shape
    balanced, weights, whole = (
        panel.rows(data),
        make(places.loc[panel.weights.units]),
        make(places),
    )

    def ours(rows: pd.DataFrame, w: Weights) -> Fit:
        return spatial_panel(
            rows, OUTCOME, REGRESSORS, w, "sdm", effects=["city"], correction="none"
        )

    def simulated() -> pd.DataFrame:
        return simulated_impacts(ours(balanced, weights), weights, np.random.default_rng(1))

    fresh, fresh_whole = (iter([replace(w) for _ in range(REPEATS + 1)]) for w in (weights, whole))
    sides: list[Callable[[], object]] = [
        lambda: ours(balanced, weights),
        lambda: ours(balanced, next(fresh)),
        simulated,
        lambda: ours(data, next(fresh_whole)),
    ]
    names = [
        f"SDM with impacts, {words}, {n} cities, {t} years, same W",
        f"new W, {words}",
        f"same W, simulated errors, {words}",
        f"out of all rows, new W of all cities, {words}",
    ]
    if not (installed("spreg") and installed("libpysal")):
        return [
            Row(what, mine, "spreg: not installed")
            for what, mine in zip(names, in_turns(*sides), strict=True)
        ]
    cells = balanced_panel(balanced, [OUTCOME, *REGRESSORS], weights).cells
    fit_lag, w_of = spreg_lag(cells, weights.lag(cells)), spreg_weights
    seen, unseen = w_of(weights), iter([w_of(weights) for _ in range(REPEATS + 1)])
    gap = abs(float(ours(balanced, weights).params["rho"]) - float(np.ravel(fit_lag(seen).rho)[0]))
    if gap > 1e-4:
        sys.exit(f"error: rho differs by {gap:.2g} from spreg's, so the times do not compare")
    *mine, again, first = in_turns(*sides, lambda: fit_lag(seen), lambda: fit_lag(next(unseen)))
    targets = [10.0, 10.0, 10.0, None]
    return [
        Row(what, seconds, "spreg Panel_FE_Lag", lag, faster=target)
        for what, seconds, lag, target in zip(
            names, mine, [again, first, again, first], targets, strict=True
        )
    ]


def spreg_weights(weights: Weights) -> Any:
    """Return weights as libpysal holds them, neighbours only."""
    from libpysal.weights import W

    rows, columns = weights.links
    starts = np.searchsorted(rows, np.arange(len(weights.units) + 1))
    spans = [slice(a, b) for a, b in pairwise(starts)]
    return W(
        {i: columns[span].tolist() for i, span in enumerate(spans)},
        {i: weights.linked[span].tolist() for i, span in enumerate(spans)},
        id_order=list(range(len(spans))),
        silence_warnings=True,
    )


def spreg_lag(cells: Any, lags: Any) -> Callable[[Any], Any]:
    """Return spreg's fixed-effects lag model on the same rows; lagged regressors are given."""
    import spreg

    n, t = cells.shape[:2]
    columns = np.concatenate([cells[..., 1:], lags[..., 1:]], axis=2)
    y, x = (a.swapaxes(0, 1).reshape(n * t, -1) for a in (cells[..., :1], columns))
    return lambda w: spreg.Panel_FE_Lag(y, x, w)


def threshold(data: pd.DataFrame) -> list[Row]:
    """One threshold and its bootstrap: ours, and a fit at each point for each draw."""
    moving, common = REGRESSORS[:1], REGRESSORS[1:]

    def ours() -> Fit:
        return threshold_regression(data, OUTCOME, moving, THRESHOLD, common, draws=DRAWS)

    fit = ours()
    grid = fit.extra["lr"]
    points = grid["value"].to_numpy()
    rows = data.loc[fit.sample]
    city = pd.factorize(rows.index.get_level_values("city"))[0]
    size = np.bincount(city)
    q, y = rows[THRESHOLD].to_numpy(), rows[OUTCOME].to_numpy()
    z, x = rows[moving[0]].to_numpy(), rows[common].to_numpy()

    def refit(point: float) -> float:
        """Sum of squares of one within regression, from the rows."""
        low = q < point
        columns = np.column_stack([y, x, z * low, z * ~low])
        means = [(np.bincount(city, column) / size)[city] for column in columns.T]
        columns -= np.column_stack(means)
        b = np.linalg.lstsq(columns[:, 1:], columns[:, 0], rcond=None)[0]
        return float(np.sum((columns[:, 0] - columns[:, 1:] @ b) ** 2))

    some = points[np.linspace(0, len(points) - 1, TIMED_REFITS).astype(int)]
    at = dict(zip(points, grid["ssr"], strict=True))
    if not np.allclose([refit(p) for p in some], [at[p] for p in some], rtol=1e-8):
        sys.exit("error: the refits have other sums of squares, so the times do not compare")
    mine, batch = in_turns(ours, lambda: [refit(p) for p in some])
    naive = batch / TIMED_REFITS * len(points) * DRAWS
    what = f"threshold, {DRAWS} draws, {len(points)} points, {fit.nobs} rows"
    return [Row(what, mine, f"refits ({TIMED_REFITS} timed, scaled)", naive, faster=100)]


def system_gmm(data: pd.DataFrame) -> list[Row]:
    """Two-step system GMM with Windmeijer errors."""

    def ours(style: GmmStyle) -> Fit:
        return dynamic_panel(data, OUTCOME, REGRESSORS, [style], system=True)

    styles = {
        "collapsed": GmmStyle(OUTCOME, collapse=True),
        "lags 2-4": GmmStyle(OUTCOME, (2, 4)),
    }
    rows = []
    for words, style in styles.items():
        fit = ours(style)
        size = f"{fit.stats['units']:.0f} cities, {fit.stats['instruments']:.0f} instruments"
        (mine,) = in_turns(lambda style=style: ours(style))  # type: ignore[misc]
        rows.append(Row(f"system GMM, {words}, {size}", mine, "", limit=0.2))
    return rows


def group_time_effects(data: pd.DataFrame) -> list[Row]:
    """Group-time effects and their dynamic average, each with a band from 999 draws."""

    def ours(covariates: list[str]) -> Fit:
        effects = group_time(data, OUTCOME, ADOPTION, covariates, draws=999)
        return aggregate(effects, "dynamic", draws=999)

    plain, adjusted = in_turns(lambda: ours([]), lambda: ours(REGRESSORS[:2]))
    return [
        Row("group-time ATT and dynamic average, 999 draws", plain, "", limit=1),
        Row("the same, doubly robust with 2 covariates", adjusted, "", limit=1),
    ]


def two_way(data: pd.DataFrame) -> list[Row]:
    """Two-way fixed effects, clustered by city."""
    frame = data[[OUTCOME, *REGRESSORS]].dropna()

    def ours() -> Fit:
        return fixed_effects(frame, OUTCOME, REGRESSORS)

    others: dict[str, Callable[[], Any]] = {}
    if installed("linearmodels"):
        from linearmodels.panel import PanelOLS

        options: dict[str, Any] = {"cov_type": "clustered", "cluster_entity": True}
        others["linearmodels"] = lambda: PanelOLS(
            frame[OUTCOME], frame[REGRESSORS], entity_effects=True, time_effects=True
        ).fit(**options)
    if installed("pyfixest"):
        import pyfixest

        flat = frame.reset_index()
        formula = f"{OUTCOME} ~ {' + '.join(REGRESSORS)} | city + year"
        others["pyfixest"] = lambda: pyfixest.feols(formula, flat, vcov={"CRV1": "city"})
    mine, *theirs = in_turns(ours, *others.values(), repeats=15)
    what = f"two-way effects, clustered, {len(frame)} rows"
    rows = [Row(what, mine, name, s) for name, s in zip(others, theirs, strict=True)]
    missing = [name for name in ("linearmodels", "pyfixest") if name not in others]
    return [*rows, *(Row(what, mine, f"{name}: not installed") for name in missing)]


# -- the table -------------------------------------------------------------------------


def threads() -> str:
    """Say how many threads linear algebra may use."""
    if installed("threadpoolctl"):
        from threadpoolctl import threadpool_info

        pools = {f"{p['internal_api']} {p['num_threads']}" for p in threadpool_info()}
        return ", ".join(sorted(pools))
    return f"OMP_NUM_THREADS={os.environ.get('OMP_NUM_THREADS', 'unset')}"


def as_text(rows: list[Row]) -> str:
    """Write the rows as a Markdown table."""
    lines = ["| what | ours, s | beside | s | times | target | met |"]
    lines.append("| --- | ---: | --- | ---: | ---: | ---: | --- |")
    for row in rows:
        theirs = "" if row.theirs is None else f"{row.theirs:.3g}"
        ratio = "" if row.ratio is None else f"{row.ratio:.3g}"
        met = {True: "yes", False: "no", None: ""}[row.kept]
        cells = [row.what, f"{row.ours:.3g}", row.other, theirs, ratio, row.target, met]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> int:
    """Time everything and print the table; 1 if a target is missed."""
    warnings.simplefilter("ignore", EstimationWarning)
    data, source = city_panel()
    data = data.dropna(subset=[OUTCOME])
    parts = (two_way, system_gmm, group_time_effects, threshold, spatial_durbin)
    rows = [row for part in parts for row in part(data)]
    print(
        f"City panel from {source}: {data.index.get_level_values('city').nunique()} cities, "
        f"{len(data)} rows. {os.cpu_count()} cores, threads: {threads()}; "
        f"Python {platform.python_version()}, numpy {np.__version__}.\n"
    )
    print(as_text(rows))
    return 1 if any(row.kept is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
