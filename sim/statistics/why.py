"""Why something happened: the chain of causes of an event as steps in order of time, with what else each led to.

Days of fighting in one town that follow from one another are one step. What else came of a step is folded into counts
("3 other fronts"); small events (level changes, shelling, ends of fights) are not counted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from sim.statistics.log import column, one_of, text, total_deaths
from sim.statistics.turning import RunLike, cause_rows, chance_text, date_of, row_of
from sim.words import clause_list, plural

# What else came of a step, folded: the noun for one, and for many where it is irregular.
NOUNS: dict[str, tuple[str, str]] = {
    "base_attempt": ("attempt at a base", "attempts at bases"),
    "base_opened": ("base", ""),
    "base_closed": ("base closed", "bases closed"),
    "demand": ("demand", ""),
    "refused": ("refusal", ""),
    "talks": ("round of talks", "rounds of talks"),
    "talks_settled": ("dispute settled", "disputes settled"),
    "killing_at_talks": ("killing at talks", "killings at talks"),
    "account": ("account of it", "accounts of it"),
    "arrest_raid": ("arrest raid", ""),
    "assassination": ("assassination", ""),
    "road_quarrel": ("quarrel on a road", "quarrels on roads"),
    "front_opened": ("front", ""),
    "clash_spread": ("front beside it", "fronts beside it"),
    "clash": ("clash", "clashes"),
    "commander_killed": ("commander killed", "commanders killed"),
    "capture": ("town taken", "towns taken"),
    "withdrawal": ("withdrawal", ""),
    "town_neutral": ("town made neutral", "towns made neutral"),
    "agreement_signed": ("agreement", ""),
    "agreement_broken": ("broken agreement", ""),
    "offensive_started": ("offensive", ""),
    "assault": ("assault", ""),
    "policy": ("policy", "policies"),
}
# What tells most about a town that kept its holder; the other kinds of NOUNS only where there is none of these.
TELLING = ("base_opened", "base_closed", "refused", "talks_settled", "killing_at_talks", "clash", "commander_killed")


@dataclass(frozen=True)
class Cause:
    """One step on the way to an event: one event, or several days of one fight.

    `chance` says how likely it was and what moved that, empty where nothing was drawn; `also` what else came of it.
    """

    number: int  # 1 is the first cause
    event_ids: tuple[str, ...]
    kind: str
    when: str
    text: str
    chance: str
    given: bool
    actor: str  # code of the faction that acts, "" none
    town: str  # "" where it has no place
    day: int  # of its last event
    also: str


@dataclass(frozen=True)
class Why:
    """An event with all that led to it, in order of time; the last step is the event itself."""

    title: str
    note: str  # what was asked and what was found instead; may be empty
    steps: tuple[Cause, ...]

    @property
    def event_id(self) -> str:
        """The event that is explained."""
        return self.steps[-1].event_ids[-1]


IN_THIS_RUN = "in this run"
HEAD = "because, from the first cause on:"


def stamp_line(run: RunLike, seed: int) -> str:
    """Return the line above every answer."""
    return f"SIMULATED. {run.scenario.title}, seed {seed}"


def nothing_line(name: str, when: str = IN_THIS_RUN) -> str:
    """Say that there is nothing to explain about a town, by its short name."""
    return f"SIMULATED. No event of note happened in {name} {when}."


def head_line(step: Cause) -> str:
    """Return a step's first line: its number, day and sentence, and the ids of its events."""
    ids = step.event_ids[0] if len(step.event_ids) == 1 else f"{step.event_ids[0]} to {step.event_ids[-1]}"
    return f"{step.number}. {step.when}: {step.text} [{ids}]"


def leaf_lines(step: Cause) -> list[str]:
    """Return what stands under a step: its chance, and what else came of it."""
    return [line for line in (step.chance, f"and {step.also}" if step.also else "") if line]


def step_lines(answer: Why) -> list[str]:
    """Return the steps as numbered lines, what stands under each one indented."""
    lines = [HEAD]
    for step in answer.steps:
        lines += [head_line(step), *(f"    {line}" for line in leaf_lines(step))]
    return lines


def why_lines(run: RunLike, seed: int, answer: Why) -> list[str]:
    """Return a whole answer as lines of text."""
    return [stamp_line(run, seed), *(line for line in (answer.note, answer.title) if line), *step_lines(answer)]


def why_event(run: RunLike, event_id: str, note: str = "") -> Why:
    """Return the causes of an event; KeyError with a clear message where there is none."""
    last = row_of(run.events, event_id)
    return Why(f"Why: {text(run.events, 'text')[last]}", note, _steps(run, cause_rows(run.events, last)[::-1]))


def why_town(run: RunLike, town: str, when: str = IN_THIS_RUN) -> Why | None:
    """Return the causes of a town's last change of holder, else of its last important event; None without any.

    `when` says up to when that holds: "by 14 Dec 2018" where it is asked of a part of a run.

    A change that no event names (a side merely stood in the town) does not count; the note says so.
    """
    changes = run.control_changes
    here = text(changes, "town") == town
    named = np.flatnonzero(here & (text(changes, "event_id") != ""))
    if len(named):
        row = int(named[-1])
        later = here[row + 1 :].any()
        note = "Later the town only became contested, or quiet again, as forces came and went." if later else ""
        return why_event(run, str(text(changes, "event_id")[row]), note)
    found = _last(run, town, TELLING)
    found = _last(run, town, tuple(NOUNS)) if found is None else found
    if found is None:
        return None
    note = f"{run.labels.get(town, town)} was neither taken nor left {when}; this is its last important event."
    return why_event(run, str(text(run.events, "event_id")[found]), note)


def _last(run: RunLike, town: str, kinds: tuple[str, ...]) -> int | None:
    """Return the row of a town's last event of some kinds; None without any."""
    found = np.flatnonzero((text(run.events, "town") == town) & one_of(text(run.events, "kind"), kinds))
    return int(found[-1]) if len(found) else None


def _steps(run: RunLike, chain: list[int]) -> tuple[Cause, ...]:
    """Return the steps of a chain of rows; days of one fight are one step, the last event is always its own."""
    kind, town = text(run.events, "kind"), text(run.events, "town")
    parts: list[list[int]] = []
    for row in chain:
        before = parts[-1][-1] if parts else row
        same = parts and kind[row] == kind[before] == "clash" and town[row] == town[before] and row != chain[-1]
        if same:
            parts[-1].append(row)
        else:
            parts.append([row])
    children = _children(run)
    path = set(chain)
    return tuple(_cause(run, number, rows, children, path) for number, rows in enumerate(parts, 1))


def _children(run: RunLike) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for row, cause in enumerate(text(run.events, "cause_id")):
        found.setdefault(cause, []).append(row)
    return found


def _cause(run: RunLike, number: int, rows: list[int], children: dict[str, list[int]], path: set[int]) -> Cause:
    events = run.events
    ids = tuple(str(text(events, "event_id")[row]) for row in rows)
    others = [row for name in ids for row in children.get(name, []) if row not in path]
    last = rows[-1]
    return Cause(
        number,
        ids,
        str(text(events, "kind")[last]),
        _when(run, rows),
        _said(run, rows),
        chance_text(events, rows[0]),
        bool(column(events, "given")[last]),
        str(text(events, "initiator")[last]),
        str(text(events, "town")[last]),
        int(column(events, "day")[last]),
        _also(run, others),
    )


def _when(run: RunLike, rows: list[int]) -> str:
    first, last = (date_of(run.events, row) for row in (rows[0], rows[-1]))
    return first if first == last else f"{first} to {last}"


def _said(run: RunLike, rows: list[int]) -> str:
    """Say a step: its event's sentence, or that of the first day of a fight with the sum of all its days."""
    first = str(text(run.events, "text")[rows[0]])
    if len(rows) == 1:
        return first
    deaths = int(total_deaths(run.events)[rows].sum())
    return f"{first.split(';')[0]}; in {plural(len(rows), 'day')} of fighting {plural(deaths, 'person', 'people')} {'dies' if deaths == 1 else 'die'}."


def _also(run: RunLike, rows: list[int]) -> str:
    """Say what else came of a step: "2 other fronts and 1 commander killed"."""
    kinds = text(run.events, "kind")
    counts = Counter(str(kinds[row]) for row in rows if kinds[row] in NOUNS)
    return clause_list(_other(kind, counts[kind]) for kind in NOUNS if counts[kind])


def _other(kind: str, count: int) -> str:
    one, many = NOUNS[kind]
    return plural(count, f"other {one}", f"other {many}" if many else "")
