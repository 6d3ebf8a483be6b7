"""Maps of control: one day of a run, the start of a scenario, two starts side by side."""

from __future__ import annotations

from dataclasses import dataclass, replace
from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from sim.plots.labels import Box
from sim.plots.map.geometry import POPULATION_CLASSES, Ground, ground_of
from sim.plots.map.matplotlib_painter import ROW, Legend, draw_names, frame_axes, paint, points_per_km, shifted_boxes
from sim.plots.map.scene import all_parts, held_rows, legend_sections, scale_parts
from sim.plots.map.state import MapState, States, View, start_state, watched
from sim.plots.map.town_signs import BURST_POINTS, RING_POINTS
from sim.plots.style import INK, QUIET, new_figure, put_stamp, stamp, typography
from sim.scenario.schema import Scenario
from sim.text import day_text, isolated, left_to_right

if TYPE_CHECKING:
    from sim.geography.maps import Geography
    from sim.results.run import Run

WIDTH, HEIGHT = 10.8, 9.4  # inches
MAP_BOX = (0.012, 0.05, 0.58, 0.865)
INSET_BOX = (0.602, 0.475, 0.388, 0.44)
LEGEND_BOX = (0.602, 0.05, 0.388, 0.395)
LANDSCAPE = 1.2  # times its height, from which a map is wide
LEAST_LEFT = 0.3  # share of the sheet, of what stands beside a narrow map
FOUR_COLUMNS = 600.0  # points of a legend with four columns in place of two
MOST_MAP_INCHES, HEAD_INCHES, FOOT_INCHES = 6.4, 0.8, 0.47  # of a wide map's sheet
INSET_REACH_KM, INSET_EDGE_KM = 25.0, 4.0
ZOOM = 1.25


@dataclass(frozen=True, eq=False)
class Atlas:
    """A run's days and its ground, read once for many maps."""

    run: Run
    states: States
    ground: Ground

    @classmethod
    def of(cls, run: Run) -> Atlas:
        """Read a run."""
        return cls(run, States(run), ground_of(run.scenario, run.geography))


def control_map(run: Run, day: int, rings: bool = True, atlas: Atlas | None = None) -> Figure:
    """Draw who holds each town on the morning of start + `day` days; changes since the start are ringed."""
    atlas = atlas or Atlas.of(run)
    state = atlas.states[day]
    when = f"{day_text(state.date)} (day {state.day} of {run.scenario.days})"
    before = atlas.states[0].count if rings else None
    with typography():
        figure = _sheet(run.scenario, atlas.ground, state, before, f"Who holds what, {day_text(state.date)}", when)
        put_stamp(figure, run.scenario, stamp(run.scenario, run.seed, when))
    return figure


def start_map(scenario: Scenario, geography: Geography, marked: tuple[str, np.ndarray] | None = None) -> Figure:
    """Draw the start of a scenario that has not been run; `marked` are towns (indices) to ring, and what to call them."""
    ground, state = ground_of(scenario, geography), start_state(scenario, geography)
    when = day_text(scenario.start)
    with typography():
        figure = _sheet(scenario, ground, state, None, f"Start, {when}", "input of the simulation", marked)
        put_stamp(figure, scenario, stamp(scenario, None, when))
    return figure


def marked_map(
    scenario: Scenario, geography: Geography, state: MapState, title: str, under: str, marked: tuple[str, np.ndarray]
) -> Figure:
    """Draw a state that no run gave, such as an observed one; `marked` are towns (indices) to ring, and what to call them."""
    with typography():
        return _sheet(scenario, ground_of(scenario, geography), state, None, title, under, marked)


def start_maps(first: tuple[Scenario, Geography], second: tuple[Scenario, Geography]) -> Figure:
    """Draw two starts side by side; towns whose holder differs are ringed in both."""
    states = [start_state(*pair) for pair in (first, second)]
    differ = differing([p.name for p in first[1].places], states[0], [p.name for p in second[1].places], states[1])
    titles = " and ".join(dict.fromkeys((first[0].title, second[0].title)))
    days = " and ".join(dict.fromkeys(day_text(pair[0].start) for pair in (first, second)))
    with typography():
        figure = new_figure(13.0, 9.8)
        for column, (pair, state) in enumerate(zip((first, second), states, strict=True)):
            _start_column(figure, 0.5 * column, pair, state, differ)
        put_stamp(figure, first[0], stamp(first[0], None, days).replace(first[0].title, titles, 1))
    return figure


def _start_column(
    figure: Figure, left: float, pair: tuple[Scenario, Geography], state: MapState, differ: set[str]
) -> None:
    scenario, ground = pair[0], ground_of(*pair)
    rings = np.array([town.name in differ for town in pair[1].places], bool)
    note = f"start, {day_text(scenario.start)}; holders that differ are ringed: {int(rings.sum())}"
    figure.text(left + 0.012, 0.957, left_to_right(scenario.title), fontsize=13, fontweight="bold")
    figure.text(left + 0.012, 0.930, note, fontsize=9, color=QUIET)
    draw_map(figure.add_axes((left + 0.01, 0.075, 0.48, 0.845)), scenario, ground, state, rings, None, 0.9)
    key = Legend(figure.add_axes((left + 0.01, 0.038, 0.48, 0.032)))
    key.line_of([row for row in held_rows(ground.look, state, None) if row.brief], 8.0)


def differing(names: list[str], state: MapState, other_names: list[str], other: MapState) -> set[str]:
    """Return the names of towns that both maps have and that different parties hold."""
    there = dict(zip(other_names, other.sides, strict=True))
    return {name for name, sides in zip(names, state.sides, strict=True) if name in there and there[name] != sides}


def _sheet(
    scenario: Scenario,
    ground: Ground,
    state: MapState,
    before: dict[str, int] | None,
    title: str,
    under: str,
    marked: tuple[str, np.ndarray] | None = None,
) -> Figure:
    zoomed = inset_extent(ground)
    place = layout_of(ground, len(held_rows(ground.look, state, before)), zoomed is not None)
    figure = new_figure(WIDTH, place.height)
    figure.text(0.015, 1 - 0.395 / place.height, title, fontsize=16, fontweight="bold")
    subtitle = left_to_right(f"{isolated(scenario.title)} · {under}")
    figure.text(0.015, 1 - 0.649 / place.height, subtitle, fontsize=9.5, color=QUIET)
    ringed, rings = ("holder changed since start" if before is not None else ""), np.zeros(len(state.codes), bool)
    if before is not None:
        rings = state.changed
    elif marked is not None:
        ringed, rings[marked[1]] = marked[0], True
    view = draw_map(figure.add_axes(place.map_box, anchor="W"), scenario, ground, state, rings, zoomed)[0]
    legend_box = place.legend_box
    if zoomed is not None:
        draw_inset(figure.add_axes(place.inset_box, anchor="N"), scenario, ground, state, rings, zoomed)
    elif place.wide:
        legend_box = (0.015, place.legend_box[1], 0.975, place.legend_box[3])
    else:
        top = INSET_BOX[1] + INSET_BOX[3] - LEGEND_BOX[3]
        legend_box = (place.legend_box[0], top, LEGEND_BOX[2], LEGEND_BOX[3])
    credit = "\n".join(wrap(f"Map: {ground.geography.credits}", 88)) if ground.geography.credits else ""
    figure.text(
        place.legend_box[0], place.legend_box[1], credit, fontsize=6.2, color=QUIET, va="bottom", linespacing=1.3
    )
    _legend(figure.add_axes(legend_box), replace(view, ring_text=ringed), before)
    return figure


@dataclass(frozen=True)
class Layout:
    """Where the parts of a sheet stand: its height in inches; left, bottom, width, height of each part in shares of the sheet."""

    height: float
    map_box: tuple[float, float, float, float]
    inset_box: tuple[float, float, float, float]
    legend_box: tuple[float, float, float, float]
    wide: bool  # the map takes the width of the sheet, and the rest stands below


def layout_of(ground: Ground, holders: int, inset: bool) -> Layout:
    """Return the layout for a map: beside the legend if it is about as high as wide or higher, above it if it is wide.

    `holders` are rows of the legend; `inset` is whether a zoomed map stands beside it.
    """
    west, east, south, north = ground.extent
    if east - west <= LANDSCAPE * (north - south):
        taken = MAP_BOX[3] * HEIGHT * (east - west) / (north - south) / WIDTH
        left = min(LEGEND_BOX[0], max(LEAST_LEFT, MAP_BOX[0] + taken + 0.02))
        inset_box, legend_box = (left, *INSET_BOX[1:]), (left, *LEGEND_BOX[1:])
        return Layout(HEIGHT, MAP_BOX, inset_box, legend_box, False)
    rows = holders + (len(POPULATION_CLASSES) + 2 if inset else 0)
    below = max(2.9 if inset else 2.1, (rows + 4) * ROW / 72 + 0.2)
    map_height = min(MOST_MAP_INCHES, (1 - 2 * MAP_BOX[0]) * WIDTH * (north - south) / (east - west))
    height = HEAD_INCHES + map_height + below + FOOT_INCHES
    foot, part = FOOT_INCHES / height, below / height
    return Layout(
        height=height,
        map_box=(MAP_BOX[0], foot + part, 1 - 2 * MAP_BOX[0], map_height / height),
        inset_box=(MAP_BOX[0], foot, 0.44, part - 0.1 / height),
        legend_box=(0.48, foot, 0.51, part - 0.1 / height),
        wide=True,
    )


def _legend(axes: Axes, view: View, before: dict[str, int] | None) -> None:
    """Fill the legend: left column holders and sizes, right column the other signs and lines."""
    legend = Legend(axes)
    held, sizes, signs, lines = legend_sections(view, before)
    columns = (
        ((held,), (sizes,), (signs,), (lines,)) if legend.width > FOUR_COLUMNS else ((held, sizes), (signs, lines))
    )
    for number, sections in enumerate(columns):
        legend.left, legend.y = legend.width * number / len(columns), -4.0
        for section in sections:
            if section.rows:
                legend.heading(section.title)
            for row in section.rows:
                legend.row(row)


def view_on(
    axes: Axes, scenario: Scenario, ground: Ground, state: MapState, rings: np.ndarray, zoom: float = 1.0
) -> View:
    """Return the view of a morning on framed axes; `rings` are towns, bool [T]."""
    ringed = frozenset(np.flatnonzero(rings).tolist())
    return View(scenario, ground, state, points_per_km(axes), zoom, ringed)


def draw_map(
    axes: Axes,
    scenario: Scenario,
    ground: Ground,
    state: MapState,
    rings: np.ndarray,
    zoomed: tuple | None,
    type_scale: float = 1.0,
    zoom: float = 1.0,
) -> tuple[View, list[Box]]:
    """Draw the whole theatre on axes; names inside the zoomed extent are left to the inset. Return the names' boxes too."""
    frame_axes(axes, ground.extent)
    view = view_on(axes, scenario, ground, state, rings, zoom)
    parts, (scale, room) = all_parts(view), scale_parts(ground)
    paint(axes, parts)
    paint(axes, scale, 6.0)
    clear = [pixel_box(axes, room), *shifted_boxes(axes, parts)]
    is_named = np.ones(len(ground.at), bool)
    if zoomed is not None:
        west, east, south, north = zoomed
        axes.add_patch(
            Rectangle((west, south), east - west, north - south, fill=False, edgecolor=INK, linewidth=1.1, zorder=6.5)
        )
        is_named = ~within(ground, zoomed)
        clear.append(pixel_box(axes, np.array([(west, south), (east, north)])))
    order = name_order(ground, state)
    extra = surplus(ground, state, rings)
    return view, draw_names(axes, ground, order[is_named[order]], extra, clear, zoom, type_scale)


def pixel_box(axes: Axes, corners: np.ndarray) -> Box:
    """Return the pixels between a lower left and an upper right corner in km, [2, 2]."""
    (left, bottom), (right, top) = axes.transData.transform(corners)
    return Box(left, bottom, right, top)


def draw_inset(
    axes: Axes, scenario: Scenario, ground: Ground, state: MapState, rings: np.ndarray, extent: tuple
) -> list[Box]:
    """Draw the surroundings of the watched towns, larger. Return the names' boxes."""
    frame_axes(axes, extent)
    for spine in axes.spines.values():
        spine.set_color(INK)
        spine.set_linewidth(1.1)
    parts = all_parts(view_on(axes, scenario, ground, state, rings, ZOOM))
    paint(axes, parts)
    order = name_order(ground, state)
    named = order[within(ground, extent)[order]]
    return draw_names(
        axes, ground, named, surplus(ground, state, rings), shifted_boxes(axes, parts), ZOOM, type_scale=1.06
    )


def within(ground: Ground, extent: tuple[float, float, float, float]) -> np.ndarray:
    """Return bool [T]: towns inside an extent in km."""
    west, east, south, north = extent
    x, y = ground.at.T
    inside: np.ndarray = (x > west) & (x < east) & (y > south) & (y < north)
    return inside


def surplus(ground: Ground, state: MapState, rings: np.ndarray) -> np.ndarray:
    """Return the points [T] that a ring or a burst adds to a town's symbol."""
    extra = np.zeros(len(ground.at))
    extra[rings] = RING_POINTS
    extra[list(state.clashes)] = BURST_POINTS - 1.5
    return extra


def name_order(ground: Ground, state: MapState) -> np.ndarray:
    """Return all towns, most deserving of a name first: watched, changed, fought over, with a base, then by people."""
    population = np.array([map_town.population for map_town in ground.geography.places])
    rank = np.log10(1 + population) / 10
    rank[list(ground.watch)] += 8
    rank[population > POPULATION_CLASSES[1]] += 5
    rank[state.changed] += 4
    rank[list(state.clashes)] += 2
    rank[[town for town, _code in state.bases]] += 1
    return np.argsort(-rank, kind="stable")


def inset_extent(ground: Ground) -> tuple[float, float, float, float] | None:
    """Return the extent of the zoomed map around the watched towns near the first one; None if it would not help."""
    if not ground.watch:
        return None
    first = ground.at[ground.watch[0]]
    near = ground.at[list(ground.watch)]
    near = near[np.hypot(*(near - first).T) <= INSET_REACH_KM]
    low, high = near.min(axis=0) - INSET_EDGE_KM, near.max(axis=0) + INSET_EDGE_KM
    middle, (wide, tall) = (low + high) / 2, high - low
    shape = INSET_BOX[2] * WIDTH / (INSET_BOX[3] * HEIGHT)
    tall = max(tall, wide / shape, 20.0)
    wide = tall * shape
    west, east, south, north = ground.extent
    if wide > 0.5 * (east - west):
        return None
    x = float(np.clip(middle[0] - wide / 2, west, east - wide))
    y = float(np.clip(middle[1] - tall / 2, south, north - tall))
    return x, x + wide, y, y + tall


def key_days(run: Run, most: int = 6) -> list[int]:
    """Return the days worth a map: first, last, first fighting, changes of watched towns, heaviest day, offensive."""
    last, events, changes = len(run.control_daily) - 1, run.events, run.control_changes
    candidates = [0, last]
    fights = events[events["kind"] == "clash"]
    if len(fights):
        candidates.append(int(fights["day"].min()) + 1)
    if len(changes):
        watched_days = changes[changes["town"].isin(watched(run))]["day"]
        candidates += [int(day) + 1 for day in watched_days.drop_duplicates().sort_values().head(2)]
    started = events[events["kind"] == "offensive_started"]["day"]
    candidates += [int(day) + 8 for day in started.head(1)]
    if len(fights):
        toll = np.bincount(
            fights["day"].to_numpy(int), (fights["deaths_initiator"] + fights["deaths_target"]).to_numpy(float)
        )
        candidates.append(int(toll.argmax()) + 1)
    chosen: list[int] = []
    for day in candidates:
        day = min(max(day, 0), last)
        if day not in chosen and len(chosen) < most:
            chosen.append(day)
    return sorted(chosen)
