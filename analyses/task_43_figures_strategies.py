"""Figures of the strategies: staggered adoption, space, thresholds, quantiles, mechanisms."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pytask import Product, task

from urbanecon.cleaning.codebook import Language
from urbanecon.measures.variables import open_panel
from urbanecon.needs import FIGURE_CODE, code
from urbanecon.outputs import codebook_file, figure_files, panel_files, result_files
from urbanecon.plotting.bacon import bacon_scatter
from urbanecon.plotting.decay import distance_decay
from urbanecon.plotting.group_time import group_time_effects
from urbanecon.plotting.honest import honest_bounds
from urbanecon.plotting.impacts import spatial_impacts
from urbanecon.plotting.mechanisms import mechanism_diagrams
from urbanecon.plotting.quantiles import quantile_effects
from urbanecon.plotting.saving import save
from urbanecon.plotting.threshold import threshold_curves
from urbanecon.project import find_project
from urbanecon.reporting import figure_frames_estimates as frames
from urbanecon.steps import Drawing, editions, in_language

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PROJECT = find_project(Path(__file__).parent)
RESULTS = result_files(PROJECT)
FITS = {**RESULTS, "codebook": codebook_file(PROJECT)}
FRAMES = ("plotting.estimates", "reporting.figure_frames_estimates")

THRESHOLD = "urban_share_benchmarked"


def draw_honest_bounds(language: Language) -> "Figure":
    """Draw group-time event studies, and what bounds on departures from parallel trends leave."""
    paths, sets, breakdowns = frames.honest_frames(RESULTS)
    return honest_bounds(paths, sets, breakdowns, language=language)


def draw_group_time_effects(language: Language) -> "Figure":
    """Draw the effect of each cohort in each year."""
    return group_time_effects(frames.group_time_frame(RESULTS), language=language)


def draw_bacon(language: Language) -> "Figure":
    """Draw the comparisons that the two-way estimate is made of, with their weights."""
    return bacon_scatter(frames.bacon_frame(RESULTS), language=language)


def draw_thresholds(language: Language) -> "Figure":
    """Draw the likelihood ratio of each threshold in the urban share."""
    curves, p_values = frames.threshold_frame(RESULTS, THRESHOLD)
    return threshold_curves(curves, THRESHOLD, p_values, language=language)


def draw_spatial_impacts(language: Language) -> "Figure":
    """Draw direct, indirect and total effects of the spatial Durbin model."""
    table = frames.impact_frame(RESULTS, open_panel(PROJECT.build))
    return spatial_impacts(table, language=language)


def draw_distance_decay(language: Language) -> "Figure":
    """Draw effects of pilots in rings around a city."""
    return distance_decay(frames.decay_frame(RESULTS), language=language)


def draw_quantile_effects(language: Language) -> "Figure":
    """Draw the effect along the distribution of each outcome."""
    table, means = frames.quantile_frames(RESULTS)
    return quantile_effects(table, means, language=language)


def draw_mechanisms(language: Language) -> "Figure":
    """Draw what runs through each mediator."""
    return mechanism_diagrams(frames.mechanism_frame(RESULTS), language=language)


FIGURES = {
    "honest_bounds": Drawing(draw_honest_bounds, FITS, ("plotting.honest", *FRAMES)),
    "group_time_effects": Drawing(draw_group_time_effects, FITS, ("plotting.group_time", *FRAMES)),
    "bacon": Drawing(draw_bacon, FITS, ("plotting.bacon", *FRAMES)),
    "thresholds": Drawing(draw_thresholds, FITS, ("plotting.threshold", *FRAMES)),
    "spatial_impacts": Drawing(
        draw_spatial_impacts, {**FITS, **panel_files(PROJECT)}, ("plotting.impacts", *FRAMES)
    ),
    "distance_decay": Drawing(draw_distance_decay, FITS, ("plotting.decay", *FRAMES)),
    "quantile_effects": Drawing(draw_quantile_effects, FITS, ("plotting.quantiles", *FRAMES)),
    "mechanisms": Drawing(draw_mechanisms, FITS, ("plotting.mechanisms", *FRAMES)),
}

for name, language in editions(PROJECT, FIGURES):

    @in_language(language)
    @task(id=f"{name}-{language}")
    def task_figures_of_strategies(
        inputs: dict[str, Path] = FIGURES[name].inputs,
        modules: str = code(*FIGURES[name].modules, *FIGURE_CODE),
        figure: Annotated[dict[str, Path], Product] = figure_files(PROJECT, name, language),
        which: str = name,
        told: Language = language,
    ) -> None:
        save(FIGURES[which].draw(told), figure["png"].with_suffix(""))
