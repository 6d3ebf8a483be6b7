"""docs/scenario_files.md: its examples are scenarios, and every key of a scenario stands in one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from sim.load import read
from sim.scenario.fields import inputs_of
from sim.scenario.parameters import Quantity
from sim.scenario.schema import Scenario
from sim.scenario.yaml_reader import read_text
from tests.cli.support import ROOT

PAGE = (ROOT / "docs" / "scenario_files.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
DATA = [read_text(text, "example").data for text in EXAMPLES]
TITLES = [data["title"] for data in DATA]


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """Return the parts of a scenario that values of a field are made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in models_in(part)]


def used(model: type[BaseModel], data: Any) -> Iterator[tuple[type[BaseModel], str]]:
    """Give each part of a scenario and key of it that some YAML has."""
    for name, field in model.model_fields.items():
        key = field.alias or name
        if key not in data:
            continue
        yield model, key
        below = [part for part in models_in(field.annotation) if part is not Quantity]
        value = data[key]
        many = field.annotation not in below and isinstance(value, dict) and not set(value) <= set(keys(below))
        for each in value if isinstance(value, list) else value.values() if many else [value]:
            for part in below if isinstance(each, dict) else []:
                yield from used(part, each)


def keys(models: list[type[BaseModel]]) -> list[str]:
    return [field.alias or name for model in models for name, field in model.model_fields.items()]


def parts(model: type[BaseModel]) -> set[type[BaseModel]]:
    below = {part for field in model.model_fields.values() for part in models_in(field.annotation)} - {Quantity}
    return {model}.union(*(parts(part) for part in below))


@pytest.mark.parametrize(("text", "title"), list(zip(EXAMPLES, TITLES, strict=True)), ids=TITLES)
def test_an_example_is_a_scenario(text: str, title: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    assert read(file)[0].scenario.title == title


def test_every_key_stands_in_an_example() -> None:
    shown = {pair for data in DATA for pair in used(Scenario, data)}
    known = {(model, key) for model in parts(Scenario) for key in keys([model])}
    assert known - shown == set()


def test_the_list_of_rules_changes_no_number(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(EXAMPLES[TITLES.index("All rules at their defaults")], encoding="utf-8")
    mine, reference = read(file)[0].scenario, read("kafr_hamra")[0].scenario
    for path, quantity in inputs_of(reference).items():
        assert inputs_of(mine)[path].best == quantity.best, path
