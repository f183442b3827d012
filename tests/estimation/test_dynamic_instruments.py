"""How many instruments a style makes, and which styles make no sense."""

from __future__ import annotations

import pytest
from dynamic_cases import AB91, BB98, estimate, log_firms, synthetic

from urbanecon.errors import EstimationError, UnknownNameError
from urbanecon.estimation.dynamic_instruments import GmmStyle, IvStyle


def test_the_number_of_instruments_is_that_of_plm(reference, reference_data):
    firms = log_firms(reference_data)
    collapsed = [GmmStyle(v, collapse=True) for v in ("emp", "wage", "capital")]
    found = {
        "diff": estimate(firms, **AB91).stats["instruments"],
        "sys": estimate(firms, **BB98).stats["instruments"],
        "sys_collapse": estimate(firms, **BB98 | {"gmm": collapsed}).stats["instruments"],
    }
    assert found == reference("gmm_empluk_plm")["results"]["n_instr"]


def test_collapse_and_limits_of_lags_reduce_the_instruments():
    data = synthetic()
    spec = {"outcome": "y", "regressors": [], "time_effects": False}

    def count(style):
        return estimate(data, **spec, gmm=[style]).stats["instruments"]

    assert count(GmmStyle("y")) == 1 + 2 + 3 + 4 + 5
    assert count(GmmStyle("y", (2, 3))) == 1 + 2 + 2 + 2 + 2
    assert count(GmmStyle("y", collapse=True)) == 5
    assert count(GmmStyle("y", (2, 3), collapse=True)) == 2


def test_lags_of_instruments_that_make_no_sense_are_refused():
    with pytest.raises(EstimationError, match="start at one"):
        GmmStyle("y", (0, 2))
    with pytest.raises(EstimationError, match="zero or more"):
        IvStyle("x", (-1,))


def test_a_misspelt_equation_is_answered_with_the_closest():
    with pytest.raises(UnknownNameError, match="Did you mean 'level'"):
        GmmStyle("y", equation="levels")
    with pytest.raises(UnknownNameError, match="Did you mean 'each'"):
        IvStyle("x", equation="eahc")
