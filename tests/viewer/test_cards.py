"""A click answers with what was known on the day shown, in the words of `run.py why`."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from sim.cli.main import main
from sim.engine.tables import N_EVENTS
from sim.model import ConflictModel
from sim.pages.history import History, follow, start_history
from sim.results.run import Run
from sim.results.write import write
from sim.scenario.load import load_scenario
from sim.scenario.show import changes
from sim.statistics.causes import nothing_line, why_lines
from sim.viewer.cards import PartialRun, event, event_card, result_at, town_card
from sim.viewer.scenario_form import change_text, choices
from tests.viewer.test_snapshot import LIVELY, followed

Watched = tuple[ConflictModel, History, Run]


@pytest.fixture(scope="module")
def watched() -> Watched:
    model, history = followed("kafr_hamra", 3, LIVELY)
    return model, history, model.run()


@pytest.fixture(scope="module")
def folder(watched: Watched, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(watched[2], tmp_path_factory.mktemp("outputs"))


def printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path, what: str) -> str:
    monkeypatch.setenv("COLUMNS", "10000")
    assert main(["why", str(folder), what, "--no-pictures"]) == 0
    return capsys.readouterr().out


def test_an_event_is_explained_as_on_the_command_line(
    watched: Watched, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, history, run = watched
    last = {kind: str(rows["event_id"].iloc[-1]) for kind, rows in run.events.groupby("kind")}
    assert {"capture", "clash", "agreement_broken"} <= set(last)
    for event_id in last.values():
        words = why_lines(run, model.simulation.seed, event_card(model, history, event_id))
        assert "\n".join(words) + "\n" == printed(capsys, monkeypatch, folder, event_id)


def test_a_town_is_explained_as_on_the_command_line(
    watched: Watched, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, history, run = watched
    changed = run.control_changes["town"].iloc[-1]
    busy = run.events["town"][run.events["town"] != ""].unique()
    quiet = next(place.name for place in run.geography.places if place.name not in busy)
    for name in (changed, busy[0], quiet):
        town = run.geography.places.index(next(p for p in run.geography.places if p.name == name))
        card = town_card(model, history, town, history.day)
        words = [nothing_line(name)] if card.why is None else why_lines(run, model.simulation.seed, card.why)
        assert "\n".join(words) + "\n" == printed(capsys, monkeypatch, folder, name)


def test_a_past_day_knows_nothing_of_later_ones(watched: Watched) -> None:
    model, history, run = watched
    change = run.control_changes.iloc[-1]
    town = model.row_of("towns", change["town"])
    before, after = (town_card(model, history, town, int(change["day"]) + more) for more in (0, 1))
    assert after.why is not None
    assert after.why.event_id == change["event_id"]
    assert before.why is None or change["event_id"] not in str(before.why)
    for card, day in ((before, change["day"]), (after, change["day"] + 1)):
        here = (run.events["town"] == change["town"]) & (run.events["day"] < day)
        assert [line.event_id for line in card.lines] == run.events["event_id"][here].tolist()[::-1]
    quiet = next(t for t, place in enumerate(run.geography.places) if place.name not in set(run.events["town"]))
    assert town_card(model, history, quiet, 5).why is None
    # The same model, stopped on that day, answers the same: nothing of the later days has leaked.
    short = ConflictModel("kafr_hamra", rng=3, sets=LIVELY)
    kept = start_history(short.simulation)
    while short.simulation.day < change["day"] + 1:
        short.step()
        follow(short.simulation, kept)
    assert town_card(short, kept, town, kept.day) == after


def test_a_town_says_who_held_it_when(watched: Watched) -> None:
    model, history, run = watched
    start = run.scenario.start
    for town in {model.row_of("towns", name) for name in run.control_changes["town"]}:
        card = town_card(model, history, town, history.day)
        assert card.held[0].start == start
        assert card.held[-1].end == history.snapshots[-1].date
        for held, later in zip(card.held, card.held[1:], strict=False):
            assert held.end == later.start
            assert held.side != later.side
        for held in card.held:
            for day in range((held.start - start).days, (held.end - start).days):
                code = history.snapshots[day].map.codes[town]
                assert ("contested" in held.side) == (code == "MIXED")
                assert (held.side == "nobody") == (code == "NEUTRAL")
                if code not in ("MIXED", "NEUTRAL"):
                    faction = next(name for name, short in model.codes.items() if short == code)
                    assert faction in held.side


def test_a_town_tells_its_bases_forces_and_disputes(watched: Watched) -> None:
    model, history, _run = watched
    asked = 0
    for day in range(5, history.day, 20):
        snapshot = history.snapshots[day]
        for town in {at for at, _code in snapshot.map.bases} | {dispute.town for dispute in snapshot.disputes}:
            card = town_card(model, history, town, day)
            shown = [code for at, code in snapshot.map.bases if at == town]
            assert len(card.bases) >= len(shown) - 1
            assert len(card.disputes) == sum(dispute.town == town for dispute in snapshot.disputes)
            codes = list(model.codes.values())
            assert dict(card.forces) == {
                c: n for c, n in zip(codes, snapshot.fighters[town].tolist(), strict=True) if n
            }
            assert (np.diff([fighters for _code, fighters in card.forces]) <= 0).all()
            asked += 1
    assert asked > 5


def test_a_missing_event_is_reported(watched: Watched) -> None:
    model, history, _run = watched
    with pytest.raises(KeyError, match="there is no event 'E999999' in this run"):
        event_card(model, history, "E999999")


def test_a_row_that_is_being_written_is_not_read(watched: Watched) -> None:
    model, history, run = watched
    counts = model.world.counts
    whole = run.events["event_id"].tolist()
    counts[N_EVENTS] += 1  # as inside the step of another thread: counted, its day not yet written
    try:
        assert PartialRun(result_at(model, history)).events["event_id"].tolist() == whole
        assert event_card(model, history, whole[-1])
    finally:
        counts[N_EVENTS] -= 1


def test_causes_are_links_to_the_events_they_are(watched: Watched) -> None:
    model, history, run = watched
    why = event_card(model, history, str(run.events.query("kind == 'capture'")["event_id"].iloc[-1]))
    html = event(why)
    assert len(why.steps) > 2
    assert re.findall('data-pick="event" data-id="(E[0-9]+)"', html) == [s.event_ids[-1] for s in why.steps[:-1]]


def test_a_value_that_is_the_files_is_not_shown_as_another() -> None:
    """Only the range of a number differs: the page says so, and not "90 % (file: 90 %)"."""
    share, base = "rules.spread.call_to_arms_share", load_scenario("kafr_hamra")
    for text, words in (
        ("0.9", "90 %, without a range"),
        ("{best: 0.9, low: 0.7, high: 0.95}", "another range around 90 %"),
    ):
        now = load_scenario("kafr_hamra", [f"{share}={text}"])
        assert [change_text(change, base, now) for change in changes(base, now)] == [
            f"new clashes that break out far away {words}"
        ]


def test_files_of_one_title_have_labels_of_their_own_and_a_copy_is_listed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = {choice.key: choice for choice in choices()}
    monkeypatch.chdir(tmp_path)
    Path("scenarios").mkdir()
    shutil.copy(shipped["two_valleys"].path, "scenarios/two_valleys.yaml")
    Path("scenarios/mine.yaml").write_bytes(shipped["two_valleys"].path.read_bytes() + b"# mine\n")
    Path("two_valleys.yaml").write_bytes(shipped["two_valleys"].path.read_bytes() + b"# other\n")
    every = choices((Path("two_valleys.yaml"), Path("scenarios/two_valleys.yaml").absolute()))
    assert len({choice.key for choice in every}) == len({choice.label for choice in every}) == len(every)
    assert sum(choice.path.name == "two_valleys.yaml" for choice in every) == 2
