"""A browser session: one model, its settings, and the pace of play."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import mesa

from sim.engine.simulation import CoursePart, Simulation
from sim.errors import Fault, InputError
from sim.model.conflict import ConflictModel
from sim.pages.history import History, follow, start_history
from sim.scenario.schema import Scenario
from sim.scenario.show import changes

if TYPE_CHECKING:
    from sim.results.run import Run

FULL = 30.0  # days a second at full speed; where pictures take longer than a day, days are left out of them
MOST = 15  # days between two pictures
PATIENCE = 1.0  # s to wait for a picture: a tab in the background draws none
PAUSE = 3.0  # s after which playing has begun again


class PlayThrottle:
    """The pace of one tab. Browser events arrive on one thread; the play thread waits."""

    def __init__(self) -> None:
        self.full = False
        self._drawn = threading.Condition()
        self._day = -1  # the day on the screen
        self._hearing = 0  # the thread on which browser events arrive; 0 none yet
        self._before = 0.0

    @property
    def playing(self) -> bool:
        """Whether this is the thread that plays, and a browser is there to see it."""
        return self._hearing not in (0, threading.get_ident())

    def drawn(self, day: int) -> None:
        """Note that a day is on the screen."""
        with self._drawn:
            self._day, self._hearing = day, threading.get_ident()
            self._drawn.notify_all()

    def wait(self, current_day: Callable[[], int]) -> None:
        """Wait until the day shown is on the screen, in the thread that plays."""
        if self.playing:
            with self._drawn:
                self._drawn.wait_for(lambda: self._day == current_day(), PATIENCE)

    def days(self) -> int:
        """Return the days to simulate until the next picture: one, but at full speed as many as its pace asks for."""
        now = time.monotonic()
        gone, self._before = now - self._before, now
        if not (self.full and self.playing) or gone > PAUSE:
            return 1
        return min(max(1, round(gone * FULL)), MOST)


MOST_NEW_SEED = 10**6


@dataclass(frozen=True)
class RunSource:
    """What a run is made from: a scenario file with changes ("KEY=VALUE"), or the folder of a finished run."""

    path: Path
    seed: int = 1
    sets: tuple[str, ...] = ()
    replay: bool = False


class RecordedModel(ConflictModel):
    """A model whose mornings and events are kept for the page; its history only grows."""

    def __init__(self, file: Path | Scenario, rng: int, sets: Sequence[str] = (), label: str = "") -> None:
        """Set up the first day; InputError with all faults of the file."""
        super().__init__(file, rng=rng, sets=sets)
        self.label = label or self.name or self.simulation.scenario.title
        self.history: History = start_history(self.simulation)

    def use(self, values: Mapping[str, float]) -> None:
        """Start again with the values that a finished run used for its inputs."""
        if dict(values) != self.simulation.values:
            old = self.simulation
            self.simulation = Simulation(old.scenario, old.geography, old.seed, values)
            self.history = start_history(self.simulation)

    def step(self) -> None:
        """Simulate one day and note it."""
        super().step()
        follow(self.simulation, self.history)

    def branch(self, part: CoursePart) -> None:
        """Simulate up to the day of a branch, and continue from there with its scenario and values; ValueError if they do not fit."""
        while self.simulation.day < min(part.day, self.simulation.days):
            self.step()
        self.simulation.change(part.scenario, part.values)

    def finish(self) -> None:
        """Simulate the days that are left."""
        while self.simulation.day < self.simulation.days:
            self.step()


def build(source: RunSource) -> RecordedModel:
    """Return the model of a source: at its first day, or with all days of a finished run.

    InputError if the file has faults, or the run is of another version or does not come out the same.
    """
    if source.replay:
        return _replayed(source.path)
    return RecordedModel(source.path, source.seed, source.sets)


def _replayed(folder: Path) -> RecordedModel:
    from sim.results.manifest import MANIFEST, read_manifest
    from sim.results.run import Run
    from sim.results.verify import parts_of

    run, manifest = Run.open(folder), read_manifest(folder)
    _same_version(folder, str((manifest.get("product") or {}).get("version", "")))
    whole, *later = parts_of(folder, manifest)
    model = RecordedModel(whole.scenario, run.seed, label=run.name)
    try:
        model.use(whole.values)
        for part in later:
            model.branch(part)
    except ValueError as error:
        raise InputError([Fault(str(folder / MANIFEST), None, "values", str(error))]) from None
    model.finish()
    _same_events(folder, model, run)
    return model


def _same_version(folder: Path, version: str) -> None:
    from sim import __version__

    if version != __version__:
        message = (
            f"was made by version {version or 'unknown'}; this is {__version__}: run the scenario again to replay it"
        )
        raise InputError([Fault(str(folder), None, "", message)])


def _same_events(folder: Path, model: RecordedModel, run: Run) -> None:
    """Raise InputError if a run simulated again has other events than its folder."""
    again = type(run).of(model.simulation.result(), run.name)
    columns = ["event_id", "kind", "day", "town", "initiator", "target"]
    if not again.events[columns].equals(run.events[columns]):
        message = "simulating it again gives other events: run the scenario again to replay it"
        raise InputError([Fault(str(folder), None, "", message)])


@dataclass(eq=False)
class Session:
    """What one tab watches: one run, or two on one seed. `wanting` says what Reset makes of them.

    Steps are made by the thread that plays, all else by the one that hears the browser: `lock` keeps them apart.
    """

    sources: tuple[RunSource, ...]
    wanting: Callable[[], tuple[RunSource, ...]] = field(init=False, repr=False)
    given: tuple[RunSource, ...] = field(init=False)  # of the command line
    runs: tuple[RecordedModel, ...] = ()
    day: int = 0  # the morning shown
    turn: int = 0  # resets so far
    faults: tuple[str, ...] = ()
    said: str = ""  # what the last Reset did
    opened: bool = False  # whether it has had its first model
    closed: bool = False
    pace: PlayThrottle = field(default_factory=PlayThrottle)
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def __post_init__(self) -> None:
        self.given = self.sources
        self.wanting = lambda: self.sources
        self.runs = tuple(build(source) for source in self.sources)

    @property
    def days(self) -> int:
        """The last morning of the longest run."""
        return max((run.simulation.days for run in self.runs), default=0)

    @property
    def frontier(self) -> int:
        """The last morning that every run has, or its end."""
        return max((run.history.day for run in self.runs), default=0)

    @property
    def ended(self) -> bool:
        """Whether the last morning is shown."""
        return self.day >= self.days

    @property
    def replay(self) -> bool:
        """Whether a finished run is played again."""
        return any(source.replay for source in self.sources)

    @property
    def pair(self) -> bool:
        """Whether two runs are shown side by side: those of the command line, which stay."""
        return len(self.sources) > 1

    def view(self) -> tuple[tuple[RecordedModel, ...], int, int]:
        """Return (runs, day shown, last day there is), which belong together."""
        with self.lock:
            return self.runs, self.day, self.frontier

    def advance(self) -> None:
        """Show the next morning; it is simulated if it is new. Nothing happens after the last."""
        with self.lock:
            if self.closed or self.ended:
                return
            self.day += 1
            for run in self.runs:
                if run.history.day < min(self.day, run.simulation.days):
                    run.step()

    def play(self, turn: int) -> None:
        """Show what comes next: as many mornings on as the pace asks for; after the last, the first again if playing.

        A model of an earlier turn changes nothing.
        """
        self.pace.wait(lambda: self.day)
        with self.lock:
            if turn != self.turn:
                return
            if self.ended and self.pace.playing:
                self.day = 0
                return
            for _ in range(self.pace.days()):
                self.advance()

    def go(self, day: int) -> None:
        """Show a morning that has been simulated."""
        with self.lock:
            self.day = min(max(day, 0), self.frontier)

    def reset(self) -> None:
        """Apply what is wanted and go back to the first day; with faults, all stays as it is."""
        old = self.runs
        if not old:
            return
        before, after = self.sources, self.wanting()
        if self.replay and after == before:
            self._back("Back at the first day of the run.")
            return
        try:
            runs = tuple(build(source) for source in after)
            if len(runs) > 1:
                check_pair(*runs)
        except InputError as error:
            self.faults = tuple(str(fault) for fault in error.faults)
            self.said = ""
            return
        notice = _reset_notice(old[0], runs[0], before[0], after[0])
        with self.lock:
            if not self.closed:
                self.sources, self.runs = after, runs
            self._back(notice)

    def _back(self, notice: str) -> None:
        with self.lock:
            self.day, self.faults, self.said = 0, (), notice
            self.turn += 1

    def close(self) -> None:
        """Free the models: the tab is gone."""
        with self.lock:
            self.closed = True
            self.runs = ()


def check_pair(left: RecordedModel, right: RecordedModel) -> None:
    """Raise InputError if two runs cannot be shown side by side: their maps are not the same."""
    here, there = ([map_town.name for map_town in run.geography.places] for run in (left, right))
    if here != there:
        names = " and ".join(str(run.simulation.scenario.map) for run in (left, right))
        message = f"side by side needs two scenarios on one map, not on {names}"
        raise InputError([Fault("watch", None, "", message)])


def _reset_notice(old: RecordedModel, new: RecordedModel, before: RunSource, after: RunSource) -> str:
    """Say what a reset did."""
    parts = []
    if before.path != after.path:
        parts.append(f"scenario {new.simulation.scenario.title}")
    differing = len(changes(old.simulation.scenario, new.simulation.scenario))
    if before.path == after.path and differing:
        parts.append("1 change" if differing == 1 else f"{differing} changes")
    if before.seed != after.seed:
        parts.append(f"seed {after.seed}")
    return f"Reset: applied {', '.join(parts)}." if parts else "Reset: the same scenario and seed from the first day."


def changed_from_file(model: RecordedModel, source: RunSource) -> list[str]:
    """Return in words what the page has changed in the scenario of a file, or what a scenario changes in the one it extends."""
    now, base = model.simulation.scenario, _extended(source)
    return [] if base is None else [str(change) for change in changes(base, now) if not _wording(change.path)]


def _wording(path: str) -> bool:
    """Return whether a difference is one of words alone."""
    return path in ("question", "title") or path.startswith(("compare_with", "headline")) or path.endswith(".source")


def _extended(source: RunSource) -> Scenario | None:
    """Return the scenario that a file extends where that is one of its own, else the file's as it is written."""
    if source.replay:
        return None
    return _base_of(source.path)


@lru_cache(maxsize=64)
def _base_of(path: Path) -> Scenario | None:
    from sim.scenario.load import load

    loaded = load(path)
    for file in loaded.files[1:]:
        try:
            return load(file).scenario
        except InputError:
            continue  # a part of a scenario, not one by itself
    return loaded.scenario


def new_seed() -> int:
    """Return a seed drawn at random, short enough to read out."""
    return 1 + secrets.randbelow(MOST_NEW_SEED)


class LiveModel(mesa.Model):
    """The session's runs as one Mesa model: what SolaraViz plays, steps and resets.

    Made again by Reset, which applies what the session wants. The sliders' values are the session's as well, so that
    the arguments that SolaraViz passes on say no more than it knows.
    """

    def __init__(
        self,
        session: Session,
        attempts: object = None,
        after_refusal: object = None,
        offspring: object = None,
        call_to_arms: object = None,
        signing: object = None,
        hold: object = None,
    ) -> None:
        """Reset the session, but for the first model that it has."""
        super().__init__(rng=session.sources[0].seed)
        self.session = session
        if session.opened:
            session.reset()
        session.opened = True
        self.turn = session.turn
        self.running = not session.ended

    def step(self) -> None:
        """Show the next day; it is simulated if it is new. Playing stops after the last."""
        ended = self.session.ended
        self.session.play(self.turn)
        self.running = not self.session.closed and (ended or not self.session.ended)
