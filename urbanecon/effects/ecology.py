"""E3: new-type urbanization and ecology."""

from urbanecon.effects.claim import ESSAY, Claim, Outcome, every_strategy

SO2_LAST_YEAR = 2015
"""The definition of industrial SO2 emissions changed in 2016; a change that hits cities in
proportion to their industry is not removed by year effects."""

CLAIM = Claim(
    id="E3",
    name="ecology",
    words_en="New-type urbanization lowers pollution and emissions",
    words_zh="新型城镇化改善生态环境",
    essay=ESSAY,
    outcomes=(
        Outcome("ln_pm25_chap", -1),
        Outcome("ln_pm25_wiebe", -1),
        Outcome(
            "ln_so2",
            -1,
            first_year=2003,
            last_year=SO2_LAST_YEAR,
            reason="sparse before 2003; definition break in 2016",
        ),
        Outcome("ln_co2", -1),
        Outcome("ln_co2_ceads", -1, reason="a second inventory, beside EDGAR"),
        Outcome("ln_co2_per_gdp", -1),
        Outcome("ln_npp", 1),
    ),
    mechanisms=("upgrading", "ln_population_density", "ln_fiscal_science_pc"),
)

SPECS = every_strategy(CLAIM)
