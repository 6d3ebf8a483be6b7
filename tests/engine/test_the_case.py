"""What the two scenarios of the case come to over 200 seeds, printed; and what the zone does to the offensive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np

from sim.engine.simulation import Result
from sim.geography.towns import find_place
from tests.engine.worlds import events_of

SEEDS = 200
Runs = Callable[..., list[Result]]
NAMED = ("Dar'at Izza", "Sheikh Khader", "Jamiat al-Rahal", "Shamiku")  # the article's places beside Kafr Hamra


def share(flags: list[bool]) -> str:
    return f"{np.mean(flags):4.0%}"


def test_kafr_hamra_over_two_hundred_seeds(runs: Runs) -> None:
    found = runs("kafr_hamra", seeds=SEEDS)
    geography = found[0].geography
    town = find_place(geography, "Kafr Hamra")
    around = {find_place(geography, name) for name in NAMED}
    for place in tuple(around):
        around |= {
            int(t) for t in geography.adjacent[geography.adjacent_start[place] : geography.adjacent_start[place + 1]]
        }
    around.discard(town)
    clashed, here, died, spread, holders, truce = [], [], [], [], Counter(), []
    for run in found:
        clash = events_of(run.world, "clash")
        clashed.append(bool((clash["day"] >= 14).any()))
        here.append(bool((clash["town"] == town).any()))
        died.append(len(events_of(run.world, "commander_killed")) > 0)
        spread.append(len(around & set(clash["town"].tolist())) >= 2)
        holder = int(run.world.towns["holder"][town])
        holders[run.factions[run.world.groups["faction"][holder]] if holder >= 0 else "neutral"] += 1
        signed = events_of(run.world, "agreement_signed")["day"]
        truce += [int((signed[signed >= 14] - 14).min())] if (signed >= 14).any() else []
    print(f"\nkafr_hamra, seeds 1-{SEEDS}, from the attempt of 29 Oct on")
    print(f"clashes {share(clashed)}; in Kafr Hamra itself {share(here)}; a commander killed {share(died)}")
    print(f"clashes in two or more of the places the article names or their neighbours {share(spread)}")
    print("Kafr Hamra held at the end by " + ", ".join(f"{who} {n / SEEDS:.1%}" for who, n in holders.most_common()))
    print(
        f"days to the next agreement: quartiles {np.quantile(truce, [0.25, 0.5, 0.75]).tolist()} in {len(truce)} runs"
    )
    assert np.mean(clashed) > 0.8
    assert 0.2 < np.mean(here) < 0.9
    assert np.mean(spread) > 0.2
    assert 0.02 < holders["HTS"] / SEEDS < 0.98
    assert holders["NLF"] > 0


def test_disputes_begin_in_many_towns_without_given_events(runs: Runs) -> None:
    found = runs("greater_idlib_2018", seeds=SEEDS)
    where: Counter[str] = Counter()
    first, kinds_seen = [], Counter()
    for run in found:
        opened = events_of(run.world, "base_opened")
        for event in opened:
            where[run.geography.places[int(event["town"])].name] += 1
            kinds_seen[run.factions[int(event["initiator"])]] += 1
        first.append(int(opened["day"].min()) if len(opened) else run.days)
    print(f"\ngreater_idlib_2018, seeds 1-{SEEDS}: {sum(where.values())} bases opened in {len(where)} towns")
    print("by " + ", ".join(f"{who} {n}" for who, n in kinds_seen.most_common()))
    print("most often in " + ", ".join(f"{name} {n}" for name, n in where.most_common(12)))
    print(f"day of the first: quartiles {np.quantile(first, [0.25, 0.5, 0.75]).tolist()}")
    assert len(where) > 30
    assert min(kinds_seen["HTS"], kinds_seen["NLF"]) > 10


def chances(found: list[Result]) -> list[tuple[int, float]]:
    rows = [row for run in found for row in events_of(run.world, "mobilisation")]
    return [(int(row["day"]), float(row["probability"])) for row in rows]


def test_fighters_in_the_zone_move_the_offensive_only_where_provocation_is_on(runs: Runs) -> None:
    """Without provocation and patience lost, who stands in the zone does not move the hazard by a hair."""
    alone = ("rules.offensive.opportunity=false", "rules.offensive.patience_loss_per_month=0")
    off = (*alone, "rules.offensive.provocation=false", "rules.offensive.calendar_per_month=0.5")
    legal = "factions.HTS.proscribed=false"
    assert chances(runs("kafr_hamra", *off, seeds=60)) == chances(runs("kafr_hamra", *off, legal, seeds=60)) != []
    on = (*alone, "rules.offensive.calendar=false", "rules.offensive.provocation_per_month=5")
    assert len(chances(runs("kafr_hamra", *on, seeds=60))) > 10
    assert chances(runs("kafr_hamra", *on, legal, seeds=60)) == []
