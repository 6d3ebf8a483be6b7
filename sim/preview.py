"""What a scenario's numbers imply before it is run: rates, forces and policies on the first day, as `check` prints them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import date

import numpy as np

from sim.engine import kinds, tables
from sim.engine.rules.peacekeeping import guard_towns
from sim.engine.simulation import Simulation
from sim.geography.maps import Geography
from sim.scenario.schema import Policy, Scenario
from sim.text import agree, clause_list, day_text, plural


def policy_rows(start: Simulation, attempts: dict[str, float]) -> list[tuple[str, str]]:
    """Return ("policy", what it does) for each; `attempts` are base attempts a month at the start, by faction."""
    return [
        ("policy", _text(start, policy, row, attempts) + _not_reached(start, row)) for policy, row in _policies(start)
    ]


def marked_towns(start: Simulation) -> tuple[str, np.ndarray] | None:
    """Return what policies do to towns, for a legend, and which towns (indices); None where no policy names or moves any."""
    left: list[int] = []
    reached: list[int] = []
    others: list[int] = []
    for policy, row in _policies(start):
        if policy.withdraw is not None:
            left += [int(town) for town in _concerned(start, row) if _stands(start, row, town)]
        elif policy.reinforce is not None or policy.garrison is not None:
            reached.append(int(row["town"]))
        elif policy.in_town is not None:
            others += _covered(start, row)
    if not left and not reached and not others:
        return None
    text = "policy acts here"
    if not others and not (left and reached):
        text = "to be left by a policy" if left else "to be reinforced by a policy"
    return text, np.array(sorted({*left, *reached, *others}), np.int64)


def _covered(start: Simulation, row: np.void) -> list[int]:
    """Return the towns that a policy names: one, or those of the zone."""
    return np.flatnonzero(start.world.towns["in_zone"] == 1).tolist() if row["in_zone"] else [int(row["town"])]


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
        return f"agreements signed {row['factor']:g} times as readily {_span(policy)}; {_policy_groups(start, policy.mediate)} {agree(policy.mediate, 'mediates')}"
    if policy.reinforce is not None:
        return _reinforcement(start, policy, row)
    if policy.merge_groups is not None:
        return _merger(start, policy, row)
    if policy.monitor is not None:
        return f"agreements hold {row['factor']:g} times as long {_span(policy)}; {_policy_groups(start, policy.monitor)} {agree(policy.monitor, 'watches over')} them"
    if policy.guarantor is not None:
        return _guarantee(start, policy, row)
    if policy.demobilise is not None:
        return _demobilisation(start, policy, row)
    if policy.garrison is not None:
        return _garrison(start, policy, row)
    return _patronage(policy, float(row["factor"]))


def _patronage(policy: Policy, factor: float) -> str:
    name = policy.sanctions or policy.support
    return (
        f"leaders of {name} decide on campaigns {factor:g} times as readily {_span(policy)}; "
        f"agreements with it are signed {factor**-0.5:.2g} times as readily"
    )


def _guarantee(start: Simulation, policy: Policy, row: np.void) -> str:
    """Say what share of breaches a guarantor deters, by the forces of the first day."""
    from sim.engine.rules.lasting_policies import deterrence

    action = int(np.flatnonzero(start.world.actions["key"] == row["key"])[0])
    share = float(deterrence(start.world, action))
    area = f"in {plural(len(_covered(start, row)), 'town')}" if policy.in_town is not None else "everywhere"
    parties = f" between {clause_list(policy.between)}" if policy.between else ""
    return (
        f"agreements{parties} are guaranteed {area} {_span(policy)}; {_policy_groups(start, str(policy.guarantor))} with "
        f"{row['fighters']:,} fighters and a credibility of {row['factor']:g} {agree(str(policy.guarantor), 'deters')} {share:.0%} of breaches there, by the forces of the start"
    )


def _demobilisation(start: Simulation, policy: Policy, row: np.void) -> str:
    forces = _all_forces(start)[_is_of(start, row)]
    if row["town"] >= 0:
        forces = forces[forces["town"] == row["town"]]
    now = int(forces["fighters"].sum())
    due = min(int(row["fighters"]), now) if row["fighters"] else int(now * float(row["factor"]) + 0.5)
    area = f" in {start.geography.places[row['town']].name}" if row["town"] >= 0 else ""
    if not now:
        return f"on {_day(policy.on)} no fighters of {policy.demobilise}{area}, by the forces of the start: skipped unless some come"
    return f"on {_day(policy.on)} {due:,} of {plural(now, 'fighter')} of {policy.demobilise}{area} leave the war, by the forces of the start"


def _all_forces(start: Simulation) -> np.ndarray:
    """Return the table of forces as far as it is filled."""
    return start.world.forces[: start.world.counts[tables.N_FORCES]]


def _is_of(start: Simulation, row: np.void) -> np.ndarray:
    """Return which forces are of an action's group, or of its faction if it names none."""
    forces = _all_forces(start)
    return (forces["faction"] == row["faction"]) & ((row["group"] < 0) | (forces["group"] == row["group"]))


def _garrison(start: Simulation, policy: Policy, row: np.void) -> str:
    """Say how many fighters stand in a town before a garrison comes, how many others can spare, and who holds the town."""
    from sim.engine.rules.columns import spare_fighters

    faction, town, world = int(row["faction"]), int(row["town"]), start.world
    near = world.near["town"][world.near_start[town] : world.near_start[town + 1]]
    others = np.flatnonzero(_is_of(start, row) & np.isin(_all_forces(start)["town"], near))
    spare = sum(int(spare_fighters(world, start.params, force)) for force in others.tolist())
    text = (
        f"on {_day(policy.on)} {row['fighters']:,} fighters of {policy.garrison}, whose other garrisons within reach can spare "
        f"{spare:,} at the start, set out for {start.geography.places[town].name}, where "
        f"{_stands(start, row, town):,} of {start.names.factions[faction]} stand; "
        f"they stay {f'until {_day(policy.until)}' if policy.until else 'to the end'}"
    )
    if _holder(start, town) != faction:
        text += f"; skipped unless {start.names.factions[faction]} holds the town by then"
    return text


def _withdrawal(start: Simulation, policy: Policy, row: np.void) -> str:
    """Say how many towns, fighters and heirs a withdrawal has on the first day."""
    from sim.engine.rules.interventions import successor

    world, faction = start.world, int(row["faction"])
    who, its = policy.withdraw or "", agree(policy.withdraw or "", "its")
    towns = _concerned(start, row)
    if world.factions[faction]["role"] == kinds.PEACEKEEPER:
        guarded = [town for town in towns if _stands(start, row, town)]
        leaving = sum(_stands(start, row, town) for town in guarded)
        return f"by {_day(policy.by)} {who} {agree(who, 'leaves')} {plural(len(guarded), 'town')} and the theatre: {leaving:,} fighters at the start"
    held = [town for town in towns if _holder(start, town) == faction]
    shared = [town for town in towns if _holder(start, town) != faction and _stands(start, row, town)]
    fighters = sum(_stands(start, row, town) for town in towns)
    area = f"the {start.scenario.zone.name}" if row["town"] < 0 and start.scenario.zone else policy.from_place
    text = f"by {_day(policy.by)} {who} {agree(who, 'leaves')} {area}: "
    if not held and not shared:
        return text + f"{agree(who, 'it')} {agree(who, 'stands')} in no town there at the start"
    text += plural(len(held), "town")
    text += f" and {its} part of {plural(len(shared), 'town')} of others" if shared else ""
    text += f", about {round(fighters, -2) if fighters >= 1000 else fighters:,} fighters move"
    if held and row["towns_to"] == kinds.TO_HOST:
        to = [int(successor(world, town, faction)) for town in held]
        names = [start.names.groups[group] if group >= 0 else "nobody" for group in to]
        text += f"; {its} towns go to {', '.join(f'{name} {names.count(name)}' for name in dict.fromkeys(names))}"
    elif held:
        text += f"; {its} towns become neutral"
    return text + (
        ""
        if row["may_return"]
        else f"; {agree(who, 'it')} {agree(who, 'opens')} no base or front in the zone afterwards"
    )


def _reinforcement(start: Simulation, policy: Policy, row: np.void) -> str:
    world, group, town = start.world, int(row["group"]), int(row["town"])
    forces = _all_forces(start)
    now = int(forces["fighters"][forces["group"] == group].sum())
    text = f"on {_day(policy.on)} {row['fighters']:,} fighters from outside join {policy.reinforce} in {start.geography.places[town].name}: {now + row['fighters']:,} in place of {now:,}"
    faction = int(world.groups[group]["faction"])
    if _holder(start, town) != faction and world.factions[faction]["role"] != kinds.PEACEKEEPER:
        text += f"; skipped unless {start.names.factions[faction]} {agree(start.names.factions[faction], 'holds')} the town by then"
    return text


def _merger(start: Simulation, policy: Policy, row: np.void) -> str:
    world, into = start.world, int(row["into"])
    joining = [start.names.groups.index(name) for name in policy.merge_groups or () if name != policy.into]
    forces = _all_forces(start)
    fighters = int(forces["fighters"][np.isin(forces["group"], joining)].sum())
    towns = int(np.isin(world.towns["holder"], joining).sum())
    return (
        f"on {_day(policy.on)} {plural(len(joining), 'group')} with {fighters:,} fighters and {plural(towns, 'town')} {'joins' if len(joining) == 1 else 'join'} "
        f"{policy.into}; cohesion {row['factor']:g} in place of {world.groups[into]['cohesion']:g}"
    )


def _concerned(start: Simulation, row: np.void) -> np.ndarray:
    """Return the towns that a withdrawal concerns."""
    if row["town"] >= 0:
        return np.array([row["town"]])
    everywhere = start.world.factions["role"][row["faction"]] == kinds.PEACEKEEPER and not row["in_zone"]
    return np.flatnonzero(everywhere | (start.world.towns["in_zone"] == 1))


def _stands(start: Simulation, row: np.void, town: int) -> int:
    """Return the fighters of the action's faction who stand in a town."""
    forces = _all_forces(start)
    return int(forces["fighters"][(forces["town"] == town) & (forces["faction"] == row["faction"])].sum())


def _holder(start: Simulation, town: int) -> int:
    """Return the faction of a town's holder; -1 neutral."""
    holder = start.world.towns[town]["holder"]
    return int(start.world.groups[holder]["faction"]) if holder >= 0 else -1


def _policy_groups(start: Simulation, name: str) -> str:
    return name if name in (*start.names.factions, *start.names.groups) else f"{name}, from outside,"


def _span(policy: Policy) -> str:
    """Say the days of a lasting act: "from 15 Oct 2018 to the end"."""
    return (
        f"from {_day(policy.on) if policy.on else 'the start'} to {_day(policy.until) if policy.until else 'the end'}"
    )


def _day(day: date | None) -> str:
    return day_text(day) if day is not None else "the start"


def _not_reached(start: Simulation, row: np.void) -> str:
    """Return a note on a policy that lies after the last day."""
    return "" if row["day"] < start.days else " (after the last day: not reached)"


def implied(
    scenario: Scenario, geography: Geography, values: Mapping[str, float] | None = None
) -> list[tuple[str, str]]:
    """Return (what, how much) of the start: forces, towns, zone, expected events, hold of agreements, offensive."""
    start = Simulation(scenario, geography, 0, values)
    guard_towns(start.world)
    attempts = _base_attempts(start)
    rows = [("period", _period(scenario))]
    rows += _forces(start)
    rows += _zone(start)
    if still := _stillness(
        start, sum(attempts.values()) + _incidents(start) * float(start.params["incident_escalates"])
    ):
        rows.append(("nothing happens", still))
    rows += [
        ("base attempts", f"about {sum(attempts.values()):.1f} a month at the start"),
        (
            "incidents",
            f"about {_incidents(start):.1f} a month between {plural(len(_pairs(start)), 'pair')} of neighbouring rival garrisons",
        ),
        ("spread", _spread(start)),
        ("agreement", _hold(start)),
        ("offensive", _offensive(start)),
    ]
    rows += [
        (
            "given",
            f"{event.on.isoformat()}: {event.event.replace('_', ' ')}{_who(event.by, event.in_town)}"
            f"{_reached(scenario, event.on)}",
        )
        for event in scenario.given
    ]
    rows += policy_rows(start, attempts)
    return rows


def policy_marks(scenario: Scenario, geography: Geography) -> tuple[str, np.ndarray] | None:
    """Return what the policies do to towns at the start, for a legend, and which towns; None where to none."""
    return marked_towns(Simulation(scenario, geography, 0)) if scenario.policy else None


def _period(scenario: Scenario) -> str:
    return f"{scenario.start.isoformat()}, {plural(scenario.days, 'day')}; evidence ends {scenario.evidence_until.isoformat()}"


def _reached(scenario: Scenario, on: date) -> str:
    """Return a note on a dated event that lies after the last day."""
    return "" if (on - scenario.start).days < scenario.days else " (after the last day: not reached)"


def _who(by: str | None, town: str | None) -> str:
    return (f" by {by}" if by else "") + (f" in {town}" if town else "")


def _forces(start: Simulation) -> list[tuple[str, str]]:
    """Return a row for each faction: fighters, garrisons, towns held and contested."""
    world, first = start.world, start.daily.faction[0]
    forces = _all_forces(start)
    rows = []
    for i, name in enumerate(start.names.factions):
        own = forces[forces["faction"] == i]
        contested = f", {first[i]['contested']} contested" if first[i]["contested"] else ""
        strength = float((own["fighters"] * own["cohesion"]).sum())
        idle = [g for g, f in enumerate(world.groups["faction"]) if f == i and not (own["group"] == g).any()]
        nowhere = "".join(
            f"; {group} {agree(group, 'holds')} no town on the map: {agree(group, 'its')} fighters take no part"
            for group in (start.names.groups[g] for g in idle)
        )
        towns = f"{plural(int(first[i]['towns']), 'town')}{contested}{nowhere}"
        if world.factions[i]["role"] == kinds.PEACEKEEPER:
            intervening = int((world.guarded["mandate"][np.unique(own["town"])] == kinds.INTERVENE).sum())
            towns = f"guards {plural(len(np.unique(own['town'])), 'town')}, {intervening or 'none'} with a mandate to intervene"
        acting = "" if strength >= own["fighters"].sum() else f", of whom {strength:,.0f} act as one"
        rows.append(
            (
                name,
                f"{first[i]['fighters']:,} fighters{acting}, in {plural(len(own), 'force')}; {towns}",
            )
        )
    return rows


def _zone(start: Simulation) -> list[tuple[str, str]]:
    """Return a row on the zone: towns by holder, share of proscribed fighters."""
    zone, world = start.scenario.zone, start.world
    if zone is None:
        return [("zone", "none")]
    inside = world.towns[world.towns["in_zone"] == 1]
    holders = world.groups["faction"][inside["holder"][inside["status"] == kinds.HELD]]
    counts = np.bincount(holders, minlength=len(start.names.factions))
    by = ", ".join(f"{name} {n}" for name, n in zip(start.names.factions, counts, strict=True) if n)
    share, fighters = _proscribed(start)
    text = f"{plural(len(inside), 'town')} ({by}, {int((inside['status'] == kinds.CONTESTED).sum())} contested)"
    return [("zone", f"{zone.name}: {text}; {share:.0%} of {fighters:,} fighters in it are proscribed")]


def _proscribed(start: Simulation) -> tuple[float, int]:
    """Return the share of fighters in the zone whose faction is proscribed, and all fighters in it."""
    world = start.world
    forces = _all_forces(start)
    forces = forces[world.towns["in_zone"][forces["town"]] == 1]
    rebels = forces[world.factions["role"][forces["faction"]] != kinds.GOVERNMENT]
    total = int(rebels["fighters"].sum())
    listed = int((rebels["fighters"] * world.factions["proscribed"][rebels["faction"]]).sum())
    return (listed / total if total else 0.0), total


def _base_attempts(start: Simulation) -> dict[str, float]:
    """Return the expected base attempts of each faction in the first 30 days, at the rates of the first day."""
    from sim.engine.queries import nearest_garrison
    from sim.engine.rules.base_attempt import candidate, rate_per_day

    p, world = start.params, start.world
    attempts = dict.fromkeys(start.names.factions, 0.0)
    for faction, name in enumerate(start.names.factions):
        if world.factions[faction]["role"] != kinds.REBEL or not p["base_attempt_enabled"]:
            continue
        for town in range(len(world.towns)):
            near, km = nearest_garrison(world, town, faction, p["base_attempt_reach_km"])
            if near != -1 and candidate(world, town, faction):
                attempts[name] += 30.0 * float(rate_per_day(world, p, faction, town, km)[0])
    return attempts


def _pairs(start: Simulation) -> np.ndarray:
    """Return the towns of each pair of neighbouring rival garrisons, i8 [n, 2]; those of a contested town are one pair."""
    world, reach = start.world, start.params["incident_reach_km"]
    rebel = world.factions["role"] == kinds.REBEL
    faction = np.where(world.towns["holder"] >= 0, world.groups["faction"][world.towns["holder"]], -1)
    pairs = [(int(town), int(town)) for town in np.flatnonzero(world.towns["status"] == kinds.CONTESTED)]
    for town in range(len(world.towns)):
        rows = world.near[world.near_start[town] : world.near_start[town + 1]]
        others = rows["town"][(rows["km"] <= reach) & (rows["town"] > town)]
        mine = faction[town]
        if mine >= 0 and rebel[mine]:
            rival = (faction[others] != mine) & (faction[others] >= 0) & rebel[faction[others]]
            pairs += [(town, other) for other in others[rival].tolist()]
    return np.array(pairs, np.int64).reshape(-1, 2)


def _incidents(start: Simulation) -> float:
    """Return the incidents a month that pairs of garrisons imply, less those that peacekeepers deter."""
    p, deterred = start.params, start.world.guarded["deterred"]
    let_through = float((1.0 - deterred[_pairs(start)].mean(axis=1)).sum()) if p["incident_enabled"] else 0.0
    return float(p["incident_per_pair_month"]) * let_through


FEW_STARTS = 0.5  # fights to be expected in a whole run, below which `check` warns


def _stillness(start: Simulation, a_month: float) -> str:
    """Return why next to nothing will happen at `a_month` base attempts and incidents that become clashes; empty if something will."""
    scenario, p, world = start.scenario, start.params, start.world
    if (
        a_month * start.days / 30.0 >= FEW_STARTS
        or scenario.given
        or scenario.policy
        or world.zone[0]["government"] >= 0
    ):
        return ""
    roads = start.geography.roads["km"]
    apart = f"roads between neighbours are {roads.min():g} to {roads.max():g} km long, median {np.median(roads):g} km"
    reaches = ", ".join(
        f"{words} {p[f'{name}_reach_km']:g} km"
        for name, words in (("base_attempt", "base attempts"), ("incident", "incidents"))
    )
    return (
        f"next to no fight begins by itself in {plural(start.days, 'day')}: {apart}, and rules.*.reach_km "
        f"{'reach too few rivals' if len(_pairs(start)) <= len(world.towns) // 4 else 'are not the reason, the rates are'} ({reaches})"
    )


def _spread(start: Simulation) -> str:
    p = start.params
    if not p["spread_enabled"]:
        return "off"
    far = float(p["spread_call_to_arms_share"])
    on = (far if p["spread_call_to_arms"] else 0.0) + ((1 - far) if p["spread_neighbours"] else 0.0)
    return f"a day of clashing sets off {p['spread_offspring_per_clash_day'] * on:.2g} more on average, {far:.0%} of them far away, before solidarity, fatigue and agreements"


def _hold(start: Simulation) -> str:
    """Return the chance that a truce and a settlement without effective terms, and those of the start, last a week."""
    p = start.params
    if not p["ceasefire_enabled"]:
        return "no agreements are signed"
    truce, settlement = (
        _lasts_a_week(start, float(p[f"ceasefire_{name}"])) for name in ("hold_days", "settlement_hold_days")
    )
    text = (
        f"if nothing happens meanwhile, {truce:.0%} of truces and {settlement:.0%} of settlements last a week; each new clash breaks "
        f"a truce with {float(p['ceasefire_violation_breaks']):.0%}, campaigns end both; they hold back {p['ceasefire_suppression']:.0%} "
        f"and {p['ceasefire_settlement_suppression']:.0%} of attacks"
    )
    return text + "".join(_of_the_start(start))


def _lasts_a_week(start: Simulation, hold: float, age: int = 0) -> float:
    """Return the chance that an agreement of a mean hold in days, which has lasted for `age` days, lasts another week."""
    variance = float(start.params["ceasefire_frailty_variance"])
    return math.pow(1.0 + variance * 7.0 / (hold + variance * age), -1.0 / variance)


def _of_the_start(start: Simulation) -> Iterator[str]:
    """Say of the agreements in force at the start with which chance each lasts another week; those alike are counted."""
    from sim.engine.rules.agreements import mean_hold

    agreements = start.world.agreements[: start.world.counts[tables.N_AGREEMENTS]]
    alike: dict[tuple[str, int, str], list[str]] = {}
    for row, agreement in enumerate(agreements):
        if agreement["alive"] == 1:
            age = max(0, -int(agreement["signed"]))
            chance = _lasts_a_week(start, float(mean_hold(start.params, agreement)), age)
            kind = kinds.AGREEMENT_KINDS[agreement["kind"]]
            name = start.names.agreements[row]
            accord = start.scenario.agreements[name].accord if name in start.scenario.agreements else None
            alike.setdefault((kind, age, f"{chance:.0%}"), []).append(accord or name)
    for (kind, age, share), names in alike.items():
        old = f"{plural(age, 'day')} old"
        if len(names) == 1:
            yield f"; {names[0]}, a {kind} {old}, lasts another with {share}"
        elif len(set(names)) == 1:
            yield f"; {names[0]}, a {kind} {old}: each of its parts ({plural(len(names), 'pair')}) lasts another with {share}"
        else:
            yield f"; {names[0]}, and {len(names) - 1} more, {kind}s {old}, last another with {share} each"


def _offensive(start: Simulation) -> str:
    """Return the chance of an offensive's announcement in the first 30 days after the deadline, by explanation."""
    p, world = start.params, start.world
    if world.zone[0]["government"] < 0 or not p["offensive_enabled"]:
        return "none: no government" if world.zone[0]["government"] < 0 else "off"
    share, _ = _proscribed(start)
    held = math.exp(-p["offensive_patience_weight"] * world.zone[0]["patience"]) if world.zone[0]["exists"] else 1.0
    rates = {
        "provocation": p["offensive_provocation"]
        * p["offensive_provocation_per_month"]
        * share
        * world.zone[0]["exists"],
        "calendar": p["offensive_calendar"] * p["offensive_calendar_per_month"],
    }
    chance = 1.0 - math.exp(-sum(rates.values()) * held)
    parts = ", ".join(f"{name} {1 - math.exp(-rate * held):.1%}" for name, rate in rates.items() if rate)
    after = " after the zone's deadline" if start.scenario.zone is not None else ""
    return f"{chance:.1%} a month{after} ({parts or 'no explanation on'}), more while rebels kill each other"
