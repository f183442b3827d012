"""Small-sample factors of a covariance, in the conventions of fixest's ``ssc``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from urbanecon.errors import UnknownNameError, did_you_mean

EffectsCounted = Literal["nonnested", "full", "none"]
Which = Literal["min", "conventional"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallSample:
    """What a covariance is multiplied by to allow for few rows and few clusters.

    V = (G / (G - 1)) ((N - 1) / (N - K)) B M B, with N rows, K parameters and G
    clusters; without clusters each row is its own, G = N, and both together are
    N / (N - K). For iid errors B M B is RSS / (N - 1) times the bread, whatever
    `g_adj` says; with serial lags G is the number of periods. The values left out
    here give the default of fixest 0.14, ``ssc()``; older versions of fixest name
    the first four adj, fixef.K, cluster.adj and cluster.df. How effects that are
    counted are counted (``K.exact``) is `fixed_effects`' ``exact_count``.

    Attributes
    ----------
    k_adj
        Whether (N - 1) / (N - K) is a factor.
    k_fixef
        Effects that count in K: "full" all levels, less one for each effect after
        the first; "nonnested" (older: "nested") leaves out the effects nested in
        a cluster, but for their mean; "none" leaves out all of them.
    g_adj
        Whether G / (G - 1) is a factor.
    g_df
        Clustered in several dimensions: "min" takes the fewest clusters for G;
        "conventional" gives each term of the inclusion and exclusion its own
        factor, its clusters those of the intersection (Cameron, Gelbach and
        Miller 2011).
    t_df
        Degrees of freedom of t: "min" G - 1, or N - K without clusters;
        "conventional" N - K.

    Raises
    ------
    UnknownNameError
        A word is none of these.
    """

    k_adj: bool = True
    k_fixef: EffectsCounted = "nonnested"
    g_adj: bool = True
    g_df: Which = "min"
    t_df: Which = "min"

    def __post_init__(self) -> None:
        for name, known in (
            ("k_fixef", get_args(EffectsCounted)),
            ("g_df", get_args(Which)),
            ("t_df", get_args(Which)),
        ):
            value = getattr(self, name)
            if value not in known:
                raise UnknownNameError(
                    f"unknown {name} {value!r}.{did_you_mean(value, known)} "
                    f"Known: {', '.join(known)}"
                )

    def over_rows(self, nobs: int, df: int) -> float:
        """Factor where each row is its own cluster; `df` is N - K."""
        above = nobs if self.g_adj else nobs - 1
        if self.k_adj:
            return above / df
        return above / (nobs - 1)

    def over_groups(self, nobs: int, df: int, groups: int) -> float:
        """Factor where scores are summed by group; `df` is N - K."""
        factor = groups / (groups - 1) if self.g_adj else 1.0
        return factor * (nobs - 1) / df if self.k_adj else factor

    def in_words(self, group: str) -> str:
        """Say the factor, `group` the letter of the groups: "G/(G-1) (N-1)/(N-K)"."""
        parts = [f"{group}/({group}-1)"] * self.g_adj + ["(N-1)/(N-K)"] * self.k_adj
        words = " ".join(parts).replace("N/(N-1) (N-1)/(N-K)", "N/(N-K)") or "1"
        if self.k_adj and self.k_fixef != "nonnested":
            words += {"full": ", K with all effects", "none": ", K without effects"}[self.k_fixef]
        return words
