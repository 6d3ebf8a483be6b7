"""A run made by hand on the map of the case: fighting, captures, a base, agreements, an offensive; no engine needed."""

from __future__ import annotations

import os
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from filelock import FileLock

from sim.geography.maps import Geography, load_map
from sim.plots.map.sheets import Atlas
from sim.results.columns import FILES
from sim.results.run import Run
from sim.scenario.schema import Scenario

DAYS = 24
START = date(2018, 10, 20)
CODES = ("HTS", "NLF", "GOV")
COALITION = (
    "Ahrar al-Sham", "Nour al-Din al-Zenki", "Suqour al-Sham", "Faylaq al-Sham", "Jaysh al-Nasr", "Local NLF groups",
)  # fmt: skip
CAPTURES = ((5, "Kafr Hamra", "NLF", "HTS"), (9, "Anadan", "MIXED", "HTS"), (16, "Darat Izza", "NLF", "MIXED"))


def make_scenario(**changes: Any) -> Scenario:
    groups = {"fighters": {"best": 1000, "low": 500, "high": 2000, "source": "by hand"}}
    made: dict[str, Any] = {
        "question": "Who holds Kafr Hamra in the end?",
        "title": "By hand",
        "map": "greater_idlib",
        "start": START,
        "days": DAYS,
        "evidence_until": date(2018, 10, 31),
        "factions": {
            "HTS": {"role": "rebel", "proscribed": True, "groups": {"HTS": groups, "TIP": groups}},
            "NLF": {
                "role": "rebel",
                "groups": dict.fromkeys(COALITION, groups),
            },
            "Loyalists": {"code": "GOV", "role": "government", "groups": {"Government": groups}},
        },
        "zone": {"agreed": date(2018, 9, 17), "deadline": date(2018, 10, 15)},
        "watch_towns": ["Kafr Hamra", "Dar'at Izza"],
    }  # fmt: skip
    return Scenario.model_validate({**made, **changes})


def make_run(geography: Geography, scenario: Scenario | None = None, **texts: str) -> Run:
    """Return the run; `texts` replaces words of the first agreement or event."""
    scenario = scenario or make_scenario()
    events, changes = _events(geography, texts)
    frames = {
        "events": events,
        "events_reported": pd.DataFrame(columns=[column.name for column in FILES["events_reported"].columns]),
        "control_changes": changes,
        "control_daily": _control(geography, scenario),
        "agreements": _agreements(texts),
        "campaigns": pd.DataFrame(columns=[column.name for column in FILES["campaigns"].columns]),
    }
    names = [place.name for place in geography.places]
    control = frames["control_daily"]
    frames["daily"] = _daily(scenario, control)
    ends = {"name": names, "start": control.iloc[0, 2:].tolist(), "end": control.iloc[-1, 2:].tolist()}
    frames["control_start_end"] = pd.DataFrame(ends)
    return Run(scenario, geography, 7, {}, frames.__getitem__, "by_hand")


def _events(geography: Geography, texts: dict[str, str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    index = {place.name: place for place in geography.places}
    columns = [column.name for column in FILES["events"].columns]
    rows: list[dict[str, Any]] = []

    def event(day: int, kind: str, town: str, one: str = "HTS", other: str = "NLF", killed: int = 0) -> str:
        empty = dict.fromkeys(columns, "") | dict.fromkeys([c for c in columns if c.startswith("deaths")], 0)
        name = f"E{len(rows) + 1:06d}"
        rows.append(
            empty | {
                "event_id": name, "cause_id": rows[-1]["event_id"] if rows else "", "day": day, "given": 0,
                "date": pd.Timestamp(START + timedelta(days=day)), "kind": kind, "level": 3, "initiator": one, "target": other,
                "town": town, "lat": index[town].lat, "lon": index[town].lon, "deaths_target": killed, "fighters": 90,
                "probability": 0.3, "draw": 0.1, "text": texts.get("event", f"{one}, {kind}, {town}."),
            }
        )  # fmt: skip
        return name

    event(3, "base_opened", "Kafr Hamra")
    changed = []
    for day, town, before, after in CAPTURES:
        cause = event(day, "clash", town, killed=day)
        done = event(day, "capture", town)
        day_of = pd.Timestamp(START + timedelta(days=day))
        changed.append(
            {
                "day": day, "date": day_of, "town": town, "from": before, "to": after, "from_group": "Ahrar al-Sham",
                "to_group": "HTS", "how": "capture", "event_id": done, "cause_id": cause,
            }
        )  # fmt: skip
    event(4, "base_opened", "Atarib")
    event(12, "base_closed", "Atarib")
    event(18, "offensive_started", "Morek", "GOV", "HTS")
    return pd.DataFrame(rows, columns=columns), pd.DataFrame(changed)


def _control(geography: Geography, scenario: Scenario) -> pd.DataFrame:
    known = {faction.code or name for name, faction in scenario.factions.items()} | {"MIXED", "NEUTRAL"}
    start = [h.code if h.code in known else "NEUTRAL" for h in geography.control[date(2018, 10, 1)]]
    index = {place.name: i for i, place in enumerate(geography.places)}
    rows = [list(start)]
    for day in range(DAYS):
        rows.append(list(rows[-1]))
        for when, town, _before, after in CAPTURES:
            if when == day:
                rows[-1][index[town]] = after
    dates = pd.to_datetime([START + timedelta(days=day) for day in range(DAYS + 1)])
    head = pd.DataFrame({"day": range(DAYS + 1), "date": dates})
    return pd.concat([head, pd.DataFrame(rows, columns=list(index))], axis=1)


def _daily(scenario: Scenario, control: pd.DataFrame) -> pd.DataFrame:
    codes = [faction.code or name for name, faction in scenario.factions.items()]
    days = range(DAYS + 1)
    table: dict[str, Any] = {"day": days, "date": pd.to_datetime([START + timedelta(days=day) for day in days])}
    for code in codes:
        table |= {
            f"{code}_towns": (control.iloc[:, 2:] == code).sum(axis=1).tolist(),
            f"{code}_deaths": [0] * len(days),
            f"{code}_fighters": [900] * len(days),
        }
    for i, one in enumerate(codes):
        for other in codes[i + 1 :]:
            table[f"level_{one}_{other}"] = [3 if 5 <= day < 12 else 0 for day in days]
            table[f"deaths_{one}_{other}"] = [2 if 5 <= day < 12 else 0 for day in days]
    for name in ("clashes", "disputes", "agreements", "civilian_deaths", "columns", "displaced", "pressure", "changes"):
        table[name] = [0] * len(days)
    return pd.DataFrame(table | {"offensive": [2 if day > 18 else 0 for day in days]})


def _agreements(texts: dict[str, str]) -> pd.DataFrame:
    both = {
        "name": texts.get("agreement", "first"),
        "parties": "HTS / NLF",
        "scope": "all_fronts",
        "town": "",
        "mediator": "",
        "given": 0,
    }
    one = {
        "agreement_id": "A001", "terms": "no_expansion, weapons_out", "signed": pd.Timestamp(2018, 10, 8),
        "ended": pd.Timestamp(2018, 10, 25), "days_held": 17, "censored": 0, "status": "broken", "broken_by": "HTS",
        "cause_id": "E000002", "violations": 1,
    }  # fmt: skip
    two = {
        "agreement_id": "A002", "terms": "", "signed": pd.Timestamp(2018, 11, 2), "ended": pd.NaT, "days_held": 11,
        "censored": 1, "status": "in_force", "broken_by": "", "cause_id": "", "violations": 0,
    }  # fmt: skip
    return pd.DataFrame([both | one, both | two])


@pytest.fixture(scope="session")
def geography() -> Geography:
    return load_map("greater_idlib")


@pytest.fixture(scope="session")
def run(geography: Geography) -> Run:
    return make_run(geography)


@pytest.fixture(scope="session")
def atlas(run: Run) -> Atlas:
    return Atlas.of(run)


@pytest.fixture(scope="session")
def drawn(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with everything drawn, once for all processes of the test run; nothing is changed in it."""
    from sim.pages.run_report import Recording, draw_all

    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    with FileLock(shared / "drawn.lock"):
        if not (shared / "drawn").exists():
            (shared / "draft").mkdir()
            with pytest.MonkeyPatch.context() as patch:  # a run made by hand cannot be simulated again
                patch.setattr("sim.pages.run_report.recorded", lambda _run: Recording())
                draw_all(run, shared / "draft")
            (shared / "draft").rename(shared / "drawn")
    return shared / "drawn"


@pytest.fixture(scope="session")
def make(geography: Geography) -> Any:
    """Return the maker of runs, for tests that need other words in them."""
    return lambda scenario=None, **texts: make_run(geography, scenario, **texts)


@pytest.fixture(scope="session")
def scenario_with() -> Any:
    """Return the maker of scenarios."""
    return make_scenario
