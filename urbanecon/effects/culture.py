"""E2: new-type urbanization and culture."""

from urbanecon.effects.claim import ESSAY, Claim, Outcome, event_studies, two_way

CLAIM = Claim(
    id="E2",
    name="culture",
    words_en="New-type urbanization raises the supply of and spending on culture",
    words_zh="新型城镇化促进文化发展",
    essay=ESSAY,
    outcomes=(
        Outcome("culture_per_10k", 1),
        Outcome("ln_education_private_urban", 1),
        Outcome("ln_education_private_rural", 1),
        Outcome("ln_fiscal_education_pc", 1),
    ),
)

SPECS = (*two_way(CLAIM), *event_studies(CLAIM))
