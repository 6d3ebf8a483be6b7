"""Style of all pictures: colours, shapes, typography, stamp, files with palettes."""

from __future__ import annotations

import io
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import import_module
from typing import Any

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import Collection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.path import Path as Shape
from matplotlib.text import Text
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from scipy.spatial import cKDTree

from sim import __version__
from sim.plots.labels import FONT
from sim.plots.map.primitives import outline
from sim.scenario.schema import NEUTRAL, Scenario, colours
from sim.scenario.schema import OKABE_ITO as OKABE_ITO
from sim.text import day_text, isolated, left_to_right

MOST, EXACT = 255, 96
TINT_GREYS = (
    196,
    236,
    216,
    226,
    206,
)  # grey values of cells, 0..255, of the first faction, the second, ...; then again
STEP = 3  # every third pixel of a row and column is counted


@dataclass(frozen=True, eq=False)
class Palette:
    """Colours [n, 3], u8, and the position of the nearest of them to each colour of 5 bits a channel.

    `exact` are the positions of colours that share their bin of 5 bits with another exact colour.
    """

    colours: np.ndarray
    nearest: np.ndarray
    exact: np.ndarray

    @classmethod
    def of(cls, picture: Image.Image, always: list[tuple[int, int, int]] | None = None) -> Palette:
        """Return the palette of an RGB picture: `always` and its most frequent colours as they are, then the rest."""
        sample = np.ascontiguousarray(np.asarray(picture, np.uint8)[::STEP, ::STEP])
        packed = sample.reshape(-1, 3).astype(np.int64) @ np.array([65536, 256, 1])
        values, counts = np.unique(packed, return_counts=True)
        common = values[np.argsort(-counts, kind="stable")[:EXACT]]
        exact = [*((int(v) >> 16, int(v) >> 8 & 255, int(v) & 255) for v in common), *(always or [])]
        exact = list(dict.fromkeys(exact))[:MOST]
        room = MOST - len(exact)
        others = sample.reshape(-1, 3)[~np.isin(packed, np.array(exact) @ np.array([65536, 256, 1]))]
        rest: list[int] | None = []
        if room and len(others):
            rest = Image.fromarray(others[None]).quantize(room, method=Image.Quantize.MEDIANCUT).getpalette()
        colours = np.array([*exact, *np.array(rest or [], int).reshape(-1, 3).tolist()], np.int64)[:MOST]
        steps = np.arange(32) * 8 + 4
        grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
        nearest = cKDTree(colours).query(grid)[1].astype(np.uint8)
        for index in reversed(range(len(exact))):  # the most frequent wins a shared bin
            r, g, b = (int(v) >> 3 for v in colours[index])
            nearest[(r << 10) | (g << 5) | b] = index
        bins = (colours[: len(exact)] >> 3) @ np.array([1024, 32, 1])
        shared = np.flatnonzero(np.bincount(bins, minlength=32768)[bins] > 1)
        return cls(colours.astype(np.uint8), nearest, shared)

    def positions(self, picture: Image.Image) -> np.ndarray:
        """Return an RGB picture as rows of positions in the palette."""
        positions: np.ndarray = self._table[_packed(np.asarray(picture, np.uint8))]
        return positions

    @cached_property
    def _table(self) -> np.ndarray:
        """The position in the palette of each colour of 8 bits a channel: u8 [2 ** 24]."""
        bins = self.nearest.reshape(32, 1, 32, 1, 32, 1)
        table = np.broadcast_to(bins, (32, 8, 32, 8, 32, 8)).reshape(-1)
        table[_packed(self.colours[self.exact])] = self.exact
        return table

    def paint(self, positions: np.ndarray) -> Image.Image:
        """Return positions as a picture with this palette."""
        picture = Image.fromarray(positions)
        picture.putpalette(self.colours.reshape(-1).tolist())
        return picture


def _packed(colours: np.ndarray) -> np.ndarray:
    """Return u8 [..., 3] as one number a colour, i32 [...]."""
    parts = colours.astype(np.int32)
    packed: np.ndarray = (parts[..., 0] << 16) | (parts[..., 1] << 8) | parts[..., 2]
    return packed


UNKNOWN = "#8C8C8C"
NEUTRAL_FILL = "#FFFFFF"
INK = "#1F2328"
QUIET = "#667079"
PAPER = "#FFFFFF"
LAND = "#F4F3EF"
BURST = "#FFD21F"
ZONE_INK = "#7A3E9D"
EVIDENCE_INK = "#B00020"
AGREED = "#0B6B3A"

# Escalation levels 0..5: light to dark, one hue, readable in grey.
LEVEL_COLOURS = ("#F1F1EE", "#FBE3C0", "#F6BD7A", "#E5853F", "#B8461B", "#6B1A0B")
ALWAYS = (PAPER, INK, QUIET, BURST, ZONE_INK, EVIDENCE_INK, AGREED, *LEVEL_COLOURS)
SHAPES = ("circle", "square", "triangle", "diamond", "pentagon", "inverted", "hexagon", "cross")
DPI = 150
PAGE_DPI = 100  # of pictures inside a page
MOST_ARTIST_COLOURS = 110  # with the frequent ones, there is room in a palette of 255
SVG_HALO = b"[id^=halo-] text{paint-order:stroke;stroke:#fff;stroke-width:2.2px;stroke-linejoin:round}</style>"

LONGEST_NAME = 18  # letters of a faction's name, in place of which its code stands if room is scarce


@dataclass(frozen=True)
class FactionStyles:
    """How each faction is drawn; keys are control codes (`Faction.code`, else the faction's name)."""

    codes: tuple[str, ...]
    names: dict[str, str]
    colours: dict[str, str]
    shapes: dict[str, str]
    code_of: dict[str, str]  # faction or group name -> control code
    groups: tuple[str, ...] = ()  # in the order of the engine's tables

    def colour(self, code: str) -> str:
        """Return the colour of a faction's code; grey for an unknown one."""
        return NEUTRAL_FILL if code == NEUTRAL else self.colours.get(code, UNKNOWN)

    def short(self, code: str) -> str:
        """Return what stands for a faction if room is scarce: its name, or its code if the name is long."""
        name = self.names.get(code, code)
        return name if len(name) <= LONGEST_NAME else code

    def tint(self, code: str) -> str:
        """Return the colour of a faction's cells: its colour mixed with white to a grey value of its own.

        So cells stay apart in grey print and for the colour-blind, whatever the colours are.
        """
        colour = self.colour(code)
        if code not in self.codes:
            return pale(colour)
        grey = grey_of(colour)
        white = (TINT_GREYS[self.codes.index(code) % len(TINT_GREYS)] - grey) / max(1.0, 255 - grey)
        return pale(colour, min(0.9, max(0.35, white)))

    def shape(self, code: str) -> Shape:
        """Return the outline of a faction's symbol, of the area of the unit circle."""
        return outline(self.shapes.get(code, "circle"))


def look_of(scenario: Scenario) -> FactionStyles:
    """Return colours and shapes for a scenario's factions: its own `colour`, else the Okabe-Ito cycle."""
    names: dict[str, str] = {}
    shapes: dict[str, str] = {}
    code_of: dict[str, str] = {}
    for i, (name, faction) in enumerate(scenario.factions.items()):
        code = faction.code or name
        names[code] = name
        shapes[code] = SHAPES[i % len(SHAPES)]
        code_of.update(dict.fromkeys(faction.groups, code))
        code_of[name] = code_of[code] = code
    groups = tuple(group for faction in scenario.factions.values() for group in faction.groups)
    return FactionStyles(tuple(names), names, colours(scenario), shapes, code_of, groups)


def pale(colour: str, white: float = 0.74) -> str:
    """Return the colour mixed with a share of white."""
    return hex_of(*(np.array(rgb_of(colour)) * (1 - white) + 255 * white))


def hex_of(red: float, green: float, blue: float) -> str:
    """Return "#RRGGBB" of 0..255 red, green, blue."""
    return f"#{round(red):02X}{round(green):02X}{round(blue):02X}"


def grey_of(colour: str) -> float:
    """Return the grey value of a colour, 0..255, by the weights of ITU-R BT.601."""
    red, green, blue = rgb_of(colour)
    return 0.299 * red + 0.587 * green + 0.114 * blue


def rgb_of(colour: str) -> tuple[int, int, int]:
    """Return 0..255 red, green, blue of "#rrggbb"."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def stamp(scenario: Scenario, seed: int | None, when: str, made_with: str | None = None) -> str:
    """Return the provenance line of every picture; `when` is the simulated date or period it shows."""
    seed_text = "start, not run" if seed is None else f"seed {seed}"
    return f"SIMULATED · {isolated(scenario.title)} · {seed_text} · sim {made_with or __version__} · {when}"


def evidence_line(scenario: Scenario) -> str:
    """Return "evidence ends 31 Oct 2018"."""
    return f"evidence ends {day_text(scenario.evidence_until)}"


@contextmanager
def typography() -> Iterator[None]:
    """Set fonts and deterministic SVG output while a figure is made or saved.

    Matplotlib's warnings of letters without a glyph are left out: `letters.lacking_line` names these letters.
    """
    settings = {
        "font.family": FONT,
        "text.color": INK,
        "axes.edgecolor": QUIET,
        "svg.fonttype": "none",
        "svg.hashsalt": "sim",
        "path.simplify": True,
        "text.parse_math": False,
    }
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph ", UserWarning)
        warnings.filterwarnings("ignore", "Matplotlib currently does not support", UserWarning)
        yield


class ShownFigure(Figure):  # type: ignore[misc]  # the types of matplotlib are not read
    """A figure that a notebook shows if a cell ends with it, whether or not pyplot was imported; in few colours, so small."""

    def _repr_png_(self) -> bytes:
        return png_bytes(self, PAGE_DPI)

    def _ipython_display_(self) -> None:
        """Show the picture; pyplot, once imported, would have IPython draw it larger in all colours."""
        import_module("IPython.display").display({"image/png": self._repr_png_(), "text/plain": repr(self)}, raw=True)


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of the given size in inches, drawn without any window system."""
    figure = ShownFigure(figsize=(width, height), dpi=DPI, facecolor=PAPER)
    FigureCanvasAgg(figure)
    return figure


def put_stamp(figure: Figure, scenario: Scenario, text: str, y: float = 0.012) -> None:
    """Write the provenance along the lower edge and keep it for the file's metadata."""
    bold, rest = text[: len("SIMULATED")], text[len("SIMULATED") :]
    left = figure.text(0.015, y, bold, fontsize=8, fontweight="bold", color=EVIDENCE_INK, va="bottom")
    middle = figure.text(0, y, left_to_right(rest), fontsize=8, color=INK, va="bottom")
    evidence = evidence_line(scenario)
    right = figure.text(0.985, y, evidence, fontsize=8, color=EVIDENCE_INK, va="bottom", ha="right")
    taken = sum(part.get_window_extent().width for part in (left, middle, right)) / figure.bbox.width
    for part in (left, middle, right):
        part.set_fontsize(8 * min(1.0, 0.95 / taken))
    middle.set_x(0.015 + left.get_window_extent().width / figure.bbox.width)
    figure.set_label(f"{text} · {evidence}")


def artist_colours(figure: Figure) -> list[tuple[int, int, int]]:
    """Return the opaque colours that a figure's patches, lines, texts and collections are given, the most used first.

    Colours of factions and scenarios are among them, however few pixels they fill. Values shown by a colour map are left out.
    """
    counts: Counter[int] = Counter()
    for artist, number in _artists(figure):
        if isinstance(artist, Collection):
            arrays = [artist.get_facecolor(), artist.get_edgecolor()] if artist.get_array() is None else []
            for rows in arrays:
                opaque = rows[rows[:, 3] == 1, :3]
                counts.update(_packed(np.rint(255 * opaque)).tolist() * number)
        elif isinstance(artist, Patch):
            _count(counts, number, artist.get_facecolor(), artist.get_edgecolor())
        elif isinstance(artist, Line2D):
            line = (artist.get_color(), artist.get_markerfacecolor(), artist.get_markeredgecolor())
            _count(counts, number, *line)
        elif isinstance(artist, Text):
            _count(counts, number, artist.get_color())
    return [(colour >> 16, colour >> 8 & 255, colour & 255) for colour, _ in counts.most_common(MOST_ARTIST_COLOURS)]


def _artists(artist: Artist, number: int = 1) -> Iterator[tuple[Artist, int]]:
    """Yield all that a figure consists of, each with how many alike it stands for.

    Ticks of an axis that is not shown are all alike and slow to make: the first stands for the others.
    """
    if isinstance(artist, Axis) and not artist.axes.axison:
        major, minor = len(artist.get_majorticklocs()), len(artist.get_minorticklocs())
        ticks = [*artist.get_major_ticks(min(major, 1)), *artist.get_minor_ticks(min(minor, 1))]
        alike = [1, 1, *(count for count in (major, minor) if count)]
        children = list(zip((artist.label, artist.offsetText, *ticks), alike, strict=True))
    else:
        children = [(child, 1) for child in artist.get_children()]
    for child, count in children:
        yield from _artists(child, number * count)
    yield artist, number


def _count(counts: Counter[int], number: int, *colours: Any) -> None:
    """Count opaque colours, each as many times as `number`."""
    for colour in colours:
        packed = _opaque(colour if isinstance(colour, str) else tuple(colour))
        if packed is not None:
            counts[packed] += number


@lru_cache(maxsize=4096)
def _opaque(colour: str | tuple[float, ...]) -> int | None:
    """Return a colour of matplotlib's as one number; None if it is not opaque."""
    rgba = np.array(to_rgba(colour))
    return int(_packed(np.rint(255 * rgba[:3]))) if rgba[3] == 1 else None


def png_bytes(figure: Figure, dpi: int = DPI) -> bytes:
    """Return the figure as PNG of 255 colours, with its stamp in the metadata and no date."""
    words = PngInfo()
    for key in ("Title", "Description"):
        words.add_itxt(key, figure.get_label())
    words.add_text("Software", f"sim {__version__}")
    buffer = io.BytesIO()
    _reduced(figure, dpi).save(buffer, format="PNG", pnginfo=words, dpi=(dpi, dpi), compress_level=6)
    return buffer.getvalue()


def webp_bytes(png: bytes) -> bytes:
    """Return a picture of `png_bytes` as lossless WebP, half the size, to be carried inside a page."""
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        picture.convert("RGB").save(buffer, format="WEBP", lossless=True, quality=80, method=4)
    return buffer.getvalue()


def _reduced(figure: Figure, dpi: int) -> Image.Image:
    """Draw a figure as a picture of 255 colours."""
    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    with typography():
        canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    palette = Palette.of(picture, [*(rgb_of(colour) for colour in ALWAYS), *artist_colours(figure)])
    return palette.paint(palette.positions(picture))


def svg_bytes(figure: Figure) -> bytes:
    """Return the figure as SVG, with its stamp in the metadata and no date; words stay words, halos become CSS."""
    texts = (artist for artist, _ in _artists(figure) if isinstance(artist, Text))
    haloed = [text for text in texts if text.get_path_effects()]
    effects = [text.get_path_effects() for text in haloed]
    for i, text in enumerate(haloed):
        text.set_gid(f"halo-{i}")
        text.set_path_effects([])
    words = {
        "Date": None,
        "Creator": f"sim {__version__}",
        "Title": figure.get_label(),
        "Description": figure.get_label(),
    }
    buffer = io.BytesIO()
    with typography():
        figure.savefig(buffer, format="svg", metadata=words)
    for text, effect in zip(haloed, effects, strict=True):
        text.set_path_effects(effect)
    return buffer.getvalue().replace(b"</style>", SVG_HALO, 1)


def pdf_bytes(figure: Figure) -> bytes:
    """Return the figure as PDF with real type, its stamp in the metadata and no date."""
    words = {
        "CreationDate": None,
        "Creator": f"sim {__version__}",
        "Producer": f"sim {__version__}",
        "Title": figure.get_label(),
        "Subject": figure.get_label(),
    }
    buffer = io.BytesIO()
    with typography(), matplotlib.rc_context({"pdf.fonttype": 42}):
        figure.savefig(buffer, format="pdf", metadata=words)
    return buffer.getvalue()
