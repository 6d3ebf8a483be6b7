"""What each policy would do if it came on the first day: towns left, fighters moved, multipliers in force."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np

from sim.engine import kinds, tables
from sim.engine.simulation import Simulation
from sim.scenario.schema import Policy

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def policy_rows(start: Simulation, attempts: dict[str, float]) -> list[tuple[str, str]]:
    """Return ("policy", what it does) for each; `attempts` are base attempts a month at the start, by faction."""
    return [
        ("policy", _text(start, policy, row, attempts) + _not_reached(start, row)) for policy, row in _policies(start)
    ]


def marked_towns(start: Simulation) -> tuple[str, np.ndarray] | None:
    """Return what policies do to towns, for a legend, and which towns (indices); None where no policy names or moves any."""
    left: list[int] = []
    reached: list[int] = []
    for policy, row in _policies(start):
        if policy.withdraw is not None:
            left += [int(town) for town in _concerned(start, row) if _stands(start, row, town)]
        elif policy.reinforce is not None:
            reached.append(int(row["town"]))
    if not left and not reached:
        return None
    text = "to be left by a policy" if not reached else "policy acts here" if left else "to be reinforced by a policy"
    return text, np.array(sorted({*left, *reached}), np.int64)


def _policies(start: Simulation) -> Iterator[tuple[Policy, np.void]]:
    """Yield each policy with its row of the table of actions, which follow the given events."""
    policies = start.scenario.policy
    yield from zip(policies, start.world.actions[len(start.scenario.given) :], strict=True)


def _text(start: Simulation, policy: Policy, row: np.void, attempts: dict[str, float]) -> str:
    if policy.withdraw is not None:
        return _withdrawal(start, policy, row)
    if policy.enforce_no_expansion is not None:
        name, factor = policy.enforce_no_expansion, float(row["factor"])
        rate = attempts.get(name, 0.0)
        return f"{name}'s base attempts x{factor:g} {_span(policy)}: about {rate * factor:.2g} a month in place of {rate:.2g} at the start's rates"
    if policy.mediate is not None:
        return f"agreements signed {row['factor']:g} times as readily {_span(policy)}; {_who(start, policy.mediate)} mediates"
    if policy.reinforce is not None:
        return _reinforcement(start, policy, row)
    if policy.merge_groups is not None:
        return _merger(start, policy, row)
    return f"agreements hold {row['factor']:g} times as long {_span(policy)}; {_who(start, str(policy.monitor))} watches over them"


def _withdrawal(start: Simulation, policy: Policy, row: np.void) -> str:
    """Say how many towns, fighters and heirs a withdrawal has on the first day."""
    from sim.engine.rules.given import heir

    world, faction = start.world, int(row["faction"])
    towns = _concerned(start, row)
    held = [town for town in towns if _holder(start, town) == faction]
    shared = [town for town in towns if _holder(start, town) != faction and _stands(start, row, town)]
    fighters = sum(_stands(start, row, town) for town in towns)
    place = f"the {start.scenario.zone.name}" if row["town"] < 0 and start.scenario.zone else policy.from_place
    text = f"by {_day(policy.by)} {policy.withdraw} leaves {place}: "
    if not held and not shared:
        return text + "it stands in no town there at the start"
    text += _count(len(held), "town")
    text += f" and its part of {_count(len(shared), 'town')} of others" if shared else ""
    text += f", about {round(fighters, -2) if fighters >= 1000 else fighters:,} fighters move"
    if held and row["towns_to"] == kinds.TO_HOST:
        to = [int(heir(world, town, faction)) for town in held]
        names = [start.names.groups[group] if group >= 0 else "nobody" for group in to]
        text += f"; its towns go to {', '.join(f'{name} {names.count(name)}' for name in dict.fromkeys(names))}"
    elif held:
        text += "; its towns become neutral"
    return text + ("" if row["may_return"] else "; it opens no base or front in the zone afterwards")


def _reinforcement(start: Simulation, policy: Policy, row: np.void) -> str:
    world, group, town = start.world, int(row["group"]), int(row["town"])
    forces = world.forces[: world.counts[tables.N_FORCES]]
    now = int(forces["fighters"][forces["group"] == group].sum())
    text = f"on {_day(policy.on)} {row['fighters']:,} fighters from outside join {policy.reinforce} in {start.geography.places[town].name}: {now + row['fighters']:,} in place of {now:,}"
    faction = int(world.groups[group]["faction"])
    if _holder(start, town) != faction:
        text += f"; skipped unless {start.names.factions[faction]} holds the town by then"
    return text


def _merger(start: Simulation, policy: Policy, row: np.void) -> str:
    world, into = start.world, int(row["into"])
    joining = [start.names.groups.index(name) for name in policy.merge_groups or () if name != policy.into]
    forces = world.forces[: world.counts[tables.N_FORCES]]
    fighters = int(forces["fighters"][np.isin(forces["group"], joining)].sum())
    towns = int(np.isin(world.towns["holder"], joining).sum())
    return (
        f"on {_day(policy.on)} {_count(len(joining), 'group')} with {fighters:,} fighters and {_count(towns, 'town')} join "
        f"{policy.into}; cohesion {row['factor']:g} in place of {world.groups[into]['cohesion']:g}"
    )


def _concerned(start: Simulation, row: np.void) -> np.ndarray:
    """Return the towns that a withdrawal concerns."""
    return np.flatnonzero(start.world.towns["in_zone"] == 1) if row["town"] < 0 else np.array([row["town"]])


def _stands(start: Simulation, row: np.void, town: int) -> int:
    """Return the fighters of the action's faction who stand in a town."""
    forces = start.world.forces[: start.world.counts[tables.N_FORCES]]
    return int(forces["fighters"][(forces["town"] == town) & (forces["faction"] == row["faction"])].sum())


def _holder(start: Simulation, town: int) -> int:
    """Return the faction of a town's holder; -1 neutral."""
    holder = start.world.towns[town]["holder"]
    return int(start.world.groups[holder]["faction"]) if holder >= 0 else -1


def _who(start: Simulation, name: str) -> str:
    return name if name in (*start.names.factions, *start.names.groups) else f"{name}, from outside,"


def _span(policy: Policy) -> str:
    """Say the days of a lasting act: "from 15 Oct 2018 to the end"."""
    return (
        f"from {_day(policy.on) if policy.on else 'the start'} to {_day(policy.until) if policy.until else 'the end'}"
    )


def _day(day: date | None) -> str:
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}" if day is not None else "the start"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun if number == 1 else noun + 's'}"


def _not_reached(start: Simulation, row: np.void) -> str:
    """Return a note on a policy that lies after the last day."""
    return "" if row["day"] < start.days else " (after the last day: not reached)"
