"""E2: new-type urbanization and culture."""

from urbanecon.effects.claim import ESSAY, Claim, Outcome, every_strategy

IMPUTED = (
    "the city series of private spending is the provincial figure times relative wages, "
    "so the claim is tested where it was observed: by province"
)

CLAIM = Claim(
    id="E2",
    name="culture",
    words_en="New-type urbanization raises the supply of and spending on culture",
    words_zh="新型城镇化促进文化发展",
    essay=ESSAY,
    outcomes=(
        Outcome("culture_per_10k", 1),
        Outcome(
            "culture_share_census",
            1,
            two_years=True,
            reason="the long forms of the censuses of 2010 and 2020, a 10% sample",
        ),
        Outcome("ln_education_private_urban_province", 1, unit="province", reason=IMPUTED),
        Outcome("ln_education_private_rural_province", 1, unit="province", reason=IMPUTED),
        Outcome("ln_fiscal_education_pc", 1),
    ),
    mechanisms=("fiscal_effort", "citizenization"),
)

SPECS = every_strategy(CLAIM)
