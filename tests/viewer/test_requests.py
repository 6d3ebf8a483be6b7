"""Requests that are not the page's own, or malformed, get a status of their own: never 500, never a traceback."""

from __future__ import annotations

import asyncio
import random
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.viewer.support import KAFR_HAMRA, open_with  # isort: skip - before Solara

from sim.viewer.server import Guard, make_server
from sim.viewer.session import RunSource

HERE = "127.0.0.1:8765"
KERNEL = "/jupyter/api/kernels/5e0c/channels"
Header = tuple[str, str | bytes]
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # Solara's, on cookies, which the server leaves out


@pytest.fixture(scope="module")
def guarded() -> Any:
    """The application that uvicorn serves: Solara behind the guard."""
    open_with(RunSource(KAFR_HAMRA, 7))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of libraries that Solara imports
        return make_server("127.0.0.1").config.app


def scope_of(path: str, method: str, headers: tuple[Header, ...], query: bytes, kind: str) -> dict[str, Any]:
    rows = [(name.lower().encode(), v if isinstance(v, bytes) else v.encode("latin-1")) for name, v in headers]
    scope = {"type": kind, "asgi": {"version": "3.0"}, "http_version": "1.1", "path": path, "root_path": ""}
    scope |= {"query_string": query, "headers": rows, "client": ("127.0.0.1", 5), "server": ("127.0.0.1", 8765)}
    scope["raw_path"] = path.encode("utf-8", "surrogatepass")
    return scope | (
        {"scheme": "ws", "subprotocols": []} if kind == "websocket" else {"scheme": "http", "method": method}
    )


def ask(
    guarded: Any,
    path: str = "/",
    *more: Header,
    method: str = "GET",
    host: str | None = HERE,
    query: bytes = b"",
    kind: str = "http",
) -> int:
    """Return the status of the answer to a request; 403 for a websocket that is closed before it opens."""
    headers = (*((("host", host),) if host is not None else ()), *more)
    sent: list[Any] = []
    received = iter([{"type": "websocket.connect"}] if kind == "websocket" else [{"type": "http.request", "body": b""}])

    async def receive() -> Any:
        message = next(received, None)
        if message is None and kind == "http":
            await asyncio.Event().wait()  # the browser waits for its answer
        return message or {"type": "websocket.disconnect", "code": 1001}

    async def send(message: Any) -> None:
        sent.append(message)

    application = guarded(scope_of(path, method, headers, query, kind), receive, send)
    with ThreadPoolExecutor(1) as pool:  # a browser of another file keeps the loop of this thread
        pool.submit(asyncio.run, application).result()
    if kind == "websocket":
        return 403 if sent[0]["type"] == "websocket.close" else 101
    assert [message["type"] for message in sent[:2]] == ["http.response.start", "http.response.body"]
    return int(sent[0]["status"])


def test_the_pages_own_requests_are_answered(guarded: Any) -> None:
    assert ask(guarded) == 200
    assert ask(guarded, method="HEAD") == 200
    assert ask(guarded, "/", ("origin", f"http://{HERE}")) == 200
    assert (
        ask(guarded, host="LocalHost:8765") == ask(guarded, host="[::1]:8765") == ask(guarded, host="localhost") == 200
    )
    assert ask(guarded, "/", ("cookie", b"solara-session-id=\xff\xfe; =; ;;")) == 200
    assert ask(guarded, "/_solara/api/close/5e0c", method="POST", query=b"session_id=5e0d") == 200


def test_a_proxys_headers_say_nothing(guarded: Any) -> None:
    """No proxy stands before the page; Solara would warn on the terminal of names that do not fit."""
    with warnings.catch_warnings(record=True) as usual:
        warnings.simplefilter("always")
        assert ask(guarded) == 200
    with warnings.catch_warnings(record=True) as proxied:
        warnings.simplefilter("always")
        assert ask(guarded, "/", ("x-forwarded-proto", "gopher"), ("x-forwarded-host", "[::1")) == 200
    assert [str(each.message) for each in proxied] == [str(each.message) for each in usual]


@pytest.mark.parametrize(
    "host",
    ["[::1", "[::1]x", "::1", "", None, "evil.example", "127.0.0.1.evil.example", "127.0.0.1:99999", "127.0.0.1:x",
     "127.0.0.1:", "127.0.0.1:-1", "user@127.0.0.1", "127.0.0.1/x", "localhost.", "\xe9\xff", "[::1]:8765:1", "a" * 300,
     "127.0.0.1:\xb9", "local host", "[v1.x]", "[::1%25eth0]", "127.0.0.1#", "127.0.0.1?"],
)  # fmt: skip
def test_a_host_that_is_not_ours_is_refused(guarded: Any, host: str | None) -> None:
    assert ask(guarded, host=host) == 403
    assert ask(guarded, KERNEL, host=host, query=b"session_id=5", kind="websocket") == 403


@pytest.mark.parametrize(
    "origin",
    ["http://[", "null", "", "http://evil.example", f"ftp://{HERE}", f"http://{HERE}@evil.example", "http://[::1", "//", HERE,
     "http://127.0.0.1:1", "http://\xff", f"http://{HERE}/x", f"http://{HERE} http://evil.example"],
)  # fmt: skip
def test_an_origin_that_is_not_ours_is_refused(guarded: Any, origin: str) -> None:
    assert ask(guarded, "/", ("origin", origin)) == 403
    assert ask(guarded, KERNEL, ("origin", origin), query=b"session_id=5", kind="websocket") == 403


def test_two_hosts_or_origins_are_malformed(guarded: Any) -> None:
    assert ask(guarded, "/", ("host", "evil.example")) == 400
    assert ask(guarded, "/", ("origin", f"http://{HERE}"), ("origin", f"http://{HERE}")) == 400


@pytest.mark.parametrize(
    "start", ["/", "/static/", "/static/public/", "/static/assets/", "/_solara/cdn/", "/jupyter/nbextensions/"]
)
@pytest.mark.parametrize(
    ("rest", "status"),
    [("\0", 400), ("a\0b.js", 400), ("\n", 400), ("\x7f", 400), ("\ufffd", 400), ("a" * 300, 400), ("ab/" * 1000, 400),
     ("\u0628" * 200, 400), ("../../etc/passwd", 404), ("x/../../y", 404), ("..\\..\\x", 404), ("%zz", 404), ("none", 404)],
)  # fmt: skip
def test_a_path_that_leads_nowhere_is_refused(guarded: Any, start: str, rest: str, status: int) -> None:
    assert ask(guarded, start + rest) == status


def test_a_path_or_query_out_of_form_is_malformed(guarded: Any) -> None:
    assert ask(guarded, "*") == ask(guarded, "") == ask(guarded, "http://127.0.0.1/") == 400
    assert ask(guarded, query=b"v=\xff") == ask(guarded, query=b"a" * 5000) == 400
    assert ask(guarded, "/_solara/api/close/5e0c", method="POST") == 400


@pytest.mark.parametrize("path", ["/", "/static/main.js", "/_solara/api/close/5e0c", "/none"])
@pytest.mark.parametrize(
    "method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "GET /", "\xff"]
)
def test_a_method_that_the_page_does_not_have_is_not_allowed(guarded: Any, path: str, method: str) -> None:
    assert ask(guarded, path, method=method) == 405


def test_get_and_post_are_not_exchanged(guarded: Any) -> None:
    assert ask(guarded, method="POST") == ask(guarded, "/static/main.js", method="POST") == 405
    assert ask(guarded, "/_solara/api/close/5e0c", query=b"session_id=1") == 405


@pytest.mark.parametrize(
    "path", ["/", "/static/main.js", "/_solara/cdn/x", "/none", "/jupyter/api/kernels/1/other", "/readyz"]
)
def test_a_websocket_elsewhere_than_at_the_kernel_is_refused(guarded: Any, path: str) -> None:
    assert ask(guarded, path, query=b"session_id=5", kind="websocket") == 403


def test_a_websocket_without_its_session_is_refused(guarded: Any) -> None:
    assert ask(guarded, KERNEL, kind="websocket") == ask(guarded, KERNEL, query=b"session_id=", kind="websocket") == 403


def test_malformed_ranges_and_dates_are_no_failure(guarded: Any) -> None:
    odd = (("range", "bytes=x-y"), ("range", "bytes=9-1"), ("if-none-match", '"\xff'), ("if-modified-since", "\xff"))
    for header in (*odd, ("accept-encoding", "\xff"), ("content-length", "-1"), ("cookie", "=" * 4000)):
        assert ask(guarded, "/static/main.js", header) < 500
        assert ask(guarded, "/", header) < 500


def test_random_requests_never_fail(guarded: Any, capsys: pytest.CaptureFixture[str]) -> None:
    draw = random.Random(5)
    signs = [chr(n) for n in (*range(128), 0xE9, 0xFF, 0x628, 0x2028, 0xFFFD, 0x1F600)] + [
        "..",
        "//",
        "%00",
        "static",
        "_solara",
    ]
    for _turn in range(300):
        path = draw.choice(("/", "/static/", "/_solara/cdn/", "/jupyter/", "/_solara/api/close/")) + "".join(
            draw.choices(signs, k=draw.randrange(6))
        )
        bytes_of = bytes(draw.randrange(32, 256) for _ in range(draw.randrange(8)))
        name = draw.choice(("cookie", "range", "origin", "if-none-match", "x-forwarded-proto", "accept"))
        method, kind = draw.choice(("GET", "HEAD", "POST", "FOO")), draw.choice(("http", "http", "websocket"))
        assert ask(guarded, path, (name, bytes_of), method=method, kind=kind, query=bytes_of) < 500, (
            path,
            name,
            bytes_of,
        )
    assert capsys.readouterr().err == ""


def test_a_failure_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def fails(scope: Any, receive: Any, send: Any) -> None:
        raise KeyError("nothing")

    assert ask(Guard(fails, "127.0.0.1", None), "/") == 500
    assert ask(Guard(fails, "127.0.0.1", None), "/_solara/cdn/vue/dist/vue.js") == 404
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert all("KeyError" in line for line in lines)


def test_any_wellformed_host_is_let_through_where_others_may_come(guarded: Any) -> None:
    guard = Guard(guarded.application, "0.0.0.0", None)
    assert ask(guard, host="lab-3.example:8080") == 200
    assert ask(guard, host="[::1") == ask(guard, host="") == ask(guard, host="a b") == 403
    assert ask(guard, "/_solara/cdn/..%2f") == ask(guard, "/_solara/cdn/a/../b") == 404
