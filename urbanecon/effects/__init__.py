"""What is tested, declared as data: claims, their outcomes, their equations."""

from urbanecon.effects import culture, ecology, growth, income
from urbanecon.effects.claim import Claim
from urbanecon.effects.spec import Spec

CLAIMS: dict[str, Claim] = {
    module.CLAIM.id: module.CLAIM for module in (growth, culture, ecology, income)
}
SPECS: dict[str, tuple[Spec, ...]] = {
    module.CLAIM.id: module.SPECS for module in (growth, culture, ecology, income)
}
