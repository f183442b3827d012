"""What each part of the study rests on: sources that must be at hand, and code.

What is missing is named, and the rest goes on without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from urbanecon.errors import UrbaneconError
from urbanecon.outputs import multiverse_files, registry_file
from urbanecon.project import Project

if TYPE_CHECKING:
    from pytask import PythonNode

ESTIMATION_CODE = (
    "estimation.*",
    "effects.spec",
    "effects.claim",
    "effects.designs.*",
    "effects.estimate",
    "effects.result",
    "measures.ntu_index",
    "reporting.store",
)
"""What an estimate rests on beside the panel and its own declaration."""

MULTIVERSE_SOURCES = frozenset(
    {
        "city_macro",
        "city_policies",
        "employment_industry",
        "gpi_prefecture",
        "census_2010_2020",
        "landcover",
        "light_inequality",
        "ntl_sum",
        "ntl_class",
        "pm25_chap",
        "pm25_wiebe",
        "so2_ceic",
        "co2_edgar",
        "co2_ceads",
        "co2_county",
        "npp",
        "low_carbon_pilot",
        "broadband_china",
        "facts_coordinates",
        "admin_boundary_flags",
        "admin_events",
        "census_county_2010",
        "census_county_2020",
    }
)
"""Sources without which the space of choices would not be whole: the multiverse waits for all."""

FIGURE_CODE = (
    "plotting.style",
    "plotting.fonts",
    "plotting.frames",
    "plotting.marks",
    "plotting.saving",
    "plotting.words",
    "measures.summaries",
)
"""What every figure rests on beside its own module."""

PRIMARY_SOURCES: Mapping[str, frozenset[str]] = {
    "E1": frozenset(),
    "E2": frozenset({"employment_industry"}),
    "E3": frozenset({"pm25_chap"}),
    "E4": frozenset({"gpi_prefecture"}),
}
"""Sources of each effect's primary outcome beside the package that everybody has."""

NTU_SOURCES = frozenset(
    {
        "gpi_prefecture",
        "census_2010_2020",
        "employment_industry",
        "landcover",
        "npp",
        "co2_edgar",
    }
)
"""Sources of the index of new-type urbanization."""

FIGURES: Mapping[str, frozenset[str]] = (
    {
        "coverage": frozenset(),
        "flags": frozenset(),
        "flags_by_year": frozenset(),
        "sources": frozenset({"gpi_prefecture"}),
        "urbanization": frozenset({"gpi_prefecture", "census_2010_2020"}),
        "timing": frozenset(),
        "inequality": frozenset(),
        "upgrading": frozenset(),
        "trends": frozenset(),
        "event_studies": frozenset(),
        "coefficients": frozenset(),
        "honest_bounds": frozenset(),
        "group_time_effects": frozenset(),
        "bacon": frozenset(),
        "thresholds": frozenset({"gpi_prefecture", "census_2010_2020"}),
        "spatial_impacts": frozenset(),
        "distance_decay": frozenset(),
        "marginal_effects": frozenset(),
        "quantile_effects": frozenset(),
        "mechanisms": frozenset(),
        "transitions": frozenset(),
        "lorenz": frozenset(),
        "ridges": frozenset(),
        "coupling_ecology": NTU_SOURCES | {"pm25_chap"},
        "coupling_culture": NTU_SOURCES,
        "rank_size": frozenset({"census_2010_2020"}),
        "map_pilots": frozenset(),
        "map_pm25": frozenset({"pm25_chap"}),
        "map_urban_share": frozenset({"gpi_prefecture", "census_2010_2020"}),
        "map_clusters": frozenset({"pm25_chap"}),
    }
    | {
        f"{kind}_{effect}": sources
        for kind in ("left_out", "randomization", "confounding", "power")
        for effect, sources in PRIMARY_SOURCES.items()
    }
    | {f"curve_{effect}": MULTIVERSE_SOURCES for effect in PRIMARY_SOURCES}
)
"""Figures of the paper, each with the sources that it cannot be drawn without."""


def reader_ids() -> list[str]:
    """Registry ids that have a reader, in alphabetical order."""
    import urbanecon.cleaning.sources as room

    return sorted(p.stem for p in Path(room.__path__[0]).glob("*.py") if p.stem != "__init__")


def raw_files(project: Project) -> dict[str, Path]:
    """Raw file of every source that is at hand and has a reader."""
    from urbanecon.cleaning.registry import load_registry, locate
    from urbanecon.errors import SourceMissingError

    registry = load_registry(registry_file(project))
    found = {}
    for source_id in reader_ids():
        try:
            found[source_id] = locate(registry[source_id], project).path
        except SourceMissingError:
            continue
    return found


def present_sources(project: Project) -> list[str]:
    """Ids of the registered sources that are at hand, with or without a reader."""
    from urbanecon.cleaning.registry import status

    sources = status(project)
    return [str(source_id) for source_id in sources.loc[sources["present"], "id"]]


def code(*modules: str) -> PythonNode:
    """Fingerprint of package modules and their tables of words, for a step to depend on.

    One node for all of them: a node a file would be thousands, each looked up in each run.
    """
    from pytask import PythonNode

    digest = sha256()
    for name, path in sorted(code_files(*modules).items()):
        state = path.stat()
        digest.update(f"{name} {_fingerprint(path, state.st_mtime_ns, state.st_size)}\n".encode())
    return PythonNode(value=digest.hexdigest(), hash=True)


@cache
def _fingerprint(path: Path, *_state: int) -> str:
    return sha256(path.read_bytes()).hexdigest()


def code_files(*modules: str) -> dict[str, Path]:
    """Source files of package modules and their tables of words.

    A name ending in ``.*`` stands for every module of that room.
    """
    files: dict[str, Path] = {}
    for name in modules:
        spec = find_spec(f"urbanecon.{name.removesuffix('.*')}")
        if spec is None or spec.origin is None:
            raise UrbaneconError(f"There is no module urbanecon.{name}.")
        origin = Path(spec.origin)
        if name.endswith(".*"):
            found = [p for kind in ("*.py", "*.toml") for p in origin.parent.rglob(kind)]
        else:
            found = [p for p in (origin, origin.with_suffix(".toml")) if p.is_file()]
        files |= {f"{name}:{path.relative_to(origin.parent).as_posix()}": path for path in found}
    return files


def drawable_figures(project: Project) -> tuple[str, ...]:
    """Names of the figures whose sources are at hand; maps need their polygons too."""
    present = set(raw_files(project))
    return tuple(name for name in FIGURES if not lacking(name, present))


def lacking(figure: str, present: set[str]) -> list[str]:
    """Sources that a figure cannot be drawn without and that are not at hand."""
    from urbanecon.plotting.outlines import available

    needed = set(FIGURES[figure]) - present
    if figure.startswith("map_") and not available():
        needed |= {"the extra 'maps'"}
    return sorted(needed)


def unavailable_tables(project: Project) -> dict[str, str]:
    """Tables that the sources at hand cannot give, with the reason."""
    lacking = sorted(MULTIVERSE_SOURCES - set(raw_files(project)))
    reason = "needs " + ", ".join(lacking)
    return dict.fromkeys(("multiverse", "moving", "joint"), reason) if lacking else {}


def present_multiverse(project: Project) -> dict[str, Path]:
    """Files of the multiverse, none where its sources are not all at hand."""
    return multiverse_files(project) if set(raw_files(project)) >= MULTIVERSE_SOURCES else {}
