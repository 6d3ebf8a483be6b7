"""Numbers that agree: one run and the study it belongs to, read by every screen and file, give one table of counts."""

from __future__ import annotations

import contextlib
import html
import io
import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import sim
from sim.cli.main import main
from sim.pages.run_report import Pictures, report
from sim.plots.map.sheets import Atlas
from sim.study.plan import one_run

REPLICATE = 9  # in it sides gain towns that were contested, a group is absorbed, agreements are given, signed, broken and run out
SCENARIO = "kafr_hamra"
Counts = dict[str, Any]
SCREEN = {  # count -> label on screens, of statistics that are one number
    "days": "days simulated",
    "agreements signed": "agreements signed",
    "agreements broken": "agreements broken",
    "agreements run out": "agreements expired",
    "base attempts": "base attempts",
    "bases opened": "bases opened",
    "disputes": "disputes over bases",
    "days with clashes": "days with clashes",
    "clashes": "clashes",
    "changes of holder": "changes of holder",
    "towns changed": "towns with another holder at the end",
}
KEYS = {
    "days": "days",
    "agreements signed": "agreements_signed",
    "agreements broken": "agreements_broken",
    "agreements run out": "agreements_expired",
    "base attempts": "base_attempts",
    "bases opened": "bases_opened",
    "disputes": "disputes",
    "days with clashes": "clash_days",
    "clashes": "clashes",
    "changes of holder": "changes_of_holder",
    "towns changed": "towns_changed",
    "HTS gains": "towns_gained.HTS",
    "NLF gains": "towns_gained.NLF",
}
"""Key of the summary of each count."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str]:
    """Return a study, the folder of one of its runs made again by `run`, and what `run` prints."""
    place = tmp_path_factory.mktemp("counts")
    study = sim.batch(SCENARIO, replicates=REPLICATE + 1, workers=1, out=place, progress=False, keep=["events"])
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setenv("COLUMNS", "200")
        words = ["run", str(study.folder), "--replicate", str(REPLICATE), "--no-pictures", "--out", "runs"]
        screen = _printed(words)
    return study.folder, next((place / "runs").iterdir()), screen


def _printed(words: list[str]) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        assert main(words) == 0
    return out.getvalue()


def of_summary(summary: dict[str, Any]) -> Counts:
    return {count: int(summary[key]) for count, key in KEYS.items()}


def of_words(rows: dict[str, str]) -> Counts:
    """Read the labels and words of a screen or page."""
    counts: Counts = {}
    for count, label in SCREEN.items():
        counts[count] = int(re.match(r"[\d,]+|none|no\b", rows[label])[0].replace(",", "").replace("none", "0"))  # type: ignore[index]
    gained = dict(part.split(" ") for part in rows["towns gained"].split(", ") if part != "none")
    counts |= {f"{code} gains": int(gained.get(code, 0)) for code in ("HTS", "NLF")}
    given = re.search(r"besides (\d+) given", rows["agreements signed"])
    return {**counts, "agreements given": int(given[1]) if given else 0}


def of_answer(sentence: str) -> Counts:
    counts: Counts = {}
    for code in ("HTS", "NLF"):
        gain = re.search(rf"{code} gains (\d+) towns?(?: \((\d+|it was))?", sentence)
        shared = gain[2] if gain else None
        counts[f"{code} gains"] = int(gain[1]) if gain else 0
        counts[f"{code} gains, contested before"] = 1 if shared == "it was" else int(shared or 0)
    broken = re.search(r"(\d+) agreements? (?:was|were) broken", sentence)
    days = re.search(r"clashes reached \d+ places? over (\d+) days?", sentence)
    return {
        **counts,
        "agreements broken": int(broken[1]) if broken else 0,
        "days with clashes": int(days[1]) if days else 0,
    }


def of_events(events: pd.DataFrame) -> Counts:
    number = events["kind"].value_counts()
    own = (events["kind"] == "agreement_signed") & (events["given"] == 0)
    opened = set(events.loc[events["kind"] == "base_opened", "event_id"])
    demands = events[(events["kind"] == "demand") & ~events["cause_id"].isin(opened)]
    rebels = {"HTS", "NLF", "OTHER"}
    clash = (events["kind"] == "clash") & events["initiator"].isin(rebels) & events["target"].isin(rebels)
    return {
        "agreements signed": int(own.sum()),
        "agreements broken": int(number.get("agreement_broken", 0)),
        "agreements run out": int(number.get("agreement_expired", 0)),
        "base attempts": int(number.get("base_attempt", 0)),
        "bases opened": len(opened),
        "disputes": len(opened) + len(demands),
        "days with clashes": events.loc[clash, "day"].nunique(),
        "clashes": int(clash.sum()),
    }


def of_tables(run: sim.Run) -> Counts:
    """Count in the CSV tables of a run other than the events."""
    ends, changes, agreements, daily = run.control_start_end, run.control_changes, run.agreements, run.daily
    counts: Counts = {
        "days": len(daily) - 1,
        "agreements signed": int((agreements["given"] == 0).sum()),
        "agreements given": int((agreements["given"] == 1).sum()),
        "agreements broken": int((agreements["status"] == "broken").sum()),
        "agreements run out": int((agreements["status"] == "expired").sum()),
        "changes of holder": int((changes["from"] != changes["to"]).sum()),
        "towns changed": int((ends["start"] != ends["end"]).sum()),
    }
    for code in ("HTS", "NLF"):
        gained = (ends["end"] == code) & (ends["start"] != code)
        lost = (ends["start"] == code) & (ends["end"] != code)
        counts[f"{code} gains"] = int(gained.sum())
        counts[f"{code} gains, contested before"] = int((gained & (ends["start"] == "MIXED")).sum())
        assert int(daily[f"{code}_towns"].iloc[-1] - daily[f"{code}_towns"].iloc[0]) == gained.sum() - lost.sum()
    assert daily["changes"].sum() == counts["changes of holder"]
    return counts


def of_report(run: sim.Run) -> list[Counts]:
    """Read the page: its statistics, its answer, its list of agreements and of towns that changed."""
    page = report(run, Pictures(b"", b"", b""), Atlas.of(run))
    cells = [
        html.unescape(re.sub(r"<[^>]+>", "", cell)).strip()
        for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", page, re.DOTALL)
    ]
    rows = dict(pairwise(cells))
    agreements = page.split('id="agreements"')[1].split("<h2")[0]
    listed = {"agreements listed": len(re.findall(r"<tr>\s*<t[dh]", agreements)) - 1}
    return [of_words(rows), of_answer(html.unescape(re.sub(r"<[^>]+>", "", page))), listed]


def of_study(study: sim.Study) -> list[Counts]:
    """Read the tables of the study that the run belongs to."""
    row = study.runs.query("replicate == @REPLICATE").iloc[0]
    agreements = study.agreements.query("replicate == @REPLICATE")
    events = study.table("events").query("replicate == @REPLICATE")
    changes = study.changes.query("replicate == @REPLICATE")
    own, daily = agreements["given"] == 0, study.daily(["changes"]).query("replicate == @REPLICATE")
    tables = {
        "agreements signed": int(own.sum()),
        "agreements given": int((~own).sum()),
        "agreements broken": int((agreements["status"] == "broken").sum()),
        "changes of holder": int((changes["from"] != changes["to"]).sum()),
        "days": len(daily) - 1,
    }
    return [of_summary(dict(row)), tables, of_events(events), {"changes of holder": int(daily["changes"].sum())}]


def of_compare(run: sim.Run) -> Counts:
    """Read what `compare` says of the run, set beside itself."""
    comparison = sim.compare(run, run)
    values = {row.difference.statistic: row.difference.reference for row in comparison.forest}
    spans = next(iter(comparison.holding.spans.values()))
    known = {count: int(values[key]) for count, key in KEYS.items() if key in values}
    return {**known, "agreements signed": comparison.holding.curves[0].agreements, "agreements listed": len(spans)}


def test_every_screen_and_file_gives_one_table_of_counts(folders: tuple[Path, Path, str]) -> None:
    study_folder, folder, screen = folders
    study, run = sim.Study.open(study_folder), sim.Run.open(folder)
    assert one_run(study_folder, None, REPLICATE)[1] == run.seed
    rows = dict(re.findall(r"^(\S.*?)  +(\S.*?) *$", screen, re.MULTILINE))
    listed = pd.read_csv(folder / "events.csv", keep_default_na=False)
    printed = _printed(["events", str(folder), "--csv"])
    tables = of_tables(run)
    readers = {
        "summary.json": [of_summary(json.loads((folder / "summary.json").read_text()))],
        "run": [of_words(rows), of_answer(" ".join(screen.split()))],
        "events.csv": [of_events(listed)],
        "events": [{"events": printed.count("\nE")}],
        "tables": [tables, {"events": len(listed), "agreements listed": len(run.agreements)}],
        "report.html": of_report(run),
        "study": of_study(study),
        "compare": [of_compare(run)],
    }
    table = pd.DataFrame([counts for parts in readers.values() for counts in parts])
    assert [count for count in table if table[count].dropna().nunique() > 1] == []
    assert all(table[count].notna().sum() > 1 for count in table)
    assert tables["agreements given"] > 0
    assert tables["agreements signed"] > 0
    assert tables["HTS gains, contested before"] + tables["NLF gains, contested before"] > 0
    assert (run.control_changes["from"] == run.control_changes["to"]).any()
