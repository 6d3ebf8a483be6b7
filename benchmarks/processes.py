"""What needs processes of its own: batches, memory of a worker, first compile, start of the command line, imports."""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.measure import Figure, figure, in_turn, load_average, ratio, seconds

ROOT = Path(__file__).parents[1]
SCENARIO = "kafr_hamra"

WORKER = """
import sys
from sim.engine.jit import source_hash
from sim.study.definition import Definition
from sim.study.plan import make_plan
from sim.study.manifest import layout
from sim.geography.maps import source_of
plan = make_plan(Definition(name="memory", question="How much memory does a worker take?",
                            scenarios=["{scenario}"], replicates=max({runs})))
models = {{name: loaded.scenario for name, loaded in plan.scenarios.items()}}
source = source_of(plan.geography)
chosen = layout(models, plan.geography, list(plan.inputs), plan.definition.keep, plan.definition.control_days)
import pickle
jobs = [(j.scenario, j.replicate, j.seed, j.values, j.inputs) for j in plan.jobs()]
pickle.dump((source_hash(), models, chosen, source, jobs), open(sys.argv[1], "wb"))
"""
INSIDE = """
import json, pickle, resource, sys, time
from sim.study.worker import RunTask, StudyContext, run_chunk
def peak():
    try:  # ru_maxrss of Linux counts the parent's memory at the start, too
        lines = open("/proc/self/status").read().splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("VmHWM")))
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
program, models, chosen, source, jobs = pickle.load(open(sys.argv[1], "rb"))
kit, peaks, done = StudyContext(program, models, chosen, source).packed(), [], 0
began = None
for until in {runs}:
    while done < until:
        chunk = jobs[done : min(until, done + 100)]
        failed = run_chunk(kit, [RunTask(*job) for job in chunk]).failures
        assert not failed, failed[0]
        done += len(chunk)
    peaks.append(peak())
    began = began or (done, time.thread_time())
spent = (time.thread_time() - began[1]) / (done - began[0])
heavy = {{"mesa": "mesa", "pandas": "pandas", "scipy.stats": "scipy", "matplotlib": "matplotlib"}}  # numba itself takes scipy.linalg
print(json.dumps([peaks, [heavy[name] for name in heavy if name in sys.modules], spent]))
"""


def python(*words: str, **env: str) -> str:
    """Run this Python with some words and return what it prints; its messages are shown where it fails."""
    return python_in(ROOT, *words, **env)


def python_in(root: Path, *words: str, **env: str) -> str:
    """Run this Python in the checkout of a version, whose modules it imports, and return what it prints."""
    known = {**os.environ, "PYTHONPATH": str(root), **env}
    done = subprocess.run([sys.executable, *words], cwd=root, env=known, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)[:200]}: {done.stderr[-2000:]}")
    return done.stdout


def command_line(turns: int) -> list[Figure]:
    """Return how long commands take to start, beside an empty Python."""
    works = {
        "python, nothing": lambda: seconds(lambda: python("-c", "pass")),
        "run.py --help": lambda: seconds(lambda: python("run.py", "--help")),
        "run.py check": lambda: seconds(lambda: python("run.py", "check", SCENARIO)),
        "import of the engine": lambda: seconds(lambda: python("-c", "import sim.engine.simulation")),
        "import of a worker": lambda: seconds(lambda: python("-c", "import sim.study.worker")),
        "import of the Mesa model": lambda: seconds(lambda: python("-c", "import sim.model")),
    }
    for work in works.values():
        work()
    times = in_turn(works, turns)
    goals = {"run.py --help": "under 0.5", "run.py check": "under 1"}
    return [figure("start", name, each, "s", goal=goals.get(name, "")) for name, each in times.items()]


def first_run() -> list[Figure]:
    """Return the seconds of the first run on a machine, compilation and pictures included, and of the compilation."""
    with tempfile.TemporaryDirectory() as fresh:
        env = {"SIM_CACHE_DIR": str(Path(fresh) / "cache")}
        words = ("run.py", "run", SCENARIO, "--out", str(Path(fresh) / "out"), "--quiet")
        first = seconds(lambda: python(*words, **env))
        later = seconds(lambda: python(*words, **env))
        day = "import time; from sim.load import read; from sim.engine.simulation import Simulation\n"
        day += f"l, g = read('{SCENARIO}'); s = Simulation(l.scenario, g, 1); t = time.perf_counter(); s.step()\n"
        day += "print(time.perf_counter() - t)"
        cached = float(python("-c", day, **env))
        cold = float(python("-c", day, SIM_CACHE_DIR=str(Path(fresh) / "another")))
    return [
        Figure("start", "first run on a machine, with pictures", first, "s", goal="under 60"),
        Figure("start", "the next", later, "s", goal="under 10"),
        Figure("start", "first day, compiled now", cold, "s"),
        Figure("start", "first day, compiled before", cached, "s"),
    ]


def worker_memory(runs: Sequence[int]) -> list[Figure]:
    """Return the peak memory of a worker after so many runs, and what it should not have imported."""
    with tempfile.TemporaryDirectory() as folder:
        kit = str(Path(folder) / "kit.pickle")
        python("-c", WORKER.format(scenario=SCENARIO, runs=list(runs)), kit)
        peaks, heavy, spent = json.loads(python("-c", INSIDE.format(runs=list(runs)), kit).splitlines()[-1])
    unit = 1e6 if sys.platform == "darwin" else 1e3  # bytes there, kB elsewhere
    found = [
        Figure("memory", f"a worker's peak, {number} runs", peak / unit, "MB", goal="at most 300")
        for number, peak in zip(runs, peaks, strict=True)
    ]
    grown = (peaks[-1] - peaks[-2]) / unit / (runs[-1] - runs[-2]) * 1e3
    note = f"imports {', '.join(heavy)}" if heavy else "imports neither Mesa, pandas, scipy nor matplotlib"
    found.append(Figure("batch", "a worker's computing", 1e3 * spent, "ms a run", note="its thread's own time"))
    return [*found, Figure("memory", "growth per 1000 runs, at last", grown, "MB", goal="0", note=note)]


def batches(replicates: int, turns: int) -> list[Figure]:
    """Return runs a second of a batch with 1 and 2 workers, in turn: of the whole call, and once it is under way.

    In a fresh process, as workers begin with what the process that calls for them has imported.
    """
    words = f"from benchmarks.processes import batches_here; batches_here({replicates}, {turns})"
    return [Figure(**each) for each in json.loads(python("-c", words))]


def batches_here(replicates: int, turns: int) -> None:
    """Print the figures of `batches` as JSON."""
    from sim.study.definition import Definition
    from sim.study.plan import make_plan
    from sim.study.runner import Progress, run_study

    plan = make_plan(
        Definition(name="speed", question="How many runs a second?", scenarios=[SCENARIO], replicates=replicates)
    )
    steady: dict[int, list[float]] = {1: [], 2: []}

    def work(workers: int) -> float:
        reports: list[tuple[float, Progress]] = []
        with tempfile.TemporaryDirectory() as out:
            began = time.perf_counter()
            run_study(plan, Path(out), workers, report=lambda said: reports.append((time.perf_counter(), said)))
            spent = time.perf_counter() - began
        fresh = [(when, said.fresh) for when, said in reports if said.fresh]
        if len(fresh) > workers:  # the first chunk of each worker starts it
            (first, done), (last, all_done) = fresh[workers - 1], fresh[-1]
            steady[workers].append((all_done - done) / (last - first))
        return replicates / spent

    rates = in_turn({"1": lambda: work(1), "2": lambda: work(2)}, turns)
    found = []
    for workers in (1, 2):
        goal = "at least 120" if workers == 2 else ""
        of = f"{workers} worker{'s' if workers > 1 else ''}"
        found.append(Figure("batch", f"{of}, whole call", max(rates[str(workers)]), "runs a second", turns, goal=goal))
        if steady[workers]:
            found.append(Figure("batch", f"{of}, under way", max(steady[workers]), "runs a second", turns))
    gain, apart = ratio(rates["2"], rates["1"])
    found.append(Figure("batch", "2 workers over 1, whole call", gain, "times", turns, apart, goal="at least 1.8"))
    if len(steady[1]) == len(steady[2]) == turns:
        gain = statistics.median(b / a for a, b in zip(steady[1], steady[2], strict=True))
        found.append(Figure("batch", "2 workers over 1, under way", gain, "times", turns, goal="at least 1.8"))
    print(json.dumps([each.as_json() for each in found]))


# Runs a command and prints the processor seconds of all processes that it starts, and the seconds it takes. Worker processes
# are children of a fork server: where the system allows it, this process inherits them when that ends, and so counts them.
COUNTED = """
import ctypes, os, resource, subprocess, sys, time
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
began = time.perf_counter()
subprocess.run([sys.executable, *sys.argv[1:]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
spent = time.perf_counter() - began
try:
    while True:
        os.wait()
except ChildProcessError:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, spent)
"""


class Pair(NamedTuple):
    """A command in two versions, in turn: processor seconds and seconds by turn of each, and the load average meanwhile."""

    name: str
    cpu: tuple[list[float], list[float]]  # before, after
    wall: tuple[list[float], list[float]]
    load: float


def beside(before: Path, turns: int, replicates: int) -> Iterator[Pair]:
    """Yield the commands of a study of so many runs a scenario, by the version in a folder and by this one, in turn.

    The first turn, in which what is not compiled yet is compiled, is not counted.
    """
    roots = (before.resolve(), ROOT)
    with tempfile.TemporaryDirectory() as folder:
        outs = [Path(folder) / "before", Path(folder) / "after"]
        batch = ("batch", SCENARIO, "united_nlf", "--replicates", str(replicates), "--workers", "2", "--quiet", "--out")
        commands: dict[str, tuple[str, ...]] = {
            "run.py --help": ("--help",),
            "run": ("run", SCENARIO, "--quiet", "--out", "{out}"),
            "run --no-pictures": ("run", SCENARIO, "--no-pictures", "--quiet", "--out", "{out}"),
            f"batch, {2 * replicates} runs": (*batch, "{out}/{turn}"),
            "compare --no-pictures": ("compare", "{study}", "--no-pictures"),
            "compare": ("compare", "{study}", "--out", "{out}/{turn}"),
        }
        for name, words in commands.items():
            cpu: tuple[list[float], list[float]] = ([], [])
            wall: tuple[list[float], list[float]] = ([], [])
            for turn in range(turns + 1):
                for which, (root, out) in enumerate(zip(roots, outs, strict=True)):
                    study = next(iter(outs[1].glob("0/*/manifest.json")), out).parent
                    filled = [word.format(out=out, turn=turn, study=study) for word in words]
                    spent = python_in(root, "-c", COUNTED, str(root / "run.py"), *filled).split()
                    if turn:
                        cpu[which].append(float(spent[0]))
                        wall[which].append(float(spent[1]))
            yield Pair(name, cpu, wall, (load_average() or [math.nan])[0])


PAIR_HEAD = f"{'':24} {'CPU before':>10} {'after':>8} {'ratio':>7} {'':6} {'time before':>12} {'after':>8}  load"


def pair_line(pair: Pair) -> str:
    """Return a command in two versions: least processor seconds, median ratio of turns, least seconds, load average."""
    share, apart = ratio(pair.cpu[1], pair.cpu[0])
    around = f"±{50 * apart:.0f}%" if apart is not None else ""
    (before, after), (slow, fast) = ([min(values) for values in of] for of in (pair.cpu, pair.wall))
    return f"{pair.name:24} {before:8.2f} s {after:6.2f} s {share:7.2f} {around:6} {slow:10.2f} s {fast:6.2f} s  {pair.load:.1f}"
