"""Waves of a calibration: a linear emulator of the figures rules out parts of the priors, and the next wave draws from the rest.

History matching (Craig et al. 1997; Andrianakis et al. 2015, PLOS Comput Biol 11:e1003968) with the truncation of Deistler,
Goncalves & Macke 2022 (NeurIPS 35): a region that holds all but `LEFT_OUT` of the emulated posterior is left, so that the draws
of the last wave are draws of the prior restricted to it, and need no weights.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.study.sampling import halton
from sim.validation.priors import Space, Targets
from sim.validation.rejection_abc import filled, ridge, signed_gaps

LEFT_OUT = 0.001  # share of the emulated posterior outside the region of the next wave
SCREEN = 20_000  # draws of the prior on which the region is set
DIGITS = 6  # of an implausibility, so that the last bits of a machine's arithmetic decide nothing
MOST_TRIES = 4_000_000  # draws of the prior looked at for one wave


class Emulator(NamedTuple):
    """Mean of the signed gaps of figures as a quadratic of shares, and what the runs scatter around it.

    `coefficients` f8 [1 + 2 inputs, figures]; `precision` f8 [figures, figures], inverse of the scatter's covariance.
    """

    coefficients: np.ndarray
    precision: np.ndarray

    def implausibility(self, shares: np.ndarray) -> np.ndarray:
        """Return the squared distance of the observation from the emulated mean, in units of the runs' scatter: f8 [draws]."""
        mean = terms(shares) @ self.coefficients
        return np.asarray(np.round(np.einsum("df,fg,dg->d", mean, self.precision, mean), DIGITS))


class Region(NamedTuple):
    """Where draws are not ruled out: the implausibility of each wave's emulator is at most its limit."""

    emulators: tuple[Emulator, ...] = ()
    limits: tuple[float, ...] = ()

    def holds(self, shares: np.ndarray) -> np.ndarray:
        """Return whether draws lie in the region: bool [draws]; `shares` f8 [draws, fitted inputs]."""
        inside = np.ones(len(shares), dtype=bool)
        for emulator, limit in zip(self.emulators, self.limits, strict=True):
            inside[inside] = emulator.implausibility(shares[inside]) <= limit
        return inside


def terms(shares: np.ndarray) -> np.ndarray:
    """Return 1, the shares and their squares, centred: f8 [draws, 1 + 2 inputs]; `shares` f8 [draws, inputs] in 0..1."""
    centred = shares - 0.5
    return np.hstack([np.ones((len(shares), 1)), centred, centred**2 - 1 / 12])


def emulate(figures: np.ndarray, shares: np.ndarray, targets: Targets) -> Emulator:
    """Fit the emulator by ridge regression.

    Args:
        figures: f8 [draws, replicates, figures] of the runs.
        shares: f8 [draws, fitted inputs], the draws in shares of the prior.
        targets: what was observed, and tolerances.
    """
    gaps = filled(signed_gaps(figures.reshape(-1, figures.shape[-1]), targets))
    design = np.repeat(terms(shares), figures.shape[1], axis=0)
    coefficients = ridge(design, gaps)
    scatter = np.atleast_2d(np.cov(gaps - design @ coefficients, rowvar=False))
    return Emulator(coefficients, np.linalg.inv(scatter + 0.01 * np.eye(len(scatter))))


def next_region(
    figures: np.ndarray, shares: np.ndarray, targets: Targets, region: Region, space: Space, seed: int
) -> Region:
    """Return the region of the next wave: the part of this one that holds all but `LEFT_OUT` of the emulated posterior."""
    emulator = emulate(figures, shares, targets)
    screen, _ = draws_in(region, SCREEN, space, seed)
    implausibility = np.sort(emulator.implausibility(screen[:, : space.fitted]))
    mass = np.cumsum(np.exp(-0.5 * (implausibility - implausibility[0])))
    limit = implausibility[np.searchsorted(mass, (1 - LEFT_OUT) * mass[-1])]
    return Region((*region.emulators, emulator), (*region.limits, float(limit)))


def draws_in(region: Region, count: int, space: Space, seed: int) -> tuple[np.ndarray, float]:
    """Return the first `count` draws of the prior inside a region, and the share of the prior that it is.

    Draws are f8 [count, inputs] in shares of the prior, from a scrambled Halton sequence.
    """
    parts, drawn, inside, size = [], 0, 0, max(count, 1024)
    while inside < count and drawn < MOST_TRIES:
        shares = halton(drawn + size, len(space.paths), seed)[drawn:]
        accepted = shares[region.holds(shares[:, : space.fitted])]
        parts.append(accepted)
        drawn, inside = drawn + size, inside + len(accepted)
        size = min(4 * size, 1_000_000)
    return np.concatenate(parts)[:count], inside / drawn
