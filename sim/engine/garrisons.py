"""Where fighters stand on the first day: garrisons by town, and reserves over the main towns of each group.

Garrisons are in proportion to the square root of population, times `front_weight` at the line of contact; the rest are
reserves, spread over the `reserve_towns` largest towns of the group in the same proportion without the front. No source
says where the fighters of a group stood: both numbers are assumed, and batches vary them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.engine.draws import identity, name_key

if TYPE_CHECKING:
    from sim.geography.maps import Geography
    from sim.geography.towns import Holding

GUEST = 0.4  # weight of a town in which a group is a guest, where one that it holds has 1


class Stands(NamedTuple):
    """Where groups may stand: n rows, those of a group its garrisons, then its reserves, the main towns first."""

    groups: int
    post: np.ndarray  # i8 [n], twice the group, and one more for reserves
    rank: np.ndarray  # i8 [n], 0, 1, 2 among the rows of a post
    town: np.ndarray  # i8 [n]
    weight: np.ndarray  # f8 [n], without the front
    front: np.ndarray  # i8 [n], 1 for a garrison at the line of contact
    key: np.ndarray  # i8 [n], identity of the force


def town_weights(towns: np.ndarray) -> np.ndarray:
    """Return the weight of each town for garrisons, f8 [T]: the square root of its population, within limits."""
    return np.clip(np.sqrt(towns["population"] / 5000.0), 0.4, 4.0)


def front_towns(towns: np.ndarray, geography: Geography, government: np.ndarray) -> np.ndarray:
    """Return which towns lie at the line of contact, bool [T].

    `government`: bool [T], towns that a government holds.
    """
    beside = np.repeat(np.arange(len(towns)), np.diff(geography.adjacent_start))
    front = np.zeros(len(towns), bool)
    front[beside[government[geography.adjacent] != government[beside]]] = True
    return front


def stands_of(
    groups: Sequence[str],
    holdings: Sequence[Holding],
    names: Sequence[str],
    keys: Sequence[int],
    weights: np.ndarray,
    front: np.ndarray,
    guards: Mapping[str, Mapping[int, float]],
) -> Stands:
    """Return where groups may stand.

    Of the towns: who holds them, their names, identities, weights for garrisons, and whether they lie at the front.
    `guards`: of each group of peacekeepers the weight of each town that it guards; it has no reserves.
    """
    where: dict[str, list[int]] = {}  # group -> towns that it holds or contests
    for town, holding in enumerate(holdings):
        for name in dict.fromkeys(holding.groups):
            where.setdefault(name, []).append(town)
    rows: list[tuple[int, int, int, float, int, int]] = []
    for group, name in enumerate(groups):
        own = {
            town: weights[town] * (1.0 if holdings[town].groups[0] == name else GUEST) for town in where.get(name, [])
        }
        weight_by_town = dict(guards[name]) if name in guards else own
        towns = list(weight_by_town)
        main = sorted((-weight, names[town], town) for town, weight in weight_by_town.items())
        at_front = np.zeros_like(front) if name in guards else front  # guards stand between others' lines, not at one
        for reserve, some in enumerate((towns, [town for _, _, town in main])):
            keys_of = (identity(name_key(name), keys[town] ^ (1 + reserve)) for town in some)
            rows += [
                (2 * group + reserve, rank, town, weight_by_town[town], int(at_front[town] and not reserve), key)
                for rank, (town, key) in enumerate(zip(some, keys_of, strict=True))
            ]
    columns = np.array(
        rows, [("post", "i8"), ("rank", "i8"), ("town", "i8"), ("weight", "f8"), ("front", "i8"), ("key", "i8")]
    )
    return Stands(len(groups), *(columns[name].copy() for name in Stands._fields[1:]))


def manned(
    stands: Stands, fighters: Sequence[int], shares: Sequence[float], front_weight: float, reserve_towns: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of `stands` in which somebody stands, and how many fighters there, both i8 [n].

    `fighters`: of each group; its share of `shares` are in garrisons, the others in its `reserve_towns` main towns.
    """
    total, limits = [], []
    for number, share in zip(fighters, shares, strict=True):
        garrison = round(number * share)
        total += [garrison, number - garrison]
        limits += [len(stands.post), max(1, round(reserve_towns))]
    rows = np.flatnonzero(stands.rank < np.array(limits)[stands.post])
    weights = stands.weight[rows] * np.where(stands.front[rows] == 1, front_weight, 1.0)
    parts = split(np.array(total), stands.post[rows], weights)
    there = parts > 0
    return rows[there], parts[there]


def split(total: np.ndarray, part_of: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Split whole numbers by weights, by largest remainder; the parts of each sum to it exactly.

    `total`, i8 [m]; of each part `part_of`, i8 [n] in rising order, its index in `total`, and `weight`, f8 [n] above 0.
    """
    bounds = np.searchsorted(part_of, np.arange(len(total) + 1))
    all_weights = weight.tolist()
    # fsum is exact: sum() rounds otherwise from Python 3.12 on
    sums = np.array([math.fsum(all_weights[a:b]) for a, b in pairwise(bounds.tolist())])
    exact = weight * (total / np.where(sums > 0, sums, 1.0))[part_of]
    parts = exact.astype(np.int64)
    order = np.lexsort((parts - exact, part_of))  # stable: of equal remainders the first
    left = total - np.bincount(part_of, parts, len(total)).astype(np.int64)
    parts[order[np.arange(len(order)) < (bounds[:-1] + left)[part_of]]] += 1
    return parts
