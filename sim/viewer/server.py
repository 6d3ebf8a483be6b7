"""The page's server: Solara under uvicorn, on this computer by default, for this page only, behind a guard.

Solara takes its settings from the environment when it is first imported; `prepare` sets them before. Only well-formed requests
that the page itself makes reach Solara: a page elsewhere in the browser can send requests to this computer, but the host name
by which it reached us, or its origin, gives it away. Malformed requests are answered here, so that none makes Solara fail.
"""

from __future__ import annotations

import errno
import importlib.util
import os
import re
import socket
import sys
import threading
import webbrowser
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from sim.errors import Fault, InputError, ends_loop

if TYPE_CHECKING:
    from sim.viewer.session import RunSource

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
LOOPBACK = ("127.0.0.1", "localhost", "::1")
BAD_REQUEST, FORBIDDEN, NOT_FOUND, NOT_ALLOWED, FAILED = 400, 403, 404, 405, 500
REASONS = {
    BAD_REQUEST: b"malformed request",
    FORBIDDEN: b"refused: not a request of this page",
    NOT_FOUND: b"not found",
    NOT_ALLOWED: b"method not allowed",
    FAILED: b"the page failed",
}
LONGEST_PATH, LONGEST_PART, LONGEST_QUERY = 2000, 255, 4000
SHELF = "/_solara/cdn/"
CLOSED_PATHS = ("/resourcez", "/_solara/auth", "/_solara/api/evict")
_HOST = re.compile(r"(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9._-]{1,253}))(?::([0-9]{1,5}))?", re.ASCII)
_KERNEL = re.compile(r"/jupyter/api/kernels/[\w-]{1,80}/channels", re.ASCII)
_CLOSE = re.compile(r"/_solara/api/close/[^/]*")
_FETCHABLE = re.compile(r"(?:[\w@.+-]+/)*[\w@.+-]+", re.ASCII)


class Guard:
    """Lets through well-formed requests of the page itself: no foreign host name or origin, no file that is not here.

    `host`: the address listened on. `offline`: the folder from which files under `SHELF` are served; None if Solara
    fetches them from the network.
    """

    def __init__(self, application: Application, host: str, offline: Path | None) -> None:
        self.application = application
        self.names = LOOPBACK if host in LOOPBACK else None
        self.offline = offline

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 400, 403, 404 or 405, or pass the request on."""
        if scope["type"] not in ("http", "websocket"):
            await self.application(scope, receive, send)
            return
        status = self.refused(scope)
        if status:
            await _refuse(scope, receive, send, status)
            return
        plain = [(name, value) for name, value in scope["headers"] if not name.lower().startswith(b"x-forwarded-")]
        await self._pass_on({**scope, "headers": plain}, receive, send)

    def refused(self, scope: Scope) -> int:
        """Return the status with which a request is refused; 0 if it is let through."""
        return _malformed(scope) or self._foreign(scope) or self._unknown(str(scope["path"])) or _incomplete(scope) or 0

    def _foreign(self, scope: Scope) -> int:
        """Return 403 if the host name is not ours or the origin is another page, 400 for more than one of either."""
        hosts, origins = _values(scope, b"host"), _values(scope, b"origin")
        if len(hosts) > 1 or len(origins) > 1:
            return BAD_REQUEST
        host = hosts[0].lower() if hosts else ""
        parts = _HOST.fullmatch(host)
        if parts is None or int(parts[3] or 0) > 65535:
            return FORBIDDEN
        if self.names is not None and (parts[1] or parts[2]) not in self.names:
            return FORBIDDEN
        own = (f"http://{host}", f"https://{host}")
        return FORBIDDEN if origins and origins[0].lower() not in own else 0

    def _unknown(self, path: str) -> int:
        """Return 404 for paths that are closed, and for files of the shelf that cannot be had."""
        if path.startswith(CLOSED_PATHS):
            return NOT_FOUND
        if not path.startswith(SHELF):
            return 0
        name = path[len(SHELF) :]
        if self.offline is None:
            return 0 if _FETCHABLE.fullmatch(name) and ".." not in name else NOT_FOUND
        try:
            file = (self.offline / name).resolve()
            known = file.is_relative_to(self.offline.resolve()) and file.is_file()
        except (OSError, ValueError, RuntimeError):
            known = False
        return 0 if known else NOT_FOUND

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let Solara answer. If it fails, the answer is 404 for a file that cannot be fetched, else 500, and one line is
        printed in place of a traceback.
        """
        started = failed = False

        async def send_unless_failed(message: Message) -> None:
            nonlocal started, failed
            failed |= not started and message["type"] == "http.response.start" and message["status"] == FAILED
            if not failed:
                started = True
                await send(message)

        try:
            await self.application(scope, receive, send_unless_failed)
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            failed = True
            print(f"page: {ascii(scope['path'])[1:-1][:200]} failed: {reason}", file=sys.stderr, flush=True)
        if failed and not started and scope["type"] == "http":
            await _refuse(scope, receive, send, NOT_FOUND if scope["path"].startswith(SHELF) else FAILED)


def _values(scope: Scope, name: bytes) -> list[str]:
    """Return the values of a header, in the order sent."""
    return [value.decode("latin-1").strip() for key, value in scope["headers"] if key.lower() == name]


def _malformed(scope: Scope) -> int:
    """Return 400 for a path or query that no browser sends: control characters, unpaired bytes, absurd lengths."""
    path, query = str(scope["path"]), bytes(scope.get("query_string", b""))
    if not path.startswith("/") or len(path) > LONGEST_PATH or len(query) > LONGEST_QUERY:
        return BAD_REQUEST
    if not path.isprintable() or "\ufffd" in path or not query.isascii():
        return BAD_REQUEST
    parts = path.replace("\\", "/").split("/")
    if ".." in parts:
        return NOT_FOUND
    return BAD_REQUEST if any(len(part.encode("utf-8", "replace")) > LONGEST_PART for part in parts) else 0


def _incomplete(scope: Scope) -> int:
    """Return the status for a request that Solara would fail on: no session named, or a method it does not have."""
    path, session = str(scope["path"]), parse_qs(bytes(scope.get("query_string", b"")).decode("ascii"))
    if scope["type"] == "websocket":
        return 0 if _KERNEL.fullmatch(path) and session.get("session_id") else FORBIDDEN
    method = str(scope["method"]).upper()
    if _CLOSE.fullmatch(path):
        return NOT_ALLOWED if method != "POST" else 0 if session.get("session_id") else BAD_REQUEST
    return 0 if method in ("GET", "HEAD") else NOT_ALLOWED


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int) -> None:
    """Answer a request without Solara; a websocket is closed before it opens, which browsers see as 403."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(REASONS[status])).encode())]
    if status == NOT_ALLOWED:
        headers.append((b"allow", b"POST" if _CLOSE.fullmatch(str(scope["path"])) else b"GET, HEAD"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else REASONS[status]})


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
    "SOLARA_THEME_LOADER": "plain",
    "SOLARA_THEME_FORCE_REFRESH": "true",  # a page whose server is back loads its address again
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
        message = f"needs {', '.join(missing)}: pip install 'territorial-competition[offline]', or '...[watch]' for a page that fetches its parts"
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
        "For a page without network: pip install 'territorial-competition[offline]'"
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


WORKING = r'<div role="region" aria-label="Progress">\1</div>'
VIEWPORT = "width=device-width, initial-scale=1"
LOST = (
    '<div class="tc-lost" role="alert" v-if="(connectionStatus != \'connected\') && wasConnected"><b>The page has lost its '
    "server.</b> What you see stays as it is. If the server has been stopped, start it again with the same command; the page "
    "then comes back by itself, to this day and town.</div>"
)
LOADER = (
    '<div class="tc-loader" role="status" style="position: fixed; inset: 0; display: flex; flex-direction: column; '
    "align-items: center; justify-content: center; gap: 10px; background: Canvas; color: CanvasText; color-scheme: light dark; "
    'font: 15px Verdana, sans-serif"><b style="font-size: 22px">Simulated conflict</b>'
    "<span>The page is loading; the first time takes some seconds.</span></div>"
)


def own_html(html: str) -> str:
    """Return Solara's page of HTML with a language, free to be zoomed, with our words while it loads and without a server."""
    html = html.replace("<html>", '<html lang="en">', 1)
    html = re.sub(r'(<meta name="viewport" content=")[^"]*', rf"\g<1>{VIEWPORT}", html, count=1)
    html = re.sub(r"<v-progress-(linear|circular)", r'<v-progress-\1 aria-label="The page is working"', html)
    html = re.sub(r"(<v-progress-linear.*?</v-progress-linear>)", WORKING, html, count=1, flags=re.DOTALL)
    html = re.sub(r'<v-overlay style="z-index: 100002;.*?</v-overlay>', LOST, html, count=1, flags=re.DOTALL)
    return re.sub(
        r'(<div v-if="loading" id="loader-container">).*?(\s*</div>\s*<div v-else>)',
        rf"\g<1>{LOADER}\2",
        html,
        count=1,
        flags=re.DOTALL,
    )


def _application() -> Application:
    import warnings

    # Solara warns at each visit that its cookie needs https, which a page on this computer has no use for.
    warnings.filterwarnings("ignore", module=r"solara\.server\..*", category=UserWarning)
    from solara.server import starlette

    from sim.viewer.library_parts import adapt_html

    adapt_html(own_html)
    application: Application = starlette.app
    return application


def _address(bound: socket.socket, host: str) -> str:
    port = bound.getsockname()[1]
    name = "127.0.0.1" if host in ("0.0.0.0", "") else host
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
