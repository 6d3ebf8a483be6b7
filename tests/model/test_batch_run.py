"""mesa.batch_run over the model: a row a run, the last row is the last day, seeds that differ."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, timedelta
from typing import Any

import mesa
import pytest
from mesa.batchrunner import batch_run

from sim.model import ConflictModel
from sim.model.conflict import COLLECTIONS
from tests.cli.support import ROOT

NEW = hasattr(mesa.DataCollector(), COLLECTIONS)  # Mesa 3.5
DAYS = 10
START = date(2018, 10, 15)
PARAMETERS: dict[str, Any] = {"file": "kafr_hamra", "sets": [[f"days={DAYS}"]]}


class Mine(ConflictModel):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)


def run(parameters: dict[str, Any], seeds: list[int], **options: Any) -> list[dict[str, Any]]:
    """Call batch_run with seeds as this version of Mesa takes them."""
    given = {"display_progress": False, "max_steps": 1000, **options}
    if NEW:
        return batch_run(ConflictModel, parameters, rng=seeds, **given)
    return batch_run(ConflictModel, {**parameters, "rng": seeds}, **given)


def daily(seed: int, column: str) -> list[Any]:
    return ConflictModel("kafr_hamra", rng=seed, sets=[f"days={DAYS}"]).run().daily[column].tolist()


def test_a_row_a_run_which_is_the_last_day() -> None:
    rows = run(PARAMETERS, [1, 2, 3])
    assert [row["seed"] for row in rows] == [row["rng"] for row in rows] == [1, 2, 3]
    assert [row["date"] for row in rows] == [START + timedelta(days=DAYS)] * 3
    for row in rows:
        assert row["HTS_fighters"] == daily(row["seed"], "HTS_fighters")[-1]
    assert len({row["HTS_fighters"] for row in rows}) > 1


def test_a_run_ended_by_max_steps_ends_with_its_last_day() -> None:
    (row,) = run(PARAMETERS, [1], max_steps=5)
    assert row["date"] - START in (timedelta(days=5), timedelta(days=6))  # Mesa 3.3 makes one step more


def test_every_day_is_a_row() -> None:
    rows = run(PARAMETERS, [4], data_collection_period=1)
    first = 0 if NEW else 1  # Mesa 3.3 has no row for the start
    assert [row["date"] for row in rows] == [START + timedelta(days=day) for day in range(first, DAYS + 1)]
    assert [row["HTS_fighters"] for row in rows] == daily(4, "HTS_fighters")[first:]


def test_some_days_are_rows() -> None:
    rows = run(PARAMETERS, [4], data_collection_period=5)
    expected = [0, 5, 10] if NEW else [1, 6, 10]
    assert [(row["date"] - START).days for row in rows] == expected


def test_several_processes_give_the_same_rows() -> None:
    words = f"""
from mesa.batchrunner import batch_run
from sim.model import ConflictModel
if __name__ == "__main__":
    seeds = {{"rng": [1, 2]}}
    parameters, options = ({{}}, seeds) if {NEW} else (seeds, {{}})
    rows = batch_run(ConflictModel, {PARAMETERS!r} | parameters, number_processes=2, display_progress=False, **options)
    print(sorted((row["seed"], row["date"].isoformat(), row["HTS_fighters"]) for row in rows))
"""
    done = subprocess.run(
        [sys.executable, "-c", words], capture_output=True, text=True, cwd=ROOT, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    alone = run(PARAMETERS, [1, 2])
    assert done.stdout.strip() == str([(row["seed"], row["date"].isoformat(), row["HTS_fighters"]) for row in alone])


@pytest.mark.parametrize("model", [ConflictModel, Mine])
def test_iterations_without_seeds_differ_and_warn(model: type[ConflictModel]) -> None:
    options: dict[str, Any] = {"rng": [None] * 3} if NEW else {"iterations": 3}
    with pytest.warns(UserWarning, match=r"no rng.*\[1, 2, 3\]"):
        rows = batch_run(model, PARAMETERS, display_progress=False, **options)
    assert [row["seed"] for row in rows] == [1, 2, 3]
    for row in rows:
        assert row["HTS_fighters"] == daily(row["seed"], "HTS_fighters")[-1]


@pytest.mark.skipif(not NEW, reason="Mesa 3.3 takes rng among the parameters")
def test_seeds_that_mesa_drops_are_warned_of() -> None:
    with pytest.warns(UserWarning, match="ignores rng among the parameters"):
        rows = batch_run(ConflictModel, {**PARAMETERS, "rng": [7, 8]}, display_progress=False)
    assert [row["seed"] for row in rows] == [1, 2]


def test_what_is_no_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="rng must be a seed"):
        run(PARAMETERS, [1.5])  # type: ignore[list-item]


def test_outside_a_batch_the_collector_has_the_start_and_no_seed() -> None:
    model = ConflictModel("kafr_hamra", sets=[f"days={DAYS}"])
    model.run()
    frame = model.datacollector.get_model_vars_dataframe()
    assert len(frame) == DAYS + 1
    assert "seed" not in frame
    assert model.simulation.seed == 1
