"""One equation of a researcher's own: from a table to estimates, figure, referee, multiverse."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import pandas as pd

from urbanecon.atomic import writing
from urbanecon.cleaning.codebook import load_codebook
from urbanecon.cleaning.divisions import load_divisions
from urbanecon.cleaning.observations import (
    Flag,
    column_letter,
    concat_observations,
    make_observations,
)
from urbanecon.cleaning.panel import Panel
from urbanecon.effects.choices import EFFECTS, WINSORISED, YEARS, outcome_column
from urbanecon.effects.controls import CONTROLS
from urbanecon.effects.designs.two_way import FIRST_TREATED
from urbanecon.effects.estimate import estimate_all, sample_of
from urbanecon.effects.result import Estimate
from urbanecon.effects.robustness import curve_table
from urbanecon.effects.spec import Spec
from urbanecon.effects.variants import winsorised
from urbanecon.errors import (
    DataError,
    DataWarning,
    MissingColumnError,
    NotEstimableError,
    did_you_mean,
)
from urbanecon.estimation.choice_space import Equation, Options, Space
from urbanecon.estimation.curve_summary import standardised, summarise
from urbanecon.estimation.multiverse import run_multiverse

KEYS = ("city", "year")
HEADER = 2
"""Row of a table's first record, as a spreadsheet counts."""
NAMED = 5
"""Cities that a warning names."""
SPECS, SEED = 1_000, 20141229
"""Specifications drawn of the multiverse; the day the first pilots were named."""


def with_own(panel: Panel, table: pd.DataFrame, file: str) -> Panel:
    """Return the panel with variables of one's own, each cell with its place in the file.

    Parameters
    ----------
    panel
        As `variables.open_panel` returns it.
    table
        Columns city (6-digit code, text), year, and variables of the codebook,
        in the order and with all rows of the file.
    file
        What the table is called in lineages.

    Returns
    -------
    Panel
        A value outside the codebook's range is flagged impossible and missing.

    Raises
    ------
    MissingColumnError
        If city or year is absent.
    UnknownNameError
        If a variable is not in the codebook.
    DataError
        If a cell holds text, or a city-year occurs twice, or the panel has a
        variable already.
    """
    for key in KEYS:
        if key not in table:
            raise MissingColumnError(
                f"{file} has no column {key!r}.{did_you_mean(key, table.columns)} Expected city "
                "(6-digit code), year and variables of the codebook."
            )
    _check_rows(table, file)
    names = [str(name) for name in table if name not in KEYS]
    cells = concat_observations([_cells(table, name, file, panel) for name in names])
    sound = cells[cells["flag"] == str(Flag.OK)].set_index(list(KEYS))
    columns = {name: own["value"] for name, own in sound.groupby("variable")}
    data = panel.data.copy()
    for name in names:
        column = columns.get(name, pd.Series(dtype="float64"))
        data[name] = column.reindex(data.index).astype("float64")
    return replace(panel, data=data, cells=pd.concat([panel.cells, cells], ignore_index=True))


def _check_rows(table: pd.DataFrame, file: str) -> None:
    """Raise for a city-year that occurs twice; warn of cities that are not known."""
    twice = table[table.duplicated(list(KEYS))]
    if len(twice):
        city, year = twice.iloc[0][list(KEYS)]
        raise DataError(
            f"{file}: city {city}, year {year} occurs more than once; a panel has one row for "
            "each. Aggregate the rows."
        )
    cities = table["city"].astype("str")
    unknown = cities[~cities.isin(load_divisions().index)].unique()
    if len(unknown):
        more = f" and {len(unknown) - NAMED} more" if len(unknown) > NAMED else ""
        warnings.warn(
            f"{file}: no city has the code {', '.join(unknown[:NAMED])}{more}; expected 6-digit "
            "codes such as 420100, read as text. These rows are not used.",
            DataWarning,
            stacklevel=3,
        )


def _cells(table: pd.DataFrame, name: str, file: str, panel: Panel) -> pd.DataFrame:
    """Observations of one column of the table."""
    entry = load_codebook()[name]
    if name in panel.data:
        raise DataError(f"{file}: the panel has {name!r} already; give yours a name of its own.")
    values = pd.to_numeric(table[name], errors="coerce")
    text = values.isna() & table[name].notna()
    if text.any():
        at = int(text.to_numpy().argmax())
        raise DataError(
            f"{file}, row {at + HEADER}, {name!r}: {table[name].iloc[at]!r} is no number. Leave "
            "cells without a value empty."
        )
    letter = column_letter(list(table.columns).index(name))
    cells = make_observations(
        city=table["city"].astype("str"),
        year=table["year"],
        variable=name,
        value=values,
        source=file,
        raw=[f"{file}||{row}|{letter}" for row in range(HEADER, len(table) + HEADER)],
    )
    outside = ~cells["value"].between(entry.low, entry.high)
    return cells.assign(flag=cells["flag"].mask(outside, str(Flag.IMPOSSIBLE)))


def write_dossier(spec: Spec, panel: Panel, folder: Path) -> list[Path]:
    """Estimate an equation and write all that a reader and a referee would ask for.

    Writes the tables of the two-way estimate and, for a treatment adopted once
    and for good, of its event study; the event study as a figure; every check of
    the referee; and a multiverse over windows, samples, effects, clusters,
    extremes and controls, as table, summary and figure.

    Parameters
    ----------
    spec
        A two-way equation on the panel of cities.
    panel
        As published, with the outcome; see `with_own`.
    folder
        Made if need be.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    NotEstimableError
        If the equation cannot be estimated; the message names what is missing.
    """
    from urbanecon.referee import referee
    from urbanecon.referee.report import write_csv, write_html

    if spec.sample.unit != "city" or spec.design != "twfe":
        raise NotEstimableError(
            "a dossier is about a two-way equation on the panel of cities; found design "
            f"{spec.design!r} on the panel of the unit {spec.sample.unit!r}"
        )
    asked = [spec]
    if spec.treatment in FIRST_TREATED:
        asked.append(spec.but(design="event_study"))
    estimates = estimate_all(tuple(asked), panel)
    if estimates[0].fit is None:
        raise NotEstimableError(f"{spec.name} cannot be estimated: {estimates[0].reason}")
    # maketables, once loaded, has every library's notes printed; those of fonts are hundreds
    logging.getLogger("fontTools").setLevel(logging.WARNING)
    verdicts = {spec.name: referee(spec, panel)}
    written = _write_estimates(estimates, folder)
    write_html(folder / "referee.html", verdicts)
    write_csv(folder / "referee.csv", verdicts)
    written += [folder / "referee.html", folder / "referee.csv"]
    return written + _write_multiverse(spec, panel, folder)


def _write_estimates(estimates: Sequence[Estimate], folder: Path) -> list[Path]:
    from urbanecon.plotting.event_study import event_study
    from urbanecon.plotting.saving import save
    from urbanecon.reporting.numbers import event_path, leads_test
    from urbanecon.reporting.table_files import write_table
    from urbanecon.reporting.tables import event_study_results, main_results

    outcome = estimates[0].spec.outcome
    title = load_codebook().label(outcome)
    written = write_table(main_results(estimates, title), folder)
    for estimate in estimates[1:]:
        if estimate.fit is None:
            warnings.warn(f"No event study: {estimate.reason}.", DataWarning, stacklevel=3)
            continue
        written += write_table(event_study_results(estimates, title), folder)
        leads = leads_test(estimate.fit)
        path = {outcome: event_path(estimate.fit).reset_index()}
        p_values = {outcome: leads.p} if leads else {}
        written += save(event_study(path, p_values), folder / "event_study")
    return written


def _write_multiverse(spec: Spec, panel: Panel, folder: Path) -> list[Path]:
    from urbanecon.plotting.saving import save
    from urbanecon.plotting.specification_curve import specification_curve

    space, frame = space_of(spec, panel)
    table = run_multiverse(space, {"panel": frame}, specs=SPECS, seed=SEED)
    sign = spec.expected_sign
    table = table.assign(expected_sign=sign, standardised=standardised(table, sign))
    summary = pd.DataFrame([asdict(summarise(table, sign))])
    written = []
    for name, content in (("multiverse", table), ("multiverse_summary", summary)):
        with writing(folder / f"{name}.csv") as temporary:
            content.to_csv(temporary, index=False, lineterminator="\n")
        written.append(folder / f"{name}.csv")
    figure = specification_curve(curve_table(table), space.choices, space.controls)
    return [*written, *save(figure, folder / "multiverse")]


def space_of(spec: Spec, panel: Panel) -> tuple[Space, pd.DataFrame]:
    """Return the choices around an equation, and the frame that they read.

    The equation's own controls are always among the choices; the others are those of
    `controls.CONTROLS` that the treatment cannot move and the panel has.
    """
    rows = sample_of(spec, panel)
    made = {
        control.name: control.make(panel.data[control.variable]).reindex(rows.index)
        for control in CONTROLS
        if not control.contested and control.variable in panel.data
    }
    usable = {name: column for name, column in made.items() if column.notna().any()}
    for name in spec.controls:
        usable[name] = rows[name]
    extremes = {
        outcome_column(spec.outcome, winsor=name): winsorised(rows[spec.outcome], share)
        for name, share in WINSORISED.items()
    }
    cities = rows.index.get_level_values("city")
    region = load_divisions()["region"].reindex(cities).to_numpy()
    frame = rows[["province", spec.treatment]].assign(
        region=region, no_municipalities=~cities.str.endswith("0000"), **extremes, **usable
    )
    choices = {
        "years": tuple(YEARS),
        "sample": ("all", "no_municipalities"),
        "fixed_effects": tuple(EFFECTS),
        "cluster": ("city", "province"),
        "winsorising": tuple(WINSORISED),
    }

    def equation(options: Options) -> Equation:
        first, last = YEARS[options["years"]]
        return Equation(
            frame="panel",
            outcome=outcome_column(spec.outcome, winsor=options["winsorising"]),
            treatment=spec.treatment,
            effects=EFFECTS[options["fixed_effects"]],
            cluster=options["cluster"],
            first_year=first,
            last_year=last,
            sample="" if options["sample"] == "all" else options["sample"],
        )

    return Space(choices, tuple(usable), equation), frame
