"""What to estimate, as data.

A table, a figure, a multiverse and the paper's text all read the same `Spec`;
nothing about an estimate is written down twice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Design = Literal[
    "twfe",
    "association",
    "event_study",
    "group_time",
    "imputation",
    "bacon",
    "twfe_weights",
    "honest",
    "shift_share",
    "terrain",
    "gmm",
    "durbin",
    "exposure",
    "groups",
    "threshold",
    "quantile",
    "moderation",
    "mediation",
]
"""Estimators that a spec may ask for; what each does is in `effects.designs`."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Which rows an estimate uses, as a rule.

    Attributes
    ----------
    first_year, last_year
        Inclusive window; None takes what the variables give.
    unit
        "city" for the city panel, "province" for the province panel.
    drop_municipalities
        Leave out the four municipalities (city keys ending in 0000).
    vintage
        "published" for the cities as each source has them; "constant" for the
        panel in which cities that exchanged territory are one unit.
    """

    first_year: int | None = None
    last_year: int | None = None
    unit: Literal["city", "province"] = "city"
    drop_municipalities: bool = False
    vintage: Literal["published", "constant"] = "published"


@dataclass(frozen=True, slots=True)
class Spec:
    """One equation on the panel.

    Attributes
    ----------
    effect
        Row of the claims ledger: "E1" ... "E4".
    outcome
        Codebook name of the outcome.
    treatment
        Codebook name of the treatment.
    design
        Estimator; see `effects.designs`. "association" is two-way fixed effects of a
        treatment that nobody adopts at a date and that is made of outcomes of cities: its
        coefficient describes, has no part in S2 and none in the verdict.
    through
        The third variable of designs that have one: the moderator, mediator,
        grouping or threshold variable; for "group_time" whom the treated are
        compared with.
    controls
        Codebook names. Each must not itself be moved by the treatment.
    fixed_effects
        Effects to absorb; "province:year" is their interaction.
    cluster
        Dimensions to cluster by.
    sample
        Rule for the rows.
    expected_sign
        Sign that the claim predicts: 1 or -1.
    primary
        Whether the outcome is the claim's primary one.
    """

    effect: str
    outcome: str
    treatment: str
    design: Design = "twfe"
    through: str = ""
    controls: tuple[str, ...] = ()
    fixed_effects: tuple[str, ...] = ("city", "year")
    cluster: tuple[str, ...] = ("city",)
    sample: Sample = Sample()
    expected_sign: Literal[1, -1] = 1
    primary: bool = False

    @property
    def variables(self) -> tuple[str, ...]:
        """Every panel column the equation reads."""
        return (self.outcome, self.treatment, *self.controls)

    @property
    def name(self) -> str:
        """A readable key, unique among the specs of an effect."""
        effects = "+".join(self.fixed_effects)
        design = f"{self.design}-{self.through}" if self.through else self.design
        return f"{self.effect}.{self.outcome}.{self.treatment}.{design}.{effects}"

    def but(self, **changes: object) -> Spec:
        """Return a copy with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]
