"""Least squares over parquet files of any size, computed where the rows are.

`fit.scaled_fit` is the way in; `dask_backend.dask_map` runs any of the
library's resampling on a Dask cluster. DuckDB and Dask are the extra `scale`:
``pip install "urbanecon[scale]"``.
"""

from urbanecon.estimation.backends.dask_backend import dask_map
from urbanecon.estimation.backends.fit import scaled_fit

__all__ = ["dask_map", "scaled_fit"]
