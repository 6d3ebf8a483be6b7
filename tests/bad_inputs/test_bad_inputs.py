"""Hostile and broken input: each file of the corpus, and big ones made here, gives clear lines, code 2 and nothing else.

expected.csv has the line that each file must be told with: its place (a line of 0 is none) and words of the message.
Measured is the work of reading alone, in seconds of CPU and megabytes, in processes forked from one that has all modules.
"""

from __future__ import annotations

import csv
import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sim.cli.main import main
from sim.errors import InputError
from sim.results.run import Run
from sim.scenario.load import load
from tests.bad_inputs.cases import CORPUS, SCENARIOS, Case, cases, events_words, files, laid_over

MOST_SECONDS, MOST_MEGABYTES, MOST_LINES = 6.0, 500.0, 201  # of CPU: three times what is promised, as machines differ
EXPECTED = {
    row["file"]: row for row in csv.DictReader((CORPUS / "expected.csv").read_text(encoding="utf-8").splitlines())
}
MB = 10**6


def deep(signs: str, times: int = 100_000) -> bytes:
    return signs.encode() * times


def many_towns(rows: int) -> bytes:
    lines = (f"T{i},{10 + i % 900 / 30:.3f},{10 + i // 900 / 30:.3f}" for i in range(rows))
    return ("name,lat,lon\n" + "\n".join(lines) + "\n").encode()


BIG: dict[str, tuple[Callable[[], bytes | int], str]] = {  # content, or the length of a file of null bytes; words
    "scenarios/100_mb.yaml": (lambda: 100 * MB, "larger than 1 MB"),
    "scenarios/deep_brackets.yaml": (lambda: b"a: " + deep("["), "nested more than"),
    "scenarios/deep_braces.yaml": (lambda: deep("{a: "), "nested more than"),
    "scenarios/deep_lists.yaml": (lambda: deep("- "), "nested more than"),
    "scenarios/alias_bomb_of_30.yaml": (
        lambda: (
            b"a0: &a0 [x, x]\n" + b"".join(b"a%d: &a%d [*a%d, *a%d]\n" % (i, i, i - 1, i - 1) for i in range(1, 31))
        ),
        "anchors and aliases",
    ),
    "scenarios/100000_values.yaml": (lambda: b"a: [" + b"1," * 100_000 + b"]", "too many"),
    "scenarios/20000_keys.yaml": (lambda: b"".join(b"k%d: 1\n" % i for i in range(20_000)), "too many"),
    "scenarios/long_line.yaml": (lambda: b"title: " + b"x" * 900_000, "too long"),
    "studies/100_mb.yaml": (lambda: 100 * MB, "larger than 1 MB"),
    "studies/deep.yaml": (lambda: b"question: " + deep("["), "nested more than"),
    "patterns/100_mb.yaml": (lambda: 100 * MB, "larger than 1 MB"),
    "patterns/deep.yaml": (lambda: b"title: " + deep("{a: "), "nested more than"),
    "calibrations/deep.yaml": (lambda: b"fitted: " + deep("["), "nested more than"),
    "maps/100_mb.towns.csv": (lambda: 100 * MB, "larger than"),
    "maps/long_cell.towns.csv": (lambda: b"name,lat,lon\n" + b"x" * 5 * MB + b",36,36\n", ""),
    "maps/100000_towns.towns.csv": (lambda: many_towns(100_000), "more than 20000 rows"),
    "towns/100_mb.csv": (lambda: 100 * MB, "larger than"),
    "observed/100_mb.csv": (lambda: 100 * MB, "is not text (binary data)"),
    "observed/600_mb.csv": (lambda: 600 * MB, "larger than"),
    "runs/100_mb.manifest.json": (lambda: 100 * MB, "larger than"),
    "runs/deep.manifest.json": (lambda: deep("["), "cannot be read"),
    "runs/deep_keys.manifest.json": (lambda: deep('{"a":'), "cannot be read"),
    "runs/100_mb.scenario.yaml": (lambda: 100 * MB, "larger than 1 MB"),
    "runs/200_mb.events.csv": (lambda: 200 * MB, "columns are missing"),
}
MANIFESTS: dict[str, tuple[dict[str, Any], str]] = {  # what is laid over a good manifest
    "seed_true": ({"seed": True}, "seed: must be a whole number"),
    "seed_negative": ({"seed": -1}, "seed: must be a whole number"),
    "seed_huge": ({"seed": 2**63}, "seed: must be a whole number"),
    "values_nan": ({"values": {"garrison_share": float("nan")}}, "values: must be finite numbers"),
    "values_infinite": ({"values": {"garrison_share": float("-inf")}}, "values: must be finite numbers"),
    "values_text": ({"values": {"garrison_share": "much"}}, "values: must be finite numbers"),
    "values_unknown": ({"values": {"no.such": 1.0}}, "no such input: no.such"),
    "values_list": ({"values": [1]}, "values: missing or of a wrong type"),
    "outputs_numbers": ({"outputs": {"events.csv": 5}}, "outputs: must be SHA-256 sums"),
    "scenario_broken": ({"scenario": "a: [", "branch": None}, "its scenario, line"),
    "scenario_outside": ({"scenario": "extends: /etc/passwd\n"}, "outside the scenario folders"),
    "version_text": ({"schema_version": "3"}, "schema_version: is '3'"),
    "branch_text": ({"branch": "main"}, "branch: is not what a branch goes on from"),
    "branch_no_parts": ({"branch": {"of": "x", "day": 5, "date": "", "changes": [], "earlier": []}}, "branch: is not what"),
    "branch_backwards": (
        {"branch": {"of": "x", "day": -5, "date": "", "changes": [],
                    "earlier": [{"day": 0, "scenario": "", "values": {}}]}}, "branch: is not what"),
}  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a good run, to lay bad files over."""
    out = tmp_path_factory.mktemp("good")
    words = ["run", "two_valleys", "--set", "days=20", "--seed", "5", "--no-pictures", "--quiet", "--out", str(out)]
    assert main(words) == 0
    return out / "two_valleys-seed5"


def big_case(name: str, content: bytes | int, place: Path, run: Path) -> Case:
    """Return the case of a file that is made here."""
    kind, _, rest = name.partition("/")
    path = place / "big" / kind / rest
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, int):
        with path.open("wb") as file:
            file.truncate(content)
    else:
        path.write_bytes(content)
    here = place / "here"
    if kind == "maps":
        root = place / "maps" / rest
        laid_over(CORPUS / "maps" / "good", path, f"{rest.split('.')[1]}.csv", root / "here")
        return Case(name, ["check", str(CORPUS / "maps" / "any.yaml")], here, root)
    if kind == "runs":
        spoilt = laid_over(run, path, rest.partition(".")[2], place / "runs" / f"big-{rest}")
        return Case(name, [("verify" if "manifest" in rest else "events"), str(spoilt)], here)
    words = {
        "patterns": ["patterns", str(run), "--patterns", str(path), "--no-pictures"],
        "towns": ["new-map", str(path), "made"],
        "observed": events_words(run, path),
    }
    return Case(name, words.get(kind, ["check", str(path)]), here)


def manifest_case(name: str, change: dict[str, Any], place: Path, run: Path) -> Case:
    """Return the case of a good manifest with a change."""
    found = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    path = place / f"{name}.json"
    path.write_text(json.dumps({**found, **change}), encoding="utf-8")
    spoilt = laid_over(run, path, "manifest.json", place / "runs" / name)
    return Case(name, ["verify", str(spoilt)], place / "here")


@pytest.fixture(scope="module")
def told(run: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Return what came of every case, by name; each was read in a process of its own."""
    place = tmp_path_factory.mktemp("bad")
    (place / "here").mkdir()
    asked = cases(place, run)
    asked += [big_case(name, made(), place, run) for name, (made, _) in BIG.items()]
    asked += [manifest_case(name, change, place, run) for name, (change, _) in MANIFESTS.items()]
    before = snapshot(place, run)
    done = subprocess.run(
        [sys.executable, "-m", "tests.bad_inputs.forked", str(tmp_path_factory.mktemp("said"))],
        input=json.dumps([each.job for each in asked]), capture_output=True, text=True, check=False, cwd=CORPUS.parents[1],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    results = dict(zip([each.name for each in asked], json.loads(done.stdout), strict=True))
    assert snapshot(place, run) == before, "something was written"
    return results


def snapshot(*folders: Path) -> dict[str, int]:
    """Return all files in some folders, and where maps are made, with their size."""
    roots = [*folders, CORPUS, SCENARIOS]
    return {
        str(path): path.stat().st_size for root in roots for path in root.rglob("*") if "__pycache__" not in path.parts
    }


def check(result: dict[str, Any]) -> list[str]:
    """Check what every bad input must come to; return the lines that were said."""
    lines: list[str] = result["err"].splitlines()
    assert result["code"] == 2, result
    assert lines
    assert len(lines) <= MOST_LINES
    assert "Traceback" not in result["err"]
    assert "internal error" not in result["err"]
    assert all(line.isprintable() and len(line) < 1000 for line in lines)
    assert result["seconds"] < MOST_SECONDS, result["seconds"]
    assert result["megabytes"] < MOST_MEGABYTES, result["megabytes"]
    return lines


@pytest.mark.parametrize("name", files())
def test_a_bad_file_is_said_in_clear_lines(name: str, told: dict[str, dict[str, Any]]) -> None:
    row = EXPECTED[name]
    place = f"{row['said_of']}:{row['line']}: " if row["line"] != "0" else f"{row['said_of']}: "
    lines = check(told[name])
    assert any(place in line and row["words"] in line for line in lines), lines


@pytest.mark.parametrize("name", BIG)
def test_a_big_file_is_refused_soon_and_with_little_memory(name: str, told: dict[str, dict[str, Any]]) -> None:
    lines = check(told[name])
    file = name.rpartition("/")[2].partition(".")[2] if name.startswith(("maps", "runs")) else name.rpartition("/")[2]
    assert any(file in line and BIG[name][1] in line for line in lines), lines


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_that_was_tampered_with_is_refused(name: str, told: dict[str, dict[str, Any]]) -> None:
    lines = check(told[name])
    assert any("manifest.json" in line and MANIFESTS[name][1] in line for line in lines), lines


def test_the_corpus_is_of_at_least_sixty_files_and_each_is_expected() -> None:
    assert len(files()) >= 60
    assert set(EXPECTED) == set(files())


def mutated(raw: bytes, luck: random.Random) -> bytes:
    """Return a text with a few bytes removed, doubled, exchanged or put in."""
    found = bytearray(raw)
    for _ in range(luck.randint(1, 4)):
        place, length = luck.randrange(len(found)), luck.randint(1, 12)
        piece = bytes(found[place : place + length])
        found[place : place + length] = luck.choice(
            (
                b"",
                piece * 2,
                piece[::-1],
                luck.choice((b"\t", b"\0", b"{", b"[", b":", b"- ", b"nan", b"\xff", b"&a ", b"\n")),
            )
        )
    return bytes(found)


def faults_of(reading: Callable[[], object]) -> list[str]:
    """Return the faults that reading finds, none where all is well; any other error is the test's."""
    try:
        reading()
    except InputError as error:
        return [str(fault) for fault in error.faults] or ["an error without a fault\n"]
    return []


@pytest.mark.parametrize("seed", range(40))
def test_a_mutated_scenario_reads_or_is_refused(seed: int, tmp_path: Path) -> None:
    path = tmp_path / "mutant.yaml"
    path.write_bytes(mutated((SCENARIOS / "two_valleys.yaml").read_bytes(), random.Random(seed)))
    assert all(line.isprintable() for line in faults_of(lambda: load(path)))


@pytest.mark.parametrize("file", ["manifest.json", "events.csv", "scenario.yaml", "control_changes.csv"])
def test_a_mutated_run_reads_or_is_refused(file: str, run: Path, tmp_path: Path) -> None:
    good = (run / file).read_bytes()
    for seed in range(25):
        (tmp_path / "bad").write_bytes(mutated(good, random.Random(seed)))
        spoilt = laid_over(run, tmp_path / "bad", file, tmp_path / f"run{seed}")
        assert all(line.isprintable() for line in faults_of(lambda folder=spoilt: Run.open(folder).events))
