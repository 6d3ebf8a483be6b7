"""The examples of docs/mesa.md run, one after another, as they stand."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_the_examples_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    page = (ROOT / "docs" / "mesa.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 5
    if importlib.util.find_spec("solara") is None:
        blocks = [block for block in blocks if "mesa.visualization" not in block]
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "docs/mesa.md", "exec"), names)
    assert "20 2018-11-04 True" in capsys.readouterr().out
