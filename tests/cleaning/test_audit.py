"""All rules together: flags rise to the worst finding, and no value is touched."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from audit_tables import table
from hypothesis import given, settings
from hypothesis import strategies as st

from urbanecon.cleaning import audit
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


