"""What someone who knows Mesa does with a model; warnings are errors here as everywhere in the tests."""

from __future__ import annotations

import gc
import inspect
import weakref
from datetime import date

import mesa
import numpy as np
import pytest
from mesa.discrete_space import CellAgent, FixedAgent, OrthogonalMooreGrid

from sim.errors import InputError
from sim.model import Base, ConflictModel, Faction, Force, Town
from sim.scenario.load import load_scenario
from tests.model.support import LIVELY


def test_steps_are_days_until_the_end() -> None:
    model = ConflictModel("scenarios/kafr_hamra.yaml", rng=7, sets=["days=3"])
    assert (model.steps, model.running, model.date) == (0, True, date(2018, 10, 15))
    model.step()
    assert (model.steps, model.running, model.date) == (1, True, date(2018, 10, 16))
    model.run_model()
    assert (model.steps, model.running, model.date) == (3, False, date(2018, 10, 18))
    before = model.world.events.tobytes()
    model.step()
    assert (model.steps, model.running, model.date) == (3, False, date(2018, 10, 18))
    assert model.world.events.tobytes() == before


def test_run_gives_the_record() -> None:
    model = ConflictModel("kafr_hamra", rng=7, sets=["days=20"])
    model.step()
    run = model.run()
    assert (run.name, run.seed, len(run.daily), model.running) == ("kafr_hamra", 7, 21, False)
    assert model.run().events.equals(run.events)


def test_a_scenario_object_is_as_good_as_its_file(model: ConflictModel) -> None:
    other = ConflictModel(load_scenario("kafr_hamra", LIVELY), rng=7)
    assert other.run().events.equals(model.run().events)
    with pytest.raises(ValueError, match="sets change a scenario file"):
        ConflictModel(load_scenario("kafr_hamra"), sets=["days=3"])


def test_a_faulty_file_is_reported_with_its_line() -> None:
    with pytest.raises(InputError, match="did you mean 'kafr_hamra'"):
        ConflictModel("kafr_hamrra")
    scenario = load_scenario("kafr_hamra").model_copy(update={"watch_towns": ["Atlantis"]})
    with pytest.raises(InputError, match=r"scenario: watch_towns\.0: no town 'Atlantis'"):
        ConflictModel(scenario)


@pytest.mark.parametrize("rng", [np.int64(7), np.uint8(7), 7])
def test_seeds(rng: int) -> None:
    assert ConflictModel("kafr_hamra", rng=rng).simulation.seed == 7


def test_no_seed_is_seed_one() -> None:
    assert ConflictModel("kafr_hamra").simulation.seed == 1


@pytest.mark.parametrize("rng", [-1, 2**63, 1.5, "7", True, np.True_, np.random.default_rng(1), [1]])
def test_what_is_no_seed_is_refused(rng: object) -> None:
    with pytest.raises(ValueError, match="rng must be a seed"):
        ConflictModel("kafr_hamra", rng=rng)  # type: ignore[arg-type]


def test_parameters_suit_solara() -> None:
    names = inspect.signature(ConflictModel.__init__).parameters
    assert "scenario" not in names  # Mesa 3.5 keeps the name for itself
    assert not {p.kind for p in names.values()} & {inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL}


def test_grid_and_agents_are_mesas_own(model: ConflictModel) -> None:
    grid = model.grid
    assert isinstance(grid, OrthogonalMooreGrid)
    assert (grid.width, grid.height) == (model.geography.width, model.geography.height)
    assert not grid.torus
    assert grid.capacity is None
    assert set(model.agent_types) == {Faction, Town, Base, Force}
    assert all(issubclass(kind, mesa.Agent) for kind in model.agent_types)
    assert issubclass(Force, CellAgent)
    assert issubclass(Town, FixedAgent)
    assert issubclass(Base, FixedAgent)
    assert len(model.agents_by_type[Base]) == 0
    ids = model.agents.get("unique_id")
    assert sorted(ids) == list(range(1, len(ids) + 1))


def test_names_in_place_of_numbers(model: ConflictModel) -> None:
    town = model.town("kafr hamra")
    assert (town.name, town.status, town.faction) == ("Kafr Hamra", "held", "NLF")
    assert town.holder in model.simulation.scenario.factions["NLF"].groups
    assert town.cell.coordinate == (town.x, town.y)
    assert sum(town.influence.values()) == pytest.approx(1)
    assert isinstance(town.population, float)
    force = next(iter(model.agents_by_type[Force]))
    assert force.faction in model.names["factions"]
    assert force.group in model.simulation.scenario.factions[force.faction].groups
    assert (force.orders, force.town, force.goal, force.commander) == ("garrison", force.home, None, True)
    assert type(force.fighters) is int
    assert type(force.cohesion) is float
    assert repr(town) == "<Town Kafr Hamra>"
    assert "fighters" in inspect.getdoc(Force.fighters)  # type: ignore[operator]


def test_agent_sets(model: ConflictModel) -> None:
    forces = model.agents_by_type[Force]
    by_faction = {name: sum(each.get("fighters")) for name, each in forces.groupby("faction")}
    assert by_faction == {faction.name: faction.fighters for faction in model.agents_by_type[Faction]}
    assert forces.groupby("faction").agg("fighters", sum) == by_faction
    assert forces.agg("fighters", sum) == sum(by_faction.values())
    reserves = forces.select(lambda force: force.rank == 2)
    assert 0 < len(reserves) < len(forces)
    reserves.set("cohesion", 0.25)
    rows = model.world.forces[: len(forces)]
    assert (rows["cohesion"][rows["rank"] == 2] == 0.25).all()
    seen: list[Force] = []
    forces.do(seen.append)
    assert seen == list(forces)
    model.agents.shuffle_do(lambda agent: seen.append(agent))
    assert len(seen) == len(forces) + len(model.agents)
    held = model.agents_by_type[Town].select(lambda town: town.status == "held")
    assert held.groupby("faction").count() == {
        each.name: each.towns for each in model.agents_by_type[Faction] if each.towns
    }


def test_the_models_collector_has_a_row_a_morning(model: ConflictModel) -> None:
    for _ in range(20):
        model.step()
    frame = model.datacollector.get_model_vars_dataframe()  # asked for late: the days so far are there
    assert len(frame) == 21
    late = model.datacollector
    daily = model.run().daily
    frame = late.get_model_vars_dataframe()
    assert len(frame) == 61
    assert set(frame.columns) == set(daily.columns) - {"day"}
    for name in frame.columns[1:]:
        assert (frame[name].to_numpy() == daily[name].to_numpy()).all(), name
    assert frame["date"].tolist() == [day.date() for day in daily["date"]]


def test_a_collector_of_ones_own(model: ConflictModel) -> None:
    model.datacollector = mesa.DataCollector(
        model_reporters={"alive": lambda m: m.agents_by_type[Force].agg("fighters", sum)},
        agenttype_reporters={Force: {"fighters": "fighters", "town": "town"}, Base: {"town": "town"}},
    )
    model.datacollector.collect(model)
    for _ in range(5):
        model.step()
    assert len(model.datacollector.get_model_vars_dataframe()) == 6
    forces = model.datacollector.get_agenttype_vars_dataframe(Force)
    assert set(forces.index.get_level_values("Step")) == set(range(6))
    assert forces.loc[5]["fighters"].sum() == model.agents_by_type[Force].agg("fighters", sum)


def test_agents_of_ones_own_live_beside(model: ConflictModel) -> None:
    class Observer(CellAgent):
        def step(self) -> None:
            self.cell = self.cell.neighborhood.select_random_cell()

    observer = Observer(model)
    observer.cell = model.town("Idlib").cell
    model.step()
    model.agents_by_type[Observer].do("step")
    assert observer in observer.cell.agents
    ids = model.agents.get("unique_id")
    assert len(set(ids)) == len(ids)


def test_a_subclass_steps_as_usual() -> None:
    class Mine(ConflictModel):
        def step(self) -> None:
            super().step()
            self.seen = len(self.agents)

    model = Mine("kafr_hamra", rng=7, sets=["days=2"])
    model.run_model()
    assert model.steps == 2
    assert model.seen == len(model.agents)


def test_a_model_is_freed_when_dropped(model: ConflictModel) -> None:
    other = ConflictModel("kafr_hamra", rng=7, sets=["days=20"])
    assert other.agents
    assert other.datacollector is other.datacollector
    other.run()
    gone = weakref.ref(other)
    del other
    gc.collect()
    assert gone() is None
