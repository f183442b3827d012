"""The main job: what is there is read, estimated, drawn and written up.

The steps are the pytask modules in `analyses/`; this module finds out which raw
files are at hand, runs the steps, and reports. A step reruns only if a file it
rests on changed: its inputs, its own module, or the code of the rooms it calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from urbanecon.errors import StaleResultError, UrbaneconError
from urbanecon.project import Project, find_project

if TYPE_CHECKING:
    from urbanecon.effects.spec import Spec

ESTIMATION_CODE = (
    "estimation.*",
    "effects.spec",
    "effects.claim",
    "effects.designs.*",
    "effects.estimate",
    "effects.result",
    "reporting.store",
)
"""What an estimate rests on beside the panel and its own declaration."""

MULTIVERSE_SOURCES = frozenset(
    {
        "city_macro",
        "employment_industry",
        "gpi_prefecture",
        "census_2010_2020",
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


def code(*modules: str) -> dict[str, Path]:
    """Source files of package modules and their tables of words, for a step to depend on.

    A name ending in ``.*`` stands for every module of that room.
    """
    files: dict[str, Path] = {}
    for name in modules:
        spec = find_spec(f"urbanecon.{name.removesuffix('.*')}")
        if spec is None or spec.origin is None:
            raise UrbaneconError(f"There is no module urbanecon.{name}.")
        origin = Path(spec.origin)
        found = sorted(origin.parent.rglob("*.py")) if name.endswith(".*") else [origin]
        found += [path for path in (origin.with_suffix(".toml"),) if path.is_file()]
        files |= {f"{name}:{path.name}": path for path in found}
    return files


def registry_file(project: Project) -> Path:
    """File that registers the sources."""
    return project.data_raw / "sources.toml"


def codebook_file(project: Project) -> Path:
    """File that describes the variables."""
    return project.data_raw / "codebook.toml"


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


def panel_files(project: Project) -> dict[str, Path]:
    """Files that the panel is saved in, and the codebook that labels its columns."""
    from urbanecon.cleaning.panel_files import READ

    return {name: project.build / name for name in READ} | {"codebook": codebook_file(project)}


def result_files(project: Project) -> dict[str, Path]:
    """File of estimates of each effect."""
    from urbanecon.effects import CLAIMS

    return {effect: project.build / "results" / f"{effect}.json" for effect in CLAIMS}


def row_files(project: Project) -> dict[str, Path]:
    """File of estimates of each row of the ledger: effects, routes and levers."""
    from urbanecon.effects import ROWS

    return {row: project.build / "results" / f"{row}.json" for row in ROWS}


def evidence_files(project: Project) -> dict[str, Path]:
    """File of tables beside the main estimates of each row that has outcomes of its own."""
    from urbanecon.effects import ROWS
    from urbanecon.reporting.ledger import FAMILIES

    rows = [row for row in ROWS if row not in FAMILIES]
    return {row: project.build / "evidence" / f"{row}.json" for row in rows}


def referee_file(project: Project) -> Path:
    """File of the referee's report."""
    return project.build / "referee.json"


def ledger_file(project: Project) -> Path:
    """File of the claims ledger, every number unrounded."""
    return project.build / "ledger.json"


def multiverse_files(project: Project) -> dict[str, Path]:
    """File of tables that sum up the multiverse of each effect."""
    from urbanecon.effects import CLAIMS

    return {effect: project.build / "multiverse" / f"{effect}.json" for effect in CLAIMS}


def present_multiverse(project: Project) -> dict[str, Path]:
    """Files of the multiverse, none where its sources are not all at hand."""
    return multiverse_files(project) if set(raw_files(project)) >= MULTIVERSE_SOURCES else {}


def unavailable_tables(project: Project) -> dict[str, str]:
    """Tables that the sources at hand cannot give, with the reason."""
    lacking = sorted(MULTIVERSE_SOURCES - set(raw_files(project)))
    reason = "needs " + ", ".join(lacking)
    return dict.fromkeys(("multiverse", "moving", "joint"), reason) if lacking else {}


def specification_files(project: Project) -> dict[str, Path]:
    """File of all specifications of the multiverse of each effect."""
    return {name: path.with_suffix(".parquet") for name, path in multiverse_files(project).items()}


def figure_files(project: Project, name: str) -> dict[str, Path]:
    """Both files of a figure: PNG for screens, PDF for print."""
    return {kind: project.figures / f"{name}.{kind}" for kind in ("png", "pdf")}


def estimate_effect(specs: tuple[Spec, ...], panel: Mapping[str, Path], results: Path) -> None:
    """Estimate the specs of one effect and store them."""
    from urbanecon.effects.estimate import estimate_all
    from urbanecon.measures.variables import open_panel
    from urbanecon.reporting.store import write_estimates

    folder = next(iter(panel.values())).parent
    write_estimates(results, estimate_all(specs, open_panel(folder)))


def run(effects: tuple[str, ...] = ()) -> int:
    """Run the main job, or the steps of some effects with all they rest on.

    Parameters
    ----------
    effects
        Claim ids ("E1"); empty for the whole job, paper included.

    Returns
    -------
    int
        0 if every step ended well, 1 otherwise.
    """
    from urbanecon.effects import CLAIMS

    project = find_project()
    fetch_what_is_missing(project)
    markers = " or ".join(CLAIMS[effect].name for effect in effects)
    _build(project, marker_expression=markers)
    _report(project, effects or tuple(CLAIMS))
    return 0


def paper(check: bool = False) -> int:
    """Build the paper with all it rests on, or only check that it is up to date."""
    from urbanecon.reporting.paper import check_paper

    project = find_project()
    if check:
        check_paper(project)
    else:
        _build(project, marker_expression="paper")
    return 0


def fetch_what_is_missing(project: Project) -> None:
    """Try once, briefly, to download what is neither here nor in the mirror."""
    from urbanecon.cleaning.fetch import try_fetch_missing

    try_fetch_missing(project, reader_ids())


def _build(project: Project, **options: Any) -> None:
    """Run pytask; the first step that failed becomes an error with its message."""
    import pytask

    session = pytask.build(
        paths=[project.analyses],
        config=project.root / "pyproject.toml",
        show_traceback=False,
        disable_warnings=True,
        sort_table=False,
        n_entries_in_table=100,
        **options,
    )
    if session.exit_code == pytask.ExitCode.OK:
        return
    reports: list[Any] = [*session.collection_reports, *session.execution_reports]
    raised = [report.exc_info[1] for report in reports if report.exc_info]
    for kind in (KeyboardInterrupt, UrbaneconError, Exception):
        for error in raised:
            if isinstance(error, kind):
                raise error
    raise StaleResultError(
        "The main job stopped before its end; run the same command again to continue."
    )


def _report(project: Project, effects: tuple[str, ...]) -> None:
    """Print each effect's estimates, and what could not be estimated and why."""
    from rich.console import Console

    from urbanecon.effects import CLAIMS
    from urbanecon.reporting.store import read_estimates
    from urbanecon.reporting.summary import estimates_table, missing_lines

    console = Console()
    for effect, path in result_files(project).items():
        if effect not in effects:
            continue
        estimates = read_estimates(path)
        if any(estimate.fit for estimate in estimates):
            console.print(estimates_table(CLAIMS[effect], estimates))
        for line in missing_lines(CLAIMS[effect], estimates):
            print(line)
