"""The history that is followed day by day says on every day what the finished run says of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest

from sim.engine import kinds
from sim.engine.tables import L_FORCES, N_AGREEMENTS
from sim.model import ConflictModel
from sim.pages.history import History, follow, start_history
from sim.plots.map.state import States
from sim.results.run import Run
from sim.scenario.schema import rebel_pairs

LIVELY = ["rules.base_attempt.attempts_per_town_month=1", "rules.demand.clash_after_refusal=1"]
RUNS = [("kafr_hamra", 7, ()), ("kafr_hamra", 3, LIVELY), ("two_valleys", 6, LIVELY)]


def followed(file: str, seed: int, sets: Sequence[str] = ()) -> tuple[ConflictModel, History]:
    model = ConflictModel(file, rng=seed, sets=sets)
    history = start_history(model.simulation)
    while model.running:
        model.step()
        follow(model.simulation, history)
    return model, history


@pytest.fixture(scope="module", params=RUNS, ids=lambda run: f"{run[0]}-{run[1]}")
def finished(request: pytest.FixtureRequest) -> tuple[ConflictModel, History, Run]:
    model, history = followed(*request.param)
    return model, history, Run.of(model.simulation.result())


def test_every_day_is_that_of_the_finished_run(finished: tuple[ConflictModel, History, Run]) -> None:
    model, history, run = finished
    states = States(run)
    assert history.day == states.days == model.simulation.days
    for day, snapshot in enumerate(history.snapshots):
        there, here = states[day], snapshot.map
        assert snapshot.day == day
        assert snapshot.date == here.date == there.date
        for name in ("day", "codes", "sides", "clashes", "bases", "fresh"):
            assert getattr(here, name) == getattr(there, name), (day, name)
        assert (here.changed == there.changed).all()
    assert any(snapshot.map.clashes for snapshot in history.snapshots)
    assert any(snapshot.map.bases for snapshot in history.snapshots)
    assert any(snapshot.map.changed.any() for snapshot in history.snapshots)


def test_events_are_those_of_the_finished_run(finished: tuple[ConflictModel, History, Run]) -> None:
    _model, history, run = finished
    events = run.events
    for name in ("event_id", "day", "kind", "initiator", "target", "town", "text"):
        assert [getattr(line, name) for line in history.lines] == events[name].tolist(), name
    assert [line.given for line in history.lines] == (events["given"] == 1).tolist()
    tolls = events[["deaths_initiator", "deaths_target", "deaths_civilians"]].sum(axis=1)
    assert [line.deaths for line in history.lines] == tolls.tolist()
    assert [line.row for line in history.lines] == list(range(len(events)))
    for day, snapshot in enumerate(history.snapshots):
        assert [history.lines[row].day for row in snapshot.fresh] == [day - 1] * len(snapshot.fresh)
        assert len(history.events_until(day)) == int((events["day"] < day).sum())


def test_counts_are_those_of_the_daily_table(finished: tuple[ConflictModel, History, Run]) -> None:
    model, history, run = finished
    daily = run.daily
    codes = list(model.codes.values())
    for code in codes:
        assert [s.towns_held[code] for s in history.snapshots] == daily[f"{code}_towns"].tolist()
    for a, b in rebel_pairs(run.scenario):
        assert [s.levels[a, b] for s in history.snapshots] == daily[f"level_{a}_{b}"].tolist()
    for a, b in combinations(codes, 2):
        assert [s.deaths_between.get((a, b), 0) for s in history.snapshots] == daily[f"deaths_{a}_{b}"].tolist()
    assert [s.deaths for s in history.snapshots] == daily[[f"{c}_deaths" for c in codes]].sum(axis=1).tolist()
    assert [s.civilian_deaths for s in history.snapshots] == daily["civilian_deaths"].tolist()
    assert [len(s.accords) for s in history.snapshots] == daily["agreements"].tolist()
    assert [len(s.disputes) for s in history.snapshots] == daily["disputes"].tolist()
    phases = [s.offensive.replace(" ", "_") or "none" for s in history.snapshots]
    assert phases == [kinds.OFFENSIVE_PHASES[phase] for phase in model.simulation.daily.theatre["offensive"]]


def test_agreements_are_worded_as_in_the_table(finished: tuple[ConflictModel, History, Run]) -> None:
    model, history, run = finished
    table = run.agreements.set_index("name")
    seen = {accord.name: accord for snapshot in history.snapshots for accord in snapshot.accords}
    assert len(seen) == model.world.counts[N_AGREEMENTS]
    for name, accord in seen.items():
        row = table.loc[name]
        assert accord.parties == row["parties"]
        assert ", ".join(accord.terms) == row["terms"].replace("_", " ")
        assert accord.mediator == row["mediator"]
        assert accord.given == bool(row["given"])
    for snapshot in history.snapshots:
        for accord in snapshot.accords:
            assert accord.age == (snapshot.date - table.loc[accord.name]["signed"].date()).days
            assert accord.left is None or accord.left >= 0


@pytest.mark.parametrize(("file", "seed", "sets"), RUNS)
def test_forces_stand_and_move_as_in_the_tables(file: str, seed: int, sets: Sequence[str]) -> None:
    model = ConflictModel(file, rng=seed, sets=[*sets, "rules.movement.road_km_per_day=12"])
    history, world = start_history(model.simulation), model.world
    places = {}
    for _ in range(90):
        model.step()
        follow(model.simulation, history)
        forces = world.forces[world.live_forces[: world.counts[L_FORCES]]]
        forces = forces[forces["alive"] == 1]
        snapshot = history.snapshots[-1]
        standing = forces[forces["town"] >= 0]
        assert snapshot.fighters.sum() == standing["fighters"].sum()
        for move in snapshot.moves:
            assert places.get(move.key, move.start) == pytest.approx(move.start), (snapshot.day, move)
            places[move.key] = move.end
        marching = Counter(forces["key"][forces["goal"] >= 0].tolist())
        assert marching <= Counter(move.key for move in snapshot.moves)
        for force in standing:
            if int(force["key"]) in places:
                town = world.towns[force["town"]]
                assert places[int(force["key"])] == pytest.approx((town["east"], town["north"]))
    assert any(move.start != move.end for snapshot in history.snapshots for move in snapshot.moves)


def test_past_days_do_not_change(finished: tuple[ConflictModel, History, Run]) -> None:
    _model, history, _run = finished
    snapshot = history.snapshots[0]
    for array in (snapshot.fighters, snapshot.map.changed):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    again, other = followed("kafr_hamra", 7)
    assert again.simulation.day == other.day
    kept = start_history(ConflictModel("kafr_hamra", rng=7).simulation).snapshots[0]
    assert kept.map.codes == other.snapshots[0].map.codes
    assert np.array_equal(kept.fighters, other.snapshots[0].fighters)
    assert kept.accords == other.snapshots[0].accords


def test_a_history_takes_no_leaps() -> None:
    model = ConflictModel("two_valleys", rng=1)
    history = start_history(model.simulation)
    follow(model.simulation, history)
    assert history.day == 0
    model.step()
    with pytest.raises(ValueError, match="first morning"):
        start_history(model.simulation)
    model.step()
    with pytest.raises(ValueError, match="ends with day 0"):
        follow(model.simulation, history)
    assert history.day == 0


def test_a_day_outside_is_the_nearest() -> None:
    model, history = followed("two_valleys", 1)
    assert history.at(-3).day == 0
    assert history.at(10_000).day == model.simulation.days
