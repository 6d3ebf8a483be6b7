"""The names of the summary statistics: what each is called, its unit and what it counts.

A scenario's `headline:` names them. A statistic given for each faction, town or level has several keys in a summary:
`towns_gained` is written `towns_gained.HTS`, `towns_gained.NLF`; either form may be a headline.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

from sim.errors import did_you_mean

Per = Literal["", "faction", "town", "level"]


class Statistic(NamedTuple):
    """A summary statistic. `per` says for what it is given several times, as the part of its key after the dot."""

    label: str
    unit: str
    about: str
    per: Per = ""


STATISTICS: dict[str, Statistic] = {
    "days": Statistic("days simulated", "days", "length of the run"),
    "episodes": Statistic("episodes of fighting", "episodes", "stretches of clashes and lethal incidents among rebels; more than 7 quiet days end one"),
    "episode_days_max": Statistic("longest episode", "days", "first to last day of the longest episode"),
    "episode_days_mean": Statistic("mean episode", "days", "mean length of an episode"),
    "clash_days": Statistic("days with clashes", "days", "days on which rebels clash in at least one town"),
    "clashes": Statistic("clashes", "clash-days", "towns with a clash among rebels, summed over days"),
    "incidents": Statistic("incidents without a base", "incidents", "arrest raids, assassinations and road quarrels among rebels"),
    "first_clash_day": Statistic("day of the first clash among rebels", "day", "0 is the first day; none without a clash"),
    "places_reached": Statistic("places reached by clashes", "places", "towns with a clash among rebels"),
    "longest_calm_days": Statistic("longest calm", "days", "longest stretch without a clash or lethal incident among rebels"),
    "peak_level": Statistic("peak escalation level", "level", "highest level of any pair of rebels, 0 calm to 5 campaign"),
    "days_at_level": Statistic("days at the escalation level", "days", "days on which it is the highest level among rebels", "level"),
    "disputes": Statistic("disputes over bases", "disputes", "bases opened, and demands to close one that no opening caused"),
    "disputes_max": Statistic("most disputes open at once", "disputes", "largest number not settled on a day"),
    "base_attempts": Statistic("base attempts", "attempts", "given and simulated"),
    "bases_opened": Statistic("bases opened", "bases", "by parties that arrived"),
    "talks": Statistic("talks", "talks", "meetings of delegates over a refused demand"),
    "killings_at_talks": Statistic("killings at talks", "killings", "meetings at which delegates were killed"),
    "commanders_killed": Statistic("commanders killed", "commanders", "of all factions"),
    "deaths": Statistic("fighters killed", "fighters", "own fighters killed, by anyone", "faction"),
    "deaths_rebels": Statistic("deaths among rebels", "deaths", "fighters and civilians killed in clashes and incidents among rebels"),
    "deaths_civilians": Statistic("civilians killed", "civilians", "by crossfire and shelling"),
    "acts_against_civilians": Statistic("acts against civilians", "acts", "arrests, injuries and abductions of media workers, health workers and activists"),
    "displaced_max": Statistic("most people displaced at once", "people", "largest number away from home on a day"),
    "towns_gained": Statistic("towns gained", "towns", "held at the end and not at the start", "faction"),
    "towns_lost": Statistic("towns lost", "towns", "held at the start and not at the end", "faction"),
    "towns_end": Statistic("towns held at the end", "towns", "contested towns not counted", "faction"),
    "changes_of_holder": Statistic("changes of holder", "changes", "rows of control_changes.csv; a town that becomes contested, or is so no more, counts"),
    "towns_changed": Statistic("towns with another holder at the end", "towns", "control code at the end is not that of the start"),
    "holder": Statistic("holder at the end", "", "control code of a watched town on the last day", "town"),
    "agreements_signed": Statistic("agreements signed", "agreements", "during the run, those given not counted"),
    "agreements_broken": Statistic("agreements broken", "agreements", "of all in force, those given too"),
    "agreements_expired": Statistic("agreements expired", "agreements", "fixed terms that ran out, of those given too"),
    "first_agreement_day": Statistic("day of the first agreement", "day", "0 is the first day; none without one; those given not counted"),
    "agreement_days_held_median": Statistic("median hold of agreements", "days", "Kaplan-Meier, of those signed in the run; none where over half still hold"),
    "agreement_days_held_mean": Statistic("mean hold of agreements", "days", "Kaplan-Meier, restricted to the longest hold"),
    "violations": Statistic("violations of agreements", "violations", "clashes and incidents in the scope of an agreement in force"),
    "offensive_day": Statistic("day of the first offensive by a government", "day", "0 is the first day; none without one"),
}  # fmt: skip


def base_name(key: str) -> str:
    """Return the name in `STATISTICS` of a key of a summary: `deaths.HTS` is of `deaths`."""
    return key if key in STATISTICS else key.partition(".")[0]


def label(key: str) -> str:
    """Return what a key of a summary is called, with its faction, town or level: "towns gained, HTS"."""
    name = base_name(key)
    rest = key[len(name) + 1 :]
    return f"{STATISTICS[name].label}, {rest}" if rest else STATISTICS[name].label


def headline_faults(names: Iterable[str]) -> list[str]:
    """Return one sentence for each name that is no statistic."""
    return [
        f"{name!r} is not a statistic{did_you_mean(name, STATISTICS)}; known are {', '.join(STATISTICS)}"
        for name in names
        if base_name(name) not in STATISTICS or (name not in STATISTICS and not STATISTICS[base_name(name)].per)
    ]


def expand(names: Iterable[str], summary: Mapping[str, Any]) -> list[str]:
    """Return the keys of a summary that headline names stand for; unknown names are left out."""
    return [key for name in names for key in summary if key == name or (base_name(key) == name and key != name)]
