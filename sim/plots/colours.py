"""Pictures of flat colours as 255 colours: a third of the size; the frequent colours, and those asked for, are exact."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy.spatial import cKDTree

MOST, EXACT = 255, 96
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
        for place in reversed(range(len(exact))):  # the most frequent wins a shared bin
            r, g, b = (int(v) >> 3 for v in colours[place])
            nearest[(r << 10) | (g << 5) | b] = place
        bins = (colours[: len(exact)] >> 3) @ np.array([1024, 32, 1])
        shared = np.flatnonzero(np.bincount(bins, minlength=32768)[bins] > 1)
        return cls(colours.astype(np.uint8), nearest, shared)

    def positions(self, picture: Image.Image) -> np.ndarray:
        """Return an RGB picture as rows of positions in the palette."""
        pixels = np.asarray(picture, np.uint8)
        rgb = pixels.astype(np.uint16) >> 3
        bins = (rgb[..., 0] << 10) | (rgb[..., 1] << 5) | rgb[..., 2]
        positions: np.ndarray = self.nearest[bins]
        if len(self.exact):
            packed, known = _packed(pixels), _packed(self.colours)
            wrong = packed != known[positions]  # antialiased, or exact and losing its bin
            order = self.exact[np.argsort(known[self.exact], kind="stable")]
            values = packed[wrong]
            nearest = order[np.minimum(np.searchsorted(known[order], values), len(order) - 1)]
            positions[wrong] = np.where(known[nearest] == values, nearest, positions[wrong])
        return positions

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
