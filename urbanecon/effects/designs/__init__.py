"""How a `Spec` is estimated: one function a design, from the spec and its rows to a `Fit`.

The rows are those that the spec's sample rule admits, every column of the panel
among them, with `province` beside. Strategies of the claims ledger: S1 fixed
effects (`two_way`), S2 staggered differences in differences (`staggered`), S3
instruments and dynamic panels (`instruments`), S4 space (`space`), S5
heterogeneity (`heterogeneity`); mechanisms are in `mechanisms`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from urbanecon.effects.designs.heterogeneity import (
    estimate_groups,
    estimate_moderation,
    estimate_quantile,
    estimate_threshold,
)
from urbanecon.effects.designs.instruments import (
    estimate_gmm,
    estimate_shift_share,
    estimate_terrain,
)
from urbanecon.effects.designs.mechanisms import estimate_mediation
from urbanecon.effects.designs.space import estimate_durbin, estimate_exposure
from urbanecon.effects.designs.staggered import (
    estimate_bacon,
    estimate_group_time,
    estimate_honest,
    estimate_imputation,
    estimate_twfe_weights,
)
from urbanecon.effects.designs.two_way import (
    estimate_association,
    estimate_event_study,
    estimate_twfe,
)
from urbanecon.effects.spec import Spec
from urbanecon.estimation.fit import Fit

Design = Callable[[Spec, pd.DataFrame], Fit]

STRATEGIES: Mapping[str, tuple[str, ...]] = {
    "S1": ("twfe", "association"),
    "S2": ("event_study", "group_time", "imputation", "honest", "bacon", "twfe_weights"),
    "S3": ("shift_share", "terrain", "gmm"),
    "S4": ("durbin", "exposure"),
    "S5": ("groups", "threshold", "quantile", "moderation"),
    "mechanisms": ("mediation",),
}
"""Designs of each strategy of the claims ledger."""

DESIGNS: Mapping[str, Design] = {
    "twfe": estimate_twfe,
    "association": estimate_association,
    "event_study": estimate_event_study,
    "group_time": estimate_group_time,
    "imputation": estimate_imputation,
    "bacon": estimate_bacon,
    "twfe_weights": estimate_twfe_weights,
    "honest": estimate_honest,
    "shift_share": estimate_shift_share,
    "terrain": estimate_terrain,
    "gmm": estimate_gmm,
    "durbin": estimate_durbin,
    "exposure": estimate_exposure,
    "groups": estimate_groups,
    "threshold": estimate_threshold,
    "quantile": estimate_quantile,
    "moderation": estimate_moderation,
    "mediation": estimate_mediation,
}
