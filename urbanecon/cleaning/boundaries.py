"""Boundary vintages: the panel as published, and one with constant boundaries.

As published, the figures of a city follow its borders of the year. The panel
with constant boundaries joins the cities that exchanged territory, directly or
through others, into one unit, so that land that moved between them stays inside.
Which cities belong together is found by the rules of `territory`.

What a joined unit is given:

- stocks and flows are summed;
- shares, concentrations and amounts per person are averaged with the residents
  of the members as weights, and computed columns are computed again from the
  joined ones;
- indices of inequality are missing: those of the members leave out the
  differences between them;
- attributes that hold in all years are those of the largest member.

A value is missing if a member that existed in that year has none. A member is
not counted once its land is in another's figures, even where a source goes on
listing it; in sources that are measured on one map (`ONE_MAP`) a member that the
map does not know is not asked for, since its land is in the others. Where a sum
still breaks at the change of borders, the source mixes vintages, and the years
before are missing (`seams`).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from urbanecon.cleaning.codebook import Variable, load_codebook
from urbanecon.cleaning.divisions import load_divisions
from urbanecon.cleaning.joins import ONE_MAP, WEIGHT, Joins, joining
from urbanecon.cleaning.panel import Panel
from urbanecon.cleaning.registry import load_registry, locate
from urbanecon.cleaning.seams import cut, seams
from urbanecon.cleaning.territory import ROSTER_2020, SOURCES, all_links, heads_2020
from urbanecon.errors import DataError, DataWarning

GROUP_COLUMNS = (
    "group", "label_zh", "label_en", "city", "name_zh", "year", "needed_from", "needed_until",
    "evidence",
)  # fmt: skip


def groups(paths: Mapping[str, Path] | None = None) -> pd.DataFrame:
    """Find the cities that exchanged territory.

    Parameters
    ----------
    paths
        Raw file of each source of `territory.SOURCES`; default the project's.

    Returns
    -------
    DataFrame
        One row a member. Columns: `group` (key of the member with the most
        residents in 2020), `label_zh`, `label_en` (all members), `city`,
        `name_zh`, `year` (first on the new borders), `needed_from` and
        `needed_until` (Int64, inclusive; missing where open), `evidence`
        (event, county or flag, separated by ``; ``).

    Raises
    ------
    SourceMissingError
        If a raw file is not at hand.
    """
    if paths is None:
        registry = load_registry()
        paths = {source: locate(registry[source]).path for source in SOURCES}
    links = all_links(paths)
    return join_links(links, heads_2020(paths[ROSTER_2020]))


def join_links(links: pd.DataFrame, heads: pd.Series) -> pd.DataFrame:
    """Join linked cities into groups (connected components); see `groups`."""
    divisions = load_divisions()
    rows = []
    for members in _components(links):
        touching = links[links["one"].isin(members)]
        sizes = heads.reindex(members).fillna(0.0)
        key = str(sizes.idxmax())
        ordered = [key, *(city for city in members if city != key)]
        for city in ordered:
            own = touching[(touching["one"] == city) | (touching["other"] == city)]
            year = int(own["year"].min())
            life = divisions.loc[city]
            rows.append(
                {
                    "group": key,
                    "label_zh": "·".join(divisions.loc[ordered, "name_zh"]),
                    "label_en": ", ".join(divisions.loc[ordered, "name_en"]),
                    "city": city,
                    "name_zh": life["name_zh"],
                    "year": year,
                    "needed_from": year if _at(life["first_year"], year) else pd.NA,
                    "needed_until": year - 1 if _at(life["last_year"], year) else pd.NA,
                    "evidence": "; ".join(dict.fromkeys(own["evidence"])),
                }
            )
    table = pd.DataFrame(rows, columns=list(GROUP_COLUMNS))
    return table.astype({"needed_from": "Int64", "needed_until": "Int64"})


def _at(bound: Any, year: int) -> bool:
    """Whether a city's life begins or ends with the change of borders of that year."""
    return bool(pd.notna(bound)) and bound in (year - 1, year)


def _components(links: pd.DataFrame) -> list[list[str]]:
    """Connected components of the links, each sorted, in the order of their first city."""
    home: dict[str, set[str]] = {}
    for one, other in zip(links["one"], links["other"], strict=True):
        union = home.get(one, {one}) | home.get(other, {other})
        home |= dict.fromkeys(union, union)
    return [list(union) for union in sorted({tuple(sorted(union)) for union in home.values()})]


def constant_boundary(panel: Panel, members: pd.DataFrame | None = None) -> Panel:
    """Return the panel with constant boundaries.

    Parameters
    ----------
    panel
        As published.
    members
        What `groups` returns; the default.

    Returns
    -------
    Panel
        Joined units stand under the key of their group; the lineage of a cell
        leads to the cells of the members that were added or averaged, and from
        there to raw cells.

    Raises
    ------
    DataError
        If the panel has no `population`, which weighs the averages.
    """
    members = groups() if members is None else members
    present = members["city"].isin(panel.data.index.get_level_values("city"))
    members = members[members["group"].isin(members.loc[present, "group"])]
    if WEIGHT not in panel.data:
        raise DataError(
            f"The panel has no variable {WEIGHT!r}, which weighs the averages over joined cities."
        )
    codebook = load_codebook()
    sourced = [str(name) for name in panel.data if name not in panel.derivations]
    rows = panel.data.index.get_level_values("city").isin(members["city"])
    inside, outside = panel.data.loc[rows, sourced], panel.data.loc[~rows, sourced]
    first = panel.cells.drop_duplicates("variable")
    sources = dict(zip(first["variable"], first["source"], strict=True))
    _warn_if_they_differ(inside, members)
    joins = Joins(
        panel, inside, members, {str(name): str(source) for name, source in sources.items()}
    )
    joined = {name: _join(joins, codebook[name]) for name in sourced}
    moving = [name for name in sourced if sources.get(name) not in ONE_MAP]
    whole = _without_seams(pd.DataFrame(joined)[sourced], members, moving)
    data = pd.concat([outside, whole]).sort_index()
    keys = dict(zip(members["city"], members["group"], strict=True))
    cells = panel.cells.assign(city=panel.cells["city"].replace(keys))
    return _recompute(joins, data.rename_axis(panel.data.index.names), cells)


def _without_seams(joined: pd.DataFrame, members: pd.DataFrame, moving: list[str]) -> pd.DataFrame:
    """Cut sums of moving borders at their seams, and averages at those of the weights."""
    codebook = load_codebook()
    ways = {str(name): joining(codebook[str(name)]) for name in joined}
    found = seams(joined[[name for name in moving if ways[name] == "sum"]], members)
    of_weights = found[found["variable"] == WEIGHT]
    averaged = [name for name, way in ways.items() if way == "mean"]
    spread = [of_weights.assign(variable=name) for name in averaged]
    if len(found):
        listed = found.groupby("group")["variable"].agg(", ".join)
        warnings.warn(
            "Joined series still break where the borders changed and are missing before: "
            + "; ".join(f"{group}: {names}" for group, names in listed.items()),
            DataWarning,
            stacklevel=3,
        )
    return cut(joined, pd.concat([found, *spread], ignore_index=True))


def _recompute(joins: Joins, data: pd.DataFrame, cells: pd.DataFrame) -> Panel:
    """Compute the derived city columns again; those of provinces stay."""
    panel = joins.published
    of_cities = {name: made for name, made in panel.derivations.items() if name in panel.data}
    of_provinces = {
        name: made for name, made in panel.derivations.items() if name in panel.provinces
    }
    empty = replace(panel, data=data, cells=cells, derivations=MappingProxyType({}), joined=joins)
    made_again = empty.with_derived(of_cities.values())
    return replace(
        made_again,
        derivations=MappingProxyType({**of_provinces, **made_again.derivations}),
    )


def _join(joins: Joins, variable: Variable) -> pd.Series:
    """One column of the joined units, indexed (group, year)."""
    cities = pd.Index(joins.members["city"], name="city")
    group = pd.Series(joins.members["group"].to_numpy(), index=cities, name="city")
    values = joins.values(variable.name)
    how = joining(variable)
    if how == "largest":
        return _long(values.loc[group.unique()])
    needed = joins.needed(variable.name, values)
    lacking = needed & values.isna()
    if how == "sum":
        joined = values.where(needed).groupby(group).sum(min_count=1)
    elif how == "mean":
        weights = joins.values(WEIGHT).where(needed)
        lacking |= needed & weights.isna()
        joined = (values * weights).groupby(group).sum() / weights.groupby(group).sum()
    else:
        joined = values.groupby(group).first() * float("nan")
    return _long(joined.mask(lacking.groupby(group).any()))


def _long(wide: pd.DataFrame) -> pd.Series:
    """Years from columns to rows, missing values kept."""
    return pd.Series(wide.stack())


def _warn_if_they_differ(inside: pd.DataFrame, members: pd.DataFrame) -> None:
    """Tell which attributes of cities, such as pilots, are not the same in all members."""
    codebook = load_codebook()
    constant = [str(name) for name in inside if codebook[str(name)].constant]
    if not constant:
        return
    one_year = inside[constant].groupby(level="city").first().fillna(-1.0)
    group = members.set_index("city")["group"].reindex(one_year.index)
    lowest, highest = one_year.groupby(group).min(), one_year.groupby(group).max()
    mixed = (lowest != highest).any()
    if mixed.any():
        warnings.warn(
            f"{', '.join(mixed.index[mixed])} differ between cities that are joined; the joined "
            "unit carries the value of its largest member.",
            DataWarning,
            stacklevel=3,
        )
