"""Change of holder by battle, by withdrawal, or by local agreement; bandwagon; influence.

Garrisons watch their neighbours: one leaves when the share of neighbouring towns that its faction lost passes its own
threshold (Granovetter 1978, Am J Sociol 83:1420; Christia 2012, Alliance Formation in Civil Wars).
"""

from __future__ import annotations

from sim.engine.draws import P_THRESHOLD, uniform
from sim.engine.forces import find_source, go_home
from sim.engine.jit import compiled
from sim.engine.kinds import (
    BASE_CLOSED,
    BASE_CLOSED_STATUS,
    CAPTURE,
    CONTESTED,
    D_SETTLED,
    GARRISON,
    HANDOVER,
    HELD,
    M_FORCE_RATIO,
    M_NEIGHBOURS_LOST,
    NEUTRAL,
    R_CONTROL,
    REBEL,
    TOWN_ENTERED,
    WITHDRAWAL,
)
from sim.engine.queries import (
    backing,
    base_in,
    campaign_of,
    column_reach,
    count_all,
    holder_faction,
    is_held_by_rebel,
    is_party,
    rebels,
    side_in,
    strongest_group,
)
from sim.engine.recording import add_factor, log_event
from sim.engine.rules.columns import occupy
from sim.engine.tables import L_AGREEMENTS, L_BASES, L_DISPUTES


@compiled
def change_holder(w, day, town, group, kind, rule, cause, loser_group, probability, draw):
    """Give a town to a group (-1: it becomes neutral), log it, close what the change settles; return the event."""
    t = w.towns[town]
    row = log_event(w, day, kind, rule, cause, group, loser_group, town, probability, draw)
    loser = w.groups[loser_group]["faction"] if loser_group >= 0 else -1
    t["holder"] = group
    t["status"] = HELD if group >= 0 else NEUTRAL
    t["changed"], t["changed_event"], t["lost_by"] = day, row, loser
    if group >= 0:
        winner = w.groups[group]["faction"]
        if loser >= 0:
            count_in_campaign(w, day, group, loser_group, kind)
            w.factions[winner]["momentum"] += 1.0
            w.relations[winner, loser]["capture_day"] = day
            w.relations[loser, winner]["capture_day"] = day
        # A base of the new holder is a base no longer: the town is its own.
        close_base(w, day, base_in(w, town, winner), -1)
    if loser >= 0:
        close_base(w, day, base_in(w, town, loser), row)
    settle_disputes(w, town, row)
    return row


@compiled
def count_in_campaign(w, day, winner, loser, kind):
    """Count a change of holder in the campaign in which two groups fight, if the initiator's side won the town."""
    campaign = campaign_of(w, winner, loser)
    if campaign < 0 or side_in(w, campaign, winner) != 1:
        return
    k = w.campaigns[campaign]
    k["last_taken"] = day
    if kind == CAPTURE:
        k["by_battle"] += 1
    elif kind == HANDOVER:
        k["by_handover"] += 1
    else:
        k["by_withdrawal"] += 1


@compiled
def close_base(w, day, base, cause):
    """Close a base; with a cause the closing is logged and its party goes home."""
    if base < 0:
        return
    b = w.bases[base]
    b["alive"] = 0
    b["closed"] = day
    b["status"] = BASE_CLOSED_STATUS
    for i in range(w.counts[L_DISPUTES]):
        d = w.disputes[w.live_disputes[i]]
        if d["alive"] == 1 and d["base"] == base:
            d["alive"], d["stage"] = 0, D_SETTLED
    if cause >= 0:
        log_event(w, day, BASE_CLOSED, R_CONTROL, cause, b["group"], w.towns[b["town"]]["holder"], b["town"], 1.0, -1.0)
    for i in range(w.standing_start[b["town"]], w.standing_start[b["town"] + 1]):
        f = w.forces[w.standing[i]]
        if f["alive"] == 1 and f["town"] == b["town"] and f["key"] == b["key"]:
            if cause >= 0:
                go_home(w, day, w.standing[i])
            else:
                f["orders"] = GARRISON
                f["home"] = b["town"]


@compiled
def settle_disputes(w, town, event):
    """Settle all disputes in a town."""
    for i in range(w.counts[L_DISPUTES]):
        d = w.disputes[w.live_disputes[i]]
        if d["alive"] == 1 and d["town"] == town:
            d["alive"] = 0
            d["stage"] = D_SETTLED
            d["last_event"] = event


@compiled
def leave_town(w, day, town, faction):
    """Send every force of a faction that stands in a town away; call after the holder has changed."""
    for i in range(w.standing_start[town], w.standing_start[town + 1]):
        row = w.standing[i]
        f = w.forces[row]
        if f["alive"] == 1 and f["town"] == town and f["faction"] == faction:
            go_home(w, day, row)


@compiled
def take_over(w, town, group):
    """Make the forces of a group that stand in a town its garrison."""
    for i in range(w.standing_start[town], w.standing_start[town + 1]):
        f = w.forces[w.standing[i]]
        if f["alive"] == 1 and f["town"] == town and f["group"] == group:
            f["orders"] = GARRISON
            f["home"] = town
            f["goal"] = -1
            f["enemy"] = -1


@compiled
def bandwagon(w, p, day, seed):
    """Let garrisons leave whose neighbours fell."""
    if not any_lost(w, day, int(p["control_watch_days"])):
        return
    for town in range(len(w.towns)):
        if not is_held_by_rebel(w, town) or w.towns[town]["clash"] >= 0:
            continue
        mine = holder_faction(w, town)
        lost, known, taker = neighbours_lost(w, town, mine, day, int(p["control_watch_days"]))
        if lost == 0 or taker < 0:
            continue
        share = lost / known
        spread = p["control_threshold_spread"] * (2.0 * uniform(seed, P_THRESHOLD, 0, w.towns[town]["key"]) - 1.0)
        support = p["control_support_weight"] * (w.influence[town, mine] - 1.0)
        if share <= max(0.0, p["control_threshold"] + spread + support):
            continue
        own = backing(
            w,
            town,
            w.towns[town]["holder"],
            p["movement_road_km_per_day"],
            p["demand_help_hours"],
            p["talks_belief_gain"],
        )
        other = backing(w, town, taker, p["movement_road_km_per_day"], p["demand_help_hours"], p["talks_belief_gain"])
        if own < other:
            withdraw(w, p, day, town, taker, share, (other + 1.0) / (own + 1.0))


@compiled
def any_lost(w, day, watch_days):
    """Return True if a town has changed its holder within the watch."""
    for town in range(len(w.towns)):
        if day - w.towns[town]["changed"] <= watch_days:
            return True
    return False


@compiled
def withdraw(w, p, day, town, taker, share, ratio):
    """Let a garrison leave its town to a group that can send a post there; log it with what moved it."""
    if find_source(w, town, taker, column_reach(p), int(p["control_post_fighters"])) < 0:
        return
    t = w.towns[town]
    group = t["holder"]
    cause = -1
    for i in range(w.adjacent_start[town], w.adjacent_start[town + 1]):
        n = w.towns[w.adjacent[i]]
        if n["lost_by"] == w.groups[group]["faction"] and n["changed_event"] > cause:
            cause = n["changed_event"]
    row = change_holder(w, day, town, taker, WITHDRAWAL, R_CONTROL, cause, group, 1.0, -1.0)
    add_factor(w, row, M_NEIGHBOURS_LOST, share, 1.0)
    add_factor(w, row, M_FORCE_RATIO, ratio, 1.0)
    leave_town(w, day, town, w.groups[group]["faction"])
    occupy(w, p, day, town, taker, row)


@compiled
def neighbours_lost(w, town, faction, day, watch_days):
    """Return (lost neighbours, neighbours that were the faction's, group that took the last) within the watch.

    A neighbour counts that fell after the town itself last changed hands, or was settled after being contested: who took
    the town knew of the earlier ones.
    """
    since = max(0, w.towns[town]["changed"] + 1)
    lost, known, taker, latest = 0, 0, -1, -1
    for i in range(w.adjacent_start[town], w.adjacent_start[town + 1]):
        n = w.towns[w.adjacent[i]]
        if n["holder"] >= 0 and w.groups[n["holder"]]["faction"] == faction:
            known += 1
        elif n["lost_by"] == faction and day - n["changed"] <= watch_days and n["changed"] >= since:
            known += 1
            lost += 1
            if n["holder"] >= 0 and n["changed"] > latest and rebels(w, faction, w.groups[n["holder"]]["faction"]):
                taker, latest = n["holder"], n["changed"]
    return lost, known, taker


@compiled
def settle_contested(w, day):
    """Give a contested town to the only faction that still stands in it."""
    for town in range(len(w.towns)):
        t = w.towns[town]
        if t["status"] != CONTESTED or t["clash"] >= 0:
            continue
        present, only = 0, -1
        for faction in range(len(w.factions)):
            group = strongest_group(w, town, faction) if is_party(w, faction) else -1
            if group >= 0:
                present += 1
                only = group
        if present == 1:
            held_by = t["holder"]
            gone = held_by if w.groups[held_by]["faction"] != w.groups[only]["faction"] else -1
            change_holder(w, day, town, only, WITHDRAWAL, R_CONTROL, t["changed_event"], gone, 1.0, -1.0)


@compiled
def enter_neutral(w, p, day):
    """Let a rebel faction that has stood alone in a neutral town for `enter_days` take it over, unless an agreement
    keeps the town neutral.
    """
    for town in range(len(w.towns)):
        t = w.towns[town]
        if t["status"] != NEUTRAL or t["clash"] >= 0:
            t["entered"] = -1
            continue
        present, group = 0, -1
        for faction in range(len(w.factions)):
            if w.factions[faction]["role"] == REBEL and w.present[town, faction] > 0.0:
                present += 1
                group = strongest_group(w, town, faction)
        if present != 1 or neutralised(w, town):
            t["entered"] = -1
        elif t["entered"] < 0:
            t["entered"] = day
        elif day - t["entered"] >= p["control_enter_days"]:
            base = base_in(w, town, w.groups[group]["faction"])
            cause = w.bases[base]["opened_event"] if base >= 0 else t["changed_event"]
            change_holder(w, day, town, group, TOWN_ENTERED, R_CONTROL, cause, -1, 1.0, -1.0)
            take_over(w, town, group)
            t["entered"] = -1


@compiled
def neutralised(w, town):
    """Return True if an agreement in force keeps a town neutral."""
    for i in range(w.counts[L_AGREEMENTS]):
        a = w.agreements[w.live_agreements[i]]
        if a["alive"] == 0 or a["town"] != town:
            continue
        for term in range(len(w.terms)):
            if (a["terms"] & (1 << term)) and w.terms[term]["neutralises_town"] == 1:
                return True
    return False


@compiled
def follow_presence(w, days):
    """Let influence follow who holds a town, over `days`."""
    for town in range(len(w.towns)):
        holder = holder_faction(w, town)
        if holder < 0:
            continue
        contested = w.towns[town]["status"] == CONTESTED
        total = 0.0
        if contested:
            for g in range(len(w.groups)):
                if is_party(w, w.groups[g]["faction"]):
                    total += w.strength[town, g]
        for faction in range(len(w.factions)):
            if not is_party(w, faction):
                continue
            goal = 1.0 if faction == holder else 0.0
            if total > 0.0:
                goal = 0.0
                for g in range(len(w.groups)):
                    if w.groups[g]["faction"] == faction:
                        goal += w.strength[town, g] / total
            w.influence[town, faction] += (goal - w.influence[town, faction]) / days


@compiled
def close_empty_bases(w, day):
    """Close the bases whose party is gone."""
    for i in range(w.counts[L_BASES]):
        b = w.bases[w.live_bases[i]]
        if b["alive"] == 0:
            continue
        manned = False
        for k in range(w.standing_start[b["town"]], w.standing_start[b["town"] + 1]):
            f = w.forces[w.standing[k]]
            manned = manned or (f["alive"] == 1 and f["key"] == b["key"] and f["town"] == b["town"])
        if not manned:
            close_base(w, day, w.live_bases[i], b["opened_event"])


@compiled
def control(w, p, day, seed):
    """Changes of holder without a fight, empty bases, and influence, once a day."""
    settle_contested(w, day)
    enter_neutral(w, p, day)
    close_empty_bases(w, day)
    if p["control_bandwagon"] > 0.0:
        bandwagon(w, p, day, seed)
    count_all(w)
    follow_presence(w, max(1.0, p["control_influence_days"]))
