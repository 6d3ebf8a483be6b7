"""SVG text: symbols, and the legend of the map."""

from __future__ import annotations

from functools import lru_cache
from html import escape as _escape
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from PIL import ImageFont

from sim.plots.map.geometry import CLASS_RADII, stripes
from sim.plots.map.layers import LAND, ROAD_LOOK
from sim.plots.map.legend import count_text, example_sides
from sim.plots.map.state import CLASH_DAYS, MapState
from sim.plots.style import (
    BURST,
    CONTESTED,
    EVIDENCE_INK,
    INK,
    NEUTRAL,
    PAPER,
    QUIET,
    ZONE_INK,
    burst,
    evidence_line,
    half,
    outline,
    pale,
    pennant,
)
from sim.text import day_text

if TYPE_CHECKING:
    from matplotlib.path import Path as Shape

    from sim.plots.style import FactionStyles
    from sim.viewer.history import Snapshot
    from sim.viewer.map_svg import MapDrawing

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
    """Return the text, shortened with an ellipsis if it is wider than `room` px."""
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


PX = 1.25  # px a point of the printed maps
ROW, HEAD, FONT_SIZE, TEXT_AT = 20.0, 26.0, 11.5, 34.0
COLUMN = 224.0  # px, the least width of a column
WEAK_INK = "#9A958C"
COLUMNS = (((0, 1, 2, 3),), ((0, 1), (2, 3)), ((0,), (2,), (3, 1)), ((0,), (1,), (2,), (3,)))
Row = tuple[str, str, str]  # symbol round the origin, words, note at the right


def legend(drawing: MapDrawing, snapshot: Snapshot, width: float, compared: bool = False) -> str:
    """Return the legend as an <svg> of a width in px; `compared`: towns held otherwise beside are ringed."""
    body, height = legend_body(drawing, snapshot, width, compared)
    return canvas(width, height, body, "Legend")


def legend_body(drawing: MapDrawing, snapshot: Snapshot, width: float, compared: bool) -> tuple[str, float]:
    """Return the legend's elements and its height in px."""
    sections = [
        _held(drawing, snapshot.map),
        _population(drawing),
        _signs(drawing, compared),
        _lines(drawing, snapshot),
    ]
    columns = COLUMNS[min(max(int(width // COLUMN), 1), len(COLUMNS)) - 1]
    room, parts, lowest = width / len(columns), [], 0.0
    for i, column in enumerate(columns):
        y = 0.0
        for section in column:
            title, rows = sections[section]
            y += HEAD
            parts.append(words(i * room + 2, y - 9, title, 12.5, 'font-weight="bold"'))
            for row in rows:
                parts.append(_row(i * room, y, room - 14, row))
                y += ROW
        lowest = max(lowest, y)
    return "".join(parts), lowest + 4


def _row(x: float, y: float, room: float, row: Row) -> str:
    symbol, text, note = row
    middle = y + ROW / 2
    taken = text_width(note, FONT_SIZE) + 8 if note else 0
    text = fitted(text, FONT_SIZE, room - TEXT_AT - taken)
    label = words(x + TEXT_AT, middle + 4, text, FONT_SIZE)
    if note:
        label += words(x + min(room, 205), middle + 4, note, FONT_SIZE, f'text-anchor="end" fill="{QUIET}"')
    return f'<g transform="translate({number(x + 15)} {number(middle)})">{symbol}</g>{label}'


def _held(drawing: MapDrawing, state: MapState) -> tuple[str, list[Row]]:
    look, count, rows = drawing.look, state.count, []
    visible_codes = [code for code in look.codes if count.get(code) or drawing.before.get(code)]
    for code in [*visible_codes, CONTESTED, NEUTRAL]:
        sides = (code,) if code in look.codes else example_sides(state, code, visible_codes)
        name = {CONTESTED: "contested", NEUTRAL: "neutral"}.get(code) or look.names[code]
        rows.append((town_symbol(look, sides, 6.1), name, count_text(code, count, drawing.before)))
    return "Towns held (since the start)", rows


def town_symbol(look: FactionStyles, sides: tuple[str, ...], radius: float) -> str:
    """Return a town's symbol round the origin, needing no other element."""
    if not sides:
        return f'<circle r="{number(radius)}" fill="{PAPER}" stroke="{INK}" stroke-width="1.2"/>'
    if len(sides) == 1:
        return _shape(unit_path(look.shape(sides[0])), radius, look.colour(sides[0]))
    return "".join(
        _shape(unit_path(half(look.shapes.get(code, "circle"), right)), 1.2 * radius, look.colour(code))
        for code, right in zip(sides, (False, True), strict=True)
    )


def _shape(data: str, size: float, fill: str, stroke: str = PAPER, more: str = "") -> str:
    return (
        f'<path d="{data}" transform="scale({number(size)})" fill="{fill}" stroke="{stroke}" stroke-width="1" '
        f'vector-effect="non-scaling-stroke"{more}/>'
    )


def _population(drawing: MapDrawing) -> tuple[str, list[Row]]:
    circle, rows = unit_path(outline("circle")), []
    for text, radius in zip(("under 5,000", "5,000 to 25,000", "over 25,000"), CLASS_RADII, strict=True):
        rows.append((_shape(circle, radius * PX * drawing.larger, QUIET), text, ""))
    return "Population", rows


def _signs(drawing: MapDrawing, compared: bool) -> tuple[str, list[Row]]:
    dot = _shape(unit_path(outline("circle")), 4.5, QUIET)
    rows = [(dot + ring(8.2, INK), "holder changed since start", "")]
    if compared:
        rows.append((dot + ring(8.2, EVIDENCE_INK), "held otherwise in the other", ""))
    rows.append((_shape(unit_path(burst()), 9.6, BURST, INK) + dot, f"fighting, last {CLASH_DAYS} days", ""))
    flag = _shape(unit_path(pennant()), 6.5, QUIET, INK)
    rows.append((f'<g transform="translate(-5 7)">{flag}</g>', "base in another's town", ""))
    arrow = f'<path d="M-13 0H6" stroke="{QUIET}" stroke-width="2.4"/><path d="{DART}" transform="translate(7 0) scale(5.5)" fill="{QUIET}"/>'
    rows.append((arrow, "force on the move", ""))
    bars = "".join(
        f'<path d="M{x - bar_length(n) / 2:.1f} -1.5h{bar_length(n):.1f}v3h-{bar_length(n):.1f}z" fill="{QUIET}"/>'
        for x, n in ((-9, 100), (6, 1000))
    )
    rows.append((bars, "100, 1,000 fighters (zoom in)", ""))
    if drawing.ground.weak.any():
        rows.append((_swatch(), "start holder weakly sourced", ""))
    return "Signs", rows


def bar_length(fighters: int) -> float:
    """Return the px of the bar that stands for fighters in a town."""
    return min(26.0, max(1.5, 0.38 * fighters**0.5))


DART = "M1.3 0L-.9 .85L-.45 0L-.9 -.85Z"

"""A force on the move, heading east, round the origin."""


def _swatch() -> str:
    corners: np.ndarray = np.array([(-12, -6), (12, -6), (12, 6), (-12, 6)], float)
    lines = path_of([line * (1, -1) for line in stripes(corners, 4.0)])
    return (
        f'<rect x="-12" y="-6" width="24" height="12" fill="#EFEDE8" stroke="{WEAK_INK}" stroke-width=".7"/>'
        f'<path d="{lines}" stroke="{WEAK_INK}" stroke-width=".7"/>'
    )


def _lines(drawing: MapDrawing, snapshot: Snapshot) -> tuple[str, list[Row]]:
    ground, rows = drawing.ground, []
    for present, text, (colour, width) in zip(
        (ground.motorways, ground.main_roads, ground.links),
        ("motorway", "main road", "other link"),
        ROAD_LOOK,
        strict=True,
    ):
        if present:
            rows.append((_stroke(colour, width * PX), text, ""))
    if drawing.contact(snapshot):
        rows.append((_stroke(INK, 2.1), "line of contact", ""))
    if ground.zone:
        rows.append((_stroke(ZONE_INK, 1.7, ' stroke-dasharray="6.5 3.2"'), ground.zone_name, ""))
    return "Lines", rows


def _stroke(colour: str, width: float, more: str = "") -> str:
    return f'<path d="M-13 0H13" fill="none" stroke="{colour}" stroke-width="{number(width)}"{more}/>'


def ring(radius: float, colour: str, more: str = "") -> str:
    """Return a ring round the origin on a white casing."""
    size = number(radius)
    return (
        f'<circle r="{size}" fill="none" stroke="{PAPER}" stroke-width="3.6"/>'
        f'<circle r="{size}" fill="none" stroke="{colour}" stroke-width="1.9"{more}/>'
    )


# The picture to take away -------------------------------------------------------------------------------------------


def still(drawing: MapDrawing, snapshot: Snapshot, stamp_text: str, signs: str, compared: bool) -> str:
    """Return one standalone SVG: title, map with names, legend, credits and the SIMULATED stamp.

    `signs` are the frame's groups, between which the base's come.
    """
    wide, high = drawing.size
    beside = COLUMN + 16
    width, top = wide + beside + 36, 62.0
    rows, tall = legend_body(drawing, snapshot, COLUMN, compared)
    credit = wrap(f"Map: {drawing.ground.geography.credits}", 38) if drawing.ground.geography.credits else []
    height = top + max(high, tall + 30 + 13 * len(credit)) + 40
    title = f"Who holds what, {day_text(snapshot.date)}"
    about = drawing.scenario.title + f" · day {snapshot.day} of {drawing.scenario.days}"
    cells, over = signs.split('</g><g class="signs">', 1)
    parts = [
        f'<rect width="100%" height="100%" fill="{PAPER}"/>',
        words(12, 28, fitted(title, 20, width - 24, bold=True), 20, 'font-weight="bold"'),
        words(12, 49, fitted(about, 12, width - 24), 12, f'fill="{QUIET}"'),
        f'<svg x="12" y="{top}" width="{number(wide)}" height="{number(high)}" viewBox="0 0 {number(wide)} {number(high)}">'
        f'<rect width="100%" height="100%" fill="{LAND}"/><defs>{drawing.shapes}</defs>{cells}</g>{drawing.under}'
        f'<g class="signs">{over}{drawing.name_set(1.0)}{_scale_bar(drawing)}</svg>',
        f'<rect x="12" y="{top}" width="{number(wide)}" height="{number(high)}" fill="none" stroke="{QUIET}"/>',
        f'<g transform="translate({number(wide + 32)} {top - 8})">{rows}</g>',
    ]
    last = height - 40 - 13 * len(credit)
    parts += [words(wide + 32, last + 13 * (i + 1), line, 9.5, f'fill="{QUIET}"') for i, line in enumerate(credit)]
    parts.append(_stamp(drawing, stamp_text, width, height - 12))
    title_text = escape(f"{stamp_text} · {evidence_line(drawing.scenario)}")
    return canvas(width, height, f"<title>{title_text}</title>" + "".join(parts))


def _stamp(drawing: MapDrawing, text: str, width: float, y: float) -> str:
    evidence = evidence_line(drawing.scenario)
    bold, rest = (
        ("SIMULATED", text[len("SIMULATED") :]) if text.startswith("SIMULATED") else ("SIMULATED", f" · {text}")
    )
    taken = text_width(bold, 11, bold=True) + text_width(rest, 11) + text_width(evidence, 11) + 24
    size = 11 * min(1.0, (width - 24) / taken)
    return (
        f'<text x="12" y="{number(y)}" font-size="{size:.1f}"><tspan font-weight="bold" fill="{EVIDENCE_INK}">{bold}</tspan>'
        f"{escape(rest)}</text>" + words(width - 12, y, evidence, size, f'text-anchor="end" fill="{EVIDENCE_INK}"')
    )


def _scale_bar(drawing: MapDrawing) -> str:
    """Return a scale bar and a north arrow in the corner that is farthest from any town."""
    wide, high = drawing.size
    km = max([step for step in (1, 2, 5, 10, 20, 50, 100) if step * drawing.unit <= 130] or [1])
    length = km * drawing.unit
    room = np.array([length + 60, 40.0])
    corners = [np.array([x, y]) for y in (14.0, high - 54) for x in (14.0, wide - room[0] - 14)]
    x, y = max(corners, key=lambda corner: float(np.hypot(*(drawing.at - corner - room / 2).T).min()))
    middle = f"{number(x + length / 2)}"
    return (
        f'<g><rect x="{number(x)}" y="{number(y + 28)}" width="{number(length)}" height="6" fill="{PAPER}" stroke="{INK}"/>'
        f'<rect x="{number(x)}" y="{number(y + 28)}" width="{number(length / 2)}" height="6" fill="{INK}"/>'
        f'<text x="{middle}" y="{number(y + 22)}" font-size="11" text-anchor="middle">{km} km</text>'
        f'<g transform="translate({number(x + length + 24)} {number(y + 4)})"><path d="M0 12L4.5 30L0 26L-4.5 30Z" '
        f'fill="{INK}"/><text y="9" font-size="11" font-weight="bold" text-anchor="middle">N</text></g></g>'
    )
