"""Runs a scenario on the same seeds with and without a change, and says how often the change made a difference.

python docs/seeds.py scenarios/two_valleys.yaml rules.spread.call_to_arms=false
python docs/seeds.py scenarios/two_valleys.yaml --seeds 10 rules.ceasefire.suppression=0.9
"""

from __future__ import annotations

import argparse
from statistics import mean

import sim

RESULTS = (
    "clash_days",
    "places_reached",
    "deaths_rebels",
    "changes_of_holder",
    "agreements_signed",
    "agreement_days_held_median",
)


def main(arguments: list[str] | None = None) -> None:
    """Print one line for each result: means without and with the change, seeds in which it is less and more."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("scenario")
    parser.add_argument("changes", nargs="+", metavar="KEY=VALUE")
    parser.add_argument("--seeds", type=int, default=40)
    chosen = parser.parse_args(arguments)
    pairs = [
        (sim.simulate(chosen.scenario, seed).summary, sim.simulate(chosen.scenario, seed, chosen.changes).summary)
        for seed in range(1, chosen.seeds + 1)
    ]
    print(f"SIMULATED, {chosen.seeds} seeds{'':9} without      with   less in  more in")
    for key in RESULTS:
        known = [(a[key], b[key]) for a, b in pairs if a[key] is not None and b[key] is not None]
        if known:
            means = [mean(float(pair[i]) for pair in known) for i in (0, 1)]
            less, more = sum(b < a for a, b in known), sum(b > a for a, b in known)
            print(f"{key:28} {means[0]:8.1f}  {means[1]:8.1f}  {less:8} {more:8}  of {len(known)} seeds")


if __name__ == "__main__":
    main()
