"""Where runs are made: in this process, in a pool of processes, or on a Dask cluster; all are `concurrent.futures`."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor
from contextlib import suppress
from itertools import zip_longest
from multiprocessing import get_all_start_methods, get_context, parent_process
from typing import Any

from sim.errors import Fault, InputError, become_worker, blocked_in_children

CONNECT_SECONDS = 10
MOST_DRAWING = 8  # processes that draw; each holds some 200 MB
AHEAD = 2  # chunks in flight for each worker, so that none waits for the next
# One thread a worker: arrays are small, and threads of a linear algebra library would only wait for each other.
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


class InProcess(Executor):
    """Does the work at once, in this process.

    What is there at the start is set aside until the end: to search it for garbage takes a tenth of each run.
    """

    def __init__(self) -> None:
        gc.freeze()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let the garbage collector see everything again."""
        gc.unfreeze()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call the function and return its outcome; Ctrl-C is not caught."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class Workers:
    """An executor that can be made anew when it breaks. `size` is how many chunks are worked on at once."""

    def __init__(self, make: Callable[[], tuple[Executor, int]]) -> None:
        self._make = make
        self._executor, self.size = make()

    @property
    def depth(self) -> int:
        """How many chunks are to be in flight."""
        return 1 if isinstance(self._executor, InProcess) else AHEAD * self.size

    def submit(self, function: Callable[..., Any], *args: Any) -> Future[Any]:
        """Hand work over; a broken executor gives a future that is broken."""
        try:
            return self._executor.submit(function, *args)
        except BrokenExecutor as error:
            future: Future[Any] = Future()
            future.set_exception(error)
            return future

    def mend(self) -> None:
        """Make the executor anew where it has broken."""
        if isinstance(self._executor, ProcessPoolExecutor):
            self._executor.shutdown(wait=True, cancel_futures=True)
            self._executor, self.size = self._make()

    def kill(self) -> None:
        """End the worker processes without waiting for their work."""
        end_workers(self._executor)

    def close(self) -> None:
        """Let go of the executor; work that has not begun is dropped."""
        self._executor.shutdown(wait=True, cancel_futures=True)


def end_workers(executor: Executor) -> None:
    """End the processes of a pool without waiting for their work; others than pools of processes are left alone."""
    for process in list((getattr(executor, "_processes", None) or {}).values()):
        process.terminate()


def crew(workers: int | None, scheduler: str | None) -> Workers:
    """Return the crew that a person asked for: the scheduler of a Dask cluster, or so many workers (all cores if None).

    InputError where the cluster cannot be reached, or the extra `cluster` is not installed.
    """
    if scheduler is not None:
        return Workers(lambda: _cluster(scheduler))
    number = cores() if workers is None else workers
    if number < 1:
        raise InputError([Fault("--workers", None, "", f"at least 1 is needed, got {number}")])
    return Workers(lambda: (InProcess(), 1) if number == 1 else (_pool(number), number))


def cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def drawing_workers() -> int:
    """Return how many processes are to draw pictures."""
    return min(cores(), MOST_DRAWING)


def died(error: BaseException) -> bool:
    """Return whether an error says that the process which did the work is gone."""
    return isinstance(error, BrokenExecutor) or type(error).__name__ == "KilledWorker"  # the latter is Dask's


def lost(error: BaseException) -> bool:
    """Return whether an error says that the cluster itself is gone."""
    return isinstance(error, CancelledError) or type(error).__name__ in ("CommClosedError", "FutureCancelledError")


def start_method() -> str:
    """Return how processes are started: as copies of a small one where the system can, else anew."""
    return "forkserver" if "forkserver" in get_all_start_methods() else "spawn"


def prepare(module: str = "sim.study.preload") -> None:
    """Start, where there is fork, the process of which workers will be copies; this process goes on meanwhile.

    It imports a module with all that workers need, which takes a second or two: whoever knows early that there will be
    workers calls this.
    """
    for name in ONE_THREAD:
        os.environ.setdefault(name, "1")
    if start_method() == "forkserver":
        get_context("forkserver").set_forkserver_preload([module, "__main__"])
    start_helpers()


def start_helpers() -> None:
    """Start the processes that start and tidy up after workers, if the system has such; signals to a group spare them."""
    if start_method() == "forkserver":
        from multiprocessing import forkserver, resource_tracker

        with blocked_in_children():
            resource_tracker.ensure_running()  # which ends with signals let through
        with blocked_in_children():
            forkserver.ensure_running()


def _pool(number: int) -> ProcessPoolExecutor:
    """Return a pool of processes that begin as copies of one that has imported what they need, where there is fork."""
    prepare()
    pool = ProcessPoolExecutor(number, mp_context=get_context(start_method()), initializer=stay_with_parent)
    # They start now, while this process makes ready what they will need; to ask for them takes until the first is there.
    threading.Thread(target=_wake, args=(pool, number), daemon=True).start()
    return pool


def _wake(pool: ProcessPoolExecutor, number: int) -> None:
    """Start all workers of a pool. Why one cannot be started is reported when it is given work."""
    with suppress(Exception):
        for _worker in range(number):
            pool.submit(os.getpid)


_shared: list[Any] = []  # in a worker process: what all of its work is on


def in_parallel(
    function: Callable[[Any, Any], Any], value: Any, items: Sequence[Any], workers: int, module: str
) -> Iterator[Any]:
    """Yield `function(value, item)` for each item, in order, from processes to which the value is sent once.

    With one worker all is done in this process, and so is what a process that died leaves undone, or all that is left if the
    system starts no process.

    Args:
        function: a function of a module, not one made in another function.
        value: what the work is on; it is pickled.
        items: what the work is; each is pickled.
        workers: number of processes, 1 or more.
        module: the module that processes import before they are needed (`prepare`).
    """
    if workers < 2 or len(items) < 2:
        yield from (function(value, item) for item in items)
        return
    prepare(module)
    context, number = get_context(start_method()), min(workers, len(items))
    pool = Workers(
        lambda: (ProcessPoolExecutor(number, mp_context=context, initializer=_share, initargs=(value,)), number)
    )
    futures: list[Future[Any]] = []
    try:
        with suppress(OSError):
            for item in items:
                futures.append(pool.submit(_on_shared, function, item))
        for item, future in zip_longest(items, futures):
            try:
                outcome = function(value, item) if future is None else future.result()
            except BrokenExecutor:
                outcome = function(value, item)
            yield outcome
    finally:
        pool.close()


def _share(value: Any) -> None:
    """Begin a worker process whose work is all on a value."""
    stay_with_parent()
    _shared[:] = [value]


def _on_shared(function: Callable[[Any, Any], Any], item: Any) -> Any:
    return function(_shared[0], item)


def stay_with_parent() -> None:
    """Begin a worker process: it leaves Ctrl-C to its parent, and ends when its parent has ended in whatever way."""
    become_worker()
    gc.freeze()  # what has been imported stays: to search it for garbage takes a tenth of each run
    parent = parent_process()
    if parent is not None:

        def watch() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=watch, daemon=True).start()


class _Cluster(Executor):
    """The executor of a Dask cluster, with its connection."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._executor = client.get_executor(pure=False)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = self._executor.submit(fn, *args, **kwargs)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._executor.shutdown(wait=False)
        self._client.close()


def check_scheduler(scheduler: str) -> None:
    """Raise InputError for what is no address, on which Dask's client would hang, and without the extra `cluster`."""
    try:
        from distributed.comm.addressing import parse_host_port
        from distributed.comm.registry import backends
    except ImportError:
        message = "needs the extra `cluster`: pip install 'territorial-competition[cluster]'"
        raise InputError([Fault("--scheduler", None, "", message)]) from None

    kind, mark, address = scheduler.partition("://")
    try:
        if mark and kind in backends and parse_host_port(address)[1]:
            return
    except ValueError:
        pass
    message = f"{scheduler!r} is no address of a Dask scheduler, such as tcp://host:8786"
    raise InputError([Fault("--scheduler", None, "", message)])


def _cluster(scheduler: str) -> tuple[Executor, int]:
    check_scheduler(scheduler)
    from distributed import Client

    try:
        client: Any = Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError):
        message = f"no Dask scheduler answers at {scheduler} within {CONNECT_SECONDS:g} seconds"
        raise InputError([Fault("--scheduler", None, "", message)]) from None
    size = sum(client.nthreads().values())
    if not size:
        client.close()
        raise InputError([Fault("--scheduler", None, "", f"the scheduler at {scheduler} has no workers yet")])
    return _Cluster(client), size
