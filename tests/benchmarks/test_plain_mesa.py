"""The peer is a peer: on the same rules, map and forces it gives the same statistics, and the check would see if not."""

import pytest

from benchmarks.agree import LIMIT, compared, of_engine, of_plain, starts
from benchmarks.plain_mesa import Force, PlainModel, Town
from sim.engine import tables

pytestmark = pytest.mark.slow

DAYS = 40
ENGINE = range(1, 121)
PLAIN = range(1, 13)


def test_agrees_with_the_engine_and_would_be_seen_not_to():
    start = starts(DAYS)
    engine = [of_engine(start(seed)) for seed in ENGINE]
    plain = [of_plain(PlainModel(start(1), rng=seed)) for seed in PLAIN]
    found = compared(engine, plain)
    assert len(found) == 12
    assert {each.name: each.apart for each in found if abs(each.apart) > LIMIT} == {}
    assert all(each.engine > 0 for each in found)
    deadlier = [of_plain(_deadlier(PlainModel(start(1), rng=seed))) for seed in PLAIN]
    apart = {each.name: each.apart for each in compared(engine, deadlier)}
    assert apart["deaths"] > LIMIT


def _deadlier(model: PlainModel) -> PlainModel:
    model.p["clash_loss_per_day"] *= 5
    return model


def test_begins_with_the_engine_s_forces_and_conserves_fighters():
    simulation = starts(DAYS)(1)
    world = simulation.world
    model = PlainModel(simulation, towns_too=True)
    forces = model.agents_by_type[Force]
    assert sum(forces.get("fighters")) == int(world.forces["fighters"].sum())
    assert len(forces) == int(world.counts[tables.L_FORCES])
    assert [town.group for town in model.towns] == world.towns["holder"].tolist()
    deserted_at_most = sum(forces.get("fighters"))
    model.run()
    killed = sum(faction.deaths for faction in model.factions)
    alive = sum(model.agents_by_type[Force].get("fighters"))
    assert 0 <= deserted_at_most - alive - killed <= 0.02 * deserted_at_most
    assert all(force.fighters > 0 for force in model.agents_by_type[Force])
    assert all(force.cell is force.town.cell for force in model.agents_by_type[Force] if force.town is not None)
    rows = model.datacollector.get_agenttype_vars_dataframe(Town)
    assert len(rows) == (DAYS + 1) * len(model.towns)


def test_the_engine_has_only_the_shared_rules_on():
    simulation = starts()(1)
    on = {name for name in simulation.params.dtype.names if name.endswith("_enabled") and simulation.params[name]}
    assert on == {f"{rule}_enabled" for rule in ("incident", "movement", "clash", "control", "ceasefire")}
    assert not len(simulation.world.terms)
    assert not simulation.world.counts[tables.N_AGREEMENTS]
    assert not simulation.world.levels["reinforcement"].any()
    assert not simulation.params["control_bandwagon"]
