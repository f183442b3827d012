"""Double machine learning: the truth where controls act through curves."""

from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pandas as pd
import pytest

from urbanecon.errors import EstimationError, NotEstimableError, UnknownNameError, UrbaneconError
from urbanecon.estimation.double_ml import double_ml
from urbanecon.estimation.fixed_effects import fixed_effects

needs_extra = pytest.mark.skipif(
    importlib.util.find_spec("doubleml") is None,
    reason="the extra 'ml' (doubleml, scikit-learn) is not installed",
)


def panel(seed, units=80, periods=8):
    """Synthetic panel: effect 1, both treatment and outcome curved in a control."""
    rng = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product([range(units), range(periods)], names=["city", "year"])
    data = pd.DataFrame(rng.normal(size=(len(index), 2)), columns=["x", "w"], index=index)
    curve = data["x"] ** 2
    shock = np.repeat(rng.normal(size=units), periods) * 0.5
    data["d"] = curve + 0.3 * data["w"] + rng.normal(size=len(index)) + shock
    data["y"] = data["d"] + curve + shock + rng.normal(size=len(index))
    return data


@needs_extra
def test_the_effect_is_recovered_where_linear_controls_fail():
    data = panel(1, 150)
    linear = fixed_effects(data, "y", ["d", "x", "w"])
    learned = double_ml(data, "y", "d", ["x", "w"])
    assert linear.params["d"] > 1.4
    assert abs(learned.params["d"] - 1) < 0.15
    assert learned.stats["r2_treatment"] > 0.3
    assert learned.n_clusters == {"city": 150}


@needs_extra
@pytest.mark.slow
def test_intervals_cover_the_truth():
    # 92 of 100 in 300 draws; these 40 have a standard error of 4
    fits = [double_ml(panel(seed, 40, 5), "y", "d", ["x"], folds=2) for seed in range(40)]
    t = np.array([(fit.params["d"] - 1) / fit.se["d"] for fit in fits])
    assert np.mean(np.abs(t) < 1.96) >= 0.85
    assert abs(t.mean()) < 0.3 and 0.75 < t.std() < 1.3


@needs_extra
@pytest.mark.parametrize("learner", ["lasso", "forest"])
def test_results_depend_on_the_seed_alone(learner):
    data = panel(2, 30, 6)
    first = double_ml(data, "y", "d", ["x"], learner=learner)
    np.random.seed(99)  # noqa: NPY002
    again = double_ml(data.sample(frac=1, random_state=1), "y", "d", ["x"], learner=learner)
    assert first.params["d"] == again.params["d"] and first.se["d"] == again.se["d"]


@needs_extra
def test_bad_input_is_refused_by_name():
    data = panel(3, 12, 4)
    with pytest.raises(UnknownNameError, match="Did you mean 'forest'"):
        double_ml(data, "y", "d", ["x"], learner="forests")
    with pytest.raises(EstimationError, match="10 folds of 12 clusters"):
        double_ml(data, "y", "d", ["x"], folds=10)
    with pytest.raises(EstimationError, match="each variable once"):
        double_ml(data, "y", "d", ["d"])
    with pytest.raises(EstimationError, match="'x' is infinite"):
        double_ml(data.assign(x=np.inf), "y", "d", ["x"])
    constant = data.assign(d=data.groupby("city")["d"].transform("mean"))
    with pytest.raises(NotEstimableError, match="'d' does not vary within the effects"):
        double_ml(constant, "y", "d", ["x"])


@needs_extra
def test_gaps_copies_and_lone_rows_do_what_they_do_in_other_estimators():
    data = panel(1, 30, 6)
    holes = data.assign(x=data["x"].mask(np.arange(len(data)) % 17 == 0))
    fit, whole_rows = (double_ml(d, "y", "d", ["x", "w"]) for d in (holes, holes.dropna()))
    assert fit.nobs == whole_rows.nobs == 169
    assert fit.params["d"] == whole_rows.params["d"]
    copied = double_ml(data.assign(copy=2 * data["x"] + 1), "y", "d", ["x", "w", "copy"])
    once = double_ml(data, "y", "d", ["x", "w"])
    assert abs(copied.params["d"] - once.params["d"]) < 0.01 * once.se["d"]
    city, year = (data.index.get_level_values(k) for k in ("city", "year"))
    lone = double_ml(data[(city != 29) | (year == 2)], "y", "d", ["x", "w"])
    assert lone.n_clusters == {"city": 30} and lone.nobs == 175
    with pytest.raises(EstimationError, match="5 folds of 1 clusters"):
        double_ml(data.assign(one=1), "y", "d", ["x"], cluster="one")


def test_without_the_extra_the_message_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "doubleml", None)
    with pytest.raises(UrbaneconError, match="needs the extra 'ml'"):
        double_ml(panel(4, 12, 4), "y", "d", ["x"])
