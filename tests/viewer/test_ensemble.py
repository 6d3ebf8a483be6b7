"""The band is that of its runs, shared by sessions, and computed without what draws or shows."""

from __future__ import annotations

import gc
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from sim.engine.simulation import simulate
from sim.geography.maps import Geography, load_map
from sim.results.run import Run
from sim.scenario.load import load_scenario
from sim.scenario.schema import Scenario, codes
from sim.scenario.show import show
from sim.viewer import ensemble as module
from sim.viewer.ensemble import Bands, digest

CALM = "rules.clash.enabled=false"
PATIENCE = 120.0  # seconds; a cold start compiles the rules


def case(*sets: str) -> tuple[Scenario, Geography]:
    scenario = load_scenario("two_valleys", ["days=40", *sets])
    return scenario, load_map(scenario.map)


@pytest.fixture(scope="module")
def bands() -> Iterator[Bands]:
    made = Bands(niceness=0)  # the other tests of a busy machine would go first
    yield made
    made.close()


def test_a_band_is_the_quantiles_of_its_runs(bands: Bands) -> None:
    scenario, geography = case()
    wanted = bands.want(scenario, geography, 9)
    found = wanted.wait(9, PATIENCE)
    assert found is not None
    assert wanted.done
    assert wanted.fault == ""
    assert (found.runs, found.wanted) == (9, 9)
    runs = np.array([simulate(scenario, geography, seed).daily.faction["towns"] for seed in range(1, 10)])
    assert list(found.towns) == list(codes(scenario).values())
    for f, curves in enumerate(found.towns.values()):
        for curve, share in zip(curves, (0.05, 0.5, 0.95), strict=True):
            assert curve == pytest.approx(np.quantile(runs[:, :, f], share, axis=0))
    assert any((curves[2] > curves[0]).any() for curves in found.towns.values())
    by_seed = {seed: Run.of(simulate(scenario, geography, seed)) for seed in (1, 2)}
    for seed, run in by_seed.items():
        totals = wanted._job.runs[seed]
        assert totals.statistics == pytest.approx(run.summary, nan_ok=True)
        ended = run.agreements[(run.agreements["given"] == 0) & (run.agreements["censored"] == 0)]
        assert list(totals.held) == ended["days_held"].tolist()


def test_sessions_share_runs_and_what_is_known_is_not_run_again(bands: Bands) -> None:
    one = bands.want(*case("days=37"), 4)
    assert one.wait(4, PATIENCE) is not None
    process = bands._process
    other = bands.want(*case("days=37"), 4)
    assert other.done
    assert other.band is one.band
    more = bands.want(*case("days=37"), 6)
    grown = more.wait(6, PATIENCE)
    assert grown is not None
    assert grown.runs == 6
    assert bands._process is process


def test_every_changed_scenario_has_its_own_band(bands: Bands) -> None:
    assert digest(case()[0]) == digest(case()[0]) != digest(case(CALM)[0])
    wanted = [bands.want(*case(), 9), bands.want(*case(CALM), 9)]
    found = [each.wait(9, PATIENCE) for each in wanted]
    assert found[0] is not None
    assert found[1] is not None
    pairs = zip(found[0].towns.values(), found[1].towns.values(), strict=True)
    assert any((np.array(a) != np.array(b)).any() for a, b in pairs)


def test_a_name_in_full_is_written_out_and_changes_no_digest() -> None:
    scenario = case()[0]
    name, faction = next(iter(scenario.factions.items()))
    named = faction.model_copy(update={"full_name": "The Name in Full"})
    other = scenario.model_copy(update={"factions": {**scenario.factions, name: named}})
    assert digest(other) == digest(scenario)
    assert "full_name: The Name in Full" in show(other)


def test_cancelled_requests_are_not_run(bands: Bands) -> None:
    left = bands.want(*case("days=39"), 100_000)
    assert left.wait(1, PATIENCE) is not None
    job = left._job
    del left
    gc.collect()
    asked = bands.want(*case("days=36"), 3)
    assert asked.wait(3, PATIENCE) is not None
    assert not job.open
    done = len(job.runs)
    again = bands.want(*case("days=38"), 8)
    assert again.wait(8, PATIENCE) is not None
    assert len(job.runs) <= done + 1  # one may have been under way
    resumed = bands.want(*case("days=39"), 100_000)
    assert resumed.wait(done + 2, PATIENCE) is not None
    assert resumed._job is job


def test_a_process_that_is_killed_is_replaced(bands: Bands) -> None:
    wanted = bands.want(*case("days=35"), 100_000)
    assert wanted.wait(1, PATIENCE) is not None
    process, done = bands._process, len(wanted._job.runs)
    process.kill()
    process.join()
    assert wanted.wait(done + 50, PATIENCE) is not None
    assert len(wanted._job.runs) >= done + 50
    assert bands._process is not process
    wanted.drop()


def test_a_process_without_work_ends_and_comes_back() -> None:
    bands = Bands(idle=1.0, niceness=0)
    wanted = bands.want(*case(), 2)
    process = bands._process
    assert wanted.wait(2, PATIENCE) is not None
    process.join(PATIENCE)
    while process.exitcode is None and process.is_alive():  # another thread may have waited for it first
        process.join(PATIENCE)
    assert process.exitcode == 0
    more = bands.want(*case(), 3)
    found = more.wait(3, PATIENCE)
    assert found is not None
    assert found.runs == 3
    bands.close()


def test_a_run_that_fails_is_reported_and_affects_no_other(bands: Bands) -> None:
    elsewhere = load_map("greater_idlib")  # has none of the scenario's towns
    wanted, good = bands.want(case("days=34")[0], elsewhere, 5), bands.want(*case("days=33"), 2)
    assert wanted.wait(5, PATIENCE) is None
    assert "seed 1 of the band failed" in wanted.fault
    assert wanted.done
    assert good.wait(2, PATIENCE) is not None


def test_the_process_imports_the_engine_alone() -> None:
    words = (
        "import os, pickle, sys\n"
        "from multiprocessing import Pipe\n"
        "from sim.viewer.ensemble import _work\n"
        "payload = pickle.loads(bytes.fromhex(sys.stdin.read()))\n"
        "ours, theirs = Pipe()\n"
        "ours.send(('run', 'k', payload, [1, 2]))\n"
        "_work(theirs, 0.0)\n"
        "print([ours.recv()[:2] for _ in range(2)], os.nice(0))\n"
        "print({'mesa', 'pandas', 'matplotlib', 'solara'} & set(sys.modules))\n"
    )
    payload = pickle.dumps(pickle.dumps(case())).hex()
    done = subprocess.run([sys.executable, "-c", words], input=payload, capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    assert first == f"[('k', 1), ('k', 2)] {min(19, os.nice(0) + module.NICENESS)}"
    assert second == "set()"
