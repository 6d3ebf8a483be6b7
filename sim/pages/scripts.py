"""The scripts and styles that pages carry: ours in `js` and `css`, and d3 out of the installed package `mpld3`.

Pages without a server hold them in their text; the live page and notebooks run them once. D3 (BSD licence) brings zooming by
wheel and touch, scales, axes and shapes.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

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
