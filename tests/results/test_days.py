"""The same date has the same number of day everywhere: tables, statistics, terminal, maps, captions, report, page, Mesa."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from sim.cli.main import main
from sim.engine.tables import N_EVENTS
from sim.model import ConflictModel
from sim.pages.run_report import branch_text
from sim.plots.map.sheets import control_map
from sim.plots.timeline import timeline
from sim.results.run import Run
from sim.text import day_text
from sim.viewer.cards import header
from sim.viewer.session import RunSource, Session

START, DAYS, SEED = date(2020, 3, 1), 60, 3
SETS = ("rules.base_attempt.attempts_per_town_month=1", "rules.demand.clash_after_refusal=1")
WRITTEN = r"\d{1,2} [A-Z][a-z]{2} \d{4}|\d{4}-\d\d-\d\d"
DAY_AND_DATE = re.compile(rf"day (?P<day>\d+)[,\s(]+(?P<date>{WRITTEN})|(?P<date2>{WRITTEN})[\s(]+day (?P<day2>\d+)")


def pairs_in(text: str) -> Iterator[tuple[int, date]]:
    """Give the days that stand beside their date: "day 29, 30 Mar 2020", "30 Mar 2020 (day 29 of 60)"."""
    for match in DAY_AND_DATE.finditer(text):
        written = match["date"] or match["date2"]
        on = date.fromisoformat(written) if "-" in written else datetime.strptime(written, "%d %b %Y").date()
        yield int(match["day"] or match["day2"]), on


def check(text: str, at_least: int = 1) -> None:
    pairs = list(pairs_in(text))
    assert len(pairs) >= at_least, text
    assert all(START + timedelta(days=day) == on for day, on in pairs), pairs


def call(*words: str) -> str:
    """Call a command; return all that it prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        assert main(list(words)) == 0, printed.getvalue()
    return printed.getvalue()


@pytest.fixture(scope="module")
def printed_and_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Run]:
    out = str(tmp_path_factory.mktemp("days"))
    sets = [word for each in SETS for word in ("--set", each)]
    printed = call("two_valleys", "--seed", str(SEED), "--days", str(DAYS), "--no-pictures", "--out", out, *sets)
    return printed, Run.open(Path(out) / f"two_valleys-seed{SEED}")


@pytest.fixture(scope="module")
def run(printed_and_run: tuple[str, Run]) -> Run:
    return printed_and_run[1]


def test_tables_count_days_from_the_start(run: Run) -> None:
    assert run.folder is not None
    files = {path.stem: pd.read_csv(path) for path in run.folder.glob("*.csv")}
    counted = [
        (name, day, on)
        for name, table in files.items()
        for day, on in (("day", "date"), ("event_day", "event_date"))
        if {day, on} <= set(table.columns)
    ]
    assert {name for name, _, _ in counted} == {
        "daily", "events", "events_reported", "control_changes", "control_daily",
    }  # fmt: skip
    for name, day, on in counted:
        days = (pd.to_datetime(files[name][on]) - pd.Timestamp(START)).dt.days
        assert len(days), name
        assert (days == files[name][day]).all(), name
    assert (files["daily"]["day"].min(), files["daily"]["day"].max()) == (0, DAYS)
    assert files["events"]["day"].max() < DAYS


def test_statistics_and_the_terminal_count_as_tables_do(printed_and_run: tuple[str, Run]) -> None:
    printed, run = printed_and_run
    signed = run.events[(run.events["kind"] == "agreement_signed") & (run.events["given"] == 0)]
    assert run.summary["first_agreement_day"] == (signed["date"].iloc[0].date() - START).days
    first_clash = run.events.loc[run.events["kind"] == "clash", "date"].iloc[0].date()
    assert run.summary["first_clash_day"] == (first_clash - START).days
    assert f"day {run.summary['first_agreement_day']}" in printed
    check(printed, 2)  # 30 and 60 of 60 days are done


def test_maps_captions_and_their_option_count_as_tables_do(run: Run, tmp_path: Path) -> None:
    for day in (0, 17, DAYS):
        check(" ".join(text.get_text() for text in control_map(run, day).texts))
    call("figure", str(run.folder), "control_map", "--day", "17", "--out", str(tmp_path / "map.svg"))
    check((tmp_path / "map.txt").read_text(encoding="utf-8") + (tmp_path / "map.svg").read_text(encoding="utf-8"))


def test_the_timeline_begins_on_the_first_day(run: Run) -> None:
    from matplotlib.dates import num2date

    edges = {num2date(axes.get_xlim()[0]).date() for axes in timeline(run).axes}
    assert START in edges
    assert all(abs((edge - START).days) <= 3 for edge in edges)


def test_causes_and_events_are_of_the_days_of_the_table(run: Run) -> None:
    row = run.events[run.events["kind"] == "capture"].iloc[0]
    when = day_text(row["date"].date())
    assert f"{when}: {row['text']}" in " ".join(call("why", str(run.folder), row["event_id"], "--no-pictures").split())
    until = (START + timedelta(days=int(row["day"]))).isoformat()
    listed = call("events", str(run.folder), "--from", until, "--until", until)
    assert row["event_id"] in listed
    assert all(event in listed for event in run.events.loc[run.events["day"] == row["day"], "event_id"])


def test_a_branch_begins_on_the_day_of_the_table(run: Run, tmp_path: Path) -> None:
    day = 20
    printed = call(
        "branch", str(run.folder), "--day", str(day), "--set", "rules.incident.enabled=false", "--no-pictures",
        "--quiet", "--out", str(tmp_path),
    )  # fmt: skip
    branch = Run.open(printed.strip())
    check(branch_text(branch))
    before = [each.loc[each["day"] < day, "text"].tolist() for each in (run.events, branch.events)]
    assert before[0] == before[1]


def test_the_page_and_mesa_count_as_tables_do(run: Run) -> None:
    assert run.folder is not None
    session = Session((RunSource(run.folder, SEED, replay=True),))
    (model,) = session.runs
    history = model.history
    assert model.simulation.day == history.day == DAYS
    assert [(line.day, line.date, line.event_id) for line in history.lines] == [
        (day, day_text(on.date()), event)
        for day, on, event in zip(run.events["day"], run.events["date"], run.events["event_id"], strict=True)
    ]
    for snapshot in history.snapshots:
        check(re.sub("<[^>]*>", " ", header(session, (), snapshot)))
        assert f'data-day="{snapshot.day}"' in header(session, (), snapshot)
    mesa = ConflictModel("two_valleys", rng=SEED, sets=[*SETS, f"days={DAYS}"])
    for _ in range(17):
        mesa.step()
    assert (mesa.steps, mesa.simulation.day) == (17, 17)
    events = mesa.world.events[: mesa.world.counts[N_EVENTS]]
    assert events["day"].tolist() == run.events.loc[run.events["day"] < 17, "day"].tolist()
