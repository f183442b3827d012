"""The vocabulary of inference.

An inference is a frozen value, or the short text that `as_inference` reads:
``"iid"``, ``"hetero"``, ``"cluster(city)"``, ``"cluster(city, year)"``,
``"crv3(city)"``, ``"driscoll-kraay(2)"``, ``"newey-west(2)"``, ``"conley(200)"``.
What each computes is in `standard_errors`. Values take another small-sample factor
than the default: ``Cluster("city", small_sample=SmallSample(k_fixef="full"))``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from urbanecon.errors import EstimationError, UnknownNameError, did_you_mean
from urbanecon.estimation.covariance import EARTH_RADIUS_KM, Kernel
from urbanecon.estimation.small_sample import SmallSample

DEFAULT = SmallSample()


@dataclass(frozen=True, slots=True)
class Iid:
    """Errors independent, of one variance."""

    small_sample: SmallSample = field(default=DEFAULT, kw_only=True)


@dataclass(frozen=True, slots=True)
class Hetero:
    """Errors independent, of any variance: HC1."""

    small_sample: SmallSample = field(default=DEFAULT, kw_only=True)


@dataclass(frozen=True, slots=True)
class Cluster:
    """Errors correlated within clusters, in one or several dimensions: CRV1."""

    by: tuple[str, ...] | str
    small_sample: SmallSample = field(default=DEFAULT, kw_only=True)

    def __post_init__(self) -> None:
        if isinstance(self.by, str):
            object.__setattr__(self, "by", (self.by,))


@dataclass(frozen=True, slots=True)
class Crv3:
    """Cluster jackknife, one dimension."""

    by: str


@dataclass(frozen=True, slots=True)
class DriscollKraay:
    """Errors correlated across units and over `lags` periods; None: floor(T^(1/4))."""

    lags: int | None = None
    time: str = "year"
    small_sample: SmallSample = field(default=DEFAULT, kw_only=True)


@dataclass(frozen=True, slots=True)
class NeweyWest:
    """Errors correlated within units over `lags` periods; None: floor(T^(1/4))."""

    lags: int | None = None
    unit: str = "city"
    time: str = "year"
    small_sample: SmallSample = field(default=DEFAULT, kw_only=True)


@dataclass(frozen=True, slots=True)
class Conley:
    """Errors correlated within `cutoff_km` in each period, and over own `lags`.

    `latitude` and `longitude` are columns in degrees. With ``time=None`` the
    data are one cross-section. `unit` is read only when `lags` is positive.
    `radius_km` is the Earth's; fixest computes with 6,376 km (its "spherical")
    or with 111 km a degree, 6,359.8 km (its planar "triangular"), which moves
    pairs across the cutoff and errors by 0.1-0.4 percent on its own example.
    """

    cutoff_km: float
    kernel: Kernel = "uniform"
    lags: int = 0
    latitude: str = "latitude"
    longitude: str = "longitude"
    unit: str = "city"
    time: str | None = "year"
    radius_km: float = EARTH_RADIUS_KM
    small_sample: SmallSample = field(default=DEFAULT, kw_only=True)


Inference = Iid | Hetero | Cluster | Crv3 | DriscollKraay | NeweyWest | Conley


def as_inference(value: Inference | str) -> Inference:
    """Read the short text of an inference; a value passes through.

    Raises
    ------
    UnknownNameError
        The text names no inference.
    EstimationError
        Its arguments do not fit, or a value is out of range.
    """
    inference = _parse(value) if isinstance(value, str) else value
    if isinstance(inference, Conley):
        if not min(inference.cutoff_km, inference.radius_km) > 0:
            raise EstimationError(
                f"the Conley cutoff is {inference.cutoff_km} km and the radius "
                f"{inference.radius_km} km; both must be positive"
            )
        if inference.kernel not in ("uniform", "bartlett"):
            raise UnknownNameError(
                f"unknown kernel {inference.kernel!r}; known: 'uniform', 'bartlett'."
            )
        if inference.lags and inference.time is None:
            raise EstimationError("serial lags need the name of the period (time)")
    if isinstance(inference, DriscollKraay | NeweyWest | Conley) and (inference.lags or 0) < 0:
        raise EstimationError(f"lags must not be negative, found {inference.lags}")
    if isinstance(inference, Cluster) and not inference.by:
        raise EstimationError("name at least one variable to cluster by: 'cluster(city)'")
    return inference


def _parse(text: str) -> Inference:
    found = re.fullmatch(r"\s*([A-Za-z0-9-]+)\s*(?:\(([^()]*)\))?\s*", text)
    name = found[1].lower() if found else text
    arguments = [a.strip() for a in (found[2] or "").split(",")] if found else []
    arguments = [a for a in arguments if a]
    readers: dict[str, Callable[[list[str]], Inference]] = {
        "iid": lambda a: Iid(*a),
        "hetero": lambda a: Hetero(*a),
        "cluster": lambda a: Cluster(tuple(a)),
        "crv3": lambda a: Crv3(*a),
        "driscoll-kraay": lambda a: DriscollKraay(_only_number(a)),
        "newey-west": lambda a: NeweyWest(_only_number(a)),
        "conley": lambda a: Conley(_only_cutoff(a)),
    }
    if name not in readers:
        raise UnknownNameError(
            f"unknown inference {text!r}.{did_you_mean(name, readers)} "
            f"Known: {', '.join(readers)}, with arguments in brackets: 'cluster(city)'"
        )
    try:
        return readers[name](arguments)
    except (TypeError, ValueError):
        raise EstimationError(
            f"cannot read the arguments of {text!r}; write 'cluster(city, year)', "
            "'crv3(city)', 'driscoll-kraay(2)', 'newey-west(2)' or 'conley(200)'"
        ) from None


def _only_number(arguments: list[str]) -> int | None:
    if len(arguments) > 1:
        raise ValueError("one number of lags at most")
    return int(arguments[0]) if arguments else None


def _only_cutoff(arguments: list[str]) -> float:
    (cutoff,) = arguments
    return float(cutoff)


def keys_of(inference: Inference) -> tuple[str, ...]:
    """Columns, index levels or interactions that an inference groups by."""
    match inference:
        case Cluster(by=by):
            return tuple(by)
        case Crv3(by=one):
            return (one,)
        case DriscollKraay(time=time):
            return (time,)
        case NeweyWest(unit=unit, time=time):
            return (unit, time)
        case Conley(lags=lags, unit=unit, time=period):
            return (*((unit,) if lags else ()), *((period,) if period is not None else ()))
        case _:
            return ()


def variables_of(inference: Inference) -> tuple[str, ...]:
    """Numeric columns that an inference reads: the coordinates of Conley's."""
    if isinstance(inference, Conley):
        return (inference.latitude, inference.longitude)
    return ()
