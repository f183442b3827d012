"""E4: new-type urbanization and the distribution of income."""

from urbanecon.effects.claim import ESSAY, Claim, Outcome, every_strategy

CLAIM = Claim(
    id="E4",
    name="income",
    words_en="New-type urbanization narrows the gaps in income",
    words_zh="新型城镇化缩小收入差距",
    essay=ESSAY,
    outcomes=(
        Outcome("ln_urban_rural_ratio", -1),
        Outcome(
            "ln_urban_rural_ratio_province",
            -1,
            unit="province",
            reason="the ratio is recovered from official provincial figures, city figures are not",
        ),
        Outcome(
            "ln_education_gap_province",
            -1,
            unit="province",
            reason="the city series is the provincial ratio, the same in every city of a province",
        ),
        Outcome("light_gini", -1),
    ),
    mechanisms=("students_per_10k", "fiscal_effort", "citizenization"),
)

SPECS = every_strategy(CLAIM)
