"""A referee for any estimate with effects: each check a verdict, a number, a next step."""

from urbanecon.referee.judge import CHECKS, referee
from urbanecon.referee.study import Study
from urbanecon.referee.subjects import study_of_fit, study_of_spec, study_of_table
from urbanecon.referee.verdict import Verdict

__all__ = [
    "CHECKS",
    "Study",
    "Verdict",
    "referee",
    "study_of_fit",
    "study_of_spec",
    "study_of_table",
]
