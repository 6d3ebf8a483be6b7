"""What holds at the end of every simulated day, whatever the scenario: `broken` says in words what does not.

Plain NumPy on the tables between two days: no rule is asked, and none of the engine's own sums is trusted. `Checker` is
what `run --check` calls after every day; it is slow, for all of the log is read each time.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sim.engine import kinds, tables
from sim.engine.tables import World


class InvariantError(RuntimeError):
    """Something that must hold at the end of every day did not: a fault of the program, not of the input."""

    def __init__(self, day: int, message: str) -> None:
        self.day, self.said = day, message
        super().__init__(f"day {day}: {message}")


class Checker:
    """Checks a simulation day by day. Made on the first morning, then called after each day."""

    def __init__(self, world: World) -> None:
        """Note the fighters of the first morning; InvariantError where that is broken already."""
        self.start = fighters_alive(world)
        self.days = 0
        self._check(world, -1)

    def __call__(self, done: int, world: World) -> None:
        """Check the day that was simulated last, of `done`; InvariantError with the first thing that does not hold."""
        self._check(world, done - 1)
        self.days += 1

    def _check(self, world: World, day: int) -> None:
        for message in broken(world, self.start, day):
            raise InvariantError(day, message)


def fighters_alive(world: World) -> np.ndarray:
    """Return the fighters alive of each faction: i8 [F]."""
    rows = world.forces[: world.counts[tables.N_FORCES]]
    rows = rows[rows["alive"] == 1]
    total = np.zeros(len(world.factions), np.int64)
    np.add.at(total, rows["faction"], rows["fighters"])
    return total


def broken(world: World, start: np.ndarray, day: int | None = None) -> list[str]:
    """Return a sentence for every invariant that does not hold; `start` is `fighters_alive` of the first day.

    Of the log's violations only those of `day` are looked at, where given: for a check day by day.
    """
    return [
        *conserved(world, start),
        *influence(world),
        *causes(world),
        *violations(world, day),
        *live_lists(world),
        *forces(world),
        *towns(world),
    ]


def conserved(world: World, start: np.ndarray) -> Iterator[str]:
    """Start + reinforced = alive + killed + deserted + demobilised, faction by faction."""
    f = world.factions
    had = start + f["reinforced"]
    has = fighters_alive(world) + f["killed"] + f["deserted"] + f["demobilised"]
    for i in np.flatnonzero(had != has):
        yield f"faction {i}: {had[i]} fighters came, {has[i]} are alive, killed, deserted or demobilised"
    logged = np.zeros(len(f), np.int64)
    events = world.events[: world.counts[tables.N_EVENTS]]
    for side in ("initiator", "target"):
        known = events[events[side] >= 0]
        np.add.at(logged, known[side], known[f"deaths_{side}"])
    for i in np.flatnonzero(logged != f["killed"]):
        yield f"faction {i}: the log has {logged[i]} killed, the table {f['killed'][i]}"


def influence(world: World) -> Iterator[str]:
    """Influence lies in 0..1 and sums to 1 in each town."""
    w = world.influence
    good = (w >= -1e-12) & (w <= 1 + 1e-12)  # False for NaN too
    for i in np.flatnonzero(~good.all(axis=1)):
        yield f"town {i}: influence from {w[i].min()} to {w[i].max()}"
    sums = w.sum(axis=1)
    for i in np.flatnonzero(~np.isclose(sums, 1.0, rtol=0.0, atol=1e-9)):
        yield f"town {i}: influence sums to {sums[i]}"


def towns(world: World) -> Iterator[str]:
    """A town has a holder unless neutral, and no peacekeeper; its clash, if any, is alive and in that town."""
    t = world.towns
    roles = world.factions["role"][world.groups["faction"]]
    for i in np.flatnonzero((t["holder"] >= 0) & (np.append(roles, -1)[t["holder"]] == kinds.PEACEKEEPER)):
        yield f"town {i}: is held by peacekeepers"
    for i in np.flatnonzero((t["holder"] < 0) != (t["status"] == kinds.NEUTRAL)):
        yield f"town {i}: holder {t['holder'][i]} with status {kinds.TOWN_STATUS[t['status'][i]]}"
    for i in np.flatnonzero((t["holder"] < -1) | (t["holder"] >= len(world.groups))):
        yield f"town {i}: holder {t['holder'][i]} is no group"
    for i in np.flatnonzero(t["clash"] >= 0):
        clash = world.clashes[t["clash"][i]]
        if clash["alive"] != 1 or clash["town"] != i:
            yield f"town {i}: its clash is over or elsewhere"
    open_here = np.bincount(
        [c["town"] for c in world.clashes[: world.counts[tables.N_CLASHES]] if c["alive"] == 1], minlength=len(t)
    )
    if (open_here > 1).any():
        yield f"two clashes in town {int(np.argmax(open_here))}"


def causes(world: World) -> Iterator[str]:
    """Every cause is an earlier row and not a later day; days never fall; numbers of an event are in range."""
    events = world.events[: world.counts[tables.N_EVENTS]]
    rows, cause = np.arange(len(events)), events["cause"]
    for i in np.flatnonzero((cause < -1) | (cause >= rows)):
        yield f"event {i}: its cause, {cause[i]}, does not come before it"
    caused = np.flatnonzero((cause >= 0) & (cause < rows))
    for i in caused[events["day"][cause[caused]] > events["day"][caused]]:
        yield f"event {i}: its cause, {cause[i]}, is of a later day"
    for i in np.flatnonzero(np.diff(events["day"]) < 0):
        yield f"event {i + 1}: is of an earlier day than the one before it"
    yield from _numbers(world, events)


def _numbers(world: World, events: np.ndarray) -> Iterator[str]:
    """The numbers of an event are in range."""
    wrong = {"probability": ~((events["probability"] >= 0) & (events["probability"] <= 1))}
    drawn = events["draw"]
    wrong["draw"] = (drawn != -1) & ~((drawn > 0) & (drawn < 1))
    for field in ("deaths_initiator", "deaths_target", "deaths_civilians", "fighters"):
        wrong[field] = events[field] < 0
    towns, factions, groups = len(world.towns), len(world.factions), len(world.groups)
    sizes = {
        "town": towns,
        "initiator": factions,
        "target": factions,
        "initiator_group": groups,
        "target_group": groups,
    }
    for field, size in sizes.items():
        wrong[field] = (events[field] < -1) | (events[field] >= size)
    for k in range(1, 5):
        factor = events[f"factor_{k}"]
        wrong[f"factor_{k}"] = (events[f"mover_{k}"] > 0) & ~(np.isfinite(factor) & (factor >= 0))
    for field, rows in wrong.items():
        for i in np.flatnonzero(rows):
            yield f"event {i}: {field} is {events[field][i]}"


LETHAL = (kinds.CLASH, kinds.ARREST_RAID, kinds.ASSASSINATION, kinds.ROAD_QUARREL, kinds.KILLING_AT_TALKS)


def in_force_at(world: World, event: int) -> np.ndarray:
    """Return which agreements were in force when an event was logged: bool [A]."""
    a = world.agreements[: world.counts[tables.N_AGREEMENTS]]
    prepared = (a["signed_event"] < 0) & (a["signed"] > 0)  # given for a day to come
    return (a["signed_event"] < event) & ~prepared & ~((a["ended_event"] >= 0) & (a["ended_event"] < event))


def covers(world: World, group_a: int, group_b: int, town: int) -> np.ndarray:
    """Return which agreements have two groups on their two sides and the town in their scope: bool [A]."""
    a, t = world.agreements[: world.counts[tables.N_AGREEMENTS]], world.towns
    side_a, side_b = ((a[f"party_{side}"] >> group_a & 1, a[f"party_{side}"] >> group_b & 1) for side in "ab")
    between = ((side_a[0] & side_b[1]) | (side_a[1] & side_b[0])) == 1
    east, north = t["east"][a["town"]] - t["east"][town], t["north"][a["town"]] - t["north"][town]
    return between & ((a["scope"] == kinds.ALL_FRONTS) | (np.sqrt(east * east + north * north) <= a["radius"]))


def violations(world: World, day: int | None = None) -> Iterator[str]:
    """A day of clashing under an agreement in force names an agreement that covers it, and is counted there."""
    events = world.events[: world.counts[tables.N_EVENTS]]
    lethal = np.isin(events["kind"], LETHAL)
    for row in np.flatnonzero(lethal & (day is None or events["day"] == day)):
        e = events[row]
        named, clash = int(e["agreement"]), e["kind"] == kinds.CLASH
        force = in_force_at(world, int(row))
        reach = covers(world, int(e["initiator_group"]), int(e["target_group"]), int(e["town"]))
        if named >= 0 and not force[named]:
            yield f"event {row} names agreement {named}, which is not in force"
        if named >= 0 and clash and not reach[named]:
            yield f"event {row} names agreement {named}, which does not cover it"
        if named < 0 and clash and (force & reach).any():
            yield f"event {row}, a clash on day {e['day']}, hides that agreement {int(np.argmax(force & reach))} was in force"
    agreement_count = int(world.counts[tables.N_AGREEMENTS])
    rows = world.agreements[:agreement_count]
    counted = np.bincount(events["agreement"][lethal & (events["agreement"] >= 0)], minlength=agreement_count)
    for a in np.flatnonzero(counted != rows["violations"]):
        yield f"agreement {a}: {rows['violations'][a]} violations, {counted[a]} in the log"
    for a in np.flatnonzero((rows["status"] == kinds.BROKEN) & ((rows["broken_by"] < 0) | (rows["ended_event"] < 0))):
        yield f"agreement {a} is broken without an author or an event"


def live_lists(world: World) -> Iterator[str]:
    """The list of rows in use of each table is its column `alive`; rows closed today may still be listed."""
    for i, name in enumerate(tables.WITH_LIVE):
        rows = getattr(world, name)
        listed = getattr(world, f"live_{name}")[: world.counts[tables.L_FORCES + i]]
        alive = np.flatnonzero(rows["alive"][: world.counts[i]] == 1)
        if len(set(listed.tolist())) != len(listed):
            yield f"{name}: a row is listed twice"
        if missing := set(alive.tolist()) - set(listed.tolist()):
            yield f"{name}: rows {sorted(missing)[:5]} are alive and not listed"
        if (rows["alive"][world.counts[i] :] != 0).any():
            yield f"{name}: a row that was never made is alive"


def forces(world: World) -> Iterator[str]:
    """Forces have fighters, stand on the grid, in a town on its cell, and on the way on a cell of their road."""
    every = world.forces[: world.counts[tables.N_FORCES]]
    index = np.flatnonzero(every["alive"] == 1)
    rows, space = every[index], world.space[0]
    inside = (rows["x"] >= 0) & (rows["x"] < space["width"]) & (rows["y"] >= 0) & (rows["y"] < space["height"])
    there = rows["town"] >= 0
    cell = world.towns[rows["town"]]  # of the last town where there is none; not looked at then
    wrong = {
        "has no fighters": rows["fighters"] <= 0,
        "has a cohesion out of 0..1": ~((rows["cohesion"] > 0) & (rows["cohesion"] <= 1 + 1e-9)),
        "is of a group that is not of its faction": rows["faction"] != world.groups["faction"][rows["group"]],
        "is off the grid": ~inside,
        "stands on another cell than its town": there & ((rows["x"] != cell["x"]) | (rows["y"] != cell["y"])),
        "is on the way and has no goal": ~there & (rows["goal"] < 0),
    }
    for description, which in wrong.items():
        for i in index[which]:
            yield f"force {i} {description}"
    for i in index[~there & (rows["road"] >= 0)]:
        yield from _on_road(world, i)


def _on_road(world: World, i: int) -> Iterator[str]:
    """A force on a road stands on one of its cells, between its two towns."""
    f = world.forces[i]
    r = world.roads[f["road"]]
    cells = world.road_cells[r["first_cell"] : r["first_cell"] + r["cells"]]
    if not ((cells["x"] == f["x"]) & (cells["y"] == f["y"])).any():
        yield f"force {i} stands off the cells of road {f['road']}"
    if {int(f["last_town"]), int(f["next_town"])} != {int(r["a"]), int(r["b"])}:
        yield f"force {i} on road {f['road']} goes between other towns"
    if not 0 <= f["travelled"] <= r["km"] + 1e-9:
        yield f"force {i} has travelled {f['travelled']} km of {r['km']}"
