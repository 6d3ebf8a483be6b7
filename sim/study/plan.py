"""The runs of a study before any of them: which scenario, which seed, which values of uncertain inputs.

One rule decides where an input is drawn. Its range is that of the first scenario in which it is uncertain, or the
study's own. A scenario that gives the input another range is drawn at the same share of its own; one that gives it
another fixed number keeps that number, for it is what the scenario changes; one without the input does without.

Every drawn combination is a valid scenario: ranges lie within what the scenario's own checks allow (the study's ranges
are laid over each scenario and read again), and of two numbers that must be in order, the first at its highest may not
exceed the second at its lowest.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from sim import __version__
from sim.errors import Fault, InputError, did_you_mean
from sim.geography.maps import Geography, source_of
from sim.load import read
from sim.results.manifest import Kind, kind_of, sha256
from sim.scenario.compose import file_name
from sim.scenario.load import Loaded
from sim.scenario.show import flow, number_text, show
from sim.study.definition import (
    Definition,
    DefinitionFile,
    Variant,
    definition_text,
    plain_name,
    read_definition,
    scenario_file,
)
from sim.study.sampling import DUMMY, Draws, draws_of, grid_size, seed_of, whole_blocks
from sim.text import clause_list, plural, shell

FIRST_ROWS = 4  # points of the design that go into the digest: another library's sequence is another study


@dataclass(frozen=True)
class Job:
    """One run: `values` by dotted path, as `Simulation(values=...)` takes them; `dummy` never reaches the model."""

    scenario: str
    replicate: int
    seed: int
    values: dict[str, float]
    dummy: float | None = None  # None in designs without a dummy input

    @property
    def inputs(self) -> dict[str, float]:
        """The drawn values with the dummy input, for the columns `input:<path>` of a table."""
        return self.values if self.dummy is None else {**self.values, DUMMY: self.dummy}


@dataclass(frozen=True, eq=False)
class Plan:
    """All runs of a study. `inputs` has low and high of each input drawn (`dummy` last, 0 to 1), in column order of `points`."""

    name: str
    definition: Definition  # with replicates and headline filled in
    scenarios: dict[str, Loaded]  # the first is the reference
    geography: Geography  # the map, which all scenarios share
    replicates: int
    design: str
    inputs: dict[str, tuple[float, float]]
    seeds: np.ndarray  # i8 [replicates]
    points: np.ndarray  # f8 [replicates, inputs], in the units of the inputs
    digest: str  # of all that decides results, without the number of replicates
    notes: tuple[str, ...]  # what a person should know before starting, a sentence each
    draws: Draws = field(repr=False)
    maps: dict[str, Geography] = field(default_factory=dict, repr=False)  # in place of the map, by scenario

    def job(self, scenario: str, replicate: int) -> Job:
        """Return one run; KeyError or IndexError where it is none of the plan's."""
        if replicate < 0:
            raise IndexError(f"replicate {replicate}")
        row = self.points[replicate]
        values = {item.path: item.value(row[item.column]) for item in self.draws.by_scenario[scenario]}
        dummy = float(row[-1]) if DUMMY in self.inputs else None
        return Job(scenario, replicate, int(self.seeds[replicate]), values, dummy)

    def jobs(self) -> Iterator[Job]:
        """Give all runs, replicate by replicate, so that a study cut short has as many of every scenario."""
        for replicate in range(self.replicates):
            for scenario in self.scenarios:
                yield self.job(scenario, replicate)

    def extended(self, replicates: int) -> Plan:
        """Return the plan with at least so many replicates; those of this plan are its first."""
        if replicates <= self.replicates:
            return self
        definition = self.definition.model_copy(update={"replicates": replicates})
        return _filled(replace(self, definition=definition))

    def altered(
        self, definition: Definition, scenarios: dict[str, Loaded], maps: dict[str, Geography], change: str
    ) -> Plan:
        """Return a plan with another name, seed or number of runs, with scenarios of the same names changed in memory.

        Args:
            definition: the study; what is drawn, and how, is that of this plan.
            scenarios: the scenarios by name.
            maps: maps in place of those that scenarios name.
            change: what was changed, for the digest.
        """
        facts = [self.digest, change, definition.seed, definition.control_days]
        dumps = {name: loaded.scenario.model_dump_json(by_alias=True) for name, loaded in scenarios.items()}
        digest = sha256(json.dumps([*facts, dumps], ensure_ascii=False).encode())
        changed = replace(
            self, name=definition.name, definition=definition, scenarios=scenarios, maps=maps, digest=digest
        )
        return _filled(changed)

    def files(self) -> dict[str, str]:
        """Return the text of the files that say what the study is, by their path in its folder; `batch` reads them too."""
        texts = {f"scenarios/{name}.yaml": show(loaded) for name, loaded in self.scenarios.items()}
        changed: dict[str, Any] = {
            "scenarios": {name: Variant(file=f"scenarios/{name}.yaml") for name in self.scenarios},
            "set": {},
        }
        if self.draws.posterior:
            texts["posterior.csv"] = self.draws.posterior
            changed["posterior"] = "posterior.csv"
        texts["study.yaml"] = definition_text(self.definition.model_copy(update=changed))
        return texts


def make_plan(
    definition: Definition, source: DefinitionFile | None = None, checked: Callable[[], None] | None = None
) -> Plan:
    """Read the scenarios of a study and list its runs: seeds i8 [replicates] and drawn inputs f8 [replicates, inputs].

    Args:
        definition: the study.
        source: where the definition was read from: scenario files are searched beside it, and faults have its lines.
        checked: called after all checks, before the points of the design are drawn, which takes a second.

    Raises:
        InputError: with every fault of the study, its scenarios and their maps.

    Example:
        >>> from pathlib import Path
        >>> from sim.study.plan import make_plan, of_files
        >>> plan = make_plan(of_files([Path("two_valleys")], replicates=4))
        >>> plan.points.shape == (4, len(plan.inputs))
        True
    """
    source = source or DefinitionFile()
    scenarios, maps = _read_all(definition, source)
    _comparable(definition, scenarios, maps, source)
    draws = draws_of(definition, scenarios, source)
    reference = next(iter(scenarios.values()))
    headline = definition.headline or list(reference.scenario.headline)
    notes = (*draws.notes, *_notes(scenarios))
    empty, geography = np.zeros(0), next(iter(maps.values()))
    bare = Plan(
        definition.name, definition.model_copy(update={"headline": headline}), scenarios, geography, 0, definition.design,
        draws.inputs, empty, empty, _digest(definition, scenarios, geography, draws), notes, draws,
    )  # fmt: skip
    if checked is not None:
        checked()
    return _filled(bare)


def _filled(plan: Plan) -> Plan:
    """Return the plan with the replicates its definition asks for, in whole blocks of its design."""
    requested = plan.definition.replicates
    count = whole_blocks(plan.design, len(plan.inputs), requested)
    cells = grid_size(plan.draws.values) if plan.design == "grid" else 1  # one seed for all cells of a grid
    seeds = np.array([seed_of(plan.definition.seed, number // cells) for number in range(count)], np.int64)
    definition = plan.definition.model_copy(update={"replicates": count})
    points = plan.draws.points(count, plan.definition.seed)
    return replace(plan, definition=definition, replicates=count, seeds=seeds, points=points)


def _read_all(definition: Definition, source: DefinitionFile) -> tuple[dict[str, Loaded], dict[str, Geography]]:
    scenarios: dict[str, Loaded] = {}
    maps: dict[str, Geography] = {}
    faults: list[Fault] = []
    for name, variant in definition.scenarios.items():
        try:
            file = scenario_file(variant.file, source)
        except InputError as error:
            faults += [source.fault(fault.message, "scenarios", name) for fault in error.faults]
            continue
        sets = {**definition.set, **variant.set}
        try:
            scenarios[name], maps[name] = read(file, set_texts(sets))
        except InputError as error:
            faults += [_at_set(fault, name, variant.set, definition.set, source) for fault in error.faults]
    if faults:
        raise InputError(dict.fromkeys(faults))
    return scenarios, maps


def set_texts(sets: dict[str, Any]) -> list[str]:
    """Return changes as `--set` takes them."""
    return [f"{key}={flow(value)}" for key, value in sets.items()]


def _at_set(fault: Fault, name: str, own: dict[str, Any], common: dict[str, Any], source: DefinitionFile) -> Fault:
    """Return a fault of a change with the line of the study that says it; faults of files stay as they are."""
    if fault.file != "--set":
        return fault
    for keys, start in ((own, ("scenarios", name, "set")), (common, ("set",))):
        for key in keys:
            if fault.key == key or fault.key.startswith(f"{key}.") or key in fault.message:
                line = source.fault("", *start, key).line
                return Fault(source.shown, line, fault.key or key, fault.message)
    return Fault(source.shown, source.fault("", "scenarios", name).line, fault.key, fault.message)


def _comparable(
    definition: Definition, scenarios: dict[str, Loaded], maps: dict[str, Geography], source: DefinitionFile
) -> None:
    """Raise InputError where two scenarios cannot stand side by side (another map, another number of days), or where
    control is to be kept on a day that none has.
    """
    first = next(iter(scenarios))
    faults, folded = [], {name.casefold(): name for name in reversed(scenarios)}
    for name in scenarios:
        if (other := folded[name.casefold()]) != name:
            faults.append(source.fault(f"differs from {other!r} only in capital letters", "scenarios", name))
    first_map = source_of(maps[first])
    last, days = max(definition.control_days or [0]), scenarios[first].scenario.days
    if last > days:
        faults.append(source.fault(f"day {last} is after the last, {days}", "control_days"))
    for name, loaded in scenarios.items():
        if maps[name].name != maps[first].name:
            message = f"is on the map {maps[name].name}, {first} on {maps[first].name}; one map is needed"
            faults.append(source.fault(message, "scenarios", name))
        elif source_of(maps[name]).tables != first_map.tables:
            message = (
                f"is on another map of the name {maps[name].name} than {first}: their tables differ; one map is needed"
            )
            faults.append(source.fault(message, "scenarios", name))
        elif loaded.scenario.days != scenarios[first].scenario.days:
            message = f"has {plural(loaded.scenario.days, 'day')}, {first} {scenarios[first].scenario.days}; `set: {{days: N}}` makes them equal"
            faults.append(source.fault(message, "scenarios", name))
    if faults:
        raise InputError(faults)


def _notes(scenarios: dict[str, Loaded]) -> Iterator[str]:
    first, *others = scenarios
    for name in others:
        first_scenario, scenario = scenarios[first].scenario, scenarios[name].scenario
        if first_scenario.start != scenario.start:
            yield f"{name} starts on {scenario.start}, {first} on {first_scenario.start}: day 0 is not the same date."
        if first_scenario.model_dump() == scenario.model_dump():
            yield f"{name} is the same as {first}."


def _digest(definition: Definition, scenarios: dict[str, Loaded], geography: Geography, draws: Draws) -> str:
    facts = {
        "version": __version__,
        "scenarios": {name: loaded.scenario.model_dump_json(by_alias=True) for name, loaded in scenarios.items()},
        "map": dict(source_of(geography).tables),
        "study": definition.model_dump(mode="json", include={"seed", "design", "levels", "keep", "control_days"}),
        "inputs": draws.inputs,
        "values": draws.values,
        "posterior": draws.posterior,
        "points": draws.points(FIRST_ROWS, definition.seed).tolist(),
    }
    return sha256(json.dumps(facts, sort_keys=False, ensure_ascii=False).encode())


def of_files(files: Sequence[Path], **options: Any) -> Definition:
    """Return the definition of a study of scenario files.

    Args:
        files: scenario files, or bare names of those in `scenarios/`; the first is the reference.
        options: other keys of a study file, such as `replicates`, `seed` or `design`.

    Raises:
        InputError: if two files have the same name.

    Example:
        >>> from pathlib import Path
        >>> from sim.study.plan import of_files
        >>> of_files([Path("two_valleys"), Path("own_valleys")], replicates=20).name
        'two_valleys_vs_own_valleys'
    """
    stems = [plain_name(file.stem) for file in files]
    folded = [stem.casefold() for stem in stems]
    double = {stem for stem, name in zip(stems, folded, strict=True) if folded.count(name) > 1}
    if double:
        message = f"two scenarios of one name: {', '.join(sorted(double))}; files are named by it, so rename one file"
        raise InputError([Fault("batch", None, "", message)])
    question = f"What is different between {clause_list(stems)}?" if len(stems) > 1 else f"What happens in {stems[0]}?"
    scenarios = {stem: Variant(file=str(file)) for stem, file in zip(stems, files, strict=True)}
    name = "_vs_".join(stems)
    return Definition(
        name=name if file_name(name) == name else f"{file_name(stems[0][:20])}_and_{len(stems) - 1}_more",
        question=question,
        scenarios=scenarios,
        **options,
    )


__all__ = ["Draws", "Job", "Plan", "make_plan", "of_files", "set_texts"]


def one_run(folder: Path, scenario: str | None, replicate: int | None) -> tuple[Path, int, tuple[str, ...]]:
    """Return (scenario file, seed, changes as `--set` takes them) of one run of a study's folder.

    `scenario` may be left out where the study has only one. Also for runs that failed, or are not done yet.
    """
    definition, source = read_definition(folder / "study.yaml")
    plan = make_plan(definition, source)
    known = list(plan.scenarios)
    if scenario is None and len(known) == 1:
        scenario = known[0]
    if scenario not in known:
        near = did_you_mean(scenario, known) if scenario else ""
        message = f"there is none {scenario!r}" if scenario else "is needed"
        raise InputError([Fault("--scenario", None, "", f"{message}; the study has {', '.join(known)}{near}")])
    if replicate is None:
        raise InputError([Fault("--replicate", None, "", f"is needed: 0 to {plan.replicates - 1}")])
    job = plan.extended(replicate + 1).job(scenario, replicate)
    sets = tuple(f"{path}={number_text(value)}" for path, value in job.values.items())
    return folder / "scenarios" / f"{scenario}.yaml", job.seed, sets


def one_command(command: str, folder: Path, scenario: str, replicate: int) -> str:
    """Return the line that runs or watches one run of a study."""
    return shell(command, folder, "--scenario", scenario, "--replicate", str(replicate))


def chosen(
    file: Path, seed: int | None, sets: tuple[str, ...], scenario: str | None, replicate: int | None
) -> tuple[Path, int | None, tuple[str, ...]]:
    """Return (file, seed, changes) that a command means: a scenario's own, or those of one run of a study's folder.

    Changes of the command line are laid over the study's; its seed may not be given with it.
    """
    if kind_of(file) is not Kind.STUDY:
        for option, value in (("--scenario", scenario), ("--replicate", replicate)):
            if value is not None:
                raise InputError([Fault(option, None, "", "belongs to the folder of a study")])
        return file, seed, sets
    if seed is not None:
        raise InputError([Fault("--seed", None, "", "the study has it: give --replicate")])
    path, drawn, values = one_run(file, scenario, replicate)
    return path, drawn, (*values, *sets)
