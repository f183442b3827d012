"""How an effect varies with a moderator, and whether the data can tell."""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationError, EstimationWarning, NotEstimableError
from urbanecon.estimation.fit import Diagnostic, Fit
from urbanecon.estimation.fixed_effects import fixed_effects
from urbanecon.estimation.inference import Inference, as_inference, keys_of, variables_of
from urbanecon.estimation.least_squares import times
from urbanecon.estimation.sample import Floats, draw_sample

GRID = 51
CELLS = 20
# Below this share of the treatment's spread within effects a bin holds no contrast.
NO_CONTRAST = 0.05


def moderation(
    data: pd.DataFrame,
    outcome: str,
    treatment: str,
    moderator: str,
    controls: Sequence[str] = (),
    *,
    effects: Sequence[str] = ("city", "year"),
    vcov: Inference | str = "cluster(city)",
    bins: int = 3,
    level: float = 0.95,
) -> Fit:
    """Interact a treatment with a moderator, and check the line by bins.

        y = b1 D + b2 (Z - zbar) + b3 D (Z - zbar) + x'g + effects + e

    Estimand: the effect b1 + b3 (z - zbar) of D where the moderator is z; b1 is
    that at the mean zbar of the sample. Causal for D as in `fixed_effects`; how
    the effect differs with Z describes, and is causal for Z only if Z too is as
    good as random. It is drawn only over observed values of Z, beside their
    histogram. Standard errors by the delta method from the full covariance
    (Brambor, Clark and Golder 2006).

    A straight line can be an artefact of few rows at the ends. The binned
    estimator of Hainmueller, Mummolo and Xu (2019, "How much should we trust
    estimates from multiplicative interaction models?", equation 4) estimates
    the effect at the median of each quantile bin of Z, from lines fitted within
    the bins; the diagnostic is the Wald test that the effect is one line.

    Parameters
    ----------
    data
        Panel indexed by (unit, period).
    outcome, treatment, moderator, controls
        Columns. A moderator constant within the effects keeps its interaction
        and loses its own term.
    effects, vcov
        As `fixed_effects`.
    bins
        Quantile bins of the moderator (fewer where values tie).
    level
        Coverage of the intervals.

    Returns
    -------
    Fit
        That of the linear interaction, terms `treatment`, `moderator` and
        "treatment x moderator" with the variables' names. `stats` adds
        moderator_mean. ``extra["marginal"]``: value, effect, se, low, high,
        density (share of rows in the cell of `support` over its width).
        ``extra["support"]``: low, high, rows, treatment_sd (a histogram).
        ``extra["bins"]``: low, high, median, rows, treatment_sd, effect, se,
        low_effect, high_effect. Diagnostics: Wald test of the line.

    Raises
    ------
    EstimationError
        A variable has two roles, or `bins` is below 2.
    NotEstimableError
        The treatment or its interaction does not vary within the effects.
    """
    names = [outcome, treatment, moderator, *controls]
    if len(set(names)) < len(names):
        raise EstimationError(f"a variable has two roles: {', '.join(names)}")
    if bins < 2:
        raise EstimationError(f"bins must be at least 2, found {bins}")
    how = as_inference(vcov)
    keys = keys_of(how)
    sample = draw_sample(data, [*names, *variables_of(how)], tuple(effects), keys)
    z, d = sample.column(moderator), sample.column(treatment)
    if np.ptp(z) == 0:
        raise NotEstimableError(f"the moderator {moderator!r} is {z[0]:g} in all rows")
    centre, both = float(z.mean()), f"{treatment} x {moderator}"
    centred = pd.to_numeric(data[moderator]) - centre
    frame = data.assign(**{moderator: centred, both: centred * data[treatment]})
    terms = [treatment, moderator, both, *controls]
    fit = fixed_effects(frame, outcome, terms, effects, how)
    lost = [term for term in (treatment, both) if term not in fit.params.index]
    if lost:
        raise NotEstimableError(
            f"{', '.join(map(repr, lost))} does not vary within the effects "
            f"({', '.join(effects) or 'constant'}), so the effect cannot differ with {moderator!r}"
        )
    extra = {
        "marginal": _marginal(fit, [treatment, both], z, centre, level),
        "support": _histogram(z, d),
    }
    edges = np.unique(np.quantile(z, np.linspace(0, 1, bins + 1)))
    if len(edges) > 2:
        extra["bins"], test = _binned(
            frame,
            fit,
            names=(treatment, moderator, both),
            edges=edges,
            how=how,
            sample=(z, d, centre),
            level=level,
        )
        fit = replace(fit, diagnostics=test)
    return replace(
        fit,
        estimator=f"{fit.estimator}, {treatment} interacted with {moderator}",
        stats={**fit.stats, "moderator_mean": centre},
        warnings=(*fit.warnings, *_support_notes(extra, moderator)),
        extra=extra,
    )


def _marginal(
    fit: Fit, terms: Sequence[str], z: Floats, centre: float, level: float
) -> pd.DataFrame:
    """Effect over the observed range of the moderator."""
    value = np.linspace(z.min(), z.max(), GRID)
    weights = np.column_stack([np.ones(GRID), value - centre])
    table = _combined(fit, terms, weights, level)
    counts, edges = np.histogram(z, CELLS)
    cell = np.clip(np.searchsorted(edges, value, side="right") - 1, 0, CELLS - 1)
    density = counts[cell] / len(z) / np.diff(edges)[cell]
    return pd.DataFrame({"value": value, **table, "density": density})


def _combined(fit: Fit, terms: Sequence[str], weights: Floats, level: float) -> dict[str, Floats]:
    """Linear combinations of coefficients with standard errors and intervals."""
    from scipy import stats

    names = list(terms)
    vcov = fit.vcov.loc[names, names].to_numpy(dtype=float)
    effect = times(weights, fit.params[names].to_numpy(dtype=float))
    se = np.sqrt(np.einsum("ij,jk,ik->i", weights, vcov, weights))
    reach = float(stats.t.ppf(0.5 + level / 2, fit.df)) * se
    return {"effect": effect, "se": se, "low": effect - reach, "high": effect + reach}


def _histogram(z: Floats, d: Floats) -> pd.DataFrame:
    counts, edges = np.histogram(z, CELLS)
    cell = np.clip(np.searchsorted(edges, z, side="right") - 1, 0, CELLS - 1)
    spread = [float(d[cell == j].std()) if counts[j] else np.nan for j in range(CELLS)]
    return pd.DataFrame(
        {"low": edges[:-1], "high": edges[1:], "rows": counts, "treatment_sd": spread}
    )


def _binned(
    frame: pd.DataFrame,
    linear: Fit,
    *,
    names: tuple[str, str, str],
    edges: Floats,
    how: Inference,
    sample: tuple[Floats, Floats, float],
    level: float,
) -> tuple[pd.DataFrame, tuple[Diagnostic, ...]]:
    """Effect at the median of each bin, lines within bins, and the test of one line."""
    (treatment, moderator, both), (z, d, centre) = names, sample
    size = len(edges) - 1
    home = np.searchsorted(edges[1:-1], frame[moderator].to_numpy(dtype=float) + centre, "right")
    columns = {}
    for j in range(1, size):
        inside = (home == j).astype(float)
        for name, values in ((f"bin {j + 1}", 1.0), *((n, frame[n]) for n in names)):
            label = name if isinstance(values, float) else f"{name} in bin {j + 1}"
            columns[label] = inside * values
    wide = frame.assign(**columns)
    controls = [t for t in linear.params.index if t not in names and t != "const"]
    with python_warnings.catch_warnings():
        python_warnings.simplefilter("ignore", EstimationWarning)
        fit = fixed_effects(
            wide, linear.outcome, [*names, *columns, *controls], linear.fixed_effects, how
        )
    bin_of = np.searchsorted(edges[1:-1], z, "right")
    rows, terms = [], list(fit.params.index)
    for j in range(size):
        own, median = d[bin_of == j], float(np.median(z[bin_of == j]))
        rows.append((edges[j], edges[j + 1], median, len(own), float(own.std())))
    table = pd.DataFrame(rows, columns=["low", "high", "median", "rows", "treatment_sd"])
    weights = np.zeros((size, len(terms)))
    for j, median in enumerate(table["median"]):
        own_terms = [treatment, both, f"{treatment} in bin {j + 1}", f"{both} in bin {j + 1}"]
        for term, weight in zip(own_terms, (1.0, median - centre) * 2, strict=True):
            if term in terms:
                weights[j, terms.index(term)] = weight
    effects = _combined(fit, terms, weights, level)
    contrast = (table["treatment_sd"] > NO_CONTRAST * d.std()).to_numpy()
    for name, column in (
        ("effect", "effect"),
        ("se", "se"),
        ("low", "low_effect"),
        ("high", "high_effect"),
    ):
        table[column] = np.where(contrast, effects[name], np.nan)
    wanted = [f"{n} in bin {j + 1}" for j in range(1, size) for n in (treatment, both)]
    bent = [term for term in wanted if term in terms]
    test = (fit.test(bent, f"the effect is linear in {moderator}"),) if bent else ()
    return table, test


def _support_notes(extra: dict[str, pd.DataFrame], moderator: str) -> tuple[str, ...]:
    if "bins" not in extra:
        return (f"{moderator} has too few values for bins: the line is not checked",)
    bare = extra["bins"].index[extra["bins"]["effect"].isna()]
    if not len(bare):
        return ()
    which = ", ".join(str(j + 1) for j in bare)
    return (
        f"no contrast of the treatment in bin {which} of {moderator}: the line is "
        "extrapolation there",
    )
