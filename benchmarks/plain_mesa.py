"""A few of the simulator's rules as anybody would write them in Mesa: agents that act in `step()`.

It is what the simulator is measured against, so it is written to be fast as far as plain Mesa goes: routes are looked up
in dictionaries, rare draws come first, nothing is logged but counts. Its rules are those that `subset.yaml` leaves on:

    incidents between neighbouring rival garrisons, which send columns to attack
    movement along roads, cell by cell; a garrison of the enemy on the way stops a column; attackers who won or lost go home
    clash, day by day: commitment, losses, cohesion, commanders, withdrawal
    change of holder by battle and by presence in contested towns; influence follows presence
    ceasefire hazard: signing, scope, truces and settlements, violations, breaking
    data collection every day

What leaders decide, that is campaigns, redeployments and what a broken agreement releases, is off in both: it adds work on
few days of a run, and the comparison is of the cost of the work that every day of either model has.

Map, starting forces and numbers of the rules are the engine's own start; nothing else is shared, random numbers least.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import mesa
from mesa.discrete_space import CellAgent, FixedAgent, OrthogonalMooreGrid

from sim.engine import kinds
from sim.engine.simulation import Simulation

OPENING = 10  # fighters that a garrison keeps
CLASHES = 3  # the level from which on there are clashes
NAMED_RANK = 2  # of commanders whose death is felt


@dataclass
class Pair:
    """What two factions have between them."""

    deaths: deque[int] = field(default_factory=lambda: deque([0] * 7, maxlen=7))
    today: int = 0
    incident_day: int = -10000
    capture_day: int = 0
    round_day: int = 0
    clash_day: int = -10000
    quarrel: tuple[int, Town | None] = (-10000, None)  # day and town of the last incident or clash
    level: int = 0


class Faction(mesa.Agent):
    """A faction; on its turn it negotiates with the rivals it fights."""

    def __init__(self, model: PlainModel, row: Any, index: int) -> None:
        super().__init__(model)
        self.index = index
        self.rebel = row["role"] == kinds.REBEL
        self.restraint, self.truce_propensity = float(row["restraint"]), float(row["truce_propensity"])
        self.momentum = 0
        self.mediates = False
        self.deaths = 0

    def step(self) -> None:
        for other in self.model.factions[self.index + 1 :]:
            if self.rebel and other.rebel and sum(self.model.pair(self, other).deaths) > 0:
                self.negotiate(other)

    def negotiate(self, other: Faction) -> None:
        model, p = self.model, self.model.p
        pair = model.pair(self, other)
        base = p["ceasefire_signing_per_10_deaths"] * sum(pair.deaths) / 10.0
        keen = math.sqrt(self.truce_propensity * other.truce_propensity)
        mediated = p["ceasefire_mediator_factor"] if self.mediates or other.mediates else 1.0
        idle = model.day - max(pair.capture_day, pair.round_day) if pair.level >= CLASHES else 0
        stalemate = 1.0 + idle / p["ceasefire_stalemate_days"]
        winning = math.exp(-p["ceasefire_momentum_weight"] * max(self.momentum, other.momentum))
        if model.random.random() < 1.0 - math.exp(-base * keen * mediated * stalemate * winning):
            self.sign(other)

    def sign(self, other: Faction) -> None:
        model = self.model
        pair = model.pair(self, other)
        middle, radius = self.scope_of_fighting(other)
        if radius > 0.0 and middle is None:
            return
        for agreement in model.agents_by_type.get(Agreement, ()):
            wide = agreement.middle is None or (middle is not None and agreement.covers_town(middle))
            if wide and agreement.between(self, other):
                return
        settles = model.day - pair.clash_day > model.p["ceasefire_quiet_days"]
        Agreement(model, self, other, middle, radius, settles).take_effect()
        model.count["agreements_signed"] += 1

    def scope_of_fighting(self, other: Faction) -> tuple[Town | None, float]:
        """Return the middle and radius of the fighting of the last 7 days, or of the last quarrel; (None, 0) is all fronts."""
        fought = [town for town in self.model.towns if town.fought_by(self, other, 7)]
        if not fought:
            day, town = self.model.pair(self, other).quarrel
            return (town if self.model.day - day < 7 else None), 5.0
        middle = max(fought, key=lambda town: town.fought)
        if len(fought) == 1:
            return middle, 5.0
        sector = self.model.p["ceasefire_sector_km"]
        return (middle, sector) if max(middle.km_to(town) for town in fought) <= sector else (None, 0.0)


class Agreement(mesa.Agent):
    """A truce, or the settlement of a quarrel; on its turn it may break."""

    def __init__(
        self, model: PlainModel, a: Faction, b: Faction, middle: Town | None, radius: float, settles: bool
    ) -> None:
        super().__init__(model)
        self.settles = settles
        self.suppression = model.p["ceasefire_settlement_suppression" if settles else "ceasefire_suppression"]
        self.hold = model.p["ceasefire_settlement_hold_days" if settles else "ceasefire_hold_days"]
        self.parties, self.middle, self.radius, self.signed = {a, b}, middle, radius, model.day
        variance = model.p["ceasefire_frailty_variance"]
        self.frailty = model.random.gammavariate(1.0 / variance, variance)

    def step(self) -> None:
        if self.signed == self.model.day:
            return
        if self.model.random.random() < 1.0 - math.exp(-self.frailty / self.hold):
            self.end()

    def end(self) -> None:
        self.model.count["agreements_broken"] += 1
        self.model.count["days_held"] += self.model.day - self.signed
        self.remove()

    def between(self, a: Faction, b: Faction) -> bool:
        return a in self.parties and b in self.parties

    def covers_town(self, town: Town) -> bool:
        return self.middle is None or self.middle.km_to(town) <= self.radius

    def take_effect(self) -> None:
        """Stop clashes and call back columns in the scope, each with a chance."""
        model, stops = self.model, self.model.p["ceasefire_stops_clash"]
        for clash in list(model.agents_by_type.get(Clash, ())):
            covered = self.between(clash.attacker, clash.defender) and self.covers_town(clash.town)
            if covered and model.random.random() < stops:
                clash.end()
        for force in model.agents_by_type[Force].select(lambda f: f.orders == "attack" and f.goal is not None):
            covered = self.covers_town(force.goal) and self.between(force.faction, force.enemy)
            if covered and model.random.random() < stops:
                force.go_home()


class Town(FixedAgent):
    """A town with its holder; on its turn its garrison may quarrel with those of neighbouring towns."""

    def __init__(self, model: PlainModel, row: Any, index: int) -> None:
        super().__init__(model)
        self.index = index
        self.cell = model.grid[int(row["x"]), int(row["y"])]
        self.east, self.north = float(row["east"]), float(row["north"])
        self.population = float(row["population"])
        self.group = int(row["holder"])  # -1 neutral
        self.status = kinds.TOWN_STATUS[row["status"]]
        self.influence: list[float] = []
        self.near: list[tuple[Town, float]] = []  # by road, nearest first
        self.first_road: dict[Town, Road] = {}
        self.road_km: dict[Town, float] = {}
        self.clash: Clash | None = None
        self.fought, self.fighters_then = -10000, frozenset[Faction]()

    @property
    def holder(self) -> Faction | None:
        return self.model.faction_of[self.group] if self.group >= 0 else None

    def km_to(self, other: Town) -> float:
        return math.hypot(self.east - other.east, self.north - other.north)

    def fought_by(self, a: Faction, b: Faction, days: int) -> bool:
        return self.model.day - self.fought < days and self.fighters_then == {a, b}

    def standing(self) -> Iterator[Force]:
        """Give the forces that stand in the town, not those that are about to leave it."""
        return (f for f in self.cell.agents if isinstance(f, Force) and f.town is self and f.goal is None)

    def strength(self, group: int) -> float:
        return sum(f.fighters * f.cohesion for f in self.standing() if f.group == group)

    def strength_of(self, faction: Faction) -> float:
        return sum(f.fighters * f.cohesion for f in self.standing() if f.faction is faction)

    def strongest_group(self, faction: Faction) -> int:
        """Return the group of a faction with most strength in the town; -1 none."""
        found: dict[int, float] = {}
        for force in self.standing():
            if force.faction is faction:
                found[force.group] = found.get(force.group, 0.0) + force.fighters * force.cohesion
        return max(sorted(found), key=found.__getitem__, default=-1)

    def step(self) -> None:
        if self.group < 0:
            return
        if self.status == "contested" and self.strength(self.group) > 0:
            for faction in self.model.factions:
                if faction.rebel and self.holder.rebel and faction is not self.holder:
                    group = self.strongest_group(faction)
                    if group >= 0:
                        self.quarrel(self, group)
        if not self.holder.rebel:
            return
        reach = self.model.p["incident_reach_km"]
        for other, km in self.near:
            if km > reach:
                break
            rival = other.holder
            if other.index > self.index and rival is not None and rival.rebel and rival is not self.holder:
                self.quarrel(other, other.group)

    def quarrel(self, other: Town, group: int) -> None:
        """Draw an incident between this town's garrison and one of another town, or of a rival in this town."""
        model, p, mine, rival = self.model, self.model.p, self.holder, self.model.faction_of[group]
        u = model.random.random()
        if u >= 0.1 or self.strength(self.group) <= 0 or other.strength(group) <= 0:
            return
        if model.aloof[self.group] or model.aloof[group]:
            return
        urge, rival_urge = 1.0 / mine.restraint, 1.0 / rival.restraint
        first = model.random.random() < urge / (urge + rival_urge)
        place, initiator, target = (other, self.group, group) if first else (self, group, self.group)
        agreement = model.agreement_over(mine, rival, place)
        held = 1.0 if agreement is None else 1.0 - agreement.suppression
        rate = p["incident_per_pair_month"] / 30.0 * 0.5 * (urge + rival_urge) * held
        if u < min(0.1, 1.0 - math.exp(-rate)):
            place.incident(initiator, target)

    def incident(self, initiator: int, target: int) -> None:
        """Carry out an incident in this town; it may become a clash."""
        model, p = self.model, self.model.p
        one, other = model.faction_of[initiator], model.faction_of[target]
        dead = [0, 1]
        if model.random.random() >= p["incident_assassination_share"]:
            number = model.poisson(p["incident_deaths_mean"])
            dead = [number // 2, number - number // 2]
        model.bury(one, other, self.kill(one, dead[0]), self.kill(other, dead[1]))
        model.pair(one, other).incident_day = model.day
        model.pair(one, other).quarrel = (model.day, self)
        model.count["incidents"] += 1
        if model.random.random() < p["incident_escalates"]:
            self.attacked_by(initiator, other)

    def attacked_by(self, group: int, enemy: Faction) -> None:
        """Let the nearest garrison of a group that can spare them send fighters to attack here."""
        model = self.model
        wanted = int(model.power_law())
        source = self.garrison(group)
        for town, km in self.near if source is None else ():
            if km > model.reach:
                break
            source = town.garrison(group)
            if source is not None:
                break
        if source is not None:
            source.detach(max(1, min(2 * wanted, source.fighters - OPENING)), self, enemy)

    def garrison(self, group: int) -> Force | None:
        """Return a group's largest garrison here that can spare a column."""
        least = int(self.model.p["clash_committed_min"]) + OPENING
        able = [f for f in self.standing() if f.group == group and f.orders == "garrison" and f.fighters >= least]
        return max(able, key=lambda force: force.fighters, default=None)

    def kill(self, faction: Faction, deaths: int) -> int:
        """Take deaths from a faction's forces in the town, the largest first; return how many died."""
        died = 0
        while died < deaths:
            here = [f for f in self.cell.agents if isinstance(f, Force) and f.town is self and f.faction is faction]
            if not here:
                break
            force = max(here, key=lambda force: force.fighters)
            taken = min(deaths - died, force.fighters)
            force.lose(taken)
            died += taken
        return died

    def taken(self, group: int, loser: Faction | None) -> None:
        """Change hands."""
        model, winner = self.model, self.model.faction_of[group]
        self.group, self.status = group, "held"
        model.count["changes"] += 1
        if loser is not None:
            winner.momentum += 1
            model.pair(winner, loser).capture_day = model.day

    def expel(self, faction: Faction) -> None:
        for force in [f for f in self.cell.agents if isinstance(f, Force) and f.town is self]:
            if force.faction is faction:
                force.go_home()

    def garrisoned_by(self, group: int) -> None:
        """Make a group's forces here the garrison."""
        for force in self.standing():
            if force.group == group:
                force.orders, force.home, force.enemy = "garrison", self, None

    def settle(self) -> None:
        """Give a contested town to the only faction left in it; let influence follow presence."""
        strengths = None
        if self.status == "contested":
            strengths = [self.strength_of(faction) for faction in self.model.factions]
            present = [
                faction for faction, strength in zip(self.model.factions, strengths, strict=True) if strength > 0
            ]
            if len(present) == 1 and self.clash is None:
                before = self.holder
                self.taken(self.strongest_group(present[0]), before if before is not present[0] else None)
                strengths = None
        if self.group < 0:
            return
        days, total = max(1.0, self.model.p["control_influence_days"]), sum(strengths or ())
        for i, faction in enumerate(self.model.factions):
            goal = strengths[i] / total if strengths and total > 0 else float(faction is self.holder)
            self.influence[i] += (goal - self.influence[i]) / days


@dataclass(frozen=True, eq=False)
class Road:
    """A road with its cells from `a` to `b`."""

    a: Town
    b: Town
    km: float
    cells: tuple[Any, ...]


class Force(CellAgent):
    """A body of fighters; on its turn it marches, goes home when idle, and recovers."""

    def __init__(self, model: PlainModel, group: int, town: Town, fighters: int, cohesion: float, rank: int) -> None:
        super().__init__(model)
        self.group, self.faction = group, model.faction_of[group]
        self.fighters, self.cohesion, self.rank, self.commander = fighters, cohesion, rank, True
        self.orders, self.home, self.town, self.last_town = "garrison", town, town, town
        self.goal: Town | None = None
        self.enemy: Faction | None = None
        self.road: Road | None = None
        self.travelled, self.arrived, self.formed = 0.0, 0, -1
        self.cell = town.cell

    def detach(self, fighters: int, town: Town, enemy: Faction) -> None:
        """Send fighters to attack a town."""
        self.fighters -= fighters
        rank = NAMED_RANK if fighters >= 200 and self.rank < 3 else 1
        column = Force(self.model, self.group, self.town, fighters, self.cohesion, rank)
        column.home, column.orders, column.enemy, column.arrived = self.home, "attack", enemy, self.model.day
        column.formed = self.model.day
        column.goal = town if town is not self.town else None
        self.model.count["columns"] += 1

    def lose(self, fighters: int) -> None:
        self.fighters -= fighters
        if self.fighters == 0:
            self.remove()

    def step(self) -> None:
        if self.goal is not None and self.formed == self.model.day:
            return  # a column forms on the day of its orders and marches on the next
        if self.goal is not None:
            self.march()
            if self.town is self.goal:
                self.arrive()
        elif self.orders == "garrison" and self.town is not self.home and self.idle():
            self.go_home()
        if self.town is None or self.town.clash is None:
            self.recover()

    def idle(self) -> bool:
        waited = self.model.day - self.arrived
        return self.town.clash is None and waited >= self.model.p["movement_home_after_days"]

    def recover(self) -> None:
        own = self.model.cohesion_of[self.group]
        self.cohesion += self.model.p["clash_cohesion_recovery"] * (own - self.cohesion)
        if not self.commander and own - self.cohesion < 0.01:
            self.commander = True

    def march(self) -> None:
        """Go one day's way towards the goal, road by road, or across country where no road is known."""
        left = self.model.p["movement_road_km_per_day"]
        while left > 0 and self.town is not self.goal:
            if self.town is not None:
                road = self.town.first_road.get(self.goal)
                if road is None:
                    self.cross_country()
                    return
                self.last_town, self.town, self.road, self.travelled = self.town, None, road, 0.0
            elif self.road is None:
                self.cross_country()
                return
            left = self.along_road(left)
            if self.town is not None and self.stopped():
                self.goal, self.arrived = None, self.model.day
                return

    def stopped(self) -> bool:
        """Return whether a garrison of the enemy stops this column in a town on its way, unless an agreement lets it pass."""
        town, passes = self.town, self.orders != "attack" or self.town is self.goal
        if passes or town.holder is not self.enemy or town.strength_of(self.enemy) <= 0:
            return False
        return self.model.agreement_over(self.faction, self.enemy, town) is None

    def along_road(self, left: float) -> float:
        road = self.road
        step = min(left, road.km - self.travelled)
        self.travelled += step
        if road.km - self.travelled <= 1e-9:
            self.reach(road.b if road.a is self.last_town else road.a)
            return left - step
        k = int(self.travelled / road.km * (len(road.cells) - 1) + 0.5)
        self.cell = road.cells[k if road.a is self.last_town else len(road.cells) - 1 - k]
        return left - step

    def cross_country(self) -> None:
        if self.town is not None:
            self.last_town, self.town, self.travelled = self.town, None, 0.0
        self.travelled += self.model.p["movement_offroad_km_per_day"]
        while self.travelled >= self.model.cell_km:
            self.travelled -= self.model.cell_km
            (x, y), (to_x, to_y) = self.cell.coordinate, self.goal.cell.coordinate
            self.cell = self.model.grid[x + min(1, max(-1, to_x - x)), y + min(1, max(-1, to_y - y))]
            if self.cell is self.goal.cell:
                self.reach(self.goal)
                return

    def reach(self, town: Town) -> None:
        self.town, self.last_town, self.road, self.travelled = town, town, None, 0.0
        self.cell = town.cell

    def arrive(self) -> None:
        """Carry out orders on arrival; attackers begin their clash later in the day."""
        self.goal, self.arrived = None, self.model.day
        if self.orders == "return":
            self.orders = "garrison"
            for other in self.town.standing():
                if other is not self and other.group == self.group and other.orders == "garrison":
                    self.join(other)
                    return

    def join(self, other: Force) -> None:
        total = other.fighters + self.fighters
        other.cohesion = (other.cohesion * other.fighters + self.cohesion * self.fighters) / total
        other.fighters, other.commander = total, other.commander or self.commander
        self.remove()

    def go_home(self) -> None:
        """Set out for home, or for the nearest town that the faction holds where home is lost."""
        if self.home.holder is not self.faction:
            self.home = self.refuge()
        self.orders, self.enemy, self.goal = "return", None, self.home
        if self.town is self.home:
            self.orders, self.goal, self.arrived = "garrison", None, self.model.day
        elif self.town is None and self.road is not None:
            self.turn_round()

    def turn_round(self) -> None:
        """Turn on the road if the way back to the goal is the shorter one."""
        ahead = self.road.b if self.road.a is self.last_town else self.road.a
        back, forth = (0.0 if town is self.goal else town.road_km.get(self.goal) for town in (self.last_town, ahead))
        left = self.road.km - self.travelled
        if back is not None and (forth is None or back + self.travelled < forth + left):
            self.last_town, self.travelled = ahead, left

    def refuge(self) -> Town:
        for town, _km in self.last_town.near:
            if town.holder is self.faction:
                return town
        own = [town for town in self.model.towns if town.holder is self.faction and town is not self.last_town]
        return min(own, key=self.last_town.km_to, default=self.home)

    def engage(self) -> None:
        """Attack where it stands: begin a clash, walk in, or turn back."""
        town = self.town
        if town.clash is not None or self.orders != "attack":
            return
        if town.strongest_group(self.enemy) >= 0:
            town.clash = Clash(self.model, town, self.faction, self.enemy)
        elif town.holder is self.enemy:
            town.taken(self.group, self.enemy)
            town.garrisoned_by(self.group)
        else:
            self.go_home()


class Clash(mesa.Agent):
    """Fighting in a town; its turn is a day of it."""

    def __init__(self, model: PlainModel, town: Town, attacker: Faction, defender: Faction) -> None:
        super().__init__(model)
        self.town, self.attacker, self.defender, self.began = town, attacker, defender, model.day

    def step(self) -> None:
        here = [self.town.strength_of(self.attacker), self.town.strength_of(self.defender)]
        if min(here) > 0:
            self.fight(*here)
        elif here[0] > 0 and self.town.holder is self.defender:
            self.capture()
        else:
            self.end()

    def fight(self, attackers: float, defenders: float) -> None:
        model, p, town = self.model, self.model.p, self.town
        a, d = min(attackers, model.power_law()), min(defenders, model.power_law())
        lost_a = min(max(1, int(a)), model.poisson(p["clash_loss_per_day"] * p["clash_attacker_loss_factor"] * d))
        lost_d = min(max(1, int(d)), model.poisson(p["clash_loss_per_day"] * a))
        lost_a, lost_d = self.spread(self.attacker, lost_a), self.spread(self.defender, lost_d)
        civilians = p["clash_crossfire"] * (lost_a + lost_d) * math.sqrt(town.population / 5000.0)
        model.count["civilians"] += model.poisson(civilians)
        model.count["clash_days"] += 1
        model.bury(self.attacker, self.defender, lost_a, lost_d)
        town.fought, town.fighters_then = model.day, frozenset((self.attacker, self.defender))
        self.weaken(self.attacker, lost_a, a)
        self.weaken(self.defender, lost_d, d)
        agreement = model.agreement_over(self.attacker, self.defender, town)
        new_in_truce = agreement is not None and not agreement.settles and self.began == model.day
        if new_in_truce and model.random.random() < p["ceasefire_violation_breaks"]:
            agreement.end()
        pair = model.pair(self.attacker, self.defender)
        pair.clash_day, pair.quarrel = model.day, (model.day, town)
        self.decide(lost_a / a, lost_d / d)

    def side(self, faction: Faction) -> list[Force]:
        return [force for force in self.town.standing() if force.faction is faction]

    def spread(self, faction: Faction, deaths: int) -> int:
        """Take deaths from a side in proportion to its forces' fighters; return how many died."""
        forces = self.side(faction)
        total = sum(force.fighters for force in forces)
        wanted = min(deaths, total)
        died = 0
        for force in forces:
            share = wanted * force.fighters // total
            died += share
            force.lose(share)
        return died + self.town.kill(faction, wanted - died)

    def weaken(self, faction: Faction, lost: int, engaged: float) -> None:
        """Lower a side's cohesion by its losses, and perhaps kill the commander of its largest force."""
        p, forces = self.model.p, self.side(faction)
        if not lost or not forces:
            return
        for force in forces:
            force.cohesion = max(0.05, force.cohesion * (1.0 - p["clash_cohesion_loss"] * lost / max(engaged, 1.0)))
        largest = max(forces, key=lambda force: force.fighters)
        named = largest.commander and largest.rank >= NAMED_RANK
        if named and self.model.random.random() < 1.0 - (1.0 - p["clash_commander_death"]) ** lost:
            largest.commander = False
            largest.cohesion = max(0.05, largest.cohesion - p["clash_commander_cohesion"])

    def cohesion(self, faction: Faction) -> float:
        forces = self.side(faction)
        fighters = sum(force.fighters for force in forces)
        return sum(force.fighters * force.cohesion for force in forces) / fighters if fighters else 0.0

    def decide(self, share_a: float, share_d: float) -> None:
        """End the day: attack repelled, town taken, or the clash goes on or peters out."""
        p, town = self.model.p, self.town
        limit = p["clash_withdraw_loss_share"]
        if share_a > limit * self.cohesion(self.attacker):
            self.end()
            return
        if share_d > limit * self.cohesion(self.defender):
            ratio = town.strength_of(self.attacker) / max(1.0, town.strength_of(self.defender))
            if ratio >= p["clash_capture_ratio"]:
                for force in self.side(self.defender):
                    force.lose(int(force.fighters * p["clash_surrender_share"]))
                self.capture()
                return
        if self.model.random.random() >= p["clash_continue_probability"]:
            self.end()

    def capture(self) -> None:
        """Give the town to the attacker; the beaten side leaves."""
        town = self.town
        if town.holder is self.attacker and town.status == "held":
            town.expel(self.defender)
        else:
            before = town.holder
            taker = town.strongest_group(self.attacker)
            town.taken(taker, self.defender if before in (None, self.attacker) else before)
            town.expel(self.defender)
            town.garrisoned_by(taker)
        self.end()

    def end(self) -> None:
        self.town.clash = None
        for force in list(self.town.standing()):
            if force.orders == "attack":
                if self.town.holder is force.faction:
                    force.orders, force.arrived = "garrison", self.model.day
                else:
                    force.go_home()
        self.remove()


class PlainModel(mesa.Model):
    """The subset on the map and with the starting forces of a simulation that has not taken a step."""

    def __init__(self, start: Simulation, rng: int = 1, towns_too: bool = False) -> None:
        """Set up the first day. `towns_too`: collect holder and status of every town every day, as the engine does."""
        super().__init__(rng=rng)
        self.p = {name: float(start.params[name]) for name in start.params.dtype.names}
        self.day, self.days = 0, start.days
        self.reach = min(
            self.p["spread_reach_km"], self.p["spread_reach_days"] * self.p["movement_road_km_per_day"]
        )  # of columns
        self.count = dict.fromkeys(COUNTS, 0)
        world, geography = start.world, start.geography
        self.cell_km = geography.cell_km
        size = (geography.width, geography.height)
        self.grid = OrthogonalMooreGrid(size, torus=False, capacity=None, random=self.random)
        self.factions = [Faction(self, row, i) for i, row in enumerate(world.factions)]
        self.faction_of = [self.factions[f] for f in world.groups["faction"]]
        self.cohesion_of = world.groups["cohesion"].tolist()
        self.aloof = world.groups["aloof"].tolist()
        for group in world.groups:
            self.factions[group["faction"]].mediates |= bool(group["mediates"])
        self.pairs = {frozenset(pair): Pair() for pair in combinations(self.factions, 2)}
        self.towns = [Town(self, row, i) for i, row in enumerate(world.towns)]
        self._roads(start)
        for town, influence in zip(self.towns, world.influence.tolist(), strict=True):
            town.influence = influence
        for f in world.forces[: world.counts[0]]:
            town = self.towns[f["town"]]
            Force(self, int(f["group"]), town, int(f["fighters"]), float(f["cohesion"]), int(f["rank"]))
        self.datacollector = self._collector(towns_too)
        self.datacollector.collect(self)

    def _roads(self, start: Simulation) -> None:
        g = start.geography
        cells = [self.grid[int(x), int(y)] for x, y in g.road_cells]
        roads = [
            Road(self.towns[r["a"]], self.towns[r["b"]], float(r["km"]), tuple(cells[r["first_cell"] :][: r["cells"]]))
            for r in g.roads
        ]
        for town, first, end in zip(self.towns, g.near_start, g.near_start[1:], strict=False):
            for near in g.near[first:end]:
                town.near.append((self.towns[near["town"]], float(near["km"])))
                town.first_road[self.towns[near["town"]]] = roads[near["road"]]
                town.road_km[self.towns[near["town"]]] = float(near["km"])

    def _collector(self, towns_too: bool) -> mesa.DataCollector:
        reporters: dict[str, Any] = {
            "clashes": lambda m: len(m.agents_by_type.get(Clash, ())),
            "agreements": lambda m: len(m.agents_by_type.get(Agreement, ())),
            "columns": lambda m: sum(force.goal is not None for force in m.agents_by_type[Force]),
        }
        for i, faction in enumerate(self.factions):
            reporters |= {
                f"towns_{i}": lambda m, of=faction: sum(t.holder is of and t.status == "held" for t in m.towns),
                f"influence_{i}": lambda m, i=i: sum(town.influence[i] for town in m.towns) / len(m.towns),
                f"fighters_{i}": lambda m, of=faction: sum(
                    f.fighters for f in m.agents_by_type[Force] if f.faction is of
                ),
                f"deaths_{i}": lambda m, of=faction: of.deaths,
            }
        each = {Town: {"group": "group", "status": "status"}} if towns_too else None
        return mesa.DataCollector(model_reporters=reporters, agenttype_reporters=each)

    def step(self) -> None:
        """Simulate one day."""
        self.agents_by_type[Town].shuffle_do("step")
        self.agents_by_type[Force].shuffle_do("step")
        ready = self.agents_by_type[Force].select(
            lambda f: f.orders == "attack" and f.town is not None and f.goal is None
        )
        ready.shuffle_do("engage")
        self._turn(Clash)
        self.agents_by_type[Town].shuffle_do("settle")
        self._turn(Agreement)
        self.agents_by_type[Faction].shuffle_do("step")
        self._close_day()
        self.day += 1
        self.datacollector.collect(self)

    def _turn(self, kind: type[mesa.Agent]) -> None:
        if kind in self.agents_by_type:
            self.agents_by_type[kind].shuffle_do("step")

    def _close_day(self) -> None:
        """Keep the deaths of the last 7 days and the level of each pair."""
        window = self.p["ladder_window_days"]
        for (a, b), pair in ((tuple(both), pair) for both, pair in self.pairs.items()):
            pair.deaths.append(pair.today)
            pair.today = 0
            if not (a.rebel and b.rebel):
                continue
            places = sum(town.fought_by(a, b, window) for town in self.towns)
            level = 2 if self.day - pair.incident_day < window else 0
            if places:
                level = 4 if places >= self.p["ladder_several_places"] else 3
            if pair.level < 3 <= level:
                pair.round_day = self.day
            pair.level = level

    def pair(self, a: Faction, b: Faction) -> Pair:
        return self.pairs[frozenset((a, b))]

    def bury(self, a: Faction, b: Faction, deaths_a: int, deaths_b: int) -> None:
        """Count deaths between two factions."""
        self.pair(a, b).today += deaths_a + deaths_b
        a.deaths += deaths_a
        b.deaths += deaths_b

    def agreement_over(self, a: Faction, b: Faction, town: Town) -> Agreement | None:
        """Return an agreement in force that covers two factions in a town."""
        for agreement in self.agents_by_type.get(Agreement, ()):
            if agreement.between(a, b) and agreement.covers_town(town):
                return agreement
        return None

    def poisson(self, mean: float) -> int:
        """Return a Poisson variate by inversion, as the engine does."""
        u, term, n = self.random.random(), math.exp(-mean), 0
        total = term
        while u > total and n < 2000:
            n += 1
            term *= mean / n
            total += term
        return n

    def power_law(self) -> float:
        p = self.p
        drawn = p["clash_committed_min"] * self.random.random() ** (-1.0 / (p["clash_committed_exponent"] - 1.0))
        return min(p["clash_committed_max"], drawn)

    def run(self) -> None:
        while self.day < self.days:
            self.step()


COUNTS = (
    "incidents", "columns", "clash_days", "civilians", "changes", "agreements_signed", "agreements_broken", "days_held"
)  # fmt: skip
