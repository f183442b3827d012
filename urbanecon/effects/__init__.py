"""What is tested, declared as data: claims, their outcomes, their equations.

`CLAIMS` and `SPECS` are the four effects, each of which goes through every strategy.
`ROWS` are all rows of the ledger: the effects, the routes and the levers. `ROW_SPECS`
are the equations of each row's own, `EVIDENCE` those of other rows that it cites.
"""

from collections.abc import Mapping

from urbanecon.effects import culture, ecology, growth, income, levers, routes
from urbanecon.effects.claim import Claim
from urbanecon.effects.levers import LEVERS
from urbanecon.effects.routes import ROUTES
from urbanecon.effects.spec import Spec

CLAIMS: dict[str, Claim] = {
    module.CLAIM.id: module.CLAIM for module in (growth, culture, ecology, income)
}
SPECS: dict[str, tuple[Spec, ...]] = {
    module.CLAIM.id: module.SPECS for module in (growth, culture, ecology, income)
}

ROWS: Mapping[str, Claim] = CLAIMS | ROUTES | LEVERS
ROW_SPECS: Mapping[str, tuple[Spec, ...]] = SPECS | routes.SPECS | levers.SPECS
EVIDENCE: Mapping[str, tuple[Spec, ...]] = {**routes.EVIDENCE, **levers.EVIDENCE}
