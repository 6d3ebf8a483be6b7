"""Place names on a map so that none overlaps another name, covers a symbol or leaves the frame.

Greedy placement by priority over fixed candidate positions (Christensen, Marks & Shieber 1995, ACM Trans Graphics);
a name that finds no room is left out. All lengths are in one unit, such as pixels.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# Directions tried, best first: right, left, above right, below right, above, below, above left, below left.
DIRECTIONS = ((1, 0), (-1, 0), (0.8, 0.8), (0.8, -0.8), (0, 1), (0, -1), (-0.8, 0.8), (-0.8, -0.8))


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
) -> dict[int, Box]:
    """Return the boxes of the labels that fit.

    points [n, 2]: all symbols; sizes [n, 2]: width and height of each label; radii [n]: of the symbols; order: indices
    of the labels wanted, most important first; keep_clear: further boxes that stay free; must: labels that may touch
    other symbols, never other labels, where there is no free room.
    """
    symbols = np.column_stack([points[:, 0] - radii, points[:, 1] - radii, points[:, 0] + radii, points[:, 1] + radii])
    fixed = np.array(keep_clear, float).reshape(-1, 4)
    placed: dict[int, Box] = {}
    for i in order:
        names = np.array(list(placed.values()), float).reshape(-1, 4)
        taken = np.vstack([symbols, fixed, names])
        tries = [(reach, taken) for reach in (2.0, 5.0)]
        if int(i) in must:
            centre = symbols[i : i + 1]
            tries += [(reach, np.vstack([centre, fixed, names])) for reach in (2.0, 8.0, 16.0)]
        for reach, obstacles in tries:
            box = _first_free(points[i], sizes[i], radii[i] + reach * margin, frame, obstacles, margin)
            if box is not None:
                placed[int(i)] = box
                break
    return placed


def _first_free(
    point: np.ndarray, extent: np.ndarray, gap: float, frame: Box, taken: np.ndarray, margin: float
) -> Box | None:
    for direction in DIRECTIONS:
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
