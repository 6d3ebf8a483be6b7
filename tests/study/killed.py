"""A process that begins a study again and again, each time killed with SIGKILL at a moment of its own.

`python -m tests.study.killed FOLDER REPLICATES SEED KILLS` prints at what each child was killed. A moment is the n-th time that
a run begins or a file is made whole, given its name or removed.
"""

from __future__ import annotations

import os
import random
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sim.engine.simulation import Simulation
from sim.geography.maps import load_map
from sim.study import runner, worker
from sim.study.runner import run_study
from tests.study.support import small_plan

MOST_MOMENTS = 60


def main(out: Path, replicates: int, seed: int, kills: int) -> None:
    chosen, plan = random.Random(seed), small_plan(replicates)
    runner.CHUNK_SECONDS = runner.LEAST_SECONDS = 1e-6  # many short chunks: many moments
    scenario = plan.scenarios["base"].scenario
    Simulation(scenario, load_map(scenario.map), 1).step()  # children find the rules compiled
    for _ in range(kills):
        moment = chosen.randint(1, MOST_MOMENTS)
        child = os.fork()
        if child == 0:
            _die_at(moment)
            run_study(plan, out, workers=1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print("killed" if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL else "ended", moment)


def _die_at(moment: int) -> None:
    """Kill this process the `moment`-th time that one of these is called: half of the times before it, half after."""
    places: list[tuple[Any, str]] = [(os, "fsync"), (Path, "replace"), (Path, "unlink"), (worker, "simulate")]
    count = 0

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal count
            count += 1
            if count == moment and moment % 2:
                os.kill(os.getpid(), signal.SIGKILL)
            found = real(*args, **kwargs)
            if count == moment:
                os.kill(os.getpid(), signal.SIGKILL)
            return found

        return call

    for owner, name in places:
        setattr(owner, name, counted(getattr(owner, name)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
