"""A browser session: one model or two, the day shown, and what Reset makes of them."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import cast

import mesa

from sim.errors import Fault, InputError
from sim.geography.maps import Geography
from sim.model.conflict import ConflictModel
from sim.pages.history import History, follow, start_history
from sim.scenario.schema import Scenario
from sim.scenario.show import changes
from sim.viewer.scenario_form import change_text, of_groups

MOST = 15  # days between two pictures
MOST_NEW_SEED = 10**6


@dataclass(frozen=True)
class RunSource:
    """What a run is made from: a scenario file with changes ("KEY=VALUE"), the folder of a finished run, or a model."""

    path: Path
    seed: int = 1
    sets: tuple[str, ...] = ()
    replay: bool = False
    model: ConflictModel | None = None  # of the caller's own; `path` is then its name


class RecordedModel(ConflictModel):
    """A model whose mornings and events are kept for the page; its history only grows."""

    def __init__(
        self,
        file: Path | Scenario,
        rng: int,
        sets: Sequence[str] = (),
        label: str = "",
        geography: Geography | None = None,
    ) -> None:
        """Set up the first day; InputError with all faults of the file."""
        super().__init__(file, rng=rng, sets=sets, geography=geography)
        self.label = label or self.name or self.simulation.scenario.title
        self.history: History = start_history(self.simulation)
        self.first = 0  # the first morning that can be shown

    def step(self) -> None:
        """Simulate one day and note it."""
        super().step()
        follow(self.simulation, self.history)


def build(source: RunSource) -> RecordedModel:
    """Return the model of a source: at its first day, or with all days of a finished run.

    InputError if the file has faults, or the run is of another version or does not come out the same.
    """
    if source.model is not None:
        from sim.viewer.own_model import OwnModel

        return cast(RecordedModel, OwnModel(source.model))
    if source.replay:
        return _replayed(source.path)
    return RecordedModel(source.path, source.seed, source.sets)


def _replayed(folder: Path) -> RecordedModel:
    from sim.pages.run_document import check_same_events, record
    from sim.results.manifest import MANIFEST, read_manifest
    from sim.results.run import Run
    from sim.results.verify import parts_of

    run, manifest = Run.open(folder), read_manifest(folder)
    _same_version(folder, str((manifest.get("product") or {}).get("version", "")))
    parts = parts_of(folder, manifest)
    model = RecordedModel(parts[0].scenario, run.seed, label=run.name, geography=run.geography)
    try:
        model.simulation, model.history = record(parts, model.geography, run.seed)
    except ValueError as error:
        raise InputError([Fault(str(folder / MANIFEST), None, "values", str(error))]) from None
    check_same_events(run, model.simulation, str(folder))
    return model


def _same_version(folder: Path, version: str) -> None:
    from sim import __version__

    if version != __version__:
        message = (
            f"was made by version {version or 'unknown'}; this is {__version__}: run the scenario again to replay it"
        )
        raise InputError([Fault(str(folder), None, "", message)])


@dataclass(eq=False)
class Session:
    """What one tab watches: one run, or two on one seed. `wanting` says what Reset makes of them.

    The browser sets the pace: it asks for the next morning once the last one is drawn. Threads that compute bands read the
    runs meanwhile: `lock` keeps them apart.
    """

    sources: tuple[RunSource, ...]
    seeds: int = 0  # runs behind the curve of towns held; 0 none
    wanting: Callable[[], tuple[RunSource, ...]] = field(init=False, repr=False)
    given: tuple[RunSource, ...] = field(init=False)  # of the command line
    runs: tuple[RecordedModel, ...] = ()
    day: int = 0  # the morning shown
    faults: tuple[str, ...] = ()
    said: str = ""  # what the last Reset did
    opened: bool = False  # whether it has had its first model
    closed: bool = False
    by_step: bool = False  # whether the morning shown follows the one shown before: columns glide then
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def __post_init__(self) -> None:
        self.given = self.sources
        self.wanting = lambda: self.sources
        self.runs = tuple(build(source) for source in self.sources)
        if self.own:
            self.day = self.runs[0].history.day

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
    def own(self) -> bool:
        """Whether a model of the caller's own is shown."""
        return any(source.model is not None for source in self.sources)

    @property
    def first(self) -> int:
        """The first morning that can be shown."""
        return max((run.first for run in self.runs), default=0)

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

    def play(self, days: int = 1) -> None:
        """Show the morning some days on, 1 to MOST, as the browser's pace asks for; after the last, the first again."""
        with self.lock:
            if self.ended:
                self.day = self.first
                return
            days = min(max(days, 1), MOST)
            for _ in range(days):
                self.advance()
            self.by_step = days == 1

    def go(self, day: int) -> None:
        """Show a morning that has been simulated."""
        with self.lock:
            self.day, self.by_step = min(max(day, self.first), self.frontier), False

    def reset(self) -> None:
        """Apply what is wanted and go back to the first day; with faults, all stays as it is."""
        old = self.runs
        if not old:
            return
        before, after = self.sources, self.wanting()
        if (self.replay or self.own) and after == before:
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
            self.day, self.faults, self.said, self.by_step = self.first, (), notice, False

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
    return [] if base is None else changes_in_words(base, now)


def changes_in_words(base: Scenario, now: Scenario) -> list[str]:
    """Return the differences of two scenarios, but for those of words alone.

    Several of one policy are one sentence, and those of groups of a faction that changed alike.
    """
    found = [change for change in changes(base, now) if not _wording(change.path)]
    together = dict(of_groups(found, now))
    return list(dict.fromkeys(together.get(change.path) or change_text(change, base, now) for change in found))


def _wording(path: str) -> bool:
    """Return whether a difference is one of words alone."""
    return (
        path in ("question", "title")
        or path.startswith(("compare_with", "headline"))
        or path.endswith((".source", ".full_name"))
    )


def _extended(source: RunSource) -> Scenario | None:
    """Return the scenario that a file extends where that is one of its own, else the file's as it is written."""
    if source.replay or source.model is not None:
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
    """The session's runs as one Mesa model: what SolaraViz shows and takes the sliders of.

    Made again by Reset, which applies what the session wants. The sliders' values are the session's as well, so that
    its arguments say no more than it knows.
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
        self.running = not session.ended

    def step(self) -> None:
        """Show the next day; it is simulated if it is new. `running` ends with the last."""
        self.session.advance()
        self.running = not (self.session.closed or self.session.ended)
