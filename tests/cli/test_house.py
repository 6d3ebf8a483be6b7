"""The house files agree with the program: version, commands, links, the commands that CI takes from the README."""

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


@pytest.mark.parametrize("page", ["README.md", "docs/limits.md", "docs/own_map.md"])
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = [target for target in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in target]
    missing = [target for target in targets if not (ROOT / page).parent.joinpath(target).exists()]
    assert not missing
