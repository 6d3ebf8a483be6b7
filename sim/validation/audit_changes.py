"""Changes that must not matter to a claim: other seeds, other labels, a shifted grid, inputs that were not fitted at other values.

Names of factions and groups are keys of random draws, so that other labels, like other seeds, give other runs of the same
process: they are compared as statistics, not run by run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from sim.errors import Fault, InputError
from sim.geography.maps import Geography, load_map
from sim.scenario.cross_checks import cross_checks
from sim.scenario.fields import as_data, inputs_of, names_of
from sim.scenario.load import Loaded
from sim.scenario.schema import Scenario, codes
from sim.study.definition import MAX_SEED
from sim.study.sampling import seed_of

STATED, SEEDS = "stated", "seeds"
OTHER_SEED = 7_919  # number of the seed that is made from a claim's own
MORE_RUNS = (
    4  # times as many runs with other seeds: a claim that holds is then twice as far from its bound in standard errors
)
HALF = 0.5  # of a cell
LOW, HIGH = 0.9, 1.1  # times the best value of an input that was not fitted
NO_NAMES = frozenset(  # keys whose texts name no faction or group
    {"code", "colour", "question", "title", "map", "source", "in", "around", "from", "watch_towns", "headline", "compare_with", "terms"}
)  # fmt: skip

Scenarios = Mapping[str, Loaded]


@dataclass(frozen=True)
class Altered:
    """What a change makes of the scenarios of a claim.

    Attributes:
        scenarios: the scenarios by name.
        maps: maps in place of those that the scenarios name; empty if these are used.
        names: the name before the change of each faction and group, by its name after it; empty if they keep theirs.
    """

    scenarios: dict[str, Loaded]
    maps: dict[str, Geography]
    names: dict[str, str]


@dataclass(frozen=True)
class Change:
    """One change: its name, what it is in words, what it makes of scenarios, and the seed of its study by the claim's own."""

    name: str
    words: str
    alter: Callable[[Scenarios, Collection[str]], Altered]
    seed: Callable[[int], int] = int
    more_runs: int = 1  # times the runs of the statement


def unaltered(scenarios: Scenarios, fixed: Collection[str]) -> Altered:
    """Return the scenarios as they are."""
    return Altered(dict(scenarios), {}, {})


def other_labels(scenarios: Scenarios, fixed: Collection[str]) -> Altered:
    """Return the scenarios with the names of factions and groups passed on in a circle, and their order turned round.

    Codes stay with their factions: statistics and control are by code.
    """
    names = sorted({name for loaded in scenarios.values() for name in _names(loaded.scenario)})
    new = dict(zip(names, [*names[1:], *names[:1]], strict=True))
    altered = {name: replace(loaded, scenario=relabelled(loaded.scenario, new)) for name, loaded in scenarios.items()}
    maps = {name: _relabelled_map(load_map(loaded.scenario.map), new) for name, loaded in scenarios.items()}
    return Altered(altered, maps, {after: before for before, after in new.items()})


def _names(scenario: Scenario) -> set[str]:
    return {*scenario.factions, *(name for faction in scenario.factions.values() for name in faction.groups)}


def relabelled(scenario: Scenario, new: Mapping[str, str]) -> Scenario:
    """Return a scenario with other names of factions and groups, and with both in the reverse order.

    Args:
        scenario: the scenario.
        new: the new name of each faction and group; no two are the same.
    """
    data = _renamed(as_data(scenario), new)
    for before, code in codes(scenario).items():
        faction = data["factions"][new[before]]
        faction["code"] = code
        faction["groups"] = dict(reversed(faction["groups"].items()))
    data["factions"] = dict(reversed(data["factions"].items()))
    return Scenario.model_validate(data, strict=True)


def _renamed(value: Any, new: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {new.get(key, key): item if key in NO_NAMES else _renamed(item, new) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, new) for item in value]
    return new.get(value, value) if isinstance(value, str) else value


def _relabelled_map(geography: Geography, new: Mapping[str, str]) -> Geography:
    """Return a map whose holders have other names."""
    control = {
        day: tuple(replace(one, groups=tuple(new.get(group, group) for group in one.groups)) for one in holdings)
        for day, holdings in geography.control.items()
    }
    return replace(geography, control=control)


def shifted_grid(scenarios: Scenarios, fixed: Collection[str]) -> Altered:
    """Return the scenarios on their map with the grid shifted by half a cell to the south-west."""
    maps = {name: load_map(loaded.scenario.map, shift_cells=HALF) for name, loaded in scenarios.items()}
    return Altered(dict(scenarios), maps, {})


def scaled_inputs(scenarios: Scenarios, fixed: Collection[str], factor: float) -> Altered:
    """Return the scenarios with every uncertain input that is not fixed at `factor` times its best value, within its cited range.

    Args:
        scenarios: scenarios by name.
        fixed: paths of inputs, or of parts, that keep their values. So do inputs that differ between the scenarios, for they are
            what the scenarios compare.
        factor: multiplies the best values.
    """
    differing = {
        path
        for loaded in scenarios.values()
        for other in scenarios.values()
        for path, quantity in inputs_of(loaded.scenario).items()
        if inputs_of(other.scenario).get(path) != quantity
    }
    kept = [*fixed, *differing]
    return Altered(
        {name: replace(loaded, scenario=_scaled(loaded.scenario, kept, factor)) for name, loaded in scenarios.items()},
        {},
        {},
    )


def scaled_paths(scenario: Scenario, fixed: Collection[str]) -> list[str]:
    """Return the paths of the uncertain inputs that are not fixed."""
    return [
        path
        for path, quantity in inputs_of(scenario).items()
        if quantity.uncertain and not any(_within(path, one) for one in fixed)
    ]


def _within(path: str, part: str) -> bool:
    """Return whether a path is a part, lies below it, or holds it."""
    return path == part or path.startswith(f"{part}.") or part.startswith(f"{path}.")


def _scaled(scenario: Scenario, fixed: Collection[str], factor: float) -> Scenario:
    """Return a scenario with its inputs scaled; of two that would be out of order with each other, both keep their values."""
    inputs, paths = inputs_of(scenario), scaled_paths(scenario, fixed)
    for _attempt in range(2):
        data = as_data(scenario)
        for path in paths:
            quantity = inputs[path]
            low, high = quantity.low, quantity.high
            assert low is not None
            assert high is not None
            best = min(max(quantity.best * factor, low), high)
            _put(data, names_of(path), {**as_data(quantity), "best": best})
        refused = [tuple(map(str, key)) for key, _message in cross_checks(data)]
        if not refused:
            return Scenario.model_validate(data, strict=True)
        paths = [path for path in paths if not any(tuple(names_of(path))[:-1] == key[:-1] for key in refused)]
    message = f"{factor:g} times the best values of its inputs is no valid scenario: {'.'.join(refused[0])}"
    raise InputError([Fault("audit", None, "", message)])


def _put(data: Any, names: list[str], value: Any) -> None:
    for name in names[:-1]:
        data = data[int(name)] if isinstance(data, list) else data[name]
    data[names[-1]] = value


CHANGES: tuple[Change, ...] = (
    Change(STATED, "as stated", unaltered),
    Change(SEEDS, "other seeds", unaltered, lambda seed: seed_of(seed, OTHER_SEED) % MAX_SEED, MORE_RUNS),
    Change("labels", "other names and order of factions and groups", other_labels),
    Change("grid", "grid shifted by half a cell", shifted_grid),
    Change("inputs_90", "inputs that were not fitted at 90 %", partial(scaled_inputs, factor=LOW)),
    Change("inputs_110", "inputs that were not fitted at 110 %", partial(scaled_inputs, factor=HIGH)),
)
