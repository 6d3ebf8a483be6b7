"""`why`, `events` and `rules`: questions about a finished run and about the day."""

from __future__ import annotations

import csv
import io
import re
import shutil
from pathlib import Path

import pytest
from PIL import Image

from sim.cli.locate import find_event
from sim.cli.main import main
from sim.results.run import Run
from sim.results.write import write
from sim.rule_catalogue import catalogue
from tests.cli.support import KAFR_HAMRA, Command
from tests.results import small_result

TOWN = Run.of(small_result.result()).geography.places[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run made by hand."""
    result = small_result.result()
    result.daily.holder[:, 3] = small_result.AHRAR
    return write(Run.of(result, name="by_hand"), tmp_path_factory.mktemp("outputs"))


def say(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_why_tells_the_causes_in_order_and_draws_them(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _err = say(capsys, "why", folder, TOWN.pcode or TOWN.name, "--out", tmp_path)
    assert code == 0
    assert out.startswith("SIMULATED")
    steps = [line for line in out.splitlines() if line[:1].isdigit()]
    assert [line.split(".")[0] for line in steps] == ["1", "2", "3", "4", "5", "6"]
    assert "[E000011]" in steps[-1]
    assert "chance that day 33 %: agreement lowered it by 35 %" in out
    assert "1 other commander killed" in out
    assert "\x1b[" not in out
    png = next(tmp_path.glob("why_*.png"))
    with Image.open(png) as picture:
        assert "SIMULATED" in picture.info["Title"]
    assert b"SIMULATED" in png.with_suffix(".svg").read_bytes()


def test_why_overwrites_nothing_and_repeats_nothing(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        assert say(capsys, "why", folder, TOWN.name, "--out", tmp_path)[0] == 0
    first = next(tmp_path.glob("*.png"))
    assert len(list(tmp_path.iterdir())) == 2
    first.write_bytes(b"mine")
    assert say(capsys, "why", folder, TOWN.name, "--out", tmp_path)[0] == 0
    assert first.read_bytes() == b"mine"
    assert len(list(tmp_path.iterdir())) == 4


def test_why_draws_into_the_folder_of_the_run(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = shutil.copytree(folder, tmp_path / "run")
    assert say(capsys, "why", copy, "e14")[0] == 0
    assert (copy / "why_e000014.png").is_file()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["why", "{run}", "E000999"], "there is no event 'E000999' in this run, the last is E000014"),
        (["why", "{run}", "Kafr Hamr"], "did you mean 'Kafr Hamra'?"),
        (["why", "{run}/../by_hnd-seed7", "Kafr Hamra"], "did you mean 'by_hand-seed7'?"),
        (["why", "no_such_run", "Kafr Hamra"], "no_such_run: there is no such run"),
        (["events", "{run}/events.csv"], "is a file"),
        (["events", "{run}/.."], "a folder without results; this command takes a single run"),
        (["events", "{run}", "--kind", "captur"], "did you mean 'capture'?"),
        (["events", "{run}", "--kind", "zzz"], "there are given_skipped"),
        (["events", "{run}", "--town", "Kafr Hamr"], "did you mean 'Kafr Hamra'?"),
        (["events", "{run}", "--faction", "NFL"], "did you mean 'NLF'?"),
        (["events", "{run}", "--faction", "zzz"], "there are HTS, NLF, GOV"),
        (["events", "{run}", "--from", "2018-13-01"], "is not a date"),
        (["rules", "no_such_file.yaml"], "no_such_file.yaml"),
        (["rules", "--set", "days=3"], "name its file"),
        (["rules", "--picture", "day.txt"], "must end in"),
    ],
)
def test_a_wrong_question_is_one_clear_line_and_code_2(
    folder: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = say(capsys, *(word.replace("{run}", str(folder)) for word in words))
    assert code == 2
    assert said in err
    assert err.count("\n") == 1
    assert not out


def test_a_run_without_its_events_says_so(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = shutil.copytree(folder, tmp_path / "run")
    (copy / "events.csv").unlink()
    code, _out, err = say(capsys, "events", copy)
    assert code == 2
    assert "events.csv is missing" in err


def test_a_town_where_nothing_happened_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _err = say(
        capsys, "why", folder, Run.of(small_result.result()).geography.places[100].name, "--no-pictures"
    )
    assert code == 0
    assert "No event of note" in out


def test_events_are_listed_in_words(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _err = say(capsys, "events", folder)
    assert code == 0
    assert "14 events" in out
    ids = [line.split()[0] for line in out.splitlines() if line.startswith("E0")]
    assert ids == [f"E{number:06d}" for number in range(1, 15)]


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        (["--kind", "capture"], [11]),
        (["--kind", "base opened", "--kind", "shelling"], [2, 14]),
        (["--faction", "gov"], [14]),
        (["--faction", "loyalists"], [14]),
        (["--faction", "Nour al-Din al-Zenki"], [12]),
        (["--from", "2018-10-31"], [12, 13, 14]),
        (["--until", "2018-10-27"], [1]),
        (["--from", "2018-10-29", "--until", "2018-10-29", "--kind", "clash"], [6]),
    ],
)
def test_events_are_chosen(folder: Path, words: list[str], ids: list[int], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _err = say(capsys, "events", folder, *words, "--csv")
    assert code == 0
    assert [row["event_id"] for row in csv.DictReader(io.StringIO(out))] == [f"E{number:06d}" for number in ids]


def test_a_town_has_many_names(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = (TOWN.name, TOWN.pcode, *TOWN.aliases)
    found = {say(capsys, "events", folder, "--town", word, "--csv")[1] for word in words if word}
    assert len(found) == 1
    assert found.pop().count("\n") > 5


def test_reports_are_listed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _err = say(capsys, "events", folder, "--reported")
    assert code == 0
    assert "reports" in out


def test_ids_are_read_generously() -> None:
    assert find_event("e12") == find_event("E000012") == "E000012"
    assert find_event("Kafr Hamra") is None


def test_rules_prints_the_day_in_its_order(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _err = say(capsys, "rules", KAFR_HAMRA, "--set", "rules.spread.enabled=false")
    assert code == 0
    heads = [line for line in out.splitlines() if line[:1].isdigit()]
    assert [line.split()[1].rstrip(":") for line in heads] == [step.id for step in catalogue()]
    text = " ".join(out.split())  # a narrow terminal breaks lines
    assert re.search(r"\bspread\b[^\[]*\[off\]", text)
    assert "[on; attrition stochastic]" in text
    assert "Bohorquez" in out


def test_rules_draws_the_day(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "day.png"
    assert say(capsys, "rules", "--picture", target)[0] == 0
    with Image.open(target) as picture:
        assert picture.width > 1500
    code, _out, err = say(capsys, "rules", "--picture", target)
    assert (code, err.count("\n")) == (2, 1)
    assert "nothing is overwritten" in err


def asked(call: Command, folder: Path, environment: dict[str, str]) -> None:
    for words in (["why", folder, TOWN.name, "--no-pictures"], ["events", folder], ["rules"]):
        result = call(*words, **environment)
        assert result.returncode == 0, result.stderr
        assert "\x1b[" not in result.stdout


@pytest.mark.parametrize("environment", [{"COLUMNS": "20"}, {"TERM": "dumb"}])
def test_questions_work_on_poor_terminals(command: Command, folder: Path, environment: dict[str, str]) -> None:
    asked(command, folder, environment)


def test_questions_work_where_letters_are_missing(process: Command, folder: Path) -> None:
    asked(process, folder, {"PYTHONIOENCODING": "ascii"})


@pytest.mark.parametrize(
    ("options", "option", "allowed"),
    [
        (("--from", "2030-01-01"), "--from", "the run is from"),
        (("--until", "1999-12-31"), "--until", "the run is from"),
        (("--from", "2018-11-03", "--until", "2018-11-01"), "--until", "before --from"),
        (("--reported", "--from", "2030-01-01"), "--from", "the run is from"),
        (("--from", "20181101"), "--from", "write it as 2020-03-14"),
        (("--until", "2018-W44-1"), "--until", "write it as 2020-03-14"),
        (("--from", "2018-02-30"), "--from", "not a date"),
    ],
)
def test_days_that_a_run_does_not_have_are_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], option: str, allowed: str
) -> None:
    code, out, err = say(capsys, "events", folder, *options)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert err.startswith(f"{option}: ")
    assert allowed in err
