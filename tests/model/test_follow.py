"""Tables and Mesa's objects say the same after every step and every assignment, and give the same events."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from mesa.agent import AgentSet

from sim.engine.simulation import simulate
from sim.engine.tables import N_EVENTS, N_FORCES, World
from sim.load import read
from sim.model import Base, ConflictModel, Faction, Force, Town
from tests.model.support import LIVELY


def log(world: World) -> bytes:
    return world.events[: world.counts[N_EVENTS]].tobytes()


def agree(model: ConflictModel) -> None:
    """Every row in use has its agent, each agent is on the cell of its row and nowhere else."""
    world = model.world
    for kind in (Force, Base):
        rows = np.flatnonzero(kind.rows(world)["alive"] == 1).tolist()
        assert sorted(agent.row for agent in model.agents_by_type[kind]) == rows
    placed = [agent for cell in model.grid.all_cells for agent in cell.agents]
    assert len(placed) == len(set(placed))
    assert set(placed) == {agent for agent in model.agents if not isinstance(agent, Faction)}
    for agent in placed:
        assert agent in agent.cell.agents
    for force in model.agents_by_type[Force]:
        assert force.cell.coordinate == (force.x, force.y)
        if force.town is not None:
            assert force.cell is model.town(force.town).cell
    for base in model.agents_by_type[Base]:
        assert base.cell is model.town(base.town).cell


@pytest.mark.parametrize("file", ["kafr_hamra", "greater_idlib_2018"])
@pytest.mark.parametrize("use", ["nothing", "agents", "everything", "late"])
def test_same_events_with_and_without_mesas_objects(file: str, use: str) -> None:
    loaded, geography = read(file, LIVELY)
    model = ConflictModel(file, rng=7, sets=LIVELY)
    if use in ("agents", "everything"):
        assert model.agents
    if use == "everything":
        assert model.datacollector
    for _ in range(60):
        model.step()
        if use == "everything" or (use == "late" and model.steps > 30):
            model.agents.shuffle_do(lambda agent: agent.name)
            model.random.random()
            model.rng.random()
    expected = simulate(loaded.scenario, geography, 7).world
    assert log(model.world) == log(expected)
    assert Force.rows(model.world).tobytes() == Force.rows(expected).tobytes()


def test_cells_and_forces_agree_after_every_step(model: ConflictModel) -> None:
    agree(model)
    for _ in range(40):
        model.step()
        agree(model)


def test_forces_move_and_are_born_and_bases_open(model: ConflictModel) -> None:
    before = {force: force.cell for force in model.agents_by_type[Force]}
    made = int(model.world.counts[N_FORCES])
    moved, bases = 0, 0
    while model.running:
        model.step()
        moved += sum(force.cell is not before.get(force, force.cell) for force in model.agents_by_type[Force])
        before = {force: force.cell for force in model.agents_by_type[Force]}
        bases = max(bases, len(model.agents_by_type[Base]))
    assert model.world.counts[N_FORCES] > made
    assert len(model.agents_by_type[Force]) < model.world.counts[N_FORCES]
    assert moved > 0
    assert bases > 0
    agree(model)


def test_closed_rows_leave(model: ConflictModel) -> None:
    forces = list(model.agents_by_type[Force])
    doomed = forces[3]
    cell = doomed.cell
    model.world.forces["alive"][doomed.row] = 0
    model.step()
    assert doomed not in model.agents
    assert doomed not in cell.agents
    assert doomed.cell is None
    agree(model)


def test_tables_may_be_replaced(model: ConflictModel) -> None:
    force = model.town("Idlib").cell.agents[1]
    assert isinstance(force, Force)
    longer = np.zeros(2 * len(model.world.forces), model.world.forces.dtype)
    longer[: len(model.world.forces)] = model.world.forces
    model.world.put(forces=longer, standing=np.zeros(len(longer), np.int64), live_forces=_longer(model, len(longer)))
    force.fighters = 5
    assert longer["fighters"][force.row] == 5
    model.step()
    agree(model)


def _longer(model: ConflictModel, rows: int) -> np.ndarray:
    live = np.zeros(rows, np.int64)
    live[: len(model.world.live_forces)] = model.world.live_forces
    return live


def test_writing_goes_to_the_table(model: ConflictModel) -> None:
    force = next(iter(model.agents_by_type[Force]))
    force.fighters = np.int64(5)
    force.commander = False
    force.home = "Kafr Hamra"
    row = model.world.forces[force.row]
    assert (row["fighters"], row["commander"]) == (5, 0)
    assert row["home"] == model.town("Kafr Hamra").row
    assert (force.fighters, force.commander, force.home) == (5, False, "Kafr Hamra")
    faction = next(iter(model.agents_by_type[Faction]))
    faction.restraint = 3
    assert model.world.factions["restraint"][faction.row] == 3.0
    town = model.town("Kafr Hamra")
    town.holder = None
    assert (town.status, town.faction, town.holder) == ("neutral", None, None)
    town.holder = "HTS"
    assert (town.status, town.faction, town.holder) == ("held", "HTS", "HTS")
    model.step()
    agree(model)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("fighters", -1),
        ("fighters", 2.5),
        ("fighters", "many"),
        ("fighters", None),
        ("cohesion", float("nan")),
        ("cohesion", 1.1),
        ("commander", "yes"),
        ("home", "Atlantis"),
        ("home", None),
        ("goal", 7),
        ("cell", None),
    ],
)
def test_what_cannot_be_is_refused(model: ConflictModel, field: str, value: object) -> None:
    force = next(iter(model.agents_by_type[Force]))
    before = model.world.forces.tobytes()
    with pytest.raises(ValueError, match=r"must be|no town|stands on a cell"):
        setattr(force, field, value)
    assert model.world.forces.tobytes() == before
    agree(model)


@pytest.mark.parametrize("field", ["faction", "group", "x", "y", "town", "born", "alive", "orders", "name"])
def test_what_belongs_to_the_rules_is_not_written(model: ConflictModel, field: str) -> None:
    with pytest.raises(AttributeError):
        model.agents_by_type[Force].set(field, 1)


def test_a_cell_of_another_model_is_refused(model: ConflictModel) -> None:
    other = ConflictModel("kafr_hamra")
    force = next(iter(model.agents_by_type[Force]))
    with pytest.raises(ValueError, match="not a cell of this model"):
        force.cell = other.grid[force.x, force.y]
    agree(model)


def test_a_force_put_in_a_town_stands_there(model: ConflictModel) -> None:
    force = next(each for each in model.agents_by_type[Force] if each.town != "Kafr Hamra")
    force.cell = model.town("Kafr Hamra").cell
    assert (force.town, force.goal) == ("Kafr Hamra", None)
    agree(model)
    model.step()
    agree(model)


def test_a_force_put_in_open_country_goes_home(model: ConflictModel) -> None:
    force = next(each for each in model.agents_by_type[Force] if each.rank == 1)
    home = model.town(force.home)
    open_country = home.cell.neighborhood.select(lambda cell: not cell.agents).select_random_cell()
    force.move_to(open_country)
    assert (force.town, force.goal, force.orders) == (None, home.name, "return")
    agree(model)
    model.step()
    agree(model)
    assert force.cell in (home.cell, None)  # home, or merged into the garrison there


def test_a_goal_is_marched_to(model: ConflictModel) -> None:
    force = next(each for each in model.agents_by_type[Force] if each.group == "HTS" and each.rank == 2)
    goal = next(town.name for town in model.agents_by_type[Town] if town.faction == "HTS" and town.name != force.town)
    force.goal = goal
    for _ in range(30):
        model.step()
        if force.town == goal:
            break
    assert force.town == goal
    assert force.cell is model.town(goal).cell


def test_a_force_removed_is_disbanded(model: ConflictModel) -> None:
    force = next(iter(model.agents_by_type[Force]))
    fighters, faction, cell = force.fighters, force.faction, force.cell
    deserted = {each.name: each.deserted for each in model.agents_by_type[Faction]}
    force.remove()
    assert force.cell is None
    assert force not in cell.agents
    assert {each.name: each.deserted - deserted[each.name] for each in model.agents_by_type[Faction]}[
        faction
    ] == fighters
    agree(model)
    model.step()
    agree(model)


def test_a_base_removed_is_closed(model: ConflictModel) -> None:
    while not len(model.agents_by_type[Base]):
        model.step()
    base = next(iter(model.agents_by_type[Base]))
    row = base.row
    base.remove()
    assert (model.world.bases["alive"][row], model.world.bases["closed"][row]) == (0, model.steps)
    agree(model)
    model.run_model()
    agree(model)


def test_wild_interventions_do_not_break_the_engine(model: ConflictModel) -> None:
    cells = list(model.grid.all_cells)
    for _ in range(40):
        some: AgentSet = model.agents_by_type[Force].shuffle().select(at_most=12)
        for i, force in enumerate(some):
            if i % 4 == 0:
                force.cell = model.random.choice(cells)
            elif i % 4 == 1:
                force.goal = model.random.choice(model.names["towns"])
            elif i % 4 == 2:
                force.fighters = model.random.choice([0, 1, 5000])
            elif i == 3:
                force.remove()
        town = model.town(model.random.choice(model.names["towns"]))
        town.holder = model.random.choice([None, *model.names["groups"]])
        agree(model)
        model.step()
        agree(model)


def test_engine_and_batches_do_without_mesa() -> None:
    words = "import sys, sim.engine.simulation, sim.load, sim.results.run; print('mesa' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
