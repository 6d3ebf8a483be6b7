"""An animated GIF of control, a frame a day, without ffmpeg; where an encoder is installed, also a video of the same frames.

What never changes is drawn once with matplotlib. For each day only the rectangles whose parts differ are painted again with
Pillow and mapped to one fixed palette. So a day costs about a millisecond, and 120 days a second or two."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageDraw

from sim import __version__
from sim.errors import Fault, InputError, reason
from sim.files import write_whole
from sim.plots.labels import font
from sim.plots.map.matplotlib_painter import Legend, draw_names, frame_axes, paint
from sim.plots.map.pillow_painter import Box, PillowPainter, Stack, around, crosses
from sim.plots.map.primitives import Part
from sim.plots.map.scene import OVER, STILL, UNDER, held_rows, legend_sections, parts_of, scale_parts
from sim.plots.map.sheets import Atlas, name_order, pixel_box
from sim.plots.map.state import MapState, View
from sim.plots.style import (
    AGREED,
    BURST,
    EVIDENCE_INK,
    INK,
    LAND,
    PAPER,
    QUIET,
    Palette,
    evidence_line,
    new_figure,
    put_stamp,
    rgb_of,
    stamp,
    typography,
)
from sim.text import day_text

if TYPE_CHECKING:
    from sim.results.run import Run

GIF_DPI = 96
HEIGHT = 8.6  # inches
LEGEND_WIDTH = 2.15  # inches
HEAD, FOOT = 0.62, 0.28  # inches
ZOOM = 0.92  # of symbols
HOLD_MS, DAY_MS, END_MS = 1500, 160, 4000


class Animation:
    """Frames of one run: pictures of what never changes, and a painter of what does."""

    def __init__(self, atlas: Atlas) -> None:
        self.atlas, self.ground, self.run = atlas, atlas.ground, atlas.run
        west, east, south, north = self.ground.extent
        self.map_height = HEIGHT - HEAD - FOOT
        self.map_width = self.map_height * (east - west) / (north - south)
        self.width = self.map_width + LEGEND_WIDTH
        self.sheet = self._sheet()
        self.lines, self.names, (left, bottom, right, top) = self._still()
        self.box = (
            int(left),
            int(self.sheet.height - top),
            int(np.ceil(right)),
            int(np.ceil(self.sheet.height - bottom)),
        )
        corner, per_km = (left, self.sheet.height - top), (right - left) / (east - west)
        self.painter = PillowPainter(corner, (west, north), per_km, GIF_DPI / 72)

    def view(self, day: int) -> View:
        """Return what is drawn of a day."""
        points = self.map_width * 72 / (self.ground.extent[1] - self.ground.extent[0])
        return replace(self.atlas.view(day, rings=False), points_per_km=points, zoom=ZOOM)

    def _still(self) -> tuple[Image.Image, Image.Image, tuple[float, float, float, float]]:
        """Draw lines that lie over the cells, and names that lie over the symbols; return them and the pixels of the map."""
        ground, view = self.ground, self.view(0)
        with typography():
            axes = self._map_axes()
            scale, room = scale_parts(ground)
            paint(axes, [*parts_of(view, STILL), *scale])
            lines = _image(axes.figure)
            axes = self._map_axes()
            order = name_order(view)
            must = frozenset(int(i) for i in (*ground.watch[:2], *np.flatnonzero(ground.radii > 6)))
            named_towns = np.array([i for i in order if ground.radii[i] > 4 or i in must or i in ground.watch], int)
            clear = [pixel_box(axes, room)]
            draw_names(axes, ground, named_towns, np.full(len(order), 1.0), clear, must=must)
            for spine in axes.spines.values():
                spine.set_visible(False)
            names = _image(axes.figure)
            box = axes.get_window_extent()
        return lines, names, (box.x0, box.y0, box.x1, box.y1)

    def _map_axes(self) -> Axes:
        """Return framed axes of the map on a transparent figure."""
        figure = new_figure(self.width, HEIGHT)
        figure.set_dpi(GIF_DPI)
        figure.patch.set_alpha(0)
        axes = figure.add_axes(
            (0.01, FOOT / HEIGHT, self.map_width / self.width - 0.012, self.map_height / HEIGHT), anchor="W"
        )
        frame_axes(axes, self.ground.extent)
        axes.patch.set_alpha(0)
        axes.apply_aspect()
        return axes

    def _sheet(self) -> Image.Image:
        """Draw the stamp and the legend."""
        figure = new_figure(self.width, HEIGHT)
        figure.set_dpi(GIF_DPI)
        scenario = self.run.scenario
        end = self.atlas.states[self.atlas.states.days].date
        with typography():
            period = f"{day_text(scenario.start)} to {day_text(end)}"
            put_stamp(figure, scenario, stamp(scenario, self.run.seed, period), y=0.008)
            box = (self.map_width / self.width + 0.005, 0.1, LEGEND_WIDTH / self.width - 0.01, 0.8)
            self._legend(Legend(figure.add_axes(box)))
            return _image(figure)

    def _legend(self, legend: Legend) -> None:
        """Fill the legend: whoever holds a town on some day, the signs, the lines."""
        codes = set(self.atlas.states.table.reshape(-1).tolist())
        _held, _sizes, signs, lines = legend_sections(self.view(0))
        towns = dict.fromkeys(codes, 1)
        held = held_rows(self.ground.look, self.atlas.states[0], towns)
        sections = [("Held by", [row for row in held if row.brief]), ("Signs", signs.rows), ("Lines", lines.rows)]
        for title, rows in sections:
            legend.heading(title)
            for row in rows:
                legend.row(row._replace(note=""))

    @cached_property
    def palette(self) -> Palette:
        """The colours of all frames, taken from the first, the last and the most embattled."""
        look, states = self.ground.look, self.atlas.states
        named = [INK, PAPER, QUIET, BURST, EVIDENCE_INK, AGREED, *look.colours.values(), *map(look.tint, look.codes)]
        fiercest = max(range(states.days + 1), key=lambda day: len(states[day].clashes))
        sample = Image.new("RGB", (self.sheet.width * 3, self.sheet.height))
        for column, day in enumerate((0, fiercest, states.days)):
            sample.paste(self.compose(day, (0, 0, *self.sheet.size)), (column * self.sheet.width, 0))
        return Palette.of(sample, [rgb_of(colour) for colour in named])

    def compose(self, day: int, box: Box) -> Image.Image:
        """Return the part of a day's frame inside a box of pixels."""
        view = self.view(day)
        return self._compose(self._ground(parts_of(view, UNDER), box), self.painter.stack(parts_of(view, OVER)), box)

    def _ground(self, areas: Sequence[Part], box: Box) -> Image.Image:
        """Return what lies under the symbols inside a box: stamp, legend, cells, lines."""
        left, top, _right, _bottom = box
        picture = self.sheet.crop(box).convert("RGB")
        x, y, right, bottom = self.box
        ImageDraw.Draw(picture).rectangle((x - left, y - top, right - left - 1, bottom - top - 1), fill=rgb_of(LAND))
        self.painter.paint(picture, areas, left, top)
        still = self.lines.crop(box)
        picture.paste(still, (0, 0), still)
        return picture

    def _compose(self, ground: Image.Image, rest: Stack, box: Box) -> Image.Image:
        """Return the part inside a box of a frame; `ground` is that of the same box, and is painted on."""
        self.painter.paste(ground, rest, *box[:2])
        names = self.names.crop(box)
        ground.paste(names, (0, 0), names)
        return ground

    def head(self, state: MapState) -> Image.Image:
        """Return the line above the map: the date, SIMULATED, whether the evidence has ended."""
        strip = Image.new("RGB", (self.sheet.width, int(HEAD * GIF_DPI)), rgb_of(PAPER))
        draw = ImageDraw.Draw(strip)
        draw.text((12, 8), day_text(state.date), font=font(True, 26), fill=rgb_of(INK))
        past = state.date > self.run.scenario.evidence_until
        note = f"day {state.day} · SIMULATED" + (f" · {evidence_line(self.run.scenario)}" if past else "")
        draw.text((12, 39), note, font=font(False, 13), fill=rgb_of(EVIDENCE_INK if past else QUIET))
        share = state.day / max(1, self.atlas.states.days)
        draw.rectangle((0, strip.height - 3, int(share * strip.width), strip.height - 2), fill=rgb_of(QUIET))
        return strip

    def frames(self) -> list[Image.Image]:
        """Return a frame a day, start and end included, all on one palette."""
        whole = (0, 0, *self.sheet.size)
        canvas = self.palette.positions(self.compose(0, whole))
        ground = self._ground(parts_of(self.view(0), UNDER), whole)
        before, pictures = set[Part](), []
        for day in range(self.atlas.states.days + 1):
            view = self.view(day)
            areas, rest = parts_of(view, UNDER), parts_of(view, OVER)
            now, stack = {*areas, *rest}, self.painter.stack(rest)
            for box in self._changed(before - now, now - before) if day else ():
                if not before.issuperset(areas):
                    ground.paste(self._ground(areas, box), box[:2])
                picture = self._compose(ground.crop(box), stack, box)
                canvas[box[1] : box[3], box[0] : box[2]] = self.palette.positions(picture)
            strip = self.palette.positions(self.head(self.atlas.states[day]))
            canvas[: strip.shape[0]] = strip
            pictures.append(self.palette.paint(canvas.copy()))
            before = now
        return pictures

    def _changed(self, gone: set[Part], new: set[Part]) -> list[Box]:
        """Return boxes on the map that cover all that differs between parts; boxes that overlap are one."""
        before, now = (dict(pair for part in parts for pair in self.painter.boxes(part)) for parts in (gone, new))
        boxes: list[Box] = []
        for key in before.keys() ^ now.keys():
            box = before.get(key) or now[key]
            box = (
                max(box[0], self.box[0]),
                max(box[1], self.box[1]),
                min(box[2], self.box[2]),
                min(box[3], self.box[3]),
            )
            while crossed := next((other for other in boxes if crosses(box, other)), None):
                boxes.remove(crossed)
                box = around(box, crossed)
            boxes.append(box)
        return [box for box in boxes if box[0] < box[2] and box[1] < box[3]]


def animate(run: Run, path: Path, atlas: Atlas | None = None) -> Path:
    """Write the animation of a run as GIF; start and end are held longer."""
    atlas = atlas or Atlas.of(run)
    animation = Animation(atlas)
    pictures = _changes(animation.frames())
    waits = [HOLD_MS, *[DAY_MS] * (len(pictures) - 2), END_MS][: len(pictures)]
    buffer = io.BytesIO()
    words = f"{stamp(run.scenario, run.seed, day_text(run.scenario.start))} · {evidence_line(run.scenario)} · sim {__version__}"
    pictures[0].save(
        buffer, format="GIF", save_all=True, append_images=pictures[1:], duration=waits, loop=0, disposal=1, optimize=False,
        transparency=UNCHANGED, comment=words.encode(),
    )  # fmt: skip
    return write_whole(path, buffer.getvalue())


UNCHANGED = 255  # position in the palette, which has fewer colours: the pixel of the frame before stays


def _changes(pictures: list[Image.Image]) -> list[Image.Image]:
    """Return frames in which all that is as on the frame before is transparent, so that a GIF stays small."""
    changes, before = pictures[:1], np.asarray(pictures[0])
    for picture in pictures[1:]:
        now = np.asarray(picture)
        change = Image.fromarray(np.where(now == before, np.uint8(UNCHANGED), now))
        change.putpalette(picture.getpalette() or [])
        changes.append(change)
        before = now
    return changes


VIDEOS = {
    "mp4": ("libx264", ("-crf", "22", "-preset", "medium", "-movflags", "+faststart")),
    "webm": ("libvpx-vp9", ("-crf", "34", "-b:v", "0", "-row-mt", "1")),
}
"""kinds of video: encoder of ffmpeg and its settings, chosen so that names stay readable at a few hundred kilobytes"""


def encoder() -> str:
    """Return the path of ffmpeg, which `imageio-ffmpeg` brings; InputError if it is not installed."""
    try:
        from imageio_ffmpeg import get_ffmpeg_exe

        path: str = get_ffmpeg_exe()
    except (ImportError, RuntimeError):
        message = "needs an encoder: pip install 'territorial-competition[video]', which brings imageio-ffmpeg"
        raise InputError([Fault("--video", None, "", message)]) from None
    return path


def film(run: Run, path: Path, atlas: Atlas | None = None) -> Path:
    """Write the frames of `animate` as a video, MP4 or WebM by the ending of `path`; start and end are held longer.

    InputError without an encoder (`imageio-ffmpeg`, the extra `video`), or if it fails.
    """
    codec, settings = VIDEOS[path.suffix[1:]]
    pictures = Animation(atlas or Atlas.of(run)).frames()
    wide, high = (side + side % 2 for side in pictures[0].size)  # encoders want even sides
    times = [HOLD_MS // DAY_MS, *[1] * (len(pictures) - 2), END_MS // DAY_MS][: len(pictures)]
    title = f"{stamp(run.scenario, run.seed, day_text(run.scenario.start))} · {evidence_line(run.scenario)}"
    frames = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{wide}x{high}", "-r", f"{1000 / DAY_MS:g}", "-i", "-")
    target = ("-an", "-c:v", codec, "-pix_fmt", "yuv420p", *settings, "-metadata", f"title={title}", str(path))
    command = [encoder(), "-y", "-loglevel", "error", *frames, *target]
    try:
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
            assert process.stdin is not None
            for picture, count in zip(pictures, times, strict=True):
                canvas = Image.new("RGB", (wide, high), PAPER)
                canvas.paste(picture.convert("RGB"))
                process.stdin.write(canvas.tobytes() * count)
    except OSError as error:
        raise InputError([Fault(str(path), None, "", f"the encoder failed: {reason(error)}")]) from None
    if process.returncode:
        raise InputError([Fault(str(path), None, "", f"the encoder failed with code {process.returncode}")])
    return path


def _image(figure: Figure) -> Image.Image:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba()).copy())
