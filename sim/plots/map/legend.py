"""The legend beside a map, the scale bar and the north arrow."""

from __future__ import annotations

from collections import Counter

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon, Rectangle
from matplotlib.path import Path as Shape
from matplotlib.transforms import IdentityTransform

from sim.plots.map.geometry import CLASS_RADII, Ground, stripes
from sim.plots.map.layers import HALO, ROAD_LOOK, Box, fill_symbol
from sim.plots.map.state import CLASH_DAYS, MapState
from sim.plots.style import BURST, CONTESTED, INK, NEUTRAL, PAPER, QUIET, ZONE_INK, burst, outline, pennant

ROW = 15.5  # points
FONT = 8.0
DRAWN_FOR_KM = 170.0  # height of the map for which the sizes of scale and arrow, in km, are chosen


class Legend:
    """Rows of symbol and text in an axes whose units are points, filled from the top."""

    def __init__(self, axes: Axes) -> None:
        self.axes = axes
        box = axes.get_window_extent()
        self.width, self.height = box.width / axes.figure.dpi * 72, box.height / axes.figure.dpi * 72
        axes.set_xlim(0, self.width)
        axes.set_ylim(-self.height, 0)
        axes.set_axis_off()
        self.y = -4.0
        self.left = 0.0

    def heading(self, text: str) -> None:
        """Write a heading."""
        self.y -= 6
        self.axes.text(self.left, self.y, text, fontsize=FONT + 0.8, fontweight="bold", va="top")
        self.y -= ROW + 2

    def row(self, text: str, note: str = "") -> tuple[float, float]:
        """Write a row's text; return where its symbol stands."""
        middle = self.y - ROW / 2
        self.axes.text(self.left + 26, middle, text, fontsize=FONT, va="center_baseline")
        if note:
            self.axes.text(self.left + 140, middle, note, fontsize=FONT, va="center_baseline", ha="right", color=QUIET)
        self.y -= ROW
        return self.left + 10, middle

    def symbol(
        self, at: tuple[float, float], shape: Shape, radius: float, face: str, edge: str = PAPER, line: float = 0.9
    ) -> None:
        """Draw a shape of a radius in points."""
        self.axes.add_collection(
            PathCollection(
                [shape], sizes=[radius**2], offsets=[at], offset_transform=self.axes.transData,
                transform=IdentityTransform(), facecolors=face, edgecolors=edge, linewidths=line,
            ),
            autolim=False,
        )  # fmt: skip

    def line(self, at: tuple[float, float], colour: str, width: float, dashes: str | tuple = "-") -> None:
        """Draw a short line."""
        self.axes.add_line(
            Line2D([at[0] - 10, at[0] + 10], [at[1], at[1]], color=colour, linewidth=width, linestyle=dashes)
        )


def draw_legend(
    axes: Axes, ground: Ground, state: MapState, before: dict[str, int] | None, ringed: str, lines: bool
) -> None:
    """Fill the legend: left column who holds, right column the other signs; `before` are towns at the start.

    `ringed` says what a ring means; empty if no town is ringed.
    """
    legend = Legend(axes)
    count, look = state.count, ground.look
    legend.heading("Towns held")
    listed_codes = [c for c in look.codes if count.get(c) or (before or {}).get(c)]
    for code in [*listed_codes, CONTESTED, NEUTRAL]:
        sides = (code,) if code in look.codes else example_sides(state, code, listed_codes)
        at = legend.row(_name(code, look.names), count_text(code, count, before))
        for shape, colour in fill_symbol(sides, ground):
            legend.symbol(at, shape, 5.6 if len(sides) == 2 else 4.9, colour, PAPER if sides else INK)
    legend.heading("Population")
    _sizes(legend)
    legend.left, legend.y = legend.width * 0.5, -4.0
    _signs(legend, ground, state, ringed, lines)


def draw_key(axes: Axes, ground: Ground, state: MapState) -> None:
    """Write who holds how many towns in one row, for maps that stand beside another."""
    legend, x, count = Legend(axes), 8.0, state.count
    middle = -legend.height / 2
    held = [code for code in ground.look.codes if count.get(code)]
    for code in [*held, *(code for code in (CONTESTED, NEUTRAL) if count.get(code))]:
        sides = (code,) if code in ground.look.codes else example_sides(state, code, held)
        for shape, colour in fill_symbol(sides, ground):
            legend.symbol((x, middle), shape, 4.9, colour, PAPER if sides else INK)
        words = axes.text(
            x + 9, middle, f"{_name(code, ground.look.names)} {count[code]}", fontsize=FONT, va="center_baseline"
        )
        x += 24 + words.get_window_extent().width / axes.figure.dpi * 72


def _sizes(legend: Legend) -> None:
    for text, radius in zip(("under 5,000", "5,000 to 25,000", "over 25,000"), CLASS_RADII, strict=True):
        legend.symbol(legend.row(text), outline("circle"), radius, QUIET)


def _signs(legend: Legend, ground: Ground, state: MapState, ringed: str, lines: bool) -> None:
    legend.heading("Signs")
    if ringed:
        at = legend.row(ringed)
        legend.symbol(at, outline("circle"), 4.2, QUIET)
        legend.symbol(at, outline("circle"), 7.2, "none", INK, 1.5)
    at = legend.row(f"fighting, last {CLASH_DAYS} days")
    legend.symbol(at, burst(), 8.5, BURST, INK, 0.7)
    at = legend.row("base in another's town")
    legend.symbol((at[0] - 4, at[1] - 5), pennant(), 5.2, QUIET, INK, 0.7)
    if ground.weak.any():
        x, y = legend.row("start holder weakly sourced")
        legend.axes.add_patch(
            Rectangle((x - 10, y - 5), 20, 10, facecolor="#EFEDE8", edgecolor="#9A958C", linewidth=0.5)
        )
        swatch = np.array([(x - 10, y - 5), (x + 10, y - 5), (x + 10, y + 5), (x - 10, y + 5)])
        legend.axes.add_collection(
            LineCollection(stripes(swatch, 4.0), colors="#9A958C", linewidths=0.5), autolim=False
        )
    for present, text, look in zip(
        (ground.motorways, ground.main_roads, ground.links),
        ("motorway", "main road", "other link"),
        ROAD_LOOK,
        strict=True,
    ):
        if present:
            legend.line(legend.row(text), *look)
    if lines:
        legend.line(legend.row("line of contact"), INK, 1.7)
    if ground.zone:
        legend.line(legend.row(_short(ground.zone_name)), ZONE_INK, 1.3, (0, (5, 2.5)))


def _short(name: str) -> str:
    return name if len(name) <= 27 else name[:26] + "…"


def _name(code: str, names: dict[str, str]) -> str:
    text = {CONTESTED: "contested", NEUTRAL: "neutral"}.get(code, names.get(code, code))
    return text if len(text) <= 16 else text[:15] + "…"


def count_text(code: str, count: dict[str, int], before: dict[str, int] | None) -> str:
    """Say how many towns a code has, and how many more than before."""
    now = count.get(code, 0)
    gain = now - before.get(code, 0) if before is not None else 0
    return f"{now}" if not gain else f"{now} ({gain:+d})".replace("-", "\u2212")


def example_sides(state: MapState, code: str, listed_codes: list[str]) -> tuple[str, ...]:
    """Return the parties whose symbol stands for contested towns: the commonest pair; none for neutral ones."""
    if code == NEUTRAL:
        return ()
    pairs = [(sides[0], sides[1]) for sides in state.sides if len(sides) == 2]
    first, second, *_rest = (*listed_codes, code, code)
    return Counter(sorted(pairs)).most_common(1)[0][0] if pairs else (first, second)


def draw_scale(axes: Axes, ground: Ground) -> Box:
    """Draw a scale bar and a north arrow in the emptiest corner; return the pixels they take."""
    west, east, south, north = ground.extent
    unit = (north - south) / DRAWN_FOR_KM
    length = max(step for step in (1, 2, 5, 10, 20, 50, 100) if step <= (east - west) / 5 or step == 1)
    wide, tall, inset = length + 9 * unit, 9.4 * unit, 3 * unit
    corners = [(x, y) for y in (south + inset, north - inset - tall) for x in (west + inset, east - inset - wide)]
    x, y = max(corners, key=lambda c: float(np.hypot(*(ground.at - (c[0] + wide / 2, c[1] + tall / 2)).T).min()))
    for k, colour in enumerate((INK, PAPER)):
        axes.add_patch(
            Rectangle(
                (x + k * length / 2, y),
                length / 2,
                1.1 * unit,
                facecolor=colour,
                edgecolor=INK,
                linewidth=0.7,
                zorder=6,
            )
        )
    for share, text in ((0, "0"), (1, f"{length} km")):
        axes.text(
            x + share * length,
            y + 1.8 * unit,
            text,
            fontsize=7.5,
            ha="center",
            va="bottom",
            path_effects=HALO,
            zorder=6,
        )
    tip = np.array([x + length + 7 * unit, y + tall - 3.4 * unit])
    axes.add_patch(
        Polygon(
            tip + unit * np.array([(0, 0), (-1.5, -5.5), (0, -4.2), (1.5, -5.5)]),
            facecolor=INK,
            edgecolor=PAPER,
            linewidth=0.6,
            zorder=6,
        )
    )
    axes.text(
        tip[0],
        tip[1] + 0.3 * unit,
        "N",
        fontsize=8,
        fontweight="bold",
        ha="center",
        va="bottom",
        path_effects=HALO,
        zorder=6,
    )
    corner, far = axes.transData.transform([(x - 1.5 * unit, y - unit), (x + wide + 1.5 * unit, y + tall + unit)])
    return Box(corner[0], corner[1], far[0], far[1])
