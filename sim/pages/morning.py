"""What the tables of a model show on the map on one morning: forces that stand and march, the front, campaigns, shelling.

Forces march along roads (`sim.engine.rules.movement`); the tables hold where each is in the evening. The way between is the
shortest by road between the two places, which is how the engine sends them. Places on a road lie on the straight line between
its two towns, as maps draw it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.engine import kinds, tables
from sim.engine.queries import covering
from sim.plots.map.state import Campaign, FrontRoad, Move, Shelling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.engine.tables import World

ORDERS = tuple(word.replace("_", " ") for word in kinds.ORDERS)
MOVED_FIELDS = ("town", "x", "y", "travelled")  # of which one differs if a force has moved
Point = tuple[float, float]
Leg = tuple[float, list[Point]]  # km, and the places passed


def freeze(array: np.ndarray) -> np.ndarray:
    """Return a read-only array."""
    array.setflags(write=False)
    return array


def live_rows(world: World, name: str, length: int) -> np.ndarray:
    """Return the rows of a table that are in use, those that closed on the day included."""
    rows: np.ndarray = getattr(world, f"live_{name}")[: world.counts[length]]
    return rows


def fighters_by(world: World, forces: np.ndarray, column: str, columns: int) -> np.ndarray:
    """Return the fighters who stand in each town by `column` ("faction" or "group"): i4 [T, columns], read-only."""
    standing = (forces["alive"] == 1) & (forces["town"] >= 0)
    at = forces["town"][standing] * columns + forces[column][standing]
    counts = np.bincount(at, forces["fighters"][standing], len(world.towns) * columns)
    return freeze(counts.astype(np.int32).reshape(-1, columns))


# Forces on the move -------------------------------------------------------------------------------------------------


class Position(NamedTuple):
    """Where a force is: in a town, on a road between two, or off road on a cell."""

    town: int
    last: int
    next: int
    road: int
    travelled: float
    x: int
    y: int


def _position(force: np.void) -> Position:
    fields = ("town", "last_town", "next_town", "road", "travelled", "x", "y")
    return Position(*(force[name].item() for name in fields))


class Marches:
    """Follows forces from morning to morning."""

    def __init__(self, world: World, codes: Sequence[str], groups: Sequence[str], labels: Sequence[str]) -> None:
        """Begin with the first morning. codes: of factions; groups: names; labels: short names of towns, and "" at the end."""
        self.codes, self.groups, self.labels = codes, groups, labels
        self.before = world.forces[:0].copy()

    def moves(self, world: World, rows: np.ndarray, forces: np.ndarray) -> tuple[Move, ...]:
        """Return the forces that moved on the day or are on the way, of those in `rows` of the table.

        A column formed on the day comes from its home; one that joined a garrison at home has the fighters it had before.
        """
        old = rows < len(self.before)
        earlier = forces.copy()
        earlier[old] = self.before[rows[old]]
        earlier["town"][~old] = forces["home"][~old]
        alive = forces["alive"] == 1
        joined = ~alive & (forces["orders"] == kinds.GARRISON) & (forces["fighters"] == 0)
        fighters = np.where(joined & old, earlier["fighters"], forces["fighters"])
        moved = np.any([earlier[name] != forces[name] for name in MOVED_FIELDS], axis=0)
        chosen = np.flatnonzero((moved & (alive | joined)) | (alive & (forces["goal"] >= 0)))
        self.before = world.forces[: world.counts[tables.N_FORCES]].copy()
        return tuple(self._move(world, earlier[i], forces[i], int(fighters[i]), bool(old[i])) for i in chosen)

    def _move(self, world: World, before: np.void, now: np.void, fighters: int, known: bool) -> Move:
        start, end = _position(before), _position(now)
        way = way_between(world, start, end)
        orders, goal, home = int(now["orders"]), int(now["goal"]), int(now["home"])
        marched = int(before["orders"]) if known and before["goal"] >= 0 else orders
        if known and before["orders"] == kinds.GATHER and before["goal"] < 0:
            marched = kinds.ATTACK
        arrived = len(way) > 1 and end.town >= 0
        leg = marched if arrived else orders
        origin = start.town if start.town >= 0 else start.last if start.last != goal else -1
        return Move(
            key=int(now["key"]),
            code=self.codes[now["faction"]],
            group=self.groups[now["group"]],
            fighters=fighters,
            start=way[0],
            end=way[-1],
            goal=self.labels[goal],
            goal_town=goal,
            orders=ORDERS[leg],
            way=way if len(way) > 1 else (),
            ahead=_ahead(world, end, goal) if goal >= 0 else (),
            origin=self.labels[origin],
            arrived=self.labels[end.town] if arrived else "",
            home=leg == kinds.RETURN or (arrived and end.town == home and leg == kinds.GARRISON),
            next_orders=ORDERS[orders] if arrived and orders != leg and goal >= 0 else "",
        )


def way_between(world: World, start: Position, end: Position) -> tuple[Point, ...]:
    """Return the places passed between two positions, both included, by the shortest way on roads; straight off road."""
    first, last = _place(world, start), _place(world, end)
    if start == end or first == last:
        return (last,)
    if start.road >= 0 and start.road == end.road and start.town < 0 and end.town < 0:
        return (first, last)
    legs = [
        (km + between[0] + left, between[1])
        for town, km in _ends(world, start)
        for goal, left in _ends(world, end)
        if (between := _by_road(world, town, goal)) is not None
    ]
    passed = min(legs, key=lambda leg: leg[0])[1] if legs else []
    way = [first, *passed, last]
    return tuple(point for i, point in enumerate(way) if i == 0 or point != way[i - 1])


def _ahead(world: World, position: Position, goal: int) -> tuple[Point, ...]:
    """Return the places from a position to the town of a goal, both included."""
    return way_between(world, position, Position(goal, goal, -1, -1, 0.0, 0, 0))


def _ends(world: World, position: Position) -> list[tuple[int, float]]:
    """Return the towns next to a position on roads, and the km to each; none off road."""
    if position.town >= 0:
        return [(position.town, 0.0)]
    if position.road < 0:
        return []
    left = float(world.roads["km"][position.road]) - position.travelled
    return [(position.last, position.travelled), (position.next, left)]


def _by_road(world: World, town: int, goal: int) -> Leg | None:
    """Return the km and the towns' places of the shortest way by road; None beyond the map's reach."""
    km, points = 0.0, [_town_place(world, town)]
    while town != goal:
        rows = world.near[world.near_start[town] : world.near_start[town + 1]]
        found = rows[rows["town"] == goal]
        if not len(found):
            return None
        road = world.roads[found["road"][0]]
        town = int(road["b"] if road["a"] == town else road["a"])
        km += float(road["km"])
        points.append(_town_place(world, town))
    return km, points


def _town_place(world: World, town: int) -> Point:
    return float(world.towns["east"][town]), float(world.towns["north"][town])


def _place(world: World, position: Position) -> Point:
    """Return where a force is, km east and north: in its town, on its road as drawn, or in the middle of its cell."""
    if position.town >= 0:
        return _town_place(world, position.town)
    if position.road < 0:
        side = float(world.space["cell_km"][0])
        return (position.x + 0.5) * side, (position.y + 0.5) * side
    (x, y), (to_x, to_y) = _town_place(world, position.last), _town_place(world, position.next)
    share = position.travelled / float(world.roads["km"][position.road])
    return x + share * (to_x - x), y + share * (to_y - y)


# Front, campaigns, shelling -----------------------------------------------------------------------------------------


class Fronts:
    """Follows the roads between towns of rival rebel factions, and which agreement covers them."""

    def __init__(self) -> None:
        self.covered: dict[tuple[int, int], int] = {}  # (town at one end, town at the other) -> agreement; -1 none

    def roads(self, world: World, day: int) -> tuple[FrontRoad, ...]:
        """Return the roads of the front on a morning.

        Each end is covered if an agreement in force binds the two holders in its town, by the engine's own rule.
        An end is broken if the agreement that covered it the morning before was broken on the day between.
        """
        faction = np.append(world.groups["faction"], -1)[world.towns["holder"]]
        rebel = np.append(world.factions["role"] == kinds.REBEL, False)[faction]
        a, b = world.roads["a"], world.roads["b"]
        between = np.flatnonzero(rebel[a] & rebel[b] & (faction[a] != faction[b]))
        before, self.covered = self.covered, {}
        roads = []
        for one, other in zip(a[between].tolist(), b[between].tolist(), strict=True):
            ends = []
            for town, enemy in ((one, other), (other, one)):
                groups = int(world.towns["holder"][enemy]), int(world.towns["holder"][town])
                self.covered[town, enemy] = agreement = int(covering(world, *groups, town))
                earlier = before.get((town, enemy), -1)
                ends.append((agreement, agreement < 0 <= earlier and _was_broken(world, earlier, day)))
            roads.append(FrontRoad(one, other, ends[0][0], ends[1][0], ends[0][1], ends[1][1]))
        return tuple(roads)


def _was_broken(world: World, agreement: int, day: int) -> bool:
    a = world.agreements[agreement]
    return bool(a["status"] == kinds.BROKEN and a["ended"] == day - 1)


def campaigns_of(
    world: World, codes: Sequence[str], groups: Sequence[str], standing: np.ndarray
) -> tuple[Campaign, ...]:
    """Return the campaigns under way; `standing` i4 [T, G] are the fighters by town and group.

    A campaign comes from the town where most fighters of the group that decided stand, and goes to the towns against which
    its columns are ordered; before the first order to the nearest town of its target.
    """
    campaigns = []
    forces = world.forces[live_rows(world, "forces", tables.L_FORCES)]
    for row in live_rows(world, "campaigns", tables.L_CAMPAIGNS).tolist():
        c = world.campaigns[row]
        if c["alive"] == 0:
            continue
        source = int(standing[:, c["initiator"]].argmax())
        own = forces[(forces["campaign"] == row) & (forces["alive"] == 1)]
        own = own[np.isin(own["orders"], (kinds.ATTACK, kinds.GATHER, kinds.OCCUPY))]
        against = np.where(
            own["objective"] >= 0, own["objective"], np.where(own["goal"] >= 0, own["goal"], own["town"])
        )
        targets = sorted(set(against[against >= 0].tolist()) - {source})
        if not targets:
            held = np.flatnonzero(world.towns["holder"] == c["target"])
            targets = [_nearest(world, held, source)] if len(held) else []
        code, target = (codes[world.groups["faction"][c[side]]] for side in ("initiator", "target"))
        names = groups[c["initiator"]], groups[c["target"]]
        campaigns.append(Campaign(int(c["key"]), code, target, *names, source, tuple(targets), int(c["decided"])))
    return tuple(campaigns)


def shellings_of(world: World, codes: Sequence[str], log: np.ndarray) -> tuple[Shelling, ...]:
    """Return the towns shelled on the day whose events are in `log`, each once, and the nearest town of the side that shelled."""
    faction = np.append(world.groups["faction"], -1)[world.towns["holder"]]
    shelled: dict[tuple[int, int], int] = {}
    for e in log[(log["kind"] == kinds.SHELLING) & (log["town"] >= 0) & (log["initiator"] >= 0)]:
        deaths = int(e["deaths_target"] + e["deaths_civilians"])
        key = int(e["town"]), int(e["initiator"])
        shelled[key] = shelled.get(key, 0) + deaths
    rows = []
    for (town, side), deaths in shelled.items():
        held = np.flatnonzero(faction == side)
        rows.append(Shelling(town, codes[side], _nearest(world, held, town) if len(held) else -1, deaths))
    return tuple(rows)


def _nearest(world: World, towns: np.ndarray, town: int) -> int:
    """Return which of some towns is nearest to a town as the crow flies."""
    east, north = world.towns["east"], world.towns["north"]
    return int(towns[np.hypot(east[towns] - east[town], north[towns] - north[town]).argmin()])
