"""The pages agree with the program: generated parts are fresh, names and links exist, commands parse."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from docs import generate, seeds
from sim.cli.main import COMMANDS
from sim.engine import kinds
from sim.scenario.parameters import Rules
from tests.cli.support import ROOT

PAGES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md"))
WITH_README = ["README.md", *PAGES]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def commands_of(page: str) -> list[str]:
    """Every `python run.py ...` of a page: in text and in blocks, prompts and comments taken off."""
    found = re.findall(r"`(python run\.py[^`\n]*)`", text_of(page))
    for _, body in BLOCK.findall(text_of(page)):
        lines = [line.removeprefix("$ ").split("  #")[0] for line in body.replace("\\\n", " ").splitlines()]
        found += [line for line in lines if line.startswith("python run.py")]
    return found


@pytest.mark.parametrize("name", generate.PAGES)
def test_generated_parts_are_fresh(name: str) -> None:
    text = text_of(f"docs/{name}")
    assert generate.fresh(text) == text, f"docs/{name} is stale: run `python -m docs.generate`"


def test_every_part_stands_on_a_page() -> None:
    marks = [mark for name in generate.PAGES for _, mark, _ in generate.PART.findall(text_of(f"docs/{name}"))]
    assert sorted(marks) == sorted(generate.PARTS)


def test_the_schedule_is_the_day_in_order() -> None:
    source = (ROOT / "sim/engine/day.py").read_text(encoding="utf-8").split("def one_day")[1].split("@compiled")[0]
    called = re.findall(r"^    (?:    )?(\w+)\(w", source, re.MULTILINE)
    assert [name for name, _ in generate.steps()] == called
    part = text_of("docs/ODD.md").split("<!-- generated: schedule -->")[1].split("<!-- end -->")[0]
    assert re.findall(r"^\| \d+ \| `(\w+)`", part, re.MULTILINE) == called


def test_every_rule_has_a_submodel_in_the_order_of_the_day() -> None:
    told = re.findall(r"^### (\w+) \(`rules/", text_of("docs/ODD.md"), re.MULTILINE)
    assert [name for name in told if name not in ("given", "peacekeeping")] == list(Rules.model_fields)
    assert set(kinds.RULES) <= set(told)


def test_every_parameter_is_named() -> None:
    odd = text_of("docs/ODD.md")
    for rule, field in Rules.model_fields.items():
        section = odd.split(f"**`rules.{rule}`**")[1].split("**`rules.")[0]
        assert isinstance(field.annotation, type)
        for name in field.annotation.model_fields:
            assert name == "levels" or f"| `{name}` |" in section, f"rules.{rule}.{name}"


def test_every_default_has_a_known_quality() -> None:
    found = generate.defaults() + generate.case()
    assert len(found) > 150
    assert {mark for *_, mark in found} <= set(generate.QUALITIES)
    assert all(source or mark == "assumed" for _, _, source, mark in found)


def test_the_readme_lists_every_page() -> None:
    assert not [page for page in PAGES if f"({page})" not in text_of("README.md")]


@pytest.mark.parametrize("page", WITH_README)
def test_commands_exist(page: str) -> None:
    known = {command.__name__.replace("_", "-") for command in COMMANDS}
    for command in commands_of(page):
        words = shlex.split(command)[2:]
        if not words or words[0].startswith(("-", "[")):
            continue
        assert words[0] in known or words[0].endswith((".yaml", "FILE", "SCENARIO")), command


@pytest.mark.parametrize("page", WITH_README)
def test_yaml_blocks_are_yaml(page: str) -> None:
    for language, body in BLOCK.findall(text_of(page)):
        if language == "yaml":
            assert yaml.safe_load(body), body


@pytest.mark.parametrize("page", WITH_README)
def test_files_named_exist(page: str) -> None:
    named = re.findall(r"`((?:sim|docs|scenarios)/[\w./-]+\.(?:py|md|csv|yaml))`", text_of(page))
    made = (
        "scenarios/village_guard.",
        "scenarios/maps/my_idlib/",
        "scenarios/lakes.",
        "scenarios/mine.",
        "scenarios/maps/lakes/",
    )  # by following a page
    assert not [name for name in named if not name.startswith(made) and not Path(ROOT / name).exists()]


def test_the_seeds_of_the_exercises_are_compared(capsys: pytest.CaptureFixture[str]) -> None:
    seeds.main([str(ROOT / "scenarios/two_valleys.yaml"), "--seeds", "2", "rules.spread.enabled=false"])
    said = capsys.readouterr().out
    assert said.startswith("SIMULATED, 2 seeds")
    assert "clash_days" in said
