"""The charts of the page: those of a run, of two runs on common axes, and the panel of one's own choice."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import solara

from sim.pages.chart_specs import band_of, charts_of_history
from sim.pages.own_charts import (
    HELD,
    beside,
    column_names,
    column_spec,
    histogram_spec,
    number_of,
    scatter_spec,
    statistic_names,
)
from sim.plots.style import look_of
from sim.results.tables import daily
from sim.viewer.cards import SIDES, run_title
from sim.viewer.ensemble import RunTotals, totals_of
from sim.viewer.ensemble import band as want_band

if TYPE_CHECKING:
    from sim.engine.simulation import Simulation
    from sim.pages.chart_specs import Spec
    from sim.pages.history import History
    from sim.viewer.ensemble import Band
    from sim.viewer.session import RecordedModel

PATIENCE = 1.0  # s between looks at bands that grow
Go = Callable[[Any], None]
Runs = tuple["RecordedModel", ...]
Bands = tuple["Band | None", ...]


@solara.component_vue("chart.vue")
def Chart(spec: str = "", added: str = "{}", day: int = 0, event_go: Go | None = None) -> None:
    """A chart of sim.pages.chart_specs as JSON; `added` is laid over it, `day` is the morning shown; reports the day clicked."""


def use_bands(runs: Runs, seeds: int) -> Bands:
    """Return the bands of so many seeds behind the runs, as far as they are computed; the page draws them as they grow."""
    grown: solara.Reactive[Bands] = solara.use_reactive(())

    def grow(cancel: threading.Event) -> None:
        grown.value = ()
        requests = [want_band(run.simulation.scenario, run.geography, seeds) for run in runs if seeds]
        while requests and not cancel.is_set():
            now = tuple(request.wait(_next_of(request.band), PATIENCE) for request in requests)
            if cancel.is_set():
                return
            if now != grown.peek():
                grown.value = now
            if all(request.done for request in requests):
                return

    solara.use_thread(grow, dependencies=[runs], intrusive_cancel=False)
    return grown.value if len(grown.value) == len(runs) else (None,) * len(runs)


def _next_of(band: Band | None) -> int:
    """Return for how many runs to wait until a band is drawn again."""
    return 1 if band is None else band.runs + max(1, band.runs // 8)


PanelMaker = Callable[["Simulation", "History"], "Spec"]
PANELS: list[PanelMaker] = []


def add_panel(panel: PanelMaker) -> None:
    """Add a panel to pages opened from now on: a function of simulation and history that returns a chart as JSON object.

    Example:
        >>> from sim.pages.chart_specs import days_spec
        >>> def displaced(simulation, history):
        ...     people = simulation.daily.theatre["displaced"][: history.day + 1].tolist()
        ...     curve = {"name": "displaced", "colour": "#555555", "values": people, "style": "line"}
        ...     return days_spec(simulation.scenario, "People displaced", history.day, series=[curve])
        >>> add_panel(displaced)
    """
    PANELS.append(panel)


def use_specs(runs: Runs) -> dict[str, str]:
    """Return the charts of a run, or of two laid over one another, as JSON by name; made again for each new morning."""

    def spec_texts() -> dict[str, str]:
        if not runs:
            return {}
        specs = [charts_of_history(run.simulation, run.history) for run in runs]
        whole: dict[str, Spec] = specs[0] if len(specs) == 1 else beside(*specs)
        for number, panel in enumerate(PANELS):
            for index, run in enumerate(runs):
                whole[f"panel {number}{run_title(runs, index)}"] = panel(run.simulation, run.history)
        return {name: json.dumps(spec) for name, spec in whole.items()}

    return solara.use_memo(spec_texts, [runs, *(run.history.day for run in runs)])


@solara.component
def Curves(runs: Runs, specs: dict[str, str], bands: Bands, day: int, go: Go) -> None:
    """Towns held and agreements over time."""
    added = solara.use_memo(lambda: _band_text(runs, bands), [runs, bands])
    with solara.Div(classes=["tc-flat"]):
        with solara.Div(classes=["tc-side-block"]):
            Chart(spec=specs["towns"], added=added, day=day, event_go=go)
        with solara.Div(classes=["tc-side-block", "tc-scroll"]):
            Chart(spec=specs["agreements"], day=day, event_go=go)


def _band_text(runs: Runs, bands: Bands) -> str:
    """Return what the band of one run adds to its chart; the charts of two runs have none."""
    return json.dumps(band_of(bands[0], look_of(runs[0].simulation.scenario))) if len(runs) == 1 else "{}"


@solara.component
def LowerCurves(runs: Runs, specs: dict[str, str], bands: Bands, day: int, go: Go) -> None:
    """Escalation by pair, deaths a week, the panel of one's own choice and those added."""
    others = [name for name in specs if name.startswith(("deaths", "panel"))]
    with solara.Div(classes=["tc-flat"]):
        for column, names in enumerate((["levels"], others)):
            with solara.Div(classes=["tc-below-column"]):
                for name in names:
                    with solara.Div(classes=["tc-below-block"]):
                        Chart(spec=specs[name], day=day, event_go=go)
                if column == 0:
                    OwnPanel(runs, bands, day, go)


# The panel of one's own choice ---------------------------------------------------------------------------------------

PANEL_KINDS = {"days": "day by day", "histogram": "over many runs", "scatter": "one against another"}
DEFAULTS = {"days": "displaced", "histogram": HELD, "scatter": "deaths_rebels"}
AGAINST = "agreements_signed"


@solara.component_vue("own_panel.vue")
def OwnChoice(
    kinds: str = "[]",
    options: str = "[]",
    chosen: dict[str, str] = {},
    event_choose: Callable[[dict[str, Any]], None] | None = None,
) -> None:
    """What the panel shows; reports {kind, what, against}."""


@solara.component
def OwnPanel(runs: Runs, bands: Bands, day: int, go: Go) -> None:
    """A column of the daily table, a statistic over the runs of the band, or one statistic against another."""
    chosen = solara.use_reactive({"kind": "days", "what": DEFAULTS["days"], "against": AGAINST})
    run, band = runs[0], bands[0]
    ended = run.history.day >= run.simulation.days
    own = solara.use_memo(lambda: totals_of(run.simulation.result()) if ended else None, [run, ended])
    kind = chosen.value["kind"]
    totals = band.totals if band is not None else ()
    known: Mapping[str, Any] = next(
        (run_totals.statistics for run_totals in (*totals, own) if run_totals is not None), {}
    )
    look = look_of(run.simulation.scenario)
    options = solara.use_memo(lambda: _options(run, kind, known), [run, kind, bool(known)])
    what, against = _offered(chosen.value["what"], options, DEFAULTS[kind]), chosen.value["against"]

    def choose(values: dict[str, Any]) -> None:
        new = str(values.get("kind"))
        if new not in PANEL_KINDS:
            return
        what = str(values.get("what")) if new == kind else DEFAULTS[new]
        chosen.value = {"kind": new, "what": what, "against": _offered(str(values.get("against")), options, AGAINST)}

    def spec() -> Spec:
        if kind == "days":
            return line_of(runs, what)
        if kind == "histogram":
            return _histogram(what, totals, own, look.names)
        statistics = [run_totals.statistics for run_totals in totals]
        return scatter_spec(against, what, statistics, own.statistics if own is not None else None, look.names)

    text = solara.use_memo(lambda: json.dumps(spec()), [runs, kind, what, against, band, own, *_mornings(runs, kind)])
    with solara.Div(classes=["tc-below-block"]):
        OwnChoice(
            kinds=json.dumps(_named(PANEL_KINDS)),
            options=json.dumps(_named(options)),
            chosen={"kind": kind, "what": what, "against": against},
            event_choose=choose,
        )
        with solara.Div().key(kind):
            Chart(spec=text, day=day, event_go=go)


def _mornings(runs: Runs, kind: str) -> list[int]:
    """Return what a panel is made again for: each new morning if it shows days."""
    return [run.history.day for run in runs] if kind == "days" else []


def _named(names: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "name": name} for key, name in names.items()]


def _offered(key: str, options: dict[str, str], otherwise: str) -> str:
    """Return a key if it is among the options, else another."""
    return key if key in options else otherwise


def _options(run: RecordedModel, kind: str, known: Mapping[str, Any]) -> dict[str, str]:
    """Return what a kind of panel can show, by key in words."""
    if kind == "days":
        return column_names(run.simulation.scenario, list(daily(run.simulation.result())))
    names = statistic_names(known, look_of(run.simulation.scenario).names)
    return {key: words for key, words in names.items() if kind == "histogram" or key != HELD}


def line_of(runs: Runs, column: str) -> Spec:
    """Return a column of the daily table day by day, of two runs B dashed over A."""
    specs = [column_spec(run.simulation.scenario, daily(run.simulation.result()), column) for run in runs]
    if len(specs) > 1:
        for side, spec in zip(SIDES, specs, strict=True):
            spec["series"][0]["name"] = f"{side} {spec['series'][0]['name']}"
        specs[0]["series"] += [series | {"dash": True} for series in specs[1]["series"]]
    return specs[0]


def _histogram(what: str, totals: Sequence[RunTotals], own: RunTotals | None, names: Mapping[str, str]) -> Spec:
    """Return the distribution of a statistic, or of the days that agreements held, over the runs of the band."""
    if what == HELD:
        holds = [days for run_totals in totals for days in run_totals.held]
        return histogram_spec(HELD, holds, len(totals), None, names)
    values = [number_of(run_totals.statistics.get(what)) for run_totals in totals]
    mine = number_of(own.statistics.get(what)) if own is not None else None
    return histogram_spec(what, values, len(totals), mine, names)
