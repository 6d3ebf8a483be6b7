"""The charts of the page: those of a run, of two runs on common axes, and the panel of one's own choice."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import solara

from sim.pages.chart_specs import band_of, beside, charts_of_history
from sim.plots.style import look_of
from sim.viewer.ensemble import band as want_band

if TYPE_CHECKING:
    from sim.pages.chart_specs import Spec
    from sim.viewer.ensemble import Band
    from sim.viewer.session import RecordedModel

PATIENCE = 1.0  # s between looks at bands that grow
Go = Callable[[Any], None]
Runs = tuple["RecordedModel", ...]


@solara.component_vue("chart.vue")
def Chart(spec: str = "", added: str = "{}", day: int = 0, event_go: Go | None = None) -> None:
    """A chart of sim.pages.chart_specs as JSON; `added` is laid over it, `day` is the morning shown; reports the day clicked."""


def use_bands(runs: Runs, seeds: int) -> tuple[Band | None, ...]:
    """Return the bands of so many seeds behind the runs, as far as they are computed; the page draws them as they grow."""
    grown: solara.Reactive[tuple[Band | None, ...]] = solara.use_reactive(())

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


def use_specs(runs: Runs) -> dict[str, str]:
    """Return the charts of a run, or of two laid over one another, as JSON by name; made again for each new morning."""

    def made() -> dict[str, str]:
        specs = [charts_of_history(run.simulation, run.history) for run in runs]
        whole: dict[str, Spec] = specs[0] if len(specs) == 1 else beside(*specs)
        return {name: json.dumps(spec) for name, spec in whole.items()}

    return solara.use_memo(made, [runs, *(run.history.day for run in runs)])


@solara.component
def Curves(runs: Runs, specs: dict[str, str], seeds: int, day: int, go: Go) -> None:
    """Towns held, before the band of so many seeds, and agreements over time."""
    bands = use_bands(runs, seeds)
    added = solara.use_memo(lambda: _band_text(runs, bands), [runs, bands])
    with solara.Div(classes=["tc-flat"]):
        with solara.Div(classes=["tc-side-block"]):
            Chart(spec=specs["towns"], added=added, day=day, event_go=go)
        with solara.Div(classes=["tc-side-block", "tc-scroll"]):
            Chart(spec=specs["agreements"], day=day, event_go=go)


def _band_text(runs: Runs, bands: tuple[Band | None, ...]) -> str:
    """Return what the band of one run adds to its chart; the charts of two runs have none."""
    return json.dumps(band_of(bands[0], look_of(runs[0].simulation.scenario))) if len(runs) == 1 else "{}"


@solara.component
def LowerCurves(specs: dict[str, str], day: int, go: Go) -> None:
    """Escalation by pair, and deaths a week."""
    with solara.Div(classes=["tc-flat"]):
        for names in (("levels",), [name for name in specs if name.startswith("deaths")]):
            with solara.Div(classes=["tc-below-column"]):
                for name in names:
                    with solara.Div(classes=["tc-below-block"]):
                        Chart(spec=specs[name], day=day, event_go=go)
