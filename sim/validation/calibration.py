"""Runs of a calibration: draws from the priors, simulated in chunks by processes or a cluster, kept in its folder.

A run is a function of the calibration's file, its draw and its replicate, so neither the number of workers nor an interruption
changes a posterior. More draws can be asked for later: the first stay as they are. A chunk, once written, is not made again."""

from __future__ import annotations

import io
import json
import os
import pickle
import shutil
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import closing, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sim import __version__
from sim.engine.jit import source_hash
from sim.engine.setup import recycle
from sim.engine.simulation import Result, Simulation, simulate
from sim.errors import Fault, InputError, reason
from sim.files import write_whole
from sim.geography.maps import MapSource, source_of
from sim.results import tables
from sim.results.manifest import MANIFEST, product, read_json, sha256, versions
from sim.scenario.schema import Scenario
from sim.study.executors import Workers, crew, died, lost
from sim.study.manifest import write_manifest
from sim.study.runner import Progress
from sim.study.sampling import seed_of
from sim.study.worker import check_program, kept_map
from sim.validation.pattern_estimators import measure
from sim.validation.pattern_file import Patterns, Window
from sim.validation.pattern_samples import ReportedRun, log_of_run, window_samples
from sim.validation.priors import CalibrationPlan
from sim.validation.rejection_abc import Region, draws_in, next_region

CHUNK = 24  # runs
PREDICTIVE = 1 << 40  # seeds of fresh runs of the posterior are numbered from here
WAVES = 1 << 43  # those of later waves
TYPICAL_RUNS = 1 << 42  # and those of the search for draws right on average
MOST_TRIES = 3  # of a chunk whose worker died
MOST_FAILED = 0.01  # share of runs
RUNS, FRESH, TYPICAL = "runs", "predictive", "typical"

ROUNDS = (
    (1.0, 1),
    (0.1, 4),
    (0.02, 12),
)  # of the search for draws right on average: share of them, times the runs of each

LEAST_DRAWS = 4  # of a round of that search
Report = Callable[[Progress], None]


class CalibrationContext(NamedTuple):
    """What all runs share. `program` is the hash of the code that simulates."""

    program: str
    scenario: Scenario
    source: MapSource  # of the map
    declared: Patterns
    figures: tuple[str, ...]


class CalibrationTask(NamedTuple):
    """One run."""

    seed: int
    values: dict[str, float]


class CalibrationChunk(NamedTuple):
    """Figures of some runs f8 [runs, figures], NaN throughout for one that failed, with its error."""

    figures: np.ndarray
    errors: list[str]


@lru_cache(maxsize=2)
def _kit(packed: bytes) -> CalibrationContext:
    kit: CalibrationContext = pickle.loads(packed)
    check_program(kit.program)
    return kit


def run_chunk(packed: bytes, tasks: list[CalibrationTask]) -> CalibrationChunk:
    """Simulate some runs and return the figures of their reported logs."""
    kit = _kit(packed)
    figures, errors = np.full((len(tasks), len(kit.figures)), np.nan), []
    for row, task in enumerate(tasks):
        try:
            result = simulate(kit.scenario, kept_map(kit.source), task.seed, task.values)
            figures[row] = figures_of(result, kit.declared, kit.figures)
            recycle(result.world)
        except Exception as error:
            message = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            errors.append(f"seed {task.seed}, {task.values}: {message}")
    return CalibrationChunk(figures, errors)


def figures_of(result: Result, declared: Patterns, names: tuple[str, ...]) -> np.ndarray:
    """Return figures of a run's reported log over all its days: f8 [names]."""
    scenario = result.scenario
    agreed = None if scenario.zone is None else (scenario.zone.agreed - scenario.start).days
    run = ReportedRun(
        "", 0, scenario.start, scenario.days, agreed, tables.bare_reports(result), tables.agreements(result),
        tables.control_changes(result) if "P11_towns_changed" in names else NO_CHANGES,
    )  # fmt: skip
    log = log_of_run(run, declared)
    measured = measure(
        window_samples(run, log, declared, Window(start=scenario.start, days=scenario.days)),
        hawkes=any(name.startswith("P7") for name in names),
    )
    return np.array([measured[name] for name in names])


NO_CHANGES: dict[str, np.ndarray] = {name: np.zeros(0) for name in ("day", "town", "from", "to")}


class Runs(NamedTuple):
    """What was simulated, of the last wave. `points` f8 [draws, inputs] in units, `figures` f8 [draws, replicates, figures].

    `regions`: share of the prior that each wave was drawn from, the first of which is 1.
    """

    points: np.ndarray
    figures: np.ndarray
    failed: int
    regions: tuple[float, ...] = (1.0,)


def simulate_prior(plan: CalibrationPlan, folder: Path, hands: Workers, report: Report | None = None) -> Runs:
    """Return the runs of the last wave of draws from the priors, making those of all waves that the folder does not hold."""
    definition, space = plan.definition, plan.space
    points = space.points(definition.draws, definition.seed)
    figures, failed = _all(plan, folder / RUNS, points, definition.replicates, 0, hands, report)
    region, shares_of_prior = Region(), [1.0]
    for wave in range(1, definition.waves):
        fitted = space.shares(points)[:, : space.fitted]
        seed = seed_of(definition.seed, WAVES + wave)
        region = next_region(figures, fitted, plan.targets, region, space, seed)
        shares, inside = draws_in(region, definition.draws, space, seed)
        points = space.values(shares)
        shares_of_prior.append(inside)
        key = sha256(points.round(12).tobytes())[:12]  # other draws before it, other runs
        wave_folder, first = folder / f"{RUNS}-{wave + 1}-{key}", WAVES + (wave << 32)
        figures, failed = _all(plan, wave_folder, points, definition.replicates, first, hands, report)
    return Runs(points, figures, failed, tuple(shares_of_prior))


def simulate_posterior(
    plan: CalibrationPlan, folder: Path, points: np.ndarray, hands: Workers, report: Report | None = None
) -> np.ndarray:
    """Return the figures of fresh runs of the posterior, f8 [predictive, figures]: its draws in turn, on new seeds."""
    chosen_points = points[np.arange(plan.definition.predictive) % len(points)]
    key = sha256(points.tobytes())[:12]  # another posterior has other runs
    return _all(plan, folder / f"{FRESH}-{key}", chosen_points, 1, PREDICTIVE, hands, report)[0][:, 0]


def simulate_typical(
    plan: CalibrationPlan,
    folder: Path,
    points: np.ndarray,
    score: Callable[[np.ndarray], np.ndarray],
    hands: Workers,
    report: Report | None = None,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Run points again and again, fewer of them each time: rows i8 [n] and figures f8 [n, runs, figures] of each round.

    The lowest `score` of the figures continue; every round has seeds of its own, the same for all its points, so that a point
    that was lucky in one round is not in the next.
    """
    rows = np.arange(len(points))
    rounds: list[tuple[np.ndarray, np.ndarray]] = []
    for number, (share, times) in enumerate(ROUNDS):
        if rounds:
            count = min(len(rows), max(LEAST_DRAWS, round(share * len(points))))
            rows = rows[np.argsort(score(rounds[-1][1]), kind="stable")[:count]]
        runs = plan.definition.typical * times
        key = sha256(points[rows].tobytes())[:12]
        first = TYPICAL_RUNS + (number << 32)
        round_folder = folder / f"{TYPICAL}-{key}-{runs}"
        rounds.append((rows, _all(plan, round_folder, points[rows], runs, first, hands, report, matched=True)[0]))
    return rounds


def _all(
    plan: CalibrationPlan,
    folder: Path,
    points: np.ndarray,
    replicates: int,
    first: int,
    hands: Workers,
    report: Report | None,
    matched: bool = False,
) -> tuple[np.ndarray, int]:
    """Return the figures of `replicates` runs of each point and how many runs failed; `matched`: all points on the same seeds."""
    total = len(points) * replicates
    pieces = [(start, min(total, start + CHUNK)) for start in range(0, total, CHUNK)]
    kit = CalibrationContext(
        source_hash(), plan.loaded.scenario, source_of(plan.geography), plan.declared, plan.targets.figures
    )
    paths = plan.space.paths

    def tasks(piece: tuple[int, int]) -> list[CalibrationTask]:
        rows = range(*piece)
        values = [dict(zip(paths, points[row // replicates].tolist(), strict=True)) for row in rows]
        return [
            CalibrationTask(seed_of(plan.definition.seed, first + row), value)
            for row, value in zip(rows, values, strict=True)
        ]

    _make(plan, folder, pieces, pickle.dumps(kit), tasks, hands, report)
    chunks = [_read(_file(folder, piece)) for piece in pieces]
    failed = sum(len(chunk.errors) for chunk in chunks)
    if failed > MOST_FAILED * total:
        errors = [message for chunk in chunks for message in chunk.errors]
        raise InputError([Fault(str(folder), None, "", f"{failed} of {total} runs failed; the first: {errors[0]}")])
    return np.concatenate([chunk.figures for chunk in chunks]).reshape(len(points), replicates, -1), failed


def _file(folder: Path, piece: tuple[int, int]) -> Path:
    return folder / f"{piece[0]:08d}-{piece[1] - 1:08d}.npz"


def _read(file: Path) -> CalibrationChunk:
    """Return a chunk that was written; InputError if its file is damaged."""
    try:
        with np.load(file, allow_pickle=False) as stored:
            return CalibrationChunk(stored["figures"], stored["errors"].tolist())
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        words = "cannot be read, as it is damaged; remove it and repeat the command to make its runs again"
        raise InputError([Fault(str(file), None, "", words)]) from error


def _is_whole(file: Path, runs: int) -> bool:
    """Return whether a chunk is there with all its runs; a damaged one is removed."""
    if not os.path.lexists(file):
        return False
    with suppress(InputError):
        if len(_read(file).figures) == runs:
            return True
    if file.is_dir():
        shutil.rmtree(file)
    else:
        file.unlink(missing_ok=True)
    return False


def _write(file: Path, done: CalibrationChunk) -> None:
    out = io.BytesIO()
    np.savez(out, figures=done.figures, errors=np.array(done.errors, dtype=str))
    write_whole(file, out.getvalue())


def _make(
    plan: CalibrationPlan,
    folder: Path,
    pieces: list[tuple[int, int]],
    packed: bytes,
    tasks: Callable[[tuple[int, int]], list[CalibrationTask]],
    hands: Workers,
    report: Report | None,
) -> None:
    """Make the chunks that are missing, a few in flight for each worker; Ctrl-C keeps what is written."""
    missing, damaged = [], 0
    for piece in pieces:
        file = _file(folder, piece)
        stored = os.path.lexists(file)
        if not _is_whole(file, piece[1] - piece[0]):
            missing.append(piece)
            damaged += stored
    total, began = pieces[-1][1] if pieces else 0, time.monotonic()
    completed = 0
    there = total - sum(last - first for first, last in missing)

    def report_progress(note: str = "") -> None:
        if report is not None:
            report(Progress(there + completed, 0, total, completed, time.monotonic() - began, note))

    report_progress(f"{damaged} damaged files of runs in {folder} are made again" if damaged else "")
    if missing:  # compile the rules here, before many processes would
        warm = tasks(missing[0])[0]
        Simulation(plan.loaded.scenario, plan.geography, warm.seed, warm.values).step()
    try:
        for piece, done in _done(missing, packed, tasks, hands, folder):
            _write(_file(folder, piece), done)
            completed += piece[1] - piece[0]
            report_progress(done.errors[0] if done.errors else "")
    except KeyboardInterrupt:
        hands.kill()  # chunks are short: those under way are made again
        raise


def _done(
    missing: list[tuple[int, int]],
    packed: bytes,
    tasks: Callable[[tuple[int, int]], list[CalibrationTask]],
    hands: Workers,
    folder: Path,
) -> Iterator[tuple[tuple[int, int], CalibrationChunk]]:
    """Give chunks as they come back; one whose worker died is done again."""
    waiting, tries = missing[::-1], dict.fromkeys(missing, 0)
    flying: dict[Future[CalibrationChunk], tuple[int, int]] = {}
    while waiting or flying:
        while waiting and len(flying) < hands.depth:
            piece = waiting.pop()
            tries[piece] += 1
            flying[hands.submit(run_chunk, packed, tasks(piece))] = piece
        broken = False
        for future in wait(flying, return_when=FIRST_COMPLETED).done:
            piece, error = flying.pop(future), future.exception()
            if error is None:
                yield piece, future.result()
                continue
            if lost(error) or not died(error) or tries[piece] >= MOST_TRIES:
                message = f"{' '.join(str(error).split())[:200] or type(error).__name__}; completed runs are kept; repeat the command to resume"
                raise InputError([Fault(str(folder), None, "", message)]) from error
            broken = True
            waiting.append(piece)
        if broken:
            waiting += list(flying.values())
            flying.clear()
            hands.mend()


def manifest_of(plan: CalibrationPlan) -> dict[str, Any]:
    """Return what decides the runs and the posterior: the same manifest gives the same posterior file."""
    return {
        "kind": "calibration",
        "simulated": True,
        "name": plan.definition.name,
        "question": plan.definition.question,
        "window": [plan.loaded.scenario.start.isoformat(), plan.loaded.scenario.days],
        "evidence_until": plan.loaded.scenario.evidence_until.isoformat(),
        "calibration": plan.definition.model_dump(mode="json"),
        "priors": {
            path: {"low": low, "high": high, "scale": "log" if log else "uniform", "fitted": index < plan.space.fitted}
            for index, (path, low, high, log) in enumerate(
                zip(
                    plan.space.paths,
                    plan.space.low.tolist(),
                    plan.space.high.tolist(),
                    plan.space.log.tolist(),
                    strict=True,
                )
            )
        },
        "sha256": {
            "scenario": sha256(plan.loaded.scenario.model_dump_json(by_alias=True).encode()),
            "patterns": sha256(plan.patterns_file.read_bytes()),
            "map": dict(source_of(plan.geography).tables),
            "first_draws": sha256(plan.space.points(4, plan.definition.seed).round(12).tobytes()),
        },
        "program": source_hash(),
        "version": __version__,
    }


RUN_KEYS = ("scenario", "seed", "replicates", "fitted", "drawn")


def runs_digest(plan: CalibrationPlan) -> str:
    """Return the hash of all that decides the runs: not the number of draws, nor what is made of them."""
    manifest = manifest_of(plan)
    settings = {key: manifest["calibration"][key] for key in RUN_KEYS}
    provenance = {key: manifest[key] for key in ("window", "priors", "program", "version")}
    hashed = {
        **manifest["sha256"],
        "patterns": plan.declared.sides.model_dump(mode="json", exclude_none=True),
        "figures": plan.targets.figures,
    }
    return sha256(json.dumps([settings, provenance, hashed], sort_keys=True).encode())


def open_folder(plan: CalibrationPlan, folder: Path) -> None:
    """Begin in a folder, or continue with it; InputError if it holds something else."""
    file, digest = folder / MANIFEST, runs_digest(plan)
    if os.path.lexists(file):
        old = _manifest(file)
        if old.get("kind") != "calibration" or old.get("runs") != digest:
            message = "holds another calibration, or one begun by another version of the program or of its inputs"
            raise InputError(
                [Fault(str(folder), None, "", f"{message}; take another folder with --out, or remove this one")]
            )
    elif folder.is_dir() and any(not path.name.startswith(".") for path in folder.iterdir()):
        raise InputError(
            [Fault(str(folder), None, "", "is not empty and holds no calibration; take another with --out")]
        )
    manifest = {**manifest_of(plan), "runs": digest, "product": product(), "versions": versions()}
    write_manifest(folder, manifest)


def _manifest(file: Path) -> dict[str, Any]:
    """Return a calibration's manifest; InputError if it is damaged."""
    try:
        stored = read_json(file)
        if not isinstance(stored, dict):
            raise ValueError("is not a JSON object")
    except (OSError, ValueError, RecursionError) as error:
        words = f"cannot be read: {reason(error)}; take another folder with --out, or remove this one"
        raise InputError([Fault(str(file), None, "", words)]) from error
    return stored


def finish(folder: Path, origin: dict[str, Any]) -> None:
    """Note in the folder's manifest what the posterior was made of."""
    file = folder / MANIFEST
    old = _manifest(file)
    manifest = {**old, **origin, "runs": old["runs"]}
    write_manifest(folder, manifest)


def hands_of(workers: int | None, scheduler: str | None) -> closing[Workers]:
    """Return the workers that a person asked for, to be used in a `with`."""
    return closing(crew(workers, scheduler))
