"""Products in blocks: those of the library, with digits that no thread moves."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose

from urbanecon.estimation.blocked_products import inner_product, product


@pytest.mark.parametrize(("n", "k", "p"), [(1, 1, 1), (301, 301, 301), (7000, 5, 40), (9, 4, 0)])
def test_products_are_those_of_the_library(n, k, p):
    rng = np.random.default_rng(1)
    a, b, c = rng.normal(size=(n, k)), rng.normal(size=(k, p)), rng.normal(size=(n, max(p, 1)))
    assert_allclose(product(a, b), a @ b, atol=1e-11)
    assert_allclose(product(a[::-1], b), a[::-1] @ b, atol=1e-11)
    assert_allclose(inner_product(a, c), a.T @ c, atol=1e-10)


PROGRAM = """
import numpy as np, pandas as pd, warnings
from urbanecon.estimation.blocked_products import inner_product, product
from urbanecon.estimation.curve_paths import PathUnit, permuted_paths, run_path_unit
from urbanecon.estimation.leave_out import leave_out
from urbanecon.estimation.mediation import mediation
from urbanecon.estimation.moments import cluster_moments
from urbanecon.estimation.moments_ols import ols
from urbanecon.estimation.subsets import control_subsets
warnings.simplefilter("ignore")
rng = np.random.default_rng(0)
index = pd.MultiIndex.from_product([range(283), range(2000, 2020)], names=["city", "year"])
names = [f"c{k}" for k in range(12)]
data = pd.DataFrame(rng.normal(size=(len(index), 14)), index, ["y", "x", *names])
a, b, c = rng.normal(size=(400, 300)), rng.normal(size=(300, 500)), rng.normal(size=(400, 500))
print("products", product(a, b).tobytes().hex(), inner_product(a, c).tobytes().hex())
first = pd.Series(rng.choice([2008.0, 2012.0, np.nan], 283), pd.RangeIndex(283, name="city"))
paths, effects = permuted_paths(first, 150, 1), ("city", "year")
curves = run_path_unit(PathUnit(data, paths, (("y", ("x", "c0")),), effects, "city"))
print("curves", curves.estimate.tobytes().hex(), curves.se.tobytes().hex())
moments = cluster_moments(data, list(data))
without = leave_out(ols(moments, "y", ["x", *names]), "x")
print("leave out", without.to_numpy().tobytes().hex())
subsets = control_subsets(moments, "y", "x", names)
print("subsets", subsets["se"].to_numpy().tobytes().hex())
fit = mediation(data, "y", "x", "c0", names[1:3], draws=200)
print("mediation", fit.vcov.to_numpy().tobytes().hex())
"""


def test_no_digit_depends_on_the_number_of_threads():
    """Synthetic, of the size of the city panel: small products are never split."""
    outputs = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "OPENBLAS_NUM_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        for threads in ("1", "2", "3")
    ]
    for one, *others in zip(*outputs, strict=True):
        assert others == [one, one], one.split(" ")[0]
