"""What is reported. One outlet for each rebel faction and one monitor hear of events, late and in part.

The monitor writes a toll it does not know as 2+2 deaths and some events without deaths, and sums up now and then what
it missed (UCDP GED's habits; Sundberg & Melander 2013, J Peace Research 50:523). Outlets lay the start of a fight on
the other side, and claim some that did not happen.
"""

from __future__ import annotations

import math

from sim.engine.draws import (
    P_FALSE_CLAIM,
    P_REPORT,
    P_REPORT_DELAY,
    P_REPORT_DENIAL,
    P_REPORT_PLACE,
    P_REPORT_TOLL,
    P_SUMMARY,
    exponential,
    identity,
    uniform,
)
from sim.engine.jit import compiled
from sim.engine.kinds import (
    ARREST_RAID,
    ASSASSINATION,
    BASE_OPENED,
    CAPTURE,
    CIVILIAN_ABDUCTION,
    CIVILIAN_ARREST,
    CIVILIAN_INJURY,
    CLASH,
    KILLING_AT_TALKS,
    REBEL,
    ROAD_QUARREL,
    SHELLING,
    TOWN_NEUTRAL,
    WITHDRAWAL,
)
from sim.engine.queries import rebels
from sim.engine.tables import N_EVENTS, N_REPORTS

MONITOR = -1


@compiled
def newsworthy(kind):
    """Return True for kinds of event that are reported."""
    return (
        kind in (CLASH, SHELLING, ARREST_RAID, ASSASSINATION, ROAD_QUARREL, KILLING_AT_TALKS)
        or kind in (BASE_OPENED, CAPTURE, WITHDRAWAL, TOWN_NEUTRAL)
        or kind in (CIVILIAN_ARREST, CIVILIAN_INJURY, CIVILIAN_ABDUCTION)
    )


@compiled
def reporting(w, p, day, seed):
    """Report the day's events, false claims, and once a week what had been missed."""
    row = w.counts[N_EVENTS] - 1
    while row >= 0 and w.events[row]["day"] == day:
        row -= 1
    for event in range(row + 1, w.counts[N_EVENTS]):
        if newsworthy(w.events[event]["kind"]):
            hear(w, p, day, seed, event, MONITOR, p["reporting_monitor_detection"])
            for faction in range(len(w.factions)):
                involved = w.events[event]["initiator"] == faction or w.events[event]["target"] == faction
                if involved and w.factions[faction]["role"] == REBEL:
                    hear(w, p, day, seed, event, faction, p["reporting_outlet_detection"])
    for faction in range(len(w.factions)):
        false_claim(w, p, day, seed, faction)
    if day % 7 == 6:
        for a in range(len(w.factions)):
            for b in range(a, len(w.factions)):
                sum_up(w, p, day, seed, a, b)


@compiled
def hear(w, p, day, seed, event, outlet, detection):
    """Draw whether an outlet reports an event; the monitor adds what it misses to a later summary."""
    e = w.events[event]
    deaths = e["deaths_initiator"] + e["deaths_target"] + e["deaths_civilians"]
    missing = math.pow(1.0 - detection, math.pow(max(1.0, float(deaths)), p["reporting_size_exponent"]))
    key = e["key"] + outlet + 1
    if uniform(seed, P_REPORT, day, key) < missing:
        if outlet == MONITOR and deaths > 0 and e["target"] >= 0:
            miss(w, event, day)
        return
    r = w.reports[new_report(w, p, day, seed, key, outlet, e["kind"], e["town"])]
    r["event"] = event
    r["initiator"], r["target"] = e["initiator"], e["target"]
    r["deaths_initiator"], r["deaths_target"] = e["deaths_initiator"], e["deaths_target"]
    r["deaths_civilians"] = e["deaths_civilians"]
    if outlet == MONITOR:
        blur(w, p, day, seed, key, r, e["kind"])
    elif (
        e["initiator"] == outlet
        and e["target"] >= 0
        and e["kind"] != KILLING_AT_TALKS
        and uniform(seed, P_REPORT_DENIAL, day, key) < p["reporting_denial"]
    ):
        r["initiator"], r["target"] = e["target"], e["initiator"]
        r["deaths_initiator"], r["deaths_target"] = e["deaths_target"], e["deaths_initiator"]


@compiled
def new_report(w, p, day, seed, key, outlet, kind, town):
    """Add a report with its delay and place and return its row."""
    row = w.counts[N_REPORTS]
    w.counts[N_REPORTS] = row + 1
    r = w.reports[row]
    r["key"], r["outlet"], r["kind"], r["event"], r["summary"] = key, outlet, kind, -1, 0
    late = p["reporting_delay_days"]
    r["day"] = day + (int(exponential(late, uniform(seed, P_REPORT_DELAY, day, key))) if late > 0.0 else 0)
    r["event_day"], r["first_day"] = day, day
    r["town"], r["precision"] = town, 1
    near = w.adjacent_start[town + 1] - w.adjacent_start[town]
    u = uniform(seed, P_REPORT_PLACE, day, key)
    if near > 0 and u < p["reporting_misplaced_share"]:
        r["town"] = w.adjacent[w.adjacent_start[town] + int(u / p["reporting_misplaced_share"] * near)]
        r["precision"] = 2
    return row


@compiled
def blur(w, p, day, seed, key, r, kind):
    """Let the monitor not know the toll of a clash, or leave it out."""
    if kind != CLASH:
        return
    u = uniform(seed, P_REPORT_TOLL, day, key)
    if u < p["reporting_unknown_toll_share"]:
        r["deaths_initiator"], r["deaths_target"], r["deaths_civilians"] = 2, 2, 0
    elif u < p["reporting_unknown_toll_share"] + p["reporting_zero_share"]:
        r["deaths_initiator"], r["deaths_target"], r["deaths_civilians"] = 0, 0, 0


@compiled
def miss(w, event, day):
    """Keep the deaths of an event that the monitor missed, by pair, for a later summary."""
    e = w.events[event]
    a, b = min(e["initiator"], e["target"]), max(e["initiator"], e["target"])
    if a < 0:
        return
    m = w.missed[a, b]
    first = e["initiator"] == a
    m["deaths_a"] += e["deaths_initiator"] if first else e["deaths_target"]
    m["deaths_b"] += e["deaths_target"] if first else e["deaths_initiator"]
    m["civilians"] += e["deaths_civilians"]
    if m["first_day"] < 0:
        m["first_day"] = day


@compiled
def sum_up(w, p, day, seed, a, b):
    """Draw whether the monitor sums up what it missed between two factions; the summary has no place."""
    m = w.missed[a, b]
    if m["first_day"] < 0:
        return
    key = identity(w.factions[a]["key"], w.factions[b]["key"])
    if uniform(seed, P_SUMMARY, day, key) >= p["reporting_summary_share"]:
        return
    r = w.reports[new_report(w, p, day, seed, key, MONITOR, CLASH if rebels(w, a, b) else SHELLING, 0)]
    r["town"], r["precision"], r["summary"] = -1, 4, 1
    r["initiator"], r["target"], r["first_day"] = a, b, m["first_day"]
    r["deaths_initiator"], r["deaths_target"], r["deaths_civilians"] = m["deaths_a"], m["deaths_b"], m["civilians"]
    m["deaths_a"], m["deaths_b"], m["civilians"], m["first_day"] = 0, 0, 0, -1


@compiled
def false_claim(w, p, day, seed, faction):
    """Draw whether a side's outlet claims a clash that did not happen, in a town it holds beside a rival's."""
    if w.factions[faction]["role"] != REBEL:
        return
    u = uniform(seed, P_FALSE_CLAIM, day, w.factions[faction]["key"])
    chance = 1.0 - math.exp(-p["reporting_false_claims_per_month"] / 30.0)
    if u >= chance:
        return
    chosen_town, rival, first = -1, -1, 1e300
    for town in range(len(w.towns)):
        holder = w.towns[town]["holder"]
        if holder < 0 or w.groups[holder]["faction"] != faction:
            continue
        for i in range(w.adjacent_start[town], w.adjacent_start[town + 1]):
            other = w.towns[w.adjacent[i]]["holder"]
            if other >= 0 and rebels(w, faction, w.groups[other]["faction"]):
                race = uniform(seed, P_FALSE_CLAIM, day, w.towns[town]["key"], 1)
                if race < first:
                    chosen_town, rival, first = town, w.groups[other]["faction"], race
    if chosen_town < 0:
        return
    key = identity(w.factions[faction]["key"], day)
    r = w.reports[new_report(w, p, day, seed, key, faction, CLASH, chosen_town)]
    r["initiator"], r["target"] = rival, faction
    r["deaths_initiator"] = 1 + int(3.0 * uniform(seed, P_REPORT_TOLL, day, key))
