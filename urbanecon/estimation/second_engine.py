"""The same equation estimated once more, by linearmodels, and compared.

Nothing here is shared with `fixed_effects` but the vocabulary of inference: the
rows are chosen by pandas, the effects removed and the covariance computed by
linearmodels, and the parameters counted by pandas.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from urbanecon.errors import EstimationError, MissingColumnError
from urbanecon.estimation.fit import Fit
from urbanecon.estimation.inference import Cluster, Hetero, Iid, Inference, as_inference
from urbanecon.estimation.small_sample import SmallSample

MANY_LEVELS = 100
"""Levels of the second effect above which PanelOLS is not used."""

LSMR_TOLERANCE = 1e-14


def linearmodels_fit(
    data: pd.DataFrame,
    outcome: str,
    regressors: Sequence[str],
    effects: Sequence[str] = ("city", "year"),
    vcov: Inference | str = "cluster(city)",
    *,
    weights: str | None = None,
    drop_singletons: bool = False,
) -> Fit:
    """Estimate the equation of `fixed_effects` through linearmodels.

    PanelOLS for one or two effects that index the rows, AbsorbingLS otherwise.
    linearmodels is asked for the bare sandwich (``debiased=False,
    group_debias=False, auto_df=False, count_effects=False``), which is then
    multiplied by the factor of `standard_errors`: N/(N-K), or G/(G-1) (N-1)/(N-K)
    with the fewest clusters, effects nested in clusters not counted. (One-way,
    ``group_debias=True`` would supply G/(G-1); two-way it takes each
    dimension's own G.)

    Parameters are those of `fixed_effects`; `regressors` must not be collinear.

    Raises
    ------
    EstimationError
        The inference is neither iid, hetero nor clustered in one or two
        dimensions.
    MissingColumnError
        A name is absent.
    """
    how = as_inference(vcov)
    by = tuple(how.by) if isinstance(how, Cluster) else ()
    known = isinstance(how, Iid | Hetero | Cluster) and how.small_sample == SmallSample()
    if not known or len(by) > 2:
        raise EstimationError(
            f"the second engine has no {how}; it knows 'iid', 'hetero' and 'cluster(...)' "
            "in one or two dimensions, with the small-sample factor that is the default"
        )
    terms, names = list(regressors), tuple(effects)
    columns = [outcome, *terms, *([weights] if weights else [])]
    frame = _complete_rows(data, columns, [*names, *by])
    if weights:
        frame = frame[frame[weights] > 0]
    if drop_singletons:
        frame = _without_singletons(frame, names)
    if not names:
        frame = frame.assign(const=1.0)
        terms.append("const")
    result = _estimate(_Equation(frame, outcome, terms, names, weights), by, how)
    factor, df = _factor(frame, len(terms), names, by)
    return Fit(
        params=pd.Series(result.params, index=terms, name="estimate"),
        vcov=pd.DataFrame(result.cov, index=terms, columns=terms) * factor,
        nobs=len(frame),
        df=df,
        sample=data.index[frame["row"]],
        outcome=outcome,
        estimator=f"linearmodels {type(result.model).__name__}",
        inference=f"linearmodels sandwich times {factor:.12g}",
        n_clusters={name: int(frame[f"key {name}"].nunique()) for name in by},
        fixed_effects=names,
    )


def verify(fit: Fit, other: Fit, rtol: float = 1e-8) -> float:
    """Compare two fits of one equation; return the largest relative difference.

    A coefficient counts as at least a millionth of its standard error, below
    which its digits are rounding.

    Raises
    ------
    EstimationError
        Rows, terms, a coefficient or a standard error differ by more than
        `rtol`; the message names the term and both numbers.
    """
    if fit.nobs != other.nobs or not fit.sample.sort_values().equals(other.sample.sort_values()):
        raise EstimationError(
            f"{fit.outcome}: the two engines used different rows ({fit.nobs} and {other.nobs})"
        )
    if list(fit.params.index) != list(other.params.index):
        raise EstimationError(
            f"{fit.outcome}: the two engines estimated different terms: "
            f"{', '.join(fit.params.index)} and {', '.join(other.params.index)}"
        )
    largest = 0.0
    for what, ours, theirs in (
        ("coefficient", fit.params, other.params),
        ("standard error", fit.se, other.se),
    ):
        for term in ours.index:
            a, b = float(ours[term]), float(theirs[term])
            scale = max(abs(a), abs(b), 1e-6 * float(fit.se[term]))
            difference = abs(a - b) / scale if scale > 0 else 0.0
            if not difference <= rtol:
                raise EstimationError(
                    f"{fit.outcome}: the {what} of {term!r} is {a!r} ({fit.estimator}) but "
                    f"{b!r} ({other.estimator}); they differ by {difference:.1e} relative, "
                    f"allowed {rtol:.0e}"
                )
            largest = max(largest, difference)
    return largest


def _complete_rows(data: pd.DataFrame, columns: list[str], keys: list[str]) -> pd.DataFrame:
    """Rows with all columns and keys; keys are added as "key <name>"."""
    for name in columns:
        if name not in data.columns:
            raise MissingColumnError(f"the data have no column {name!r}")
    frame = data[columns].astype(float).reset_index(drop=True)
    frame["row"] = np.arange(len(frame))
    for key in dict.fromkeys(keys):
        parts = [_key_values(data, part) for part in _parts(data, key)]
        joint = pd.Series(parts[0])
        for part in parts[1:]:
            joint = pd.Series(list(zip(joint, part, strict=True))).where(
                joint.notna() & pd.Series(part).notna()
            )
        frame[f"key {key}"] = joint.to_numpy()
    return frame.dropna()


def _parts(data: pd.DataFrame, key: str) -> list[str]:
    return [key] if key in data.columns or key in data.index.names else key.split(":")


def _key_values(data: pd.DataFrame, name: str) -> Any:
    if name in data.columns:
        return data[name].to_numpy()
    if name in data.index.names:
        return data.index.get_level_values(name).to_numpy()
    raise MissingColumnError(f"{name!r} is neither a column nor an index level")


def _without_singletons(frame: pd.DataFrame, effects: Sequence[str]) -> pd.DataFrame:
    before = -1
    while len(frame) != before:
        before = len(frame)
        for effect in effects:
            key = f"key {effect}"
            frame = frame[frame.groupby(key)[key].transform("size") > 1]
    return frame


@dataclass(frozen=True, slots=True, eq=False)
class _Equation:
    """Complete rows and the names of what stands where in the equation."""

    frame: pd.DataFrame
    outcome: str
    terms: list[str]
    effects: tuple[str, ...]
    weights: str | None

    def codes(self, name: str) -> Any:
        return pd.factorize(self.frame[f"key {name}"])[0]

    @property
    def effects_index_rows(self) -> bool:
        """Whether PanelOLS can take the effects: at most two, one row for each pair.

        It solves for a dummy of each level of the second, which is slow when
        these are many (province by year): AbsorbingLS then gives the same.
        """
        if len(self.effects) == 2:
            keys = [f"key {e}" for e in self.effects]
            few = self.frame[keys[1]].nunique() <= MANY_LEVELS
            return few and not self.frame.duplicated(keys).any()
        return len(self.effects) == 1


def _estimate(equation: _Equation, by: Sequence[str], how: Inference) -> Any:
    """Let linearmodels fit the equation, without any small-sample factor."""
    options: dict[str, Any] = {"debiased": False}
    match how:
        case Cluster():
            clusters = pd.DataFrame({name: equation.codes(name) for name in by})
            options |= {"cov_type": "clustered", "clusters": clusters}
        case Hetero():
            options["cov_type"] = "robust"
        case _:
            options["cov_type"] = "unadjusted"
    if equation.effects_index_rows:
        return _panel_ols(equation, options)
    return _absorbing(equation, options)


def _panel_ols(equation: _Equation, options: dict[str, Any]) -> Any:
    from linearmodels.panel import PanelOLS

    first, *second = (equation.codes(e) for e in equation.effects)
    within = second[0] if second else pd.Series(first).groupby(first).cumcount().to_numpy()
    index = pd.MultiIndex.from_arrays([first, within], names=["entity", "time"])
    table = equation.frame.set_axis(index, axis=0)
    if "clusters" in options:
        options |= {"clusters": options["clusters"].set_axis(index, axis=0), "group_debias": False}
    model = PanelOLS(
        table[equation.outcome],
        table[equation.terms],
        entity_effects=True,
        time_effects=bool(second),
        weights=None if equation.weights is None else table[equation.weights],
        singletons=True,
    )
    return model.fit(auto_df=False, count_effects=False, **options)


def _absorbing(equation: _Equation, options: dict[str, Any]) -> Any:
    from linearmodels.iv.absorbing import AbsorbingLS

    table = equation.frame.reset_index(drop=True)
    absorb = pd.DataFrame({e: pd.Categorical(equation.codes(e)) for e in equation.effects})
    # columns of unit size, so that lsmr's relative tolerance means the same for each
    scale = table[[equation.outcome, *equation.terms]].abs().max()
    model = AbsorbingLS(
        table[equation.outcome] / scale[equation.outcome],
        table[equation.terms] / scale[equation.terms],
        absorb=absorb if equation.effects else None,
        weights=None if equation.weights is None else table[equation.weights],
    )
    tight: dict[str, Any] = {"atol": LSMR_TOLERANCE, "btol": LSMR_TOLERANCE}
    tight |= {"conlim": 0.0, "maxiter": 100_000}
    result = model.fit(method="lsmr", absorb_options=tight, **options)
    return _Rescaled(model, result, (scale[equation.outcome] / scale[equation.terms]).to_numpy())


class _Rescaled:
    """Parameters and covariance in the units of the data."""

    def __init__(self, model: Any, result: Any, back: Any) -> None:
        self.model = model
        self.params = np.asarray(result.params) * back
        self.cov = np.asarray(result.cov) * np.outer(back, back)


def _factor(
    frame: pd.DataFrame, k: int, effects: Sequence[str], by: Sequence[str]
) -> tuple[float, float]:
    """Small-sample factor and degrees of freedom, counted anew from the rows."""
    n = len(frame)
    levels = {e: frame[f"key {e}"].nunique() for e in effects}
    nested = {
        e
        for e in effects
        for name in by
        if frame.groupby(f"key {e}")[f"key {name}"].nunique().max() == 1
    }
    parameters = k + sum(levels.values()) - max(len(levels) - 1, 0)
    if nested:
        parameters -= sum(levels[e] for e in nested) - len(nested)
    if not by:
        return n / (n - parameters), n - parameters
    groups = min(frame[f"key {name}"].nunique() for name in by)
    return groups / (groups - 1) * (n - 1) / (n - parameters), groups - 1
