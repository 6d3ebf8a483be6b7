"""`branch`: a past run continued with a change, matched to the original draw for draw until the day of the branch."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from sim.cli.main import main
from sim.comparison.compare import compare
from sim.errors import InputError
from sim.results.branch import branch
from sim.results.run import Run
from sim.results.verify import verify_run
from sim.results.write import write
from tests.results.edited_manifests import edit_manifest

DAY = 40
TABLES = ("events.csv", "daily.csv", "agreements.csv", "control_daily.csv", "events_reported.csv", "summary.csv")
ACT = "policy:\n  - enforce_no_expansion: HTS\n    on: 2018-12-08\n    factor: 0\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run of the case, with a number laid over it as a study's runs have."""
    out = tmp_path_factory.mktemp("branch")
    sets = ["--set", "rules.base_attempt.attempts_per_town_month=0.08", "--set", "days=90"]
    assert main(["run", "kafr_hamra", *sets, "--seed", "7", "--no-pictures", "--quiet", "--out", str(out)]) == 0
    return out / "kafr_hamra-seed7"


def text(folder: Path, name: str) -> str:
    return (folder / name).read_text(encoding="utf-8")


def until(folder: Path, name: str, day: int) -> list[str]:
    """Return the lines of a table up to a day, by the column of the day."""
    head, *lines = text(folder, name).splitlines()
    column = head.split(",").index("day")
    return [head, *(line for line in lines if int(line.split(",")[column]) < day)]


@pytest.mark.parametrize("day", [1, DAY, 89])
def test_a_branch_without_change_is_the_original_to_its_end(made: Path, tmp_path: Path, day: int) -> None:
    folder = write(branch(made, day), tmp_path)
    for name in TABLES:
        assert text(folder, name) == text(made, name), name


@pytest.mark.parametrize(
    "change",
    [
        "rules.incident.per_pair_month=0.9", "rules.spread.enabled=false", "rules.clash.attrition=square",
        "factions.HTS.doctrine.expansion=20", "rules.incident.reach_km=60", "terms.inquiry.hold_factor=5",
        'factions.NLF.groups."Ahrar al-Sham".solidarity=1', "rules.ladder.levels.1.commitment=5",
    ],
)  # fmt: skip
def test_a_branch_is_the_original_until_its_day(made: Path, tmp_path: Path, change: str) -> None:
    try:
        run = branch(made, DAY, [change])
    except InputError as error:  # the scenario names its terms and levels: say which keys there are
        pytest.fail(str(error))
    folder = write(run, tmp_path)
    assert until(folder, "events.csv", DAY) == until(made, "events.csv", DAY)
    assert until(folder, "daily.csv", DAY + 1) == until(made, "daily.csv", DAY + 1)
    assert until(folder, "control_daily.csv", DAY + 1) == until(made, "control_daily.csv", DAY + 1)
    assert verify_run(folder).same


def test_a_change_has_an_effect_from_its_day_on(made: Path) -> None:
    quiet = branch(
        made, DAY, [f"rules.{rule}.enabled=false" for rule in ("incident", "clash", "offensive", "civilians")]
    )
    after = quiet.events[quiet.events["day"] >= DAY]
    original = Run.open(made).events
    assert not set(after["kind"]) & {"clash", "shelling", "civilian_arrest", "arrest_raid"}
    assert set(original.loc[original["day"] >= DAY, "kind"]) & {"clash", "shelling", "civilian_arrest"}


def test_more_days_go_on_as_a_longer_run_would(made: Path, tmp_path: Path) -> None:
    longer = branch(made, DAY, ["days=120"])
    sets = ["--set", "rules.base_attempt.attempts_per_town_month=0.08", "--set", "days=120"]
    assert main(["run", "kafr_hamra", *sets, "--seed", "7", "--no-pictures", "--quiet", "--out", str(tmp_path)]) == 0
    folder = write(longer, tmp_path)
    for name in ("events.csv", "daily.csv"):
        assert text(folder, name) == text(tmp_path / "kafr_hamra-seed7", name), name


def test_an_act_from_a_file_begins_on_its_day(made: Path, tmp_path: Path) -> None:
    (tmp_path / "act.yaml").write_text(ACT, encoding="utf-8")
    run = branch(made, DAY, policy=tmp_path / "act.yaml")
    acts = run.events[run.events["kind"] == "policy"]
    assert acts["day"].tolist() == [54]
    attempts = run.events[(run.events["kind"] == "base_attempt") & (run.events["initiator"] == "HTS")]
    assert not (attempts["day"] > 54).any()


def test_a_branch_of_a_branch_is_made_again_through_both(made: Path, tmp_path: Path) -> None:
    first = write(branch(made, 20, ["rules.incident.per_pair_month=0.9"]), tmp_path)
    with pytest.raises(InputError, match="the run is a branch itself, from day 20 on; allowed is 21 to 89"):
        branch(first, 20)
    second = write(branch(first, DAY, ["rules.incident.per_pair_month=0.01"]), tmp_path)
    assert until(second, "events.csv", DAY) == until(first, "events.csv", DAY)
    assert text(second, "events.csv") != text(first, "events.csv")
    assert verify_run(second).same


REFUSED = {
    "map=two_valleys": "map: cannot change at a branch",
    "start=2018-11-01": "start: cannot change at a branch",
    "control_on=2018-10-01": "control_on: cannot change at a branch",
    "garrison_share=0.3": "garrison_share: cannot change at a branch",
    "zone.patience=3": "zone.patience: cannot change at a branch",
    "factions.HTS.groups.HTS.fighters=99": "factions.HTS.groups.HTS.fighters: cannot change at a branch",
    "factions.HTS.groups.HTS.cohesion=0.5": "factions.HTS.groups.HTS.cohesion: cannot change at a branch",
    "factions.HTS.proscribed=false": "factions.HTS.proscribed: cannot change at a branch",
    "factions.New={role: rebel, groups: {New: {}}}": "factions.New: unknown key",
    "terms.new_term={}": "terms.new_term: unknown key",
    "agreements={}": "agreements: cannot change at a branch",
    "days=40": "days: is 40, and the branch begins on day 40",
    "given=[]": "given.0: cannot change at a branch from 2018-11-24 on: acts before that day are past",
    "policy=[{monitor: UN, factor: 2}]": "policy.0: begins before 2018-11-24: give it `on:` or `by:`",
    "rules.incident.per_pair_month=-1": "rules.incident.per_pair_month: -1 is out of range",
}


@pytest.mark.parametrize("change", REFUSED)
def test_what_may_not_change_is_refused_in_one_line(
    made: Path, tmp_path: Path, change: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        main(["branch", str(made), "--day", str(DAY), "--set", change, "--no-pictures", "--out", str(tmp_path / "no")])
        == 2
    )
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1, told
    assert told[0].startswith(f"--set: {REFUSED[change]}")
    assert not (tmp_path / "no").exists()


def test_an_act_that_has_begun_cannot_change(tmp_path: Path) -> None:
    act = "policy=[{monitor: UN, factor: 2, on: 2018-11-01%s}]"
    words = [
        "run",
        "kafr_hamra",
        "--set",
        act % "",
        "--set",
        "days=60",
        "--no-pictures",
        "--quiet",
        "--out",
        str(tmp_path),
    ]
    assert main(words) == 0
    run = tmp_path / "kafr_hamra-seed1"
    for changed in (act % ", until: 2018-12-20", "policy=[]", act.replace("2,", "3,") % ""):
        with pytest.raises(InputError, match=re.escape("policy.0: cannot change at a branch from 2018-11-24 on")):
            branch(run, DAY, [changed])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("policy:\n  - monitor: UN\n    factor: 2\n  - reinforce: Nobody\n    on: 2018-12-09\n    in: Idleb\n    fighters: 9\n",
         "act.yaml:4: policy.1.reinforce: unknown group 'Nobody'"),
        ("title: x\n", "act.yaml:1: must hold one list `policy:`"),
        ("policy: []\n", "act.yaml:1: policy: names no act"),
        ("policy:\n\t- a\n", "act.yaml:2: "),
    ],
)  # fmt: skip
def test_a_faulty_file_of_acts_is_named_with_its_line(made: Path, tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "act.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(told)):
        branch(made, DAY, policy=tmp_path / "act.yaml")


def test_a_run_that_does_not_come_out_the_same_cannot_be_branched(made: Path, tmp_path: Path) -> None:
    run = write(branch(made, 1), tmp_path)
    edit_manifest(run, seed=8)
    with pytest.raises(InputError, match="simulated again to day 40 it has other events"):
        branch(run, DAY)


def test_the_command_writes_a_run_that_says_what_it_branches_from(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sim.pages.run_report.animate", lambda run, path, atlas: path)  # tests/plots has it
    monkeypatch.setattr("sim.pages.run_report.key_days", lambda run: [0, run.scenario.days])  # and the other maps
    words = [
        "branch",
        str(made),
        "--day",
        str(DAY),
        "--set",
        "rules.incident.per_pair_month=0.9",
        "--out",
        str(tmp_path),
    ]
    assert main(words) == 0
    assert f"branches from {made} on day 40: rules.incident.per_pair_month: " in " ".join(
        capsys.readouterr().out.split()
    )
    folder = tmp_path / "kafr_hamra-branch-day40-seed7"
    manifest = json.loads(text(folder, "manifest.json"))["branch"]
    assert (manifest["of"], manifest["day"], manifest["date"]) == (made.name, 40, "2018-11-24")
    assert text(folder, "scenario.yaml").startswith("# Of a branch: this holds from day 40 on; before, the run is that")
    page = text(folder, "report.html")
    assert f"A branch of {made.name}: the same run until day 40 (2018-11-24)" in page
    assert "--day 40 --set rules.incident.per_pair_month=0.9" in page
    comparison = compare(Run.open(made), Run.open(folder))
    assert any("per pair month" in item.words for change in comparison.changes for item in change.items)
