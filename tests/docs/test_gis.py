"""docs/gis.md: its commands run in their order, on a short run and a small study."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.cli.main import main
from sim.results.export_admin import COUNTED
from sim.results.export_layers import LAYERS
from tests.cli.support import ROOT
from tests.docs.test_recipes import BLOCK, quick

PAGE = (ROOT / "docs" / "gis.md").read_text(encoding="utf-8")


def test_the_page_names_what_is_exported() -> None:
    assert all(f"| `{layer}` |" in PAGE for layer in LAYERS)
    assert all(f"`{name}`" in PAGE or name.endswith(("_ns", "_os")) for name in COUNTED)


def test_the_commands_of_the_page_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for file, language, text in BLOCK.findall(PAGE):
        if language == "yaml":
            short = text.replace("replicates: 200", "replicates: 2\nset: {days: 20}")
            (tmp_path / file).write_text(short, encoding="utf-8")
        elif language == "python":
            exec(text, {})
        else:
            for line in text.splitlines():
                assert main(quick(line)) == 0, f"{line}\n{capsys.readouterr().err}"
    written = {path.name for path in (tmp_path / "outputs").glob("simulated_*")}
    assert {f"simulated_probabilities{end}" for end in (".gpkg", "_admin2.csv", "_columns.csv")} <= written
    assert "kafr_hamra" in capsys.readouterr().out
