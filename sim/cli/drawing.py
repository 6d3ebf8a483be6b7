"""A second process for drawing, which gets ready while this one still simulates."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from multiprocessing import get_all_start_methods, get_context

DRAWING = "sim.plots.draw"


@contextmanager
def second_process(wanted: bool) -> Iterator[Executor | None]:
    """Give a process that draws, from now on making itself ready; None where it is not wanted or there is one core."""
    from sim.study.executors import cores, stay_with_parent

    if not wanted or cores() < 2:
        yield None
        return
    fork = "forkserver" in get_all_start_methods()
    context = get_context("forkserver" if fork else "spawn")
    if fork:
        context.set_forkserver_preload(["__main__", DRAWING])
    with ProcessPoolExecutor(1, mp_context=context, initializer=stay_with_parent) as process:
        process.submit(_get_ready)
        yield process


def _get_ready() -> None:
    import_module(DRAWING)
