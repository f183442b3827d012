"""A synthetic panel with a known effect, for all designs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from effects import multiverse_panel

from urbanecon.cleaning.divisions import load_divisions
from urbanecon.cleaning.panel import Panel
from urbanecon.effects.variants import panel_variants

EFFECT = 0.3


@pytest.fixture(scope="session")
def synthetic_panel() -> Panel:
    """Return a synthetic panel in which pilots raise the outcome by `EFFECT`."""
    rng = np.random.default_rng(7)
    cities = load_divisions().query("level == 'prefecture_city'").index[:60].tolist()
    index = pd.MultiIndex.from_product([cities, range(2005, 2021)], names=["city", "year"])
    first = pd.Series(np.where(np.arange(60) < 20, 2015.0, np.nan), index=cities)
    first_year = first.reindex(index.get_level_values("city")).to_numpy()
    years = index.get_level_values("year").to_numpy()
    pilot = (years >= first_year).astype(float)
    city_effect = np.repeat(rng.normal(size=60), 16)
    outcome = city_effect + 0.1 * (years - 2005) + EFFECT * pilot + rng.normal(0, 0.1, len(index))
    data = pd.DataFrame(
        {"pilot_first_year": first_year, "pilot": pilot, "ln_gdp_pc_real": outcome}, index=index
    )
    return Panel(data=data, provinces=pd.DataFrame(), cells=pd.DataFrame())


@pytest.fixture(scope="session")
def whole_panel() -> Panel:
    """Return the synthetic panel with every column that the multiverse reads."""
    return multiverse_panel.synthetic_panel()


@pytest.fixture(scope="session")
def variants(whole_panel: Panel) -> dict[str, pd.DataFrame]:
    """Return its variants; joining needs raw files of borders, and here none moved."""
    published = panel_variants(whole_panel)
    return published | {n.replace("published", "constant"): f for n, f in published.items()}
