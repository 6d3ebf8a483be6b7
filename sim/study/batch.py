"""Studies from Python: scenarios by name, file, object or study file, run many times with matched seeds and inputs."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

from sim.errors import Fault, InputError
from sim.load import compiling_text, write_scenario
from sim.results.manifest import Kind, kind_of
from sim.results.run import slug
from sim.scenario.schema import Scenario
from sim.study.definition import Definition, DefinitionFile, find_file, make_definition, read_definition
from sim.study.plan import Plan, make_plan, of_files
from sim.study.progress import batch_progress
from sim.study.runner import run_study
from sim.study.store import Study

ScenarioSource = str | Path | Scenario
"""A scenario file, the bare name of one in `scenarios/`, or a scenario in memory."""
Variants = Mapping[str, ScenarioSource | Mapping[str, Any]]
"""Scenarios by the names that they have in the study; as `{"file": ..., "set": {"KEY": VALUE}}` with changes of their own."""


def batch(
    *scenarios: ScenarioSource | Variants,
    replicates: int | None = None,
    seed: int | None = None,
    out: str | Path = "outputs",
    workers: int | None = None,
    until_precise: float | None = None,
    most: int | None = None,
    precise_on: Sequence[str] = (),
    progress: bool = True,
    **keys: Any,
) -> Study:
    """Run scenarios many times with matched seeds and inputs, and return the study. It is kept in the folder `out`/its name.

    The same call returns the study at once if all its runs are there, and makes those that are missing after an interruption
    or with more `replicates`.

    Args:
        scenarios: scenario files, bare names of those in `scenarios/`, or `Scenario`s; a mapping gives them names, and with
            `{"file": ..., "set": {...}}` changes. The first is the reference. Or one study file.
        replicates: runs of each scenario; 100 if None, or what the study file asks for.
        seed: the study's seed; 1 if None, or the study file's.
        out: the folder of all results, relative to where one stands: in a notebook, the notebook's folder.
        workers: number of processes; all cores if None; 1 runs in this process.
        until_precise: continue until headline means are known to this share of themselves, such as 0.05.
        most: the largest number of replicates for `until_precise`; (1.96 / until_precise)² if None, 10,000 at most.
        precise_on: statistics that `until_precise` looks at; the headline if none.
        progress: whether to show how far it is, in the notebook or on stderr.
        keys: other keys of a study file (`docs/study_files.md`): `name`, `question`, `set`, `design`, `inputs`, `headline`, ...

    Raises:
        InputError: with every fault of the study and its scenarios, or if the folder holds another study.

    Example:
        >>> import sim
        >>> more = {"file": "two_valleys", "set": {"rules.spread.call_to_arms_share": 0.9}}
        >>> study = sim.batch({"as_it_is": "two_valleys", "more_calls": more}, replicates=4, workers=1, progress=False)
        >>> study
        <Study as_it_is_vs_more_calls, 8 of 8 runs, outputs/as_it_is_vs_more_calls>
        >>> study.runs.groupby("scenario")["clash_days"].count().to_dict()
        {'as_it_is': 4, 'more_calls': 4}
    """
    given = {key: value for key, value in {"replicates": replicates, "seed": seed, **keys}.items() if value is not None}
    with TemporaryDirectory() as folder:
        plan = _plan(scenarios, given, Path(folder))
    if progress and (text := compiling_text()):
        print(text, file=sys.stderr, flush=True)
    report: AbstractContextManager[Any] = batch_progress() if progress else nullcontext()
    with _script_not_imported(), report as shown:
        return Study.open(run_study(plan, Path(out), workers, None, until_precise, most, shown, precise_on))


def _plan(scenarios: tuple[ScenarioSource | Variants, ...], keys: dict[str, Any], folder: Path) -> Plan:
    """Return the plan of a study; scenarios in memory are written into `folder`, which is not needed afterwards."""
    if len(scenarios) == 1 and isinstance(scenarios[0], str | Path):
        file = find_file(Path(scenarios[0]))
        if kind_of(file) is Kind.STUDY_FILE:
            return _plan_of_file(file, **keys)
    if not scenarios:
        raise InputError([Fault("batch", None, "", "needs a scenario or a study file")])
    variants: dict[str, Any] = {}
    for source in scenarios:
        named = source if isinstance(source, Mapping) else {_name_of(source): source}
        if double := [name for name in named if name in variants]:
            message = "two scenarios have this name; a mapping from names to scenarios gives others"
            raise InputError([Fault("batch", None, double[0], message)])
        variants |= {name: _variant(name, each, folder) for name, each in named.items()}
    plain = of_files([Path(name) for name in variants])
    data = {"name": plain.name, "question": plain.question, **keys, "scenarios": variants}
    return make_plan(make_definition(data, DefinitionFile()))


def _plan_of_file(file: Path, replicates: int | None = None, seed: int | None = None, **keys: Any) -> Plan:
    if keys:
        message = f"is a study file; with it only replicates and seed may be given, not {', '.join(keys)}"
        raise InputError([Fault(str(file), None, "", message)])
    definition, source = read_definition(file)
    return make_plan(changed(definition, replicates, seed), source)


def _name_of(source: ScenarioSource) -> str:
    return slug(source.title) if isinstance(source, Scenario) else Path(source).stem


def _variant(name: str, source: Any, folder: Path) -> Any:
    """Return what a study file says of a scenario; one in memory is written as a file."""
    if isinstance(source, Mapping):
        return {**source, "file": _variant(name, source.get("file", ""), folder)}
    if isinstance(source, Scenario):
        return str(write_scenario(source, folder, slug(name)))
    return str(source)


@contextmanager
def _script_not_imported() -> Iterator[None]:
    """Keep worker processes from importing the script that asks for them: they need nothing of it, and would run it again."""
    script = sys.modules["__main__"]
    if not hasattr(script, "__file__"):
        yield
        return
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


def changed(
    definition: Definition, replicates: int | None = None, seed: int | None = None, fixed_inputs: bool = False
) -> Definition:
    """Return a definition with other options; another seed, or fixed inputs, is another study of another name."""
    updates: dict[str, Any] = {}
    name = definition.name
    if replicates is not None:
        updates["replicates"] = replicates
    if seed is not None and seed != definition.seed:
        updates["seed"], name = seed, f"{name[:40]}-seed_{seed}"
    if fixed_inputs and definition.design != "fixed":
        updates |= {"design": "fixed", "inputs": None, "posterior": None}
        name = f"{name[:47]}-fixed_inputs"
    return definition.model_copy(update={**updates, "name": name})
