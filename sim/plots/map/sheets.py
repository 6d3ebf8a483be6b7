"""Maps of control: one day of a run, the start of a scenario, two starts side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from sim.plots.labels import Box
from sim.plots.map.geometry import POPULATION_CLASSES, Ground, ground_of
from sim.plots.map.matplotlib_painter import (
    ROW,
    Legend,
    draw_names,
    draw_notes,
    frame_axes,
    paint,
    points_per_km,
    shifted_boxes,
)
from sim.plots.map.primitives import Marker, Part
from sim.plots.map.scene import all_parts, held_rows, legend_sections, scale_parts
from sim.plots.map.state import MapState, ModelMorning, States, View, start_state, watched
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
INSET_REACH_KM, INSET_EDGE_KM, INSET_LEAST_KM = 25.0, 4.0, 20.0  # on a map of cells of 7 km; see `Ground.spacing`
CREDIT = 24.0  # points at the foot of the legend
ZOOM = 1.25


@dataclass(frozen=True, eq=False)
class Atlas:
    """A run's days and its ground, read once for many maps; `mornings` hold what its files do not, from day 0 on."""

    run: Run
    states: States
    ground: Ground
    mornings: Sequence[ModelMorning] = ()

    @classmethod
    def of(cls, run: Run, mornings: Sequence[ModelMorning] = ()) -> Atlas:
        """Read a run; without `mornings` its maps show no forces, columns, fronts, campaigns and shelling."""
        return cls(run, States(run), ground_of(run.scenario, run.geography), mornings)

    def view(self, day: int, rings: bool = True) -> View:
        """Return what a map of a morning shows, its scale still to be set; `rings` are at changes since the start."""
        state = self.states[day]
        ringed = frozenset(np.flatnonzero(state.changed).tolist()) if rings else frozenset[int]()
        text = "holder changed since start" if rings else ""
        view = View(self.run.scenario, self.ground, state, 1.0, ringed=ringed, ring_text=text)
        return view.with_forces(self.mornings[state.day] if self.mornings else None)


def control_map(run: Run, day: int, rings: bool = True, atlas: Atlas | None = None) -> Figure:
    """Draw who holds each town on the morning of start + `day` days; changes since the start are ringed."""
    atlas = atlas or Atlas.of(run)
    view = atlas.view(day, rings)
    when = f"{day_text(view.state.date)} (day {view.state.day} of {run.scenario.days})"
    before = atlas.states[0].count if rings else None
    with typography():
        figure = _sheet(view, before, f"Who holds what, {day_text(view.state.date)}", when)
        put_stamp(figure, run.scenario, stamp(run.scenario, run.seed, when))
    return figure


def start_map(scenario: Scenario, geography: Geography, marked: tuple[str, np.ndarray] | None = None) -> Figure:
    """Draw the start of a scenario that has not been run; `marked` are towns (indices) to ring, and what to call them."""
    view, when = _marked(scenario, geography, start_state(scenario, geography), marked), day_text(scenario.start)
    with typography():
        figure = _sheet(view, None, f"Start, {when}", "input of the simulation")
        put_stamp(figure, scenario, stamp(scenario, None, when))
    return figure


def marked_map(
    scenario: Scenario, geography: Geography, state: MapState, title: str, under: str, marked: tuple[str, np.ndarray]
) -> Figure:
    """Draw a state that no run gave, such as an observed one; `marked` are towns (indices) to ring, and what to call them."""
    with typography():
        return _sheet(_marked(scenario, geography, state, marked), None, title, under)


def _marked(scenario: Scenario, geography: Geography, state: MapState, marked: tuple[str, np.ndarray] | None) -> View:
    """Return the view of a state in which towns, if any are marked, are ringed; its scale is still to be set."""
    text, towns = marked or ("", np.zeros(0, int))
    ringed = frozenset(np.arange(len(state.codes))[towns].tolist())
    return View(scenario, ground_of(scenario, geography), state, 1.0, ringed=ringed, ring_text=text)


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
    rings = frozenset(i for i, town in enumerate(pair[1].places) if town.name in differ)
    note = f"start, {day_text(scenario.start)}; holders that differ are ringed: {len(rings)}"
    figure.text(left + 0.012, 0.957, left_to_right(scenario.title), fontsize=13, fontweight="bold")
    figure.text(left + 0.012, 0.930, note, fontsize=9, color=QUIET)
    view = View(scenario, ground, state, 1.0, ringed=rings)
    draw_map(figure.add_axes((left + 0.01, 0.075, 0.48, 0.845)), view, type_scale=0.9)
    key = Legend(figure.add_axes((left + 0.01, 0.038, 0.48, 0.032)))
    key.line_of([row for row in held_rows(ground.look, state, None) if row.brief], 8.0)


def differing(names: list[str], state: MapState, other_names: list[str], other: MapState) -> set[str]:
    """Return the names of towns that both maps have and that different parties hold."""
    there = dict(zip(other_names, other.sides, strict=True))
    return {name for name, sides in zip(names, state.sides, strict=True) if name in there and there[name] != sides}


def _sheet(view: View, before: dict[str, int] | None, title: str, under: str) -> Figure:
    """Draw a map with the surroundings of the watched towns and a legend; `before` are towns by code at the start."""
    ground = view.ground
    zoomed = inset_extent(ground)
    place = layout_of(ground, len(held_rows(ground.look, view.state, before)), zoomed is not None)
    figure = new_figure(WIDTH, place.height)
    figure.text(0.015, 1 - 0.395 / place.height, title, fontsize=16, fontweight="bold")
    subtitle = left_to_right(f"{isolated(view.scenario.title)} · {under}")
    figure.text(0.015, 1 - 0.649 / place.height, subtitle, fontsize=9.5, color=QUIET)
    view = draw_map(figure.add_axes(place.map_box, anchor="W"), view, zoomed)[0]
    legend_box = place.legend_box
    if zoomed is not None:
        draw_inset(figure.add_axes(place.inset_box, anchor="N"), view, zoomed)
    elif place.wide:
        legend_box = (0.015, place.legend_box[1], 0.975, place.legend_box[3])
    else:
        top = INSET_BOX[1] + INSET_BOX[3] - LEGEND_BOX[3]
        legend_box = (place.legend_box[0], top, LEGEND_BOX[2], LEGEND_BOX[3])
    credit = "\n".join(wrap(f"Map: {ground.geography.credits}", 88)) if ground.geography.credits else ""
    figure.text(
        place.legend_box[0], place.legend_box[1], credit, fontsize=6.2, color=QUIET, va="bottom", linespacing=1.3
    )
    _legend(figure.add_axes(legend_box), view, before)
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
    """Fill the legend: left column holders and lines, right column sizes and the other signs."""
    legend = Legend(axes)
    held, sizes, signs, lines = legend_sections(view, before)
    wide = legend.width > FOUR_COLUMNS
    columns = ((held,), (lines,), (signs,), (sizes,)) if wide else ((held, lines), (signs, sizes))
    most = max(sum(len(section.rows) for section in column) for column in columns)
    legend.fit(most, len(columns[0]), legend.height - CREDIT)
    for number, sections in enumerate(columns):
        legend.left, legend.y = legend.width * number / len(columns), -4.0
        for section in sections:
            if section.rows:
                legend.heading(section.title)
            for row in section.rows:
                legend.row(row)


def view_on(axes: Axes, view: View, zoom: float = 1.0) -> View:
    """Return a view at the scale of framed axes; `zoom` is that of the towns' symbols."""
    return replace(view, points_per_km=points_per_km(axes), zoom=zoom)


def draw_map(
    axes: Axes, view: View, zoomed: tuple | None = None, type_scale: float = 1.0, zoom: float = 1.0, notes: bool = True
) -> tuple[View, list[Box]]:
    """Draw the whole theatre on axes; names and columns inside the zoomed extent are left to the inset.

    notes: whether columns have their number beside them. Return the view at the scale of the axes, and the boxes of all
    that is written in pixels.
    """
    ground = view.ground
    frame_axes(axes, ground.extent)
    view = view_on(axes, view, zoom)
    parts, (scale, room) = _outside(all_parts(view), zoomed), scale_parts(ground)
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
    numbers = draw_notes(axes, parts, clear, type_scale) if notes else []
    order = name_order(view)
    order, clear = order[is_named[order]], [*clear, *numbers]
    names = draw_names(axes, ground, order, surplus(view), clear, zoom, type_scale, must_be_named(view))
    return view, [*numbers, *names]


def pixel_box(axes: Axes, corners: np.ndarray) -> Box:
    """Return the pixels between a lower left and an upper right corner in km, [2, 2]."""
    (left, bottom), (right, top) = axes.transData.transform(corners)
    return Box(left, bottom, right, top)


def _outside(parts: list[Part], extent: tuple | None) -> list[Part]:
    """Return parts without the columns inside an extent in km; all without one."""
    if extent is None:
        return parts
    west, east, south, north = extent
    columns = (part for part in parts if isinstance(part, Marker) and part.kind == "mv" and part.note)
    left_out = {id(part) for part in columns if west < part.at[0] < east and south < part.at[1] < north}
    return [part for part in parts if id(part) not in left_out]


def draw_inset(axes: Axes, view: View, extent: tuple) -> list[Box]:
    """Draw the surroundings of the watched towns, larger. Return the boxes of all that is written in pixels."""
    frame_axes(axes, extent)
    for spine in axes.spines.values():
        spine.set_color(INK)
        spine.set_linewidth(1.1)
    view = view_on(axes, view, ZOOM)
    parts, order = all_parts(view), name_order(view)
    paint(axes, parts)
    numbers, flags = draw_notes(axes, parts, []), shifted_boxes(axes, parts)
    named = order[within(view.ground, extent)[order]]
    clear, must = [*flags, *numbers], must_be_named(view)
    names = draw_names(axes, view.ground, named, surplus(view), clear, ZOOM, 1.06, must)
    return [*numbers, *names]


def within(ground: Ground, extent: tuple[float, float, float, float]) -> np.ndarray:
    """Return bool [T]: towns inside an extent in km."""
    west, east, south, north = extent
    x, y = ground.at.T
    inside: np.ndarray = (x > west) & (x < east) & (y > south) & (y < north)
    return inside


def surplus(view: View) -> np.ndarray:
    """Return the points [T] that a ring or a burst adds to a town's symbol."""
    extra = np.zeros(len(view.ground.at))
    extra[list(view.ringed)] = RING_POINTS
    extra[list(view.state.clashes)] = BURST_POINTS - 1.5
    return extra


def name_order(view: View) -> np.ndarray:
    """Return all towns, most deserving of a name first: watched, with a base, changed, fought over, then by people."""
    ground, state = view.ground, view.state
    population = np.array([map_town.population for map_town in ground.geography.places])
    rank = np.log10(1 + population) / 10
    rank[list(ground.watch)] += 8
    rank[population > POPULATION_CLASSES[1]] += 5
    rank[state.changed] += 4
    rank[list(state.clashes)] += 2
    rank[[town for town, _code in state.bases]] += 6
    return np.argsort(-rank, kind="stable")


def must_be_named(view: View) -> frozenset[int]:
    """Return the towns whose names a map needs: watched ones, large ones, those with a base."""
    large = np.flatnonzero(view.ground.radii > 6).tolist()
    return frozenset({*view.ground.watch, *large, *(town for town, _code in view.state.bases)})


def inset_extent(ground: Ground) -> tuple[float, float, float, float] | None:
    """Return the extent of the zoomed map around the watched towns near the first one; None if it would not help."""
    if not ground.watch:
        return None
    first = ground.at[ground.watch[0]]
    near = ground.at[list(ground.watch)]
    near = near[np.hypot(*(near - first).T) <= INSET_REACH_KM * ground.spacing]
    edge = INSET_EDGE_KM * ground.spacing
    low, high = near.min(axis=0) - edge, near.max(axis=0) + edge
    middle, (wide, tall) = (low + high) / 2, high - low
    shape = INSET_BOX[2] * WIDTH / (INSET_BOX[3] * HEIGHT)
    tall = max(tall, wide / shape, INSET_LEAST_KM * ground.spacing)
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
