"""The page of a model of one's own: `show(model)` in a notebook, or in a script as a server."""

from __future__ import annotations

import sys
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import Fault, InputError, unsupported
from sim.pages.history import follow, resume_history
from sim.viewer.server import HERE, WATCHING, fetching_line, listen, prepare, require_watch, serve
from sim.viewer.session import RunSource

if TYPE_CHECKING:
    from sim.model.conflict import ConflictModel
    from sim.pages.history import History


class OwnModel:
    """A model of the caller's own with the mornings that the page shows; all else is asked of the model itself.

    What the caller does with it between two steps of the page is part of the run: days stepped elsewhere are taken up.
    """

    def __init__(self, model: ConflictModel) -> None:
        """Take up the days that the model has behind it."""
        self.model = model
        self.label = model.name or model.simulation.scenario.title
        self.history: History
        self.first: int
        self.history, self.first = resume_history(model.simulation)

    def __getattr__(self, name: str) -> Any:
        """Return what the model has by a name."""
        return getattr(self.model, name)

    def step(self) -> None:
        """Go on by a day, with the model if it stands at the last morning known, else by what it has done meanwhile."""
        if self.model.simulation.day != self.history.day:
            self.history, self.first = resume_history(self.model.simulation)
            return
        self.model.step()
        follow(self.model.simulation, self.history)


def show(model: ConflictModel, port: int = 0, browser: bool = True) -> Any:
    """Open a page that plays a model of one's own; the model takes the steps, and keeps what you have changed in it.

    In a notebook the page is returned, to be shown below the cell. In a script it is served on this computer at an
    address that is printed, until Ctrl-C; then the model stands at the last day simulated.

    Args:
        model: a ConflictModel, also one that has taken steps. If its past can be simulated again, the page shows it from
            the first day, else from its present day on.
        port: port of the server, 0 for any that is free. A notebook needs none.
        browser: whether the server opens a browser.

    Raises:
        InputError: if the libraries of the page are not installed, a port is taken, or a page is being served already.
        TypeError: if the model is not a ConflictModel.

    Example:
        >>> from sim.model import ConflictModel
        >>> from sim.viewer import show
        >>> show(ConflictModel("two_valleys", rng=7))  # doctest: +SKIP
    """
    from sim.model.conflict import ConflictModel

    if not isinstance(model, ConflictModel):
        raise TypeError(f"show takes a ConflictModel, not {type(model).__name__}")
    if line := unsupported("ipyvuetify", "mesa", "solara"):
        raise InputError([Fault("show", None, "", line)])
    require_watch()
    source = RunSource(Path(model.name or "model"), model.simulation.seed, model=model)
    if _in_notebook():
        return _element(source)
    if WATCHING.sources:
        raise InputError([Fault("show", None, "", "a page is being served already; end it first")])
    prepare((source,), seeds=0)
    try:
        with listen(HERE, port) as bound, suppress(KeyboardInterrupt):
            if line := fetching_line():
                print(line, flush=True)
            serve(
                bound,
                HERE,
                lambda address: print(f"SIMULATED. Watch at {address}  (Ctrl-C stops)", flush=True),
                browser,
            )
    finally:
        WATCHING.sources = ()
    return None


def _in_notebook() -> bool:
    """Return whether a notebook or another front end with widgets runs this."""
    shell = sys.modules.get("IPython")
    running = shell.get_ipython() if shell is not None else None
    return getattr(running, "kernel", None) is not None


def _element(source: RunSource) -> Any:
    """Return the page as a widget; in a notebook too it calls nobody, which Solara would by itself."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, module="solara")  # of Mesa's code, for its authors
        import solara
        import solara.server.settings

        from sim.viewer.page import Watch

    solara.checks.should_perform_jupyter_check = lambda: False
    solara.server.settings.telemetry.mixpanel_enable = False
    return Watch((source,))
