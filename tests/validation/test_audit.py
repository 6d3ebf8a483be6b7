"""The audit of claims: planted faults are caught, and a claim that is sound passes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from sim.cli.main import main
from sim.engine.jit import source_hash
from sim.geography.maps import load_map, source_of
from sim.load import read
from sim.scenario.fields import inputs_of
from sim.scenario.schema import codes
from sim.statistics.inference import mean_interval
from sim.study import worker
from sim.study.manifest import layout
from sim.study.sampling import seed_of
from sim.study.worker import RunTask, StudyContext, run_tables
from sim.validation.audit import audited
from sim.validation.audit_studies import (
    CHANGES,
    SEEDS,
    Estimate,
    other_labels,
    scaled_inputs,
    scaled_paths,
    shifted_grid,
)
from sim.validation.claims import Bounds, Claim

PRESSURE = "rules.civilians.pressure_per_town_month"
SHORT = {"file": "two_valleys", "set": {"days": 30}}
HARSH = {"file": "two_valleys", "set": {"days": 30, PRESSURE: 1.5}}
CLAIM: dict[str, Any] = {
    "sentence": "More pressure on civilians means more acts against them.", "page": "README.md", "scenario": HARSH,
    "against": SHORT, "statistic": "acts_against_civilians", "expected": {"at_least": 1}, "replicates": 16,
}  # fmt: skip

Audit = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    """Return a function that audits one claim and gives the exit code and its part of audit.json."""

    def run(posterior: str | None = None, **claim: Any) -> tuple[int, dict[str, Any]]:
        file, out = tmp_path / "claims.yaml", tmp_path / "out"
        content: dict[str, Any] = {"title": "Made up", "claims": {"one": {**CLAIM, **claim}}}
        if posterior is not None:
            (tmp_path / "fitted.csv").write_text(posterior)
            content["posterior"] = "fitted.csv"
        file.write_text(yaml.safe_dump(content))
        code = main(["audit", str(file), "--out", str(out), "--workers", "1"])
        assert code in (0, 1)
        results = sorted((out / "audit-claims").glob("audit*/audit.json"), key=lambda path: path.stat().st_mtime_ns)
        return code, json.loads(results[-1].read_text())["claims"]["one"]

    return run


def test_a_sound_claim_holds_or_shifts_only(audit: Audit, tmp_path: Path) -> None:
    code, found = audit()
    assert (code, found["result"] in ("holds", "shifts")) == (0, True), found
    assert list(found["estimates"]) == [change.name for change in CHANGES]
    assert found["estimates"][SEEDS]["runs"] == 4 * found["estimates"]["stated"]["runs"]
    folder = tmp_path / "out" / "audit-claims" / "audit"
    assert {path.name for path in folder.iterdir()} == {"audit.csv", "audit.json", "audit.png", "audit.svg"}
    record = json.loads((folder / "audit.json").read_text())
    assert record["program"] == source_hash()


def test_a_claim_of_the_wrong_sign_is_not_supported(audit: Audit) -> None:
    code, found = audit(expected={"at_most": 0})
    assert (code, found["result"]) == (1, "not supported")


def test_a_second_audit_makes_no_run_again(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    _, first = audit(replicates=8)
    monkeypatch.setattr("sim.study.runner.work", lambda *_: pytest.fail("a run was made again"))
    _, second = audit(replicates=8)
    assert first == second


def clash_days(study_seed: int, runs: int) -> np.ndarray:
    """Return the days with clashes of the first runs of a study of `SHORT` with a seed, f8 [runs]."""
    loaded, geography = read("two_valleys", ["days=30"])
    kit = StudyContext(
        source_hash(),
        {"claimed": loaded.scenario},
        layout({"claimed": loaded.scenario}, geography, []),
        source_of(geography),
    )
    tasks = [RunTask("claimed", n, seed_of(study_seed, n), {}, {}) for n in range(runs)]
    return np.array([run_tables(kit, task, [""])["runs"]["clash_days"][0] for task in tasks], float)


def test_a_claim_on_chosen_seeds_is_fragile(audit: Audit) -> None:
    lows = {seed: mean_interval(clash_days(seed, 8))[0] for seed in range(25)}
    chosen = max(lows, key=lambda seed: lows[seed])
    code, found = audit(
        scenario=SHORT,
        against=None,
        statistic="clash_days",
        expected={"at_least": lows[chosen] - 1e-9},
        seed=chosen,
        replicates=8,
    )
    assert (code, found["result"]) == (1, "fragile")
    assert "other seeds" in found["why"]


def test_a_statistic_that_depends_on_the_order_of_factions_is_caught(
    audit: Audit, monkeypatch: pytest.MonkeyPatch
) -> None:
    summarise = worker.summarise

    def by_order(scenario: Any, *rest: Any) -> Any:
        summary = summarise(scenario, *rest)
        codes_in_order = list(codes(scenario).values())
        return {
            **summary,
            "acts_against_civilians": summary["acts_against_civilians"] * (1 if codes_in_order[0] == "League" else -1),
        }

    monkeypatch.setattr(worker, "summarise", by_order)
    code, found = audit()
    assert (code, found["result"]) == (1, "fragile")
    assert found["why"] == "not with other names and order of factions and groups"


def test_a_statistic_that_depends_on_the_grid_is_caught(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    simulate, aligned = worker.simulate, load_map("two_valleys").x
    beyond: list[bool] = []

    def noting_the_grid(scenario: Any, geography: Any, *rest: Any) -> Any:
        beyond.append(not np.array_equal(geography.x, aligned))
        return simulate(scenario, geography, *rest)

    summarise = worker.summarise

    def by_grid(*arguments: Any) -> Any:
        summary = summarise(*arguments)
        return {**summary, "acts_against_civilians": summary["acts_against_civilians"] * (-1 if beyond[-1] else 1)}

    monkeypatch.setattr(worker, "simulate", noting_the_grid)
    monkeypatch.setattr(worker, "summarise", by_grid)
    code, found = audit()
    assert (code, found["result"]) == (1, "fragile")
    assert found["why"] == "not with grid shifted by half a cell"


def test_a_claim_that_rests_on_an_input_that_was_not_fitted_is_fragile(audit: Audit, tmp_path: Path) -> None:
    rate = "{best: 2, low: 0.5, high: 2, source: invented}"
    (tmp_path / "harsh.yaml").write_text(
        f"extends: two_valleys\nquestion: Is there more of it so?\ndays: 90\nrules: {{civilians: {{pressure_per_town_month: {rate}}}}}\n"
    )
    claim = {"scenario": "harsh", "against": None, "replicates": 30}
    _, trial = audit(**claim)
    claim["expected"] = {"at_least": 0.98 * trial["estimates"]["stated"]["interval"][0]}
    code, found = audit(**claim)
    assert (code, found["result"]) == (1, "fragile"), found
    assert "inputs that were not fitted at 90 %" in found["why"]
    fitted = ",".join(inputs_of(read("two_valleys")[0].scenario)) + "\n"
    _, fixed = audit(posterior=fitted, **claim)
    assert "not fitted" not in fixed["why"]


@pytest.mark.parametrize("name", ["two_valleys", "kafr_hamra", "with_guarantor", "no_expansion_enforced"])
def test_other_labels_keep_codes_fighters_and_holders(name: str) -> None:
    loaded, geography = read(name)
    altered = other_labels({"one": loaded}, [])
    before, after, back = loaded.scenario, altered.scenarios["one"].scenario, altered.names
    assert {code: back[faction] for faction, code in codes(after).items()} == {
        code: faction for faction, code in codes(before).items()
    }
    assert list(codes(after).values()) == list(reversed(codes(before).values()))
    assert sorted(back) == sorted(back.values())
    for faction, part in after.factions.items():
        own = before.factions[back[faction]]
        assert {back[group]: inner.fighters for group, inner in part.groups.items()} == {
            group: inner.fighters for group, inner in own.groups.items()
        }
    for day, holdings in altered.maps["one"].control.items():
        for holding, was in zip(holdings, geography.control[day], strict=True):
            assert tuple(back.get(group, group) for group in holding.groups) == was.groups


def test_the_shifted_grid_moves_cells_and_no_distance() -> None:
    loaded, geography = read("greater_idlib_2018")
    moved = shifted_grid({"one": loaded}, []).maps["one"]
    assert moved.cell_km == geography.cell_km
    assert np.allclose(moved.north_km - geography.north_km, geography.cell_km / 2)
    assert np.allclose(moved.east_km - geography.east_km, geography.cell_km / 2, atol=0.05)
    columns = np.mean(moved.x != geography.x)
    assert 0.3 < columns < 0.7
    assert np.array_equal(moved.near, geography.near)


def test_scaled_inputs_stay_in_their_range_and_spare_what_is_fitted_or_compared() -> None:
    reference, _ = read("kafr_hamra")
    other, _ = read("kafr_hamra", ["rules.spread.delay_days=3"])
    scenarios = {"one": reference, "two": other}
    altered = scaled_inputs(scenarios, ["rules.clash"], 1.1).scenarios["one"].scenario
    before, after = inputs_of(reference.scenario), inputs_of(altered)
    changed = {path for path in before if before[path].best != after[path].best}
    assert "rules.spread.delay_days" not in changed
    assert not any(path.startswith("rules.clash.") for path in changed)
    assert len(changed) > 0.6 * len(scaled_paths(reference.scenario, ["rules.clash"]))
    for path in changed:
        low, high = before[path].low, before[path].high
        assert low is not None
        assert high is not None
        assert after[path].best == pytest.approx(min(max(1.1 * before[path].best, low), high))


READ = Claim.model_validate({**CLAIM, "expected": Bounds(at_least=1)})
STATED = Estimate("stated", 3.0, 2.0, 4.0, 100)
OTHER = replace(STATED, change="grid")
RESEEDED = replace(STATED, change=SEEDS)


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ([STATED, RESEEDED, OTHER], "holds"),
        ([STATED, RESEEDED, replace(OTHER, value=6.0, low=5.0, high=7.0)], "shifts"),
        ([STATED, RESEEDED, replace(OTHER, value=-1.0, low=-1.5, high=-0.5)], "fragile"),
        ([STATED, RESEEDED, replace(OTHER, value=0.9, low=-1.0, high=2.8)], "holds"),
        ([STATED, replace(RESEEDED, value=1.2, low=0.9, high=1.5), OTHER], "fragile"),
        ([STATED, RESEEDED, Estimate("grid", np.nan, np.nan, np.nan, 0)], "fragile"),
        ([replace(STATED, low=0.5), RESEEDED, OTHER], "not resolved"),
        ([replace(STATED, value=0.0, low=-1.0, high=0.9), RESEEDED, OTHER], "not supported"),
    ],
)
def test_verdicts(changed: list[Estimate], verdict: str) -> None:
    assert audited("one", READ, changed).verdict == verdict


def test_the_verdict_on_a_pattern_is_by_resampled_sets_of_runs() -> None:
    claim = READ.model_copy(
        update={"pattern": "P19", "verdict": "pass", "statistic": None, "expected": None, "against": None}
    )
    stated = Estimate("stated", 0.99, np.nan, np.nan, 50, "pass")
    assert audited("one", claim, [stated, replace(stated, change="grid", value=0.6)]).verdict == "holds"
    assert audited("one", claim, [stated, replace(stated, change="grid", value=0.02)]).verdict == "fragile"
    assert audited("one", claim, [replace(stated, value=0.6)]).verdict == "not resolved"
    assert audited("one", claim, [replace(stated, value=0.0)]).verdict == "not supported"
