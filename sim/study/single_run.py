"""One run of a study by scenario and replicate: the file, the seed and the values that make it again."""

from __future__ import annotations

import shlex
from pathlib import Path

from sim.errors import Fault, InputError, did_you_mean
from sim.scenario.show import number_text
from sim.study.definition import read_definition
from sim.study.path_kind import Kind, kind_of
from sim.study.plan import make_plan


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
    words = ["python", "run.py", command, str(folder), "--scenario", scenario, "--replicate", str(replicate)]
    return shlex.join(words)


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


__all__ = ["chosen", "one_command", "one_run"]
