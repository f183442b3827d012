"""Tables of the strategies: staggered, instrumented, spatial, heterogeneous, mechanisms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from urbanecon.cleaning.codebook import Language, load_codebook
from urbanecon.effects import CLAIMS
from urbanecon.effects.claim import Claim
from urbanecon.effects.designs.heterogeneity import SIZE_BASE_YEARS
from urbanecon.effects.designs.instruments import BASE_YEAR, GMM_LAGS, INDUSTRIES
from urbanecon.effects.designs.mechanisms import DRAWS
from urbanecon.effects.designs.space import BANDS_KM, NEIGHBOURS, ring_names
from urbanecon.effects.result import Estimate
from urbanecon.errors import DataError
from urbanecon.estimation.fit import Fit
from urbanecon.reporting.association_table import association_table
from urbanecon.reporting.formats import count, number, p_value
from urbanecon.reporting.numbers import leads_test
from urbanecon.reporting.strategy_cells import NONE, outcome_label, p_of, pair, with_se
from urbanecon.reporting.tables import Row, Table
from urbanecon.reporting.words import word

METHOD: Mapping[str, Mapping[str, int]] = {
    "s3": {
        "industries": len(INDUSTRIES),
        "year": BASE_YEAR,
        "first": GMM_LAGS[0],
        "last": GMM_LAGS[1],
    },
    "s4": {"neighbours": NEIGHBOURS},
    "s5": {"first": SIZE_BASE_YEARS[0], "last": SIZE_BASE_YEARS[1]},
    "mechanisms": {"draws": DRAWS},
}
"""Choices of method that the notes of the tables state."""

Results = Mapping[str, Sequence[Estimate]]
"""Estimates by row of the ledger."""


def strategy_tables(
    results: Results, rows: Mapping[str, Claim], language: Language = "en"
) -> list[Table]:
    """Return the tables of the strategies, and of routes and levers, that have a row."""
    effects = {name: claim for name, claim in rows.items() if name in CLAIMS}
    others = {name: found for name, found in results.items() if name not in CLAIMS}
    made = [
        make({name: results[name] for name in effects}, effects, language)
        for make in (
            staggered_table,
            instruments_table,
            space_table,
            heterogeneity_table,
            mechanisms_table,
            association_table,
        )
    ]
    return [table for table in (*made, routes_table(others, rows, language)) if table is not None]


def staggered_table(
    results: Results, claims: Mapping[str, Claim], language: Language = "en"
) -> Table:
    """Strategy S2: a row an outcome, a column an estimator."""

    def cells(find: Callable[..., Fit | None]) -> tuple[str, ...]:
        never, honest, bacon = find("group_time"), find("honest"), find("bacon")
        weights = find("twfe_weights")
        leads = None if never is None else leads_test(never)
        types = None if bacon is None else bacon.extra["types"].set_index("type")["weight"]
        return (
            with_se(never),
            with_se(find("group_time", "not-yet")),
            with_se(find("imputation")),
            NONE if leads is None else p_value(leads.p),
            NONE if honest is None else number(honest.stats["breakdown"]),
            NONE if types is None else f"{types.get('treated vs never treated', 0.0):.0%}",
            NONE if weights is None else f"{weights.stats['negative_share']:.0%}",
        )

    heads = ("never", "notyet", "imputation", "leads", "mbar", "clean", "negative")
    return _by_outcome("s2", heads, results, claims, cells, language=language)


def instruments_table(
    results: Results, claims: Mapping[str, Claim], language: Language = "en"
) -> Table:
    """Strategy S3: the urban share, instrumented and in a dynamic panel."""

    def cells(find: Callable[..., Fit | None]) -> tuple[str, ...]:
        shift, terrain = find("shift_share"), find("terrain")
        gmm = find("gmm")
        return (
            *(text for fit in (shift, terrain) for text in _instrument(fit)),
            with_se(gmm, SHARE),
            p_of(gmm, "Arellano-Bond AR(2)"),
            p_of(gmm, "Hansen J"),
        )

    heads = ("estimate", "f", "ar", "estimate", "f", "ar", "estimate", "ar2", "hansen")
    table = _by_outcome("s3", heads, results, claims, cells, language=language, treatment=SHARE)
    over = tuple(
        word(f"s3_{how}", language) for how in ("shift", "terrain", "gmm") for _ in range(3)
    )
    return Table(table.name, table.caption, (over, *table.header), table.rows, table.notes)


SHARE = "urban_share_benchmarked"


def space_table(results: Results, claims: Mapping[str, Claim], language: Language = "en") -> Table:
    """Strategy S4: impacts of the spatial Durbin model, and rings of pilots."""
    rings = ring_names("pilot")

    def cells(find: Callable[..., Fit | None]) -> tuple[str, ...]:
        durbin, exposure = find("durbin"), find("exposure")
        impacts = {} if durbin is None else durbin.extra["impacts"].set_index("effect").T.to_dict()
        return (
            *(pair(impacts.get(e)) for e in ("direct", "indirect", "total")),
            NONE if durbin is None else number(float(durbin.params["rho"])),
            *(with_se(exposure, ring) for ring in rings),
        )

    table = _by_outcome(
        "s4",
        ("direct", "indirect", "total", "rho", *("ring",) * 3),
        results,
        claims,
        cells,
        language=language,
    )
    named = [f"{low}–{high}" for low, high in BANDS_KM]
    header = tuple(
        head.format(named[j - 4]) if j >= 4 else head for j, head in enumerate(table.header[0])
    )
    return Table(table.name, table.caption, (header,), table.rows, table.notes)


def heterogeneity_table(
    results: Results, claims: Mapping[str, Claim], language: Language = "en"
) -> Table | None:
    """Strategy S5: a column an effect's primary outcome, a row a group, regime or quantile.

    None when nothing could be estimated.
    """
    chosen = [name for name in claims if name in results]
    sections = (
        ("groups", "region", "s5_regions"),
        ("groups", "size", "s5_sizes"),
        ("threshold", SHARE, "s5_threshold"),
        ("quantile", "", "s5_quantiles"),
    )
    rows: list[Row] = []
    for design, through, heading in sections:
        fits = {c: _primary(results[c], claims[c], design, through) for c in chosen}
        labels = list(dict.fromkeys(t for f in fits.values() if f for t in _labels(f, design)))
        for label in labels:
            cells = tuple(_labelled_cell(fits[c], design, label) for c in chosen)
            rows.append(Row(_part(label, language), cells, word(heading, language)))
        if design == "quantile" or not labels:
            continue
        rows.append(
            Row(
                word("s5_equal", language),
                tuple(_last_p(fits[c]) for c in chosen),
                word(heading, language),
            )
        )
    if not rows:
        return None
    return Table(
        name="s5",
        caption=word("caption_s5", language),
        header=(tuple(outcome_label(claims[c].primary.variable, language) for c in chosen),),
        rows=tuple(rows),
        notes=_note("s5", language),
    )


def mechanisms_table(
    results: Results, _claims: Mapping[str, Claim], language: Language = "en"
) -> Table | None:
    """Mediators of each effect's primary outcome; None when nothing could be estimated."""
    terms = ("treatment_to_mediator", "mediator_to_outcome", "indirect", "direct", "total")
    rows = []
    for claim_id, estimates in results.items():
        for e in estimates:
            if e.spec.design == "mediation" and e.fit is not None:
                group = f"{claim_id}  {outcome_label(e.spec.outcome, language)}"
                cells = (*(with_se(e.fit, t) for t in terms), number(e.fit.stats["rho_zero"]))
                rows.append(Row(outcome_label(e.spec.through, language), cells, group))
    heads = ("first", "second", "indirect", "direct", "total", "rho")
    if not rows:
        return None
    return Table(
        name="mechanisms",
        caption=word("caption_mechanisms", language),
        header=(tuple(word(f"m_{head}", language) for head in heads),),
        rows=tuple(rows),
        notes=_note("mechanisms", language),
    )


def routes_table(
    results: Results, claims: Mapping[str, Claim], language: Language = "en"
) -> Table | None:
    """Tests of the routes and levers: a row an equation; None when none could be estimated."""
    rows = []
    for row, estimates in results.items():
        for e in estimates:
            if e.fit is None or e.spec.design not in ROUTE_TERMS:
                continue
            term = ROUTE_TERMS[e.spec.design].format(e.spec)
            if term not in e.fit.params.index:
                continue
            cells = (
                _test(e.spec.design, e.spec.through, language),
                with_se(e.fit, term),
                p_value(float(e.fit.pvalue[term])),
                count(e.fit.nobs),
            )
            group = f"{row}  {claims[row].words_zh if language == 'zh' else claims[row].words_en}"
            rows.append(Row(outcome_label(e.spec.outcome, language), cells, group))
    heads = ("route_test", "route_estimate", "p", "observations")
    if not rows:
        return None
    return Table(
        name="routes",
        caption=word("caption_routes", language),
        header=(tuple(word(head, language) for head in heads),),
        rows=tuple(rows),
        notes=word("note_routes", language),
        left_columns=(0,),
    )


ROUTE_TERMS: Mapping[str, str] = {
    "twfe": "{0.treatment}",
    "group_time": "{0.treatment}",
    "moderation": "{0.treatment} x {0.through}",
    "mediation": "indirect",
}
"""Coefficient of interest of the designs that routes and levers use."""


def _by_outcome(
    name: str,
    heads: Iterable[str],
    results: Results,
    claims: Mapping[str, Claim],
    cells: Callable[[Callable[..., Fit | None]], tuple[str, ...]],
    *,
    language: Language,
    treatment: str = "pilot",
) -> Table:
    """Rows: yearly outcomes of cities by effect; cells from the fits of each."""
    rows = []
    for claim_id, claim in claims.items():
        for outcome in claim.outcomes:
            if claim_id not in results or outcome.unit != "city" or outcome.two_years:
                continue

            def find(design: str, through: str = "", y: str = outcome.variable) -> Fit | None:
                return _find(results[claim_id], y, design, through, treatment)  # noqa: B023

            group = f"{claim_id}  {claim.words_zh if language == 'zh' else claim.words_en}"
            rows.append(Row(outcome_label(outcome.variable, language), cells(find), group))
    if not rows:
        raise DataError(f"Table {name!r} has no outcome.")
    return Table(
        name=name,
        caption=word(f"caption_{name}", language),
        header=(tuple(word(f"{name}_{head}", language) for head in heads),),
        rows=tuple(rows),
        notes=_note(name, language),
    )


def _note(name: str, language: Language) -> str:
    return word(f"note_{name}", language).format(**METHOD.get(name, {}))


def _find(
    estimates: Sequence[Estimate], outcome: str, design: str, through: str, treatment: str
) -> Fit | None:
    wanted = (outcome, design, through, treatment)
    for e in estimates:
        if (e.spec.outcome, e.spec.design, e.spec.through, e.spec.treatment) == wanted:
            return e.fit
    return None


def _primary(estimates: Sequence[Estimate], claim: Claim, design: str, through: str) -> Fit | None:
    return _find(estimates, claim.primary.variable, design, through, "pilot")


def _instrument(fit: Fit | None) -> tuple[str, str, str]:
    if fit is None:
        return NONE, NONE, NONE
    strength = next((d for d in fit.diagnostics if d.name == "effective F"), None)
    f = NONE if strength is None else number(strength.statistic)
    return with_se(fit, SHARE), f, p_of(fit, "Anderson-Rubin")


def _last_p(fit: Fit | None) -> str:
    return NONE if fit is None or not fit.diagnostics else p_value(fit.diagnostics[-1].p)


def _labels(fit: Fit, design: str) -> list[str]:
    """Row labels of the coefficients of the pilot: a group, a regime, a quantile."""
    if design == "threshold":
        return ["below threshold", "above threshold"]
    mark = "@" if design == "quantile" else ": "
    return [str(t).partition(mark)[2] for t in fit.params.index if mark in str(t)]


def _part(label: str, language: Language) -> str:
    """Name of a group or regime; a quantile is its number."""
    return word(f"part {label}", language) if not label[:1].isdigit() or " " in label else label


def _test(design: str, through: str, language: Language) -> str:
    """Name of a test of a route: the design and what it goes through."""
    codebook = load_codebook()
    if through in codebook:
        return word(f"test {design}", language).format(codebook.label(through, language))
    return word(f"test {design} {through}".strip(), language)


def _labelled_cell(fit: Fit | None, design: str, label: str) -> str:
    if fit is None:
        return NONE
    if design == "threshold":
        at = 0 if label.startswith("below") else 1
        return with_se(fit, str(fit.params.index[at]))
    mark = "@" if design == "quantile" else ": "
    return with_se(fit, f"pilot{mark}{label}")
