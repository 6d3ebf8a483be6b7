"""The page of a model of one's own: with `show`, and in Mesa's plain SolaraViz."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.viewer.support import KAFR_HAMRA, open_with  # isort: skip - before Solara

import ipyvuetify
import solara
import solara.server.settings
from mesa.visualization import SolaraViz, SpaceRenderer
from mesa.visualization.components import AgentPortrayalStyle

from sim.errors import InputError
from sim.model import ConflictModel, Force
from sim.viewer import own_model, show
from sim.viewer.own_model import OwnModel
from sim.viewer.session import RunSource, Session

pytestmark = pytest.mark.slow

assert open_with


def below(widget: Any) -> Iterator[Any]:
    yield widget
    for child in getattr(widget, "children", ()) or ():
        if not isinstance(child, str):
            yield from below(child)


def clock(box: Any) -> Any:
    return next(w for w in below(box) if w.has_trait("day") and w.has_trait("last"))


def lively(steps: int) -> ConflictModel:
    model = ConflictModel(KAFR_HAMRA, rng=7)
    for _ in range(steps):
        model.step()
    return model


def test_a_model_that_has_taken_steps_is_shown_from_its_first_day() -> None:
    model, whole = lively(20), Session((RunSource(KAFR_HAMRA, 7),))
    for _ in range(25):
        whole.advance()
    session = Session((RunSource(Path("own"), 7, model=model),))
    assert (session.first, session.day, session.frontier) == (0, 20, 20)
    session.play(5)
    assert model.steps == 25
    assert session.runs[0].history.lines == whole.runs[0].history.lines
    one, other = (run.history.at(12) for run in (session.runs[0], whole.runs[0]))
    assert (one.accords, one.map.codes) == (other.accords, other.map.codes)
    assert [vars(move) for move in one.moves] == [vars(move) for move in other.moves]


def test_a_model_changed_by_hand_begins_at_its_present_day() -> None:
    model = lively(20)
    next(iter(model.agents_by_type[Force])).fighters = 5
    own, untouched = OwnModel(model), OwnModel(lively(20))
    assert (own.first, own.history.day) == (20, 20)
    assert own.history.lines == untouched.history.lines
    assert [past.towns_held for past in own.history.snapshots] == [
        past.towns_held for past in untouched.history.snapshots
    ]
    assert own.history.at(12).accords == ()
    session = Session((RunSource(Path("own"), 7, model=model),))
    session.go(3)
    assert session.day == 20


def test_days_that_the_caller_steps_are_taken_up() -> None:
    model = lively(0)
    session = Session((RunSource(Path("own"), 7, model=model),))
    session.play()
    model.step()
    model.step()
    session.play()
    assert (session.day, session.frontier, model.steps) == (2, 3, 3)
    session.play()
    session.play()
    assert (session.day, model.steps) == (4, 4)


def test_two_pages_of_a_notebook_do_not_disturb_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_model, "_in_notebook", lambda: True)
    monkeypatch.setattr(solara.server.settings.telemetry, "mixpanel_enable", True)
    monkeypatch.setattr(solara.checks, "should_perform_jupyter_check", lambda: True)
    models = [lively(0), ConflictModel("two_valleys", rng=1)]
    opened = [solara.render(show(model), handle_error=False) for model in models]
    try:
        for _ in range(3):
            clock(opened[0][0]).vue_advance(1)
        clock(opened[1][0]).vue_advance(2)
        assert not solara.server.settings.telemetry.mixpanel_enable  # a notebook too calls nobody
        assert not solara.checks.should_perform_jupyter_check()
        assert [clock(box).day for box, _ in opened] == [3, 2]
        assert [model.steps for model in models] == [3, 2]
        assert not any(w.has_trait("files") for w in below(opened[0][0]))  # its settings cannot be changed
        assert not any(w.has_trait("query") for w in below(opened[0][0]))  # a notebook keeps its own address
    finally:
        for _, context in opened:
            context.close()


def test_a_script_serves_the_page_and_goes_on_after_the_signal(tmp_path: Path) -> None:
    script = (
        "from sim.model import ConflictModel\nfrom sim.viewer import show\n"
        "model = ConflictModel('two_valleys', rng=1)\nshow(model, browser=False)\nprint('ended at', model.steps)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        address = re.search(r"Watch at (http://\S+)", line)
        assert address is not None
        with urllib.request.urlopen(address[1]) as reply:
            assert b'lang="en"' in reply.read()
        process.send_signal(signal.SIGINT)
        assert process.stdout.read().strip() == "ended at 0"


def test_what_cannot_be_shown_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TypeError, match="ConflictModel"):
        show(object())  # type: ignore[arg-type]
    open_with(RunSource(KAFR_HAMRA, 7))
    with pytest.raises(InputError, match="already"):
        show(lively(0))


def test_plain_solara_viz_draws_steps_and_resets_the_model() -> None:
    def portrayal(agent: Any) -> AgentPortrayalStyle:
        return AgentPortrayalStyle(size=agent.fighters / 20 if isinstance(agent, Force) else 4)

    model = lively(0)
    renderer = SpaceRenderer(model, backend="matplotlib")
    renderer.render(agent_portrayal=portrayal)
    assert sum(len(points.get_offsets()) for points in renderer.canvas.collections) > 200
    page = SolaraViz(model, renderer, model_params={"file": str(KAFR_HAMRA), "rng": 7})
    box, context = solara.render(solara.AppLayout(children=[page]), handle_error=False)
    try:

        def press(label: str) -> None:
            next(w for w in below(box) if isinstance(w, ipyvuetify.Btn) and w.children == [label]).click()

        press("Step")
        press("Step")
        assert model.steps == 2
        press("Reset")
        press("Step")
        assert model.steps == 2  # a new model takes the steps
    finally:
        context.close()
