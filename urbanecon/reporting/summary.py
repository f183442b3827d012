"""What the main job prints at its end: the estimates of each effect, in one table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from urbanecon.effects.claim import Claim
from urbanecon.effects.result import Estimate

if TYPE_CHECKING:
    from rich.table import Table


def estimates_table(claim: Claim, estimates: Iterable[Estimate]) -> Table:
    """Return a table of a claim's two-way estimates, variables by codebook name."""
    from rich.table import Table

    table = Table(title=f"{claim.id}  {claim.words_en}", title_justify="left")
    for column in ("outcome", "treatment", "fixed effects"):
        table.add_column(column, overflow="fold")
    for column in ("estimate", "s.e.", "p", "n"):
        table.add_column(column, justify="right", no_wrap=True)
    for estimate in estimates:
        spec = estimate.spec
        if spec.design != "twfe" or estimate.fit is None:
            continue
        row = estimate.fit.tidy().loc[spec.treatment]
        table.add_row(
            spec.outcome,
            spec.treatment,
            " + ".join(spec.fixed_effects),
            f"{row['estimate']:.4g}",
            f"{row['se']:.3g}",
            f"{row['p']:.3f}",
            str(estimate.fit.nobs),
        )
    return table


def missing_lines(claim: Claim, estimates: Iterable[Estimate]) -> list[str]:
    """Return one line a pair of outcome and treatment that could not be estimated, with why."""
    lines = {
        f"{claim.id}  {e.spec.outcome} on {e.spec.treatment}: not estimable: {e.reason}": None
        for e in estimates
        if e.fit is None and e.spec.design == "twfe"
    }
    return list(lines)
