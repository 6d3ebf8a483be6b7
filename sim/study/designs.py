"""Where runs lie in the space of uncertain inputs: points in the unit cube, one row a replicate.

Every design but a grid is a sequence: a longer one begins with the shorter, so that runs can be added to a study.
"""

from __future__ import annotations

from itertools import product
from math import ceil, prod

import numpy as np

from sim.engine.draws import identity

DUMMY = "dummy"  # an input that no model reads: what it seems to do is noise
SEED_BITS = 52  # exact as a floating-point number, so that spreadsheets and R show seeds in full


def seed_of(study_seed: int, number: int) -> int:
    """Return the seed of replicate `number`, 0 to 2^52 - 1; a function of the two alone."""
    return int(identity(study_seed, number)) >> (62 - SEED_BITS)


def halton(count: int, inputs: int, seed: int) -> np.ndarray:
    """Return f8 [count, inputs] of a scrambled Halton sequence (Owen 2017, arXiv:1706.02808), in 0..1."""
    from scipy.stats import qmc

    if inputs == 0:
        return np.zeros((count, 0))
    return qmc.Halton(inputs, scramble=True, seed=np.random.default_rng(seed)).random(count)


def grid(values: list[list[float]], count: int) -> np.ndarray:
    """Return f8 [count, inputs]: all combinations in order, again from the first after the last; values, not shares."""
    cells = np.array(list(product(*values)), dtype=float)
    return cells[np.arange(count) % len(cells)]


def grid_size(values: list[list[float]]) -> int:
    """Return the number of combinations."""
    return prod(len(item) for item in values)


def morris(count: int, inputs: int, seed: int, levels: int) -> np.ndarray:
    """Return f8 [count, inputs] of Morris trajectories of inputs + 1 points each (Morris 1991), by SALib."""
    from SALib.sample import morris as salib

    problem = _problem(inputs)
    paths = [
        salib.sample(problem, 1, num_levels=levels, seed=seed_of(seed, number))
        for number in range(ceil(count / (inputs + 1)))
    ]
    return np.concatenate(paths)[:count]


def sobol(count: int, inputs: int, seed: int) -> np.ndarray:
    """Return f8 [count, inputs] of Saltelli's design, inputs + 2 points a block (Saltelli 2002), by SALib."""
    from SALib.sample import sobol as salib

    blocks = ceil(count / (inputs + 2))
    whole = 1 << (blocks - 1).bit_length()  # the sequence is balanced at powers of two
    found = salib.sample(_problem(inputs), whole, calc_second_order=False, seed=np.random.default_rng(seed))
    return found[:count]


def block(design: str, inputs: int) -> int:
    """Return the number of replicates of which a design is made up: its analysis needs whole blocks."""
    return {"morris": inputs + 1, "sobol": inputs + 2}.get(design, 1)


def whole_blocks(design: str, inputs: int, wanted: int) -> int:
    """Return the number of replicates, at least `wanted`, that a design's analysis can use in full."""
    size = block(design, inputs)
    blocks = ceil(wanted / size)
    return size * (1 << (blocks - 1).bit_length() if design == "sobol" else blocks)


def _problem(inputs: int) -> dict[str, object]:
    return {"num_vars": inputs, "names": [f"x{n}" for n in range(inputs)], "bounds": [[0.0, 1.0]] * inputs}
