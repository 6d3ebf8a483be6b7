"""Two single runs, or a branch and its original, compared as what they are: the first event that differs, then what followed.

One run is one course: nothing here is a median, a share of runs, or resolved.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.results.phrases import side_names
from sim.results.run import Run
from sim.scenario.schema import CODE_WORDS
from sim.statistics.summary import STATISTICS, base_name, label
from sim.text import clause_list, day_text, plural, result_text

if TYPE_CHECKING:
    from sim.comparison.matched_runs import MatchedRuns

IDENTITY = (
    "day",
    "kind",
    "initiator_group",
    "target_group",
    "town",
    "fighters",
    "deaths_initiator",
    "deaths_target",
    "text",
)


@dataclass(frozen=True)
class FirstDifference:
    """The first day whose events differ; of each run the events of that day that the other does not have, in words."""

    day: int
    date: str
    first: tuple[str, ...]  # of the reference; () none
    second: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """A statistic, or the holder of a town at the end, in words, in both runs."""

    label: str
    first: str
    second: str


@dataclass(frozen=True, eq=False)
class TwoRuns:
    """A run against the first one. D + 1 mornings, 0 to D, of the shorter run; T towns."""

    names: tuple[str, str]
    branch: str  # of what and from which day on, in a sentence; "" if the second is no branch of the first
    event: FirstDifference | None  # None: all events are alike
    differing: np.ndarray  # bool [D + 1, T], towns with another control code
    towns: tuple[Row, ...]  # held differently at the end
    numbers: tuple[Row, ...]  # statistics that differ
    agreements: tuple[tuple[str, ...], tuple[str, ...]]  # of each run, signed or in force from the day that differs on
    sentences: tuple[str, ...]  # what followed
    runs: tuple[Run, Run]

    @property
    def map_day(self) -> int:
        """The morning on which most towns are held differently, the last of them."""
        counts = self.differing.sum(axis=1)
        return int(len(counts) - 1 - np.argmax(counts[::-1]))

    def record(self) -> dict[str, Any]:
        """Return all of it as what JSON can hold; of `differing` the number of towns by morning."""
        return {
            "runs": list(self.names),
            "branch": self.branch,
            "first_difference": None if self.event is None else asdict(self.event),
            "followed": list(self.sentences),
            "towns_held_differently": self.differing.sum(axis=1).tolist(),
            "towns_at_the_end": [asdict(row) for row in self.towns],
            "statistics": [asdict(row) for row in self.numbers],
            "agreements": [list(lines) for lines in self.agreements],
        }


def two_runs(gathered: MatchedRuns) -> tuple[TwoRuns, ...]:
    """Return each further run against the first; () if a scenario has several runs."""
    if not gathered.single or not gathered.others:
        return ()
    runs = {name: run for name in gathered.scenarios if (run := _run(gathered, name)) is not None}
    if len(runs) < len(gathered.scenarios):
        return ()
    return tuple(_against(runs[gathered.reference], runs[name], (gathered.reference, name)) for name in gathered.others)


def _run(gathered: MatchedRuns, name: str) -> Run | None:
    """Return the only run of a scenario; None if it comes from a study."""
    part, own = gathered.part_of(name)
    runs: dict[tuple[str, int], Run] = getattr(part.study, "runs_of", {})
    return next((run for (scenario, _replicate), run in runs.items() if scenario == own), None)


def _against(first: Run, second: Run, names: tuple[str, str]) -> TwoRuns:
    event = first_difference(first, second)
    differing = _differing(first, second)
    towns = _towns(first, second)
    numbers = _numbers(first, second)
    since = 0 if event is None else event.day
    agreements = (_agreements(first, since), _agreements(second, since))
    sentences = tuple(_sentences(first, second, event, differing, agreements))
    return TwoRuns(
        names, _branch(first, second), event, differing, towns, numbers, agreements, sentences, (first, second)
    )


def first_difference(first: Run, second: Run) -> FirstDifference | None:
    """Return the first day on which two runs have different events, and these events; None if all are alike."""
    columns = [name for name in IDENTITY if name in first.events.columns]
    tables = [run.events[columns].astype(str).agg("|".join, axis=1).tolist() for run in (first, second)]
    row = next((i for i, (left, right) in enumerate(zip_longest(*tables)) if left != right), None)
    if row is None:
        return None
    day = min(int(run.events["day"].iloc[row]) for run in (first, second) if row < len(run.events))
    own = [_only_there(first, day, tables[0], set(tables[1])), _only_there(second, day, tables[1], set(tables[0]))]
    return FirstDifference(day, day_text(first.scenario.start + timedelta(days=day)), *own)


def _only_there(run: Run, day: int, keys: list[str], known: set[str]) -> tuple[str, ...]:
    """Return the events of a day, in words, whose key the other run does not have."""
    rows = np.flatnonzero((run.events["day"] == day).to_numpy()).tolist()
    return tuple(str(run.events["text"].iloc[row]) for row in rows if keys[row] not in known)


def _branch(first: Run, second: Run) -> str:
    """Say from which day on a run is a branch of another, or that the two differ in their seed alone; else empty."""
    record = second.branch
    if record is None and first.branch is None and first.scenario == second.scenario and first.values == second.values:
        return (
            "A and B have the same inputs and differ in their seed, that is in chance."
            if first.seed != second.seed
            else ""
        )
    if record is None or first.folder is None or record["of"] != first.folder.name:
        return ""
    when = day_text(second.scenario.start + timedelta(days=record["day"]))
    changed = "" if record["changes"] else " without a change"
    return (
        f"B is a branch of A: the same run until day {record['day']} ({when}), and from that day on another{changed}."
    )


def _differing(first: Run, second: Run) -> np.ndarray:
    left, right = (run.control_daily.iloc[:, 2:].to_numpy(dtype=object) for run in (first, second))
    mornings = min(len(left), len(right))
    differing: np.ndarray = left[:mornings] != right[:mornings]
    return differing


def _side(run: Run, code: str) -> str:
    return CODE_WORDS.get(code) or side_names(run.scenario).get(code, code)


def _towns(first: Run, second: Run) -> tuple[Row, ...]:
    """Return the towns with another control code at the end of the two runs."""
    ends = zip(first.geography.places, first.control_daily.iloc[-1, 2:], second.control_daily.iloc[-1, 2:], strict=True)
    return tuple(
        Row(first.labels.get(town.name, town.name), _side(first, str(left)), _side(second, str(right)))
        for town, left, right in ends
        if left != right
    )


def _numbers(first: Run, second: Run) -> tuple[Row, ...]:
    """Return the statistics that differ; holders of towns are in the table of towns."""
    rows = []
    for key in dict.fromkeys([*first.summary, *second.summary]):
        base, (left, right) = base_name(key), (run.summary.get(key) for run in (first, second))
        if base not in STATISTICS or base == "holder" or left == right:
            continue
        rows.append(
            Row(
                label(key, side_names(first.scenario)),
                *(result_text(value, STATISTICS[base].unit) for value in (left, right)),
            )
        )
    return tuple(rows)


def _agreements(run: Run, day: int) -> tuple[str, ...]:
    """Return the agreements that were signed on a day or later, or were in force then, in words."""
    since = np.datetime64(run.scenario.start + timedelta(days=day))
    table, lines = run.agreements.sort_values(["signed", "agreement_id"]), []
    for row in table[table["ended"].isna() | (table["ended"] >= since)].to_dict("records"):
        ends = {"broken": f"broken by {row['broken_by']}", "expired": "ran out"}
        end = ends.get(str(row["status"]), "still in force at the end")
        parties, held = str(row["parties"]).replace(" / ", " and "), plural(int(row["days_held"]), "day")
        lines.append(f"{parties}, signed on {day_text(row['signed'].date())}: {end} after {held}")
    return tuple(lines)


def _sentences(
    first: Run, second: Run, event: FirstDifference | None, differing: np.ndarray, agreements: tuple[tuple[str, ...], ...]
) -> list[str]:  # fmt: skip
    """Say what followed the first event that differs: towns, fights, agreements."""
    if event is None:
        return ["All events of the two runs are alike."]
    counts, start = differing.sum(axis=1), first.scenario.start
    lines = ["No town is ever held differently."]
    if counts.any():
        day, most = int(np.argmax(counts > 0)), int(counts.argmax())
        names = [first.labels.get(first.geography.places[i].name, "") for i in np.flatnonzero(differing[day]).tolist()]
        lines = [
            f"Held differently first: {clause_list(names[:4])}{' and more' if len(names) > 4 else ''}, on the morning of day "
            f"{day} ({day_text(start + timedelta(days=day))}).",
            f"Most towns are held differently on day {most} ({day_text(start + timedelta(days=most))}): {counts[most]}; at the end "
            f"{counts[-1]}.",
        ]
    clashes, deaths = (
        [int(value.sum()) for value in pair]
        for pair in zip(*(_fights(run, event.day) for run in (first, second)), strict=True)
    )
    lines.append(
        f"From day {event.day} on: {plural(clashes[0], 'clash-day')} with {plural(deaths[0], 'fighter')} killed in A, "
        f"{clashes[1]:,} with {deaths[1]:,} in B."
    )
    lines.append(f"Agreements in force or signed from then on: {len(agreements[0])} in A, {len(agreements[1])} in B.")
    return lines


def _fights(run: Run, day: int) -> tuple[np.ndarray, np.ndarray]:
    """Return 1 for each clash from a day on, and the fighters killed in it."""
    rows = run.events[(run.events["kind"] == "clash") & (run.events["day"] >= day)]
    return np.ones(len(rows), int), (rows["deaths_initiator"] + rows["deaths_target"]).to_numpy()
