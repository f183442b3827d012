"""What the steps share."""

from __future__ import annotations

import math
import os
import warnings

import pytest

from urbanecon.steps import processes


def squared_with_a_warning(x: float) -> tuple[float, int]:
    """Warn, and return a square and the process that took it."""
    warnings.warn("a singleton was kept", UserWarning, stacklevel=1)
    return x**2, os.getpid()


def test_results_come_in_order_from_other_processes_which_are_quiet(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with processes() as map_:
        results = list(map_(squared_with_a_warning, range(5)))
    assert [value for value, _ in results] == [0, 1, 4, 9, 16]
    assert os.getpid() not in {process for _, process in results}
    assert "singleton" not in capfd.readouterr().err


def test_what_goes_wrong_in_a_process_is_raised_here() -> None:
    with processes() as map_, pytest.raises(ValueError, match="math domain"):
        list(map_(math.log, [1.0, -1.0]))
