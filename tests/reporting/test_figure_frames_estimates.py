"""From stored estimates to the frames that figures take. All numbers are synthetic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from urbanecon.effects import SPECS
from urbanecon.effects.designs.space import ring_names
from urbanecon.effects.result import Estimate
from urbanecon.effects.spec import Design, Sample, Spec
from urbanecon.errors import NotEstimableError
from urbanecon.estimation.fit import Diagnostic, Fit
from urbanecon.reporting import figure_frames_estimates as frames
from urbanecon.reporting.store import write_estimates

OUTCOME = "ln_gdp_pc_real"
ENDS = {"estimate": [0.1, 0.2], "low": [0.0, 0.1], "high": [0.2, 0.3]}
Write = Callable[..., Mapping[str, Path]]


@pytest.fixture
def base() -> Spec:
    """The pilot on the primary outcome of E1, two-way effects."""
    return next(
        spec for spec in SPECS["E1"] if spec.design == "event_study" and spec.outcome == OUTCOME
    )


@pytest.fixture
def write(tmp_path: Path, base: Spec, make_fit: Callable[..., Fit]) -> Write:
    """Store one estimate of a design with given tables, among others that do not belong."""

    def stored(
        design: Design, through: str = "", *, terms: Mapping[str, float] | None = None,
        **changes: object,
    ) -> Mapping[str, Path]:  # fmt: skip
        spec = base.but(design=design, through=through)
        fit = make_fit(base.but(design="twfe"))
        if terms is not None:
            params = pd.Series(terms)
            fit = replace(
                fit,
                params=params,
                vcov=pd.DataFrame(np.eye(len(params)), index=params.index, columns=params.index),
            )
        fit = replace(fit, **changes)  # type: ignore[arg-type]
        others = (
            Estimate(spec.but(treatment="urban_share_benchmarked"), fit),
            Estimate(spec.but(fixed_effects=("city", "province:year")), fit),
            Estimate(spec.but(outcome="ln_night_lights", sample=Sample(vintage="constant")), fit),
            Estimate(spec.but(outcome="ln_gdp_per_employee", primary=False), None, "needs more"),
        )
        path = tmp_path / "E1.json"
        write_estimates(path, [*others, Estimate(spec, fit)])
        return {"E1": path}

    return stored


def test_honest_sets_begin_with_parallel_trends_and_open_ends_are_missing(write: Write) -> None:
    path = pd.DataFrame({"relative_year": [-1, 0], **ENDS})
    sets = pd.DataFrame(
        {"bound": [np.nan, 0.5, 1.0], "low": [-0.1, -0.2, -np.inf], "high": [0.1, 0.2, np.inf]}
    )
    results = write("honest", extra={"path": path, "sets": sets}, stats={"breakdown": 0.3})
    paths, bounds, breakdowns = frames.honest_frames(results)
    assert paths["outcome"].unique().tolist() == [OUTCOME]
    assert paths["estimate"].tolist() == ENDS["estimate"]
    assert bounds["bound"].tolist() == [0.0, 0.5, 1.0]
    np.testing.assert_array_equal(bounds["low"], [-0.1, -0.2, np.nan])
    assert breakdowns == {OUTCOME: 0.3}


def test_group_time_effects_are_those_of_the_cells(write: Write) -> None:
    cells = pd.DataFrame({"first_treated": [2014, 2014], "year": [2013, 2014], **ENDS})
    table = frames.group_time_frame(write("group_time", extra={"effects": cells}))
    pd.testing.assert_frame_equal(table[cells.columns.tolist()], cells)
    with pytest.raises(NotEstimableError, match="design 'group_time'"):
        frames.group_time_frame(write("group_time", "not-yet", extra={"effects": cells}))


def test_sides_of_comparisons_become_text(write: Write) -> None:
    comparisons = pd.DataFrame(
        {"treated": [2014.0, 2015.0], "control": [np.nan, 2014.0], "type": ["a", "b"],
         "weight": [0.9, 0.1], "estimate": [0.1, 0.2]}
    )  # fmt: skip
    table = frames.bacon_frame(write("bacon", extra={"comparisons": comparisons}))
    assert table["treated"].tolist() == ["2014", "2015"]
    assert table["control"].tolist() == ["never", "2014"]


def test_only_the_search_for_one_threshold_in_the_variable_is_kept(write: Write) -> None:
    search = pd.DataFrame(
        {"search": ["1", "1", "2"], "value": [0.3, 0.5, 0.4], "lr": [9.0, 0.0, 3.0],
         "critical": 7.35}
    )  # fmt: skip
    test = Diagnostic("F test of 0 against 1 threshold", 12.0, (), 0.04)
    extra = {"lr": search, "bootstrap": pd.DataFrame({"F_1": np.arange(99.0)})}
    results = write("threshold", "urban_share_benchmarked", extra=extra, diagnostics=(test,))
    table, p_values = frames.threshold_frame(results, "urban_share_benchmarked")
    assert table["value"].tolist() == [0.3, 0.5]
    assert p_values == {OUTCOME: 0.04}
    with pytest.raises(NotEstimableError, match="design 'threshold'"):
        frames.threshold_frame(results, "citizenization")


def test_impacts_are_in_standard_deviations_of_the_rows_used(write: Write) -> None:
    impacts = pd.DataFrame(
        {"variable": ["pilot", "pilot", "other"], "effect": ["direct", "total", "direct"],
         "estimate": [0.2, 0.4, 9.0], "low": [0.1, 0.2, 9.0], "high": [0.3, 0.6, 9.0]}
    )  # fmt: skip
    results = write("durbin", extra={"impacts": impacts})
    ((_, fit),) = frames._estimated(results, "durbin")
    rows = pd.DataFrame({OUTCOME: 50.0}, index=fit.sample)
    rows.iloc[:2, 0] = [48.0, 52.0]
    outside = pd.DataFrame({OUTCOME: [1e6]}, index=pd.MultiIndex.from_tuples([("x", 2000)]))

    class SyntheticPanel:
        data = pd.concat([rows, outside])

    table = frames.impact_frame(results, SyntheticPanel())  # type: ignore[arg-type]
    sd = rows[OUTCOME].std()
    assert table["part"].tolist() == ["direct", "total"]
    np.testing.assert_allclose(table["estimate"], [0.2 / sd, 0.4 / sd])
    assert table[["effect", "expected_sign"]].iloc[0].tolist() == ["E1", 1]


def test_rings_follow_the_own_effect_and_a_lost_ring_is_missing(write: Write) -> None:
    first, _, last = ring_names("pilot")
    table = frames.decay_frame(write("exposure", terms={last: 0.3, "pilot": 0.1, first: 0.2}))
    ends = list(table[["from_km", "to_km"]].itertuples(index=False, name=None))
    assert ends == [(0, 0), (0, 100), (100, 200), (200, 300)]
    np.testing.assert_array_equal(table["estimate"], [0.1, 0.2, np.nan, 0.3])


def test_the_line_its_support_and_its_bins_are_named_alike(write: Write) -> None:
    extra = {
        "marginal": pd.DataFrame(
            {"value": [1.0, 2.0], "effect": [0.1, 0.2], "low": [0.0, 0.1], "high": [0.2, 0.3]}
        ),
        "support": pd.DataFrame(
            {"low": [1.0], "high": [2.0], "rows": [30], "treatment_sd": [0.4]}
        ),
        "bins": pd.DataFrame(
            {"low": [1.0], "high": [2.0], "median": [1.4], "effect": [0.15],
             "low_effect": [0.05], "high_effect": [0.25]}
        ),
    }  # fmt: skip
    results = write("moderation", "citizenization", extra=extra)
    line, support, bins = frames.marginal_frames(results, "citizenization")
    assert line["estimate"].tolist() == [0.1, 0.2]
    assert support[["from_value", "to_value", "rows"]].iloc[0].tolist() == [1.0, 2.0, 30]
    assert bins[["value", "estimate", "low", "high"]].iloc[0].tolist() == [1.4, 0.15, 0.05, 0.25]
    with pytest.raises(NotEstimableError, match="design 'moderation'"):
        frames.marginal_frames(results, "upgrading")


def test_quantiles_stand_beside_the_two_way_estimate(
    write: Write, base: Spec, make_fit: Callable[..., Fit], tmp_path: Path
) -> None:
    path = pd.DataFrame({"quantile": [0.1, 0.9], "term": ["pilot", "control"], **ENDS})
    fit = make_fit(base.but(design="twfe"), estimate=0.07)
    specs = (base.but(design="quantile"), base.but(design="twfe"))
    both = [Estimate(specs[0], replace(fit, extra={"path": path})), Estimate(specs[1], fit)]
    write_estimates(tmp_path / "E1.json", both)
    table, means = frames.quantile_frames({"E1": tmp_path / "E1.json"})
    assert table[["quantile", "estimate"]].to_numpy().tolist() == [[0.1, 0.1]]
    assert means[["outcome", "estimate"]].to_numpy().tolist() == [[OUTCOME, 0.07]]


def test_every_mediator_has_its_four_links(write: Write) -> None:
    terms = ["indirect", "direct", "total", "treatment_to_mediator", "mediator_to_outcome"]
    intervals = pd.DataFrame({"term": terms, "estimate": 0.1, "low": 0.0, "high": 0.2, "p": 0.1})
    table = frames.mechanism_frame(write("mediation", "finance", extra={"intervals": intervals}))
    assert set(table["link"]) == set(frames.LINKS)
    assert table["mediator"].unique().tolist() == ["finance"]
    assert table["effect"].unique().tolist() == ["E1"]


def test_the_links_of_the_frame_are_those_of_the_diagram() -> None:
    from urbanecon.plotting.mechanisms import LINKS

    assert frames.LINKS == LINKS
