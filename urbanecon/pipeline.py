"""The main job: what is there is read, estimated, drawn and written up.

The steps are the pytask modules in `analyses/`; this module finds out which raw
files are at hand, runs the steps, and reports. A step reruns only if a file it
rests on changed: its inputs, its own module, or the code of the rooms it calls.
"""

from __future__ import annotations

from typing import Any

from urbanecon.cleaning.codebook import Language
from urbanecon.errors import StaleResultError, UrbaneconError
from urbanecon.needs import reader_ids
from urbanecon.outputs import LANGUAGES, row_files
from urbanecon.project import Project, find_project


def run(rows: tuple[str, ...] = (), language: Language = "en") -> int:
    """Run the main job, the steps of some rows of the ledger, or an edition.

    Parameters
    ----------
    rows
        Ids of effects, routes and levers ("E1", "R2"); empty for the whole job,
        paper included.
    language
        Other than that of the paper: every figure and table in it, in a folder
        beside the others, and all they rest on.

    Returns
    -------
    int
        0 if every step ended well.
    """
    from urbanecon.effects import CLAIMS

    project = find_project()
    fetch_what_is_missing(project)
    _build(project, marker_expression=chosen_steps(rows, language))
    _report(project, rows or tuple(CLAIMS))
    return 0


def chosen_steps(rows: tuple[str, ...], language: Language) -> str:
    """Expression over the marks of the steps that a run consists of, beside what they need."""
    from urbanecon.effects import ROWS

    if rows:
        return " or ".join(ROWS[row].name for row in rows)
    others = [f"not {other}" for other in LANGUAGES[1:]]
    return " and ".join(others) if language == LANGUAGES[0] else language


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


def _report(project: Project, rows: tuple[str, ...]) -> None:
    """Print each row's estimates, and what could not be estimated and why."""
    from rich.console import Console

    from urbanecon.effects import ROWS
    from urbanecon.reporting.store import read_estimates
    from urbanecon.reporting.summary import estimates_table, missing_lines

    console = Console()
    for row, path in row_files(project).items():
        if row not in rows:
            continue
        estimates = read_estimates(path)
        if any(estimate.fit for estimate in estimates):
            console.print(estimates_table(ROWS[row], estimates))
        for line in missing_lines(ROWS[row], estimates):
            print(line)
