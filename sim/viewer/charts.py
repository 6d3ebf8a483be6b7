"""Small charts beside the map as SVG: towns held, agreements, escalation ladder, deaths a week.

Widths and heights are px. The three charts over time share their left and right edges, so that days stand one above
the other; a grey line marks the morning shown, and what was simulated beyond it is pale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

import numpy as np

from sim.pages.svg import canvas, escape, fitted, number, pale_of, text_width, town_symbol, words
from sim.plots.charts import LEVEL_INKS, Pair, level_name, level_spans, spaced, weekly
from sim.plots.style import EVIDENCE_INK, INK, LEVEL_COLOURS, PAPER, QUIET
from sim.text import MONTHS

if TYPE_CHECKING:
    from sim.pages.history import Accord, Snapshot
    from sim.plots.style import FactionStyles

LEFT, RIGHT, TOP, BOTTOM = 34.0, 104.0, 24.0, 20.0  # px
SIZE, GAP = 11.0, 13.0
GRID, BAND_INK = "#E5E5E0", "#5F676E"
MOST_ACCORDS, MOST_PAIRS = 7, 6
CIVILIAN = "#55595E"


class EnsembleCurves(Protocol):
    """What a band of many runs has for the chart of towns held."""

    @property
    def towns(self) -> Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Code -> low, middle and high curve, each [days + 1]."""

    @property
    def runs(self) -> int:
        """Runs in it so far."""

    @property
    def wanted(self) -> int:
        """Runs it will have."""

    def __hash__(self) -> int:
        """Return a hash: curves drawn once are kept."""


class Axis:
    """Days from left to right between the edges that all charts share."""

    def __init__(self, start: date, days: int, width: float) -> None:
        self.start, self.days, self.width = start, max(days, 1), width
        self.right = width - RIGHT
        self.step = (self.right - LEFT) / self.days

    def x(self, day: float) -> float:
        """Return px of a morning."""
        return LEFT + day * self.step

    def ticks(self, top: float, bottom: float) -> str:
        """Return the lines and names of months, or of weeks in short runs."""
        return _ticks(self.start, self.days, self.width, top, bottom)

    def shown(self, day: int, top: float, bottom: float) -> str:
        """Return the mark of the morning shown."""
        x = number(self.x(day))
        return f'<path d="M{x} {number(top)}V{number(bottom)}" stroke="{INK}" stroke-width="1.2" stroke-opacity=".55"/>'

    def evidence(self, last: date | None, top: float, bottom: float) -> str:
        """Return the red line where the evidence ends; empty if it does not in the run."""
        day = (last - self.start).days + 1 if last else -1
        if not 0 <= day <= self.days:
            return ""
        return (
            f'<path d="M{number(self.x(day))} {number(top)}V{number(bottom)}" stroke="{EVIDENCE_INK}" stroke-width="1.2" '
            f'stroke-dasharray="4 2"><title>the evidence ends here</title></path>'
        )


@lru_cache(maxsize=64)
def _ticks(start: date, days: int, width: float, top: float, bottom: float) -> str:
    axis, parts, free = Axis(start, days, width), [], 0.0
    for day in range(days + 1):
        when = start + timedelta(days=day)
        if (days > 60 and when.day != 1) or (days <= 60 and day % 7):
            continue
        x = axis.x(day)
        text = MONTHS[when.month - 1] if days > 60 else f"{when.day} {MONTHS[when.month - 1]}"
        text += f" {when.year}" if days > 60 and when.month == 1 else ""
        parts.append(f'<path d="M{number(x)} {number(top)}V{number(bottom + 3)}" stroke="{GRID}"/>')
        half = text_width(text, SIZE) / 2
        if x - half >= free and x + half <= axis.right + 40:
            parts.append(words(x, bottom + 14, text, SIZE, f'text-anchor="middle" fill="{QUIET}"'))
            free = x + half + 8
    return "".join(parts)


def _title(text: str, note: str, width: float) -> str:
    title = words(0, 12, text, 12, 'font-weight="bold"')
    room = width - text_width(text, 12, bold=True) - 16
    return title + (
        words(width, 12, fitted(note, SIZE, room), SIZE, f'text-anchor="end" fill="{QUIET}"') if note else ""
    )


def _levels_of(top: float) -> list[int]:
    """Return two to four round values from 0 to at most `top`."""
    for step in (1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000):
        if top / step <= 3.99:
            return [k * step for k in range(int(top // step) + 1)]
    return [0, int(top)]


def towns_by_morning(snapshots: Sequence[Snapshot], codes: Sequence[str]) -> dict[str, list[int]]:
    """Return the towns held each morning by code, as in `sim.plots.charts.Course`; of those that ever held one."""
    held = {code: [snapshot.towns_held.get(code, 0) for snapshot in snapshots] for code in codes}
    return {code: values for code, values in held.items() if any(values)}


def levels_by_morning(snapshots: Sequence[Snapshot]) -> dict[Pair, list[int]]:
    """Return the escalation levels each morning by pair, as in `Course`."""
    return {pair: [snapshot.levels.get(pair, 0) for snapshot in snapshots] for pair in snapshots[0].levels}


def deaths_by_morning(snapshots: Sequence[Snapshot]) -> dict[Pair, list[int]]:
    """Return the deaths of the day before each morning by pair, as in `Course`."""
    deaths: dict[Pair, list[int]] = {}
    for row, snapshot in enumerate(snapshots):
        for pair, dead in snapshot.deaths_between.items():
            deaths.setdefault(pair, [0] * len(snapshots))[row] = dead
    return deaths


# Towns held ---------------------------------------------------------------------------------------------------------


def towns_chart(
    look: FactionStyles,
    snapshots: Sequence[Snapshot],
    until: int,
    days: int,
    band: EnsembleCurves | None,
    width: int = 380,
    height: int = 210,
    evidence: date | None = None,
) -> str:
    """Return the towns that each faction holds over time, on the grey band of many seeds.

    until: the morning shown; days: of the scenario; evidence: the last day with evidence.
    """
    axis = Axis(snapshots[0].date, days, width)
    held = towns_by_morning(snapshots, look.codes)
    tops = [float(np.max(high)) for _low, _middle, high in band.towns.values()] if band is not None else []
    most = max([max(values) for values in held.values()] + tops + [1.0])
    low, high = height - BOTTOM, TOP + 2
    unit = (low - high) / (most * 1.04)
    parts = [_title("Towns held", _runs_text(band), width)]
    parts += [_level_line(value, low - value * unit, axis) for value in _levels_of(most)]
    parts.append(axis.ticks(high, low))
    if band is not None:
        parts.append(_bands(band, tuple(look.codes), axis.start, days, width, low, unit))
    ends = []
    until = min(until, len(snapshots) - 1)
    for code, values in held.items():
        colour = look.colour(code)
        parts.append(_steps(values[: until + 1], 0, axis, low, unit, colour, ""))
        parts.append(_steps(values[until:], until, axis, low, unit, colour, ' stroke-opacity=".35"'))
        ends.append((low - values[until] * unit, code, values[until]))
    parts += [axis.evidence(evidence, high, low), axis.shown(until, high, low)]
    for y, code, _value in ends if axis.right - axis.x(until) > 20 else ():
        parts.append(f'<g transform="translate({number(axis.x(until))} {number(y)})">{_mark(look, code)}</g>')
    parts += _end_names(ends, look, axis, low)
    return canvas(width, height, "".join(parts), "Towns held over time")


def _runs_text(band: EnsembleCurves | None) -> str:
    if band is None:
        return ""
    count = f"{band.runs}" if band.runs >= band.wanted else f"{band.runs} of {band.wanted}"
    return f"grey: 5 to 95 % of {count} seeds"


@lru_cache(maxsize=32)
def _bands(
    band: EnsembleCurves, codes: tuple[str, ...], start: date, days: int, width: float, low: float, unit: float
) -> str:
    axis, fills, lines = Axis(start, days, width), [], []
    for code in codes:
        curves = band.towns.get(code)
        if curves is None or not np.max(curves[2]):
            continue
        under, middle, over = ([(axis.x(d), low - v * unit) for d, v in _corners(curve.tolist())] for curve in curves)
        outline = "L".join(f"{x:.1f} {y:.1f}" for x, y in [*over, *reversed(under)])
        fills.append(f'<path d="M{outline}Z" fill="{BAND_INK}" fill-opacity=".22"/>')
        data = "L".join(f"{x:.1f} {y:.1f}" for x, y in middle)
        lines.append(f'<path d="M{data}" fill="none" stroke="{BAND_INK}" stroke-width="1" stroke-dasharray="2 2"/>')
    return "".join(fills + lines)


def _corners(values: list[float]) -> list[tuple[int, float]]:
    """Return (day, value) where a curve bends."""
    last = len(values) - 1
    return [
        (day, value)
        for day, value in enumerate(values)
        if day in (0, last) or value != values[day - 1] or value != values[day + 1]
    ]


def _level_line(value: int, y: float, axis: Axis) -> str:
    return f'<path d="M{LEFT} {number(y)}H{number(axis.right)}" stroke="{GRID}"/>' + words(
        LEFT - 5, y + 4, f"{value:,}", SIZE, f'text-anchor="end" fill="{QUIET}"'
    )


def _steps(values: list[int], first: int, axis: Axis, low: float, unit: float, colour: str, more: str) -> str:
    if len(values) < 2:
        return ""
    data = [f"M{axis.x(first):.1f} {low - values[0] * unit:.1f}"]
    for day, (before, value) in enumerate(pairwise(values), first + 1):
        if value != before:
            data.append(f"H{axis.x(day):.1f}V{low - value * unit:.1f}")
    data.append(f"H{axis.x(first + len(values) - 1):.1f}")
    return f'<path d="{"".join(data)}" fill="none" stroke="{colour}" stroke-width="2"{more}/>'


def _mark(look: FactionStyles, code: str) -> str:
    return town_symbol(look, (code,), 4.4)


def _end_names(ends: list[tuple[float, str, int]], look: FactionStyles, axis: Axis, low: float) -> list[str]:
    """Write each faction's name and towns at the right, moved apart, beside its symbol."""
    heights = spaced([low - y for y, _code, _value in ends], GAP)
    parts = []
    for (_y, code, value), up in zip(ends, heights, strict=True):
        y = low - up
        text = fitted(look.names[code], SIZE, RIGHT - 24 - text_width(f" {value}", SIZE))
        parts.append(f'<g transform="translate({number(axis.right + 11)} {number(y)})">{_mark(look, code)}</g>')
        parts.append(words(axis.right + 20, y + 4, f"{text} {value}", SIZE))
    return parts


# Agreements ---------------------------------------------------------------------------------------------------------


def agreements_chart(snapshot: Snapshot, look: FactionStyles, width: int = 380, most: int = MOST_ACCORDS) -> str:
    """Return the agreements in force: a bar as long as each has held, its terms, and what is left of its time."""
    accords = sorted(snapshot.accords, key=lambda accord: (-accord.age, accord.name))
    visible, y = accords[:most], TOP
    longest = max([60, *(accord.age + (accord.left or 0) for accord in visible)])
    count = f"{len(accords)} in force" if accords else ""
    parts = [_title("Agreements", count, width)]
    for accord in visible:
        parts.append(_accord(accord, look, y, width, width / longest))
        y += 45
    if len(accords) > len(visible):
        parts.append(words(0, y + 10, f"and {len(accords) - len(visible)} more, signed later", SIZE, f'fill="{QUIET}"'))
        y += 16
    if not accords:
        parts.append(words(0, y + 8, "none in force", SIZE, f'fill="{QUIET}"'))
        y += 16
    return canvas(width, y + 2, "".join(parts), "Agreements in force")


def _accord(accord: Accord, look: FactionStyles, y: float, width: float, unit: float) -> str:
    age = f"{accord.age} d" + ("" if accord.left is None else f", {accord.left} left")
    broken = f" · {accord.violations} violation{'s' * (accord.violations != 1)}" if accord.violations else ""
    note = age + broken
    who = f"{accord.parties}, {accord.scope}" if accord.scope else accord.parties
    who = fitted(who, SIZE, width - text_width(note, SIZE) - 12)
    terms = ", ".join(accord.terms) or "no terms"
    by = f" (mediated by {accord.mediator})" if accord.mediator else " (given)" if accord.given else ""
    held, first_colour, second_colour = (
        max(accord.age * unit, 3.0),
        look.colour(accord.sides[0]),
        look.colour(accord.sides[1]),
    )
    left = "" if accord.left is None else _left_bar(held, y + 15, accord.left * unit)
    return (
        f"<g><title>{escape(f'{accord.name}: {accord.parties}, {accord.scope}. Terms: {terms}{by}. {note}')}</title>"
        + words(0, y + 10, who, SIZE)
        + words(width, y + 10, note, SIZE, f'text-anchor="end" fill="{EVIDENCE_INK if accord.violations else QUIET}"')
        + f'<rect y="{number(y + 15)}" width="{number(held)}" height="4" fill="{first_colour}"/>'
        f'<rect y="{number(y + 19)}" width="{number(held)}" height="4" fill="{second_colour}"/>{left}'
        + words(0, y + 34, fitted(terms + by, SIZE, width), SIZE, f'fill="{QUIET}"')
        + "</g>"
    )


def _left_bar(x: float, y: float, length: float) -> str:
    return (
        f'<rect x="{number(x)}" y="{number(y + 0.5)}" width="{number(max(length, 1))}" height="7" fill="{PAPER}" stroke="{QUIET}" '
        'stroke-width="1" stroke-dasharray="2 2"/>'
    )


# Escalation ladder --------------------------------------------------------------------------------------------------


def ladder_chart(snapshots: Sequence[Snapshot], until: int, days: int, look: FactionStyles, width: int = 380) -> str:
    """Return a strip a pair of rebels that ever left calm, coloured by escalation level, and the key."""
    axis, until = Axis(snapshots[0].date, days, width), min(until, len(snapshots) - 1)
    known = levels_by_morning(snapshots)
    pairs = [(pair, levels) for pair, levels in known.items() if any(levels)]
    quiet = len(known) - len(pairs)
    note = f"{quiet} pair{'s' * (quiet != 1)} calm throughout" if quiet else ""
    parts, y = [_title("Escalation, by pair", note, width)], TOP
    strips = []
    for pair, levels in pairs:
        name = " – ".join(look.names.get(code, code) for code in pair)
        strips.append(words(LEFT, y + 9, fitted(name, SIZE, axis.right - LEFT), SIZE))
        strips.append(_strip(levels, until, axis, y + 13))
        level = levels[until]
        level_text = f"{level} {level_name(level)}"
        strips.append(words(axis.right + 8, y + 24, fitted(level_text, SIZE, RIGHT - 8), SIZE))
        y += 31
    if pairs:
        parts += [axis.ticks(TOP, y), *strips, axis.shown(until, TOP, y)]
        y += 20
    parts.append(_ladder_key(y, width))
    return canvas(width, y + 34, "".join(parts), "Escalation level by pair over time")


def _strip(levels: list[int], until: int, axis: Axis, y: float) -> str:
    parts = []
    for first, last, level in level_spans(levels, until + 1):
        wide = (last - first) * axis.step
        faded = ' opacity=".35"' if first > until else ""
        end = min(axis.x(last), axis.right)
        parts.append(
            f'<rect x="{axis.x(first):.1f}" y="{number(y)}" width="{max(end - axis.x(first), 0):.1f}" height="14" '
            f'fill="{LEVEL_COLOURS[level]}"{faded}/>'
        )
        if level and wide >= 10:
            middle = (axis.x(first) + end) / 2
            parts.append(
                words(middle, y + 11, str(level), SIZE, f'text-anchor="middle" fill="{LEVEL_INKS[level]}"{faded}')
            )
    return "".join(parts)


@lru_cache(maxsize=8)
def _ladder_key(y: float, width: float) -> str:
    parts, room = [], width / 3
    for level, colour in enumerate(LEVEL_COLOURS):
        x, line = room * (level % 3), y + 4 + 16 * (level // 3)
        parts.append(
            f'<rect x="{number(x)}" y="{number(line)}" width="12" height="12" fill="{colour}" stroke="{QUIET}" stroke-width=".5"/>'
        )
        parts.append(words(x + 17, line + 10, fitted(f"{level} {level_name(level)}", SIZE, room - 20), SIZE))
    return "".join(parts)


# Deaths -------------------------------------------------------------------------------------------------------------


def deaths_chart(
    snapshots: Sequence[Snapshot],
    until: int,
    days: int,
    start: date,
    look: FactionStyles,
    width: int = 380,
    height: int = 180,
) -> str:
    """Return deaths a week up to the morning shown: fighters stacked by pair above, civilians below the line."""
    axis, until = Axis(start, days, width), min(until, len(snapshots) - 1)
    past = snapshots[: until + 1]
    missing = [0] * (max(days, 1) - until)
    weeks = {pair: weekly(dead + missing) for pair, dead in deaths_by_morning(past).items()}
    civilians = weekly([snapshot.civilian_deaths for snapshot in past] + missing)
    total = {pair: sum(sums) for pair, sums in weeks.items()}
    pairs = sorted(weeks, key=lambda pair: (-total[pair], pair))
    above, below = max([*map(sum, zip(*weeks.values(), strict=True)), 1]), max(civilians)
    key, rows = _pair_key(pairs, total, civilians, look, width, height)
    high, low = TOP + 2, height - BOTTOM - 16 * rows - 2
    unit = (low - high) / (above * 1.05 + below * 1.05)
    line = low - below * 1.05 * unit
    parts = [
        _title("Deaths a week", f"{sum(total.values()):,} fighters, {sum(civilians):,} civilians", width),
        _pair_hatches(pairs, look),
    ]
    parts += [_level_line(value, line - value * unit, axis) for value in _levels_of(above)]
    parts.append(axis.ticks(high, low))
    for week, dead in enumerate(civilians):
        by_pair = {pair: weeks[pair][week] for pair in pairs}
        parts.append(_week(axis, week, by_pair, dead, look, line, unit))
    parts += [f'<path d="M{LEFT} {number(line)}H{number(axis.right)}" stroke="{INK}"/>', axis.shown(until, high, low)]
    parts.append(key)
    return canvas(width, height, "".join(parts), "Deaths a week by pair, and civilians")


def _week(
    axis: Axis,
    week: int,
    by_pair: Mapping[tuple[str, str], int],
    harmed: int,
    look: FactionStyles,
    line: float,
    unit: float,
) -> str:
    x, wide = axis.x(7 * week), (min(7, axis.days - 7 * week)) * axis.step * 0.9
    parts, y = [], line
    for pair, dead in by_pair.items():
        if dead:
            y -= dead * unit
            parts.append(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{dead * unit:.1f}" fill="url(#{_hatch(pair, look)})">'
                f"<title>{escape(f'week {week + 1}: {pair[0]} – {pair[1]} {dead}')}</title></rect>"
            )
    if harmed:
        parts.append(
            f'<rect x="{x:.1f}" y="{line:.1f}" width="{wide:.1f}" height="{harmed * unit:.1f}" fill="{CIVILIAN}">'
            f"<title>week {week + 1}: {harmed} civilians</title></rect>"
        )
    return "".join(parts)


def _hatch(pair: tuple[str, str], look: FactionStyles) -> str:
    """Return the id of a pair's hatching: the same colours have the same one in the whole page."""
    return "hatch" + "".join(look.colour(code).strip("#") for code in pair)


def _pair_hatches(pairs: list[tuple[str, str]], look: FactionStyles) -> str:
    parts = []
    for faction, rival in pairs:
        parts.append(
            f'<pattern id="{_hatch((faction, rival), look)}" width="7" height="7" patternUnits="userSpaceOnUse" '
            f'patternTransform="rotate(45)"><rect width="7" height="7" fill="{pale_of(look.colour(faction), 0.1)}"/>'
            f'<rect width="3" height="7" fill="{pale_of(look.colour(rival), 0.1)}"/></pattern>'
        )
    return f"<defs>{''.join(parts)}</defs>"


def _pair_key(
    pairs: list[tuple[str, str]],
    total: Mapping[tuple[str, str], int],
    civilians: list[int],
    look: FactionStyles,
    width: float,
    height: float,
) -> tuple[str, int]:
    """Return the key in rows along the lower edge, and how many rows it takes."""
    entries = [(f"url(#{_hatch(pair, look)})", f"{pair[0]} – {pair[1]} {total[pair]:,}") for pair in pairs[:MOST_PAIRS]]
    rest = sum(total[pair] for pair in pairs[MOST_PAIRS:])
    entries += [(QUIET, f"other pairs {rest:,}")] * (rest > 0)
    entries.append((CIVILIAN, f"civilians {sum(civilians):,}"))
    rows: list[list[tuple[float, str, str]]] = [[]]
    x = 0.0
    for fill, text in entries:
        text = fitted(text, SIZE, width - 16)
        wide = 15 + text_width(text, SIZE)
        if x and x + wide > width:
            rows.append([])
            x = 0.0
        rows[-1].append((x, fill, text))
        x += wide + 14
    parts = []
    for index, row in enumerate(rows):
        y = height - 16 * (len(rows) - index) + 2
        for x, fill, text in row:
            parts.append(f'<rect x="{number(x)}" y="{number(y)}" width="11" height="11" fill="{fill}"/>')
            parts.append(words(x + 15, y + 10, text, SIZE))
    return "".join(parts), len(rows)
