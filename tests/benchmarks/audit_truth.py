"""Measure the rules of the audit on defects whose places are known.

Prints recall and precision by defect, mean and least over the seeds, beside what
is required of the rule, and ends with exit code 1 if a rule falls short.
"""

from __future__ import annotations

import argparse
import sys

from urbanecon.cleaning.audit.planted import DEFECTS, measure


def main() -> int:
    """Print the table; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10, help="number of panels a defect")
    parser.add_argument("--cities", type=int, default=150)
    arguments = parser.parse_args()
    print(
        f"{'defect':<16} {'required':>8}  {'recall':>6} {'least':>6}  {'precis.':>7} {'least':>6}"
    )
    short = False
    for defect in DEFECTS:
        scores = [measure(defect, seed, arguments.cities) for seed in range(arguments.seeds)]
        recall = [score.recall for score in scores]
        precision = [score.precision for score in scores]
        means = [sum(part) / len(part) for part in (recall, precision)]
        short |= min(means) < defect.required
        print(
            f"{defect.name:<16} {defect.required:>8.2f}  {means[0]:>6.3f} {min(recall):>6.3f}  "
            f"{means[1]:>7.3f} {min(precision):>6.3f}"
        )
    return int(short)


if __name__ == "__main__":
    sys.exit(main())
