"""A clash, day by day: commitment, attrition, commanders, cohesion, crossfire, withdrawal, capture.

Committed force is heavy-tailed (Bohorquez et al. 2009, Nature 462:911). Losses follow a named law: Lanchester's linear
or square law (Lanchester 1916, Aircraft in Warfare) or a Poisson variate with the square law's mean. A side breaks off
when its losses of the day pass its threshold (Epstein 1985, The Calculus of Conventional War).
"""

from __future__ import annotations

import math

from sim.engine.draws import (
    P_COMMANDER,
    P_COMMITTED_ATTACKER,
    P_COMMITTED_DEFENDER,
    P_CONTINUE,
    P_CROSSFIRE,
    P_LOSS_ATTACKER,
    P_LOSS_DEFENDER,
    P_REINFORCE,
    P_SISTER,
    P_VIOLATION_BREAKS,
    identity,
    poisson,
    power_law,
    uniform,
)
from sim.engine.forces import count_deaths, desert, detach, go_home, spread_losses, strongest_force
from sim.engine.jit import compiled
from sim.engine.kinds import (
    ATTACK,
    ATTACK_REPELLED,
    C_UNDER_WAY,
    CAPTURE,
    CLASH,
    CLASH_CAPTURED,
    CLASH_ENDED,
    CLASH_OVER,
    CLASH_REPELLED,
    COMMANDER_KILLED,
    GARRISON,
    GOVERNMENT,
    HELD,
    M_AGREEMENT,
    M_BELIEF,
    M_FORCE_RATIO,
    M_SOLIDARITY,
    R_CLASH,
    R_MOVEMENT,
    REINFORCE,
    REINFORCEMENT,
    SETTLEMENT,
    TOWN_ENTERED,
    UNDER_WAY,
)
from sim.engine.queries import (
    base_in,
    campaign_of,
    column_reach,
    covering,
    help_from,
    holder_faction,
    in_town,
    new_row,
    rebels,
    recount,
    stands_aside,
    strongest_group,
    swayed,
)
from sim.engine.recording import add_factor, log_event
from sim.engine.rules.agreements import break_agreement, violate
from sim.engine.rules.control import change_holder, close_base, leave_town, take_over
from sim.engine.rules.lasting_policies import attack_factor
from sim.engine.rules.peacekeeping import separate, unshielded
from sim.engine.rules.spread import begin_round, set_off
from sim.engine.tables import L_CLASHES, L_FORCES, N_CLASHES

STOCHASTIC, LINEAR, SQUARE = 0.0, 1.0, 2.0
AVERAGE_POPULATION = 5000.0
NAMED_RANK = 2  # from which on a commander's death is known and felt beyond the band itself


@compiled
def open_clash(w, day, key, town, attacker, defender, cause):
    """Begin a clash in a town; its first day is fought today. Returns its row."""
    row = new_row(w.live_clashes, w.counts, N_CLASHES, L_CLASHES, w.clashes)
    c = w.clashes[row]
    c["key"], c["town"], c["attacker"], c["defender"] = key, town, attacker, defender
    c["began"], c["ended"], c["last_event"], c["status"], c["deaths"] = day, -1, cause, UNDER_WAY, 0
    w.towns[town]["clash"] = row
    if rebels(w, w.groups[attacker]["faction"], w.groups[defender]["faction"]):
        w.groups[defender]["attacked"] = day
        w.triggered[defender, attacker] = w.triggered[attacker, defender] = day
    return row


@compiled
def arrivals(w, p, day):
    """Let columns that stand where they were to attack begin their clash, walk in, or turn back."""
    for i in range(w.counts[L_FORCES]):
        row = w.live_forces[i]
        f = w.forces[row]
        if f["alive"] == 0 or f["orders"] != ATTACK or f["town"] < 0 or f["goal"] >= 0:
            continue
        town = f["town"]
        if w.towns[town]["clash"] >= 0:
            continue
        enemy = f["enemy"]
        enemy_group = strongest_group(w, town, enemy) if enemy >= 0 else -1
        if enemy_group >= 0:
            open_clash(w, day, identity(f["key"], day), town, f["group"], enemy_group, f["cause"])
        elif holder_faction(w, town) == enemy:
            kind = CAPTURE if enemy >= 0 else TOWN_ENTERED
            change_holder(w, day, town, f["group"], kind, R_CLASH, f["cause"], w.towns[town]["holder"], 1.0, -1.0)
            take_over(w, town, f["group"])
        else:
            go_home(w, day, row)


@compiled
def clashes(w, p, day, seed):
    """Fight one day of every clash."""
    recover(w, p)
    arrivals(w, p, day)
    for i in range(w.counts[L_CLASHES]):
        clash = w.live_clashes[i]
        c = w.clashes[clash]
        if c["alive"] == 0:
            continue
        fa, fd = w.groups[c["attacker"]]["faction"], w.groups[c["defender"]]["faction"]
        if in_town(w, c["town"], fa) <= 0.0 or in_town(w, c["town"], fd) <= 0.0:
            decide_empty(w, day, clash, fa, fd)
        else:
            fight(w, p, day, seed, clash, fa, fd)


@compiled
def recover(w, p):
    """Let cohesion recover towards the group's own where nobody fights; a commander is found when it is complete."""
    for i in range(w.counts[L_FORCES]):
        f = w.forces[w.live_forces[i]]
        if f["alive"] == 0 or (f["town"] >= 0 and w.towns[f["town"]]["clash"] >= 0):
            continue
        own = w.groups[f["group"]]["cohesion"]
        f["cohesion"] += p["clash_cohesion_recovery"] * (own - f["cohesion"])
        if f["commander"] == 0 and own - f["cohesion"] < 0.01:
            f["commander"] = 1


@compiled
def decide_empty(w, day, clash, fa, fd):
    """End a clash from which one side has gone."""
    c = w.clashes[clash]
    if in_town(w, c["town"], fa) > 0.0 and holder_faction(w, c["town"]) == fd:
        capture(w, day, clash, 1.0, -1.0, 0.0)
    else:
        end_clash(w, day, clash, CLASH_OVER)


@compiled
def committed(w, p, scale, day, seed, process, key, present):
    """Return the force that a side commits: heavy-tailed, times `scale`, at most who is there."""
    u = uniform(seed, process, day, key)
    drawn = power_law(p["clash_committed_min"], p["clash_committed_exponent"], p["clash_committed_max"], u)
    return min(present, drawn * scale)


@compiled
def concentration(p, attackers, defenders):
    """Return the factor on what attackers commit, and its inverse on defenders: the stronger side brings more men to bear.

    The ratio of what both commit moves with the ratio of who is there, to the power `concentration`, within 4 to 1.
    """
    ratio = min(4.0, max(0.25, attackers / defenders))
    return math.pow(ratio, 0.5 * p["clash_concentration"])


@compiled
def losses(p, own, other, factor, u):
    """Return the deaths of a side that commits `own` against `other`, by the attrition law chosen."""
    most = max(1, int(own))
    mean = p["clash_loss_per_day"] * factor * other
    if p["clash_attrition"] == LINEAR:
        mean *= own / p["clash_linear_front"]
    if p["clash_attrition"] == STOCHASTIC:
        return min(most, poisson(mean, u))
    whole = int(mean)
    return min(most, whole + (1 if u < mean - whole else 0))


@compiled
def fight(w, p, day, seed, clash, fa, fd):
    """Fight a day: losses on both sides, crossfire, log, then who breaks off and what follows."""
    c = w.clashes[clash]
    town = c["town"]
    scale = w.levels[w.relations[fa, fd]["level"]]["commitment"]
    if not rebels(w, fa, fd):
        scale *= p["offensive_commitment_factor"]
    edge = concentration(p, in_town(w, town, fa), in_town(w, town, fd))
    a = committed(w, p, scale * edge, day, seed, P_COMMITTED_ATTACKER, c["key"], in_town(w, town, fa))
    d = committed(w, p, scale / edge, day, seed, P_COMMITTED_DEFENDER, c["key"], in_town(w, town, fd))
    lost_a = losses(p, a, d, p["clash_attacker_loss_factor"], uniform(seed, P_LOSS_ATTACKER, day, c["key"]))
    lost_d = losses(p, d, a, 1.0, uniform(seed, P_LOSS_DEFENDER, day, c["key"]))
    lost_a = spread_losses(w, town, fa, lost_a)
    lost_d = spread_losses(w, town, fd, lost_d)
    people = math.sqrt(w.towns[town]["population"] / AVERAGE_POPULATION)
    harm = p["clash_crossfire"] * (lost_a + lost_d) * people * unshielded(w, town)
    civilians = poisson(harm, uniform(seed, P_CROSSFIRE, day, c["key"]))
    begin_round(w, p, day, seed, fa, fd)
    event = log_day(w, p, day, clash, fa, fd, lost_a, lost_d, civilians, int(a + d), a / max(d, 1.0))
    count_deaths(w, fa, fd, lost_a, lost_d)
    if w.factions[fa]["role"] == GOVERNMENT:
        w.factions[fd]["fire_today"] += lost_d + civilians
    weaken(w, p, day, seed, clash, fa, lost_a, a, event, 0)
    weaken(w, p, day, seed, clash, fd, lost_d, d, event, 1)
    recount(w, town)
    violation(w, p, day, seed, clash, event)
    set_off(w, p, day, seed, clash, event)
    outcome(w, p, day, seed, clash, fa, fd, lost_a / a, lost_d / d, event)


@compiled
def log_day(w, p, day, clash, fa, fd, lost_a, lost_d, civilians, size, ratio):
    """Log a day of fighting and enter it where others look for it."""
    c = w.clashes[clash]
    event = log_event(w, day, CLASH, R_CLASH, c["last_event"], c["attacker"], c["defender"], c["town"], 1.0, -1.0)
    e = w.events[event]
    e["deaths_initiator"], e["deaths_target"], e["deaths_civilians"], e["fighters"] = lost_a, lost_d, civilians, size
    add_factor(w, event, M_FORCE_RATIO, ratio, ratio)
    c["last_event"] = event
    c["deaths"] += lost_a + lost_d
    t = w.towns[c["town"]]
    t["fought"], t["fought_a"], t["fought_b"] = day, fa, fd
    for x, y in ((fa, fd), (fd, fa)):
        w.relations[x, y]["last_event"] = event
        w.relations[x, y]["clashes_today"] += 1
        w.relations[x, y]["clash_day"] = day
    note_in_campaign(w, day, c["attacker"], c["defender"], lost_a + lost_d, event)
    return event


@compiled
def note_in_campaign(w, day, a, b, deaths, event):
    """Enter a day of fighting between two groups into the campaign in which they fight, if any; the first opens it."""
    campaign = campaign_of(w, a, b)
    if campaign < 0:
        return
    k = w.campaigns[campaign]
    k["deaths"] += deaths
    k["last_event"] = event
    if k["opened"] < 0:
        k["opened"], k["last_taken"], k["phase"] = day, day, C_UNDER_WAY


@compiled
def weaken(w, p, day, seed, clash, faction, lost, engaged, event, side):
    """Lower a side's cohesion by its losses, and perhaps kill the commander of its largest force in the town."""
    if lost == 0:
        return
    town = w.clashes[clash]["town"]
    largest, most = -1, 0
    for i in range(w.standing_start[town], w.standing_start[town + 1]):
        f = w.forces[w.standing[i]]
        if f["alive"] == 1 and f["town"] == town and f["faction"] == faction and f["goal"] < 0:
            f["cohesion"] = max(
                0.05, f["cohesion"] - p["clash_cohesion_loss"] * lost / max(engaged, 1.0) * f["cohesion"]
            )
            if f["fighters"] > most:
                largest, most = w.standing[i], f["fighters"]
    if largest < 0 or w.forces[largest]["commander"] == 0 or w.forces[largest]["rank"] < NAMED_RANK:
        return
    chance = 1.0 - math.pow(1.0 - p["clash_commander_death"], float(lost))
    u = uniform(seed, P_COMMANDER, day, w.clashes[clash]["key"], side)
    if u < chance:
        f = w.forces[largest]
        f["commander"] = 0
        f["cohesion"] = max(0.05, f["cohesion"] - p["clash_commander_cohesion"])
        c = w.clashes[clash]
        other = c["defender"] if side == 0 else c["attacker"]
        row = log_event(w, day, COMMANDER_KILLED, R_CLASH, event, other, f["group"], town, chance, u)
        w.events[row]["fighters"] = f["rank"]
        w.triggered[f["group"], other] = day


@compiled
def violation(w, p, day, seed, clash, event):
    """Log a clash under an agreement in force as a violation of it.

    On its first day a clash may break a truce at once; its author is who began the breach. A settlement outlasts clashes.
    """
    c = w.clashes[clash]
    agreement = covering(w, c["attacker"], c["defender"], c["town"])
    if agreement < 0:
        return
    a = w.agreements[agreement]
    w.events[event]["agreement"] = agreement
    add_factor(w, event, M_AGREEMENT, a["suppression"], 1.0 - a["suppression"])
    violate(w, p, day, agreement, c["attacker"], c["defender"])
    if a["kind"] == SETTLEMENT or c["began"] < day:
        return
    u = uniform(seed, P_VIOLATION_BREAKS, day, c["key"])
    chance = p["ceasefire_violation_breaks"] * attack_factor(w, agreement, c["town"])
    if p["ceasefire_enabled"] > 0.0 and u < chance:
        break_agreement(w, p, day, seed, agreement, a["breach_by"], a["breach_against"], event, chance, u)


@compiled
def outcome(w, p, day, seed, clash, fa, fd, share_a, share_d, event):
    """Decide how the day ends: attack repelled, town taken, clash goes on or peters out."""
    c = w.clashes[clash]
    town = c["town"]
    limit = p["clash_withdraw_loss_share"]
    if share_a > limit * cohesion_in(w, town, fa):
        row = log_event(w, day, ATTACK_REPELLED, R_CLASH, event, c["defender"], c["attacker"], town, 1.0, -1.0)
        c["last_event"] = row
        end_clash(w, day, clash, CLASH_REPELLED)
        return
    if share_d > limit * cohesion_in(w, town, fd):
        ratio = in_town(w, town, fa) / max(1.0, in_town(w, town, fd))
        if ratio >= p["clash_capture_ratio"]:
            desert(w, town, fd, p["clash_surrender_share"])
            capture(w, day, clash, 1.0, -1.0, ratio)
            return
    u = uniform(seed, P_CONTINUE, day, c["key"])
    stronger = in_town(w, town, fa) > in_town(w, town, fd)
    goes_on = p["clash_pressed_probability"] if stronger else p["clash_continue_probability"]
    if u < goes_on:
        intervention = separate(w, day, seed, clash, event)
        if intervention >= 0:
            c["last_event"] = intervention
            end_clash(w, day, clash, CLASH_OVER)
            return
        reinforce(w, p, day, seed, clash, c["attacker"], fd, 0)
        reinforce(w, p, day, seed, clash, c["defender"], fa, 1)
        return
    row = log_event(w, day, CLASH_ENDED, R_CLASH, event, c["attacker"], c["defender"], town, 1.0 - goes_on, u)
    c["last_event"] = row
    end_clash(w, day, clash, CLASH_OVER)


@compiled
def cohesion_in(w, town, faction):
    """Return the mean cohesion of a faction's fighters in a town."""
    fighters, weighted = 0.0, 0.0
    for i in range(w.standing_start[town], w.standing_start[town + 1]):
        f = w.forces[w.standing[i]]
        if f["alive"] == 1 and f["town"] == town and f["faction"] == faction and f["goal"] < 0:
            fighters += f["fighters"]
            weighted += f["fighters"] * f["cohesion"]
    return weighted / fighters if fighters > 0.0 else 0.0


@compiled
def capture(w, day, clash, probability, draw, ratio):
    """Give the town to the attacker; the beaten side leaves."""
    c = w.clashes[clash]
    town = c["town"]
    loser = w.groups[c["defender"]]["faction"]
    winner = w.groups[c["attacker"]]["faction"]
    taker = strongest_group(w, town, winner)
    if holder_faction(w, town) == winner and w.towns[town]["status"] == HELD:
        close_base(w, day, base_in(w, town, loser), c["last_event"])
        leave_town(w, day, town, loser)  # intruders driven out of an own town: no change of holder
        end_clash(w, day, clash, CLASH_CAPTURED)
        return
    lost_by = w.towns[town]["holder"]
    if lost_by < 0 or w.groups[lost_by]["faction"] == winner:
        lost_by = c["defender"]
    row = change_holder(w, day, town, taker, CAPTURE, R_CLASH, c["last_event"], lost_by, probability, draw)
    if ratio > 0.0:
        add_factor(w, row, M_FORCE_RATIO, ratio, ratio)
    leave_town(w, day, town, loser)
    take_over(w, town, taker)
    c["last_event"] = row
    end_clash(w, day, clash, CLASH_CAPTURED)


@compiled
def end_clash(w, day, clash, status):
    """Close a clash: attackers who do not hold the town go home, a base of a beaten side closes."""
    c = w.clashes[clash]
    town = c["town"]
    c["alive"], c["status"], c["ended"] = 0, status, day
    w.towns[town]["clash"] = -1
    fa = w.groups[c["attacker"]]["faction"]
    if status == CLASH_REPELLED:
        close_base(w, day, base_in(w, town, fa), c["last_event"])
    for i in range(w.standing_start[town], w.standing_start[town + 1]):
        row = w.standing[i]
        f = w.forces[row]
        if f["alive"] == 0 or f["town"] != town or f["goal"] >= 0:
            continue
        if f["orders"] == ATTACK:
            if holder_faction(w, town) == f["faction"]:
                f["orders"], f["arrived"] = GARRISON, day
            else:
                go_home(w, day, row)
        elif f["orders"] == REINFORCE:
            f["orders"], f["arrived"] = GARRISON, day
    recount(w, town)


@compiled
def reserve(w, p, day, seed, clash, group, fighters, side):
    """Return the nearest garrison that can spare fighters: the group's own, or a sister's that answers; -1 none."""
    c = w.clashes[clash]
    enemy = w.groups[c["defender"] if side == 0 else c["attacker"]]["faction"]
    for i in range(w.near_start[c["town"]], w.near_start[c["town"] + 1]):
        if w.near[i]["km"] > column_reach(p):
            break
        town = w.near[i]["town"]
        for g in range(len(w.groups)):
            if w.strength[town, g] <= 0.0 or w.groups[g]["faction"] != w.groups[group]["faction"]:
                continue
            if g != group and stands_aside(w, g, enemy):
                continue
            u = uniform(seed, P_SISTER, day, c["key"] ^ w.groups[g]["key"], side)
            if u < help_from(w, group, g, p["talks_belief_gain"]):
                source = strongest_force(w, town, g, fighters)
                if source >= 0:
                    return source
    return -1


@compiled
def reinforce(w, p, day, seed, clash, group, enemy, side):
    """Draw whether a side calls a reinforcing column, with the ladder's chance for the level."""
    c = w.clashes[clash]
    level = w.relations[w.groups[group]["faction"], enemy]["level"]
    u = uniform(seed, P_REINFORCE, day, c["key"], side)
    if u >= w.levels[level]["reinforcement"]:
        return
    fighters = int(2.0 * p["clash_committed_min"])
    source = reserve(w, p, day, seed, clash, group, fighters, side)
    if source < 0:
        return
    helper = w.forces[source]["group"]
    row = log_event(
        w, day, REINFORCEMENT, R_MOVEMENT, c["last_event"], helper, -1, c["town"], w.levels[level]["reinforcement"], u
    )
    if helper != group:
        chance = help_from(w, group, helper, p["talks_belief_gain"])
        add_factor(w, row, M_SOLIDARITY, chance, chance)
        add_factor(w, row, M_BELIEF, w.belief[group, helper], swayed(w, group, helper, p["talks_belief_gain"]))
    w.events[row]["target"] = enemy
    w.events[row]["fighters"] = fighters
    detach(w, day, source, c["town"], fighters, REINFORCE, enemy, row, 2 + side)
