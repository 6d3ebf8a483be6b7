"""Small helpers to write SVG as text: escaping, numbers, paths, and the width of words.

Words are measured in DejaVu Sans, which comes with matplotlib; a `textLength` makes other fonts take the same room.
"""

from __future__ import annotations

from functools import lru_cache
from html import escape as _escape
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from PIL import ImageFont

from sim.plots.style import pale

if TYPE_CHECKING:
    from matplotlib.path import Path as Shape

FONT = "'DejaVu Sans', Verdana, 'Bitstream Vera Sans', Geneva, sans-serif"
NAMESPACE = "http://www.w3.org/2000/svg"
_CONTROL = dict.fromkeys(i for i in range(32) if i not in (9, 10, 13))


def escape(text: str) -> str:
    """Return text safe inside an element or a quoted attribute; what XML forbids is left out."""
    return _escape(text.translate(_CONTROL), quote=True)


pale_of = lru_cache(maxsize=128)(pale)
"""The colour mixed with white, as `sim.plots.style.pale` gives it."""


def number(value: float) -> str:
    """Return a length with at most one decimal: "12.5", "12"."""
    text = f"{value:.1f}"
    return text[:-2] if text.endswith(".0") else text


def path_of(lines: list[np.ndarray], closed: bool = False, decimals: int = 1) -> str:
    """Return the path data of polylines [n, 2]; each is closed if asked."""
    parts = []
    for line in lines:
        points = [f"{x:.{decimals}f} {y:.{decimals}f}".replace(".0 ", " ") for x, y in line.tolist()]
        parts.append("M" + "L".join(points) + ("Z" if closed else ""))
    return "".join(parts)


@lru_cache(maxsize=64)
def unit_path(shape: Shape) -> str:
    """Return the path data of a printed shape, its y axis turned over."""
    return path_of([np.asarray(shape.vertices)[:-1] * (1, -1)], closed=True, decimals=2)


@lru_cache(maxsize=2)
def _font(bold: bool) -> ImageFont.FreeTypeFont:
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name), 64)


@lru_cache(maxsize=8192)
def text_width(text: str, size: float, bold: bool = False) -> float:
    """Return the width of a line of text in px at a font size in px."""
    return float(_font(bold).getlength(text)) * size / 64


@lru_cache(maxsize=8192)
def fitted(text: str, size: float, room: float, bold: bool = False) -> str:
    """Return the text, shortened with an ellipsis where it is wider than `room` px."""
    if text_width(text, size, bold) <= room:
        return text
    keep = next((n for n in range(len(text) - 1, 0, -1) if text_width(text[:n] + "…", size, bold) <= room), 0)
    return text[:keep].rstrip() + "…"


def words(x: float, y: float, text: str, size: float = 11, more: str = "") -> str:
    """Return a text element with its baseline at (x, y); `more` are further attributes."""
    return f'<text x="{number(x)}" y="{number(y)}" font-size="{number(size)}"{" " + more if more else ""}>{escape(text)}</text>'


def canvas(width: float, height: float, content: str, title: str = "", more: str = "") -> str:
    """Return a whole <svg> of a size in px; `title` says what it shows to those who cannot see it."""
    name = f' role="img" aria-label="{escape(title)}"' if title else ""
    return (
        f'<svg xmlns="{NAMESPACE}" viewBox="0 0 {number(width)} {number(height)}" width="{number(width)}" '
        f'height="{number(height)}" font-family="{FONT}" fill="#1F2328"{name}{" " + more if more else ""}>{content}</svg>'
    )
