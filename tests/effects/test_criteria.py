"""What each verdict rests on."""

from __future__ import annotations

from urbanecon.effects import CLAIMS, EVIDENCE, ROW_SPECS, ROWS
from urbanecon.effects.choices import MEASURES
from urbanecon.effects.criteria import CRITERIA, RESAMPLED
from urbanecon.effects.interactions import MODERATORS


def test_every_row_has_criteria_and_those_of_effects_are_their_primary_outcome() -> None:
    assert list(CRITERIA) == list(ROWS)
    for row, claim in CLAIMS.items():
        (criterion,) = CRITERIA[row]
        assert criterion.outcome == claim.primary
        assert criterion.staggered


def test_every_criterion_is_estimated_by_its_row_or_cited() -> None:
    for row, criteria in CRITERIA.items():
        specs = (*ROW_SPECS[row], *EVIDENCE.get(row, ()))
        found = {(s.outcome, s.design, s.through) for s in specs if s.treatment == "pilot"}
        assert {(c.outcome.variable, c.design, c.through) for c in criteria} <= found


def test_every_criterion_of_a_rows_own_has_a_multiverse() -> None:
    for row, criteria in CRITERIA.items():
        kinds = {c.design for c in criteria if c.row == row}
        if kinds == {"twfe"}:
            assert MEASURES[row][0].variable == ROWS[row].primary.variable
        else:
            assert (row in MODERATORS) == (kinds != {"durbin"})


def test_the_gap_between_town_and_country_is_judged_once_and_cited_by_the_route() -> None:
    gap, threshold = CRITERIA["R4"]
    assert (gap.row, gap.outcome) == ("E4", CLAIMS["E4"].primary)
    assert (threshold.row, threshold.design) == ("R4", "threshold")
    assert "R4" not in RESAMPLED
    assert {o.variable for o in ROWS["R4"].outcomes} == {o.variable for o in CLAIMS["E4"].outcomes}


def test_what_has_no_adoption_date_has_no_leads() -> None:
    assert {row for row, own in CRITERIA.items() if not own[-1].staggered} == {"R1", "R2", "R4"}
