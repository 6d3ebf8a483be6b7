"""Diagrams of causes: of one event or town in a run, and how a town came to its holder over a study."""

from __future__ import annotations

from itertools import pairwise
from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Rectangle

from sim import __version__
from sim.comparison.control import ControlPath, TownPaths, whole_percent
from sim.plots.labels import Box, place_labels
from sim.plots.map.geometry import Ground
from sim.plots.map.matplotlib_painter import HALO, Legend, draw_names, frame_axes, leader_line, paint
from sim.plots.map.primitives import LegendRow
from sim.plots.map.scene import ROW_RADIUS, all_parts, symbol_at_origin
from sim.plots.map.sheets import Atlas, view_on, within
from sim.plots.map.state import MapState, View
from sim.plots.map.town_signs import holder_glyphs
from sim.plots.style import INK, PAPER, QUIET, FactionStyles, look_of, new_figure, pale, put_stamp, stamp, typography
from sim.scenario.schema import NEUTRAL
from sim.statistics.causes import HEAD as CAUSES_HEAD
from sim.statistics.causes import Cause, Why
from sim.statistics.inference import wilson
from sim.study.store import Study
from sim.text import day_text

if TYPE_CHECKING:
    from sim.results.run import Run

WIDTH = 12.6  # inches
LEFT, CARD, MAP_LEFT = 0.62, 6.3, 7.25  # inches: cards from LEFT, so wide; the map from MAP_LEFT
HEAD, FOOT, GAP = 1.15, 0.5, 0.2
LINE = 0.158  # inches a line of small type
MOST, STEPS_WHEN_FOLDED = 14, 12  # steps drawn at most; of longer chains so many, with the middle folded
EDGE_KM, LEAST_KM = 9.0, 34.0
FLAT, STEEP = 1.2, 1.55  # height over width of the map, by where the places lie
TEXT_WRAP, SMALL_WRAP = 88, 104  # letters a line


def why_picture(run: Run, why: Why) -> Figure:
    """Draw the steps of a cause tree from top to bottom beside a map of their places."""
    cards = _fold(why.steps)
    tall = [_height(card) for card in cards]
    height = max(7.2, HEAD + sum(tall) + GAP * (len(cards) - 1) + FOOT)
    atlas = Atlas.of(run)
    state = atlas.states[why.steps[-1].day + 1]
    with typography():
        figure = new_figure(WIDTH, height)
        _heading(figure, run, why, height)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(0, WIDTH)
        axes.set_ylim(-height, 0)
        axes.set_axis_off()
        y = -HEAD
        for card, size in zip(cards, tall, strict=True):
            _card(axes, atlas.ground, card, y, size, last=card is why.steps[-1], first=card is why.steps[0])
            y -= size + GAP
        _map(figure, run, atlas.ground, state, why, height)
        put_stamp(figure, run.scenario, stamp(run.scenario, run.seed, f"to {why.steps[-1].when}"), y=0.1 / height)
    return figure


def _fold(steps: tuple[Cause, ...]) -> list[Cause | int]:
    """Return the steps to draw; a number stands for so many left out in the middle of a long chain."""
    if len(steps) <= MOST:
        return list(steps)
    first = STEPS_WHEN_FOLDED // 2 - 2
    last = STEPS_WHEN_FOLDED - 1 - first
    return [*steps[:first], len(steps) - first - last, *steps[-last:]]


def _heading(figure: Figure, run: Run, why: Why, height: float) -> None:
    title = _wrap(why.title.rstrip("."), 92)
    size, below = (14, 0.5) if len(title) == 1 else (11.5, 0.68)
    figure.text(0.25 / WIDTH, 1 - 0.12 / height, "\n".join(title[:2]), fontsize=size, fontweight="bold", va="top")
    order = "its causes from the first on" if why.head == CAUSES_HEAD else "what happened there, in order"
    under = " ".join((f"{run.scenario.title}, seed {run.seed}: {order}.", why.note))
    figure.text(0.25 / WIDTH, 1 - below / height, under, fontsize=9, color=QUIET, va="top")


def _lines(card: Cause) -> tuple[list[str], list[str]]:
    """Return the lines of a step in normal and in small type."""
    small = _wrap(card.chance, SMALL_WRAP)
    small += _wrap(f"also from this: {card.also}", SMALL_WRAP) if card.also else []
    return _wrap(card.text, TEXT_WRAP), small


def _wrap(text: str, letters: int) -> list[str]:
    """Break a text into lines, not at the hyphens of names."""
    return wrap(text, letters, break_on_hyphens=False)


def _height(card: Cause | int) -> float:
    if isinstance(card, int):
        return 0.24
    text, small = _lines(card)
    return 0.34 + 0.185 * len(text) + LINE * len(small)


def _card(axes: Axes, ground: Ground, card: Cause | int, top: float, tall: float, last: bool, first: bool) -> None:
    """Draw one step: its number, a box in the colour of who acted, its words."""
    middle = top - tall / 2
    if not first:
        axes.add_patch(
            FancyArrowPatch(
                (LEFT - 0.3, top + GAP + 0.06), (LEFT - 0.3, middle + 0.15), arrowstyle="-|>", mutation_scale=9,
                color=QUIET, linewidth=1.2, shrinkA=0, shrinkB=0,
            )
        )  # fmt: skip
    if not last:
        axes.plot(
            [LEFT - 0.3] * 2, [middle - 0.15, top - tall - 0.06], color=QUIET, linewidth=1.2, solid_capstyle="butt"
        )
    if isinstance(card, int):
        axes.text(
            LEFT,
            middle,
            f"{card} more steps between, told by `why`",
            fontsize=8.5,
            color=QUIET,
            va="center",
            style="italic",
        )
        return
    axes.add_patch(
        Circle((LEFT - 0.3, middle), 0.15, facecolor=INK if last else PAPER, edgecolor=INK, linewidth=1.1, zorder=3)
    )
    axes.text(
        LEFT - 0.3,
        middle,
        str(card.number),
        fontsize=8.5,
        fontweight="bold",
        color=PAPER if last else INK,
        ha="center",
        va="center_baseline",
        zorder=4,
    )
    colour = ground.look.colour(card.actor) if card.actor else "#D9DCDE"
    axes.add_patch(
        FancyBboxPatch(
            (LEFT, top - tall), CARD, tall, boxstyle="round,pad=0,rounding_size=0.06", facecolor=pale(colour, 0.84),
            edgecolor=INK if last else pale(colour, 0.3), linewidth=1.8 if last else 0.9,
        )
    )  # fmt: skip
    _words(axes, card, top - 0.06)


def _words(axes: Axes, card: Cause, y: float) -> None:
    text, small = _lines(card)
    town_text = f" · {card.town}" if card.town else ""
    mark = " · given by the scenario" if card.given else ""
    axes.text(LEFT + 0.1, y, f"{card.when}{town_text}{mark}", fontsize=7.6, color=QUIET, va="top", fontweight="bold")
    y -= 0.175
    for line in text:
        axes.text(LEFT + 0.1, y, line, fontsize=9.2, va="top")
        y -= 0.185
    for line in small:
        axes.text(LEFT + 0.1, y, line, fontsize=7.6, color=QUIET, va="top")
        y -= LINE


def _map(figure: Figure, run: Run, ground: Ground, state: MapState, why: Why, height: float) -> None:
    """Draw the places of the steps, with their numbers, on the day of the event."""
    where = {map_town.name: town for town, map_town in enumerate(ground.geography.places)}
    numbers: dict[int, list[int]] = {}
    for step in why.steps:
        if step.town in where:
            numbers.setdefault(where[step.town], []).append(step.number)
    side = WIDTH - MAP_LEFT - 0.2
    spread = np.maximum(np.ptp(ground.at[list(numbers) or slice(None)], axis=0) + 2 * EDGE_KM, LEAST_KM)
    tall = min(height - HEAD - FOOT - 0.35, side * float(np.clip(spread[1] / spread[0], FLAT, STEEP)))
    extent = _extent(ground, list(numbers), side / tall)
    top = height - HEAD
    axes = figure.add_axes((MAP_LEFT / WIDTH, (top - tall) / height, side / WIDTH, tall / height))
    frame_axes(axes, extent)
    paint(axes, all_parts(view_on(axes, View(run.scenario, ground, state, 1.0), 1.1)))
    _path(axes, ground, why, where)
    taken = _numbered(axes, ground, numbers, extent)
    draw_names(axes, ground, _others(ground, numbers, extent), np.zeros(len(ground.at)), taken, 1.1, 0.95)
    key = figure.add_axes((MAP_LEFT / WIDTH, (top - tall - 0.3) / height, side / WIDTH, 0.25 / height))
    _key(key, ground, state, extent)
    figure.text(
        MAP_LEFT / WIDTH,
        (top + 0.05) / height,
        f"Where: numbers are those of the steps; holders on {day_text(state.date)}",
        fontsize=8.5,
        color=QUIET,
        va="bottom",
    )


def _extent(ground: Ground, towns: list[int], shape: float) -> tuple[float, float, float, float]:
    """Return west, east, south, north in km around the towns, of a given width over height; all where there are none."""
    points = ground.at[towns] if towns else ground.at
    low, high = points.min(axis=0) - EDGE_KM, points.max(axis=0) + EDGE_KM
    wide, tall = np.maximum(high - low, LEAST_KM)
    tall = max(tall, wide / shape)
    wide = tall * shape
    x, y = (low + high) / 2
    return float(x - wide / 2), float(x + wide / 2), float(y - tall / 2), float(y + tall / 2)


def _path(axes: Axes, ground: Ground, why: Why, where: dict[str, int]) -> None:
    """Draw an arrow from each step's place to the next other place."""
    towns = [where[step.town] for step in why.steps if step.town in where]
    drawn: set[tuple[int, int]] = set()
    for a, b in pairwise(towns):
        if a == b or (a, b) in drawn:
            continue
        drawn.add((a, b))
        for colour, width, level in ((PAPER, 2.8, 6.0), (INK, 1.2, 6.1)):
            axes.add_patch(
                FancyArrowPatch(
                    tuple(ground.at[a]), tuple(ground.at[b]), connectionstyle="arc3,rad=0.16", arrowstyle="-|>",
                    mutation_scale=11, color=colour, linewidth=width, shrinkA=7, shrinkB=8, zorder=level,
                )
            )  # fmt: skip


def _numbered(
    axes: Axes, ground: Ground, numbers: dict[int, list[int]], extent: tuple[float, float, float, float]
) -> list[Box]:
    """Write number and name of the places of steps in boxes that do not overlap; return the pixels they take."""
    axes.apply_aspect()
    towns = sorted(numbers, key=lambda town: -max(numbers[town]))
    points = axes.transData.transform(ground.at)
    pixel = axes.figure.dpi / 72
    sizes = np.zeros((len(points), 2))
    words = {town: f"{_ranges(numbers[town])}  {ground.names[town]}" for town in towns}
    for town in towns:
        draft = axes.text(0, 0, words[town], fontsize=9, fontweight="bold")
        extents = draft.get_window_extent()
        draft.remove()
        sizes[town] = extents.width + 7 * pixel, extents.height + 5 * pixel
    seen = axes.get_window_extent()
    frame = Box(seen.x0 + 4, seen.y0 + 4, seen.x1 - 4, seen.y1 - 4)
    radii = np.where(within(ground, extent), ground.radii * 1.1 + 1.5, 0) * pixel
    own = [Box(*(points[town] - radii[town]), *(points[town] + radii[town])) for town in towns]
    clear = [_scale(axes, extent), *own]
    boxes = place_labels(points, sizes, radii, np.array(towns, int), frame, clear, must=frozenset(towns), margin=3)
    for town, box in boxes.items():
        x, y = axes.transData.inverted().transform((box.left + 3.5 * pixel, (box.bottom + box.top) / 2))
        leader_line(axes, points[town], box)
        axes.text(
            x, y, words[town], fontsize=9, fontweight="bold", va="center_baseline", ha="left", zorder=8,
            bbox={"boxstyle": "round,pad=0.22", "facecolor": PAPER, "edgecolor": INK, "linewidth": 0.9},
        )  # fmt: skip
    return [*boxes.values(), *clear]


def _key(axes: Axes, ground: Ground, state: MapState, extent: tuple[float, float, float, float]) -> None:
    """Say in one row which colour and shape is whose, of those that the map shows."""
    seen = within(ground, extent)
    visible = {sides for sides, inside in zip(state.sides, seen, strict=True) if inside}
    entries: list[tuple[tuple[str, ...], str]] = [
        ((code,), code) for code in ground.look.codes if any(code in sides for sides in visible)
    ]
    pairs = sorted(sides for sides in visible if len(sides) == 2)
    entries += [(pairs[0], "contested")] if pairs else []
    entries += [((), "neutral")] if () in visible else []
    look = ground.look
    rows = [
        LegendRow(symbol_at_origin(*holder_glyphs(look, sides, ROW_RADIUS)), look.names.get(name, name))
        for sides, name in entries
    ]
    Legend(axes).line_of(rows, 6.0)


def _scale(axes: Axes, extent: tuple[float, float, float, float]) -> Box:
    """Draw a scale bar in the lower left corner; return the pixels it takes."""
    west, east, south, north = extent
    length = max(step for step in (1, 2, 5, 10, 20, 50) if step <= (east - west) / 5 or step == 1)
    x, y = west + 0.03 * (east - west), south + 0.025 * (north - south)
    axes.add_patch(
        Rectangle(
            (x - 0.012 * (east - west), y - 0.012 * (north - south)), length + 0.024 * (east - west),
            0.048 * (north - south), facecolor=PAPER, edgecolor="none", alpha=0.85, zorder=7.9,
        )
    )  # fmt: skip
    axes.plot([x, x + length], [y, y], color=INK, linewidth=2.4, solid_capstyle="butt", zorder=8)
    axes.text(
        x + length / 2, y + 0.008 * (north - south), f"{length} km", fontsize=8, ha="center", va="bottom",
        path_effects=HALO, zorder=8,
    )  # fmt: skip
    corner, far = axes.transData.transform([(x, y), (x + length, y + 0.05 * (north - south))])
    return Box(corner[0] - 4, corner[1] - 4, far[0] + 4, far[1])


def _others(ground: Ground, numbers: dict[int, list[int]], extent: tuple[float, float, float, float]) -> np.ndarray:
    """Return the other towns of the map's extent, the largest first."""
    population = np.array([map_town.population for map_town in ground.geography.places])
    order = np.argsort(-population, kind="stable")
    in_extent = within(ground, extent)
    return np.array([town for town in order if in_extent[town] and int(town) not in numbers], int)


def _ranges(numbers: list[int]) -> str:
    """Say numbers in order: "1-3, 6"."""
    ranges, start = [], numbers[0]
    for number, after in zip(numbers, [*numbers[1:], 0], strict=True):
        if after != number + 1:
            ranges.append(f"{start}" if start == number else f"{start}\u2013{number}")
            start = after
    return ", ".join(ranges)


PATHS_LEFT, PANEL, PATHS_GAP = 4.1, 1.55, 0.22  # inches: words, width of a panel, space between panels
PATHS_HEAD, PATHS_FOOT, ROW = 1.3, 0.85, 0.46
LETTERS = 56
EDGE, LETTERS_AN_INCH = 0.35, 13.5
OTHER = "#C9CED2"


def why_study_picture(study: Study, paths: TownPaths) -> Figure:
    """Draw the share of runs by the way of the last change of holder, with 95 % intervals."""
    rows, panels = len(paths.ways), len(paths.scenarios)
    width, height = max(PATHS_LEFT + panels * (PANEL + PATHS_GAP) + EDGE, 8.0), PATHS_HEAD + rows * ROW + PATHS_FOOT
    reference = next(iter(study.scenarios.values()))
    look, top = look_of(reference), _paths_scale(paths)
    with typography():
        figure = new_figure(width, height)
        _paths_heading(figure, study, paths, width, height)
        panel = (width - PATHS_LEFT - EDGE) / panels - PATHS_GAP
        for number, name in enumerate(paths.scenarios):
            left = PATHS_LEFT + number * (panel + PATHS_GAP)
            axes = figure.add_axes((left / width, PATHS_FOOT / height, panel / width, rows * ROW / height))
            _panel(axes, paths, number, name, look, top)
            if number == 0:
                _labels(axes, paths.ways)
        state = ", of a study under way" if study.partial else ""
        words = f"SIMULATED · {study.name} · {int(paths.runs.sum())} runs{state} · sim {__version__}"
        put_stamp(figure, reference, words, y=0.1 / height)
    return figure


def _paths_heading(figure: Figure, study: Study, paths: TownPaths, width: float, height: float) -> None:
    counts = set(paths.runs.tolist())
    each = f"{counts.pop()} runs a scenario. " if len(counts) == 1 else ""
    sentence = (
        f"Share of runs by the last event that changed who holds it, and what led there, each kind of step once. {each}"
    )
    lines = wrap(f"{sentence}Lines are 95 % intervals (Wilson).", int((width - 0.5) * LETTERS_AN_INCH))
    title = f"How {paths.label} came to its holder"
    figure.text(0.25 / width, 1 - 0.14 / height, title, fontsize=14, fontweight="bold", va="top")
    figure.text(0.25 / width, 1 - 0.48 / height, "\n".join(lines[:2]), fontsize=9, color=QUIET, va="top")


def _paths_scale(paths: TownPaths) -> float:
    shares = [np.nanmax(wilson(way.runs, paths.runs)[1]) for way in paths.ways if paths.runs.any()]
    return min(1.0, float(np.ceil(5 * max(shares, default=1.0)) / 5))


def _panel(axes: Axes, paths: TownPaths, number: int, name: str, look: FactionStyles, top: float) -> None:
    """Draw the bars of one scenario."""
    runs = int(paths.runs[number])
    axes.set_xlim(0, top * 1.22)  # room for the numbers behind the bars
    axes.set_ylim(len(paths.ways) - 0.5, -0.5)
    for row, way in enumerate(paths.ways):
        count = int(way.runs[number])
        if not runs:
            continue
        low, high = (float(end) for end in wilson(count, runs))
        fill = OTHER if not way.holder else look.colour(way.holder)
        hatch = "////" if way.holder == NEUTRAL else ""
        axes.barh(row, count / runs, 0.62, color=fill, edgecolor=INK, linewidth=0.6, hatch=hatch)
        axes.plot([low, high], [row, row], color=PAPER, linewidth=3.2, solid_capstyle="butt", zorder=3)
        axes.plot([low, high], [row, row], color=INK, linewidth=1.3, solid_capstyle="butt", zorder=4)
        axes.text(
            max(high, count / runs) + 0.02 * top,
            row,
            f"{whole_percent(count / runs)}",
            fontsize=8,
            va="center_baseline",
        )
    title = name if len(set(paths.runs.tolist())) == 1 else f"{name}, {runs} runs"
    axes.set_title("\n".join(wrap(title.replace("_", " "), 19)), fontsize=9, loc="left", pad=5)
    ticks = [0, top / 2, top]
    axes.set_xticks(ticks, [whole_percent(tick) for tick in ticks], fontsize=8)
    axes.set_yticks([])
    axes.tick_params(length=2.5)
    axes.grid(axis="x", color="#E4E7EA", linewidth=0.7)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.axvline(0, color=INK, linewidth=0.9)


def _labels(axes: Axes, ways: tuple[ControlPath, ...]) -> None:
    """Write what each row is, left of the first panel: the holder in bold, then the way."""
    for row, way in enumerate(ways):
        lines = wrap(way.text, LETTERS, break_on_hyphens=False)[:2]
        at = {"xy": (0, row), "xycoords": ("axes fraction", "data"), "textcoords": "offset points", "ha": "right"}
        if not way.holder:
            axes.annotate("\n".join(lines), xytext=(-7, 0), fontsize=8.2, va="center", color=QUIET, **at)
            continue
        axes.annotate(way.holder, xytext=(-7, 4), fontsize=8.2, fontweight="bold", va="bottom", **at)
        axes.annotate("\n".join(lines), xytext=(-7, 3), fontsize=7.4, va="top", **at)
