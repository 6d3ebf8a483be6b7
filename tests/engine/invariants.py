"""What holds at the end of every simulated day, whatever the scenario: `broken` says in words what does not."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sim.engine import kinds, tables
from sim.engine.tables import World

LISTS = ("forces", "bases", "disputes", "clashes", "sparks", "agreements")


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
    """Start + reinforced = alive + killed + deserted, faction by faction."""
    f = world.factions
    had = start + f["reinforced"]
    has = fighters_alive(world) + f["killed"] + f["deserted"]
    for i in np.flatnonzero(had != has):
        yield f"faction {i}: {had[i]} fighters came, {has[i]} are alive, killed or deserted"
    logged = np.zeros(len(f), np.int64)
    events = world.events[: world.counts[tables.N_EVENTS]]
    for side in ("initiator", "target"):
        known = events[events[side] >= 0]
        np.add.at(logged, known[side], known[f"deaths_{side}"])
    for i in np.flatnonzero(logged != f["killed"]):
        yield f"faction {i}: the log has {logged[i]} killed, the table {f['killed'][i]}"


def influence(world: World) -> Iterator[str]:
    """Influence lies in 0..1 and sums to 1 in each town; status and holder agree."""
    w = world.influence
    if not ((w >= -1e-12) & (w <= 1 + 1e-12)).all():
        yield f"influence from {w.min()} to {w.max()}"
    if not np.allclose(w.sum(axis=1), 1.0, atol=1e-9):
        yield f"influence of towns {np.flatnonzero(~np.isclose(w.sum(axis=1), 1.0)).tolist()} does not sum to 1"


def towns(world: World) -> Iterator[str]:
    """A town has a holder unless neutral; its clash, if any, is alive and in that town."""
    t = world.towns
    for i in np.flatnonzero((t["holder"] < 0) != (t["status"] == kinds.NEUTRAL)):
        yield f"town {i}: holder {t['holder'][i]} with status {kinds.TOWN_STATUS[t['status'][i]]}"
    if (t["holder"] >= len(world.groups)).any():
        yield "a holder that is no group"
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
    rows = np.arange(len(events))
    cause = events["cause"]
    if ((cause < -1) | (cause >= rows)).any():
        yield f"events {rows[(cause < -1) | (cause >= rows)].tolist()[:5]} have a cause that does not come before them"
    elif len(events) and (events["day"][cause[cause >= 0]] > events["day"][cause >= 0]).any():
        yield "a cause is later than its event"
    if (np.diff(events["day"]) < 0).any():
        yield "the log is not in the order of days"
    if ((events["probability"] < 0) | (events["probability"] > 1)).any():
        yield "a probability out of 0..1"
    drawn = events["draw"]
    if ((drawn != -1) & ((drawn <= 0) | (drawn >= 1))).any():
        yield "a draw out of 0..1"
    for field in ("deaths_initiator", "deaths_target", "deaths_civilians", "fighters"):
        if (events[field] < 0).any():
            yield f"negative {field}"
    for field, n in (
        ("town", len(world.towns)),
        ("initiator", len(world.factions)),
        ("target_group", len(world.groups)),
    ):
        if ((events[field] < -1) | (events[field] >= n)).any():
            yield f"an event names a {field} that does not exist"
    for i in range(1, 5):
        factor = events[f"factor_{i}"][events[f"mover_{i}"] > 0]
        if not (np.isfinite(factor) & (factor >= 0)).all():
            yield f"factor_{i} is negative or not finite"


LETHAL = (kinds.CLASH, kinds.ARREST_RAID, kinds.ASSASSINATION, kinds.ROAD_QUARREL, kinds.KILLING_AT_TALKS)


def in_force_at(world: World, event: int) -> np.ndarray:
    """Return which agreements were in force when an event was logged: bool [A]."""
    a = world.agreements[: world.counts[tables.N_AGREEMENTS]]
    prepared = (a["signed_event"] < 0) & (a["signed"] >= 0)  # given for a day to come
    return (a["signed_event"] < event) & ~prepared & ~((a["ended_event"] >= 0) & (a["ended_event"] < event))


def covers(world: World, group_a: int, group_b: int, town: int) -> np.ndarray:
    """Return which agreements have two groups on their two sides and the town in their scope: bool [A]."""
    a, t = world.agreements[: world.counts[tables.N_AGREEMENTS]], world.towns
    one, other = ((a[f"party_{side}"] >> group_a & 1, a[f"party_{side}"] >> group_b & 1) for side in "ab")
    between = ((one[0] & other[1]) | (one[1] & other[0])) == 1
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
    made = int(world.counts[tables.N_AGREEMENTS])
    rows = world.agreements[:made]
    counted = np.bincount(events["agreement"][lethal & (events["agreement"] >= 0)], minlength=made)
    for a in np.flatnonzero(counted != rows["violations"]):
        yield f"agreement {a}: {rows['violations'][a]} violations, {counted[a]} in the log"
    for a in np.flatnonzero((rows["status"] == kinds.BROKEN) & ((rows["broken_by"] < 0) | (rows["ended_event"] < 0))):
        yield f"agreement {a} is broken without an author or an event"


def live_lists(world: World) -> Iterator[str]:
    """The list of rows in use of each table is its column `alive`; rows closed today may still be listed."""
    for i, name in enumerate(LISTS):
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
    rows = world.forces[: world.counts[tables.N_FORCES]]
    rows = rows[rows["alive"] == 1]
    if (rows["fighters"] <= 0).any():
        yield f"{int((rows['fighters'] <= 0).sum())} forces alive without fighters"
    if ((rows["cohesion"] <= 0) | (rows["cohesion"] > 1 + 1e-9)).any():
        yield f"cohesion from {rows['cohesion'].min()} to {rows['cohesion'].max()}"
    if (rows["faction"] != world.groups["faction"][rows["group"]]).any():
        yield "a force of a group that is not of its faction"
    space = world.space[0]
    inside = (rows["x"] >= 0) & (rows["x"] < space["width"]) & (rows["y"] >= 0) & (rows["y"] < space["height"])
    if not inside.all():
        yield f"{int((~inside).sum())} forces off the grid"
    there = rows[rows["town"] >= 0]
    if ((there["x"] != world.towns["x"][there["town"]]) | (there["y"] != world.towns["y"][there["town"]])).any():
        yield "a force in a town stands on another cell"
    away = rows[rows["town"] < 0]
    if (away["goal"] < 0).any():
        yield "a force on the way has no goal"
    for f in away[away["road"] >= 0]:
        r = world.roads[f["road"]]
        cells = world.road_cells[r["first_cell"] : r["first_cell"] + r["cells"]]
        if not ((cells["x"] == f["x"]) & (cells["y"] == f["y"])).any():
            yield f"a force on road {f['road']} stands off its cells"
        if {int(f["last_town"]), int(f["next_town"])} != {int(r["a"]), int(r["b"])}:
            yield f"a force on road {f['road']} goes between other towns"
        if not 0 <= f["travelled"] <= r["km"] + 1e-9:
            yield f"a force has travelled {f['travelled']} km of {r['km']}"
