"""A second process for drawing, which gets ready while this one still simulates."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from importlib import import_module
from multiprocessing import get_context


@contextmanager
def second_process(wanted: bool) -> Iterator[Executor | None]:
    """Give a process that draws, from now on making itself ready; None where it is not wanted, cannot be had, or there is
    one core.
    """
    from sim.study.executors import cores, end_workers

    with ExitStack() as stack:
        process = _started(stack) if wanted and cores() > 1 else None
        try:
            yield process
        except KeyboardInterrupt:
            if process is not None:
                end_workers(process)  # what they draw is of no use, and to wait for it takes seconds
            raise


def _started(stack: ExitStack) -> Executor | None:
    """Start the process, to be ended with the stack; None where the system gives none."""
    from sim.study.executors import start_helpers, start_method, stay_with_parent

    context = get_context(start_method())
    try:
        start_helpers()
        process = stack.enter_context(ProcessPoolExecutor(1, mp_context=context, initializer=stay_with_parent))
        process.submit(_get_ready)
    except (OSError, NotImplementedError, BrokenExecutor):
        return None
    return process


def _get_ready() -> None:
    import_module("sim.plots.draw")
