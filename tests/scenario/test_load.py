"""Extending, setting, showing and comparing scenarios."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from sim import files
from sim.errors import InputError
from sim.geography.maps import load_map
from sim.scenario.fields import GONE, inputs_of, units_of
from sim.scenario.load import load, load_scenario
from sim.scenario.parameters import Quantity, Rules
from sim.scenario.schema import signed_on
from sim.scenario.show import changes, changes_text, json_schema, show
from tests.scenario.valleys import GOOD, Faults, Write

OWN = ["kafr_hamra", "greater_idlib_2018"]
BAND = 'factions.Red.groups."St. John\'s Band".fighters'


# Extending


def test_mappings_merge_by_name_lists_replace_null_removes(write: Write) -> None:
    write()
    path = write(
        "extends: valleys\ntitle: Changed\nfactions: {Red: {groups: {Red Guard: {fighters: {high: 700}}}}}\n"
        "agreements: {Old truce: {terms: []}}\ngiven: []\nterms: {inquiry: null}\n",
        "changed.yaml",
    )
    scenario = load_scenario(path)
    assert scenario.title == "Changed"
    assert scenario.factions["Red"].groups["Red Guard"].fighters == Quantity(
        best=500, low=300, high=700, source="assumed"
    )
    assert list(scenario.factions["Red"].groups) == ["Red Guard", "St. John's Band"]
    assert scenario.given == []
    assert scenario.terms == {}


def test_a_plain_number_replaces_the_interval(write: Write) -> None:
    write()
    path = write("extends: valleys.yaml\nfactions: {Red: {groups: {Red Guard: {fighters: 600}}}}\n", "b.yaml")
    assert load_scenario(path).factions["Red"].groups["Red Guard"].fighters == Quantity(best=600)


def test_null_of_a_known_key_means_its_default(write: Write) -> None:
    write(write().read_text() + "garrison_share: 0.3\nzone: {agreed: 2019-01-01, deadline: 2019-02-01}\n", "b.yaml")
    scenario = load_scenario(write("extends: b\ngarrison_share: null\nzone: null\ncontrol_on: null\n", "c.yaml"))
    assert scenario.garrison_share.best == 0.6
    assert scenario.zone is None


def test_every_value_keeps_its_place(write: Write) -> None:
    base = write()
    path = write("# first line\nextends: valleys\ndays: 90\nrules:\n  clash: {crossfire: 0.1}\n", "b.yaml")
    loaded = load(path)
    assert loaded.where("days") == (str(path), 3)
    assert loaded.where("rules.clash.crossfire") == (str(path), 5)
    assert loaded.where("rules.clash.attrition") == (str(path), 5)
    assert loaded.where("start") == (str(base), 4)
    assert loaded.where(BAND) == (str(base), 12)
    assert loaded.where("given.0.in") == (str(base), 21)
    assert loaded.given("garrison_share") is None
    assert loaded.files == (path.resolve(), base.resolve())
    assert loaded.name == "b"


def test_faults_of_a_base_file_name_that_file(write: Write, faults_of: Faults) -> None:
    base = write(write().read_text().replace("days: 60", "days: 0"))
    path = write("extends: valleys\ntitel: x\n", "b.yaml")
    assert [(fault.file, fault.line) for fault in faults_of(path)] == [(str(path), 2), (str(base), 5)]


def test_a_circle_is_named(write: Write, faults_of: Faults) -> None:
    write("extends: b\n", "a.yaml")
    write("extends: c\n", "b.yaml")
    path = write("extends: a\n", "c.yaml")
    assert "in a circle: c.yaml -> a.yaml -> b.yaml -> c.yaml" in str(faults_of(path)[0])
    itself = write("extends: d\n", "d.yaml")
    assert "in a circle: d.yaml -> d.yaml" in str(faults_of(itself)[0])


def test_links_are_followed_before_judging_where_they_lead(write: Write, faults_of: Faults, tmp_path: Path) -> None:
    write(name="elsewhere/secret.yaml")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "link.yaml").symlink_to(tmp_path / "elsewhere" / "secret.yaml")
    path = write("extends: link\n", "own/a.yaml")
    assert "outside the scenario folders" in str(faults_of(path)[0])
    above = write("extends: ../elsewhere/secret\n", "own/b.yaml")
    assert "outside the scenario folders" in str(faults_of(above)[0])


def test_a_file_anywhere_may_extend_the_projects_scenarios(write: Write) -> None:
    path = write("extends: kafr_hamra\ntitle: Mine\ndays: 30\n", "mine.yaml")
    assert load_scenario(path).days == 30
    write(name="below/base.yaml")
    assert load_scenario(write("extends: below/base\n", "mine.yaml")).days == 60


def test_a_bare_name_is_one_of_the_projects_scenarios(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load("kafr_hamra").files[0] == files.SCENARIOS / "kafr_hamra.yaml"


def test_ones_own_file_goes_before_the_programs_and_may_extend_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scenarios").mkdir()
    own, other = tmp_path / "scenarios" / "two_valleys.yaml", tmp_path / "scenarios" / "other.yaml"
    own.write_text("extends: two_valleys.yaml\ntitle: Mine\ndays: 30\n")
    other.write_text("extends: kafr_hamra.yaml\ndays: 7\n")
    mine = load("two_valleys")
    assert (mine.scenario.title, mine.scenario.days) == ("Mine", 30)
    assert mine.files[:2] == (own, files.SCENARIOS / "two_valleys.yaml")
    assert load("other").files[1] == files.SCENARIOS / "kafr_hamra.yaml"
    assert files.named_files()["other"].resolve() == other


def test_a_map_of_ones_own_goes_before_the_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder, named in (("maps", "two_valleys"), ("scenarios/maps", "two_valleys"), ("maps", "mine")):
        copied = shutil.copytree(files.SCENARIOS / "maps" / "two_valleys", tmp_path / folder / named)
        monkeypatch.chdir(tmp_path)
        assert load_map(named).folder.resolve() == copied
    assert load_map("greater_idlib").folder == files.SCENARIOS / "maps" / "greater_idlib"


def test_a_long_chain_ends(write: Write, faults_of: Faults) -> None:
    for number in range(30):
        write(f"extends: f{number + 1}\n", f"f{number}.yaml")
    assert any("extend one another" in str(fault) for fault in faults_of(write(name="f30.yaml").with_name("f0.yaml")))


# --set


def test_set_changes_what_it_names(write: Write) -> None:
    sets = [
        "days=90", "rules.incident.enabled=false", "factions.Red.groups.Red Guard.fighters=800", f"{BAND}=50",
        "factions.Red.groups.St. John's Band.cohesion=0.5", "rules.ladder.levels.3.commitment=2", "rules.clash.crossfire={best: 0.1, low: 0, high: 0.2}",
        "rules.incident.escalates.high=0.9", "given.0.on=2020-01-09", "agreements={Old truce: null}", "title='a=b'", "garrison_share.low=0.5",
        "garrison_share.high=0.7", "watch_towns=[Hilltop]",
    ]  # fmt: skip
    sets[-3:-1] = ["garrison_share={low: 0.5, high: 0.7}"]
    scenario = load_scenario(write(), sets)
    red = scenario.factions["Red"].groups
    assert scenario.days == 90
    assert scenario.rules.incident.enabled is False
    assert scenario.title == "a=b"
    assert red["Red Guard"].fighters == Quantity(best=800)
    assert red["St. John's Band"].fighters == Quantity(best=50)
    assert red["St. John's Band"].cohesion.best == 0.5
    assert [level.commitment.best for level in scenario.rules.ladder.levels] == [1, 1, 1, 2, 1.1, 1.3]
    assert scenario.rules.ladder.levels[3].reinforcement.best == 0.2
    assert scenario.rules.clash.crossfire.high == 0.2
    assert (scenario.rules.incident.escalates.best, scenario.rules.incident.escalates.high) == (
        Rules().incident.escalates.best,
        0.9,
    )
    assert scenario.garrison_share == Quantity(best=0.6, low=0.5, high=0.7, source="assumed")
    assert scenario.given[0].on.day == 9
    assert scenario.agreements == {}
    assert scenario.watch_towns == ["Hilltop"]


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ("days", "", "write KEY=VALUE"),
        ("=3", "", "write KEY=VALUE"),
        ("days=", "", "write KEY=VALUE"),
        ("dais=3", "dais", "unknown key 'dais', did you mean 'days'?"),
        (
            "rules.incidnt.enabled=false",
            "rules.incidnt.enabled",
            "unknown key 'incidnt' in rules, did you mean 'incident'?",
        ),
        (
            "factions.Blu.role=rebel",
            "factions.Blu.role",
            "unknown key 'Blu' in factions, did you mean 'Blue'? allowed: Red, Blue",
        ),
        ("rules.incident.enabled=no", "rules.incident.enabled", "needs true or false, got 'no'"),
        ("days=.nan", "days", "must be a finite number"),
        ("days=[1", "days", "not valid YAML"),
        ("days=!!python/name:os.system", "days", "tags ("),
        ("days=&a 3", "days", "anchors"),
        ("days=900000", "days", "allowed is at most 4000"),
        ("days.x=3", "days.x", "unknown key 'x' in days"),
        ("given.7.on=2020-01-03", "given.7.on", "is a list; '7' is not one of its positions"),
        ("rules.ladder.levels.6.commitment=1", "rules.ladder.levels.6.commitment", "0 to 5"),
        ("start=2020-02-31", "start", "there is no date"),
        ("extends=kafr_hamra", "extends", "unknown key 'extends'"),
        ('factions."Red=3', "", "write KEY=VALUE"),
        ("days=\x1b", "days", "not a text file"),
    ],
)
def test_set_says_what_is_wrong(text: str, key: str, words: str, write: Write, faults_of: Faults) -> None:
    faults = faults_of(write(), text)
    assert [(fault.file, fault.line, fault.key) for fault in faults] == [("--set", None, key)]
    assert words in faults[0].message


@pytest.mark.parametrize("path", list(GONE), ids=".".join)
def test_a_key_of_older_files_says_what_became_of_it(path: tuple[str, ...], write: Write, faults_of: Faults) -> None:
    key, said = ".".join(path).replace("*", "2"), f"is no longer a key; {GONE[path]}"
    good = write()
    faults = faults_of(good, f"{key}=1", f"{key}.low=1")
    assert [(fault.file, fault.key, fault.message) for fault in faults] == [
        ("--set", key, said),
        ("--set", f"{key}.low", said),
    ]
    below = {"levels": [{"signing": 1} if n == 2 else {} for n in range(6)]} if "*" in path else {path[-1]: {"best": 2}}
    old = write(f"{GOOD}rules: {json.dumps({path[1]: below})}\n", "old.yaml")
    assert [(fault.key, fault.message) for fault in faults_of(old)] == [(key, said)]
    assert said.rpartition("see ")[2] in inputs_of(load_scenario(good))


# Showing, comparing


@pytest.mark.parametrize("name", OWN)
def test_what_is_shown_loads_to_the_same_scenario(name: str, write: Write) -> None:
    loaded = load(name, ["rules.incident.per_pair_month=0.03", "factions.HTS.groups.HTS.cohesion=0.9"])
    shown = write(show(loaded), "shown.yaml")
    assert load_scenario(shown) == loaded.scenario
    assert changes(loaded.scenario, load_scenario(shown)) == []
    assert show(load_scenario(shown)) == show(loaded.scenario)


def test_awkward_text_survives_showing(write: Write) -> None:
    awkward = [
        "no",
        "null",
        "1e3",
        "2018-10-15",
        "a: b",
        "# c",
        " d ",
        "- e",
        "it's",
        'say "f"',
        "g\\n",
        "كفر حمرة",
        "\u202eh",
        "[i]",
        "x\ny",
        "~",
        "<<",
        "é",
        "=",
        "%",
    ]
    path = write(write().read_text() + "watch_towns: " + json.dumps(awkward) + "\n")
    scenario = load_scenario(path)
    assert scenario.watch_towns == awkward
    assert load_scenario(write(show(scenario), "shown.yaml")) == scenario


def test_numbers_are_shown_with_unit_range_and_source() -> None:
    shown = show(load("kafr_hamra", ["rules.incident.reach_km=15"]))
    assert (
        "    reach_km: 15  # km: road distance within which garrisons are neighbours, at most the map's near_km; "
        "allowed 1..1500; source: none given; --set\n" in shown
    )
    chance = Rules().incident.escalates  # a default: no file of the scenario gives it
    assert f"    escalates: {{best: {chance.best:g}, low: {chance.low:g}, high: {chance.high:g}, source: " in shown
    assert "# probability: chance that an incident becomes a clash; allowed 0..1\n" in shown


def test_changes_in_words(write: Write) -> None:
    first = load_scenario(write())
    second = load_scenario(
        write(),
        [
            "days=90",
            "factions.Red.groups.Red Guard.fighters=800",
            "agreements={Old truce: null}",
            "rules.incident.enabled=false",
            "given=[]",
        ],
    )
    said = changes_text(first, second).splitlines()
    assert said == [
        "days: 60 -> 90",
        "factions.Red.groups.Red Guard.fighters: 500 (300 to 900) -> 800 fighters",
        "agreements.Old truce: only in the first: {between: [Red, Blue], signed: 2019-12-01, terms: [inquiry]}",
        "given.0: only in the first: {on: 2020-01-05, event: base_attempt, by: Blue, in: Hilltop}",
        "rules.incident.enabled: true -> false",
    ]
    assert changes(first, first) == []
    assert len(changes(second, first)) == 5


def test_inputs_have_paths_that_set_takes(write: Write) -> None:
    path = write()
    inputs = inputs_of(load_scenario(path))
    assert {"factions.Red.groups.Red Guard.fighters", BAND, "rules.incident.per_pair_month", "rules.ladder.levels.3.commitment", "terms.inquiry.chance",
            "agreements.Old truce.radius_km", "garrison_share", 'factions.Red.groups."St. John\'s Band".solidarity_with.Red Guard'} <= set(inputs)  # fmt: skip
    assert all(units_of(load_scenario(path)).values())
    changed = load_scenario(path, [f"{name}={value.best!r}" for name, value in inputs.items()])
    assert {name: value.best for name, value in inputs_of(changed).items()} == {
        name: value.best for name, value in inputs.items()
    }
    assert list(inputs_of(changed)) == list(inputs)


# The project's own scenarios


@pytest.mark.parametrize("name", OWN)
def test_own_scenarios_hold_nothing_later_than_the_evidence(name: str) -> None:
    scenario = load_scenario(name)
    assert scenario.evidence_until.isoformat() == "2018-10-31"
    assert all(event.on <= scenario.evidence_until for event in scenario.given)
    assert scenario.factions["HTS"].proscribed
    assert next(iter(scenario.factions["NLF"].groups)) == "Ahrar al-Sham"


def test_the_schema_for_editors_is_up_to_date() -> None:
    schema = json_schema()
    assert json.loads((files.SCENARIOS / "schema.json").read_text(encoding="utf-8")) == json.loads(
        json.dumps(schema)
    ), "run: python run.py schema > scenarios/schema.json"
    parts = (files.SCENARIOS / "parts" / "schema.json").read_text(encoding="utf-8")
    assert json.loads(parts) == json_schema(part=True), "run: python run.py schema --part > scenarios/parts/schema.json"
    rate = schema["$defs"]["Incident"]["properties"]["per_pair_month"]
    assert rate["anyOf"] == [
        {"type": "number", "minimum": 0.0, "maximum": 1.0},
        {"$ref": "#/$defs/Quantity"},
        {"type": "null"},
    ]
    assert "UCDP GED" in rate["description"]
    assert "in" in schema["$defs"]["Given"]["properties"]
    assert "extends" in schema["properties"]


# Accords

ACCORD = 'Old truce: {parties: [Red Guard, "St. John\'s Band", Blue, Green], signed: 2019-12-01, terms: [inquiry]}'


def of_many(text: str = ACCORD) -> str:
    three = "  Blue:\n    role: rebel\n    groups: {Blue: {fighters: 400}}\n"
    good = GOOD.replace(three, three + three.replace("Blue", "Green"))
    return good.replace("Old truce: {between: [Red, Blue], signed: 2019-12-01, terms: [inquiry]}", text)


def test_an_accord_becomes_an_agreement_for_each_pair_of_different_factions(write: Write, tmp_path: Path) -> None:
    loaded = load(write(of_many()))
    agreements = loaded.scenario.agreements
    assert [agreement.between for agreement in agreements.values()] == [
        ["Red Guard", "Blue"],
        ["Red Guard", "Green"],
        ["St. John's Band", "Blue"],
        ["St. John's Band", "Green"],
        ["Blue", "Green"],
    ]
    assert list(agreements)[-1] == "Old truce, Blue and Green"
    assert {agreement.accord for agreement in agreements.values()} == {"Old truce"}
    assert {agreement.parties for agreement in agreements.values()} == {None}
    assert signed_on(loaded.scenario) == {"Old truce": date(2019, 12, 1)}
    again = write(show(loaded), "again.yaml")
    assert load_scenario(again) == loaded.scenario


@pytest.mark.parametrize(
    ("accord", "said"),
    [
        ("Old truce: {parties: [Red, Blue], signed: 2019-12-01}", "agreements.Old truce.parties: "),
        ("Old truce: {parties: [Red, Blue, Blue], signed: 2019-12-01}", "parties: needs three or more different"),
        ("Old truce: {parties: [Red, Blue, Green], between: [Red, Blue], signed: 2019-12-01}", "parties: stands beside"),
        ("Old truce: {signed: 2019-12-01}", "agreements.Old truce.between: is missing; an agreement is between two"),
        ("Old truce: {parties: [Red, Blue, Greem], signed: 2019-12-01}", "parties: unknown faction or group 'Greem', did you mean 'Green'?"),
        ("Old truce: {parties: [Red, Blue, Green], signed: 2020-12-01}", "agreements.Old truce.signed: 2020-12-01 is after"),
    ],
)  # fmt: skip
def test_a_fault_of_an_accord_is_reported_once_at_its_line(accord: str, said: str, write: Write) -> None:
    with pytest.raises(InputError) as error:
        load(write(of_many(accord)))
    (fault,) = error.value.faults
    assert said in str(fault)
    assert fault.line == of_many(accord).splitlines().index(f"  {accord}") + 1
