"""Routes: from every town the shortest way by road to each town within reach, and the first road on it."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np

from sim.geography.roads import Link

NEAR = np.dtype([("town", "i8"), ("km", "f8"), ("road", "i8")])
REACH_KM = 60.0
METRES = 1000


def near_table(
    links: Sequence[Link], beside: Sequence[Sequence[tuple[int, int]]], reach_km: float = REACH_KM
) -> tuple[np.ndarray, np.ndarray]:
    """Return `near` (NEAR, all towns one after another, by km) and `near_start` (i8 [T + 1]).

    A town is not near itself; a town one road away always is. Distances are added in whole metres, so that they are
    the same both ways and on every machine. Work grows with the number of towns times the towns within reach.
    """
    metres = [max(1, round(link.km * METRES)) for link in links]
    roads = [[(other, metres[road], road) for other, road in pairs] for pairs in beside]
    found: list[tuple[int, float, int]] = []
    start = np.zeros(len(beside) + 1, np.int64)
    for town in range(len(beside)):
        found += _from(town, roads, round(reach_km * METRES))
        start[town + 1] = len(found)
    return np.array(found, NEAR), start


def _from(origin: int, roads: Sequence[Sequence[tuple[int, int, int]]], reach: int) -> list[tuple[int, float, int]]:
    """Return (town, km, first road) for the towns within reach of one, by distance (Dijkstra 1959)."""
    best = {origin: 0}
    first: dict[int, int] = {}
    done: set[int] = set()
    heap = [(0, origin)]
    found = []
    while heap:
        length, town = heapq.heappop(heap)
        if town in done:
            continue
        done.add(town)
        if town != origin:
            found.append((town, length / METRES, first[town]))
        for other, metres, road in roads[town]:
            total = length + metres
            if (total <= reach or town == origin) and total < best.get(other, total + 1):
                best[other] = total
                first[other] = road if town == origin else first[town]
                heapq.heappush(heap, (total, other))
    return found
