"""The vocabulary of inference and its short texts."""

from __future__ import annotations

import pytest

from urbanecon.errors import EstimationError, UnknownNameError
from urbanecon.estimation.inference import (
    Cluster,
    Conley,
    Crv3,
    DriscollKraay,
    Hetero,
    Iid,
    NeweyWest,
    as_inference,
    keys_of,
    variables_of,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("iid", Iid()),
        ("hetero", Hetero()),
        ("cluster(city)", Cluster("city")),
        ("cluster(city, year)", Cluster(("city", "year"))),
        ("cluster(province:year)", Cluster(("province:year",))),
        ("CRV3(city)", Crv3("city")),
        ("driscoll-kraay", DriscollKraay()),
        ("driscoll-kraay(3)", DriscollKraay(3)),
        ("newey-west(2)", NeweyWest(2)),
        ("conley(200)", Conley(200.0)),
    ],
)
def test_a_short_text_reads_as_its_value_and_a_value_stays(text, value):
    assert as_inference(text) == value
    assert as_inference(value) is value


def test_an_unknown_text_suggests_the_closest():
    with pytest.raises(UnknownNameError, match="Did you mean 'cluster'"):
        as_inference("clustr(city)")
    with pytest.raises(UnknownNameError, match="unknown kernel 'triangle'"):
        as_inference(Conley(100, kernel="triangle"))


@pytest.mark.parametrize(
    "text", ["newey-west(two)", "conley", "conley(1, 2)", "iid(city)", "crv3(a, b)", "crv3"]
)
def test_arguments_that_do_not_fit_are_refused(text):
    with pytest.raises(EstimationError, match="cannot read the arguments"):
        as_inference(text)


@pytest.mark.parametrize(
    "value", [Conley(0), Conley(-5.0), DriscollKraay(-1), NeweyWest(-2), Cluster(()), "cluster"]
)
def test_values_out_of_range_are_refused(value):
    with pytest.raises(EstimationError):
        as_inference(value)


def test_serial_lags_need_a_period():
    with pytest.raises(EstimationError, match="serial lags need"):
        as_inference(Conley(100, lags=2, time=None))


def test_keys_and_variables_are_what_the_covariance_will_read():
    assert keys_of(Cluster(("city", "year"))) == ("city", "year")
    assert keys_of(NeweyWest()) == ("city", "year")
    assert keys_of(Conley(100)) == ("year",)
    assert keys_of(Conley(100, lags=1)) == ("city", "year")
    assert keys_of(Conley(100, time=None)) == ()
    assert keys_of(Iid()) == ()
    assert variables_of(Conley(100, latitude="lat")) == ("lat", "longitude")
    assert variables_of(Hetero()) == ()
