"""Figures are made of what they say; the command prints, and writes JSON and a plot."""

import json

import pytest

from benchmarks import measure, rules
from benchmarks.growth import Series
from benchmarks.measure import Figure
from benchmarks.plot import draw
from benchmarks.run import PARTS, Session, main, number, table
from sim.engine import day, tables
from sim.engine.simulation import Simulation
from sim.reading import read


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


def test_clock_keeps_the_least_of_each_call():
    clock = rules.Clock(lambda p: p)
    for times in ([3.0, 1.0], [2.0, 5.0]):
        clock.times = times
        clock.end_turn(keep=True)
    assert clock.least.tolist() == [2.0, 1.0]
    assert clock.takes_parameters
    assert clock(7) == 7
    assert not rules.Clock(lambda w: w).takes_parameters


def test_shares_are_of_the_same_days_and_all_rules():
    loaded, geography = read("kafr_hamra")
    found = rules.shares(lambda: Simulation(loaded.scenario, geography, 1), 2, days=4)
    plain = Simulation(loaded.scenario, geography, 1)
    force_days = 0
    for _day in range(4):
        plain.step()
        force_days += int(plain.world.counts[tables.L_FORCES])
    assert (found.days, found.force_days) == (4, force_days)
    called = set(getattr(day.one_day, "py_func", day.one_day).__code__.co_names)
    assert set(found.rules) == {name for name in called if callable(vars(day).get(name))}
    assert sum(found.share(rule) for rule in found.rules) == pytest.approx(1)
    assert found.whole > 0


def test_numbers_have_three_digits():
    assert [number(each) for each in (0, 0.5, 12.345, 1234.5, 0.00001)] == ["0", "0.500", "12.3", "1,234", "1.0e-05"]


def test_table_names_what_grows_too_fast():
    session = Session(quick=True, full=False)
    session.figures = [Figure("peer", "a / b", 31.4, "times", 3, 0.1, "at least 25")]
    square = Series("towns", "a part", [10.0, 100.0], [1e-3, 1e-1])
    session.growth.series = {("towns", "a part"): square}
    text = "\n".join(table(session))
    assert "31.4 times" in text
    assert "goal: at least 25" in text
    assert "grows too fast (above 1.1): a part by towns" in text


def test_draws_what_there_is(tmp_path):
    series = [Series("days", "a run", [10.0, 100.0], [1e-3, 1e-2])]
    steps = [Figure("step of an agent", name, value, "us") for name, value in (("engine, same rules", 0.5), ("x", 99))]
    whole = draw([*steps, Figure("share", "control", 100.0, "%")], series, "said", tmp_path / "plot.png")
    assert whole.read_bytes().startswith(b"\x89PNG")
    assert draw([], [], "nothing measured", tmp_path / "empty.png").is_file()


def test_command_writes_json_and_plot(tmp_path, capsys):
    assert main(["--quick", "--only", "rules", "--out", str(tmp_path)]) == 0
    assert "a force-day" in capsys.readouterr().out
    (file,) = tmp_path.glob("benchmark-*.json")
    content = json.loads(file.read_text())
    shares = [each["value"] for each in content["figures"] if each["part"] == "share"]
    assert sum(shares) == pytest.approx(100)
    assert content["noise"]["rules"]["ns_a_draw"][0] > 0
    assert file.with_suffix(".png").is_file()


def test_every_part_can_be_asked_for(capsys):
    with pytest.raises(SystemExit):
        main(["--only", "nothing"])
    said = capsys.readouterr().err
    assert all(name in said for name in PARTS)
