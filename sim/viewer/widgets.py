"""The page's own elements: what each .vue file takes and reports. Whatever a browser reports is checked by its handler.

Lists go to the browser as JSON text: Solara would search lists and mappings for elements at every frame.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import solara

Handler = Callable[[Any], None]


@solara.component_vue("map_view.vue")
def MapView(base: str = "", frame: str = "", event_pick: Handler | None = None) -> None:
    """A map to zoom and pan: `base` stays, `frame` changes with the day; reports the town clicked."""


@solara.component_vue("clock.vue")
def Clock(
    day: int = 0,
    last: int = 0,
    days: int = 1,
    evidence: int = -1,
    evidence_text: str = "",
    ticks: str = "[]",
    speeds: str = "[]",
    interval: int = 100,
    event_go: Handler | None = None,
    event_set_speed: Handler | None = None,
    event_drawn: Handler | None = None,
) -> None:
    """The line of days: reports the day wanted, the speed wanted, and each day once it is on the screen."""


@solara.component_vue("panel.vue")
def Panel(html: str = "", place: str = "", event_pick: Handler | None = None) -> None:
    """Words and drawings, in the style of a `place`; reports {kind, id} of what is clicked."""


@solara.component_vue("fold.vue")
def Fold(title: str = "", html: str = "", opened: bool = False, event_fold: Handler | None = None) -> None:
    """A title that opens and closes what is below it; reports whether it is to be open."""


@solara.component_vue("filters.vue")
def Filters(
    kinds: str = "[]",
    factions: str = "[]",
    filter: dict[str, str] = {},
    event_set_filter: Handler | None = None,
) -> None:
    """The filters of events; reports {kind, faction, place}."""


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
) -> None:
    """Choice of scenario and seed; says what Reset will apply, what it has applied, and what is wrong."""


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
