"""The page: SolaraViz with its model, controls, parameters and Reset, and beside them our own dashboard.

Solara opens `Page` inside `Layout` for each tab. The play thread steps the model and publishes the day; what is drawn
comes from immutable snapshots of past mornings alone.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import solara
from mesa.visualization import SolaraViz

from sim.pages.scripts import script, style
from sim.viewer import scenario_form
from sim.viewer.controls import Controls, MoreBox, ScenarioBox, Scripts
from sim.viewer.dashboard import Dashboard
from sim.viewer.library_parts import Buttons, force_update, side_bar, use_components
from sim.viewer.server import WATCHING
from sim.viewer.session import LiveModel, Session

STYLE = Path(__file__).with_name("page.css")


@solara.component
def NoSteps(model: Any) -> None:
    """In place of Mesa's "Step: 12": the header has the date. Redrawing it would walk the whole page a second time a day."""
    solara.Text("")


BEGUN = solara.reactive(0)  # a tab's own: how often Play, Step and Reset were recreated


@solara.component
def Lasting(model: Any, **settings: Any) -> None:
    """Mesa's buttons, made again at the end of a run: otherwise only Reset would work after the last day."""
    with solara.Div(classes=["tc-flat"]).key(f"buttons {BEGUN.value}"):
        Buttons(model, **settings)


use_components(ShowSteps=NoSteps, ModelController=Lasting)


def again() -> None:
    """Make Mesa's buttons again."""
    BEGUN.value += 1


@solara.component
def Layout(children: list[Any] = []) -> None:
    """Put the page's parts and SolaraViz's side bar on one grid; the bar above is the page's header."""
    side = side_bar()
    solara.Style(STYLE)
    solara.Style(style("map", "charts"))
    Scripts(code=script("map", "charts"))
    pair = " tc-pair" if len(WATCHING.sources) > 1 else ""
    with solara.Div(classes=[f"tc-page{pair}"]):
        solara.Div(classes=["tc-steer"], children=side)
        solara.Div(classes=["tc-flat"], children=children)


@solara.component
def Page() -> None:
    """One tab: a session of its own, freed when the tab closes."""
    session = solara.use_memo(lambda: Session(WATCHING.sources), [])
    controls = solara.use_memo(lambda: Controls(session, WATCHING.given), [])
    model = solara.use_memo(lambda: solara.Reactive(LiveModel(session)), [])
    solara.use_effect(lambda: session.close, [])
    set_to = tuple(value.value for value in controls.main.values())
    sliders = solara.use_memo(controls.sliders, [controls.base.value, set_to])
    solara.Title(f"SIMULATED · {session.runs[0].simulation.scenario.title}" if session.runs else "closed")

    def go(day: Any) -> None:
        session.go(int(day))
        force_update()

    parameters: dict[str, Any] = {"session": session}
    if controls.steerable:
        parameters |= sliders
    with solara.Div(classes=["tc-flat"]):
        with solara.Div(classes=["tc-viz"]):
            SolaraViz(
                model,
                components=[],
                model_params=parameters,
                play_interval=controls.interval,
                name="Simulated conflict",
            )
            with solara.Sidebar():
                Scenario(session, controls, model)
        Dashboard(session, controls, model, go, again)


@solara.component
def Scenario(session: Session, controls: Controls, model: Any) -> None:
    """Choice of scenario, seed, rules, policies and all other inputs, in the side bar."""
    model.get()
    files = [{"key": c.key, "label": c.label, "question": c.question} for c in scenario_form.choices(controls.given)]
    chosen = controls.source_of.value
    key = next((c.key for c in scenario_form.choices(controls.given) if c.path == chosen.path), "")
    faults = [fault for fault in (controls.seed_fault(), *controls.faults.value, *session.faults) if fault]
    ScenarioBox(
        files=json.dumps(files),
        file=key,
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
    )
    if controls.steerable:
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
