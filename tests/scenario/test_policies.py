"""Policies: one action each, its own keys, known names, days that a run can reach; each fault with its line."""

from __future__ import annotations

import pytest

from sim.scenario.load import load
from tests.scenario.valleys import GOOD, Faults, Write

ZONE = "zone: {agreed: 2019-12-01, deadline: 2020-02-01}\n"

# A policy, the key below policy.0 of its fault, and words of the fault.
BROKEN = {
    "no action": ("{on: 2020-01-03, fighters: 50}", "", "exactly one of withdraw, enforce_no_expansion, mediate"),
    "misspelt action": ("{withdrw: Red, by: 2020-01-03}", ".withdrw", "did you mean 'withdraw'?"),
    "two actions": ("{mediate: Red, monitor: Red, factor: 2}", ".monitor", "a second action beside mediate"),
    "action of the old form": ("{on: 2020-01-03, action: reinforce}", ".action", "unknown key"),
    "withdrawal without a day": ("{withdraw: Red, from: Hilltop}", ".by", "is missing; withdraw needs it"),
    "day of another action": ("{withdraw: Red, by: 2020-01-09, on: 2020-01-03}", ".on", "does not belong to withdraw"),
    "misspelt faction": ("{withdraw: Rde, by: 2020-01-09}", ".withdraw", "unknown faction 'Rde', did you mean 'Red'?"),
    "group for a faction": ("{withdraw: Red Guard, by: 2020-01-09}", ".withdraw", "unknown faction 'Red Guard'"),
    "towns to somebody": (
        "{withdraw: Red, by: 2020-01-09, towns_to: hostgroup}",
        ".towns_to",
        "did you mean 'host_group'?",
    ),
    "expansion without a factor": ("{enforce_no_expansion: Red}", ".factor", "is missing"),
    "expansion encouraged": ("{enforce_no_expansion: Red, factor: 1.5}", ".factor", "needs less than 1"),
    "expansion perhaps encouraged": (
        "{enforce_no_expansion: Red, factor: {best: 0.5, low: 0.2, high: 1.2}}",
        ".factor.high",
        "needs less than 1",
    ),
    "mediation that hinders": ("{mediate: Turkey, factor: 0.5}", ".factor", "needs more than 1"),
    "misspelt mediator": ("{mediate: Red Gaurd, factor: 2}", ".mediate", "did you mean 'Red Guard'?"),
    "monitoring of nothing": ("{monitor: Turkey, factor: 1}", ".factor", "needs more than 1"),
    "until before on": (
        "{monitor: Turkey, factor: 2, on: 2020-01-09, until: 2020-01-05}",
        ".until",
        "2020-01-05 is before the first day",
    ),
    "reinforced nowhere": ("{reinforce: Blue, on: 2020-01-03, fighters: 50}", ".in", "is missing; reinforce needs it"),
    "reinforced by nobody knows how many": ("{reinforce: Blue, on: 2020-01-03, in: X}", ".fighters", "is missing"),
    "unknown group": (
        "{reinforce: Blau, on: 2020-01-03, in: X, fighters: 50}",
        ".reinforce",
        "unknown group 'Blau', did you mean 'Blue'?",
    ),
    "too few fighters": (
        "{reinforce: Blue, on: 2020-01-03, in: X, fighters: 0}",
        ".fighters",
        "allowed is 1 to 100000 fighters",
    ),
    "before the start": (
        "{reinforce: Blue, on: 2019-01-03, in: X, fighters: 50}",
        ".on",
        "2019-01-03 is before the start, 2020-01-01",
    ),
    "withdrawal before the start": ("{withdraw: Red, by: 2019-01-03}", ".by", "before the start"),
    "beyond any run": ("{monitor: Turkey, factor: 2, until: 2050-01-01}", ".until", "more than 4000 days"),
    "merging into nothing": ("{merge_groups: [Red Guard], on: 2020-01-03}", ".into", "is missing"),
    "merging a stranger": (
        "{merge_groups: [Red Gard], into: Red Guard, on: 2020-01-03}",
        ".merge_groups.0",
        "did you mean 'Red Guard'?",
    ),
    "merging across factions": (
        "{merge_groups: [Blue], into: Red Guard, on: 2020-01-03}",
        ".merge_groups.0",
        "only groups of one faction merge",
    ),
    "merging with itself": (
        "{merge_groups: [Red Guard], into: Red Guard, on: 2020-01-03}",
        ".merge_groups",
        "no group that would join another",
    ),
    "cohesion of no merger": (
        "{reinforce: Blue, on: 2020-01-03, in: X, fighters: 50, cohesion: 1}",
        ".cohesion",
        "does not belong to reinforce",
    ),
}
FINE = (
    "{withdraw: Red, from: zone, by: 2020-01-09, towns_to: neutral, may_return: false, source: assumed}",
    "{withdraw: Red, from: Hilltop, by: 2020-01-09}",
    "{enforce_no_expansion: Red, factor: {best: 0.2, low: 0.1, high: 0.5, source: assumed}, until: 2020-02-01}",
    "{mediate: Turkey, factor: 2, on: 2020-01-03}",
    "{mediate: Red Guard, factor: 1.5}",
    "{monitor: UN, factor: 3}",
    "{reinforce: Blue, on: 2020-01-03, in: Hilltop, fighters: 50}",
    '{merge_groups: ["St. John\'s Band"], into: Red Guard, on: 2020-01-03, cohesion: 0.7}',
)


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_policy_names_its_line_and_what_is_needed(case: str, write: Write, faults_of: Faults) -> None:
    said, key, words = BROKEN[case]
    path = write(GOOD + ZONE + f"policy:\n  - {said}\n")
    faults = faults_of(path)
    matching = [fault for fault in faults if fault.key == f"policy.0{key}" and words in fault.message]
    assert matching, [str(fault) for fault in faults]
    assert (matching[0].file, matching[0].line) == (str(path), len(GOOD.splitlines()) + 3)


def test_sound_policies_are_read(write: Write) -> None:
    lines = "".join(f"  - {said}\n" for said in FINE)
    policies = load(write(GOOD + ZONE + f"policy:\n{lines}")).scenario.policy
    assert len(policies) == len(FINE)
    assert (policies[0].from_place, policies[0].may_return, policies[6].in_town) == ("zone", False, "Hilltop")


@pytest.mark.parametrize(("said", "key"), [(", from: zone", "from"), ("", "withdraw")])
def test_no_faction_can_leave_a_zone_that_does_not_exist(said: str, key: str, write: Write, faults_of: Faults) -> None:
    faults = faults_of(write(GOOD + f"policy: [{{withdraw: Red, by: 2020-01-09{said}}}]\n"))
    assert [(fault.key, fault.line) for fault in faults] == [(f"policy.0.{key}", len(GOOD.splitlines()) + 1)]
    assert "has no zone" in faults[0].message
