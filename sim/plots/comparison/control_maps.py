"""Maps of many runs: where control differs, who holds a town in which share of runs, how uncertain that is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sim.plots.comparison.figure import ComparisonFigure, Grid, by_scenario, figure_text, looks_of, words_of
from sim.plots.comparison.sheet import EDGE, Mark, Sheet, Symbol, shortened
from sim.plots.labels import Box, place_labels
from sim.plots.map.geometry import Ground, ground_of
from sim.plots.map.matplotlib_painter import HALO, add_lines, add_shapes, frame_axes, leader_line, paint
from sim.plots.map.primitives import Area, Areas, Stroke, outline
from sim.plots.map.sheets import inset_extent, within
from sim.plots.style import INK, PAPER, QUIET, UNKNOWN, ZONE_INK, pale, typography
from sim.results.phrases import held_text
from sim.scenario.schema import CODE_WORDS, MIXED
from sim.text import agree, clause_list, plural

if TYPE_CHECKING:
    from sim.comparison.results import Comparison, ControlContrast

GAIN_CLASSES = (0.05, 0.15, 0.30)  # shares of runs
GAIN_PALE = (0.80, 0.58, 0.32, 0.0)  # share of white of the four classes
GAIN_RADII = (1.5, 2.4, 3.4, 4.4)  # points
SHARE_CLASSES = (0.05, 0.25, 0.50, 0.75, 0.95)
SHARE_WHITE = (0.97, 0.84, 0.66, 0.45, 0.22, 0.0)  # share of white of the classes, in the faction's own colour
SHARE_BOUNDS = ("under 5 %", "5 to 25", "25 to 50", "50 to 75", "75 to 95", "over 95 %")
LIKELY = 0.5  # share of runs
ENTROPY_CLASSES = (0.05, 0.2, 0.4, 0.6, 0.8)
ENTROPY_COLOURS = ("#FBFBF8", "#EFE3D3", "#DDBF9B", "#C1905F", "#8D5F35", "#4E3118")
CELL_EDGE, DOT = "#DAD6CE", "#A9A49B"  # of cells, and of towns without a resolved difference
FAR = (
    10.0,
    16.0,
    24.0,
    36.0,
    50.0,
    68.0,
    90.0,
    115.0,
    145.0,
)  # points between a town and a text that a line joins to it
NAMED = 1.7  # inches of a map from which it has the names of all watched towns
NEAR = 4  # of FAR, on smaller maps
NAMES_PER_INCH = 0.9  # of resolved towns, per square inch of map
LEAST_BESIDE = 1.3  # inches beside it, from which there is a zoomed map and a list
LEAST_GAIN = 0.005  # a difference below half a point is none on a map


@lru_cache(maxsize=2)
def ground_for(comparison: Comparison) -> Ground:
    """Return the map that all scenarios share, made once for all figures."""
    return ground_of(comparison.models[comparison.reference], comparison.geography)


def chosen_day(comparison: Comparison, day: int | None) -> int:
    """Return the row of Control.days nearest to a day; the last if none is given."""
    days = comparison.control.days
    return len(days) - 1 if day is None else int(np.abs(days - day).argmin())


def when_text(comparison: Comparison, k: int) -> str:
    """Say a chosen day: "at the end (day 180)" or "on day 30"."""
    days = comparison.control.days
    return f"at the end (day {days[k]})" if k == len(days) - 1 else f"on the morning of day {days[k]}"


def difference_map(comparison: Comparison, width_mm: float, day: int | None = None) -> ComparisonFigure:
    """Draw, for each scenario but the reference, who holds each town more often; unresolved towns are near white.

    Of one scenario a wide sheet has the watched towns enlarged beside the map, and the towns that differ most.
    """
    k, control, names = chosen_day(comparison, day), comparison.control, looks_of(comparison)
    ground = ground_for(comparison)
    reference = names[comparison.reference].letter
    single = len(control.contrasts) == 1
    titles = [f"{names[c.scenario].letter} {c.scenario} minus {reference}" for c in control.contrasts]
    grid = map_grid_of(width_mm, titles, ground, 1.45)
    gains = [Gains(comparison, ground, contrast, k) for contrast in control.contrasts]
    title = difference_statement(comparison, gains)
    white = "held alike" if comparison.single else "no difference is resolved"
    about = f"Who holds each town in more runs than in {comparison.reference}, {when_text(comparison, k)}"
    note = f"Depth and size: in how many more runs. Numbers: percentage points of runs. White: {white}. {control.note}"
    words = words_of(comparison, title, note, about)
    with typography():
        sheet = Sheet(words, width_mm, grid.body, gain_key(ground, gains))
        panels = grid.panels(sheet)
        beside = EDGE + grid.width + 0.15
        zoomed = inset_extent(ground) if single and sheet.width - EDGE - beside > LEAST_BESIDE else None
        for axes, each in zip(panels, gains, strict=True):
            _draw_gains(axes, each, ground.extent, grid.type.small, hidden=zoomed)
            if single and sheet.width - EDGE - beside > LEAST_BESIDE:
                _beside(sheet, each, beside, grid, zoomed)
                if zoomed is not None:
                    _outline(axes, zoomed)
    sentences = " ".join(contrast.sentence for contrast in control.contrasts) if k == len(control.days) - 1 else ""
    return ComparisonFigure(
        sheet.figure, difference_table(comparison, k), title, f"{title}. {about}. {sentences} {note}"
    )


def difference_statement(comparison: Comparison, gains: Sequence[Gains]) -> str:
    """Say in how many towns control differs on a chosen day and who gains: the title of the map of differences."""
    towns = len(comparison.control.towns)
    counts = [int(each.sure.sum()) for each in gains]
    if len(counts) > 1:
        if not max(counts):
            return f"No difference in control is resolved in any of {towns} towns in any scenario"
        return f"Control differs in {min(counts)} to {max(counts)} of {towns} towns"
    scenario = comparison.control.contrasts[0].scenario
    if comparison.single:
        return f"{counts[0]} of {towns} towns are held otherwise in {scenario}"
    if not counts[0]:
        return f"{scenario}: no difference in control is resolved in any of {towns} towns"
    gained = Counter(gains[0].names[code] for code in gains[0].codes[gains[0].sure])
    code, most = gained.most_common(1)[0]
    others = f", others {counts[0] - most}" if counts[0] > most else ""
    side = gains[0].sides[code]
    if code in CODE_WORDS:
        return f"{scenario}: {most} of {towns} towns are likelier to be {side}{others}"
    return f"{scenario}: {side} {agree(side, 'is')} likelier to hold {most} of {towns} towns{others}"


class Gains:
    """Who gains in each town on a chosen day, and how it is drawn."""

    def __init__(self, comparison: Comparison, ground: Ground, contrast: ControlContrast, k: int) -> None:
        self.ground = ground
        self.codes, self.gain = gainers(contrast, k)
        self.sure = (contrast.town_resolved[k] | comparison.single) & (self.codes >= 0)
        self.names, self.sides = comparison.control.codes, comparison.control.names
        step = np.searchsorted(GAIN_CLASSES, self.gain, side="right")
        self.radii = np.where(self.sure, np.array(GAIN_RADII)[step], 0.9)
        self.colours = [code_colour(ground, self.names[c]) if c >= 0 else "" for c in self.codes]
        self.fills = [
            pale(colour, GAIN_PALE[s]) if sure else PAPER
            for colour, s, sure in zip(self.colours, step, self.sure, strict=True)
        ]
        self.order = [int(i) for i in np.argsort(-self.gain, kind="stable") if self.sure[i]]

    def text(self, town: int) -> str:
        """Return a town's name with its gain in percentage points if it is resolved."""
        return f"{self.ground.names[town]}{f' {100 * self.gain[town]:+.0f}' if self.sure[town] else ''}"


def _draw_gains(
    axes: Axes,
    gains: Gains,
    extent: tuple[float, float, float, float],
    points: float,
    hidden: tuple[float, float, float, float] | None = None,
    larger: float = 1.0,
) -> None:
    """Draw a map of gains; names of towns inside `hidden`, which a zoomed map shows, are left out."""
    ground = gains.ground
    map_panel(axes, ground, extent)
    items = tuple(Area(cell, fill) for cell, fill in zip(ground.cells, gains.fills, strict=True))
    paint(axes, [Areas(items, CELL_EDGE, 0.4)])
    map_lines(axes, ground)
    for town in range(len(gains.codes)):
        sure = gains.sure[town]
        shape = ground.look.shape(gains.names[gains.codes[town]]) if sure else outline("circle")
        colour = gains.colours[town] if sure else DOT
        edge = (INK if colour == PAPER else PAPER) if sure else DOT
        radius = gains.radii[[town]] * (larger if sure else 1.0)
        add_shapes(axes, shape, ground.at[[town]], radius, colour, edge, 0.6 if sure else 0.0, 4 if sure else 3)
    inside = within(ground, extent) & ~(within(ground, hidden) if hidden else np.zeros(len(ground.at), bool))
    box = axes.get_window_extent()
    room = int(NAMES_PER_INCH * box.width * box.height / axes.figure.dpi**2)
    wanted = dict.fromkeys([i for i in ground.watch if inside[i]] + [i for i in gains.order if inside[i]][:room])
    place_texts(axes, ground, {i: gains.text(i) for i in wanted}, larger * gains.radii, points)


def _outline(axes: Axes, extent: tuple[float, float, float, float]) -> None:
    west, east, south, north = extent
    axes.plot([west, east, east, west, west], [south, south, north, north, south], color=INK, linewidth=0.8, zorder=6)


def _beside(
    sheet: Sheet, gains: Gains, left: float, grid: Grid, zoomed: tuple[float, float, float, float] | None
) -> None:
    """Draw the watched towns enlarged, and below them a list of the towns that differ most."""
    top, wide = grid.head, sheet.width - EDGE - left
    if zoomed is not None:
        west, east, south, north = zoomed
        tall = min(wide * (north - south) / (east - west), 0.55 * grid.height)
        axes = sheet.axes(left, top, tall * (east - west) / (north - south), tall)
        _draw_gains(axes, gains, zoomed, grid.type.small, larger=1.5)
        top += tall + 0.16
    line = grid.type.small * 1.45 / 72
    rows = gains.order[: max(0, int((grid.height + grid.head - top) / line) - 1)]
    plain = sheet.blank(left, top, wide, line * (len(rows) + 1))
    plain.text(0, 0, "Differ most", fontsize=grid.type.text, fontweight="bold", va="top")
    for number, town in enumerate(rows, start=1):
        code = gains.names[gains.codes[town]]
        y = -(number + 0.15) * line
        plain.text(
            0, y, shortened(gains.ground.names[town], wide - 0.9, grid.type.small), fontsize=grid.type.small, va="top"
        )
        text = f"{gains.sides[code]} {100 * gains.gain[town]:+.0f}"
        plain.text(
            wide, y, text, fontsize=grid.type.small, va="top", ha="right", color=gains.colours[town], fontweight="bold"
        )


def difference_table(comparison: Comparison, k: int) -> pd.DataFrame:
    """Return every contrast of one day as a table: a row for each scenario, town and code."""
    control, parts = comparison.control, []
    T, C = len(control.towns), len(control.codes)
    for contrast in control.contrasts:
        columns = {
            "scenario": contrast.scenario, "reference": comparison.reference, "pairs": contrast.pairs,
            "day": int(control.days[k]), "town": np.repeat(control.towns, C), "code": np.tile(control.codes, T),
            "difference": contrast.difference[k].reshape(-1), "low": contrast.low[k].reshape(-1),
            "high": contrast.high[k].reshape(-1), "p": contrast.p[k].reshape(-1),
            "resolved": contrast.resolved[k].reshape(-1).astype(int),
            "town_resolved": np.repeat(contrast.town_resolved[k].astype(int), C),
        }  # fmt: skip
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def gainers(contrast: ControlContrast, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the code that gains most in each town, i8 [T], -1 for none worth drawing, and its gain, f8 [T]."""
    code = contrast.difference[k].argmax(axis=1)
    gain = contrast.difference[k].max(axis=1)
    return np.where(gain >= LEAST_GAIN, code, -1), gain


def map_grid_of(width_mm: float, titles: list[str], ground: Ground, least: float) -> Grid:
    """Return the layout of maps in panels, each at least so many inches wide."""
    west, east, south, north = ground.extent
    shape = (north - south) / (east - west)
    least = least if len(titles) < 4 else 0.8 * least
    return Grid(width_mm, titles, least, 0.0, left=0.0, right=0.0, bottom=0.0, gap=0.08, shape=shape, most=4)


def map_panel(axes: Axes, ground: Ground, extent: tuple[float, float, float, float] | None = None) -> None:
    """Prepare a map panel, of the whole map if no extent is given."""
    frame_axes(axes, extent or ground.extent)
    axes.apply_aspect()
    for spine in axes.spines.values():
        spine.set_visible(True)


def shade_cells(axes: Axes, ground: Ground, fills: list[str]) -> None:
    """Fill the towns' cells of a map panel."""
    items = tuple(Area(cell, fill) for cell, fill in zip(ground.cells, fills, strict=True))
    paint(axes, [Areas(items, width=0.4)])


def map_lines(axes: Axes, ground: Ground) -> None:
    """Draw the motorways and the zone on a map panel."""
    add_lines(axes, ground.motorways, "#A79E95", 0.8, 1.5)
    paint(axes, [Stroke("zone", tuple(ground.zone), ZONE_INK, 0.9, (4.5, 2.25), cased=True)], 1.7)


def place_texts(axes: Axes, ground: Ground, texts: dict[int, str], radii: np.ndarray, points: float) -> list[Box]:
    """Write texts beside towns, in their order, if there is room; return their boxes in pixels.

    Lines join texts to towns that they stand away from. On all but small maps watched towns must have their text.
    """
    pixel, seen = axes.figure.dpi / 72, axes.get_window_extent()
    at = axes.transData.transform(ground.at)
    sizes = np.zeros((len(at), 2))
    for i, text in texts.items():
        probe = axes.text(0, 0, text, fontsize=points)
        box = probe.get_window_extent()
        probe.remove()
        sizes[i] = (box.width, box.height)
    frame = Box(seen.x0 + 2, seen.y0 + 2, seen.x1 - 2, seen.y1 - 2)
    small = seen.width / axes.figure.dpi < NAMED
    placed = place_labels(
        at, sizes, (radii + 0.8) * pixel, np.array(list(texts), int), frame, [],
        must=frozenset() if small else frozenset(ground.watch), margin=1.5, far=FAR[:NEAR] if small else FAR,
    )  # fmt: skip
    back = axes.transData.inverted()
    for i, box in placed.items():
        x, y = back.transform((box.left, box.bottom))
        leader_line(axes, at[i], box, 0.6, 7.0)
        axes.text(x, y, texts[i], fontsize=points, va="bottom", ha="left", path_effects=HALO, zorder=7)
    return list(placed.values())


def code_colour(ground: Ground, code: str) -> str:
    """Return the colour of a control code."""
    return UNKNOWN if code == MIXED else ground.look.colour(code)


def gain_key(ground: Ground, gains: Sequence[Gains]) -> list[Mark]:
    """Return the key of a map of gains: who gains somewhere, and the classes of how much."""
    marks = []
    for row in sorted({int(row) for each in gains for row in each.codes[each.sure]}):
        code = gains[0].names[row]
        colour = code_colour(ground, code)
        symbol = Symbol(ground.look.shape(code), 4.0, colour, INK if colour == PAPER else PAPER)
        marks.append(Mark(f"more often {gains[0].sides[code]}", symbols=(symbol,)))
    sizes = ("under 5", "5 to 15", "15 to 30", "over 30 percentage points")
    for text, radius in zip(sizes, GAIN_RADII, strict=True):
        marks.append(Mark(text, symbols=(Symbol(outline("circle"), radius, QUIET),)))
    marks.append(Mark("not resolved", fill=PAPER, edge=DOT))
    return marks


def probability_map(comparison: Comparison, code: str, width_mm: float, day: int | None = None) -> ComparisonFigure:
    """Draw in which share of runs a faction holds each town, a panel for each scenario."""
    k, control = chosen_day(comparison, day), comparison.control
    c = control.codes.index(code)
    state = held_text(code, control.names)
    about = f"Towns {state} {when_text(comparison, k)}: share of runs"
    values = {name: control.shares[name][k][:, c] for name in comparison.scenarios}
    table = _town_table(comparison, k, values, "share").assign(code=code)
    likely = by_scenario({name: float((shares > LIKELY).sum()) for name, shares in values.items()}, figure_text)
    title = f"Towns {state} in most runs: {likely}"
    colour = code_colour(ground_for(comparison), code)
    colours = tuple(pale(INK if colour == PAPER else colour, white) for white in SHARE_WHITE)
    return _shaded(comparison, title, about, values, (SHARE_CLASSES, colours, SHARE_BOUNDS), table, width_mm)


def entropy_map(comparison: Comparison, width_mm: float, day: int | None = None) -> ComparisonFigure:
    """Draw how uncertain the holder of each town is, a panel for each scenario."""
    k, control = chosen_day(comparison, day), comparison.control
    about = f"How uncertain the holder of each town is {when_text(comparison, k)}: entropy over runs, 0 certain, 1 open"
    values = {name: control.entropy[name][k] for name in comparison.scenarios}
    bounds = ("under 0.05 (certain)", "0.05 to 0.2", "0.2 to 0.4", "0.4 to 0.6", "0.6 to 0.8", "over 0.8 (open)")
    table = _town_table(comparison, k, values, "entropy")
    certain = {name: float((entropy < ENTROPY_CLASSES[0]).sum()) for name, entropy in values.items()}
    title = f"Towns whose holder is certain, of {len(control.towns)}: {by_scenario(certain, figure_text)}"
    return _shaded(comparison, title, about, values, (ENTROPY_CLASSES, ENTROPY_COLOURS, bounds), table, width_mm)


def _town_table(comparison: Comparison, k: int, values: dict[str, np.ndarray], column: str) -> pd.DataFrame:
    control = comparison.control
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "scenario": name, "runs": control.runs[name], "day": int(control.days[k]), "town": control.towns,
                    column: values[name],
                }
            )
            for name in comparison.scenarios
        ],
        ignore_index=True,
    )  # fmt: skip


def _shaded(
    comparison: Comparison,
    title: str,
    about: str,
    values: dict[str, np.ndarray],
    scale: tuple[tuple[float, ...], tuple[str, ...], tuple[str, ...]],
    table: pd.DataFrame,
    width_mm: float,
) -> ComparisonFigure:
    """Draw a panel for each scenario with its towns' cells shaded by a value in classes."""
    classes, colours, bounds = scale
    ground = ground_for(comparison)
    names = looks_of(comparison)
    grid = map_grid_of(width_mm, [names[name].text for name in comparison.scenarios], ground, 1.45)
    key = [Mark(text, fill=colour, edge=QUIET) for text, colour in zip(bounds, colours, strict=True)]
    done = comparison.control.runs
    same = len(set(done.values())) == 1
    runs = (
        plural(next(iter(done.values())), "run") + " each"
        if same
        else clause_list(f"{n:,} of {name}" for name, n in done.items())
    )
    of = f" of each scenario ({runs})" if len(names) > 1 else ""
    note = f"Shades are classes of the value over the runs{of}; no sampling error is drawn. Ringed: watched towns."
    with typography():
        sheet = Sheet(words_of(comparison, title, note, about), width_mm, grid.body, key)
        for axes, name in zip(grid.panels(sheet), comparison.scenarios, strict=True):
            map_panel(axes, ground)
            step = np.searchsorted(classes, values[name], side="right")
            shade_cells(axes, ground, [colours[s] for s in step])
            map_lines(axes, ground)
            add_shapes(axes, outline("circle"), ground.at, np.full(len(ground.at), 0.9), QUIET, PAPER, 0.3, 3)
            add_shapes(
                axes,
                outline("circle"),
                ground.at[list(ground.watch)],
                np.full(len(ground.watch), 2.2),
                "none",
                INK,
                0.8,
                4,
            )
            if name == comparison.reference or grid.width >= NAMED:
                texts = {i: ground.names[i] for i in ground.watch}
                place_texts(axes, ground, texts, np.full(len(ground.at), 2.0), grid.type.small)
    return ComparisonFigure(sheet.figure, table, title, f"{title}. {about}. {note}")
