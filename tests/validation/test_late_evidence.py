"""Which inputs rest on October 2018: read from their sources, listed in the docs, absent from the clean scenario."""

from __future__ import annotations

from datetime import date

import pytest

from sim.load import read
from sim.scenario.fields import inputs_of
from sim.validation.forecasts import basis_of, late_inputs

FIRST = date(2018, 10, 1)


@pytest.mark.parametrize(
    ("source", "basis"),
    [
        ("3 of 10: 8, 24 and 31 Oct 2018", "dated"),
        ("talks on 2018-10-29", "dated"),
        ("events of Dec 2016-Oct 2018", "dated"),
        ("one in September 2018", None),
        ("events to 30 Sep 2018, UCDP GED", None),
        ("16 % of rows, 24 % since Feb 2018", "record"),
        ("4.1 to 1.1 a day around 17 Sep 2018", "record"),
        ("branching 0.56 of the episodes of 2016-18, UCDP GED", "record"),
        ("UCDP GED: 6-17 % of rows", "record"),
        ("59 events in 68 days, UCDP GED", "record"),
        ("median 40 km in Feb-Apr 2018, UCDP GED", None),
        ("Pischedda 2018, Int Security 43(1):138", None),
        ("a rule of 2016-17", None),
        ("assumed", None),
        ("", None),
    ],
)
def test_a_source_rests_on_a_day_if_it_names_it_or_its_record_runs_on(source: str, basis: str | None) -> None:
    assert basis_of(source, FIRST) == basis


def test_the_clean_scenario_has_no_number_of_october() -> None:
    full, clean = (read(name)[0].scenario for name in ("hindcast_2018_10", "hindcast_2018_10_clean"))
    late = [entry.path for entry in late_inputs(full, FIRST)]
    assert {"rules.talks.killing", "terms.base_closed.chance", "rules.offensive.zone_factor"} <= set(late)
    assert list(late_inputs(clean, FIRST)) == []
    assert clean.evidence_until < FIRST


def test_the_clean_scenario_changes_only_what_rests_on_october_and_stays_within_its_range() -> None:
    full, clean = (inputs_of(read(name)[0].scenario) for name in ("hindcast_2018_10", "hindcast_2018_10_clean"))
    late = {entry.path for entry in late_inputs(read("hindcast_2018_10")[0].scenario, FIRST)}
    changed = {path for path, quantity in clean.items() if quantity != full[path]}
    assert changed == late
    for path in changed:
        assert clean[path].source
        if clean[path].low is not None and clean[path].high is not None:
            assert clean[path].low <= clean[path].best <= clean[path].high
