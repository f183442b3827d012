"""What the main job prints at its end: the estimates of each effect, in one table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from urbanecon.effects.claim import Claim
from urbanecon.reporting.store import Estimate

if TYPE_CHECKING:
    from rich.table import Table


def estimates_table(claim: Claim, estimates: Iterable[Estimate]) -> Table:
    """Return a table of a claim's two-way estimates, variables by codebook name.

    What could not be estimated has its own row, with the sources it needs.
    """
    from rich.table import Table

    table = Table(title=f"{claim.id}  {claim.words_en}", title_justify="left")
    for column in ("outcome", "treatment", "fixed effects"):
        table.add_column(column, overflow="fold")
    for column in ("estimate", "s.e.", "p", "n"):
        table.add_column(column, justify="right")
    for estimate in estimates:
        spec = estimate.spec
        if spec.design != "twfe":
            continue
        head = (spec.outcome, spec.treatment, " + ".join(spec.fixed_effects))
        if estimate.fit is None:
            table.add_row(*head, f"not estimable: {estimate.reason}")
            continue
        row = estimate.fit.tidy().loc[spec.treatment]
        table.add_row(
            *head,
            f"{row['estimate']:.4g}",
            f"{row['se']:.3g}",
            f"{row['p']:.3f}",
            str(estimate.fit.nobs),
        )
    return table
