"""Whether instruments can identify an equation: order, rank, and where they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from urbanecon.errors import EstimationError, NotEstimableError, UnknownNameError
from urbanecon.estimation.iv_equation import (
    Roles,
    independent,
    partialled_out,
    rows_of,
)
from urbanecon.estimation.least_squares import COLLINEAR, cross, off, orthogonal, square_root
from urbanecon.estimation.sample import EstimationSample, Floats, Mask
from urbanecon.estimation.within import Absorber

# An endogenous regressor that is exactly zero in this share of the rows is read
# as a dose: the rows with zero are the untreated.
UNTREATED_SHARE = 0.1


def check_roles(roles: Roles) -> None:
    """Raise when a list is empty, a name stands twice or there are too few instruments."""
    if not roles.endogenous:
        raise EstimationError("name at least one endogenous regressor, or use fixed_effects")
    twice = sorted({name for name in roles.variables if roles.variables.count(name) > 1})
    if twice:
        raise EstimationError(
            f"{', '.join(twice)} stands in more than one place of the equation; a variable is "
            "the outcome, endogenous, an instrument or a control. Exogenous regressors are "
            "controls and instrument themselves"
        )
    if len(set(roles.effects)) < len(roles.effects):
        raise EstimationError(f"an effect is named twice: {', '.join(roles.effects)}")
    _enough(roles, ())


def check_method(method: str) -> None:
    """Raise when the name of the estimator is unknown."""
    if method not in ("2sls", "liml", "gmm"):
        raise UnknownNameError(f"unknown method {method!r}; known: '2sls', 'liml', 'gmm'.")


def identify(
    sample: EstimationSample, roles: Roles, treatment: str | None
) -> tuple[Roles, tuple[str, ...]]:
    """Drop collinear controls and instruments; refuse what cannot identify.

    Returns
    -------
    The roles that are left, and what was dropped in words.

    Raises
    ------
    NotEstimableError
        The outcome or an endogenous regressor does not vary within effects and
        controls; there are fewer instruments than endogenous regressors, or
        they do not move them; an instrument is the treatment, or is built from
        it.
    """
    roles, notes = _without_collinear(sample, roles)
    for name in roles.instruments:
        _refuse_built_from_treatment(sample, roles, name, treatment)
    _refuse_equal_to_treatment(sample, roles, treatment)
    _refuse_rank(sample, roles)
    return roles, notes


def _without_collinear(sample: EstimationSample, roles: Roles) -> tuple[Roles, tuple[str, ...]]:
    effects = roles.effects
    within = f"within the effects ({', '.join(effects) or 'constant'})"
    if not independent(sample, [roles.outcome], effects)[0]:
        raise NotEstimableError(
            f"the outcome {roles.outcome!r} does not vary {within} in the {sample.nobs} rows"
        )
    controls, _ = independent(sample, roles.controls, effects)
    kept, _ = independent(sample, [*controls, *roles.endogenous], effects)
    lost = [name for name in roles.endogenous if name not in kept]
    if lost:
        raise NotEstimableError(
            f"{', '.join(map(repr, lost))} cannot be estimated: nothing is left of it {within} "
            "and the controls"
        )
    usable, absorbed = independent(sample, [*controls, *roles.instruments], effects)
    instruments = tuple(name for name in roles.instruments if name in usable)
    notes = [f"{c!r} was dropped: collinear" for c in roles.controls if c not in controls]
    notes += [
        f"the instrument {z!r} was dropped: "
        + (f"it does not vary {within}" if z in absorbed else "collinear")
        for z in roles.instruments
        if z not in instruments
    ]
    left = replace(roles, controls=tuple(controls), instruments=instruments)
    _enough(left, notes)
    return left, tuple(notes)


def _enough(roles: Roles, notes: Sequence[str]) -> None:
    if len(roles.instruments) < len(roles.endogenous):
        why = f" ({'; '.join(notes)})" if notes else ""
        raise NotEstimableError(
            f"under-identified: {len(roles.instruments)} instruments "
            f"({', '.join(roles.instruments) or 'none'}) for {len(roles.endogenous)} endogenous "
            f"regressors ({', '.join(roles.endogenous)}){why}. Each needs one of its own"
        )


def _refuse_built_from_treatment(
    sample: EstimationSample, roles: Roles, instrument: str, treatment: str | None
) -> None:
    """Raise when an instrument varies among the treated only.

    Such an instrument is the treatment times something (pilot x distance): it
    is non-zero because the unit was chosen, so that whatever chose the unit is
    in the instrument too, and the exclusion restriction fails by construction.
    Looked at twice: the untreated rows, and the units that are never treated,
    among which also a common path over time (pilot x trend) leaves nothing
    within the effects.
    """
    z = sample.column(instrument)
    for marker, treated in _treated(sample, roles, treatment):
        where = f"where {marker!r} is off"
        if _constant(z[~treated]):
            _refuse(instrument, marker, f"is {_level(z[~treated])} in all rows {where}")
        never = ~_ever(sample, treated)
        if never.sum() > 1 and _nothing_within(sample, roles, instrument, never):
            _refuse(
                instrument,
                marker,
                f"does not vary within the effects among the {_units(sample, never)} units "
                f"that are never treated ({marker!r})",
            )


def _refuse(instrument: str, marker: str, what: str) -> None:
    raise NotEstimableError(
        f"the instrument {instrument!r} {what}: it is built from the treatment, so it carries "
        "the choice of the treated and cannot be excluded from the outcome. Use an instrument "
        f"that varies among the untreated too. If {marker!r} does not mark the treated, name "
        "the column that does in `treatment`"
    )


def _treated(
    sample: EstimationSample, roles: Roles, treatment: str | None
) -> list[tuple[str, Mask]]:
    """Columns that mark the treated, with the treated rows; at least two rows are not."""
    found = []
    for name in roles.endogenous if treatment is None else (treatment,):
        values = sample.column(name)
        zero = 0.0 if (values == 0).any() else float(values.min())
        treated = values != zero
        untreated = sample.nobs - int(treated.sum())
        two_valued = len(np.unique(values)) == 2
        dose = zero == 0 and untreated >= UNTREATED_SHARE * sample.nobs
        if untreated > 1 and (two_valued or dose):
            found.append((name, treated))
    return found


def _constant(values: Floats) -> bool:
    scale = float(np.abs(values).max())
    return float(np.ptp(values)) <= 1e-12 * scale


def _level(values: Floats) -> str:
    return "zero" if not values.any() else f"constant ({values[0]:g})"


def _unit_codes(sample: EstimationSample) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    units = sample.index.get_level_values(0)
    return np.asarray(units.factorize()[0], dtype=np.int64)


def _units(sample: EstimationSample, rows: Mask) -> int:
    return len(np.unique(_unit_codes(sample)[rows]))


def _ever(sample: EstimationSample, treated: Mask) -> Mask:
    """Rows of the units that are treated at some time."""
    codes = _unit_codes(sample)
    return np.asarray(np.bincount(codes, treated)[codes] > 0)


def _nothing_within(sample: EstimationSample, roles: Roles, instrument: str, rows: Mask) -> bool:
    """Whether the effects take up the instrument on some rows, and not by their number alone."""
    if _units(sample, rows) < 2:
        return False
    part = rows_of(sample, rows)
    codes = [part.codes[e] for e in roles.effects]
    if codes and Absorber(codes).rank >= part.nobs:
        return False
    return not independent(part, [instrument], roles.effects)[0]


def _net_of_controls(sample: EstimationSample, roles: Roles, names: Sequence[str]) -> Floats:
    """Columns without effects and controls, times the root of the weights, n x p."""
    columns = partialled_out(sample, [*names, *roles.controls], roles.effects)
    columns = square_root(columns, sample.weights)
    controls = columns[:, len(names) :]
    if not roles.effects:
        one = square_root(np.ones((sample.nobs, 1)), sample.weights)
        controls = np.column_stack([controls, one])
    return off(columns[:, : len(names)], orthogonal(controls, 0.0)[0])


def _refuse_equal_to_treatment(
    sample: EstimationSample, roles: Roles, treatment: str | None
) -> None:
    """Raise when treatments span an instrument, or the instruments a treatment."""
    treatments = list(dict.fromkeys([*roles.endogenous, *([treatment] if treatment else [])]))
    net = _net_of_controls(sample, roles, [*treatments, *roles.instruments])
    x, z = net[:, : len(treatments)], net[:, len(treatments) :]
    within = "once effects and controls are taken out"
    for j, name in enumerate(roles.instruments):
        if _spanned(z[:, j], x):
            raise NotEstimableError(
                f"the instrument {name!r} is collinear with the treatment "
                f"({', '.join(treatments)}) {within}: it is the treatment under another name, "
                "and the estimate would be that of least squares"
            )
    for j, name in enumerate(roles.endogenous):
        if _spanned(x[:, j], z):
            raise NotEstimableError(
                f"the instruments reproduce {name!r} exactly {within}: either they are built "
                f"from it, or {len(roles.instruments)} are too many for {sample.nobs} rows; the "
                "estimate would be that of least squares"
            )


def _spanned(column: Floats, others: Floats) -> bool:
    left = off(column[:, None], orthogonal(others)[0])
    return float(np.sum(left**2)) <= COLLINEAR * float(np.sum(column**2))


def _refuse_rank(sample: EstimationSample, roles: Roles) -> None:
    """Raise when the smallest canonical correlation of X and Z is zero to rounding."""
    p = len(roles.endogenous)
    net = _net_of_controls(sample, roles, [*roles.endogenous, *roles.instruments])
    x, z = orthogonal(net[:, :p], 0.0)[0], orthogonal(net[:, p:], 0.0)[0]
    smallest = float(np.linalg.svd(cross(z, x), compute_uv=False)[-1])
    if smallest**2 <= COLLINEAR:
        raise NotEstimableError(
            f"under-identified: {', '.join(roles.instruments)} do not move "
            f"{', '.join(roles.endogenous)} separately (smallest canonical correlation "
            f"{smallest:.1e}). Use instruments that are correlated with each of them"
        )
