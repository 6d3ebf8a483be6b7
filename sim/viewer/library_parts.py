"""Parts of Mesa's and Solara's pages that have no documented interface. Nothing else in the program uses such parts.

SolaraViz puts its cards into the side bar of Solara's layout. Solara's portals carry what is put there; a page of our own
takes it over and picks the part that it wants. Solara's page of HTML, in which everything else is drawn, is made from a
template; `adapt_html` changes its text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Any

from sim.errors import Fault, InputError

VIZ, LAYOUT, SERVER = "mesa.visualization.solara_viz", "solara.components.applayout", "solara.server.server"
MISSING: list[str] = []  # names that the installed versions lack


def _part(module: str, name: str) -> Any:
    """Return a part of a library; None, and its name in `MISSING`, if the installed version lacks it."""
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError):
        MISSING.append(f"{module}.{name}")
        return None


_inputs = _part(VIZ, "ModelCreator")
_read_root = _part(SERVER, "read_root")
_side, _bar, _title = (_part(LAYOUT, name) for name in ("sidebar_portal", "appbar_portal", "apptitle_portal"))
_embed = _part(LAYOUT, "should_use_embed")


def check_parts() -> None:
    """Raise InputError if the installed versions of Mesa and Solara lack a part."""
    if MISSING:
        line = f"installed libraries lack {', '.join(MISSING)}; pip install 'territorial-competition[offline]'"
        raise InputError([Fault("watch", None, "", line)])


def use_sliders() -> Any:
    """Return Mesa's inputs of a model as SolaraViz below puts them into its side bar; None until it has.

    To be called once in the component that has SolaraViz below it. Mesa's own cards of controls and steps stay undrawn.
    """
    _embed.provide(True)
    side = _side.use_portal()
    _bar.use_portal()
    _title.use_portal()
    return next((element for element in _below(side) if element.component is _inputs), None)


def _below(elements: Sequence[Any]) -> Iterator[Any]:
    """Yield elements and those within them."""
    for element in elements:
        yield element
        yield from _below([child for child in element.kwargs.get("children") or () if hasattr(child, "component")])


def adapt_html(change: Callable[[str], str]) -> None:
    """Pass the page of HTML, which Solara's server makes, through a change of ours; a later change replaces an earlier."""

    def changed(*words: Any, **settings: Any) -> Any:
        html = _read_root(*words, **settings)
        return change(html) if isinstance(html, str) else html

    import_module(SERVER).__dict__["read_root"] = changed
