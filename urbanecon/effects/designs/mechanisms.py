"""How an effect comes about: the part of it that runs through a mediator."""

from __future__ import annotations

import pandas as pd

from urbanecon.effects.designs.heterogeneity import SEED, needed
from urbanecon.effects.spec import Spec
from urbanecon.estimation.fit import Fit
from urbanecon.estimation.mediation import mediation

DRAWS = 999


def estimate_mediation(spec: Spec, data: pd.DataFrame) -> Fit:
    """Indirect effect through the variable `through`, clusters drawn with replacement.

    Terms: "indirect", "direct", "total" and the two links. Sequential
    ignorability is assumed, never tested; `stats["rho_zero"]` says how far from
    it the errors may be before the indirect effect is zero.
    """
    return mediation(
        data,
        spec.outcome,
        spec.treatment,
        needed(spec, data),
        spec.controls,
        effects=spec.fixed_effects,
        cluster=spec.cluster[0],
        draws=DRAWS,
        seed=SEED,
    )
