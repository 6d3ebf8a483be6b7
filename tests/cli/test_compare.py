"""`run.py compare` and `run.py figure`: what they print and write, what they refuse, and that nothing is overwritten."""

from __future__ import annotations

import html
import io
import json
import re
import shlex
import sys
from contextlib import nullcontext
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from sim.cli.main import main
from sim.plots import figures
from sim.plots.figures import kinds_of
from sim.text import program

SCENARIO = "scenarios/two_valleys.yaml"
SECTIONS = "differs answers differences control days holding ladder inputs convergence examples methods"
STUDY = """\
question: what does boldness do?
scenarios:
  two_valleys: two_valleys
  bold: {file: two_valleys, set: {factions.Lanterns.doctrine.expansion: 8}}
set: {days: 20}
replicates: 8
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small study of two scenarios, made by `batch`."""
    out = tmp_path_factory.mktemp("study")
    file = out / "boldness.yaml"
    file.write_text(STUDY, encoding="utf-8")
    assert main(["batch", str(file), "--workers", "1", "--out", str(out)]) == 0
    return next(path.parent for path in out.glob("*/manifest.json"))


@pytest.fixture(scope="module")
def compared(study: Path) -> tuple[Path, str]:
    """Return the folder of the study's comparison, drawn once for all tests, and what `compare` printed."""
    with pytest.MonkeyPatch.context() as patch:
        said = io.StringIO()
        patch.setattr(sys, "stdout", said)
        assert main(["compare", str(study)]) == 0
    return study / "compare", said.getvalue()


class Links(HTMLParser):
    """Collect whatever a browser would load."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.tags: list[str] = []
        self.clicked: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.clicked += [value or "" for name, value in attrs if tag == "a" and name == "href"]
        self.loaded += [
            value or "" for name, value in attrs if name in ("src", "href", "srcset", "data", "action") and tag != "a"
        ]


def test_compare_answers_and_writes_a_report(study: Path, compared: tuple[Path, str]) -> None:
    place, said = compared
    assert said.startswith("SIMULATED.")
    words = " ".join(said.split())
    assert "8 matched runs" in words
    assert words.index("bold against two_valleys") < words.index("8 matched runs") < words.index("two_valleys: ")
    stems = {path.stem for path in (place / "figures").glob("*.csv")}
    assert {"difference_map", "fan-deaths_total", "escalation_strip", "entropy_map"} <= stems
    for suffix in ("png", "svg"):
        assert {path.stem for path in (place / "figures").glob(f"*.{suffix}")} == stems
    page = (place / "report.html").read_text(encoding="utf-8")
    links = Links()
    links.feed(page)
    assert all(link.startswith("data:image/") for link in links.loaded), "nothing is fetched"
    assert all(link.startswith("#") or (place / link).is_file() for link in links.clicked), (
        "links lead to files beside it"
    )
    assert any(link.startswith("figures/") for link in links.clicked)
    assert not {"link", "iframe", "object", "embed"} & set(links.tags)
    assert not re.search(r"@import|url\(|https?://", page)
    order = [page.index(f'id="{name}"') for name in SECTIONS.split()]
    assert order == sorted(order)
    assert "SIMULATED" in page
    assert f"python run.py compare {study}" in page


def printed_commands(text: str) -> set[str]:
    """Return the commands that a text prints: lines that begin with the program, as it was started."""
    start = re.escape(shlex.join(program()))
    return {html.unescape(line).strip() for line in re.findall(rf"{start} [^<\n]*", text)}


def test_commands_that_a_comparison_prints_work(
    study: Path,
    compared: tuple[Path, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    watched: list[object] = []
    monkeypatch.setattr("sim.viewer.server.listen", lambda *_address: nullcontext())
    monkeypatch.setattr("sim.viewer.server.serve", lambda *words, **_options: watched.append(words))
    path = tmp_path / "first.svg"
    assert main(["figure", str(study), "escalation_strip", "--days", "0:15", "--out", str(path)]) == 0
    texts = [compared[1], (compared[0] / "report.html").read_text("utf-8"), path.with_suffix(".txt").read_text("utf-8")]
    commands = set().union(*map(printed_commands, texts))
    kinds = {shlex.split(command)[len(program())] for command in commands}
    assert {"figure", "watch", "compare"} <= kinds
    for number, command in enumerate(sorted(commands)):
        words = ["escalation_strip" if word == "NAME" else word for word in shlex.split(command)[len(program()) :]]
        words += {"figure": ["--out", str(tmp_path / f"{number}.svg")], "compare": ["--no-pictures"]}.get(words[0], [])
        if words[0] == "figure" and "--format" in words:
            del words[words.index("--format") : words.index("--format") + 2]
        assert main(words) == 0, (command, capsys.readouterr().err)
    assert watched


def test_a_second_compare_keeps_the_first(
    study: Path, compared: tuple[Path, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(figures, "kinds_of", lambda found: {"differences": kinds_of(found)["differences"]})
    before = {path: path.read_bytes() for path in compared[0].rglob("*.*") if path.is_file()}
    assert main(["compare", str(study)]) == 0
    assert "of these same runs is there already" in capsys.readouterr().out
    said = study / "compare" / "comparison.json"
    grown = json.loads(said.read_text())
    grown["runs"][0]["done"] -= 1  # as if the study had grown since
    said.write_text(json.dumps(grown))
    assert main(["compare", str(study)]) == 0
    assert (study / "compare-2" / "report.html").is_file()
    said.write_bytes(before[said])
    for path, content in before.items():
        assert path.read_bytes() == content


def test_no_pictures_writes_nothing(study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(study), "--no-pictures", "--out", str(tmp_path)]) == 0
    assert list(tmp_path.iterdir()) == []
    assert "SIMULATED." in capsys.readouterr().out


def test_a_posterior_with_several_seeds_a_draw_has_a_table_over_draws(
    study: Path,
    compared: tuple[Path, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [f"{0.2 + 0.02 * n:.2f},{20 + n}" for n in range(20)]
    header = "rules.clash.continue_probability,rules.ceasefire.hold_days"
    (tmp_path / "draws.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    file = tmp_path / "posterior.yaml"
    file.write_text(
        STUDY.replace("replicates: 8", "replicates: 60\ndesign: posterior\nposterior: draws.csv"), encoding="utf-8"
    )
    assert main(["batch", str(file), "--workers", "1", "--out", str(tmp_path)]) == 0
    capsys.readouterr()
    monkeypatch.setattr(figures, "kinds_of", lambda drawn: {"over_draws": kinds_of(drawn)["over_draws"]})
    assert main(["compare", str(tmp_path / "posterior")]) == 0
    words = " ".join(capsys.readouterr().out.split())
    assert "over 20 draws of" in words or "not resolved over the draws:" in words
    folder = tmp_path / "posterior" / "compare"
    table = pd.read_csv(folder / "over_draws.csv")
    assert set(table["scenario"]) == {"bold"}
    assert (table["pairs"] == 60).all()
    points = pd.read_csv(folder / "figures" / "over_draws.csv")
    assert (points.groupby("statistic").size() == 20).all()
    assert set(points["statistic"]) == set(table["statistic"])
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.index('id="differences"') < page.index('id="draws"') < page.index('id="control"')
    assert page.count('href="#draws"') == 1
    assert not (compared[0] / "over_draws.csv").exists(), "another design has no such table"
    assert 'id="draws"' not in (compared[0] / "report.html").read_text(encoding="utf-8")


def test_two_runs_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for seed in ("1", "2"):
        assert main([SCENARIO, "--seed", seed, "--days", "20", "--out", str(tmp_path), "--no-pictures", "--quiet"]) == 0
    runs = sorted(str(path.parent) for path in tmp_path.glob("*/manifest.json"))
    capsys.readouterr()
    assert main(["compare", *runs, "--out", str(tmp_path / "both")]) == 0
    assert "SIMULATED." in capsys.readouterr().out
    page = next((tmp_path / "both").glob("compare-*/report.html")).read_text(encoding="utf-8")
    assert (
        page.index("The first event that differs") < page.index("What followed") < page.index("Statistics that differ")
    )
    for words in ("more often", "not resolved", "enough runs", "(median", "run.py figure"):
        assert words not in page, words
    assert not (tmp_path / "both" / "differences.png").exists()


def test_a_figure_has_its_caption_beside_it(study: Path, tmp_path: Path) -> None:
    for suffix, head in (("pdf", b"%PDF"), ("svg", b"<?xml"), ("png", b"\x89PNG")):
        path = tmp_path / f"fan.{suffix}"
        assert main(["figure", str(study), "fan-deaths_total", "--out", str(path)]) == 0
        assert path.read_bytes().startswith(head)
        beside = path.with_suffix(".txt" if suffix == "pdf" else f".{suffix}.txt")
        caption = beside.read_text(encoding="utf-8")
        for words in (
            "SIMULATED",
            "8 runs",
            "Scenarios: two_valleys",
            "Seeds:",
            "Version: sim",
            f"Command: python run.py figure {study}",
        ):
            assert words in caption, words


def test_figures_of_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([SCENARIO, "--days", "20", "--out", str(tmp_path), "--no-pictures", "--quiet"]) == 0
    run = str(next(tmp_path.glob("*/manifest.json")).parent)
    capsys.readouterr()
    assert main(["figure", run]) == 0
    listed = capsys.readouterr().out
    for name in ("control_map", "animation_frame", "timeline"):
        assert name in listed
        path = tmp_path / f"{name}.svg"
        dated = ["--day", "10"] if name != "timeline" else []
        assert main(["figure", run, name, *dated, "--out", str(path)]) == 0
        assert "SIMULATED" in path.read_text(encoding="utf-8")
        assert 'width="240.9' in path.read_text(encoding="utf-8")[:900], "85 mm in points"
    assert "day 10 of 20" in (tmp_path / "control_map.txt").read_text(encoding="utf-8")
    capsys.readouterr()
    for name in ("control_map", "animation_frame"):
        for day in ("21", "999"):
            assert main(["figure", run, name, "--day", day, "--out", str(tmp_path / "beyond.svg")]) == 2
            assert capsys.readouterr().err == f"--day: {day} is after the run's last day; allowed is 0 to 20\n"
    assert not list(tmp_path.glob("beyond*"))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["differnces"], "did you mean 'differences'?"),
        (["differences", "--day", "3"], "--day: differences is not of a day"),
        (["entropy_map", "--day", "3"], "--day: control is not kept on day 3; it is on 0, 20"),
        (["differences", "--width-mm", "20"], "--width-mm: 20 is not from 80 to 400"),
        (["differences", "--format", "jpg"], "--format: 'jpg' is none of pdf, svg, png"),
        (["differences", "--format", "svg", "--out", "x.pdf"], "does not end in .svg"),
        (["differences", "--out", "no/such/x.pdf"], "there is no folder"),
    ],
)
def test_figure_says_what_is_wrong(
    study: Path, words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["figure", str(study), *words]) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert told in line


def test_a_figure_is_never_drawn_over(study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for mine in ("x.pdf", "y.txt", "y.pdf.txt"):
        (tmp_path / mine).write_text("mine")
    for wanted in ("x.pdf", "y.pdf"):
        assert main(["figure", str(study), "entropy_map", "--out", str(tmp_path / wanted)]) == 2
        assert "nothing is overwritten" in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {"x.pdf", "y.txt", "y.pdf.txt"}
    assert {path.read_text() for path in tmp_path.iterdir()} == {"mine"}


def test_compare_of_nothing_is_said_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(tmp_path / "none")]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_numbers_are_beside_the_pictures(compared: tuple[Path, str]) -> None:
    table = pd.read_csv(compared[0] / "figures" / "escalation_strip.csv")
    assert table[[f"level_{i}" for i in range(6)]].sum(axis=1).to_numpy() == pytest.approx(1.0)
    assert set(table["scenario"]) == {"two_valleys", "bold"}
