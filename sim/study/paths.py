"""How a town came to its holder, over all runs of a study: shares of runs by the way of its last change of holder."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from sim.geography.names import find_place
from sim.study.store import Study

# What tells one way from another; the other kinds of event on the way (demands, days of fighting) are passed over.
STEPS = {
    "policy": "policy",
    "base_attempt": "base attempt",
    "refused": "refusal",
    "complied": "one side gives in",
    "talks": "talks",
    "killing_at_talks": "killing at talks",
    "arrest_raid": "incident",
    "assassination": "incident",
    "road_quarrel": "incident",
    "clash": "clash",
    "front_opened": "fighting spreads",
    "clash_spread": "fighting spreads",
    "agreement_broken": "broken agreement",
    "mobilisation": "offensive",
    "offensive_started": "offensive",
    "assault": "offensive",
    "capture": "another town taken",
    "withdrawal": "another town left",
    "town_neutral": "another town made neutral",
}
LAST = {"capture": "taken", "withdrawal": "left by its garrison", "town_neutral": "made neutral by agreement"}
SPLIT, ARROW = " > ", " \N{RIGHTWARDS ARROW} "
MOST_WAYS = 8
NO_CHANGE = "not taken, left or made neutral"


@dataclass(frozen=True, eq=False)
class Way:
    """One way in which a town changed hands for the last time, and in how many runs of each scenario."""

    holder: str  # control code afterwards; "" for several, or for none
    text: str
    runs: np.ndarray  # i8 [scenarios]


@dataclass(frozen=True, eq=False)
class TownPaths:
    """All ways in which a town came to its holder, the commonest first, then what is left; every run is in one of them."""

    town: str
    label: str
    scenarios: tuple[str, ...]
    runs: np.ndarray  # i8 [scenarios], runs done
    ways: tuple[Way, ...]

    def shares(self, way: Way) -> np.ndarray:
        """Return the share of each scenario's runs that went this way, f8 [scenarios]; NaN without runs."""
        return np.divide(way.runs, self.runs, out=np.full(len(self.runs), np.nan), where=self.runs > 0)


def percent(share: float) -> str:
    """Return a share as whole percent; "under 1 %" and "over 99 %" where it is neither none nor all."""
    if 0 < share < 0.005:
        return "under 1 %"
    return "over 99 %" if 0.995 <= share < 1 else f"{100 * share:.0f} %"


def way_text(path: str) -> str:
    """Return the way that a path of kinds of event describes: each step once, in the order of their first."""
    *before, last = path.split(SPLIT)
    steps = dict.fromkeys(STEPS[kind] for kind in before if kind in STEPS)
    return ARROW.join([*steps, LAST.get(last, STEPS.get(last, last.replace("_", " ")))])


def town_paths(study: Study, word: str) -> TownPaths:
    """Return the ways of a town's last change of holder; KeyError with a clear message where there is no such town.

    As in `why` of a run, a change that no event names (a side merely stood in the town) does not count.
    """
    geography = study.geography()
    place = geography.places[find_place(geography, word)]
    scenarios = tuple(study.scenarios)
    changes = study.changes
    here = changes[(changes["town"] == place.name) & changes["path"].fillna("").ne("")]
    last = here.groupby(["scenario", "replicate"], sort=False).tail(1)  # rows of a run are in order of time
    counts: dict[tuple[str, str], Counter[str]] = {}
    for scenario, holder, path in zip(last["scenario"], last["to"], last["path"], strict=True):
        counts.setdefault((str(holder), way_text(str(path))), Counter())[str(scenario)] += 1
    done = Counter(str(name) for name in study.runs["scenario"])
    runs = np.array([done[name] for name in scenarios], np.int64)
    found = [Way(holder, text, np.array([by[name] for name in scenarios])) for (holder, text), by in counts.items()]
    found.sort(key=lambda way: (-int(way.runs.sum()), way.holder, way.text))
    changed = np.sum([way.runs for way in found], axis=0) if found else np.zeros(len(runs), np.int64)
    ways = (*_folded(found), Way("", NO_CHANGE, runs - changed))
    return TownPaths(place.name, place.label or place.name, scenarios, runs, ways)


def _folded(ways: list[Way]) -> list[Way]:
    """Return the commonest ways, and the others as one."""
    if len(ways) <= MOST_WAYS + 1:
        return ways
    rest = ways[MOST_WAYS:]
    return [*ways[:MOST_WAYS], Way("", f"{len(rest)} other ways", np.sum([way.runs for way in rest], axis=0))]


def paths_lines(study: Study, paths: TownPaths) -> list[str]:
    """Return the shares as lines of text, scenario by scenario."""
    lines = [f"SIMULATED. {study.name}: how {paths.label} came to its holder, by its last change of holder"]
    for number, name in enumerate(paths.scenarios):
        runs = int(paths.runs[number])
        lines.append(f"{name}, {runs} runs:")
        for way in sorted(paths.ways, key=lambda way: -int(way.runs[number])):
            if count := int(way.runs[number]):
                lines.append(
                    f"  {percent(count / runs):>9}  {count:>5}  {f'{way.holder}: ' if way.holder else ''}{way.text}"
                )
    return lines
