"""The one result type of every estimator."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from urbanecon.errors import UnknownNameError
from urbanecon.estimation.fit import Fit


def fit(df: float = 10.0) -> Fit:
    terms = ["a", "b"]
    return Fit(
        params=pd.Series([2.0, 0.5], index=terms),
        vcov=pd.DataFrame([[1.0, 0.2], [0.2, 0.25]], index=terms, columns=terms),
        nobs=3,
        df=df,
        sample=pd.MultiIndex.from_tuples([("420100", 2000), ("420100", 2001), ("420200", 2000)]),
        outcome="y",
        estimator="worked by hand",
        inference="given",
        n_clusters={"city": 2},
        fixed_effects=("city",),
        stats={"r2_within": 0.5},
    )


def test_intervals_and_p_values_follow_the_t_law() -> None:
    table = fit().tidy()
    assert table.loc["a", "t"] == 2.0
    assert table.loc["a", "p"] == pytest.approx(2 * stats.t.sf(2.0, 10))
    assert table.loc["a", "high"] - 2.0 == pytest.approx(stats.t.ppf(0.975, 10))


def test_infinite_degrees_of_freedom_give_the_normal_law() -> None:
    assert fit(np.inf).pvalue["a"] == pytest.approx(2 * stats.norm.sf(2.0))


def test_the_joint_test_equals_the_quadratic_form() -> None:
    given = fit()
    b, v = given.params.to_numpy(), given.vcov.to_numpy()
    expected = b @ np.linalg.inv(v) @ b / 2
    found = given.test(["a", "b"])
    assert found.statistic == pytest.approx(expected)
    assert found.df == (2, 10.0)
    assert found.p == pytest.approx(stats.f.sf(expected, 2, 10))


def test_a_misspelt_term_is_answered_with_the_closest_one() -> None:
    with pytest.raises(UnknownNameError, match="not a term"):
        fit().test(["c"])


def test_the_sample_digest_depends_on_the_rows_alone() -> None:
    assert fit().sample_digest == fit(np.inf).sample_digest


def test_shapes_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(ValueError, match="vcov"):
        Fit(
            params=pd.Series([1.0], index=["a"]),
            vcov=pd.DataFrame(np.eye(2)),
            nobs=0,
            df=1,
            sample=pd.Index([]),
            outcome="y",
            estimator="",
            inference="",
        )


def test_table_makers_can_read_a_fit() -> None:
    from maketables import ETable

    latex = ETable([fit()]).make(type="tex")
    assert "0.500" in latex
