"""The page's server: Solara under uvicorn, on this computer by default, for this page only.

Solara takes its settings from the environment when it is first imported; `prepare` sets them before.
"""

from __future__ import annotations

import errno
import importlib.util
import os
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import Fault, InputError
from sim.signals import ends_loop
from sim.viewer.guard import Application, Guard

if TYPE_CHECKING:
    from sim.viewer.session import RunSource

PORT = 8765
HERE = "127.0.0.1"
PAGE = "sim.viewer.page"
FETCHED = "https://cdn.jsdelivr.net/npm"
SETTINGS = {
    "SOLARA_APP": PAGE,
    "SOLARA_MODE": "production",
    "SOLARA_TELEMETRY_MIXPANEL_ENABLE": "false",  # nothing about the session leaves this computer
    "SOLARA_THEME_SHOW_BANNER": "false",
    "SOLARA_THEME_VARIANT": "light",
    "SOLARA_THEME_TITLE": "Simulated conflict",
    "SOLARA_KERNEL_CULL_TIMEOUT": "10m",  # a tab that vanished without a word, or whose computer sleeps
    "SOLARA_KERNEL_MAX_PER_SESSION": "50",
    "SOLARA_ASSETS_PROXY": "true",
    "SOLARA_CHECK_HOOKS": "off",  # Mesa 3.3 has a component that this complains of
}


@dataclass
class Watching:
    """What the page opens with: one source, or two on one seed; `given` are files of the command line."""

    sources: tuple[RunSource, ...] = ()
    given: tuple[Path, ...] = ()
    seeds: int = 200  # runs behind the curve of towns held; 0 none


WATCHING = Watching()


def prepare(sources: tuple[RunSource, ...], seeds: int = 200) -> None:
    """Say what the page opens with and make Solara's settings, before Solara is imported."""
    WATCHING.sources, WATCHING.seeds = sources, seeds
    WATCHING.given = tuple(source.path for source in sources)
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)


def require_watch() -> None:
    """Raise InputError if the page's libraries are not installed."""
    missing = [name for name in ("solara", "uvicorn", "ipyvuetify", "altair") if importlib.util.find_spec(name) is None]
    if missing:
        message = (
            f"needs {', '.join(missing)}: pip install '.[offline]', or '.[watch]' for a page that fetches its parts"
        )
        raise InputError([Fault("watch", None, "", message)])


def offline_folder() -> Path | None:
    """Return the folder with the page's scripts, fonts and styles; None if the extra `offline` is not installed."""
    folder = Path(sys.prefix) / "share" / "solara" / "cdn"
    return folder if next(folder.glob("@widgetti/solara-vuetify-app@*/dist/*.min.js"), None) is not None else None


def fetching_line() -> str:
    """Say what the server will fetch from the network; empty with the extra `offline`."""
    if offline_folder() is not None:
        return ""
    return (
        f"The extra `offline` is not installed: the page will fetch its scripts, fonts and styles (Vuetify, RequireJS, "
        f"icons) from {FETCHED} once and keep them. Nothing about the simulation is sent. "
        "For a page without network: pip install '.[offline]'"
    )


def listen(host: str, port: int) -> socket.socket:
    """Return a socket bound to the address; InputError if it is in use or not an address of this computer. Port 0: any free."""
    if not host:  # for a socket, that is every address of this computer
        raise InputError([Fault("--host", None, "", "'' is no address; 0.0.0.0 stands for all of this computer")])
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(128)
    except (OSError, OverflowError) as error:
        bound.close()
        raise InputError([_bind_fault(host, port, error)]) from None
    return bound


def _bind_fault(host: str, port: int, error: Exception) -> Fault:
    number = getattr(error, "errno", None)
    if number == errno.EADDRINUSE:
        return Fault(
            "--port", None, "", f"{port} is taken by another program; choose another, or 0 for any that is free"
        )
    if number == errno.EACCES:
        return Fault("--port", None, "", f"{port} is reserved for the system; choose one above 1023")
    return Fault("--host", None, "", f"cannot listen on {host}: {getattr(error, 'strerror', None) or error}")


def serve(bound: socket.socket, host: str, opened: Callable[[str], None], browser: bool = True) -> None:
    """Serve the page until a signal stops it; `opened` is called with its address once it answers.

    `prepare` comes first.
    """
    from sim.viewer.ensemble import BANDS

    address, server = _address(bound, host), make_server(host)

    def announce() -> None:
        opened(address)
        if browser:
            webbrowser.open(address)

    waiting = threading.Thread(target=_once_started, args=(server, announce), daemon=True)
    waiting.start()
    try:
        with ends_loop(partial(setattr, server, "should_exit", True)):
            server.run(sockets=[bound])
    finally:
        BANDS.close()


def make_server(host: str) -> Any:
    """Return uvicorn's server of the page, not yet running; `prepare` comes first."""
    import uvicorn

    guarded = Guard(_application(), host, offline_folder())
    quiet = {"log_level": "warning", "access_log": False, "proxy_headers": False}
    return uvicorn.Server(uvicorn.Config(guarded, timeout_graceful_shutdown=1, **quiet))


def _once_started(server: Any, announce: Callable[[], None]) -> None:
    pause = threading.Event()
    while not server.started and not server.should_exit:
        pause.wait(0.02)
    if server.started:
        announce()


def _application() -> Application:
    import warnings

    # Solara warns at each visit that its cookie needs https, which a page on this computer has no use for.
    warnings.filterwarnings("ignore", module=r"solara\.server\..*", category=UserWarning)
    from solara.server import starlette

    application: Application = starlette.app
    return application


def _address(bound: socket.socket, host: str) -> str:
    port = bound.getsockname()[1]
    name = "127.0.0.1" if host in ("0.0.0.0", "") else host
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
