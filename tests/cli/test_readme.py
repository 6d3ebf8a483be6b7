"""The house files agree with the program: version, commands, the commands that CI takes from the README."""

from __future__ import annotations

import re

import pytest

import sim
from sim.cli.main import COMMANDS
from tests.cli.support import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_versions_agree() -> None:
    assert f"version: {sim.__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"## {sim.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["run", "test"])
def test_readme_has_the_command_that_ci_runs(name: str) -> None:
    assert re.search(rf"^<!-- ci: {name} -->\n```sh\n[^`]+\n```$", README, re.MULTILINE)


def test_readme_names_the_commands_that_exist() -> None:
    named = set(re.findall(r"`python run\.py ([a-z-]+)", README))
    assert named == {command.__name__.replace("_", "-") for command in COMMANDS} - {"run"}
