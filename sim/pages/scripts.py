"""What pages carry: scripts and styles (ours in `js` and `css`, d3 out of the installed package `mpld3`), documents, pictures.

Pages without a server hold them in their text; the live page and notebooks run them once. D3 (BSD licence) brings zooming by
wheel and touch, scales, axes and shapes.
"""

from __future__ import annotations

import base64
import gzip
import json
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

D3 = ("mpld3", "js", "d3.v5.min.js")  # package, folder, file


@cache
def script(*names: str) -> str:
    """Return d3, what our scripts share, and our scripts by name, as one text that can be run anywhere, also beside a module loader.

    >>> script("map").startswith("(function")
    True
    """
    package, folder, file = D3
    parts = [files(package).joinpath(folder, file).read_text(encoding="utf-8")]
    parts += [_text("js", f"{name}.js") for name in ("common", *names)]
    # without the names by which loaders are recognised, d3 gives itself to the window
    return "(function (define, module, exports) {\n" + "\n".join(parts) + "\n}).call(window);\n"


@cache
def style(*names: str) -> str:
    """Return our styles by name as one text."""
    return "\n".join(_text("css", f"{name}.css") for name in names)


def opener() -> str:
    """Return the script of a page that carries its code and its data packed: it opens them, or says why it cannot."""
    return _text("js", "open.js")


def _text(folder: str, file: str) -> str:
    return files("sim.pages").joinpath(folder, file).read_text(encoding="utf-8")


def pack_text(text: str) -> str:
    """Return text compressed by gzip and written in base64; the same text always gives the same."""
    return base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode("ascii")


def pack_document(document: dict[str, Any]) -> str:
    """Return a document as a page carries it."""
    return pack_text(json.dumps(document, ensure_ascii=False, separators=(",", ":")))


def unpack_document(packed: str) -> dict[str, Any]:
    """Return the document that was packed."""
    document: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(packed)))
    return document


def environment() -> Environment:
    """Return the template environment: everything from a scenario is escaped, an unknown name is an error."""
    return Environment(
        loader=PackageLoader("sim.pages", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def live_parts(document: str, *scripts: str) -> dict[str, str]:
    """Return what a page carries to come alive with map, charts and scripts of ours: a packed document, code, styles, opener."""
    return {
        "data": document,
        "code": pack_text(script("map", "charts", *scripts)),
        "style": style("map", "charts", "player"),
        "opener": opener(),
    }


def data_uri(picture: bytes) -> str:
    """Return a picture, PNG or WebP, to put into the page."""
    kind = "webp" if picture.startswith(b"RIFF") else "png"
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode('ascii')}"
