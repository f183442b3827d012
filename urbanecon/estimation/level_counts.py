"""How many parameters the effects add to an equation, from the rows of their levels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from urbanecon.estimation.sample import Codes, Mask


def positions_by_effect(levels: Sequence[str]) -> dict[str, Codes]:
    """Positions of the levels ("year=2004") of each effect, effects in their order."""
    effects = np.array([name.rpartition("=")[0] for name in levels], dtype=object)
    return {str(effect): np.flatnonzero(effects == effect) for effect in dict.fromkeys(effects)}


def parameters(levels: Sequence[str], level_rows: Codes, clusterings: Sequence[Codes]) -> int:
    """One mean, and the further levels of each effect, as fixest counts when clustering.

    An effect that is nested in one of the clusterings adds nothing; of the
    others, levels without rows add nothing.

    Parameters
    ----------
    levels
        Names, length L.
    level_rows
        Rows of each cluster in each level, G x L.
    clusterings
        Codes of unions of the clusters, length G each.
    """
    count = 1
    for at in positions_by_effect(levels).values():
        present = level_rows[:, at] > 0
        if not any(are_nested(present, codes) for codes in clusterings):
            count += int(present.any(axis=0).sum()) - 1
    return count


def are_nested(present: Mask, codes: Codes) -> bool:
    """Whether the rows of every level (G x L) lie in one of the unions."""
    first = codes[present.argmax(axis=0)]
    return bool((~present | (codes[:, None] == first)).all())
