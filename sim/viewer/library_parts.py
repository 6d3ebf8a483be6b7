"""Parts of Mesa's and Solara's pages that have no documented interface. Nothing else in the program uses such parts.

Mesa builds its page from components that are names of its module `solara_viz`; `use_components` puts ours in their place. Solara's
portals are the places of its layout that a page may fill; a layout of our own must take over what is put there.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from sim.errors import Fault, InputError

VIZ, COUNTER, LAYOUT = "mesa.visualization.solara_viz", "mesa.visualization.utils", "solara.components.applayout"
MISSING: list[str] = []  # names that the installed versions lack


def _part(module: str, name: str) -> Any:
    """Return a part of a library; None, and its name in `MISSING`, if the installed version lacks it."""
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError):
        MISSING.append(f"{module}.{name}")
        return None


Buttons = _part(VIZ, "ModelController")
_part(VIZ, "ShowSteps")
force_update = _part(COUNTER, "force_update")
update_counter = _part(COUNTER, "update_counter")
_side, _bar, _title = (_part(LAYOUT, name) for name in ("sidebar_portal", "appbar_portal", "apptitle_portal"))
_embed = _part(LAYOUT, "should_use_embed")


def check_parts() -> None:
    """Raise InputError if the installed versions of Mesa and Solara lack a part."""
    if MISSING:
        line = f"installed libraries lack {', '.join(MISSING)}; pip install -c requirements.lock '.[offline]'"
        raise InputError([Fault("watch", None, "", line)])


def use_components(**components: Any) -> None:
    """Replace components of Mesa's page by name; those that it lacks are in `MISSING`."""
    for name, component in components.items():
        setattr(import_module(VIZ), name, component)


def side_bar() -> Any:
    """Return what SolaraViz puts into the side bar, and take over the rest of Solara's layout."""
    _embed.provide(True)
    side = _side.use_portal()
    _bar.use_portal()
    _title.use_portal()
    return side
