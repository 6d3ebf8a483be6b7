"""Controls of the page: scenario, seed, inputs, rules, and the widgets they are built of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import solara
from mesa.visualization import Slider

from sim.errors import InputError
from sim.scenario.schema import Scenario
from sim.viewer import scenario_form
from sim.viewer.session import RunSource, Session, new_seed

Handler = Callable[[Any], None]


@solara.component_vue("map_view.vue")
def MapView(
    base: str = "",
    frame: str = "",
    glide: int = 500,
    look: int = -1,
    follow: int = -1,
    event_pick: Handler | None = None,
) -> None:
    """A map to zoom and pan: `base` stays, `frame` changes with the day, columns take at most `glide` ms; reports the town clicked.

    `look` is the town of a chosen event, to which the map moves if it is out of sight; `follow` that of the day's headline, to
    which it travels while days go on; -1 none.
    """


@solara.component_vue("scripts.vue")
def Scripts(code: str = "") -> None:
    """Run the scripts of the page once."""


@solara.component_vue("clock.vue")
def Clock(
    day: int = 0,
    last: int = 0,
    days: int = 1,
    first: int = 0,
    turn: int = 0,
    headline: bool = False,
    evidence: int = -1,
    evidence_text: str = "",
    ticks: str = "[]",
    speeds: str = "[]",
    rate: int = 6,
    follow: bool = False,
    event_follow_set: Handler | None = None,
    event_go: Handler | None = None,
    event_advance: Handler | None = None,
    event_set_speed: Handler | None = None,
) -> None:
    """Play, step, speed and the line of days; reports the day wanted, and while playing the days to go on, each once the
    last picture is drawn. `turn` changes with each answer, also one that shows the same day.
    """


@solara.component_vue("panel.vue")
def Panel(html: str = "", place: str = "", dialog: str = "", live: str = "", event_pick: Handler | None = None) -> None:
    """Words and drawings, in the style of a `place`; reports {kind, id} of what is clicked.

    With the name of a `dialog` it takes the focus, and Escape closes it and gives the focus back. With `live`
    ("polite", "off") a screen reader reads what changes.
    """


def region(tag: str, label: str, classes: str) -> Any:
    """Return an element of HTML with an accessible name, for use in a `with`: a landmark or a part of one."""
    return solara.v.Html(tag=tag, class_=classes, attributes={"aria-label": label})


@solara.component_vue("scenario.vue")
def ScenarioBox(
    files: str = "[]",
    file: str = "",
    question: str = "",
    seed: str = "",
    pending: str = "",
    said: str = "",
    faults: str = "[]",
    pair: bool = False,
    steerable: bool = True,
    about: str = "",
    event_choose: Handler | None = None,
    event_set_seed: Handler | None = None,
    event_draw_seed: Handler | None = None,
    event_reset: Handler | None = None,
) -> None:
    """Choice of scenario and seed, and Reset; says what it will apply, what it has applied, and what is wrong."""


@solara.component_vue("more.vue")
def MoreBox(
    groups: str = "[]",
    main: str = "[]",
    days: int = 1,
    changed: str = "{}",
    policies: str = "[]",
    event_set_input: Handler | None = None,
    event_set_policy: Handler | None = None,
) -> None:
    """All other inputs, rules and policies; reports {key, value} and {key, on}."""


@solara.component_vue("download.vue")
def Downloads(
    items: str = "[]",
    ready: dict[str, Any] = {},
    fault: str = "",
    event_ask: Handler | None = None,
) -> None:
    """Buttons to take files away; reports the key of the file wanted, saves what comes back as {id, name, mime, data}."""


# days a second
SPEEDS = (
    (2, "slow", "about two days a second"),
    (6, "normal", "about six days a second"),
    (20, "fast", "about twenty days a second; days are left out of the pictures if they take longer"),
    (30, "full", "about thirty days a second; days are left out of the pictures if they take longer"),
)
NORMAL, FAST = 6, 20
MOST_SEED = 2**63 - 1


class Controls:
    """One tab's controls. The sliders are Mesa's; SolaraViz makes the new model, which asks `source` what to be."""

    def __init__(self, session: Session, given: tuple[Path, ...]) -> None:
        self.session, self.given = session, given
        first = session.given[0]
        self.rate = solara.Reactive(NORMAL)
        self.follow = solara.Reactive(False)  # whether the map travels to the place of each headline
        self.seed = solara.Reactive(str(first.seed))
        self.source_of = solara.Reactive(replace(first, sets=()))
        self.beside = tuple(run.simulation.scenario for run in session.runs[1:])
        self.changed: solara.Reactive[dict[str, Any]] = solara.Reactive({})
        self.policies: solara.Reactive[dict[str, bool]] = solara.Reactive({})
        self.faults: solara.Reactive[tuple[str, ...]] = solara.Reactive(())
        self.base: solara.Reactive[Scenario] = solara.Reactive(session.runs[0].simulation.scenario)
        self.main = {main.name: solara.Reactive(self._own(main)) for main in scenario_form.MAIN}
        session.wanting = self.wanted

    def _own(self, main: scenario_form.SliderSpec) -> float:
        return scenario_form.value_at(self.base.value, main.key)

    @property
    def replay(self) -> bool:
        """Whether a finished run is chosen, which is replayed as it was."""
        return bool(self.source_of.value.replay)

    @property
    def steerable(self) -> bool:
        """Whether inputs, rules, policies and the seed can be set: not in a finished run."""
        return not (self.replay or self.session.own or any(source.replay for source in self.session.given[1:]))

    def wanted(self) -> tuple[RunSource, ...]:
        """Return the runs that Reset will start: the chosen run and, for two, the other, with the same settings."""
        chosen: RunSource = self.source_of.value
        first = self._source(chosen, self.base.value)
        given = self.session.given[1:]
        return (first, *(self._source(source, base) for source, base in zip(given, self.beside, strict=True)))

    def _source(self, source: RunSource, base: Scenario) -> RunSource:
        if not self.steerable:
            return source
        sets = {**self._fields(), **self._sliders(), **scenario_form.policy_set(base, self.policies.value)}
        texts = (f"{key}={text}" for key, text in sets.items())
        return replace(source, seed=self.seed_number(), sets=(*self.own_sets(source.path), *texts))

    def own_sets(self, path: Path) -> tuple[str, ...]:
        """Return the changes that the command line makes in a scenario; the page's come after them."""
        return next((given.sets for given in self.session.given if given.path == path), ())

    def key_chosen(self) -> str:
        """Return the key of the scenario or run chosen; empty if it is not of the list."""
        return scenario_form.key_of_choice(self.source_of.value.path, self.given)

    def _fields(self) -> dict[str, str]:
        return {key: text for key, value in self.changed.value.items() if (text := self._text(key, value)) is not None}

    def _sliders(self) -> dict[str, str]:
        return scenario_form.main_sets(self.base.value, {name: value.value for name, value in self.main.items()})

    def _text(self, key: str, value: Any) -> str | None:
        return scenario_form.checked(self.base.value, key, value)

    def seed_number(self) -> int:
        """Return the seed in the field; the one in use if the field is empty."""
        text = str(self.seed.value).strip()
        number = int(text) if text.isascii() and text.isdigit() else -1
        return number if 0 <= number <= MOST_SEED else self.session.sources[0].seed

    def seed_fault(self) -> str:
        """Return the fault of the seed in the field; empty if there is none."""
        text = str(self.seed.value).strip()
        good = text.isascii() and text.isdigit() and int(text) <= MOST_SEED
        return "" if good else f"The seed must be a whole number from 0 to {MOST_SEED}."

    def pending(self) -> str:
        """Return what Reset will apply; empty if nothing is pending."""
        now, then = self.session.sources, self.wanted()
        parts = []
        if now[0].path != then[0].path:
            parts.append("another run" if then[0].replay else "another scenario")
        elif now[0].sets != then[0].sets:
            parts.extend(scenario_form.differences(now[0].sets, then[0].sets))
            parts.extend(self._switched())
        elif now != then and now[0].seed == then[0].seed:
            parts.append("policies")
        if now[0].seed != then[0].seed:
            parts.append(f"seed {then[0].seed}")
        return f"Waiting for Reset: {'; '.join(parts)}." if parts else ""

    def _switched(self) -> list[str]:
        """Return the policies that Reset will switch, in words."""
        running = {scenario_form.key_of(policy) for policy in self.session.runs[0].simulation.scenario.policy}
        own = {scenario_form.key_of(policy) for policy in self.base.value.policy}
        phrases = []
        for offer in scenario_form.offers(self.base.value):
            on = self.policies.value.get(offer.key, offer.key in own)
            if on != (offer.key in running):
                phrases.append(offer.text if on else f"no longer {offer.text}")
        return phrases

    def choose(self, key: str) -> None:
        """Choose a scenario or run of the list; its values go to the sliders. Anything else is ignored."""
        chosen = next((choice for choice in scenario_form.choices(self.given) if choice.key == key), None)
        if chosen is None or self.session.pair:
            return
        try:
            scenario = self._scenario(chosen)
        except InputError as error:
            self.faults.value = tuple(str(fault) for fault in error.faults)
            return
        self.faults.value = ()
        self.source_of.value = RunSource(chosen.path, self.seed_number(), replay=chosen.replay)
        self._take(scenario)

    def _scenario(self, choice: scenario_form.Choice) -> Scenario:
        if choice.replay:
            return scenario_form.read_file(choice.path / "scenario.yaml").scenario
        from sim.load import read

        return read(choice.path, self.own_sets(choice.path))[0].scenario

    def _take(self, scenario: Scenario) -> None:
        self.base.value = scenario
        self.changed.value, self.policies.value = {}, {}
        for main in scenario_form.MAIN:
            self.main[main.name].value = self._own(main)

    def set_input(self, change: dict[str, Any]) -> None:
        """Take a change of an input that is offered; anything else is ignored."""
        key, value = str(change.get("key")), change.get("value")
        try:
            text = self._text(key, value)
        except (KeyError, ValueError, TypeError, OverflowError):
            self.faults.value = (f"{key[:80]}: {str(value)[:40]} is not a value that can be set here.",)
            return
        self.faults.value = ()
        self._put(key, value, text)

    def set_from_text(self, key: str, text: str) -> None:
        """Take a change as "KEY=VALUE" has it; KeyError for a key that is not offered, ValueError for a value of another kind."""
        slider = next((main for main in scenario_form.MAIN if main.key == key), None)
        if slider is not None:
            self.main[slider.name].value = scenario_form.on_slider(slider, float(text))
            return
        value = scenario_form.from_text(self.base.value, key, text)
        self._put(key, value, self._text(key, value))

    def _put(self, key: str, value: Any, text: str | None) -> None:
        rest = {name: setting for name, setting in self.changed.value.items() if name != key}
        self.changed.value = rest if text is None else rest | {key: value}

    def set_policy(self, change: dict[str, Any]) -> None:
        """Switch a policy on or off."""
        self.policies.value = self.policies.value | {str(change.get("key")): bool(change.get("on"))}

    def set_speed(self, rate: Any) -> None:
        """Set the days a second to one of the speeds offered."""
        if rate in {days for days, _, _ in SPEEDS}:
            self.rate.value = int(rate)

    @property
    def glide(self) -> int:
        """The time that columns take from one morning to the next, ms; 0 at speeds that leave none for it."""
        return 0 if self.rate.value >= FAST else round(0.8 * 1000 / self.rate.value)

    def draw_seed(self, _: Any) -> None:
        """Put a new seed in the field."""
        self.seed.value = str(new_seed())

    def sliders(self) -> dict[str, Slider]:
        """Return the six as Mesa's sliders, with their values in the labels. The values outlive the sliders."""
        return {main.name: self._slider(main) for main in scenario_form.MAIN}

    def _slider(self, main: scenario_form.SliderSpec) -> Slider:
        own = self._own(main)
        low, high = min(main.low, own), max(main.high, own)
        current = self.main[main.name]
        slider = Slider(
            scenario_form.slider_label(main, current.value, own),
            own,
            low,
            high,
            scenario_form.fitting_step(main, own),
            float,
        )
        slider.value = current
        return slider
