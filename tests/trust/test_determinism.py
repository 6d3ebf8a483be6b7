"""Same scenario, seed and version: the same bytes, whatever the process, its environment and what else is in it.

Worker counts, cuts into chunks, a Dask cluster and kills: tests/study. The same bytes on Python 3.11 and 3.13, and with
the oldest libraries that are allowed: .ci/run. What the engine's source may not contain: tests/engine/test_source.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.cli.main import main
from tests.study.support import assert_same
from tests.trust.processes import call, contents, program

pytestmark = pytest.mark.slow

SEED, SEEDS = "7", ("1", "7")
LIVELY = """\
extends: kafr_hamra.yaml
days: 60
rules:
  movement: {road_km_per_day: 15}
  base_attempt: {attempts_per_town_month: 1}
  demand: {clash_after_refusal: 1}
"""

WITH_MESA = """
import sys
from pathlib import Path
from sim.model import ConflictModel, Force
from sim.results.write import write

model = ConflictModel(sys.argv[1], rng=int(sys.argv[2]))
assert model.agents and model.datacollector is not None
while model.running:
    model.step()
    model.agents.shuffle_do(lambda agent: agent.name)
    model.random.random()
    model.rng.random()
    moved = model.agents_by_type[Force].get("x")
write(model.run(), Path(sys.argv[3]))
"""

SIXTY_DAYS = """
import sys
from pathlib import Path
from sim.engine.simulation import simulate
from sim.load import read
from sim.results.run import Run
from sim.results.write import write
from tests.golden.summaries import log_hash, state_hash

loaded, geography = read("kafr_hamra", ["days=60"])
for seed in sys.argv[2:]:
    result = simulate(loaded.scenario, geography, int(seed))
    write(Run.of(result, loaded.name), Path(sys.argv[1]) / seed)
    print(log_hash(result), state_hash(result))
"""

STUDY = """\
question: does the number of processes matter?
scenarios: {base: two_valleys, bold: {file: two_valleys, set: {factions.Lanterns.doctrine.expansion: 8}}}
set: {days: 12}
replicates: 8
"""


def written(folder: Path) -> dict[str, bytes]:
    """Return all that a run wrote but its manifest, which has times and the command; there is one run in the folder."""
    (made,) = folder.iterdir()
    found = contents(made, "manifest.json")
    assert "events.csv" in found
    return found


@pytest.fixture(scope="module")
def lively(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a scenario in which enough happens within 60 days, however the defaults are tuned."""
    place = tmp_path_factory.mktemp("lively")
    (place / "lively.yaml").write_text(LIVELY, encoding="utf-8")
    return place / "lively.yaml"


@pytest.fixture(scope="module")
def usual(lively: Path) -> dict[str, bytes]:
    """Return what a run writes in a process like any other."""
    done = call("run", lively, "--no-pictures", "--seed", SEED, "--out", "out", cwd=lively.parent, PYTHONHASHSEED="0")
    assert done.returncode == 0, done.stderr
    found = written(lively.parent / "out")
    assert found["events.csv"].count(b"\n") > 50
    assert b"clash" in found["events.csv"]
    return found


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONHASHSEED": "4294967295", "TZ": "Pacific/Auckland", "NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        {"PYTHONHASHSEED": "random", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
    ids=["another hash seed and time zone, one thread", "a random hash seed, a locale without UTF-8"],
)
def test_events_csv_and_all_tables_are_the_same_bytes_in_every_process(
    environment: dict[str, str], lively: Path, usual: dict[str, bytes], tmp_path: Path
) -> None:
    done = call("run", lively, "--no-pictures", "--seed", SEED, "--out", "out", cwd=tmp_path, **environment)
    assert done.returncode == 0, done.stderr
    assert written(tmp_path / "out") == usual


def test_another_seed_gives_other_events(lively: Path, usual: dict[str, bytes], tmp_path: Path) -> None:
    assert main(["run", str(lively), "--no-pictures", "--seed", "8", "--quiet", "--out", str(tmp_path / "out")]) == 0
    assert written(tmp_path / "out")["events.csv"] != usual["events.csv"]


def test_events_csv_is_the_same_bytes_with_mesas_objects_in_use(
    lively: Path, usual: dict[str, bytes], tmp_path: Path
) -> None:
    program(WITH_MESA, str(lively), SEED, str(tmp_path / "out"), cwd=tmp_path, PYTHONHASHSEED="5")
    assert written(tmp_path / "out") == usual


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, dict[str, str]]]:
    """Return the folder of two runs and the hashes of each by seed, once compiled and once interpreted."""
    made = {}
    for how, disabled in (("compiled", "0"), ("interpreted", "1")):
        place = tmp_path_factory.mktemp(how)
        told = program(SIXTY_DAYS, str(place), *SEEDS, cwd=place, NUMBA_DISABLE_JIT=disabled)
        made[how] = place, dict(zip(SEEDS, told.splitlines(), strict=True))
    return made


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_an_interpreted_run_of_60_days_has_the_same_bytes_and_state_as_a_compiled_one(
    seed: str, both: dict[str, tuple[Path, dict[str, str]]]
) -> None:
    (compiled, states), (interpreted, others) = both["compiled"], both["interpreted"]
    assert len(states[seed].split()) == 2
    assert len(set(states.values())) == len(SEEDS)
    assert states[seed] == others[seed]
    tables = written(compiled / seed)
    assert tables["events.csv"].count(b"\n") > 20
    assert written(interpreted / seed) == tables


def test_a_study_has_equal_tables_with_one_process_and_with_two_of_other_hash_seeds(tmp_path: Path) -> None:
    (tmp_path / "number.yaml").write_text(STUDY, encoding="utf-8")
    for workers, hashes in (("1", "0"), ("2", "1")):
        done = call("batch", "number.yaml", "--workers", workers, "--out", workers, cwd=tmp_path, PYTHONHASHSEED=hashes)
        assert done.returncode == 0, done.stderr
    assert_same(tmp_path / "1" / "number", tmp_path / "2" / "number")
