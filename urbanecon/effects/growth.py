"""E1: new-type urbanization and economic growth."""

from urbanecon.effects.claim import ESSAY, Claim, Outcome, every_strategy

CLAIM = Claim(
    id="E1",
    name="growth",
    words_en="New-type urbanization raises economic growth",
    words_zh="新型城镇化促进经济增长",
    essay=ESSAY,
    outcomes=(
        Outcome("ln_gdp_pc_real", 1),
        Outcome("ln_gdp_per_employee", 1),
        Outcome("ln_night_lights", 1),
    ),
    mechanisms=(
        "upgrading",
        "students_per_10k",
        "ln_fiscal_science_pc",
        "ln_retail_sales_pc",
        "ln_capital_pc",
        "openness",
        "finance",
        "fiscal_effort",
    ),
)

SPECS = every_strategy(CLAIM)
