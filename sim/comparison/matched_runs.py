"""Runs of several scenarios side by side, matched by replicate, from studies or single runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.errors import Fault, InputError
from sim.geography.maps import Geography
from sim.results.manifest import product, versions
from sim.results.phrases import names_of_codes
from sim.results.run import Run
from sim.scenario.schema import MIXED, NEUTRAL, Scenario, codes, parties, rebels
from sim.statistics.conflict_log import among
from sim.study.manifest import mornings
from sim.text import clause_list, day_text, plural, shell

if TYPE_CHECKING:
    from sim.study.store import Study

KEYS = ["scenario", "replicate"]


class StudyOfRuns:
    """Runs by (scenario, replicate), with the tables of sim.study.store.Study; `inputs` are those that were drawn."""

    def __init__(
        self,
        runs: Mapping[tuple[str, int], Run],
        name: str = "",
        question: str = "",
        inputs: Mapping[str, tuple[float, float]] | None = None,
        planned: int | None = None,
    ) -> None:
        self.runs_of = dict(runs)
        self.scenarios: dict[str, Scenario] = {scenario: run.scenario for (scenario, _), run in runs.items()}
        self.name = name or " and ".join(self.scenarios)
        self.question = question or next(iter(self.scenarios.values())).question
        self.inputs = dict(inputs or {})
        self.planned = len(self.runs_of) if planned is None else planned
        self.folder = Path()
        self.failures = pd.DataFrame(columns=[*KEYS, "seed"])
        self.manifest: dict[str, Any] = {"design": "fixed", "versions": versions(), "product": product()}

    def geography(self) -> Geography:
        """Return the map of the first run."""
        return next(iter(self.runs_of.values())).geography

    @property
    def partial(self) -> bool:
        """Whether runs are missing that have neither been done nor failed."""
        return len(self.runs_of) + len(self.failures) < self.planned

    def drawn(self, key: tuple[str, int]) -> dict[str, float]:
        """Return the value of each drawn input in a run; those that the scenario does not draw are left out."""
        values = self.runs_of[key].values
        return {path: values[path] for path in self.inputs if path in values}

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row a run."""
        rows = []
        for key, run in self.runs_of.items():
            inputs = {f"input:{path}": value for path, value in self.drawn(key).items()}
            rows.append({**dict(zip(KEYS, key, strict=True)), "seed": run.seed, **inputs, **run.summary})
        return pd.DataFrame(rows)

    def daily(self, columns: Sequence[str]) -> pd.DataFrame:
        """Return some columns of the daily tables; NaN if a scenario has no such column."""
        all_columns = ["day", *(name for name in columns if name != "day")]
        return self._stacked(lambda run: run.daily.reindex(columns=all_columns))

    @cached_property
    def agreements(self) -> pd.DataFrame:
        """The agreements of all runs."""
        return self._stacked(_agreements)

    @cached_property
    def control(self) -> pd.DataFrame:
        """Who holds each town on some mornings: a row a run, morning and town."""
        return self._stacked(_control)

    @cached_property
    def first_clashes(self) -> pd.DataFrame:
        """The first day with a clash among rebels of each town that has one: a row a run and town."""
        return self._stacked(_first_clashes)

    def table(self, name: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a table, or its key and some of its columns."""
        if name == "daily":
            return self.daily(columns or [])
        frame: pd.DataFrame = getattr(self, name)
        return frame if columns is None else frame[[*KEYS, *columns]]

    def pieces(self, name: str, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
        """Give the key and some columns of a table, all at once."""
        yield self.table(name, columns)

    def _stacked(self, table: Callable[[Run], pd.DataFrame]) -> pd.DataFrame:
        parts = []
        for (scenario, replicate), run in self.runs_of.items():
            part = table(run)
            key = pd.DataFrame({"scenario": scenario, "replicate": replicate}, index=part.index)
            parts.append(pd.concat([key, part], axis=1))
        return pd.concat(parts, ignore_index=True)


def _agreements(run: Run) -> pd.DataFrame:
    short = codes(run.scenario)
    of_group = {group: short[name] for name, faction in run.scenario.factions.items() for group in faction.groups}
    kinds = dict(zip(run.events["event_id"], run.events["kind"], strict=True))
    agreements = run.agreements
    return agreements.assign(
        broken_by_faction=[of_group.get(group, "") for group in agreements["broken_by"]],
        cause_kind=[kinds.get(event, "") for event in agreements["cause_id"]],
    )


def _first_clashes(run: Run) -> pd.DataFrame:
    events = run.events
    clashes = events[among(events, rebels(run.scenario)) & (events["kind"] == "clash")]
    return clashes[["day", "town"]].drop_duplicates("town").reset_index(drop=True)


def _control(run: Run) -> pd.DataFrame:
    days = int(run.control_daily["day"].iloc[-1])
    chosen = run.control_daily[run.control_daily["day"].isin(mornings(days))]
    return chosen.drop(columns="date").melt("day", var_name="town", value_name="code")


Source = Any  # Study | StudyOfRuns: the tables of both have the same names and columns
INPUT = "input:"
DUMMY = "dummy"
BRANCHED = "branched on"


@dataclass(frozen=True, eq=False)
class StudyPart:
    """A study, its scenarios' names as shown by their own, and its replicates as matched by their own."""

    study: Source
    names: dict[str, str]
    numbers: dict[int, int]


class MatchedRuns:
    """All runs, by scenario as shown and by replicate as matched."""

    def __init__(self, parts: Sequence[StudyPart], unmatched: bool) -> None:
        self.parts = list(parts)
        self.unmatched = unmatched
        self.scenarios: dict[str, Scenario] = {
            unique_name: part.study.scenarios[own] for part in self.parts for own, unique_name in part.names.items()
        }
        self.reference, *self.others = self.scenarios
        self.days = min(self._days(name) for name in self.scenarios)

    def _days(self, name: str) -> int:
        return int(self.scenarios[name].days)

    @property
    def first(self) -> Source:
        """The first study."""
        return self.parts[0].study

    def part_of(self, scenario: str) -> tuple[StudyPart, str]:
        """Return the part that a scenario comes from, and the scenario's own name there."""
        for part in self.parts:
            for own, unique_name in part.names.items():
                if unique_name == scenario:
                    return part, own
        raise KeyError(scenario)

    @cached_property
    def geography(self) -> Geography:
        """The map, which all scenarios share."""
        geography: Geography = self.first.geography()
        return geography

    def table(self, name: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a table of all runs with scenarios as shown and replicates as matched."""
        frames = [_renamed(part, _table(part.study, name, columns)) for part in self.parts]
        return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)

    @cached_property
    def runs(self) -> dict[str, pd.DataFrame]:
        """By scenario, one row a run, indexed by replicate in rising order."""
        frames = {}
        for part in self.parts:
            every = _renamed(part, part.study.runs)
            for name in part.names.values():
                frames[name] = every[every["scenario"] == name].set_index("replicate").sort_index()
        return frames

    def replicates(self, scenario: str) -> np.ndarray:
        """Return the replicates done in a scenario: i8 [R], rising."""
        return self.runs[scenario].index.to_numpy(dtype=np.int64)

    def pairs(self, scenario: str, first: str = "") -> np.ndarray:
        """Return the replicates done in a scenario and in another, the reference if left out: i8 [pairs], rising."""
        return np.intersect1d(self.replicates(first or self.reference), self.replicates(scenario))

    def matched(
        self, scenario: str, values: np.ndarray, other: np.ndarray, first: str = ""
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return values by run, [R, ...] of `first` (the reference if left out) and of a scenario: [pairs, ...] of matched runs."""
        both = self.pairs(scenario, first)
        rows = [np.searchsorted(self.replicates(name), both) for name in (first or self.reference, scenario)]
        return values[rows[0]], other[rows[1]]

    @cached_property
    def towns(self) -> list[str]:
        """The towns, as the map names them and in its order."""
        return [town.name for town in self.geography.places]

    @cached_property
    def codes(self) -> list[str]:
        """The control codes: sides in the order of the scenarios, then contested, then neutral."""
        sides = [code for model in self.scenarios.values() for code in parties(model)]
        return list(dict.fromkeys([*sides, MIXED, NEUTRAL]))

    @cached_property
    def names(self) -> dict[str, str]:
        """What readers call each control code."""
        return names_of_codes(self.scenarios)

    def mornings(self, scenario: str) -> list[int]:
        """Return the mornings on which control of a scenario is kept, the last one among them."""
        definition = getattr(self.part_of(scenario)[0].study, "definition", None)
        return mornings(self._days(scenario), definition.control_days if definition is not None else None)

    @cached_property
    def held(self) -> dict[str, np.ndarray]:
        """By scenario, the row in `codes` of each town's holder: i1 [R, mornings, towns]; -1 if it is not known."""
        kept_days = {name: self.mornings(name) for name in self.scenarios}
        holders = {
            name: np.full((len(self.runs[name]), len(days), len(self.towns)), -1, dtype=np.int8)
            for name, days in kept_days.items()
        }
        for name, run, rows in self._pieces("control", ["day", "town", "code"]):
            day, town, code = (
                pd.Index(known).get_indexer(pd.Index(rows[key]))
                for known, key in ((kept_days[name], "day"), (self.towns, "town"), (self.codes, "code"))
            )
            there = (day >= 0) & (town >= 0)
            holders[name][run[there], day[there], town[there]] = code[there]
        return holders

    @cached_property
    def first_clashes(self) -> dict[str, np.ndarray] | None:
        """By scenario, the first day with a clash among rebels in each town: i2 [R, towns], -1 if there is none.

        None if a study does not keep them.
        """
        if any("first_clashes" not in part.study.manifest.get("tables", {"first_clashes"}) for part in self.parts):
            return None
        days = {name: np.full((len(self.runs[name]), len(self.towns)), -1, dtype=np.int16) for name in self.scenarios}
        for name, run, rows in self._pieces("first_clashes", ["day", "town"]):
            town = pd.Index(self.towns).get_indexer(pd.Index(rows["town"]))
            days[name][run[town >= 0], town[town >= 0]] = rows["day"].to_numpy(dtype=np.int16)[town >= 0]
        return days

    def holders(self, scenario: str, town: str, morning: int = -1) -> np.ndarray:
        """Return the control code of a town in every run of a scenario on a morning that is kept, by its place among them:
        object [R], None if unknown.
        """
        if town not in self.towns:
            return np.full(len(self.runs[scenario]), None, dtype=object)
        return np.array([*self.codes, None], dtype=object)[self.held[scenario][:, morning, self.towns.index(town)]]

    def _pieces(self, table: str, columns: Sequence[str]) -> Iterator[tuple[str, np.ndarray, pd.DataFrame]]:
        """Give (scenario, run i8 [n], n rows) of a table piece by piece; `run` is the place among the scenario's runs."""
        for part in self.parts:
            tables = part.study.manifest.get("tables")
            names = [name for name in columns if tables is None or name in tables[table]]
            for frame in part.study.pieces(table, names):
                for own, unique_name in part.names.items():
                    rows = frame[frame["scenario"] == own]
                    numbers = rows["replicate"].map(part.numbers).to_numpy(dtype=np.int64)
                    yield unique_name, np.searchsorted(self.replicates(unique_name), numbers), rows

    @property
    def single(self) -> bool:
        """Whether no scenario has two runs."""
        return all(len(frame) < 2 for frame in self.runs.values())

    @property
    def partial(self) -> bool:
        """Whether runs are missing."""
        return any(part.study.partial for part in self.parts)

    def planned(self, scenario: str) -> int:
        """Return how many runs of a scenario are planned."""
        study = self.part_of(scenario)[0].study
        return int(study.planned) // max(len(study.scenarios), 1)

    def failed(self, scenario: str) -> int:
        """Return how many runs of a scenario failed."""
        part, own = self.part_of(scenario)
        return int((part.study.failures["scenario"] == own).sum())

    def daily_counts(self, columns: Sequence[str]) -> dict[str, np.ndarray]:
        """Return whole numbers of the daily tables by scenario: i4 [R, days + 1, columns], runs in the order of `replicates`.

        `days` is that of the shortest scenario. 0 if a scenario has no such column: a faction that is not there.
        """
        counts = {
            name: np.zeros((len(self.runs[name]), self.days + 1, len(columns)), dtype=np.int32)
            for name in self.scenarios
        }
        for name, run, rows in self._pieces("daily", ["day", *columns]):
            day = rows["day"].to_numpy(dtype=np.int64)
            there = day <= self.days
            for position, column in enumerate(columns):
                if column in rows:
                    values = np.nan_to_num(rows[column].to_numpy(dtype=float))
                    counts[name][run[there], day[there], position] = values[there]
        return counts

    @cached_property
    def headline(self) -> list[str]:
        """The headline statistics: those of the studies, else of the scenarios, in order, each once."""
        names: list[str] = []
        for part in self.parts:
            definition = getattr(part.study, "definition", None)
            own = list(definition.headline) if definition is not None else []
            names += own or [name for model in part.study.scenarios.values() for name in model.headline]
        return list(dict.fromkeys(names))

    def notes(self) -> Iterator[str]:
        """Give what must be known before any number is read."""
        if self.single:
            yield "One run each: each is one course that the model allows, and neither says how likely its course is."
        for part in self.parts:
            study = part.study
            done = len(study.runs)
            if study.partial:
                yield (
                    f"{study.name} is partial: {done:,} of {study.planned:,} runs are done. Only replicates done in both "
                    "scenarios are compared."
                )
            if len(study.failures):
                yield f"{study.name}: {len(study.failures):,} of {done + len(study.failures):,} runs failed; see Methods."
        yield from self._matching()
        yield from self._unlike()

    def _matching(self) -> Iterator[str]:
        if self.unmatched and self.single:
            yield "The runs have different seeds: their difference mixes what the scenario changes with chance."
        elif self.unmatched:
            yield (
                "No seed is common to these studies: runs stand side by side in order as independent ones, and intervals are "
                "as wide as that makes them."
            )
        elif len(self.parts) > 1 and not self.single and not self._same_inputs():
            yield "Inputs are not drawn alike in these studies: matched runs share their seed only."
        for name in self.others:
            most = max(len(self.runs[name]), len(self.runs[self.reference]))
            if not self.single and len(self.pairs(name)) < most and not self.partial:
                yield f"{name}: {plural(len(self.pairs(name)), 'run')} of {most:,} are matched with {self.reference}."

    def _same_inputs(self) -> bool:
        first = self.runs[self.reference]
        for name in self.others:
            frame, both = self.runs[name], self.pairs(name)
            shared = [c for c in first.columns if c.startswith(INPUT) and c in frame.columns]
            reference_inputs, other_inputs = (f.loc[both, shared].to_numpy(dtype=float) for f in (first, frame))
            known = np.isfinite(reference_inputs) & np.isfinite(other_inputs)
            varies = (
                np.nanstd(np.where(known, other_inputs, 0.0), axis=0) > 0 if len(both) else np.zeros(len(shared), bool)
            )
            if not np.allclose(reference_inputs[:, varies], other_inputs[:, varies], equal_nan=True):
                return False
        return {*self.first.inputs} == {path for part in self.parts for path in part.study.inputs}

    def _unlike(self) -> Iterator[str]:
        model = self.scenarios[self.reference]
        for name in self.others:
            other = self.scenarios[name]
            if other.start != model.start:
                yield f"Day 0 is {other.start} in {name} and {model.start} in {self.reference}: days are counted from each start."
        if len({self._days(name) for name in self.scenarios}) > 1:
            longest = [f"{name} {self._days(name)}" for name in self.scenarios]
            yield (
                f"The scenarios differ in length ({clause_list(longest)} days): curves end with the shortest, and statistics "
                "are those of each scenario's own days."
            )


def _table(study: Source, name: str, columns: Sequence[str] | None) -> pd.DataFrame:
    """Return a table of a study; a whole one is kept there once read."""
    frame: pd.DataFrame = getattr(study, name) if columns is None else study.table(name, columns)
    return frame


def _renamed(part: StudyPart, frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(
        scenario=frame["scenario"].astype(object).map(part.names), replicate=frame["replicate"].map(part.numbers)
    )


def gather(studies: Sequence[Study | StudyOfRuns | Run]) -> MatchedRuns:
    """Put studies, or runs, side by side; the first is the reference. InputError if they cannot be compared."""
    if not studies:
        raise InputError([Fault("compare", None, "", "there is nothing to compare")])
    runs = [study for study in studies if isinstance(study, Run)]
    if runs and len(runs) < len(studies):
        raise InputError([Fault("compare", None, "", "a single run and a study: give runs, or studies, not both")])
    sources: list[Source] = [_of_run(run) for run in runs] or list(studies)
    _comparable(sources)
    names_by_source = _shown_names(sources, [_mark(run) for run in runs])
    numbers, unmatched = _numbers(sources)
    return MatchedRuns([StudyPart(*row) for row in zip(sources, names_by_source, numbers, strict=True)], unmatched)


def _mark(run: Run) -> str:
    """Return what tells a run from others of its scenario: its seed, or the day on which it branched."""
    if run.branch is None:
        return f"seed {run.seed}"
    when = day_text(run.scenario.start + timedelta(days=run.branch["day"]))
    return f"{BRANCHED} day {run.branch['day']} ({when})"


def _of_run(run: Run) -> StudyOfRuns:
    study = StudyOfRuns({(run.name, 0): run}, run.name)
    if run.folder is not None:
        study.folder = run.folder
    return study


def _comparable(sources: list[Source]) -> None:
    faults = []
    for source in sources:
        where = str(source.folder)
        if not len(source.runs):
            faults.append(Fault(where, None, "", f"no run of this study is done yet; see `{shell('status', where)}`"))
    if faults:
        raise InputError(faults)
    first = _map(sources[0])
    for source in sources[1:]:
        name = _map(source)
        if name != first:
            faults.append(
                Fault(str(source.folder), None, "", f"is on the map {name}, the first on {first}; one map is needed")
            )
    if faults:
        raise InputError(faults)


def _map(source: Source) -> str:
    return str(next(iter(source.scenarios.values())).map)


def _shown_names(sources: list[Source], marks: list[str]) -> list[dict[str, str]]:
    """Return the displayed name of each source's scenarios; names that more than one source has get a distinguishing suffix."""
    owners: dict[str, int] = {}
    for source in sources:
        for name in source.scenarios:
            owners[name] = owners.get(name, 0) + 1
    taken: set[str] = set()
    names_by_source = []
    for position, source in enumerate(sources):
        names = {}
        for name in source.scenarios:
            mark = marks[position] if marks else source.name
            unique_name = name if owners[name] == 1 else f"{name} ({mark})"
            if mark.startswith(BRANCHED):
                unique_name = f"{name}, {mark}"
            number = 2
            while unique_name in taken:
                unique_name, number = f"{name} ({mark}, {number})", number + 1
            taken.add(unique_name)
            names[name] = unique_name
        names_by_source.append(names)
    return names_by_source


def _numbers(sources: list[Source]) -> tuple[list[dict[int, int]], bool]:
    """Return replicates as matched by each source's own, and whether any further source has no seed in common."""
    seeds = [_seeds(source) for source in sources]
    first, unmatched = seeds[0], False
    numbers = [{number: number for number in first}]
    free = max((number for source_seeds in seeds for number in source_seeds), default=0) + 1
    for other in seeds[1:]:
        same = {number: number for number, seed in other.items() if first.get(number) == seed}
        if not same and len(set(first.values())) == len(first):
            at = {seed: number for number, seed in first.items()}
            same = {number: at[seed] for number, seed in other.items() if seed in at}
        if not same:
            unmatched = True
            same = dict(zip(sorted(other), sorted(first), strict=False))
        for number in other:
            if number not in same:
                same[number], free = free, free + 1
        numbers.append(same)
    return numbers, unmatched


def _seeds(source: Source) -> dict[int, int]:
    rows = source.runs[["replicate", "seed"]].drop_duplicates("replicate")
    return {int(number): int(seed) for number, seed in zip(rows["replicate"], rows["seed"], strict=True)}
