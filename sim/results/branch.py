"""Branching: a finished run taken up again on one of its days, with other numbers from that day on.

Forces and towns of that day are not stored: the run is simulated again to that day with its own numbers, and goes on with
the changed ones. All draws are keyed by seed, process, day and place, so both courses differ only where the change reaches."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sim.engine.simulation import CoursePart
from sim.errors import Fault, InputError, reason
from sim.geography.maps import Geography, map_of_results
from sim.load import read
from sim.results.columns import FILES
from sim.results.manifest import MANIFEST, read_manifest
from sim.results.run import Run, csv_text
from sim.results.verify import Progress, parts_of, run_of_parts
from sim.scenario.fields import as_data, inputs_of
from sim.scenario.schema import Policy, Scenario
from sim.scenario.show import Change, changes, flow, show
from sim.scenario.yaml_reader import read_file
from sim.text import plural, shell

FREE = re.compile(
    r"(rules|terms)\..+|factions\..+\.(doctrine\.|solidarity|peacekeeping\.(deterrence|patrol_km|separation|red_line|protection)).*|policy\b.*|given\b.*"
    r"|(days|title|question|evidence_until|(watch_towns|headline|compare_with)\b.*)"
)

FREE_PARTS = (
    "rules", "terms", "factions", "policy", "given", "days", "title", "question", "evidence_until", "watch_towns",
    "headline", "compare_with",
)  # fmt: skip

FREE_WORDS = (
    "only rules, numbers of terms, doctrines, peacekeepers and solidarity, acts of that day or later, and days can"
)


def branch(
    folder: Path, day: int, sets: Sequence[str] = (), policy: Path | None = None, label: str = "",
    command: str = "", progress: Progress | None = None,
) -> Run:  # fmt: skip
    """Return a run that continues the run of a folder with changes from `day` on.

    Until `day` both runs are identical; afterwards they share all random draws that the change does not affect.

    Args:
        folder: the folder of the earlier run.
        day: the first changed day, counted from 0 as in events.csv.
        sets: changes as "KEY=VALUE", with the keys that `run.py show` prints.
        policy: a YAML file of policies to add.
        label: a part of the new folder's name; `branch-day<N>` if empty.
        command: the command line for the manifest.
        progress: called with the number of days simulated so far.

    Raises:
        InputError: if a change cannot begin after the first day, or the earlier run cannot be repeated exactly.

    Example:
        >>> import sim
        >>> from sim.results.branch import branch
        >>> from sim.results.write import write
        >>> folder = write(sim.simulate("two_valleys", seed=1), "outputs")
        >>> changed = branch(folder, 60, ["rules.spread.enabled=false"])
        >>> changed.branch["changes"]
        ['rules.spread.enabled: true -> false']
        >>> changed.summary["days"]
        180
    """
    manifest = read_manifest(folder)
    parts = parts_of(folder, manifest)
    last = parts[-1]
    _check_day(folder, day, last)
    scenario, geography = _changed(last.scenario, map_of_results(folder, last.scenario.map), sets, policy)
    differences = changes(last.scenario, scenario)
    _check_changes(last.scenario, scenario, differences, day)
    branch_record = {
        "of": folder.resolve().name,
        "day": day,
        "date": (scenario.start + timedelta(days=day)).isoformat(),
        "changes": [str(change) for change in differences],
        "command": command,
        "earlier": [
            {"day": part.day, "scenario": show(part.scenario), "values": {k: float(v) for k, v in part.values.items()}}
            for part in parts
        ],
    }
    course = [*parts, CoursePart(day, scenario, _values(last, scenario))]
    named = {**manifest, "label": label or f"branch-day{day}", "branch": branch_record}
    run = run_of_parts(course, geography, named, folder / MANIFEST, progress)
    _check_same(folder, run, day)
    return run


def _check_day(folder: Path, day: int, last: CoursePart) -> None:
    days = last.scenario.days
    if last.day and day <= last.day:
        message = f"the run is a branch itself, from day {last.day} on; allowed is {last.day + 1} to {days - 1}"
        raise InputError([Fault("--day", None, "", message)])
    if not 1 <= day < days:
        message = (
            f"the run in {folder} has {plural(days, 'day')}; allowed is 1 to {days - 1}, and day 0 is a run of its own"
        )
        raise InputError([Fault("--day", None, "", message)])


def _changed(
    scenario: Scenario, geography: Geography, sets: Sequence[str], policy: Path | None
) -> tuple[Scenario, Geography]:
    """Return the scenario with the changes laid over it, read as strictly as any and checked against its map, and the map."""
    keys = [text.partition("=")[0].strip() for text in sets]
    fixed = [key for key in keys if key.partition(".")[0] in set(Scenario.model_fields) - set(FREE_PARTS)]
    if fixed:
        raise InputError([Fault("--set", None, key, f"cannot change at a branch: {FREE_WORDS}") for key in fixed])
    own = [flow(as_data(each)) for each in scenario.policy]
    more, lines = _policies(policy) if policy is not None else ([], [])
    added = [f"policy=[{', '.join([*own, *more])}]"] if more else []
    with TemporaryDirectory() as folder:
        file = Path(folder) / "scenario.yaml"
        file.write_bytes(show(scenario).encode("utf-8"))
        try:
            loaded, geography = read(file, [*added, *sets], geography)
        except InputError as error:
            raise InputError(_placed(fault, policy, len(own), lines) for fault in error.faults) from None
    return loaded.scenario, geography


def _policies(path: Path) -> tuple[list[str], list[int | None]]:
    """Return the acts of a file with a list `policy:`, as text and by line; InputError where it has anything else."""
    name = str(path)
    if not path.is_file():
        raise InputError([Fault(name, None, "", "no such file")])
    page = read_file(path, name)
    if page.faults:
        raise InputError(page.faults)
    data = page.data
    if not isinstance(data, dict) or list(data) != ["policy"] or not isinstance(data["policy"], list):
        raise InputError(
            [Fault(name, 1, "", "must hold one list `policy:`, written as in a scenario, and nothing else")]
        )
    if not data["policy"]:
        raise InputError([Fault(name, page.lines.get(("policy",)), "policy", "names no act")])
    return [flow(item) for item in data["policy"]], [
        page.lines.get(("policy", index)) for index in range(len(data["policy"]))
    ]


def _placed(fault: Fault, policy: Path | None, own: int, lines: list[int | None]) -> Fault:
    """Return a fault of an added act with the line of the file that has it."""
    match = re.match(r"policy\.(\d+)(.*)", fault.key)
    if policy is None or match is None or not 0 <= (index := int(match[1]) - own) < len(lines):
        return fault if fault.file == "--set" else Fault("--set", None, fault.key, fault.message)
    return Fault(str(policy), lines[index], f"policy.{index}{match[2]}", fault.message)


def _check_changes(old: Scenario, new: Scenario, differences: list[Change], day: int) -> None:
    """Raise InputError with a fault for every change that cannot begin on the way."""
    faults = [
        Fault("--set", None, change.path, f"cannot change at a branch: {FREE_WORDS}")
        for change in differences
        if not FREE.fullmatch(change.path)
        or (change.path.startswith("terms.") and None in (change.before, change.after))
    ]
    if new.days <= day:
        faults.append(Fault("--set", None, "days", f"is {new.days}, and the branch begins on day {day}"))
    if len(old.rules.ladder.levels) != len(new.rules.ladder.levels):
        faults.append(Fault("--set", None, "rules.ladder.levels", "cannot become more or fewer at a branch"))
    first = new.start + timedelta(days=day)
    faults += _acts(old, new, first)
    if faults:
        raise InputError(dict.fromkeys(faults))


def _acts(old: Scenario, new: Scenario, first: date) -> Iterator[Fault]:
    """Say which acts before the day of the branch are no longer what they were."""
    message = f"cannot change at a branch from {first} on: acts before that day are past"
    for index in range(max(len(old.policy), len(new.policy))):
        was, now = (_at(each.policy, index) for each in (old, new))
        if was == now:
            continue
        if _past(was, old, first):
            yield Fault("--set", None, f"policy.{index}", message)
        elif _past(now, new, first):
            early_message = f"begins before {first}: give it `on:` or `by:`, that day or later"
            yield Fault("--set", None, f"policy.{index}", early_message)
    for index in range(max(len(old.given), len(new.given))):
        was, now = (_at(each.given, index) for each in (old, new))
        if was == now:
            continue
        if any(event is not None and event.agreement is not None for event in (was, now)):
            yield Fault("--set", None, f"given.{index}", "a given agreement cannot change at a branch")
        elif any(event is not None and event.on < first for event in (was, now)):
            yield Fault("--set", None, f"given.{index}", message)


def _at(items: Sequence[Any], index: int) -> Any:
    return items[index] if index < len(items) else None


def _past(policy: Policy | None, scenario: Scenario, first: date) -> bool:
    return policy is not None and (policy.by or policy.on or scenario.start) < first


def _values(last: CoursePart, scenario: Scenario) -> dict[str, float]:
    """Return the value of each input: that of the run, unless the branch says another."""
    old, values = inputs_of(last.scenario), last.values
    return {
        path: float(values[path]) if path in values and old.get(path) == quantity else float(quantity.best)
        for path, quantity in inputs_of(scenario).items()
    }


def _check_same(folder: Path, run: Run, day: int) -> None:
    """Raise InputError where the run, simulated again, has other events before the branch than its folder."""
    file = folder / FILES["events"].name
    count = int((run.events["day"] < day).sum())
    again = csv_text(run.events.iloc[:count]).splitlines()
    try:
        recorded = file.read_bytes().decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError([Fault(str(file), None, "", f"cannot be read: {reason(error)}")]) from None
    same = recorded[: count + 1] == again
    if same and len(recorded) > count + 1:
        following = recorded[count + 1].split(",")  # id, cause, day: no quotes so far
        same = len(following) > 2 and following[2].isdigit() and int(following[2]) >= day
    if not same:
        message = f"simulated again to day {day} it has other events than its events.csv: `{shell('verify', folder)}` says why"
        raise InputError([Fault(str(folder), None, "", message)])
