"""`mesa.batch_run` over ConflictModel, for what differs between Mesa 3.3 and 3.5: seeds, and which row is the last day.

Mesa's batch runner tells a model neither that it runs in a batch nor the number of the run. Both are read from the
runner's frame: `run_id` in its function that runs one model. Without that name a model behaves as outside a batch.
"""

from __future__ import annotations

import sys
import warnings
from types import FrameType

import mesa

DEFAULT_SEED = 1
RUNNER = "mesa.batchrunner"
MOST_FRAMES = 20  # between the runner and a model's constructor: subclasses
COLLECTIONS = "_collection_steps"  # what Mesa 3.5 notes of each collection, and 3.3 does not have


def batch_frame() -> FrameType | None:
    """Return the frame of Mesa's batch runner if it is among the callers, else None."""
    frame: FrameType | None = sys._getframe(1)
    for _ in range(MOST_FRAMES):
        if frame is None or frame.f_globals.get("__name__") == RUNNER:
            return frame
        frame = frame.f_back
    return None


def seed_of_batch() -> int:
    """Return the seed of a model that was given none: 1, or in a batch the number of its run, from 1, with a warning."""
    frame = batch_frame()
    while frame is not None and "run_id" not in frame.f_locals:
        frame = frame.f_back
    if frame is None:
        return DEFAULT_SEED
    seed = DEFAULT_SEED + int(frame.f_locals["run_id"])
    words = "batch_run gave the model no rng, so each run takes its own number as seed; give seeds as "
    if hasattr(mesa.DataCollector(), COLLECTIONS):
        words += "batch_run(..., rng=[1, 2, 3]): Mesa 3.5 ignores rng among the parameters"
    else:
        words += 'a parameter, {"rng": [1, 2, 3]}'
    warnings.warn(words, stacklevel=3)
    return seed


def note_collections(collector: mesa.DataCollector, rows: int) -> None:
    """Note, if Mesa keeps such notes, that a collector has a row for the start and for each step after it."""
    if hasattr(collector, COLLECTIONS):
        getattr(collector, COLLECTIONS).extend(range(rows))


def collector_for_batch(collector: mesa.DataCollector, seed: int) -> mesa.DataCollector:
    """Return a model's collector as the batch runner reads it, with a column `seed`.

    Mesa 3.3 takes row k for the state after step k + 1, so it is given no row for the start: its last row is the last day.
    """
    noted = hasattr(collector, COLLECTIONS)
    first = 0 if noted else 1
    shown = mesa.DataCollector()
    shown.model_vars = {name: values[first:] for name, values in collector.model_vars.items()}
    rows = len(next(iter(shown.model_vars.values())))
    shown.model_vars["seed"] = [seed] * rows
    note_collections(shown, rows)
    return shown
