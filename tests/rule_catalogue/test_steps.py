"""The catalogue of rules tells the truth about the simulated day."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sim.engine import kinds
from sim.engine.scenario_tables import PARAMS
from sim.engine.tables import Daily, World
from sim.rule_catalogue import (
    ENGINE,
    TITLES,
    borrowed,
    catalogue,
    is_on,
    parameters,
    tables_of,
    touched,
    unread,
    variant,
)
from sim.scenario.parameters import Rules

ROOT = Path(__file__).resolve().parents[2]
STEPS = {step.function: step for step in catalogue()}


def test_order_and_switches_are_those_of_the_day() -> None:
    tree = ast.parse((ENGINE / "day.py").read_text(encoding="utf-8"))
    day = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "one_day")
    called = [node.func.id for node in ast.walk(day) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    lines = [node.lineno for node in ast.walk(day) if isinstance(node, ast.Call)]
    in_order = [name for _line, name in sorted(zip(lines, called, strict=True))]
    assert [step.function for step in catalogue()] == in_order
    assert list(TITLES) == in_order
    for step in catalogue():
        assert step.switch in ("", f"rules.{step.id}.enabled")


def test_every_rule_of_a_scenario_is_a_step_and_every_switch_switches_one() -> None:
    ids = [step.id for step in catalogue()]
    assert [name for name in ids if name in Rules.model_fields] == list(Rules.model_fields)
    assert len(set(ids)) == len(ids)
    switches = {name for name in PARAMS.names or () if name.endswith("_enabled")}
    assert {step.switch.split(".")[1] + "_enabled" for step in catalogue() if step.switch} == switches


def test_every_number_is_read_by_a_step_and_every_kind_of_event_written_by_one() -> None:
    read = {path for step in catalogue() for path in step.params}
    switches = {step.switch for step in catalogue()}
    known = {p.key for step in catalogue() for p in parameters(step, Rules())} - {"rules.ladder.levels"}
    assert known - read <= {"rules.clash.cohesion_recovery"}  # documented, and read by no rule yet: `rules` says so
    assert unread() == known - read
    assert read <= known | switches
    assert {kind for step in catalogue() for kind in step.events} == set(kinds.EVENT_KINDS)


def test_tables_and_fields_exist() -> None:
    layout = {**World.LAYOUT, **{f"daily.{name}": kind for name, kind in Daily.LAYOUT.items()}}
    for step in catalogue():
        for table, fields in (*step.reads.items(), *step.writes.items()):
            assert set(fields) <= set(layout[table][0].names or ())
    assert set(tables_of(catalogue())) <= set(layout)


def test_reads_through_helpers_and_rows_handed_on() -> None:
    memory = touched("memory")
    assert ("zone", "phase") in memory.reads
    assert {table for table, _field in memory.writes} == {"factions", "groups", "relations"}
    assert "memory_trust_half_life_days" in memory.params  # in a helper
    assert ("reports", "deaths_target") in touched("reporting").writes  # a row handed to a helper
    assert ("agreements", "violations") in touched("incidents").writes  # two helpers down
    assert ("daily.theatre", "pressure") in touched("record_day").writes
    assert touched("forget_day").reads == set()


@pytest.mark.parametrize(
    ("scenario", "days", "quiet"),
    [("two_valleys", 60, {"given"}), ("hts_withdraws_from_dmz", 15, {"base_attempts"})],
)
def test_a_run_changes_nothing_that_the_catalogue_does_not_say(scenario: str, days: int, quiet: set[str]) -> None:
    words = [str(ROOT / "scenarios" / f"{scenario}.yaml"), "4", f"days={days}"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.rule_catalogue.changed_fields", *words],
        cwd=ROOT, env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found) == {name for name, step in STEPS.items() if is_on(step, Rules())}
    for name, seen in found.items():
        told = touched(name).writes
        assert {tuple(pair) for pair in seen["changed"]} <= told, name
        assert set(seen["events"]) <= set(STEPS[name].events), name
    changing = {name for name, seen in found.items() if seen["changed"]}
    assert {"given", "base_attempts", "movement", "record_day"} - quiet <= changing


def test_switches_and_variants_are_said() -> None:
    rules = Rules.model_validate({"clash": {"attrition": "square"}, "spread": {"neighbours": False, "enabled": False}})
    assert not is_on(STEPS["spread"], rules)
    assert is_on(STEPS["clashes"], rules)
    assert variant(STEPS["clashes"], rules) == "attrition square"
    assert variant(STEPS["spread"], rules) == "neighbours off"
    attrition = next(p for p in parameters(STEPS["clashes"], rules) if p.key == "rules.clash.attrition")
    assert attrition.variants == ("stochastic", "linear", "square")
    assert "rules.movement.road_km_per_day" in borrowed(STEPS["base_attempts"])


def test_a_rule_that_changes_is_a_catalogue_that_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sim import rule_catalogue

    (tmp_path / "rules").mkdir()
    for path in ENGINE.rglob("*.py"):
        target = tmp_path / path.relative_to(ENGINE)
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(path.read_bytes())
    file = tmp_path / "rules" / "memory.py"
    file.write_text(
        file.read_text().replace("    zone = w.zone[0]\n", "    zone = w.zone[0]\n    w.terms[0]['chance'] = 1.0\n")
    )
    monkeypatch.setattr(rule_catalogue, "ENGINE", tmp_path)
    rule_catalogue.modules.cache_clear()
    try:
        assert ("terms", "chance") in touched("memory").writes
    finally:
        rule_catalogue.modules.cache_clear()
