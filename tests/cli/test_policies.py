"""What `check` says of policies before a run, and what a run says of given events that were impossible."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from sim.cli.main import main
from sim.load import read
from sim.preview import implied, policy_marks
from tests.cli.support import KAFR_HAMRA, ROOT

SCENARIOS = ROOT / "scenarios"


def _policies(path: Path | str, *sets: str) -> list[str]:
    loaded, geography = read(path, sets)
    return [text for what, text in implied(loaded.scenario, geography) if what == "policy"]


def test_check_says_how_many_towns_and_fighters_a_withdrawal_moves() -> None:
    (text,) = _policies(SCENARIOS / "hts_withdraws_from_dmz.yaml")
    assert text.startswith("by 15 Oct 2018 HTS leaves the Sochi demilitarised zone: 34 towns")
    assert "fighters move" in text
    assert "Ahrar al-Sham" in text


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("{enforce_no_expansion: HTS, factor: 0.1, on: 2018-10-20}", "HTS's base attempts x0.1 from 20 Oct 2018 to the end"),
        ("{mediate: Turkey, factor: 2, until: 2018-12-01}", "agreements signed 2 times as readily from the start to 1 Dec 2018; Turkey, from outside,"),
        ("{monitor: Faylaq al-Sham, factor: 3}", "agreements hold 3 times as long from the start to the end; Faylaq al-Sham watches"),
        ("{reinforce: TIP, on: 2018-10-20, in: Binnish, fighters: 500}", "500 fighters from outside join TIP in Binnish: 2,000 in place of 1,500"),
        ("{reinforce: TIP, on: 2018-10-20, in: Kafr Hamra, fighters: 500}", "skipped unless HTS holds the town by then"),
        ("{merge_groups: [Suqour al-Sham], into: Ahrar al-Sham, on: 2018-10-20}", "1 group with 3,000 fighters"),
        ("{withdraw: HTS, from: Binnish, by: 2018-10-20, towns_to: neutral}", "HTS leaves Binnish: 1 town, about"),
        ("{guarantor: Turkey, fighters: 5000, credibility: 0.8, in: Darat Izza, between: [HTS, NLF]}", "between HTS and NLF are guaranteed in 1 town from"),
        ("{sanctions: HTS, factor: 0.25}", "the end; agreements with it are signed 2 times as readily"),
        ("{support: NLF, factor: 4, until: 2018-12-01}", "leaders of NLF decide on campaigns 4 times as readily from the start to 1 Dec 2018"),
        ("{demobilise: HTS, share: 0.2, on: 2018-10-20}", "on 20 Oct 2018 2,300 of 11,500 fighters of HTS leave the war"),
        ("{demobilise: TIP, fighters: 100, in: Binnish, on: 2018-10-20}", "no fighters of TIP in Binnish, by the forces of the start: skipped"),
        ("{garrison: NLF, fighters: 400, in: Kafr Hamra, on: 2018-10-20}", "on 20 Oct 2018 400 fighters of NLF, whose other garrisons within reach can spare"),
        ("{garrison: HTS, fighters: 400, in: Kafr Hamra, on: 2018-10-20}", "skipped unless HTS holds the town by then"),
        ("{monitor: Turkey, factor: 2, on: 2020-10-20}", "(after the last day: not reached)"),
    ],
)  # fmt: skip
def test_check_says_what_each_policy_does_at_the_start(policy: str, said: str) -> None:
    (text,) = _policies(KAFR_HAMRA, f"policy=[{policy}]")
    assert said in text


def test_check_rings_the_towns_that_policies_change() -> None:
    loaded, geography = read(SCENARIOS / "hts_withdraws_from_dmz.yaml")
    marks = policy_marks(loaded.scenario, geography)
    assert marks is not None
    assert marks[0] == "to be left by a policy"
    assert len(marks[1]) == 36
    loaded, geography = read(KAFR_HAMRA)
    assert policy_marks(loaded.scenario, geography) is None


@pytest.mark.parametrize("key", ["in", "from"])
def test_towns_of_policies_must_be_on_the_map(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    policy = {
        "in": "{reinforce: TIP, on: 2018-10-20, in: Binish City, fighters: 500}",
        "from": "{withdraw: HTS, from: Kafr Hambra, by: 2018-10-20}",
    }[key]
    assert main(["check", str(KAFR_HAMRA), "--set", f"policy=[{policy}]"]) == 2
    said = capsys.readouterr().err
    assert f"policy.0.{key}: no town" in said
    assert said.count("\n") == 1


def test_a_scenario_with_policies_shown_reads_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = SCENARIOS / "hts_withdraws_from_dmz.yaml"
    assert main(["show", str(path)]) == 0
    shown = tmp_path / "shown.yaml"
    shown.write_text(capsys.readouterr().out, encoding="utf-8")
    assert main(["changes", str(path), str(shown)]) == 0
    assert capsys.readouterr().out == "no difference\n"


def test_impossible_given_events_are_skipped_counted_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = "{on: 2018-10-16, event: base_attempt, by: HTS, in: Binnish}"
    policy = "{reinforce: Ahrar al-Sham, on: 2018-10-18, in: Binnish, fighters: 500}"
    words = ["--set", f"given=[{given}]", "--days", "5", "--no-pictures", "--out", str(tmp_path)]
    assert main(["run", str(KAFR_HAMRA), *words]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "1 given event was impossible on its day and was skipped: 16 Oct 2018" in said
    assert main(["run", str(KAFR_HAMRA), *words, "--set", f"policy=[{policy}]"]) == 0
    assert "2 given events were impossible on their day and were skipped" in " ".join(capsys.readouterr().out.split())


def test_check_says_how_long_truces_and_settlements_hold() -> None:
    """By draws of the frailty: of all signed, and of those that have lasted as long as the one in force at the start."""
    loaded, geography = read(KAFR_HAMRA)
    rules = loaded.scenario.rules.ceasefire
    (text,) = (text for what, text in implied(loaded.scenario, geography) if what == "agreement")
    said = [int(number) / 100 for number in re.findall(r"(\d+)%", text)]
    variance = rules.frailty_variance.best
    frailty = np.random.default_rng(1).gamma(1 / variance, variance, 200_000)

    def week(hold: float, age: int = 0) -> float:
        lasted = np.exp(-frailty * age / hold)
        return float((lasted * np.exp(-frailty * 7 / hold)).sum() / lasted.sum())

    assert said[0] == pytest.approx(week(rules.hold_days.best), abs=0.01)
    assert said[1:3] == [pytest.approx(week(rules.settlement_hold_days.best), abs=0.01), rules.violation_breaks.best]
    assert said[3:5] == [rules.suppression.best, rules.settlement_suppression.best]
    ((name, agreement),) = loaded.scenario.agreements.items()
    age = (loaded.scenario.start - agreement.signed).days
    held_by_terms = np.prod([loaded.scenario.terms[term].hold_factor.best for term in agreement.terms])
    assert f"{name}, a {agreement.kind} {age} days old" in text
    assert said[-1] == pytest.approx(week(rules.hold_days.best * held_by_terms, age), abs=0.01)
    assert said[-1] > said[0]


def test_check_counts_the_pairs_of_an_accord_of_the_start() -> None:
    loaded, geography = read(ROOT / "scenarios" / "bria_2017.yaml")
    (text,) = (text for what, text in implied(loaded.scenario, geography) if what == "agreement")
    pairs = [name for name, agreement in loaded.scenario.agreements.items() if agreement.accord == "Rome accord"]
    assert len(pairs) > 1
    assert f"Rome accord, a truce 1 day old: each of its parts ({len(pairs)} pairs) lasts another with " in text
    assert not [name for name in pairs if name in text]
    assert text.count("a settlement") == 1
