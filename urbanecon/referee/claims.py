"""The project's own study before the referee: the primary estimate of each claim."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from urbanecon.cleaning.boundaries import constant_boundary, groups
from urbanecon.cleaning.panel import Panel
from urbanecon.effects import CLAIMS, SPECS
from urbanecon.effects.spec import Spec
from urbanecon.errors import DataWarning, NotEstimableError, SourceMissingError, StaleResultError
from urbanecon.estimation.fit import Fit
from urbanecon.referee.judge import CHECKS, referee
from urbanecon.referee.quality import territory_changes
from urbanecon.referee.subjects import study_of_spec
from urbanecon.referee.verdict import Verdict
from urbanecon.referee.words import say
from urbanecon.reporting.store import read_estimates

WEIGHT = "population"
"""Without residents, which weigh the averages, there are no constant boundaries."""
TREATMENT, EFFECTS = "pilot", ("city", "year")


def primary_spec(effect: str) -> Spec:
    """Return the two-way equation of the pilot that a claim's verdict rests on."""
    return next(
        spec
        for spec in SPECS[effect]
        if spec.primary
        and spec.design == "twfe"
        and (spec.treatment, spec.fixed_effects) == (TREATMENT, EFFECTS)
    )


def referee_study(
    panel: Panel, results_folder: Path | None = None, effects: Iterable[str] = tuple(CLAIMS)
) -> dict[str, list[Verdict]]:
    """Put every check to the primary estimate of each claim.

    Parameters
    ----------
    panel
        As published.
    results_folder
        Folder of the stored estimates; each is held against its equation. What
        is not stored is estimated.
    effects
        Ids of the claims.

    Returns
    -------
    dict
        Verdicts by claim; where the data cannot give the estimate, every check
        says so.

    Raises
    ------
    DataError
        If a file of estimates is damaged or of another version.
    """
    specs = {effect: primary_spec(effect) for effect in effects}
    stored = {effect: _stored(spec, results_folder) for effect, spec in specs.items()}
    members = _members()
    constant, moved = _constant(panel, members), territory_changes(panel, members)
    found: dict[str, list[Verdict]] = {}
    for effect, spec in specs.items():
        known = {"moved": moved, "reported": stored[effect]}
        try:
            found[effect] = referee(study_of_spec(spec, panel, constant=constant, **known))
        except NotEstimableError as error:
            found[effect] = [
                check.skipped(say("shared.not_estimable", error=str(error))) for check in CHECKS
            ]
    return found


def _stored(spec: Spec, folder: Path | None) -> Fit | None:
    """Return the stored fit of a spec; None when nothing is stored."""
    if folder is None:
        return None
    try:
        stored = read_estimates(folder / f"{spec.effect}.json")
    except StaleResultError:
        return None
    return next((each.fit for each in stored if each.spec.name == spec.name), None)


def _members() -> pd.DataFrame | None:
    """Cities that exchanged territory; None where the sources are not at hand."""
    try:
        return groups()
    except SourceMissingError:
        return None


def _constant(panel: Panel, members: pd.DataFrame | None) -> Panel | None:
    if members is None or WEIGHT not in panel.data:
        return None
    with warnings.catch_warnings():
        # they are about the whole panel and stand in the data report
        warnings.simplefilter("ignore", DataWarning)
        return constant_boundary(panel, members)
