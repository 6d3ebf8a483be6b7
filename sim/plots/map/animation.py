"""An animated GIF of control, a frame a day, without ffmpeg.

The ground, roads and names are drawn once; for each day only the patches of the picture that differ are composed again
with Pillow and mapped to one fixed palette. So a day costs about a millisecond, and 120 days a second or two."""

from __future__ import annotations

import io
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from PIL import Image, ImageDraw, ImageFont

from sim import __version__
from sim.plots.map import layers
from sim.plots.map.geometry import bands, contact_lines
from sim.plots.map.legend import Legend, draw_scale
from sim.plots.map.sheets import Atlas, name_order
from sim.plots.map.state import CLASH_DAYS, MapState
from sim.plots.style import (
    BURST,
    CONTESTED,
    EVIDENCE_INK,
    INK,
    NEUTRAL,
    PAPER,
    QUIET,
    Palette,
    burst,
    evidence_line,
    new_figure,
    outline,
    pale,
    put_stamp,
    rgb_of,
    stamp,
    typography,
    write_whole,
)
from sim.text import day_text

if TYPE_CHECKING:
    from sim.results.run import Run

GIF_DPI = 96
HEIGHT = 8.6  # inches
LEGEND_WIDTH = 1.75  # inches
HEAD, FOOT = 0.62, 0.28  # inches
FINE = 4  # symbols are drawn this much larger, then reduced
HOLD_MS, DAY_MS, END_MS = 1500, 160, 4000
RGB = tuple[int, int, int]


class Animation:
    """Frames of one run: a still picture and what changes on it."""

    def __init__(self, atlas: Atlas) -> None:
        self.atlas, self.ground, self.run = atlas, atlas.ground, atlas.run
        west, east, south, north = self.ground.extent
        self.map_height = HEIGHT - HEAD - FOOT
        self.map_width = self.map_height * (east - west) / (north - south)
        self.width = self.map_width + LEGEND_WIDTH
        self.under = self._sheet()
        self.lines, self.names, box = self._still()
        scale = box.width / (east - west)
        at = self.ground.at
        self.at = np.column_stack(
            [box.x0 + (at[:, 0] - west) * scale, self.under.height - (box.y0 + (at[:, 1] - south) * scale)]
        )
        self.box = (
            int(box.x0),
            int(self.under.height - box.y1),
            int(np.ceil(box.x1)),
            int(np.ceil(self.under.height - box.y0)),
        )
        self.cells = [self._pixels(cell) for cell in self.ground.cells]
        self.bands = [
            [self._pixels(part) for part in bands(cell, layers.CONTESTED_GAP_KM)] for cell in self.ground.cells
        ]
        self.radii = self.ground.radii * GIF_DPI / 72 * 0.92
        self.symbols: dict[tuple[tuple[str, ...], float, bool], Image.Image] = {}

    def _pixels(self, points: np.ndarray) -> list[tuple[float, float]]:
        west, east, south, north = self.ground.extent
        x = self.box[0] + (points[:, 0] - west) * (self.box[2] - self.box[0]) / (east - west)
        y = self.box[3] - (points[:, 1] - south) * (self.box[3] - self.box[1]) / (north - south)
        return list(zip(x.tolist(), y.tolist(), strict=True))

    def _still(self) -> tuple[Image.Image, Image.Image, Bbox]:
        """Draw the static parts: lines that lie over the cells and names that lie over the symbols; and where the map is."""
        figure = new_figure(self.width, HEIGHT)
        figure.set_dpi(GIF_DPI)
        figure.patch.set_alpha(0)
        with typography():
            axes = figure.add_axes(
                (0.01, FOOT / HEIGHT, self.map_width / self.width - 0.012, self.map_height / HEIGHT), anchor="W"
            )
            layers.frame_axes(axes, self.ground.extent)
            axes.patch.set_alpha(0)
            start, ground = self.atlas.states[0], self.ground
            layers.draw_lines(axes, ground, contact_lines(self.run.scenario, ground, start.sides))
            clear = [draw_scale(axes, ground)]
            lines = _image(figure)
            for artist in [*axes.patches, *axes.texts, *axes.artists]:
                artist.remove()
            order = name_order(ground, start)
            must = frozenset(int(i) for i in (*ground.watch[:2], *np.flatnonzero(ground.radii > 6)))
            named_towns = np.array([i for i in order if ground.radii[i] > 4 or i in must or i in ground.watch], int)
            layers.draw_names(axes, ground, named_towns, np.full(len(order), 1.0), clear, must=must)
            for spine in axes.spines.values():
                spine.set_visible(False)
            names = _image(figure)
        return lines, names, axes.get_window_extent()

    def _sheet(self) -> Image.Image:
        figure = new_figure(self.width, HEIGHT)
        figure.set_dpi(GIF_DPI)
        scenario, days = self.run.scenario, self.atlas.states.days
        end = self.atlas.states[days].date
        with typography():
            period = f"{day_text(scenario.start)} to {day_text(end)}"
            put_stamp(figure, scenario, stamp(scenario, self.run.seed, period), y=0.008)
            box = (self.map_width / self.width + 0.005, 0.1, LEGEND_WIDTH / self.width - 0.01, 0.8)
            _short_legend(Legend(figure.add_axes(box)), self.atlas)
            return _image(figure)

    @cached_property
    def palette(self) -> Palette:
        """The colours of all frames, taken from the first, the last and the most embattled."""
        look, states = self.ground.look, self.atlas.states
        named = [
            INK,
            PAPER,
            QUIET,
            BURST,
            EVIDENCE_INK,
            *look.colours.values(),
            *(pale(c) for c in look.colours.values()),
        ]
        fiercest = max(range(states.days + 1), key=lambda day: len(states[day].clashes))
        sample = Image.new("RGB", (self.under.width * 3, self.under.height))
        for column, day in enumerate((0, fiercest, states.days)):
            sample.paste(self.compose(states[day], (0, 0, *self.under.size)), (column * self.under.width, 0))
        return Palette.of(sample, [rgb_of(colour) for colour in named])

    def compose(self, state: MapState, box: tuple[int, int, int, int]) -> Image.Image:
        """Return the part of a day's frame inside a box of pixels."""
        left, top, right, bottom = box
        picture = self.under.crop(box).convert("RGB")
        draw = ImageDraw.Draw(picture)
        ml, mt, mr, mb = self.box
        draw.rectangle((ml - left, mt - top, mr - left - 1, mb - top - 1), fill=rgb_of(layers.LAND))
        reach = 7.5 * (mr - ml) / (self.ground.extent[1] - self.ground.extent[0])
        near = np.flatnonzero(
            (self.at[:, 0] > left - reach)
            & (self.at[:, 0] < right + reach)
            & (self.at[:, 1] > top - reach)
            & (self.at[:, 1] < bottom + reach)
        )
        for town in near:
            self._tint(draw, int(town), state, left, top)
        picture.paste(self.lines.crop(box), (0, 0), self.lines.crop(box))
        for town in sorted(near, key=lambda t: t in state.clashes):
            symbol = self.symbol(state.sides[town], float(self.radii[town]), int(town) in state.clashes)
            x, y = self.at[town]
            picture.paste(symbol, (round(x - symbol.width / 2) - left, round(y - symbol.height / 2) - top), symbol)
        picture.paste(self.names.crop(box), (0, 0), self.names.crop(box))
        return picture

    def _tint(self, draw: ImageDraw.ImageDraw, town: int, state: MapState, left: int, top: int) -> None:
        look, sides = self.ground.look, state.sides[town]
        cell = [(x - left, y - top) for x, y in self.cells[town]]
        draw.polygon(cell, fill=rgb_of(pale(look.colour(sides[0])) if sides else "#FFFFFF"))
        if len(sides) == 2:
            for part in self.bands[town]:
                draw.polygon([(x - left, y - top) for x, y in part], fill=rgb_of(pale(look.colour(sides[1]))))
        draw.line([*cell, cell[0]], fill=rgb_of(PAPER), width=1)

    def symbol(self, sides: tuple[str, ...], radius: float, fighting: bool) -> Image.Image:
        """Return a town's symbol as a small picture with transparency."""
        key = (sides, radius, fighting)
        if key not in self.symbols:
            middle = int(np.ceil(radius * 1.7)) + 9
            large = Image.new("RGBA", (2 * middle * FINE, 2 * middle * FINE), (*rgb_of(PAPER), 0))
            draw = ImageDraw.Draw(large)

            def polygon(shape: np.ndarray, size: float, colour: str) -> None:
                points = (shape * (1, -1) * size + middle) * FINE
                draw.polygon([tuple(point) for point in points.tolist()], fill=(*rgb_of(colour), 255))

            if fighting:
                polygon(burst().vertices, radius + 7.2, INK)
                polygon(burst().vertices, radius + 6.2, BURST)
            for grown, colour in ((1.3, INK if not sides else PAPER), (0.0, "")):
                for shape, own in layers.fill_symbol(sides, self.ground):
                    polygon(shape.vertices, (radius + grown) * (1.15 if len(sides) == 2 else 1), colour or own)
            self.symbols[key] = large.resize((2 * middle, 2 * middle), Image.Resampling.BOX)
        return self.symbols[key]

    def head(self, state: MapState) -> Image.Image:
        """Return the line above the map: the date, SIMULATED, whether the evidence has ended."""
        strip = Image.new("RGB", (self.under.width, int(HEAD * GIF_DPI)), rgb_of(PAPER))
        draw = ImageDraw.Draw(strip)
        draw.text((12, 8), day_text(state.date), font=_font(26, True), fill=rgb_of(INK))
        past = state.date > self.run.scenario.evidence_until
        note = f"day {state.day} · SIMULATED" + (f" · {evidence_line(self.run.scenario)}" if past else "")
        draw.text((12, 39), note, font=_font(13, False), fill=rgb_of(EVIDENCE_INK if past else QUIET))
        share = state.day / max(1, self.atlas.states.days)
        draw.rectangle((0, strip.height - 3, int(share * strip.width), strip.height - 2), fill=rgb_of(QUIET))
        return strip

    def frames(self) -> list[Image.Image]:
        """Return a frame a day, start and end included, all on one palette."""
        before = self.atlas.states[0]
        canvas = self.palette.positions(self.compose(before, (0, 0, *self.under.size)))
        pictures = []
        for day in range(self.atlas.states.days + 1):
            state = self.atlas.states[day]
            for town in self._differing(before, state):
                box = self._reach(town)
                canvas[box[1] : box[3], box[0] : box[2]] = self.palette.positions(self.compose(state, box))
            strip = self.palette.positions(self.head(state))
            canvas[: strip.shape[0]] = strip
            pictures.append(self.palette.paint(canvas.copy()))
            before = state
        return pictures

    def _differing(self, first: MapState, second: MapState) -> list[int]:
        fights = set(first.clashes) ^ set(second.clashes)
        holders = {t for t, (a, b) in enumerate(zip(first.sides, second.sides, strict=True)) if a != b}
        return sorted(fights | holders)

    def _reach(self, town: int) -> tuple[int, int, int, int]:
        corners = np.array([*self.cells[town], self.at[town] - 22, self.at[town] + 22])
        low, high = np.floor(corners.min(0)).astype(int) - 1, np.ceil(corners.max(0)).astype(int) + 2
        return (
            max(int(low[0]), self.box[0]),
            max(int(low[1]), self.box[1]),
            min(int(high[0]), self.box[2]),
            min(int(high[1]), self.box[3]),
        )


def animate(run: Run, path: Path, atlas: Atlas | None = None) -> Path:
    """Write the animation of a run as GIF; start and end are held longer."""
    atlas = atlas or Atlas.of(run)
    animation = Animation(atlas)
    pictures = animation.frames()
    waits = [HOLD_MS, *[DAY_MS] * (len(pictures) - 2), END_MS][: len(pictures)]
    buffer = io.BytesIO()
    words = f"{stamp(run.scenario, run.seed, day_text(run.scenario.start))} · {evidence_line(run.scenario)} · sim {__version__}"
    pictures[0].save(
        buffer, format="GIF", save_all=True, append_images=pictures[1:], duration=waits, loop=0, disposal=1, optimize=False,
        comment=words.encode(),
    )  # fmt: skip
    return write_whole(path, buffer.getvalue())


def _short_legend(legend: Legend, atlas: Atlas) -> None:
    look, ground = atlas.ground.look, atlas.ground
    seen = set(atlas.states.table.reshape(-1).tolist())
    legend.heading("Held by")
    for code in [c for c in look.codes if c in seen]:
        at = legend.row(look.names[code][:14])
        for shape, colour in layers.fill_symbol((code,), ground):
            legend.symbol(at, shape, 5.2, colour)
    pair = tuple([c for c in look.codes if c in seen][:2])
    for code, text, sides in ((CONTESTED, "contested", pair), (NEUTRAL, "neutral", ())):
        if code in seen:
            at = legend.row(text)
            for shape, colour in layers.fill_symbol(sides, ground):
                legend.symbol(at, shape, 5.2, colour, PAPER if sides else INK)
    at = legend.row(f"fighting, {CLASH_DAYS} days")
    legend.symbol(at, burst(), 8.5, BURST, INK, 0.7)
    legend.symbol(at, outline("circle"), 4, QUIET)


def _image(figure: Figure) -> Image.Image:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba()).copy())


def _font(pixels: int, bold: bool) -> ImageFont.FreeTypeFont:
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name), pixels)
