"""What an outcome and a treatment are both computed from.

What two variables share moves both, and with them any estimate of one on the other
(Pearson 1897; Kronmal 1993). The referee measures how much of a correlation a shared
denominator makes; here it is said what is shared, for treatments that are computed.
"""

from __future__ import annotations

from collections.abc import Iterable

from urbanecon.cleaning.codebook import load_codebook
from urbanecon.measures.ntu_index import DIMENSIONS, PARTS, column
from urbanecon.measures.variables import DERIVATIONS

INPUTS = {made.name: made.inputs for made in DERIVATIONS} | {
    column(without): tuple(
        dict.fromkeys(name for part in PARTS if part.dimension != without for name in part.inputs)
    )
    for without in DIMENSIONS
}
"""What the values of each computed column are computed from. The lineage of an index without a
dimension holds the indicators of that dimension too, since a row that lacks one has no score;
the score itself does not move with them."""


def shared_inputs(outcome: str, treatment: str) -> tuple[str, ...]:
    """Return the raw variables that two variables rest on, in the order of the outcome's.

    What is the same in all units of a year, such as the price level, is left out: year
    effects absorb it.
    """
    of_treatment = raw_inputs([treatment])
    codebook = load_codebook()
    return tuple(
        name
        for name in raw_inputs([outcome])
        if name in of_treatment and codebook[name].level != "nation"
    )


def raw_inputs(variables: Iterable[str]) -> tuple[str, ...]:
    """Return what `variables` are computed from in the end, each once.

    Unlike `Panel.raw_inputs`, which counts cells, this looks below a column that flags its
    own cells too: the benchmarked urban share rests on urban and rural residents.
    """
    found: dict[str, None] = {}
    for name in variables:
        found |= dict.fromkeys(raw_inputs(INPUTS[name]) if name in INPUTS else (name,))
    return tuple(found)
