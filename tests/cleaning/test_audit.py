"""The audit finds by rule what is known to be wrong, and touches no value."""

from __future__ import annotations

import time
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from urbanecon.cleaning import audit
from urbanecon.cleaning.observations import COLUMNS, SEVERITY, Flag
from urbanecon.errors import MissingColumnError

LIFESPANS = pd.DataFrame(
    {"first_year": [2012, pd.NA], "last_year": [pd.NA, 2011]},
    index=["460300", "341400"],
    dtype="Int64",
)


def table(**columns) -> pd.DataFrame:
    """Synthetic observations; what is not given is a plain good cell."""
    rows = {
        "city": "110000",
        "year": 2010,
        "variable": "imports",
        "value": 1.0,
        "source": "synthetic",
        "raw": "synthetic.csv||2|A",
        "flag": "ok",
    } | columns
    length = max((len(v) for v in rows.values() if isinstance(v, list)), default=1)
    return pd.DataFrame({k: v if isinstance(v, list) else [v] * length for k, v in rows.items()})


def series(variable: str, by_city: dict[str, list[float]]) -> pd.DataFrame:
    cells = [(city, 2000 + t, v) for city, path in by_city.items() for t, v in enumerate(path)]
    city, year, value = (list(column) for column in zip(*cells, strict=True))
    return table(city=city, year=year, value=value, variable=variable)


def synthetic_panel(seed: int = 7, cities: int = 200, years: int = 20) -> pd.DataFrame:
    """Clean synthetic panel: trends with noise, rounded as published figures are."""
    rng = np.random.default_rng(seed)
    keys = [f"{code}" for code in range(130100, 130100 + 100 * cities, 100)]
    frames = []
    for variable, level in (("gdp", 1e10), ("population", 3e6), ("mobile", 1e6)):
        growth = rng.normal(0.05, 0.03, (cities, years)).cumsum(axis=1)
        paths = np.round(level * np.exp(rng.normal(0, 0.5, (cities, 1)) + growth), -3)
        frames.append(series(variable, dict(zip(keys, paths.tolist(), strict=True))))
    return pd.concat(frames, ignore_index=True)


def flagged(findings: pd.DataFrame, rule: str) -> set[tuple[str, int, str]]:
    rows = findings[findings["rule"] == rule]
    return set(zip(rows["city"], rows["year"], rows["variable"], strict=True))


# --- impossible ---------------------------------------------------------------------------


def test_a_value_outside_the_valid_range_is_impossible_and_the_reason_holds_the_numbers():
    findings = audit.impossible(table(value=[-5.0, 5.0], year=[2010, 2011]))
    assert findings[["year", "flag", "rule"]].to_numpy().tolist() == [
        [2010, "impossible", "impossible"]
    ]
    assert findings["reason"].item() == (
        "the value -5 yuan is outside the valid range from 0 to 1e+14"
    )


def test_both_ends_of_the_range_are_valid():
    assert audit.impossible(table(variable="share_primary", value=[0.0, 1.0])).empty


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_a_value_that_is_no_finite_number_is_impossible_in_any_variable(value):
    for variable in ("imports", "not_in_the_codebook"):
        reason = audit.impossible(table(variable=variable, value=value))["reason"].item()
        assert "not a finite number" in reason


def test_a_variable_that_the_codebook_does_not_describe_has_no_range():
    assert audit.impossible(table(variable="not_in_the_codebook", value=-1e30)).empty


# --- anachronism --------------------------------------------------------------------------


def test_years_before_the_first_and_after_the_last_are_anachronisms_and_no_others():
    found = audit.anachronism(
        table(
            city=["460300", "460300", "341400", "341400", "110000"],
            year=[2011, 2012, 2011, 2012, 1900],
        ),
        LIFESPANS,
    )
    assert found[["city", "year"]].to_numpy().tolist() == [["460300", 2011], ["341400", 2012]]
    assert found["reason"].tolist() == [
        "the city did not exist in 2011: it was founded in 2012",
        "the city did not exist in 2012: its last year was 2011",
    ]


# --- pasted -------------------------------------------------------------------------------


def test_one_series_in_all_cities_is_pasted_in_every_cell():
    observations = series("mobile", {f"{c}00": [1.5, 2.5, 4.0, 3.0, 6.5, 7.0] for c in "1234"})
    assert len(audit.pasted(observations)) == len(observations)


def test_a_city_that_lacks_years_is_recognised_by_the_years_it_has():
    template = [float(v) ** 1.5 for v in range(2, 14)]
    observations = series("mobile", dict.fromkeys("abcd", template))
    observations = observations[~((observations["city"] == "c") & (observations["year"] < 2005))]
    assert len(audit.pasted(observations)) == len(observations)


def test_one_corrected_cell_does_not_hide_a_paste():
    template = [float(v) ** 1.5 for v in range(2, 14)]
    corrected = [*template[:-1], 99.0]
    observations = series("mobile", {"a": template, "b": template, "c": corrected})
    assert set(audit.pasted(observations)["city"]) == {"a", "b", "c"}


@pytest.mark.parametrize(
    "path",
    [[0.0] * 12, [7.0] * 12, [1.0, 2.0] * 6, [0.0, 0.0, 3.0, 4.0, 5.0, 6.0]],
    ids=["zeros", "a constant", "two levels", "four values and zeros"],
)
def test_constants_zeros_and_few_levels_are_no_paste(path):
    assert audit.pasted(series("mobile", dict.fromkeys("abcdef", path))).empty


def test_short_coincidences_are_no_paste():
    rng = np.random.default_rng(3)
    paths = {str(c): rng.uniform(1, 2, 12) for c in range(30)}
    for path in paths.values():
        path[:4] = [1.1, 1.2, 1.3, 1.4]
    assert audit.pasted(series("mobile", {c: p.tolist() for c, p in paths.items()})).empty


def test_two_cities_alone_are_no_pasted_column_and_the_share_decides_about_few():
    rng = np.random.default_rng(4)
    paths = {str(c): rng.uniform(1, 2, 12).tolist() for c in range(100)}
    paths |= {"1": paths["0"]}
    assert audit.pasted(series("mobile", paths), share=0.0).empty
    paths |= {"2": paths["0"]}
    assert audit.pasted(series("mobile", paths)).empty
    assert set(audit.pasted(series("mobile", paths), share=0.03)["city"]) == {"0", "1", "2"}


def test_the_same_series_in_two_sources_is_agreement_and_no_paste():
    one = series("mobile", {"a": [float(v) for v in range(1, 12)]})
    stacked = pd.concat([one.assign(source=name) for name in "wxyz"], ignore_index=True)
    assert audit.pasted(stacked).empty


# --- conflict -----------------------------------------------------------------------------


def test_two_values_of_one_cell_conflict_and_repetitions_do_not():
    observations = table(year=[2010, 2010, 2011, 2011, 2012], value=[1.0, 2.0, 3.0, 3.0, 4.0])
    found = audit.conflict(observations)
    assert found[["year", "reason"]].to_numpy().tolist() == [
        [2010, "the source gives the cell more than once, from 1 to 2"]
    ]
    assert (audit.apply_findings(observations, found)["flag"] == "conflict").sum() == 2


# --- all rules together -------------------------------------------------------------------


def test_injected_defects_are_found_and_nothing_else_is():
    clean = synthetic_panel()
    assert audit.run_rules(clean).empty
    rng = np.random.default_rng(11)
    truth: dict[str, set[tuple[str, int, str]]] = {}

    bad = clean.copy()
    victims = rng.choice(np.flatnonzero(clean["variable"] == "gdp"), 60, replace=False)
    bad.loc[victims, "value"] *= -1
    truth["impossible"] = flagged(bad.loc[victims].assign(rule=""), "")

    cities = sorted(clean["city"].unique())[:50]
    original = clean[(clean["variable"] == "mobile") & (clean["city"] == cities[0])]
    copies = (bad["variable"] == "mobile") & bad["city"].isin(cities)
    bad.loc[copies, "value"] = np.tile(original["value"].to_numpy(), 50)
    truth["pasted"] = flagged(bad[copies].assign(rule=""), "")

    lives = pd.DataFrame({"first_year": [2008], "last_year": [2015]}, index=[cities[-1]])
    outside = (bad["city"] == cities[-1]) & ~bad["year"].between(2008, 2015)
    truth["anachronism"] = flagged(bad[outside].assign(rule=""), "")

    rules = (audit.impossible, lambda frame: audit.anachronism(frame, lives), audit.pasted)
    findings = audit.run_rules(bad, rules)
    for rule, cells in truth.items():
        found = flagged(findings, rule)
        recall, precision = len(found & cells) / len(cells), len(found & cells) / len(found)
        assert (rule, recall, precision) == (rule, 1.0, 1.0)


def test_the_worst_finding_becomes_the_flag_and_no_flag_is_lowered():
    observations = table(year=[2010, 2011, 2012], flag=["ok", "impossible", "derived"])
    found = [(2010, "conflict"), (2010, "pasted"), (2011, "outlier"), (2012, "anachronism")]
    findings = table(year=[y for y, _ in found], flag=[f for _, f in found])
    flags = audit.apply_findings(observations, findings)["flag"].tolist()
    assert flags == ["pasted", "impossible", "anachronism"]


def test_no_finding_leaves_every_flag_as_it_was():
    observations = table(year=[2010, 2011], flag=["derived", "ok"])
    unchanged = audit.apply_findings(observations, audit.run_rules(observations))
    pd.testing.assert_frame_equal(unchanged, observations)


def test_an_empty_table_has_no_findings():
    empty = table().iloc[:0]
    assert audit.run_rules(empty).columns.tolist() == list(audit.FINDING_COLUMNS)
    assert audit.apply_findings(empty, audit.run_rules(empty)).empty


def test_a_missing_column_is_named_with_the_closest_one_found():
    with pytest.raises(MissingColumnError, match=r"'value' is missing\. Did you mean 'values'"):
        audit.run_rules(table().rename(columns={"value": "values"}))


def test_row_order_does_not_matter():
    observations = synthetic_panel(cities=30)
    observations.loc[observations["variable"] == "mobile", "value"] = np.tile(
        np.arange(1.0, 21), 30
    )
    shuffled = observations.sample(frac=1, random_state=5)
    findings = audit.run_rules(observations)
    assert len(findings) == 600
    again = audit.run_rules(shuffled)
    order = ["rule", "variable", "city", "year"]
    pd.testing.assert_frame_equal(
        findings.sort_values(order, ignore_index=True), again.sort_values(order, ignore_index=True)
    )
    flags = audit.apply_findings(observations, findings)["flag"]
    pd.testing.assert_series_equal(
        audit.apply_findings(shuffled, again)["flag"].sort_index(), flags.sort_index()
    )


ROW = st.tuples(
    st.sampled_from(["110000", "460300", "341400", "000000", "999999"]),
    st.integers(1900, 2100),
    st.sampled_from(["gdp", "imports", "share_primary", "unknown", ""]),
    st.one_of(st.floats(), st.sampled_from([0.0, 1.0, 2.0])),
    st.sampled_from(["one", "two"]),
    st.just("file||1|A"),
    st.sampled_from([str(flag) for flag in Flag]),
)


@given(st.lists(ROW, max_size=40))
@settings(deadline=None, max_examples=60)
def test_no_rule_crashes_changes_a_value_or_lowers_a_flag(rows):
    observations = pd.DataFrame(rows, columns=list(COLUMNS)).astype(
        {"city": "str", "year": "int64", "variable": "str", "value": "float64", "flag": "str"}
    )
    before = observations.copy(deep=True)
    after = audit.apply_findings(observations, audit.run_rules(observations))
    pd.testing.assert_frame_equal(observations, before)
    pd.testing.assert_frame_equal(after.drop(columns="flag"), before.drop(columns="flag"))
    assert (after["flag"].map(SEVERITY) >= before["flag"].map(SEVERITY)).all()


@pytest.mark.slow
def test_a_million_cells_take_seconds():
    rng = np.random.default_rng(1)
    cells = list(product(range(1000), range(25), range(40)))
    city, year, variable = (list(part) for part in zip(*cells, strict=True))
    observations = table(
        city=[f"{100000 + c}" for c in city],
        year=[2000 + y for y in year],
        variable=[f"v{v}" for v in variable],
        value=rng.normal(size=len(cells)).tolist(),
    )
    start = time.perf_counter()
    audit.apply_findings(observations, audit.run_rules(observations))
    assert time.perf_counter() - start < 15


# --- the package of city_macro, which every installation has ---------------------------------


@pytest.fixture(scope="module")
def macro(raw_file) -> tuple[pd.DataFrame, pd.DataFrame]:
    from urbanecon.cleaning.sources import city_macro

    observations = city_macro.read(raw_file("city_macro"))
    return observations, audit.run_rules(observations)


def test_every_broadband_cell_of_city_macro_is_pasted_and_no_other_cell_is(macro):
    observations, findings = macro
    found = findings[findings["rule"] == "pasted"]
    assert set(found["variable"]) == {"broadband"}
    assert len(found) == (observations["variable"] == "broadband").sum() == 7200


def test_a_lower_share_finds_the_student_series_that_neighbours_were_given(macro):
    observations, _ = macro
    found = audit.pasted(observations[observations["variable"] == "students"], share=0.02)
    tibet, hainan = [f"540{n}00" for n in range(1, 7)], ["460300", "460400"]
    assert sorted(found["city"].unique()) == [*hainan, *tibet]
    assert len(found) == 8 * 25


def test_negative_imports_and_negative_education_spending_are_impossible(macro):
    observations, findings = macro
    impossible = flagged(findings, "impossible")
    for variable in ("imports", "fiscal_education"):
        negative = observations[(observations["variable"] == variable) & (observations.value < 0)]
        assert len(negative)
        assert flagged(negative.assign(rule=""), "") <= impossible


def test_sansha_before_2012_chaohu_after_2011_and_laiwu_after_2018_are_anachronisms(macro):
    observations, findings = macro
    years = observations["year"]
    for city, outside in (
        ("460300", years < 2012),
        ("341400", years > 2011),
        ("371200", years > 2018),
    ):
        cells = observations[(observations["city"] == city) & outside]
        found = findings[(findings["city"] == city) & (findings["rule"] == "anachronism")]
        assert len(cells)
        assert flagged(cells.assign(rule=""), "") == flagged(found, "anachronism")
