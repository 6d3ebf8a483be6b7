"""Text on pictures: labels that avoid each other, and letters that the font lacks.

Letters without a glyph are drawn as boxes; one line names them and whose names have them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
from PIL import ImageFont

from sim.geography.maps import Geography
from sim.scenario.schema import Scenario

FONT = "DejaVu Sans"
BOX = "\u25a1"
LAST_LATIN = 0x24F  # the font has all letters up to here
MOST_LETTERS, MOST_NAMES = 12, 3


@cache
def _code_points() -> frozenset[int]:
    """Return the code points that the font has, both regular and bold."""
    from matplotlib.font_manager import FontProperties, findfont
    from matplotlib.ft2font import FT2Font

    files = (findfont(FontProperties(family=FONT, weight=weight)) for weight in ("normal", "bold"))
    regular, bold = (frozenset(FT2Font(file).get_charmap()) for file in files)
    return regular & bold


@cache
def font(bold: bool, pixels: int) -> ImageFont.FreeTypeFont:
    """Return the font of the pictures for Pillow, to draw or to measure with."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name), pixels)


def lacking(text: str) -> str:
    """Return the letters of a text that the font lacks, each once."""
    rare = dict.fromkeys(sign for sign in text if ord(sign) > LAST_LATIN)
    return "".join(sign for sign in rare if ord(sign) not in _code_points()) if rare else ""


def boxed(text: str) -> str:
    """Return a text with a box for each letter that the font lacks, to be measured."""
    missing = lacking(text)
    return "".join(BOX if sign in missing else sign for sign in text) if missing else text


def lacking_line(starts: Iterable[tuple[Scenario, Geography]]) -> str:
    """Return one line on letters in names of some scenarios that are drawn as boxes; empty if there are none."""
    towns: dict[str, str] = {}
    others: dict[str, str] = {}
    for scenario, geography in starts:
        towns |= {text: lacking(text) for place in geography.places if (text := place.label or place.name)}
        names = [scenario.title, *scenario.agreements, *([scenario.zone.name] if scenario.zone else [])]
        for name, faction in scenario.factions.items():
            names += [name, faction.code or name, *faction.groups]
        others |= {text: lacking(text) for text in names}
    boxed = [name for name, missing in (towns | others).items() if missing]
    if not boxed:
        return ""
    signs = dict.fromkeys("".join((towns | others).values()))
    letters = [sign for sign in signs if unicodedata.category(sign)[0] != "M"] or list(signs)
    more = f" and {len(letters) - MOST_LETTERS} more" if len(letters) > MOST_LETTERS else ""
    owners = ", ".join(boxed[:MOST_NAMES]) + (f" and {len(boxed) - MOST_NAMES} more" if len(boxed) > MOST_NAMES else "")
    advice = [
        *(["give these towns a `label` in towns.csv"] if any(towns.values()) else []),
        *(["write names of factions, groups and titles in other letters"] if any(others.values()) else []),
    ]
    return (
        f"pictures: boxes stand for letters that the font {FONT} lacks: {' '.join(letters[:MOST_LETTERS])}{more}, "
        f"in {owners}; to avoid them, {' and '.join(advice)}"
    )


# Labels that avoid each other ---------------------------------------------------------------------------------------

# Directions tried, best first: right, left, above right, below right, above, below, above left, below left.
DIRECTIONS = ((1, 0), (-1, 0), (0.8, 0.8), (0.8, -0.8), (0, 1), (0, -1), (-0.8, 0.8), (-0.8, -0.8))
AROUND = tuple((float(np.cos(angle)), float(np.sin(angle))) for angle in np.linspace(0, 2 * np.pi, 24, endpoint=False))


class Box(NamedTuple):
    """A rectangle: left, bottom, right, top."""

    left: float
    bottom: float
    right: float
    top: float


def candidate(x: float, y: float, width: float, height: float, gap: float, direction: tuple[float, float]) -> Box:
    """Return the box of a label beside the point, `gap` away from it in one direction."""
    dx, dy = direction
    left = x + dx * gap + (0 if dx > 0 else -width if dx < 0 else -width / 2)
    bottom = y + dy * gap + (0 if dy > 0 else -height if dy < 0 else -height / 2)
    return Box(left, bottom, left + width, bottom + height)


def place_labels(
    points: np.ndarray,
    sizes: np.ndarray,
    radii: np.ndarray,
    order: np.ndarray,
    frame: Box,
    keep_clear: list[Box],
    must: frozenset[int] = frozenset(),
    margin: float = 1.0,
    far: tuple[float, ...] = (),
) -> dict[int, Box]:
    """Return the boxes of the labels that fit.

    points [n, 2]: all symbols; sizes [n, 2]: width and height of each label; radii [n]: of the symbols; order: indices
    of the labels wanted, most important first; keep_clear: further boxes that stay free; must: labels that may touch
    other symbols, never other labels, where there is no free room; far: distances at which free room is looked for as well,
    for labels that a leader line joins to their symbol.
    """
    symbols = np.column_stack([points[:, 0] - radii, points[:, 1] - radii, points[:, 0] + radii, points[:, 1] + radii])
    fixed = np.array(keep_clear, float).reshape(-1, 4)
    placed: dict[int, Box] = {}
    for i in order:
        names = np.array(list(placed.values()), float).reshape(-1, 4)
        taken = np.vstack([symbols, fixed, names])
        tries = [(reach, taken) for reach in (2.0, 5.0, *far)]
        if int(i) in must:
            centre = symbols[i : i + 1]
            tries += [(reach, np.vstack([centre, fixed, names])) for reach in (2.0, 8.0, 16.0)]
        for reach, obstacles in tries:
            directions = AROUND if reach in far else DIRECTIONS
            box = _first_free(points[i], sizes[i], radii[i] + reach * margin, frame, obstacles, margin, directions)
            if box is not None:
                placed[int(i)] = box
                break
    return placed


def _first_free(
    point: np.ndarray,
    extent: np.ndarray,
    gap: float,
    frame: Box,
    taken: np.ndarray,
    margin: float,
    directions: Iterable[tuple[float, float]] = DIRECTIONS,
) -> Box | None:
    for direction in directions:
        box = candidate(point[0], point[1], extent[0], extent[1], gap, direction)
        inside = (
            box.left >= frame.left and box.right <= frame.right and box.bottom >= frame.bottom and box.top <= frame.top
        )
        if inside and not overlaps(box, taken, margin).any():
            return box
    return None


def overlaps(box: Box, others: np.ndarray, margin: float = 0.0) -> np.ndarray:
    """Return bool [n]: which of the boxes [n, 4] overlap `box` grown by a margin."""
    hit: np.ndarray = (
        (others[:, 0] < box.right + margin)
        & (others[:, 2] > box.left - margin)
        & (others[:, 1] < box.top + margin)
        & (others[:, 3] > box.bottom - margin)
    )
    return hit
