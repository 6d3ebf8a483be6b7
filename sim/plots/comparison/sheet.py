"""Page frame of a comparison figure: title, caption, legend, scenario colours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache

from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.path import Path as Shape
from matplotlib.textpath import text_to_path
from matplotlib.transforms import IdentityTransform

from sim.plots.labels import FONT, boxed
from sim.plots.style import EVIDENCE_INK, INK, PAPER, QUIET, new_figure

Dashes = str | tuple[float, tuple[float, ...]]

# After Paul Tol's "muted" scheme, without what lies near the factions' colours (Okabe & Ito).
COLOURS = (INK, "#7A2A8C", "#0F7C74", "#8A6D00", "#A33A5B", "#4A6274", "#5B4FC4", "#5C3A21")

DASHES: tuple[Dashes, ...] = (
    "-", (0, (5, 2)), (0, (1.2, 1.4)), (0, (6, 1.6, 1.2, 1.6)), (0, (3, 1.2)),
    (0, (8, 2)), (0, (4, 1.4, 1.2, 1.4, 1.2, 1.4)), (0, (2, 3)),
)  # fmt: skip

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p")


@dataclass(frozen=True)
class LineStyle:
    """The look of a line."""

    colour: str
    dashes: Dashes = "-"
    width: float = 1.5
    marker: str = ""


@dataclass(frozen=True)
class ScenarioLook:
    """One scenario's name, its letter ("A" is the reference; an only scenario has none) and the look of its lines."""

    name: str
    letter: str
    line: LineStyle
    reference: bool

    @property
    def text(self) -> str:
        """Letter and name, as keys and panels say them."""
        return f"{self.letter}  {self.name}{' (reference)' if self.reference else ''}".strip()


def looks(names: Sequence[str]) -> dict[str, ScenarioLook]:
    """Return the look of each scenario by name, in their order; of many, colours and dashes come round in new pairs."""
    by_name = {}
    for i, name in enumerate(names):
        turn, position = divmod(i, len(COLOURS))
        line = LineStyle(
            COLOURS[position],
            DASHES[(position + turn) % len(DASHES)],
            1.5,
            MARKERS[(position + 3 * turn) % len(MARKERS)],
        )
        several = len(names) > 1
        by_name[name] = ScenarioLook(name, letter(i) if several else "", line, reference=several and i == 0)
    return by_name


def letter(number: int) -> str:
    """Return A to Z, then A2, B2 and so on."""
    turn, position = divmod(number, 26)
    return chr(ord("A") + position) + (str(turn + 1) if turn else "")


MM_PER_INCH = 25.4
LEAST_POINTS = 6.5
LEAST_WIDTH_MM, MOST_WIDTH_MM = 80.0, 400.0
NARROW_MM = 120.0  # sheets up to here have smaller type
EDGE = 0.06
HINTED = 1.035  # letters fitted to pixels take up to so much more room than their outlines
UNBROKEN = "\u2060%"  # stands for " %" while lines are broken: a number keeps its sign
SPACING = 1.28  # lines of text, in heights of the type


@dataclass(frozen=True)
class Type:
    """Sizes of type in points."""

    title: float
    text: float
    small: float


def type_for(width_mm: float) -> Type:
    """Return the sizes of type for a sheet of a width."""
    return Type(8.5, 7.0, LEAST_POINTS) if width_mm <= NARROW_MM else Type(11.0, 8.0, 7.2)


@dataclass(frozen=True)
class Words:
    """What is written round a figure.

    `title` says what was found, `subtitle` what is drawn, `note` what bands mean and how many runs; `stamp` begins with SIMULATED.
    `lines` stand above the note, each by itself: what the scenarios are.
    """

    title: str
    note: str
    stamp: str
    subtitle: str = ""
    lines: tuple[str, ...] = ()


_TITLED = ContextVar("titled", default=True)


@contextmanager
def without_titles() -> Iterator[None]:
    """Leave out titles and subtitles of the sheets made inside: a journal sets them as text."""
    token = _TITLED.set(False)
    try:
        yield
    finally:
        _TITLED.reset(token)


@dataclass(frozen=True)
class Symbol:
    """A shape in a key: its radius in points, its colours and its edge's width in points."""

    shape: Shape
    radius: float
    face: str
    edge: str = PAPER
    line: float = 0.8


@dataclass(frozen=True)
class Mark:
    """An entry of the key above a figure: its text, and a line's look, a filled swatch or symbols in front of it."""

    text: str
    line: LineStyle | None = None
    fill: str = ""
    hatch: str = ""
    edge: str = ""
    symbols: tuple[Symbol, ...] = ()

    @property
    def sign(self) -> float:
        """Width of what stands before the text, in inches."""
        return 0.36 if self.line or self.fill or self.hatch else 0.22 if self.symbols else 0.0


@lru_cache(maxsize=20_000)
def text_width(text: str, points: float, bold: bool = False) -> float:
    """Return the width of a text in inches."""
    font = FontProperties(family=FONT, size=points, weight="bold" if bold else "normal")
    width, _height, _descent = text_to_path.get_text_width_height_descent(boxed(text), font, ismath=False)
    return HINTED * float(width) / 72


def broken(text: str, inches: float, points: float, bold: bool = False, most: int = 99) -> list[str]:
    """Return the lines of a text that fit a width; a word too long for a line is cut, and so is what is past `most`."""
    lines, line = [], ""
    for word in text.replace(" %", UNBROKEN).split():
        word = word.replace(UNBROKEN, " %")
        longer = f"{line} {word}" if line else word
        if text_width(longer, points, bold) <= inches:
            line = longer
            continue
        if line and text_width(word, points, bold) > inches:
            line = longer  # a word that fits no line begins on this one
        elif line:
            lines.append(line)
            line = word
        else:
            line = word
        while text_width(line, points, bold) > inches and len(line) > 1:
            head = fitting(line, inches, points, bold)
            lines.append(head)
            line = line[len(head) :]
    lines = [*lines, line] if line else lines
    if len(lines) > most:
        lines = [*lines[: most - 1], shortened(" ".join(lines[most - 1 :]), inches, points, bold)]
    return lines


def fitting(text: str, inches: float, points: float, bold: bool = False) -> str:
    """Return the longest start of a text, at least a letter, that fits; names in files break after a mark if they can."""
    size = next((n for n in range(len(text), 1, -1) if text_width(text[:n], points, bold) <= inches), 1)
    marks = [i + 1 for i, letter in enumerate(text[:size]) if letter in "_-/·" and i > size // 3]
    return text[: marks[-1]] if marks and size < len(text) else text[:size]


def shortened(text: str, inches: float, points: float, bold: bool = False) -> str:
    """Return a text cut to a width, with an ellipsis if it is cut."""
    if text_width(text, points, bold) <= inches:
        return text
    size = next((n for n in range(len(text), 0, -1) if text_width(text[:n] + "…", points, bold) <= inches), 1)
    return text[:size].rstrip() + "…"


def squeezed(text: str, inches: float, points: float) -> str:
    """Return a text cut to a width in its middle: of a path both ends tell most."""
    if text_width(text, points) <= inches:
        return text
    for length in range(len(text) - 1, 1, -1):
        head = length // 3
        candidate = f"{text[:head].rstrip(' .')}…{text[len(text) - (length - head) :].lstrip(' .')}"
        if text_width(candidate, points) <= inches:
            return candidate
    return "…"


class Sheet:
    """A figure with its words written and its body still empty."""

    def __init__(self, words: Words, width_mm: float, body: float, key: Sequence[Mark] = ()) -> None:
        self.type = type_for(width_mm)
        self.width = width_mm / MM_PER_INCH
        self.inner = self.width - 2 * EDGE
        titled = _TITLED.get()
        self.title = broken(words.title, self.inner, self.type.title, bold=True) if titled else []
        self.subtitle = broken(words.subtitle, self.inner, self.type.text) if titled else []
        self.note = [
            *(part for line in words.lines for part in broken(line, self.inner, self.type.small, most=2)),
            *broken(words.note, self.inner, self.type.small),
        ]
        self.stamp = broken(words.stamp, self.inner, self.type.small)
        rows = self._rows(key)
        above = self._heading + (0.06 + len(rows) * self.row_height if rows else 0.0)
        below = 0.07 + self.tall(self.note, self.type.small) + self.tall(self.stamp, self.type.small) + 0.09
        self.body = body
        self.top = above + 0.05
        self.height = self.top + body + below
        self.figure: Figure = new_figure(self.width, self.height)
        self.figure.set_label(words.stamp)
        self._write()
        self._draw_key(rows)

    @staticmethod
    def tall(lines: Sequence[str], points: float) -> float:
        """Return the height of lines of text in inches."""
        return len(lines) * points * SPACING / 72

    @property
    def _heading(self) -> float:
        """Height of title and subtitle with the margin above, in inches."""
        return 0.05 + self.tall(self.title, self.type.title) + self.tall(self.subtitle, self.type.text)

    @property
    def row_height(self) -> float:
        """Height of a row of the key."""
        return self.type.text * 1.5 / 72

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Return new axes at a place of the body."""
        y = self.height - self.top - top - height
        axes = self.figure.add_axes((left / self.width, y / self.height, width / self.width, height / self.height))
        axes.tick_params(labelsize=self.type.small, color=QUIET, length=2.5, pad=2, width=0.6)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        for side in ("left", "bottom"):
            axes.spines[side].set_linewidth(0.6)
        return axes

    def blank(self, left: float, top: float, width: float, height: float) -> Axes:
        """Return axes without frame whose units are inches from their upper left corner, for words and signs."""
        axes = self.axes(left, top, width, height)
        axes.set_axis_off()
        axes.set_xlim(0, width)
        axes.set_ylim(-height, 0)
        return axes

    def heading(self, axes: Axes, lines: Sequence[str], bold: bool = True, points: float | None = None) -> None:
        """Write the heading of a panel above its axes, from its left edge."""
        axes.annotate(
            "\n".join(lines), (0, 1), xycoords="axes fraction", xytext=(0, 3), textcoords="offset points",
            fontsize=points or self.type.text, fontweight="bold" if bold else "normal", va="bottom", linespacing=1.15,
            annotation_clip=False,
        )  # fmt: skip

    def _write(self) -> None:
        y = 0.05
        for line in self.title:
            self._line(line, y, self.type.title, INK, "bold")
            y += self.tall([line], self.type.title)
        for line in self.subtitle:
            self._line(line, y, self.type.text, QUIET, "normal")
            y += self.tall([line], self.type.text)
        y = self.height - 0.05 - self.tall(self.stamp, self.type.small) - self.tall(self.note, self.type.small)
        for line in self.note:
            self._line(line, y, self.type.small, QUIET, "normal")
            y += self.tall([line], self.type.small)
        for number, line in enumerate(self.stamp):
            head = "SIMULATED" if number == 0 and line.startswith("SIMULATED") else ""
            if head:
                self._line(head, y, self.type.small, EVIDENCE_INK, "bold")
            offset = text_width(head, self.type.small, bold=True) + 0.02 if head else 0.0
            self._line(line[len(head) :].strip(), y, self.type.small, INK, "normal", offset)
            y += self.tall([line], self.type.small)

    def _line(self, text: str, y: float, points: float, colour: str, weight: str, offset: float = 0.0) -> None:
        self.figure.text(
            (EDGE + offset) / self.width, 1 - y / self.height, text, fontsize=points, color=colour, fontweight=weight, va="top",
        )  # fmt: skip

    def _rows(self, key: Sequence[Mark]) -> list[list[tuple[float, Mark, str]]]:
        """Return the rows of the key: where each entry begins, the entry, its text cut to the sheet."""
        rows: list[list[tuple[float, Mark, str]]] = []
        x = self.inner + 1
        for mark in key:
            text = shortened(mark.text, self.inner - mark.sign, self.type.text)
            wide = mark.sign + text_width(text, self.type.text) + 0.16
            if x + wide - 0.16 > self.inner:
                rows.append([])
                x = 0.0
            rows[-1].append((x, mark, text))
            x += wide
        return rows

    def _draw_key(self, rows: list[list[tuple[float, Mark, str]]]) -> None:
        if not rows:
            return
        top = self._heading + 0.04
        axes = self.blank(EDGE, top - self.top, self.inner, len(rows) * self.row_height)
        for number, row in enumerate(rows):
            y = -(number + 0.5) * self.row_height
            for x, mark, text in row:
                draw_mark(axes, mark, x, y, self.row_height)
                axes.text(x + mark.sign, y, text, fontsize=self.type.text, va="center_baseline")


def draw_mark(axes: Axes, mark: Mark, x: float, y: float, tall: float) -> None:
    """Draw the sign of an entry of a key, in axes whose units are inches."""
    if mark.fill or mark.hatch:
        axes.add_patch(
            Rectangle(
                (x, y - 0.3 * tall), 0.28, 0.6 * tall, facecolor=mark.fill or PAPER, hatch=mark.hatch or None,
                edgecolor=mark.edge or QUIET, linewidth=0.5,
            )
        )  # fmt: skip
    for symbol in mark.symbols:
        axes.add_collection(
            PathCollection(
                [symbol.shape], sizes=[symbol.radius**2], offsets=[(x + 0.1, y)], offset_transform=axes.transData,
                transform=IdentityTransform(), facecolors=symbol.face, edgecolors=symbol.edge, linewidths=symbol.line,
            ),
            autolim=False,
        )  # fmt: skip
    if mark.line:
        look = mark.line
        axes.add_line(Line2D([x, x + 0.28], [y, y], color=look.colour, linestyle=look.dashes, linewidth=look.width))
        if look.marker:
            axes.add_line(
                Line2D([x + 0.14], [y], color=look.colour, marker=look.marker, markersize=4.5, markeredgecolor=PAPER)
            )
