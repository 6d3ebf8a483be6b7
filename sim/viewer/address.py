"""The state of a page in its address: scenario, seed, changed inputs, policies, day and town.

`?scenario=two_valleys&seed=7&set=days%3D60&day=33&town=Saddle+Pass`. An address comes from anybody: only offered scenarios,
inputs and policies are taken, and what is not is reported on the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

import solara

from sim.errors import InputError, did_you_mean
from sim.geography.towns import find_place
from sim.viewer import scenario_form

if TYPE_CHECKING:
    from sim.viewer.cards import Question
    from sim.viewer.controls import Controls
    from sim.viewer.session import Session

NAMES = ("scenario", "seed", "set", "policy", "day", "town", "camera")
FOLLOWS = "follows"  # of the camera: the map travels to the place of each headline
NO_POLICY = "none"
MOST_PARTS, MOST_SHOWN = 200, 60  # parts read; letters of a wrong value that are shown


@solara.component_vue("address.vue")
def Address(query: str = "") -> None:
    """Write a query into the browser's address in place of the one before."""


def query_of(
    session: Session, settings: Sequence[tuple[str, str]], question: Question | None, follows: bool = False
) -> str:
    """Return the query that opens a page at what this one shows; `settings` are those of `settings_of`."""
    if not session.runs:
        return ""
    parts = [*settings, ("day", str(session.day))]
    if question is not None and question.run == 0 and 0 <= question.town < len(session.runs[0].geography.places):
        parts.append(("town", session.runs[0].geography.places[question.town].name))
    if follows:
        parts.append(("camera", FOLLOWS))
    return urlencode(parts)


def settings_of(session: Session, controls: Controls) -> list[tuple[str, str]]:
    """Return what the query says of the runs shown, the same for all their days; what waits for Reset is not in it."""
    if not session.runs or session.own:
        return []
    source, scenario = session.sources[0], session.runs[0].simulation.scenario
    key = scenario_form.key_of_choice(source.path, controls.given)
    parts = [("scenario", key)] if key and not session.pair else []
    if not controls.steerable:
        return parts
    own = controls.own_sets(source.path)
    parts.append(("seed", str(source.seed)))
    parts += [("set", text) for text in source.sets[len(own) :] if not text.startswith("policy=")]
    if any(text.startswith("policy=") for text in source.sets[len(own) :]):
        parts += [("policy", scenario_form.key_of(policy)) for policy in scenario.policy] or [("policy", NO_POLICY)]
    return parts


def open_at(query: str, session: Session, controls: Controls) -> int:
    """Bring a new session to the state that a query holds; return the row of the town asked about, -1 for none.

    What cannot be taken is left out and reported in `controls.faults`.
    """
    parts: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True)[:MOST_PARTS]:
        parts.setdefault(name, []).append(value)
    faults = [
        f"Address: {name[:MOST_SHOWN]!r} is not known; it may hold {', '.join(NAMES)}."
        for name in parts
        if name not in NAMES
    ]
    if not session.own:
        faults += _set_up(parts, controls)
        if controls.wanted() != session.sources:
            session.reset()
            session.said = ""
    for text in parts.get("camera", [])[-1:]:
        controls.follow.value = text == FOLLOWS
        if text != FOLLOWS:
            faults.append(f"Address: camera {text[:MOST_SHOWN]!r} is not known; it may be {FOLLOWS!r}.")
    _go(parts.get("day", [""])[-1], session, faults)
    town = _town(parts.get("town", [""])[-1], session, faults)
    controls.faults.value = tuple(faults)
    return town


def _set_up(parts: dict[str, list[str]], controls: Controls) -> list[str]:
    """Put scenario, seed, inputs and policies of an address into the controls; return the faults."""
    faults = []
    for key in parts.get("scenario", [])[-1:]:
        controls.choose(key)
        if controls.key_chosen() != key:
            known = [choice.key for choice in scenario_form.choices(controls.given)]
            faults.append(f"Address: scenario {key[:MOST_SHOWN]!r} is not offered here{did_you_mean(key, known)}")
    if not controls.steerable:
        left_out = [name for name in ("seed", "set", "policy") if name in parts]
        return [*faults, *(f"Address: {name} is left out; a finished run is shown as it was." for name in left_out)]
    for text in parts.get("seed", [])[-1:]:
        before = controls.seed.value
        controls.seed.value = text[:40]
        if fault := controls.seed_fault():
            faults.append(f"Address: seed {text[:MOST_SHOWN]!r}. {fault}")
            controls.seed.value = before
    for text in parts.get("set", []):
        key, _, value = text.partition("=")
        try:
            controls.set_from_text(key, value)
        except (KeyError, ValueError, TypeError, OverflowError, InputError):
            faults.append(f"Address: set {text[:MOST_SHOWN]!r} is no input and value that can be set here.")
    return faults + _switch(parts.get("policy", []), controls)


def _switch(keys: list[str], controls: Controls) -> list[str]:
    """Switch on the policies of an address and all others off; return the faults."""
    if not keys:
        return []
    offers = [offer.key for offer in scenario_form.offers(controls.base.value)]
    controls.policies.value = {key: key in keys for key in offers}
    unknown = [key for key in keys if key not in offers and key != NO_POLICY]
    return [f"Address: policy {key[:MOST_SHOWN]!r} is not offered here." for key in unknown]


def _go(text: str, session: Session, faults: list[str]) -> None:
    """Simulate up to the day of an address, and show it."""
    if not text:
        return
    if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text) <= session.days):
        faults.append(f"Address: day {text[:MOST_SHOWN]!r} is no day of this run; 0 to {session.days}.")
        return
    while session.day < int(text):
        session.advance()
    session.go(int(text))


def _town(text: str, session: Session, faults: list[str]) -> int:
    """Return the row of the town of an address, -1 if there is none."""
    if not text:
        return -1
    try:
        return find_place(session.runs[0].geography, text)
    except KeyError as error:
        faults.append(f"Address: {str(error.args[0])[:200]}")
        return -1
