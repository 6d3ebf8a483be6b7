"""docs/recipes.md: twenty questions, whose commands run in their order; with fewer runs, and without pictures of runs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from sim.cli.main import main
from tests.cli.support import ROOT

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^(?:[^\n]*`(\w+\.yaml)`:\n\n)?```(sh|yaml|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
FEWER = 6


def test_there_are_twenty_questions() -> None:
    assert [int(number) for number in re.findall(r"^### (\d+)\. ", PAGE, re.MULTILINE)] == list(range(1, 21))


def quick(command: str) -> list[str]:
    """Return the words of a command for fewer runs, on one worker, without the pictures of a run or comparison."""
    words = shlex.split(command)[2:]
    if "--replicates" in words:
        words[words.index("--replicates") + 1] = str(FEWER)
    if words[0] in ("run", "branch", "compare", "why"):
        words.append("--no-pictures")
    return [*words, "--workers", "1"] if words[0] == "batch" else words


def test_the_commands_run_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    run = 0
    for file, language, text in BLOCK.findall(PAGE):
        if language == "yaml":
            (tmp_path / file).write_text(text.replace("replicates: 200", f"replicates: {FEWER}"), encoding="utf-8")
        elif language == "python":
            exec(text, {})
        else:
            for line in text.splitlines():
                assert main(quick(line)) == 0, f"{line}\n{capsys.readouterr().err}"
                run += 1
    assert run > 25
    assert (tmp_path / "differences.csv").read_text().startswith("scenario,statistic")
