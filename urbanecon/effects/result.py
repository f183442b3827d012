"""What came of a specification."""

from __future__ import annotations

from dataclasses import dataclass

from urbanecon.effects.spec import Spec
from urbanecon.estimation.fit import Fit


@dataclass(frozen=True, slots=True)
class Estimate:
    """A specification and what came of it.

    Attributes
    ----------
    spec
        What was to be estimated.
    fit
        What was found; None when it could not be estimated.
    reason
        What is needed, in words ("needs co2_edgar"), when `fit` is None; else empty.
    """

    spec: Spec
    fit: Fit | None
    reason: str = ""

    def __post_init__(self) -> None:
        if (self.fit is None) != bool(self.reason):
            raise ValueError(f"{self.spec.name}: needs a fit or a reason, and not both")
