"""Files of claims: strict reading, every fault with its line; the shipped file can be planned."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.cli.main import main
from sim.errors import InputError
from sim.validation.audit import check_patterns, plans_of
from sim.validation.claims import FOLDER, Bounds, find_claims, fitted_inputs, read_claims
from sim.validation.pattern_file import find_patterns, read_patterns
from tests.cli.support import ROOT

HEAD = "title: Made up\nclaims:\n  one:\n    sentence: There is more fighting so.\n    page: README.md\n"
BODY = "    scenario: two_valleys\n    statistic: clash_days\n    expected: {at_least: 1}\n"


@pytest.mark.parametrize(
    ("body", "line", "words"),
    [
        (BODY.replace("clash_days", "clash_dys"), 7, "clash_days"),
        (BODY.replace("clash_days", "deaths"), 7, "deaths.NAME"),
        (BODY.replace("clash_days", "holder.Tolland"), 7, "town: {name, held_by, on}"),
        (BODY.replace("{at_least: 1}", "{at_least: 3, at_most: 1}"), 8, "got 3 and 1"),
        (BODY.replace("{at_least: 1}", "{}"), 8, "at_least, at_most or both"),
        (BODY.replace("{at_least: 1}", "1"), 8, "a mapping with at_least, at_most or both"),
        (BODY.replace("at_least", "at_lest"), 8, "did you mean 'at_least'"),
        (BODY + "    pattern: P19\n", 3, "exactly one of statistic, figure, town, pattern"),
        (BODY + "    verdict: pass\n", 9, "does not belong to a claim on a statistic"),
        (BODY + "    replicats: 9\n", 9, "did you mean 'replicates'"),
        (BODY + "    condition: {at_least: 3}\n    seed: 2\n", 3, ""),
        (BODY.replace("{at_least: 1}", "{at_least: 1.5}") + "    condition: {at_least: 3}\n", 8, "between 0 and 1"),
        (BODY.replace("statistic: clash_days", "figure: P19_target"), 7, "P19_target_share"),
        (BODY.replace("statistic: clash_days", "pattern: P19"), 3, "verdict"),
    ],
)
def test_faults_have_their_line(tmp_path: Path, body: str, line: int, words: str) -> None:
    file = tmp_path / "claims.yaml"
    file.write_text(HEAD + body)
    if not words:
        assert read_claims(file)[0].claims["one"].kind == "share"
        return
    with pytest.raises(InputError) as error:
        read_claims(file)
    faults = [(fault.line, str(fault)) for fault in error.value.faults]
    assert any(at == line and words in text for at, text in faults), faults


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (BODY.replace("two_valleys", "two_valeys"), "two_valleys"),
        (BODY.replace("two_valleys", "{file: two_valleys, set: {rules.spred.delay_days: 1}}"), "spread"),
        (BODY.replace("clash_days", "deaths.HTS"), "League"),
        (BODY.replace("statistic: clash_days", "town: {name: Nowhere, held_by: League, on: 2020-03-20}"), "Nowhere"),
        (BODY.replace("statistic: clash_days", "town: {name: Tolland, held_by: Leage, on: 2020-03-20}"), "League"),
        (BODY.replace("statistic: clash_days", "town: {name: Tolland, held_by: League, on: 2021-03-20}"), "2021-03-20"),
        (BODY + "    against: {file: two_valleys, set: {days: 20}}\n", "days"),
    ],
)
def test_faults_of_scenarios_stop_the_audit_before_any_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], body: str, words: str
) -> None:
    file = tmp_path / "claims.yaml"
    file.write_text(HEAD + body)
    assert main(["audit", str(file), "--out", str(tmp_path / "out")]) == 2
    message = capsys.readouterr().err
    assert words in message
    assert "claims.yaml:" in message
    assert not (tmp_path / "out").exists()


def test_a_claim_or_file_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "claims.yaml").write_text("posterior: no.csv\n" + HEAD + BODY)
    assert main(["audit", str(tmp_path / "claims.yaml"), "--claim", "on"]) == 2
    assert "did you mean 'one'" in capsys.readouterr().err
    assert main(["audit", str(tmp_path / "claims.yaml"), "--out", str(tmp_path / "out")]) == 2
    assert "claims.yaml:1: posterior: there is no file" in capsys.readouterr().err
    assert main(["audit", "greater_idlb"]) == 2
    assert "did you mean 'greater_idlib'" in capsys.readouterr().err
    assert main(["audit", "scenarios/two_valleys.yaml"]) == 2
    assert "is a scenario file; audit takes a file of claims" in capsys.readouterr().err


def test_ends_that_are_left_out_are_open() -> None:
    assert Bounds(at_most=2).text == "at most 2"
    assert Bounds(at_least=1, at_most=2).text == "at least 1 and at most 2"


def test_the_shipped_claims_can_be_planned_and_stand_in_pages() -> None:
    claims, source = read_claims(find_claims(Path("greater_idlib")))
    assert 8 <= len(claims.claims) <= 12
    assert len(fitted_inputs(claims, source)) > 10
    declared = read_patterns(find_patterns(None, "greater_idlib"))
    for name, claim in claims.claims.items():
        assert (ROOT / claim.page).is_file()
        planned = plans_of(name, claim, fitted_inputs(claims, source), source, 8)
        assert len({one.plan.name for one in planned}) == len({one.plan.digest for one in planned}) == len(planned)
        if claim.reads_reports:
            check_patterns(name, claim, planned, declared, source)
    assert FOLDER.is_dir()
