"""Forces march cell by cell along roads in km a day, more slowly off road; idle detachments go home."""

from __future__ import annotations

from sim.engine.forces import go_home, join_garrison
from sim.engine.jit import compiled
from sim.engine.kinds import GARRISON, OPEN_BASE, REINFORCE, RETURN
from sim.engine.rules.base_attempt import open_base
from sim.engine.tables import L_FORCES


@compiled
def movement(w, p, day):
    """Move every force that has a goal; send idle detachments home."""
    for i in range(w.counts[L_FORCES]):
        row = w.live_forces[i]
        f = w.forces[row]
        if f["alive"] == 0:
            continue
        if f["goal"] >= 0:
            march(w, p, row)
            if f["town"] == f["goal"]:
                arrive(w, day, row)
        elif f["orders"] == GARRISON and f["town"] != f["home"] and w.towns[f["town"]]["clash"] < 0:
            if day - f["arrived"] >= p["movement_home_after_days"]:
                go_home(w, day, row)
        elif f["orders"] == OPEN_BASE and f["arrived"] == f["born"] == day:
            open_base(w, day, row)  # a party formed in the town itself


@compiled
def march(w, p, row):
    """Take a force one day towards its goal: road by road, or straight across country where no road is known."""
    f = w.forces[row]
    left = p["movement_road_km_per_day"]
    while left > 0.0 and f["town"] != f["goal"]:
        if f["town"] >= 0:
            road = road_towards(w, f["town"], f["goal"])
            if road < 0:
                cross_country(w, p, row)
                return
            r = w.roads[road]
            f["last_town"] = f["town"]
            f["next_town"] = r["b"] if r["a"] == f["town"] else r["a"]
            f["road"] = road
            f["town"] = -1
            f["travelled"] = 0.0
        elif f["next_town"] < 0:
            cross_country(w, p, row)
            return
        left = along_road(w, row, left)


@compiled
def road_towards(w, town, goal):
    """Return the first road on the shortest way to a town within the map's reach; -1 none."""
    for i in range(w.near_start[town], w.near_start[town + 1]):
        if w.near[i]["town"] == goal:
            return w.near[i]["road"]
    return -1


@compiled
def along_road(w, row, left):
    """Move a force along its road by at most `left` km; return what is left of the day."""
    f = w.forces[row]
    r = w.roads[f["road"]]
    step = min(left, r["km"] - f["travelled"])
    f["travelled"] += step
    share = f["travelled"] / r["km"] if r["km"] > 0.0 else 1.0
    if r["km"] - f["travelled"] <= 1e-9:
        reach(w, row, f["next_town"])
        return left - step
    k = int(share * (r["cells"] - 1) + 0.5)
    if r["a"] != f["last_town"]:
        k = r["cells"] - 1 - k
    cell = w.road_cells[r["first_cell"] + k]
    f["x"], f["y"] = cell["x"], cell["y"]
    return left - step


@compiled
def reach(w, row, town):
    """Put a force in a town."""
    f = w.forces[row]
    f["town"], f["last_town"], f["next_town"], f["road"], f["travelled"] = town, town, -1, -1, 0.0
    f["x"], f["y"] = w.towns[town]["x"], w.towns[town]["y"]


@compiled
def cross_country(w, p, row):
    """Move a force one day straight towards its goal, off road, cell by cell."""
    f = w.forces[row]
    goal = w.towns[f["goal"]]
    if f["town"] >= 0:
        f["last_town"] = f["town"]
        f["town"], f["next_town"], f["road"], f["travelled"] = -1, -1, -1, 0.0
    f["travelled"] += p["movement_offroad_km_per_day"]
    while f["travelled"] >= w.space[0]["cell_km"]:
        f["travelled"] -= w.space[0]["cell_km"]
        f["x"] += min(1, max(-1, goal["x"] - f["x"]))
        f["y"] += min(1, max(-1, goal["y"] - f["y"]))
        if f["x"] == goal["x"] and f["y"] == goal["y"]:
            reach(w, row, f["goal"])
            return


@compiled
def arrive(w, day, row):
    """Carry out a force's orders on arrival; attackers begin their clash later in the day."""
    f = w.forces[row]
    f["goal"] = -1
    f["arrived"] = day
    if f["orders"] == OPEN_BASE:
        open_base(w, day, row)
    elif f["orders"] == RETURN:
        f["orders"] = GARRISON
        join_garrison(w, row)
    elif f["orders"] == REINFORCE and w.towns[f["town"]]["clash"] < 0:
        f["orders"] = GARRISON  # too late for the clash, or massed for an offensive
