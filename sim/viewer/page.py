"""The page: a session behind SolaraViz, which holds the model and its sliders, and beside it our own dashboard.

Solara opens `Page` for each tab of the server; `Watch` is the same page wherever it is put. What is drawn comes from
immutable snapshots of past mornings alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import solara
from mesa.visualization import SolaraViz

from sim.pages.scripts import script, style
from sim.viewer import scenario_form
from sim.viewer.address import Address, open_at, query_of, settings_of
from sim.viewer.cards import Question
from sim.viewer.controls import Controls, MoreBox, ScenarioBox, Scripts, region
from sim.viewer.dashboard import Dashboard, Head
from sim.viewer.library_parts import use_sliders
from sim.viewer.server import WATCHING
from sim.viewer.session import LiveModel, RunSource, Session

STYLE = Path(__file__).with_name("page.css")


@solara.component
def Layout(children: list[Any] = []) -> None:
    """In place of Solara's own layout: the page lays itself out."""
    solara.Div(classes=["tc-flat"], children=children)


@solara.component
def Page() -> None:
    """One tab of the server, opened at the state that its address holds."""
    router = solara.use_router()
    opening = solara.use_memo(lambda: router.search or "", [])
    Watch(WATCHING.sources, WATCHING.given, WATCHING.seeds, opening, served=True)


@solara.component
def Watch(
    sources: tuple[RunSource, ...],
    given: tuple[Path, ...] = (),
    seeds: int = 0,
    opening: str = "",
    served: bool = False,
) -> None:
    """A page with a session of its own, freed when the tab closes.

    `opening` is the query of the address; a page that is `served` keeps its address up to date.
    """
    session = solara.use_memo(lambda: Session(sources, seeds), [])
    controls = solara.use_memo(lambda: Controls(session, given), [])
    opened_town = solara.use_memo(lambda: open_at(opening, session, controls), [])
    asked: solara.Reactive[Question | None] = solara.use_reactive(
        Question(0, town=opened_town) if opened_town >= 0 else None
    )
    model = solara.use_memo(lambda: solara.Reactive(LiveModel(session)), [])
    drawn = solara.use_memo(lambda: solara.Reactive(0), [])
    turn = (drawn.get(), id(model.get()))
    # not for each day: the choices, of which it takes a key, are read off the disk
    settings = solara.use_memo(lambda: settings_of(session, controls), [session.runs, controls.steerable])
    solara.use_effect(lambda: session.close, [])
    solara.Style(STYLE)
    solara.Style(style("map", "charts"))
    Scripts(code=script("map", "charts"))
    solara.Title(f"SIMULATED · {session.runs[0].simulation.scenario.title}" if session.runs else "closed")

    def answered(act: Callable[[int], None]) -> Callable[[Any], None]:
        """Return what does something with a number that the browser reports, and draws the answer."""

        def call(value: Any) -> None:
            act(int(value))
            drawn.value += 1

        return call

    kind = ["tc-pair"] if session.pair else ["tc-alone"] if session.own else []  # alone: nothing to set beside it
    with solara.Div(classes=["tc-page", *kind]):
        sliders = use_sliders()
        Viz(session, controls, model)
        Head(session, turn)
        with region("main", "The run", "tc-flat"):
            Dashboard(session, controls, turn, answered, asked)
        with region("aside", "Settings", "tc-steer"):
            Steering(session, controls, model, sliders)
    if served:
        Address(query=query_of(session, settings, asked.value, controls.follow.value))


@solara.component
def Viz(session: Session, controls: Controls, model: Any) -> None:
    """SolaraViz with the model and its sliders, which it hands over."""
    set_to = tuple(value.value for value in controls.main.values())
    sliders = solara.use_memo(controls.sliders, [controls.base.value, set_to])
    parameters: dict[str, Any] = {"session": session} | (sliders if controls.steerable else {})
    with solara.Div(classes=["tc-viz"]):
        SolaraViz(model, components=[], model_params=parameters, name="Simulated conflict")


@solara.component
def Steering(session: Session, controls: Controls, model: Any, sliders: Any) -> None:
    """Choice of scenario, seed, the six sliders, rules, policies and all other inputs."""
    model.get()
    if session.own:
        return
    choices = scenario_form.choices(controls.given)
    chosen = controls.source_of.value
    faults = [fault for fault in (controls.seed_fault(), *controls.faults.value, *session.faults) if fault]
    ScenarioBox(
        files=json.dumps([{"key": c.key, "label": c.label, "question": c.question} for c in choices]),
        file=next((c.key for c in choices if c.path == chosen.path), ""),
        question=controls.base.value.question,
        seed=controls.seed.value,
        pending=controls.pending(),
        said=session.said,
        faults=json.dumps(faults),
        pair=session.pair,
        steerable=controls.steerable,
        about=_about(session, controls),
        event_choose=controls.choose,
        event_set_seed=lambda text: controls.seed.set(str(text)[:19]),
        event_draw_seed=controls.draw_seed,
        event_reset=lambda _: model.set(LiveModel(session)),
    )
    if controls.steerable:
        if sliders is not None:
            with region("section", "What matters most", "tc-box tc-sliders"):
                solara.v.Html(tag="h2", children=["What matters most"])
                solara.Div(children=[sliders])
        Inputs(controls)


def _about(session: Session, controls: Controls) -> str:
    """Say what can be changed here where that is not everything."""
    if session.pair and controls.steerable:
        return (
            "Seed, policies, rules and inputs set here hold for both. The two scenarios are those of the command line."
        )
    if session.pair:
        return "A finished run is shown as it was: nothing can be changed here."
    return "" if controls.steerable else "A finished run is replayed as it was; choose a scenario to change something."


@solara.component
def Inputs(controls: Controls) -> None:
    """The inputs below the six sliders; what is changed is marked."""
    scenario = controls.base.value
    groups = solara.use_memo(lambda: json.dumps(scenario_form.groups(scenario)), [scenario])
    offers = solara.use_memo(lambda: scenario_form.offers(scenario), [scenario])
    main = solara.use_memo(lambda: json.dumps(scenario_form.about_main(scenario)), [scenario])
    own = {scenario_form.key_of(policy) for policy in scenario.policy}
    switched = controls.policies.value
    MoreBox(
        groups=groups,
        main=main,
        days=scenario.days,
        changed=json.dumps(controls.changed.value),
        policies=json.dumps(
            [{"key": o.key, "text": o.text, "of": o.of, "on": switched.get(o.key, o.key in own)} for o in offers]
        ),
        event_set_input=controls.set_input,
        event_set_policy=controls.set_policy,
    )
