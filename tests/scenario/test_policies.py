"""Policies: one action each, its own keys, known names, days that a run can reach; each fault with its line."""

from __future__ import annotations

import pytest

from sim.scenario.load import load
from tests.scenario.valleys import GOOD, Faults, Write

ZONE = "zone: {agreed: 2019-12-01, deadline: 2020-02-01}\n"

FORCE = "Force: {role: peacekeeper, groups: {Force: {fighters: 50}}}"


def with_factions(*factions: str) -> str:
    """Return the good scenario with more factions, a line each."""
    lines = GOOD.splitlines(keepends=True)
    first = next(index for index, line in enumerate(lines) if line.startswith("factions:")) + 1
    return "".join([*lines[:first], *(f"  {faction}\n" for faction in factions), *lines[first:]])


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
    "guarantor without a force": ("{guarantor: UN, credibility: 0.5}", ".fighters", "is missing; guarantor needs it"),
    "guarantor without credibility": ("{guarantor: UN, fighters: 50}", ".credibility", "is missing"),
    "guarantor whom nobody believes": ("{guarantor: UN, fighters: 50, credibility: 0}", ".credibility", "more than 0"),
    "too credible": ("{guarantor: UN, fighters: 50, credibility: 2}", ".credibility", "allowed is 0 to 1 share"),
    "guarantor without fighters": ("{guarantor: UN, fighters: 0, credibility: 1}", ".fighters", "allowed is 1 to"),
    "misspelt guarantor": ("{guarantor: Red Gaurd, fighters: 50, credibility: 1}", ".guarantor", "'Red Guard'?"),
    "guarantee for a stranger": (
        "{guarantor: UN, fighters: 50, credibility: 1, between: [Red, Blu]}",
        ".between.1",
        "unknown faction or group 'Blu', did you mean 'Blue'?",
    ),
    "guarantee within a faction": (
        "{guarantor: UN, fighters: 50, credibility: 1, between: [Red, Red Guard]}",
        ".between",
        "both sides belong to 'Red'",
    ),
    "guarantee for one": ("{guarantor: UN, fighters: 50, credibility: 1, between: [Red]}", ".between", "2"),
    "sanctions on nobody": (
        "{sanctions: Rde, factor: 0.5}",
        ".sanctions",
        "unknown faction 'Rde', did you mean 'Red'?",
    ),
    "sanctions that help": (
        "{sanctions: Red, factor: 1.5}",
        ".factor",
        "would not press the faction; needs less than 1",
    ),
    "sanctions that end all": ("{sanctions: Red, factor: 0}", ".factor", "0 is not allowed for sanctions"),
    "support that hinders": ("{support: Red, factor: 0.5}", ".factor", "would not back the faction; needs more than 1"),
    "support of a place": ("{support: Red, factor: 2, in: Hilltop}", ".in", "does not belong to support"),
    "nobody knows how many demobilise": ("{demobilise: Red, on: 2020-01-03}", ".fighters", "`fighters:` or `share:`"),
    "two counts of who demobilises": (
        "{demobilise: Red, on: 2020-01-03, fighters: 5, share: 0.1}",
        ".share",
        "a second count beside fighters",
    ),
    "no share demobilises": ("{demobilise: Red, on: 2020-01-03, share: 0}", ".share", "needs more than 0"),
    "more demobilise than there are": (
        "{demobilise: Red, on: 2020-01-03, fighters: 90000}",
        ".fighters",
        "90000 is more than 'Red' has,",
    ),
    "demobilised before the start": ("{demobilise: Red, on: 2019-01-03, share: 1}", ".on", "before the start"),
    "demobilised in the zone": ("{demobilise: Red, on: 2020-01-03, share: 1, in: zone}", ".in", "needs a town"),
    "garrison nowhere": ("{garrison: Red, on: 2020-01-03, fighters: 5}", ".in", "is missing; garrison needs it"),
    "garrison of nobody": ("{garrison: Rod, in: Hilltop, on: 2020-01-03, fighters: 5}", ".garrison", "did you mean"),
    "garrison larger than its faction": (
        "{garrison: Red, in: Hilltop, on: 2020-01-03, fighters: {best: 5, low: 1, high: 90000, source: assumed}}",
        ".fighters.high",
        "90000 is more than 'Red' has,",
    ),
    "garrison that leaves before it comes": (
        "{garrison: Red, in: Hilltop, on: 2020-01-03, until: 2020-01-02, fighters: 5}",
        ".until",
        "is before the first day",
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
    "{guarantor: UN, fighters: 500, credibility: 1}",
    "{guarantor: Red Guard, fighters: 500, credibility: 0.5, in: zone, between: [Red, Blue], until: 2020-02-01}",
    "{guarantor: UN, fighters: {best: 9, low: 1, high: 50, source: assumed}, credibility: 0.5, in: Hilltop}",
    "{sanctions: Red, factor: 0.5, on: 2020-01-03, until: 2020-02-03}",
    "{support: Blue, factor: 2}",
    "{demobilise: Red Guard, share: 1, on: 2020-01-03, in: Hilltop}",
    "{demobilise: Blue, fighters: 5, on: 2020-01-03}",
    "{garrison: Blue, fighters: 5, in: Hilltop, on: 2020-01-03, until: 2020-01-13}",
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


@pytest.mark.parametrize(
    ("policy", "key", "words"),
    [
        ("{guarantor: UN, fighters: 5, credibility: 1, in: zone}", "in", "has no zone to cover"),
        ("{sanctions: Crown, factor: 0.5}", "sanctions", "'Crown' has the role government"),
        ("{guarantor: UN, fighters: 5, credibility: 1, between: [Red, Crown]}", "between.1", "is about rebels"),
        ("{withdraw: Force, by: 2020-01-09, towns_to: neutral}", "towns_to", "is a peacekeeper and holds none"),
        ("{enforce_no_expansion: Force, factor: 0.5}", "enforce_no_expansion", "may withdraw, reinforce or demobilise"),
        ("{garrison: Force, in: Hilltop, on: 2020-01-03, fighters: 5}", "garrison", "may withdraw, reinforce"),
        ("{reinforce: Blue, in: Hilltop, on: 2020-01-03, fighters: 5, mandate: observe}", "mandate", "'Blue' is none"),
        ("{guarantor: UN, fighters: 5, credibility: 1, between: [Red, Force]}", "between.1", "no party to agreements"),
        ("{withdraw: Force, from: zone, by: 2020-01-09}", "from", "has no zone"),
    ],
)
def test_what_a_policy_cannot_be_about_is_reported(
    policy: str, key: str, words: str, write: Write, faults_of: Faults
) -> None:
    text = with_factions("Crown: {role: government, groups: {Crown: {}}}", FORCE)
    faults = faults_of(write(f"{text}policy: [{policy}]\n"))
    assert [(fault.key, fault.line) for fault in faults] == [(f"policy.0.{key}", len(text.splitlines()) + 1)]
    assert words in faults[0].message


@pytest.mark.parametrize(
    "policy", ["{withdraw: Force, by: 2020-01-09}", "{demobilise: Force, share: 0.5, on: 2020-01-09}"]
)
def test_peacekeepers_may_leave_without_a_zone(policy: str, write: Write) -> None:
    assert len(load(write(with_factions(FORCE) + f"policy: [{policy}]\n")).scenario.policy) == 1


@pytest.mark.parametrize(
    ("faction", "key", "words"),
    [
        ("Force: {role: peacekeeper, groups: {Force: {}}}", "groups.Force.fighters", "is missing"),
        ("Force: {role: peacekeeper, groups: {A: {fighters: 5}, B: {fighters: 5}}}", "groups", "has 2 groups"),
        (
            "Force: {role: rebel, groups: {Force: {fighters: 5}}, peacekeeping: {}}",
            "peacekeeping",
            "belongs to the role",
        ),
        (
            "Force: {role: peacekeeper, groups: {Force: {fighters: 5}}, peacekeeping: {mandate: fight}}",
            "peacekeeping.mandate",
            "allowed: observe, protect, intervene",
        ),
        (
            "Force: {role: peacekeeper, groups: {Force: {fighters: 5}}, peacekeeping: {guards: {Hilltop: {fighters: -1}}}}",
            "peacekeeping.guards.Hilltop.fighters",
            "at least 0",
        ),
    ],
)
def test_faults_of_peacekeepers_are_reported(
    faction: str, key: str, words: str, write: Write, faults_of: Faults
) -> None:
    (fault,) = faults_of(write(with_factions(faction)))
    assert fault.key == f"factions.Force.{key}"
    assert words in fault.message
