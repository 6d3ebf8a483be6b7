"""Files of patterns: the shipped one is whole, and every fault has its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.errors import InputError
from sim.files import SCENARIOS
from sim.results.manifest import sha256
from sim.validation.pattern_estimators import PATTERNS
from sim.validation.pattern_file import FOLDER, Figure, Interval, find_patterns, read_patterns
from sim.validation.pattern_rounds import CAMPAIGN_FIGURES

TEXT = """\
title: a record
evidence_until: 2018-10-31
source: made up
sides:
  first: {codes: [A]}
  rivals: {codes: [B]}
windows:
  all: {start: 2018-01-01, days: 100}
patterns:
  P8:
    title: events a week
    window: all
    source: made up
    figures:
      P8_weekly_mean: {observed: [2, 3], accept: [1, 4]}
"""


def test_the_shipped_file_declares_its_patterns_with_tolerances_and_cases() -> None:
    found = read_patterns(FOLDER / "greater_idlib.yaml")
    assert list(found.patterns) == [f"P{n}" for n in range(1, 26)]
    assert all(figure.cases for _, _, figure in found.figures())
    assert all(figure.accept is None or (figure.median_only or _overlap(figure)) for _, _, figure in found.figures())
    assert [name for name, one in found.patterns.items() if one.weight == "mandatory"] == [
        "P6",
        "P8",
        "P9",
        "P16",
        "P19",
    ]
    assert all(any(fig.accept for fig in one.figures.values()) for one in found.patterns.values())
    assert {name for _, name, _ in found.figures()} <= set(PATTERNS)
    assert found.evidence_until.isoformat() == "2018-10-31"
    assert all((window.start - found.evidence_until).days + window.days <= 1 for window in found.windows.values())


def test_the_declared_constants_of_campaigns_are_those_whose_hash_the_page_notes() -> None:
    file = SCENARIOS / "constants" / "campaigns.yaml"
    found = read_patterns(file)
    assert {name for _, name, _ in found.figures()} == set(CAMPAIGN_FIGURES)
    assert all(figure.cases and figure.accept and _overlap(figure) for _, _, figure in found.figures())
    assert found.sides == read_patterns(FOLDER / "greater_idlib.yaml").sides.model_copy(update={"government": None})
    (window,) = found.windows.values()
    assert (window.start.isoformat(), window.days) == ("2018-01-01", 304)
    page = (SCENARIOS.parent / "docs" / "validation.md").read_text(encoding="utf-8")
    assert sha256(file.read_bytes()) in page


def _overlap(figure: Figure) -> bool:
    """Return whether some reading of the record lies in the accepted range."""
    assert figure.accept is not None
    return figure.observed.low <= figure.accept.high and figure.observed.high >= figure.accept.low


def test_the_shipped_nulls_have_as_many_events_as_the_record() -> None:
    found = read_patterns(FOLDER / "greater_idlib.yaml")
    assert found.nulls is not None
    assert found.places is not None
    assert sum(events for _, events in found.nulls.tolls) == 145
    assert found.nulls.poisson_per_day * found.windows["record"].days == pytest.approx(154)
    stationary = found.nulls.hawkes.mu_per_day / (1 - found.nulls.hawkes.branching)
    assert stationary == pytest.approx(found.nulls.poisson_per_day, rel=0.1)
    assert sum(found.places.events.values()) == found.patterns["P25"].figures["P25_places_log_score"].cases


def test_figures_over_the_whole_of_aligned_windows_are_declared_apart() -> None:
    wider = read_patterns(FOLDER / "greater_idlib.yaml").over_whole()
    assert wider is not None
    assert {wider.window_of(pattern, name) for pattern, name, _ in wider.figures()} == {"record"}
    assert "P25" not in wider.patterns
    assert wider.patterns["P8"].figures["P8_weekly_none_share"].observed.low == 0.56


def test_a_file_reads_as_it_says(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(TEXT, encoding="utf-8")
    found = read_patterns(tmp_path / "p.yaml")
    figure = found.patterns["P8"].figures["P8_weekly_mean"]
    assert (figure.observed, figure.accept) == (Interval(low=2, high=3), Interval(low=1, high=4))
    assert found.names_in("all") == ["P8_weekly_mean"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("observed: [2, 3]", "obsrved: [2, 3], observed: 2", "p.yaml:15: patterns.P8.figures.P8_weekly_mean.obsrved: unknown key, did you mean 'observed'?"),
        ("P8_weekly_mean:", "P8_weekly_maen:", "p.yaml:15: patterns.P8.figures.P8_weekly_maen: there is no such estimator, did you mean 'P8_weekly_mean'?"),
        ("window: all", "window: al", "p.yaml:12: patterns.P8.window: there is no window 'al'"),
        ("accept: [1, 4]", "accept: [4, 1]", "low must not exceed high, got 4 and 1"),
        ("accept: [1, 4]", "accept: 4", "p.yaml:15: patterns.P8.figures.P8_weekly_mean.accept: needs [low, high]"),
        ("observed: [2, 3]", "observed: many", "p.yaml:15: patterns.P8.figures.P8_weekly_mean.observed: needs a number, or [low, high]"),
        ("days: 100", "days: 0", "p.yaml:8: windows.all.days: 0 is out of range"),
        ("title: a record", "title: a record\nagreements: none.csv", "p.yaml:2: agreements: no such file none.csv"),
        ("days: 100}", "days: 100, aligned: true}", "p.yaml:8: windows.all.aligned: an aligned window needs `within`"),
        ("days: 100}", "days: 100, aligned: true, within: al}", "p.yaml:8: windows.all.within: there is no window 'al'"),
        ("days: 100}", "days: 100, aligned: true, within: all}", "p.yaml:8: windows.all.within: all must be longer than all"),
        ("days: 100}", "days: 100, lead_days: -1}", "p.yaml:8: windows.all.lead_days: "),
        ("observed: [2, 3]", "observed: [2, 3], whole: 2", "p.yaml:15: patterns.P8.figures.P8_weekly_mean.whole: needs a window that is aligned"),
        ("observed: [2, 3]", "observed: [2, 3], cases: -1", "p.yaml:15: patterns.P8.figures.P8_weekly_mean.cases: "),
        ("rivals: {codes: [B]}", "rivals: {codes: [B], groups: {x: [x]}, bodies: {z: {since: 2018-02-18, groups: [xx], names: [z]}}}",
         "p.yaml:6: sides.rivals.bodies.z.groups: there is no group 'xx', did you mean 'x'?"),
        ("rivals: {codes: [B]}", "rivals: {codes: [B], bodies: {z: {sinse: 2018-02-18, groups: [x], names: [z]}}}",
         "p.yaml:6: sides.rivals.bodies.z.sinse: unknown key, did you mean 'since'?"),
        ("title: a record", "title: a record\nplaces: {source: made, events: {}}", "p.yaml:2: places.events: "),
        ("title: a record", "title: a record\nnulls: {source: made, hawkes: {mu: 1}}", "p.yaml:2: nulls.hawkes.mu: unknown key"),
        ("evidence_until: 2018-10-31", "evidence_until: soon", "p.yaml:2: evidence_until: needs a date"),
        ("  rivals: {codes: [B]}\n", "", "p.yaml:4: sides: needs either `first` and `rivals`, or `all_against_all`"),
        ("  rivals: {codes: [B]}", "  all_against_all: {A: [a], B: [b]}", "p.yaml:4: sides: needs either"),
        ("  first: {codes: [A]}\n  rivals: {codes: [B]}", "  all_against_all: {A: [a]}", "p.yaml:5: sides.all_against_all: "),
        ("  first: {codes: [A]}\n  rivals: {codes: [B]}", "  all_against_all: {A: a, B: b}", "p.yaml:5: sides.all_against_all.A: needs a list of names"),
    ],
)  # fmt: skip
def test_every_fault_has_its_line(
    old: str, new: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.yaml").write_text(TEXT.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_patterns(tmp_path / "p.yaml")
    assert said in str(error.value)


def test_a_map_without_patterns_is_reported(tmp_path: Path) -> None:
    assert find_patterns(None, "greater_idlib") == FOLDER / "greater_idlib.yaml"
    with pytest.raises(InputError, match="no patterns are declared for the map nowhere"):
        find_patterns(None, "nowhere")
    with pytest.raises(InputError, match="no such file"):
        find_patterns(tmp_path / "none.yaml", "greater_idlib")
