"""Figures are made of what they say; the command prints, and writes JSON and a plot."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import measure, processes, rules, runs
from benchmarks.growth import TIME, WORK, Series
from benchmarks.measure import Figure
from benchmarks.plot import draw
from benchmarks.run import PARTS, Session, main, number, table

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


def test_in_turn_calls_each_once_a_turn():
    said = []
    found = measure.in_turn({"a": lambda: said.append("a") or 1.0, "b": lambda: said.append("b") or 2.0}, 3)
    assert said == ["a", "b"] * 3
    assert found == {"a": [1.0] * 3, "b": [2.0] * 3}


def test_ratio_is_the_median_of_turns():
    value, apart = measure.ratio([2.0, 9.0, 8.0, 6.0], [1.0, 3.0, 2.0, 3.0])
    assert value == 2.5
    assert apart > 0


def test_figure_is_the_least():
    found = measure.figure("run", "x", [3.0, 1.0, 2.0, 4.0], "ms", 10)
    assert found.value == 10
    assert found.turns == 4


def test_two_versions_stand_on_a_line_with_the_ratio_of_turns():
    pair = processes.Pair("compare", ([8.0, 4.0, 6.0], [2.0, 2.0, 3.0]), ([9.0, 5.0, 7.0], [3.0, 2.5, 4.0]), 1.25)
    words = processes.pair_line(pair).split()
    assert words[:6] == ["compare", "4.00", "s", "2.00", "s", "0.50"]
    assert words[-5:] == ["5.00", "s", "2.50", "s", "1.2"]


def test_processes_of_processes_are_counted(tmp_path):
    """A command that hands its work to another process has used what that has."""
    work = "import time\nwhile time.process_time() < 0.2: pass"
    script = tmp_path / "hands_on.py"
    script.write_text(f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {work!r}], check=True)\n")
    used, _spent = processes.python("-c", processes.COUNTED, str(script)).split()
    assert float(used) >= 0.2


def test_clock_keeps_the_least_of_each_call():
    clock = rules.Clock(lambda p: p)
    for times in ([3.0, 1.0], [2.0, 5.0]):
        clock.times = times
        clock.end_turn(keep=True)
    assert clock.least.tolist() == [2.0, 1.0]
    assert clock.takes_parameters
    assert clock(7) == 7
    assert not rules.Clock(lambda w: w).takes_parameters


MEASURED = """
import json
from benchmarks import rules
from sim.engine import day, tables
from sim.engine.simulation import Simulation
from sim.load import read

loaded, geography = read("two_valleys")
found = rules.shares(lambda: Simulation(loaded.scenario, geography, 1), 2, days=4)
plain, force_days = Simulation(loaded.scenario, geography, 1), 0
for _day in range(4):
    plain.step()
    force_days += int(plain.world.counts[tables.L_FORCES])
called = [name for name in day.one_day.__code__.co_names if callable(vars(day).get(name))]
each = {name: found.share(name) for name in found.rules}
print(json.dumps([found.days, found.force_days, force_days, found.whole, each, called]))
"""


def test_shares_are_of_the_same_days_and_all_rules():
    """Without compiling: each rule by itself would be compiled for a few calls."""
    words = [sys.executable, "-c", MEASURED]
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    days, counted, force_days, whole, each, called = json.loads(done.stdout)
    assert days == 4
    assert counted == force_days > 0
    assert whole > 0
    assert set(each) == set(called)
    assert sum(each.values()) == pytest.approx(1)


def test_figures_of_rules_are_shares_of_the_day_and_time_of_a_force(monkeypatch):
    measured = rules.Shares({"a": 3e-3, "b": 1e-3}, 5e-3, force_days=1000, days=10, call=1e-6, call_with=2e-6)
    monkeypatch.setattr(runs, "shares", lambda _start, _turns: measured)
    found = runs.rules(2)
    shares = {each.name: each.value for each in found if each.part == "share"}
    assert sum(shares.values()) == pytest.approx(100)
    assert shares["a"] == pytest.approx(75)
    assert {each.name: each.value for each in found}["a force-day"] == pytest.approx(5000)


def test_numbers_have_three_digits():
    assert [number(each) for each in (0, 0.5, 12.345, 1234.5, 0.00001)] == ["0", "0.500", "12.3", "1,234", "1.0e-05"]


def test_table_names_what_grows_too_fast():
    session = Session(quick=True, full=False)
    session.figures = [Figure("peer", "a / b", 31.4, "times", 3, 0.1, "at least 25")]
    square = Series("towns", "a part", [10.0, 100.0], [1e-3, 1e-1])
    lines = Series("forces", "a rule", [10.0, 100.0], [1e3, 1e5], WORK)
    session.growth.series = {(TIME, "towns", "a part"): square, (WORK, "forces", "a rule"): lines}
    text = "\n".join(table(session))
    assert "31.4 times" in text
    assert "goal: at least 25" in text
    assert "grows too fast (above 1.1; seconds): a part by towns" in text
    assert "grows too fast (above 1.1; lines): a rule by forces" in text


def test_draws_what_there_is(tmp_path):
    series = [Series("days", "a run", [10.0, 100.0], [1e-3, 1e-2])]
    steps = [Figure("step of an agent", name, value, "us") for name, value in (("engine, same rules", 0.5), ("x", 99))]
    whole = draw([*steps, Figure("share", "control", 100.0, "%")], series, "said", tmp_path / "plot.png")
    assert whole.read_bytes().startswith(b"\x89PNG")
    assert draw([], [], "nothing measured", tmp_path / "empty.png").is_file()


def test_command_writes_json_and_plot(tmp_path, capsys):
    assert main(["--quick", "--only", "frames", "--out", str(tmp_path)]) == 0
    assert "frames drawn" in capsys.readouterr().out
    (file,) = tmp_path.glob("benchmark-*.json")
    content = json.loads(file.read_text())
    drawn = {each["name"]: each for each in content["figures"]}["frames drawn"]
    assert drawn["value"] > 0
    assert drawn["turns"] == 2
    assert content["noise"]["frames"]["ns_a_draw"][0] > 0
    assert file.with_suffix(".png").is_file()


def test_every_part_can_be_asked_for(capsys):
    with pytest.raises(SystemExit):
        main(["--only", "nothing"])
    said = capsys.readouterr().err
    assert all(name in said for name in PARTS)
