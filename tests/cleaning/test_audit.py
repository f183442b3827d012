"""All rules together: flags rise to the worst finding, and no value is touched."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from audit_tables import series, table
from hypothesis import given, settings
from hypothesis import strategies as st

from urbanecon.cleaning import audit
from urbanecon.cleaning.audit.planted import DEFECTS
from urbanecon.cleaning.audit.synthetic import clean_panel
from urbanecon.cleaning.observations import COLUMNS, SEVERITY, Flag
from urbanecon.errors import MissingColumnError


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


def test_a_remark_leaves_the_flag_as_it_was():
    observations = table(year=[2010, 2011], flag=["derived", "ok"])
    remarks = table(year=[2010, 2011], flag="ok")
    pd.testing.assert_frame_equal(audit.apply_findings(observations, remarks), observations)


def test_row_order_and_index_do_not_matter():
    rng = np.random.default_rng(3)
    panel = clean_panel(rng, cities=40)
    for defect in DEFECTS:
        if defect.name != "exact multiple":
            defect.plant(panel, rng)
    observations = panel.observations()
    shuffled = observations.sample(frac=1, random_state=5)
    findings, again = audit.run_rules(observations), audit.run_rules(shuffled)
    assert findings["rule"].nunique() >= 10
    order = ["rule", "variable", "city", "year", "reason"]
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


@given(st.lists(ROW, max_size=100))
@settings(deadline=None, max_examples=20)
def test_no_rule_crashes_changes_a_value_or_lowers_a_flag(rows):
    observations = pd.DataFrame(rows, columns=list(COLUMNS)).astype(
        {"city": "str", "year": "int64", "variable": "str", "value": "float64", "flag": "str"}
    )
    before = observations.copy(deep=True)
    after = audit.apply_findings(observations, audit.run_rules(observations))
    pd.testing.assert_frame_equal(observations, before)
    pd.testing.assert_frame_equal(after.drop(columns="flag"), before.drop(columns="flag"))
    assert (after["flag"].map(SEVERITY) >= before["flag"].map(SEVERITY)).all()


CELL_VALUE = st.one_of(
    st.floats(), st.sampled_from([0.0, -1.0, 1.0, 2.0, 1e-320, 1e308, np.inf]), st.integers(1, 99)
)


@given(st.lists(st.lists(CELL_VALUE, min_size=12, max_size=12), min_size=2, max_size=20))
@settings(deadline=None, max_examples=20)
def test_no_rule_crashes_on_whole_series_of_any_numbers(paths):
    keys = [f"42{c + 1:02d}00" for c in range(len(paths))]
    names = ("gdp", "va_primary", "va_secondary", "va_tertiary", "exports")
    observations = pd.concat(
        [series(name, dict(zip(keys, map(list, paths), strict=True))) for name in names]
    ).astype({"value": "float64"})
    before = observations.copy(deep=True)
    after = audit.apply_findings(observations, audit.run_rules(observations))
    pd.testing.assert_frame_equal(after.drop(columns="flag"), before.drop(columns="flag"))


@pytest.mark.slow
def test_a_million_cells_take_half_a_minute_and_three_gigabytes():
    script = """
import resource, time
import numpy as np, pandas as pd
from urbanecon.cleaning import audit
from urbanecon.cleaning.audit.synthetic import clean_panel
one = clean_panel(np.random.default_rng(1), cities=800).observations()
parts = [one.assign(variable=one["variable"] + f"_{n}") for n in range(5)]
table = pd.concat(parts, ignore_index=True)
start = time.perf_counter()
audit.apply_findings(table, audit.run_rules(table))
print(len(table), time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    cells, seconds, kilobytes = (float(word) for word in run.stdout.split())
    assert cells == 1_000_000
    assert seconds < 30
    assert kilobytes < 3e6
