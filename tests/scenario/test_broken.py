"""Broken scenarios: each gives one line that names the place, the fault and what is allowed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
import yaml

import sim.scenario.yaml_reader as reader
from sim.errors import InputError
from sim.scenario.load import load
from tests.scenario.valleys import GOOD, Faults, Write

# What is replaced in the good scenario (of 21 lines), by what, and the line, key and words of the fault.
BROKEN = {
    "unknown key": ("title: Two", "titel: Two", 2, "titel", "unknown key, did you mean 'title'?"),
    "missing key": ("map: two_valleys\n", "", 1, "map", "is missing; it is required (folder of scenarios/maps)"),
    "unknown key of a group": (
        "{fighters: 400}",
        "{figthers: 400}",
        15,
        "factions.Blue.groups.Blue.figthers",
        "did you mean 'fighters'?",
    ),
    "unknown key of a number": (
        "best: 500, low",
        "bset: 500, low",
        11,
        "factions.Red.groups.Red Guard.fighters.bset",
        "did you mean 'best'?",
    ),
    "in_town is written in": ("in: Hilltop", "in_town: Hilltop", 21, "given.0.in_town", "unknown key"),
    "text for a whole number": ("days: 60", "days: sixty", 5, "days", "needs a whole number, got 'sixty'"),
    "fraction for a whole number": ("days: 60", "days: 60.5", 5, "days", "needs a whole number, got 60.5"),
    "days out of range": ("days: 60", "days: 5000", 5, "days", "allowed is at most 4000"),
    "no days": ("days: 60", "days: 0", 5, "days", "allowed is at least 1"),
    "quoted number": (
        "fighters: 400",
        'fighters: "400"',
        15,
        "factions.Blue.groups.Blue.fighters",
        "needs a number, or {best, low, high, source}, got '400'",
    ),
    "truth for a number": ("fighters: 400", "fighters: true", 15, "factions.Blue.groups.Blue.fighters", "number"),
    "negative fighters": (
        "fighters: 400",
        "fighters: -4",
        15,
        "factions.Blue.groups.Blue.fighters",
        "-4 is out of range, allowed is 0 to 200000 fighters",
    ),
    "high out of range": (
        "high: 900",
        "high: 900000",
        11,
        "factions.Red.groups.Red Guard.fighters.high",
        "allowed is 0 to 200000",
    ),
    "best outside its interval": (
        "low: 300",
        "low: 600",
        11,
        "factions.Red.groups.Red Guard.fighters",
        "best must lie between low and high",
    ),
    "low without high": (
        "low: 300, high: 900",
        "low: 300",
        11,
        "factions.Red.groups.Red Guard.fighters",
        "low and high go together",
    ),
    "solidarity out of range": (
        "Guard: 0.9",
        "Guard: 9",
        12,
        'factions.Red.groups."St. John\'s Band".solidarity_with.Red Guard',
        "allowed is 0 to 1 probability",
    ),
    "infinity": (
        "fighters: 400",
        "fighters: .inf",
        15,
        "factions.Blue.groups.Blue.fighters",
        "must be a finite number",
    ),
    "not a number": (
        "fighters: 400",
        "fighters: .NaN",
        15,
        "factions.Blue.groups.Blue.fighters",
        "must be a finite number",
    ),
    "overflow": ("fighters: 400", "fighters: 1e999", 15, "factions.Blue.groups.Blue.fighters", "too large"),
    "endless number": (
        "fighters: 400",
        "fighters: " + "9" * 5000,
        15,
        "factions.Blue.groups.Blue.fighters",
        "more than 60 characters",
    ),
    "unknown role": (
        "role: rebel\n    groups:\n",
        "role: rebbel\n    groups:\n",
        9,
        "factions.Red.role",
        "'rebbel' is not known here, did you mean 'rebel'?",
    ),
    "no is text": (
        "title: Two",
        "rules: {incident: {enabled: no}}\ntitle: Two",
        2,
        "rules.incident.enabled",
        "needs true or false, got 'no'",
    ),
    "unknown variant": (
        "title: Two",
        "rules: {clash: {attrition: sqare}}\ntitle: Two",
        2,
        "rules.clash.attrition",
        "did you mean 'square'? allowed: stochastic, linear, square",
    ),
    "short question": (
        "Who holds the two valleys after a year?",
        "Who?",
        1,
        "question",
        "too short, at least 10 characters",
    ),
    "colour": (
        "    groups: {Blue",
        "    colour: red\n    groups: {Blue",
        15,
        "factions.Blue.colour",
        "needs a colour such as '#D55E00'",
    ),
    "list for a mapping": (
        "  inquiry: {chance: 0.5}",
        "  - inquiry",
        16,
        "terms",
        "needs a mapping from names, got a list",
    ),
    "number for a mapping": ("{fighters: 400}", "400", 15, "factions.Blue.groups.Blue", "needs a mapping, got 400"),
    "no factions": (
        GOOD[GOOD.index("factions:") : GOOD.index("terms:")],
        "factions: {}\n",
        7,
        "factions",
        "too few entries: 0, allowed is at least 1",
    ),
    "date that is not": ("2020-01-01", "2020-02-30", 4, "start", "there is no date 2020-02-30"),
    "date in another form": (
        "2020-01-01",
        "01.01.2020",
        4,
        "start",
        "needs a date such as 2020-03-14, got '01.01.2020'",
    ),
    "early start": ("2020-01-01", "1820-01-01", 4, "start", "allowed is 1900 to 2200"),
    "event that no run reaches": ("on: 2020-01-05", "on: 2050-03-01", 21, "given.0.on", "more than 4000 days after"),
    "event before the start": ("on: 2020-01-05", "on: 2019-01-05", 21, "given.0.on", "before the start, 2020-01-01"),
    "base attempt by nobody": ("by: Blue, ", "", 21, "given.0.by", "is missing; the event base_attempt needs it"),
    "agreement without one": (
        "event: base_attempt, by: Blue, in: Hilltop",
        "event: agreement",
        21,
        "given.0.agreement",
        "is missing; the event agreement needs it",
    ),
    "unknown party": (
        "between: [Red, Blue]",
        "between: [Red, Blu]",
        19,
        "agreements.Old truce.between.1",
        "unknown faction or group 'Blu', did you mean 'Blue'?",
    ),
    "one party": (
        "between: [Red, Blue]",
        "between: [Red]",
        19,
        "agreements.Old truce.between",
        "too few entries: 1, allowed is at least 2",
    ),
    "one side": (
        "between: [Red, Blue]",
        "between: [Red, Red Guard]",
        19,
        "agreements.Old truce.between",
        "both sides belong to 'Red'",
    ),
    "unknown attacker": ("by: Blue", "by: Green", 21, "given.0.by", "unknown faction or group 'Green'"),
    "unknown mediator": (
        "signed: 2019",
        "mediator: Rde, signed: 2019",
        19,
        "agreements.Old truce.mediator",
        "did you mean 'Red'?",
    ),
    "unknown term": (
        "terms: [inquiry]",
        "terms: [enquiry]",
        19,
        "agreements.Old truce.terms.0",
        "unknown term 'enquiry', did you mean 'inquiry'?",
    ),
    "sector around nothing": (
        "signed: 2019",
        "scope: sector, signed: 2019",
        19,
        "agreements.Old truce.around",
        "is missing",
    ),
    "signed after the start": (
        "signed: 2019-12-01",
        "signed: 2020-01-02",
        19,
        "agreements.Old truce.signed",
        "belongs in `given:`",
    ),
    "expired": (
        "signed: 2019-12-01",
        "signed: 2019-12-01, expires: 2019-12-05",
        19,
        "agreements.Old truce.expires",
        "would not be in force",
    ),
    "expiry before signing": (
        "signed: 2019-12-01",
        "signed: 2019-12-01, expires: 2019-11-05",
        19,
        "agreements.Old truce.expires",
        "before the signing",
    ),
    "group of two factions": (
        "{Blue: {fighters: 400}}",
        "{Red Guard: {}}",
        15,
        "factions.Blue.groups.Red Guard",
        "belongs to one faction; 'Red Guard' is in 'Red' already",
    ),
    "group named as a faction": (
        "{Blue: {fighters: 400}}",
        "{Red: {}}",
        15,
        "factions.Blue.groups.Red",
        "is the name of another faction",
    ),
    "too many groups": (
        "{Blue: {fighters: 400}}",
        "{" + ", ".join(f"b{i}: {{}}" for i in range(60)) + "}",
        7,
        "factions",
        "62 groups in all, at most 60",
    ),
    "no sister": (
        "{Red Guard: 0.9}",
        "{Blue: 0.9}",
        12,
        'factions.Red.groups."St. John\'s Band".solidarity_with.Blue',
        "is not a sister group",
    ),
    "two governments": (
        "role: rebel",
        "role: government",
        14,
        "factions.Blue.role",
        "at most one faction may be the government",
    ),
    "same code": ("  Blue:\n", "  Blue:\n    code: Red\n", 14, "factions.Blue.code", "codes must differ"),
    "deadline before the zone": (
        "terms:\n",
        "zone: {agreed: 2019-12-02, deadline: 2019-12-01}\nterms:\n",
        16,
        "zone.deadline",
        "before the zone was agreed",
    ),
    "committed force": (
        "title: Two",
        "rules: {clash: {committed_min: 900, committed_max: 100}}\ntitle: Two",
        2,
        "rules.clash.committed_min",
        "900 is more than clash.committed_max, which is 100",
    ),
    "five levels": (
        "title: Two",
        "rules: {ladder: {levels: [{}, {}, {}, {}, {}]}}\ntitle: Two",
        2,
        "rules.ladder.levels",
        "too few entries: 5, allowed is at least 6",
    ),
    "null removes nothing": (
        "terms:\n",
        "terms:\n  inquirry: null\n",
        17,
        "terms.inquirry",
        "there is no inquirry here to remove",
    ),
    "null of an unknown key": (
        "title: Two",
        "rules: {incidnt: null}\ntitle: Two",
        2,
        "rules.incidnt",
        "unknown key, did you mean 'incident'?",
    ),
    "duplicate key": (
        "map: two_valleys",
        "map: two_valleys\ntitle: Again",
        4,
        "title",
        "is given twice, first in line 2",
    ),
    "number as a key": ("  inquiry: {", "  1: {", 17, "terms", "a key must be text; write '1' in quotes"),
    "list as a key": ("  inquiry: {", "  [a, b]: {", 17, "terms", "a key must be text"),
    "no key": ("  inquiry: {", "  '': {", 17, "terms", "a key is missing"),
    "tag": ("title: Two valleys", "title: !!python/name:os.system x", 2, "title", "tags ("),
    "anchor": ("map: two_valleys", "map: &m two_valleys", 3, "map", "anchors and aliases"),
    "merge key": ("  inquiry: {", "  <<: {", 17, "terms", "merge keys (<<) are not allowed"),
    "escape sequence": ("title: Two valleys", 'title: "a\\x1b[31m"', 2, "title", "character U+001B is not allowed"),
    "tab": ("  Red:", "\tRed:", 8, "", "a tab indents this line"),
    "colon in a text": ("title: Two valleys", "title: Two: valleys", 2, "", "quote a text that contains ': '"),
    "unclosed bracket": ("[Red, Blue]", "[Red, Blue", None, "", "not valid YAML"),
    "two documents": ("title: Two", "---\ntitle: Two", 2, "", "a second document begins here"),
    "extends nothing": (
        "title: Two",
        "extends: valley\ntitle: Two",
        2,
        "extends",
        "no scenario 'valley', did you mean 'valleys'?",
    ),
    "extends a list": ("title: Two", "extends: [a]\ntitle: Two", 2, "extends", "must be the name of one scenario file"),
    "extends outside": (
        "title: Two",
        "extends: ../../etc/passwd\ntitle: Two",
        2,
        "extends",
        "outside the scenario folders",
    ),
    "extends an absolute path": (
        "title: Two",
        "extends: /etc/hostname\ntitle: Two",
        2,
        "extends",
        "outside the scenario folders",
    ),
    "extends a null byte": ("title: Two", 'extends: "a\\0b"\ntitle: Two', 2, "extends", "U+0000"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_fault_names_its_place_and_what_is_allowed(case: str, write: Write, faults_of: Faults) -> None:
    old, new, line, key, words = BROKEN[case]
    assert GOOD.count(old) >= 1
    path = write(GOOD.replace(old, new))
    faults = faults_of(path)
    matching = [fault for fault in faults if fault.key == key and words in fault.message]
    assert matching, [str(fault) for fault in faults]
    assert matching[0].file == str(path)
    assert line is None or matching[0].line == line
    assert all("\n" not in str(fault) for fault in faults)


def test_the_good_scenario_is_good(write: Write) -> None:
    assert load(write()).scenario.title == "Two valleys"


def test_all_faults_are_reported_at_once_in_the_order_of_the_file(write: Write, faults_of: Faults) -> None:
    broken = GOOD.replace("title: Two", "titel: Two").replace("2020-01-01", "2020-13-01").replace("days: 60", "days: 0")
    broken = (
        broken.replace("fighters: 400", "fighters: -1").replace("chance: 0.5", "chance: 5").replace("[inquiry]", "[x]")
    )
    broken += "rules: {incident: {reach_km: 0, escalates: 2}, spread: {delay_days: 900}}\ngarrison_share: 7\n"
    faults = faults_of(write(broken), "rules.clash.crossfire=99")
    keys = [fault.key for fault in faults]
    assert keys[0] == "rules.clash.crossfire"
    assert sorted(keys[1:]) == sorted([
        "title", "titel", "start", "days", "factions.Blue.groups.Blue.fighters", "terms.inquiry.chance", "agreements.Old truce.terms.0",
        "rules.incident.reach_km", "rules.incident.escalates", "rules.spread.delay_days", "garrison_share",
    ])  # fmt: skip
    lines = [fault.line for fault in faults[1:]]
    assert lines == sorted(lines, key=int)


def test_a_fault_is_one_line_with_file_line_key() -> None:
    fault = reader.Fault("a.yaml", 3, "days", "needs a whole number")
    assert str(fault) == "a.yaml:3: days: needs a whole number"


HOSTILE = {
    "empty": (b"", "is empty"),
    "only comments": (b"# nothing\n\n", "is empty"),
    "null": (b"~\n", "is empty"),
    "a list": (b"- a\n", "a scenario is made of lines"),
    "a word": (b"hello\n", "a scenario is made of lines"),
    "binary": (bytes(range(256)) * 40, ""),
    "utf-16": ("question: x\n".encode("utf-16"), "not UTF-8"),
    "latin-1": (b"title: x\nquestion: caf\xe9\n", "not UTF-8"),
    "null bytes": (b"title: a\0b\n", "U+0000"),
    "nested brackets": (b"a: " + b"[" * 100_000, "nested more than 40 levels"),
    "nested braces": (b"{a: " * 100_000, "nested more than 40 levels"),
    "nested lists": (b"- " * 100_000, "nested more than 40 levels"),
    "nested keys": (b"? " * 100_000, "nested more than 40 levels"),
    "nested lines": (b"".join(b" " * i + b"k:\n" for i in range(900)), "nested more than 40 levels"),
    "alias bomb": (
        b"a: &a [x, x]\n" + b"".join(b"%c: &%c [*%c, *%c]\n" % (98 + i, 98 + i, 97 + i, 97 + i) for i in range(20)),
        "anchors and aliases",
    ),
    "many values": (b"a: [" + b"1," * 100_000 + b"]", "too many for a scenario"),
    "many unknown keys": (b"".join(b"k%d: 1\n" % i for i in range(15_000)), "unknown key"),
    "many duplicate keys": (b"k: 1\n" * 10_000, "given twice"),
    "many factions": (b"factions:\n" + b"".join(b"  f%d: {}\n" % i for i in range(15_000)), "is missing"),
    "many agreements": (b"agreements:\n" + b"".join(b"  f%d: {terms: [t]}\n" % i for i in range(6_000)), "is missing"),
    "many tags": (b"!" * 900_000, ""),
    "python object": (b'!!python/object/apply:os.system ["true"]\n', "tags ("),
}


@pytest.mark.parametrize("loader", ["CSafeLoader", "SafeLoader"])
@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files_give_faults_in_a_few_seconds(
    case: str, loader: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "LOADER", getattr(yaml, loader))
    raw, words = HOSTILE[case]
    path = tmp_path / "x.yaml"
    path.write_bytes(raw)
    began = time.process_time()
    with pytest.raises(InputError) as caught:
        load(path)
    assert any(words in str(fault) for fault in caught.value.faults)
    assert len(caught.value.faults) <= 201
    assert time.process_time() - began < 20  # of CPU: guards against hours, not a benchmark


def test_what_is_not_a_file_is_refused(tmp_path: Path, faults_of: Faults) -> None:
    with (tmp_path / "huge.yaml").open("wb") as file:
        file.truncate(100_000_000)
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    assert "larger than 1 MB" in str(faults_of(tmp_path / "huge.yaml")[0])
    assert "not a regular file" in str(faults_of(tmp_path / "pipe.yaml")[0])
    assert "cannot be read" in str(faults_of(tmp_path / "loop.yaml")[0])
    assert "is a folder" in str(faults_of(tmp_path)[0])
    assert "did you mean 'kafr_hamra'?" in str(faults_of("kafr_hamrah")[0])
    for name in ("x" * 5000, "a\0b", "no\x1b[31m", "\udc80"):
        assert str(faults_of(name)[0]).isprintable()
