"""Every shipped YAML file that names a JSON Schema satisfies it; the schemas refuse what the reader refuses."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from sim.files import SCENARIOS
from sim.scenario.show import json_schema
from sim.scenario.yaml_reader import read_file

MARK = "$schema="
FILES = sorted(SCENARIOS.rglob("*.y*ml"))
NAMING = [path for path in FILES if MARK in path.read_text(encoding="utf-8")]


def plain(value: Any) -> Any:
    """Return what JSON has: dates as text."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def errors(schema: Any, data: Any) -> list[str]:
    return [
        f"{error.json_path}: {error.message[-200:]}"
        for error in jsonschema.Draft202012Validator(schema).iter_errors(data)
    ]


@pytest.mark.parametrize("path", NAMING, ids=lambda path: path.relative_to(SCENARIOS).as_posix())
def test_a_file_satisfies_the_schema_that_it_names(path: Path) -> None:
    line = next(line for line in path.read_text(encoding="utf-8").splitlines() if MARK in line)
    schema = path.parent / line.partition(MARK)[2].strip()
    assert schema.is_file()
    assert errors(json.loads(schema.read_text(encoding="utf-8")), plain(read_file(path).data)) == []


def test_scenarios_and_their_parts_name_a_schema() -> None:
    assert set(NAMING) >= {*SCENARIOS.glob("*.yaml"), *(SCENARIOS / "parts").glob("*.yaml")}


def test_the_schemas_are_schemas() -> None:
    for part in (False, True):
        jsonschema.Draft202012Validator.check_schema(json_schema(part))


def test_only_scenarios_need_all_their_keys() -> None:
    data = plain(yaml.safe_load((SCENARIOS / "two_valleys.yaml").read_text(encoding="utf-8")))
    del data["question"]
    assert errors(json_schema(), data)
    assert errors(json_schema(part=True), data) == []


def test_both_schemas_refuse_unknown_keys_and_wrong_kinds() -> None:
    for part in (False, True):
        for wrong in ({"factoins": {}}, {"days": "many"}, {"factions": []}, {"rules": {"clash": {"size": 3}}}):
            assert errors(json_schema(part), {"extends": "two_valleys.yaml", **wrong})
