"""Diagnoses where a study's forecast puts events: against all towns alike and against town values, before the forecast and after.

python docs/places.py outputs/hindcast_2018_10 scenarios/observed/greater_idlib_2018_10 ged.csv

The weight of the model in a mixture with either baseline is the one that would have scored best over the earlier events of the file.
"""

from __future__ import annotations

import argparse
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from sim.study.store import Study
from sim.validation.baselines import value_places
from sim.validation.forecasts import can_fight, of_study
from sim.validation.observed import read_events, sides_named
from sim.validation.outcome import codes_of, read_outcome
from sim.validation.pattern_file import find_patterns, read_patterns
from sim.validation.pattern_nulls import Towns, places_of

WEIGHTS = np.linspace(0, 1, 101)
SEED = 1
DRAWS = 20_000  # of as many events as were observed


def log_score(chance: np.ndarray, events: np.ndarray) -> float:
    """Return minus the mean log of the chance of each event's town, nats; `chance` f8 [T], `events` [T] are counts by town."""
    known = events > 0
    with np.errstate(divide="ignore"):  # an event where none was possible: a score without end
        return float(-(events[known] * np.log(chance[known])).sum() / events.sum())


def best_weight(model: np.ndarray, baseline: np.ndarray, events: np.ndarray) -> float:
    """Return the model's weight in a mixture with a baseline, 0 to 1 in steps of 0.01, that scores best over some events."""
    return float(min(WEIGHTS, key=lambda weight: log_score(weight * model + (1 - weight) * baseline, events)))


def earlier_events(file: Path, first: date, start: date, towns: Towns, map_name: str) -> np.ndarray:
    """Return the located events of a file between the sides of the map's patterns from a day to the day before another: i8 [T]."""
    patterns = find_patterns(None, map_name)
    log = read_events([file]).log(first, (start - first).days, sides_named(read_patterns(patterns), patterns))
    counts = places_of(log, towns)
    return np.array([counts.get(name, 0) for name in towns.name])


def main(arguments: list[str] | None = None) -> None:
    """Print scores of the model and the baselines, the weights chosen before the forecast, and shares by governorate."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("study", type=Path)
    parser.add_argument("observed", type=Path)
    parser.add_argument("events", type=Path)
    parser.add_argument("--from", dest="first", type=date.fromisoformat, default=date(2016, 12, 1))
    chosen = parser.parse_args(arguments)
    study = Study.open(chosen.study)
    name, scenario = next(iter(study.scenarios.items()))
    geography = study.geography()
    outcome = read_outcome(chosen.observed, scenario, geography)
    forecast = of_study(study, name, geography, outcome)
    inside, model = can_fight(forecast.began, scenario), forecast.places
    value = value_places(geography, inside)
    assert model is not None
    assert value is not None
    baselines = {"all towns alike": inside / inside.sum(), "town values": value}
    towns = Towns.of(geography)
    earlier = earlier_events(chosen.events, chosen.first, scenario.start, towns, scenario.map) * inside
    later = np.bincount(outcome.places, minlength=len(model)) * inside
    print(f"SIMULATED, {chosen.study}; nats an event")
    print(
        f"{'':24}{earlier.sum():4} events from {chosen.first} to {scenario.start - timedelta(days=1)}; {later.sum()} later"
    )
    for label, chance in {"model": model, **baselines}.items():
        print(f"{label:24}{log_score(chance, earlier):8.3f}{log_score(chance, later):26.3f}")
    for label, chance in baselines.items():
        weight = best_weight(model, chance, earlier)
        mixed = weight * model + (1 - weight) * chance
        print(f"{f'{weight:.2f} model, {label}':24}{log_score(mixed, earlier):8.3f}{log_score(mixed, later):26.3f}")
    print_own_score(model, later)
    towns_of = {
        "governorate": np.array([town.governorate for town in geography.places], dtype=object),
        "held by": np.array(codes_of(scenario), dtype=object)[forecast.began],
    }
    for label, names in towns_of.items():
        print_shares(label, names, (inside, model, earlier, later))


def print_own_score(model: np.ndarray, later: np.ndarray) -> None:
    """Print the score of the model if its own shares were the truth, and the chance of one as bad as that over `later` events, i8 [T]."""
    drawn = np.random.default_rng(SEED).multinomial(later.sum(), model, size=DRAWS)
    scores = np.array([log_score(model, events) for events in drawn])
    worse = float(np.mean(scores >= log_score(model, later)))
    print(
        f"if events were drawn from the model's shares it would score {scores.mean():.3f}, as badly in {worse:.1%} of draws"
    )


def print_shares(label: str, names: np.ndarray, parts: tuple[np.ndarray, ...]) -> None:
    """Print, for each name of a grouping of towns, object [T], its share of towns, of the model's events, of earlier and later ones."""
    inside = parts[0]
    for name in sorted(set(names[inside])):
        towns, model, earlier, later = (part[names == name].sum() / part.sum() for part in parts)
        print(
            f"{label} {name}: {towns:.0%} of towns, {model:.0%} of the model's events, {earlier:.0%} earlier, {later:.0%} later"
        )


if __name__ == "__main__":
    main()
