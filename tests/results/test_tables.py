from __future__ import annotations

import numpy as np
import pandas as pd

from docs.outputs_readme import readme
from sim.engine.simulation import simulate
from sim.geography.maps import load_map
from sim.results.columns import FILES, kind_of
from sim.results.run import Run
from sim.results.tables import agreements, control_codes, daily, events, summary_tables
from sim.scenario.load import load_scenario
from sim.statistics.summary import summarise
from tests.results.small_result import DAYS, result


def test_every_column_written_is_documented_and_every_documented_column_written() -> None:
    for file, frame in Run.of(result()).tables.items():
        assert all(kind_of(file, name) for name in frame.columns), file
        plain = [column.name for column in FILES[file].columns if "<" not in column.name]
        assert [name for name in frame.columns if name in plain] == plain, file


def test_the_page_of_columns_is_not_stale() -> None:
    from pathlib import Path

    page = Path(__file__).parents[2] / "outputs" / "README.md"
    assert page.read_text(encoding="utf-8") == readme(), "run: python -m docs.outputs_readme"


def test_an_event_names_its_cause_its_sides_and_what_moved_it() -> None:
    clash = Run.of(result()).events.loc[5]
    assert (clash.event_id, clash.cause_id, clash.agreement_id) == ("E000006", "E000005", "A001")
    assert (clash.initiator, clash.target, clash.target_group, clash.town) == (
        "HTS",
        "NLF",
        "Ahrar al-Sham",
        "Kafr Hamra",
    )
    assert clash.date == pd.Timestamp(2018, 10, 29)
    assert clash.moved_by == "agreement x0.65; 900 own fighters within reach x2.1"
    assert clash.text.endswith("in spite of an agreement.")


def test_where_nothing_was_drawn_or_no_town_named_the_cell_is_empty() -> None:
    events = Run.of(result()).events
    assert np.isnan(events.draw[0])
    assert events.draw[5] == 0.1 + 0.2
    assert events.town[3] == ""
    assert np.isnan(events.lat[3])


def test_a_factions_code_stands_for_its_name() -> None:
    run = Run.of(result())
    assert run.events.initiator[13] == "GOV"
    assert {"GOV_towns", "level_HTS_GOV", "deaths_NLF_GOV"} <= set(run.daily.columns)


def test_control_changes_are_the_differences_of_the_daily_record() -> None:
    made = result()
    changes = Run.of(made).control_changes
    code = control_codes(made)
    assert len(changes) == int((code[1:] != code[:-1]).sum()) == 3
    told = changes[["day", "town", "from", "to", "how", "event_id"]].to_numpy().tolist()
    assert told == [
        [5, "Kafr Hamra", "NLF", "HTS", "capture", "E000011"],
        [6, "Darat Izza", "NLF", "MIXED", "clash", "E000012"],
        [8, "Darat Izza", "MIXED", "NLF", "presence", ""],
    ]


def test_control_follows_each_town_from_start_to_end() -> None:
    run = Run.of(result())
    assert len(run.control_daily) == DAYS + 1
    assert run.control_daily["Kafr Hamra"].tolist() == ["NLF"] * 6 + ["HTS"] * 5
    assert run.control_start_end.iloc[4].tolist()[1:] == ["NEUTRAL", "NEUTRAL"]


def test_agreements_in_force_are_censored_at_the_end_of_the_run() -> None:
    old, new = Run.of(result()).agreements.to_dict("records")
    assert (old["days_held"], old["censored"], old["broken_by"], old["cause_id"]) == (21, 0, "HTS", "E000008")
    assert (old["name"], old["signed"], old["ended"]) == (
        "agreement of 8 October",
        pd.Timestamp(2018, 10, 8),
        pd.Timestamp(2018, 10, 29),
    )
    assert (new["days_held"], new["censored"], new["broken_by"], new["cause_id"]) == (3, 1, "", "")
    assert new["ended"] is pd.NaT
    assert (new["parties"], new["terms"]) == ("HTS / Ahrar al-Sham (NLF)", "detainees_released, no_expansion")


def test_an_accord_of_several_parties_is_one_agreement_that_ends_with_the_first_breach_of_a_pair() -> None:
    model = load_scenario("bria_2017", ["days=40"])
    run = simulate(model, load_map(model.map), 3)
    table, log = agreements(run), events(run)
    broken = log["kind"] == "agreement_broken"
    accord = table["name"].tolist().index("Rome accord")
    assert table["name"].tolist().count("Rome accord") == 1
    assert table["parties"][accord] == "anti-Balaka / FPRC / UPC / MPC / RPRC"
    assert table["status"][accord] == "broken"
    of_accord = broken & (log["agreement_id"] == table["agreement_id"][accord])
    assert of_accord.sum() > 1
    assert table["ended"][accord] == log["date"][of_accord][0]
    assert all(sentence.endswith(": Rome accord.") for sentence in log["text"][of_accord])
    given, in_force = table["given"] == 1, daily(run)["agreements"]
    assert in_force[0] == given.sum() == 2
    assert summarise(model, summary_tables(run))["agreements_broken"] == len(set(log["agreement_id"][broken]))
