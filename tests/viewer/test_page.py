"""The page without a browser: it plays, steps and resets; what is set is what runs; faults are reported."""

from __future__ import annotations

import base64
import contextlib
import gc
import json
import re
import shutil
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.viewer.support import KAFR_HAMRA, MEDIATOR, open_with  # isort: skip - before Solara

import ipyvuetify
import reacton.core
import solara

import sim
from sim.engine.simulation import Simulation
from sim.errors import InputError
from sim.files import SCENARIOS
from sim.pages.chart_specs import days_spec
from sim.pages.history import History
from sim.results.run import Run
from sim.results.write import write
from sim.scenario.load import load, load_scenario
from sim.scenario.parameters import Ceasefire, Clash
from sim.viewer import charts, scenario_form
from sim.viewer.cards import Question, answer, differing, place_asked, town_card
from sim.viewer.controls import Controls
from sim.viewer.dashboard import drawing_of
from sim.viewer.downloads import ITEMS, make
from sim.viewer.page import Page
from sim.viewer.session import LiveModel, RunSource, Session, build, changes_in_words, new_seed

HOLD = Ceasefire().hold_days.best


@contextlib.contextmanager
def page(*sources: RunSource) -> Iterator[Any]:
    """Open the page as a tab does, without a browser."""
    open_with(*sources)
    box, context = solara.render(solara.AppLayout(children=[Page()]), handle_error=False)
    try:
        yield box
    finally:
        context.close()


def below(widget: Any) -> Iterator[Any]:
    """Every widget of the page."""
    yield widget
    for child in getattr(widget, "children", ()):
        if not isinstance(child, str):
            yield from below(child)
    for slot in getattr(widget, "v_slots", ()):
        children = slot.get("children", ())
        for child in children if isinstance(children, list | tuple) else [children]:
            yield from below(child)


def element(box: Any, *traits: str) -> Any:
    return next(w for w in below(box) if all(w.has_trait(name) for name in traits))


def shown_day(box: Any) -> int:
    return int(element(box, "day", "last", "days").day)


def tell(widget: Any, event: str, value: Any) -> None:
    """Report an event as the browser does: ipyvue calls the method of this name."""
    getattr(widget, f"vue_{event}")(value)


def step(box: Any) -> None:
    tell(element(box, "day", "last", "days"), "advance", 1)


def reset(box: Any) -> None:
    tell(element(box, "files", "said"), "reset", 0)


def header(box: Any) -> str:
    return next(w.html for w in below(box) if w.has_trait("html") and "tc-head" in w.html)


def test_step_and_reset_work_and_past_days_come_back() -> None:
    with page(RunSource(KAFR_HAMRA, 7)) as box:
        assert "SIMULATED" in header(box)
        assert "15 Oct 2018" in header(box)
        assert "NLF: National Front for Liberation" in header(box)
        step(box)
        step(box)
        clock = element(box, "day", "last", "days")
        assert (clock.day, clock.last, clock.days) == (2, 2, 120)
        tell(clock, "go", 1)
        assert (shown_day(box), element(box, "day", "last", "days").last) == (1, 2)
        step(box)
        assert shown_day(box) == 2
        reset(box)
        assert (shown_day(box), element(box, "day", "last", "days").last) == (0, 0)
        assert "the same scenario and seed" in element(box, "said").said


def test_reset_applies_scenario_seed_sliders_inputs_and_policies_and_says_so() -> None:
    with page(RunSource(KAFR_HAMRA, 7)) as box:
        scenario = element(box, "files", "said")
        tell(scenario, "set_seed", "11")
        assert element(box, "pending").pending == "Waiting for Reset: seed 11."
        tell(scenario, "choose", "strong_mediator")
        assert "another scenario" in element(box, "pending").pending
        more = element(box, "groups", "policies")
        tell(more, "set_input", {"key": "rules.clash.attrition", "value": "square"})
        slider = next(w for w in below(box) if isinstance(w, ipyvuetify.Slider) and "hold" in (w.label or ""))
        slider.v_model = 40.0
        reset(box)
        assert "applied scenario A strong mediator" in element(box, "said").said
        assert "seed 11" in element(box, "said").said
        assert "A strong mediator from 29 October 2018" in header(box)
        assert "agreements hold 40 days (file: " in header(box)
        assert "clash, attrition square (file: " in header(box)
        assert "from 29 Oct 2018: Turkey mediates" in header(box)
        assert not re.search(r"\w\.\w+_\w|[{}]", re.sub("<[^>]*>", "", header(box)))


def test_reset_with_a_faulty_scenario_says_it_in_words_and_keeps_the_run(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("extends: kafr_hamra\nrules:\n  clash:\n    loss_per_day: -3\n")
    with page(RunSource(KAFR_HAMRA, 7)) as box:
        step(box)
        open_with(RunSource(KAFR_HAMRA, 7), RunSource(bad, 7))
    session = Session((RunSource(KAFR_HAMRA, 7),))
    controls = Controls(session, (bad,))
    controls.choose("bad")
    assert "loss_per_day" in controls.faults.value[0]
    assert controls.wanted()[0].path == KAFR_HAMRA
    session.advance()
    session.wanting = lambda: (RunSource(bad, 7),)
    session.reset()
    assert session.faults
    assert session.day == 1
    assert session.runs[0].simulation.scenario.title == "Kafr Hamra, October 2018"


def test_only_listed_files_can_be_opened_and_only_offered_inputs_set(tmp_path: Path) -> None:
    elsewhere = tmp_path / "secret.yaml"
    elsewhere.write_text("question: a file that the page must not open at all\n")
    session = Session((RunSource(KAFR_HAMRA, 7),))
    controls = Controls(session, (KAFR_HAMRA,))
    for word in (str(elsewhere), "../parts/greater_idlib", "secret", ""):
        controls.choose(word)
        assert controls.wanted()[0].path == KAFR_HAMRA
    for change in (
        {"key": "map", "value": "../../etc"},
        {"key": "rules.clash.loss_per_day", "value": "{best: 1}"},
        {"key": "rules.clash.loss_per_day", "value": float("nan")},
        {"key": "question", "value": "x"},
        {"key": None, "value": None},
    ):
        controls.set_input(change)
        assert controls.faults.value
        assert controls.wanted()[0].sets == ()
    controls.set_input({"key": "rules.clash.loss_per_day", "value": 0.05})
    assert controls.wanted()[0].sets == ("rules.clash.loss_per_day=0.05",)
    controls.set_input({"key": "rules.clash.loss_per_day", "value": Clash().loss_per_day.best})
    assert controls.wanted()[0].sets == ()


def test_the_run_watched_has_the_events_of_a_run_without_the_page() -> None:
    session = Session((RunSource(KAFR_HAMRA, 7),))
    model = LiveModel(session)
    while model.running:
        model.step()
    watched = Run.of(session.runs[0].simulation.result(), "kafr_hamra")
    assert watched.events.equals(sim.simulate(KAFR_HAMRA, seed=7).events)
    assert [line.event_id for line in session.runs[0].history.lines] == watched.events["event_id"].tolist()


def test_two_runs_on_one_seed_move_with_one_clock() -> None:
    session = Session((RunSource(KAFR_HAMRA, 7), RunSource(MEDIATOR, 7)))
    for _ in range(40):
        session.advance()
    assert {run.history.day for run in session.runs} == {40}
    session.go(12)
    session.advance()
    assert session.day == 13
    assert session.frontier == 40
    one, two = (run.history.at(40) for run in session.runs)
    rings = differing(one, two)
    assert rings == {i for i, (a, b) in enumerate(zip(one.map.codes, two.map.codes, strict=True)) if a != b}


def test_the_page_of_two_runs_draws_both() -> None:
    with page(RunSource(KAFR_HAMRA, 7), RunSource(MEDIATOR, 7)) as box:
        assert len([w for w in below(box) if w.has_trait("base") and w.has_trait("frame")]) == 2
        step(box)
        assert shown_day(box) == 1
        assert element(box, "files", "steerable").pair is True


def test_after_the_last_day_play_shows_the_first_again_without_a_reset() -> None:
    with page(RunSource(KAFR_HAMRA, 7, ("days=3",))) as box:
        for _ in range(3):
            step(box)
        assert "the end" in header(box)
        step(box)
        assert (shown_day(box), element(box, "day", "last", "days").last) == (0, 3)
        tell(element(box, "day", "last", "days"), "go", 2)
        step(box)
        assert shown_day(box) == 3


def test_several_days_at_once_end_on_the_last_and_are_at_most_fifteen() -> None:
    session = Session((RunSource(KAFR_HAMRA, 7, ("days=20",)),))
    shown = []
    for asked in (4, -3, 1000, 1000, 1):
        session.play(asked)
        shown.append(session.day)
    assert shown == [4, 5, 20, 0, 1]
    assert session.frontier == 20


def test_every_answer_reaches_the_browser_also_if_the_day_stays() -> None:
    with page(RunSource(KAFR_HAMRA, 7)) as box:
        clock = element(box, "day", "last", "days")
        turns = [clock.turn]
        for event, value in (("advance", 1), ("go", 1), ("go", 99)):
            tell(clock, event, value)
            turns.append(clock.turn)
        reset(box)
        turns.append(clock.turn)
        assert len(set(turns)) == 5
        assert clock.day == 0


def test_a_day_is_one_walk_over_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    with page(RunSource(KAFR_HAMRA, 7)) as box:
        step(box)
        walks = []
        own = reacton.core._RenderContext._render_once

        def counted(self: Any, *args: Any, **kwargs: Any) -> Any:
            walks.append(1)
            return own(self, *args, **kwargs)

        monkeypatch.setattr(reacton.core._RenderContext, "_render_once", counted)
        step(box)
        assert shown_day(box) == 2
        assert len(walks) == 1


def test_25_sessions_at_once_have_the_events_of_their_seeds() -> None:
    days = ("days=40",)
    sessions = [Session((RunSource(KAFR_HAMRA, seed, days),)) for seed in range(25)]
    start = threading.Barrier(len(sessions))

    def play(session: Session) -> None:
        start.wait()
        model = LiveModel(session)
        while model.running:
            model.step()

    players = [threading.Thread(target=play, args=(session,)) for session in sessions]
    for player in players:
        player.start()
    for player in players:
        player.join()
    for seed in (0, 11, 24):
        alone = sim.simulate(KAFR_HAMRA, seed=seed, sets=days)
        watched = Run.of(sessions[seed].runs[0].simulation.result(), "kafr_hamra")
        assert watched.events.equals(alone.events)


def test_the_sliders_say_their_values_and_what_is_changed() -> None:
    with page(RunSource(KAFR_HAMRA, 7)) as box:

        def hold() -> Any:
            return next(w for w in below(box) if isinstance(w, ipyvuetify.Slider) and "hold" in (w.label or ""))

        assert hold().label == f"Agreements hold\n{HOLD:g} days"
        hold().v_model = 40.0
        assert hold().label == f"Agreements hold\n40 days (file: {HOLD:g})"
        assert element(box, "pending").pending == "Waiting for Reset: agreements hold 40 days."
        reset(box)
        assert element(box, "pending").pending == ""
        hold().v_model = HOLD
        assert element(box, "pending").pending == "Waiting for Reset: agreements hold as in the file."


def test_two_runs_are_steered_together_and_both_taken_away() -> None:
    with page(RunSource(KAFR_HAMRA, 7), RunSource(MEDIATOR, 7)) as box:
        scenario = element(box, "files", "said")
        assert "hold for both" in scenario.about
        tell(scenario, "choose", "united_nlf")
        assert element(box, "pending").pending == ""
        tell(scenario, "set_seed", "12")
        tell(element(box, "groups", "policies"), "set_input", {"key": "rules.talks.enabled", "value": False})
        reset(box)
        live = [o for o in gc.get_objects() if type(o) is Session and o.pair and not o.closed and o.said]
        runs = live[-1].runs
        assert [run.simulation.seed for run in runs] == [12, 12]
        assert [run.simulation.scenario.rules.talks.enabled for run in runs] == [False, False]
        assert runs[1].simulation.scenario.policy
        names = []
        for key in ("0:scenario", "1:scenario"):
            file, fault = make(live[-1], key, [drawing_of(run) for run in runs])
            assert fault == ""
            names.append(file["name"])
        assert names == ["kafr_hamra-seed12-scenario.yaml", "strong_mediator-seed12-scenario.yaml"]
        assert make(live[-1], "2:scenario", [])[1] == "there is no such file"


def test_a_pair_with_a_finished_run_says_why_it_cannot_be_steered(folder: Path) -> None:
    with page(RunSource(folder, 7, replay=True), RunSource(MEDIATOR, 7)) as box:
        assert "nothing can be changed" in element(box, "files", "said").about
        reset(box)
        assert "Back at the first day" in element(box, "files", "said").said


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(sim.simulate(KAFR_HAMRA, seed=7), tmp_path_factory.mktemp("runs"))


def test_a_finished_run_is_replayed_with_the_same_events(folder: Path) -> None:
    session = Session((RunSource(folder, 7, replay=True),))
    assert session.frontier == 120
    assert session.day == 0
    events = Run.open(folder).events
    assert [line.event_id for line in session.runs[0].history.lines] == events["event_id"].tolist()
    session.advance()
    session.reset()
    assert session.day == 0


def test_a_run_of_another_version_or_with_other_events_is_refused(folder: Path, tmp_path: Path) -> None:
    old = shutil.copytree(folder, tmp_path / "old")
    manifest = (old / "manifest.json").read_text()
    (old / "manifest.json").write_text(re.sub(r'"version": "[^"]+"', '"version": "0.0.1"', manifest, count=1))
    with pytest.raises(InputError, match=r"made by version 0\.0\.1"):
        build(RunSource(old, 7, replay=True))
    other = shutil.copytree(folder, tmp_path / "other")
    lines = (other / "events.csv").read_text().splitlines(keepends=True)
    (other / "events.csv").write_text("".join(lines[:-1]))
    with pytest.raises(InputError, match="other events"):
        build(RunSource(other, 7, replay=True))


@pytest.fixture(scope="module")
def session() -> Session:
    made = Session((RunSource(KAFR_HAMRA, 7),))
    for _ in range(40):
        made.advance()
    return made


@pytest.mark.parametrize("item", [item["key"] for item in ITEMS])
def test_files_to_take_away_are_of_the_day_shown(session: Session, item: str) -> None:
    file, fault = make(session, f"0:{item}", [drawing_of(session.runs[0])])
    assert fault == ""
    content = base64.b64decode(file["data"])
    start = {"svg": b"<svg", "png": b"\x89PNG", "events": b"event_id", "daily": b"day", "scenario": b"#"}[item]
    assert start in content[:200]
    assert "kafr_hamra-seed7" in file["name"]
    if item == "svg":
        assert b"SIMULATED" in content


def test_the_scenario_taken_away_runs_to_the_same_events(tmp_path: Path) -> None:
    made = Session((RunSource(KAFR_HAMRA, 7, ("rules.spread.call_to_arms_share=0.4", "days=60")),))
    made.runs[0].run()
    file, _fault = make(made, "0:scenario", [drawing_of(made.runs[0])])
    (tmp_path / "again.yaml").write_bytes(base64.b64decode(file["data"]))
    again = sim.simulate(tmp_path / "again.yaml", seed=7)
    assert Run.of(made.runs[0].simulation.result()).events.equals(again.events)


def test_towns_and_events_answer_and_missing_ones_are_reported(session: Session) -> None:
    run = session.runs[0]
    town = run.row_of("towns", "Kafr Hamra")
    card = answer(session.runs, Question(0, town=town), 40)
    assert "Kafr Hamra" in card
    assert ("Why it last changed hands" in card) == (len(town_card(run, run.history, town, 40).held) > 1)
    located = next(line for line in run.history.lines if line.town)
    assert run.geography.places[place_asked(session.runs, Question(0, event=located.event_id), 0)].name == located.town
    assert place_asked(session.runs, Question(0, event="E999999"), 0) == -1
    assert place_asked(session.runs, Question(0, town=3), 1) == -1
    assert run.history.lines[0].event_id in answer(session.runs, Question(0, event=run.history.lines[0].event_id), 40)
    assert "no such event" in answer(session.runs, Question(0, event="E999999"), 40)
    assert answer(session.runs, Question(0, town=10_000), 40) == ""
    assert answer(session.runs, Question(7, town=1), 40) == ""


def test_names_from_a_scenario_are_escaped(tmp_path: Path) -> None:
    evil = "<img src=x onerror=alert(1)>"
    file = tmp_path / "evil.yaml"
    file.write_text(f"extends: kafr_hamra\ntitle: {evil!r}\nquestion: {evil!r}\ndays: 30\n")
    with page(RunSource(file, 7)) as box:
        for _ in range(20):
            step(box)
        for widget in below(box):
            for name in ("html", "frame", "base"):
                if widget.has_trait(name):
                    assert evil not in getattr(widget, name)
        assert "&lt;img" in header(box)


def test_what_is_switched_is_a_change_of_the_scenario() -> None:
    session = Session((RunSource(KAFR_HAMRA, 7),))
    controls = Controls(session, (KAFR_HAMRA,))
    offers = scenario_form.offers(controls.base.value)
    mediation = next(offer for offer in offers if "Turkey mediates" in offer.text)
    controls.set_policy({"key": mediation.key, "on": True})
    controls.set_input({"key": "rules.talks.enabled", "value": False})
    session.reset()
    scenario = session.runs[0].simulation.scenario
    assert session.faults == ()
    assert [policy.mediate for policy in scenario.policy] == ["Turkey"]
    assert not scenario.rules.talks.enabled
    controls.set_policy({"key": mediation.key, "on": False})
    session.reset()
    assert session.runs[0].simulation.scenario.policy == []


@pytest.mark.parametrize("file", sorted(KAFR_HAMRA.parent.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_scenario_can_be_steered_and_its_values_lie_on_the_sliders(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = load(file).scenario
    assert (
        scenario_form.main_sets(
            scenario, {main.name: scenario_form.value_at(scenario, main.key) for main in scenario_form.MAIN}
        )
        == {}
    )
    for main in scenario_form.MAIN:
        value, step = (
            scenario_form.value_at(scenario, main.key),
            scenario_form.fitting_step(main, scenario_form.value_at(scenario, main.key)),
        )
        assert abs((value - main.low) / step - round((value - main.low) / step)) < 1e-5
    rows = [row for group in scenario_form.groups(scenario) for row in group["rows"]]
    assert len({row["key"] for row in rows}) == len(rows)
    by_key = scenario_form._rows(scenario)
    assert list(by_key.values()) == rows
    monkeypatch.setattr(
        scenario_form, "_rows", lambda _: by_key
    )  # the same for all keys: made once, not some 300 times
    for row in rows:
        assert scenario_form.checked(scenario, row["key"], row["value"]) is None
        assert row["kind"] != "number" or row["low"] <= row["value"] <= row["top"] <= row["high"], row["key"]


def test_a_closed_tab_frees_its_models() -> None:
    open_with(RunSource(KAFR_HAMRA, 7))
    _box, context = solara.render(solara.AppLayout(children=[Page()]), handle_error=False)
    opened = [o for o in gc.get_objects() if type(o) is LiveModel and not o.session.closed and o.session.runs]
    sessions = [live.session for live in opened if live.session is not None and live.session.opened]
    models = [weakref.ref(run) for session in sessions for run in session.runs if session.sources[0].sets == ()]
    own = [ref for ref in models if ref().history.day == 0]
    assert own
    del opened, sessions, models
    context.close()
    gc.collect()
    assert [ref() for ref in own if ref() is not None] == []


def test_new_seeds_are_seeds() -> None:
    assert all(0 < new_seed() <= 10**6 for _ in range(50))


def test_a_panel_added_by_a_function_is_drawn_with_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charts, "PANELS", [])

    def moving(simulation: Simulation, history: History) -> dict[str, Any]:
        values = [len(morning.moves) for morning in history.snapshots]
        curve = {"name": "columns", "colour": "#555555", "values": values, "style": "step"}
        return days_spec(simulation.scenario, "Columns on the way", history.day, series=[curve])

    charts.add_panel(moving)
    with page(RunSource(KAFR_HAMRA, 7)) as box:
        tell(element(box, "day", "last", "days"), "advance", 1)
        drawn = [json.loads(w.spec) for w in below(box) if hasattr(w, "spec")]
        mine = next(spec for spec in drawn if spec["title"] == "Columns on the way")
        assert len(mine["series"][0]["values"]) == 2
        assert {"Towns held", "Agreements", "Displaced"} <= {spec["title"] for spec in drawn}


SETS = ("rules.incident.enabled=false", "rules.ceasefire.signing_per_10_deaths=0.3", "given=[]", "policy=[]")


def test_changes_are_in_words_without_keys_and_brackets() -> None:
    """Of every scenario of the project against the first one, both ways, with what the command line can set."""
    first = load_scenario("kafr_hamra")
    others = [load_scenario(path, sets) for path in sorted(SCENARIOS.glob("*.yaml")) for sets in ((), SETS)]
    pairs = [pair for other in others for pair in ((first, other), (other, first))]
    lines = {line for pair in pairs for line in changes_in_words(*pair)}
    assert len(lines) > 20
    bad = [line for line in lines if re.search(r"[{}\[\]_]|[a-z]\.[a-z0-9]|[0-9]\.[a-z]", line)]
    assert bad == []
    assert any(line.startswith("no longer: ") for line in lines)
    assert "chance to sign 30 % a day per 10 recent deaths (file: 18 %)" in lines
    united = changes_in_words(first, load_scenario("united_nlf"))
    assert "all groups of NLF: solidarity 90 % (file: 30 %)" in united
    assert sum("solidarity" in line for line in united) == 1
