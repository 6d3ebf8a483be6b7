"""The comparison of scenarios: numbers held against the runs they come from, sentences against the numbers."""

from __future__ import annotations

import html
import math
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sim
from sim.cli.compare import print_comparison
from sim.comparison.compare import Comparison, compare
from sim.errors import InputError
from sim.pages.comparison_report import comparison_report
from sim.plots.comparison.sheet import MARKERS
from sim.plots.figures import kinds_of
from sim.plots.style import PAPER
from sim.results.run import Run
from sim.results.write import write
from sim.scenario.schema import rebel_pairs
from sim.statistics.inference import LEAST_DIFFERENT, UNRESOLVED_RULE, verdict
from sim.statistics.summary import hold_of, top_level
from sim.statistics.survival import survival
from sim.study.definition import Range
from sim.study.plan import make_plan, of_files, one_run
from sim.study.runner import run_study
from sim.study.store import Study
from tests.study.study_in_memory import SCENARIOS, MadeStudy, made_study

NAMES = ("kafr_hamra", "strong_mediator", "united_nlf")
FIRST, OTHER, UNITED = NAMES


@pytest.fixture(scope="module")
def study() -> MadeStudy:
    return made_study(NAMES, 12, 60)


@pytest.fixture(scope="module")
def found(study: MadeStudy) -> Comparison:
    return compare(study)


def part_of(study: MadeStudy, keep: set[tuple[str, int]], planned: int | None = None) -> MadeStudy:
    """The study with only some of its runs."""
    runs = {key: run for key, run in study.runs_of.items() if key in keep}
    made = MadeStudy(runs, "part", inputs=study.inputs, planned=planned)
    made.manifest |= study.manifest
    return made


def two_valleys(folder: Path, replicates: int, **options: object) -> Study:
    """A study of the invented valleys, run in this process and read from its folder."""
    plan = make_plan(of_files([SCENARIOS / "two_valleys.yaml"], replicates=replicates, set={"days": 20}, **options))
    run_study(plan, folder, workers=1, scheduler=None, until_precise=None, most=None, report=None)
    return Study.open(next(path.parent for path in sorted(folder.rglob("manifest.json"))))


def test_order_and_reference(found: Comparison) -> None:
    assert found.scenarios == NAMES
    assert found.reference == FIRST
    assert (found.single, found.partial, found.notes) == (False, False, ())


def test_what_differs_is_said(found: Comparison) -> None:
    mediator, united = found.changes
    assert mediator.sentence == "strong_mediator differs from kafr_hamra in 1 policy."
    assert "Turkey mediates" in mediator.items[0].words
    assert united.sentence == "united_nlf differs from kafr_hamra in 13 inputs."
    assert "Cohesion of Ahrar al-Sham (NLF): 0.9 in place of 0.5 (0.25 to 0.9)." in [one.words for one in united.items]


def test_answers_count_matched_runs(study: MadeStudy, found: Comparison) -> None:
    ends = {name: [study.runs_of[name, i].summary["holder.Kafr Hamra"] for i in range(12)] for name in (FIRST, UNITED)}
    answer = next(one for one in found.answers if one.scenario == UNITED and "Kafr Hamra" in one.statistic)
    code = answer.statistic.rpartition("=")[2]
    yes = {name: sum(end == code for end in one) for name, one in ends.items()}
    assert (answer.reference_yes, answer.other_yes) == (yes[FIRST], yes[UNITED])
    start = (
        f"{code} holds Kafr Hamra at the end in {yes[UNITED]} of 12 matched runs against {yes[FIRST]}; 95 % interval"
    )
    assert answer.sentence.startswith(start)
    assert answer.difference.difference == pytest.approx((yes[UNITED] - yes[FIRST]) / 12)


def test_every_output_says_alike_what_is_resolved(found: Comparison, capsys: pytest.CaptureFixture[str]) -> None:
    resolved = [row.difference.resolved for row in found.forest]
    assert set(resolved) == {True, False}
    made = kinds_of(found)["differences"].draw(found, width_mm=180.0)
    assert made.table["resolved"].tolist() == resolved
    assert made.table["verdict"].tolist() == [verdict(row.difference) for row in found.forest]
    drawn = [row.difference.resolved for row in found.forest if np.isfinite(row.scaled)]
    marks = [line for axes in made.figure.axes for line in axes.lines if len(line.get_xdata()) == 1]
    hollow = [
        line.get_markerfacecolor() == PAPER for line in marks if line.get_marker() in MARKERS and line.get_zorder() == 3
    ]
    assert sorted(hollow) == sorted(not each for each in drawn)
    page = html.unescape(comparison_report(found, [], "x"))
    print_comparison(found)
    printed = " ".join(capsys.readouterr().out.split())
    for answer in found.answers:
        sentence = answer.sentence
        assert ("not resolved" in sentence) == verdict(answer.difference).startswith("not resolved")
        kind = "" if answer.difference.resolved else ' class="open"'
        assert f"<li{kind}>{sentence}".replace(" %", "\u00a0%") in page
        assert sentence in printed
    body = page[page.index('id="differences"') : page.index('id="control"')]
    assert body.count('<tr class="open">') == resolved.count(False)
    for text in (body, page[page.index('id="answers"') : page.index('id="differences"')], made.caption):
        assert UNRESOLVED_RULE in text


def test_means_are_of_matched_runs_and_runs_without_a_first_day_count_as_their_last() -> None:
    last = 20  # so short that some runs end without an agreement
    study = made_study((FIRST, UNITED), 12, last)
    found = compare(study)
    days = {
        name: [study.runs_of[name, i].summary["first_agreement_day"] for i in range(12)] for name in (FIRST, UNITED)
    }
    filled = {name: np.array([last if day is None else day for day in one], float) for name, one in days.items()}
    gap = next(
        r.difference for r in found.forest if r.scenario == UNITED and r.difference.statistic == "first_agreement_day"
    )
    assert gap.reference == pytest.approx(filled[FIRST].mean())
    assert gap.difference == pytest.approx((filled[UNITED] - filled[FIRST]).mean())
    assert gap.low < gap.difference < gap.high
    never = [sum(day is None for day in days[name]) for name in (UNITED, FIRST)]
    assert any(never)
    sentence = next(
        one.sentence for one in found.answers if one.scenario == UNITED and one.statistic == "first_agreement_day"
    )
    assert f"Runs without one, {never[0]} against {never[1]}, count as the last day." in sentence


def test_every_scenario_is_in_every_section(found: Comparison) -> None:
    others = {OTHER, UNITED}
    assert {row.scenario for row in found.forest} == others
    assert {one.scenario for one in found.control.contrasts} == others
    assert {one.scenario for one in found.holding.differences} == others
    for names in (found.control.shares, found.ladder.share, found.control.entropy):
        assert tuple(names) == NAMES
    for panel in found.fans:
        assert tuple(fan.scenario for fan in panel.fans) == NAMES
    assert tuple(curve.scenario for curve in found.holding.curves) == NAMES
    assert {one.scenario for one in found.examples} == set(NAMES)


def test_control_is_shares_of_runs(study: MadeStudy, found: Comparison) -> None:
    control = found.control
    assert control.days.tolist() == [0, 30, 60]
    town = control.towns.index("Kafr Hamra")
    for name in NAMES:
        assert control.shares[name].sum(axis=-1) == pytest.approx(np.ones((3, len(control.towns))))
        held = [study.runs_of[name, i].control_daily["Kafr Hamra"].iloc[60] for i in range(12)]
        for row, code in enumerate(control.codes):
            assert control.shares[name][2, town, row] == pytest.approx(held.count(code) / 12)
        assert control.entropy[name][0].max() == 0  # all runs start alike
    contrast = control.contrasts[1]
    assert contrast.difference == pytest.approx(control.shares[UNITED] - control.shares[FIRST])
    assert (contrast.low <= contrast.difference + 1e-12).all()
    assert (contrast.high >= contrast.difference - 1e-12).all()
    assert (contrast.code[0] == -1).all()
    assert not contrast.resolved[0].any()
    assert (contrast.town_resolved == contrast.resolved.any(axis=-1)).all()


def test_where_fighting_begins_is_counted_from_the_events_of_runs(study: MadeStudy) -> None:
    clashes = compare(study).first_clashes
    assert clashes is not None
    for name in (FIRST, OTHER):
        places, openings = 0, 0
        for run in (run for key, run in study.runs_of.items() if key[0] == name):
            events = run.events.query(
                'kind == "clash" and initiator in ["HTS", "NLF", "OTHER"] and target in ["HTS", "NLF", "OTHER"]'
            )
            by_town = events.groupby("town")["day"].min()
            places += len(by_town)
            openings += int((by_town == by_town.min()).sum())
        assert clashes.reached(name, 60).sum() == places > 0
        assert clashes.opened(name, 60).sum() == openings


def test_a_town_that_always_differs_is_resolved(study: MadeStudy) -> None:
    """A town given to another side in all runs of a scenario stands out of the map; the others do not."""
    runs = {key: run for key, run in study.runs_of.items() if key[0] in (FIRST, OTHER)}
    made = MadeStudy(runs, "changed", inputs=study.inputs)
    table = made.control.copy()
    table.loc[(table["scenario"] == OTHER) & (table["town"] == "Darat Izza") & (table["day"] == 60), "code"] = "GOV"
    made.__dict__["control"] = table
    contrast = compare(made).control.contrasts[0]
    names = np.array([place.name for place in study.geography().places])
    assert names[contrast.town_resolved[-1]].tolist() == ["Darat Izza"]
    assert "Darat Izza: held by Loyalists in 100 % of runs against 0 %" in contrast.sentence


def test_fans_are_percentiles_of_runs(study: MadeStudy, found: Comparison) -> None:
    panel = next(one for one in found.fans if one.key == "deaths_total")
    daily = [study.runs_of[UNITED, i].daily for i in range(12)]
    so_far = np.array([day.filter(regex="^[A-Z]+_deaths$").sum(axis=1).cumsum() for day in daily])
    fan = panel.fans[2]
    assert fan.median == pytest.approx(np.median(so_far, axis=0))
    for row, (low, high) in enumerate(((25, 75), (10, 90), (2.5, 97.5))):
        assert fan.low[row] == pytest.approx(np.percentile(so_far, low, axis=0))
        assert fan.high[row] == pytest.approx(np.percentile(so_far, high, axis=0))
    gap = next(gap for gap in panel.differences if gap.scenario == fan.scenario)
    before = np.array(
        [study.runs_of[NAMES[0], i].daily.filter(regex="^[A-Z]+_deaths$").sum(axis=1).cumsum() for i in range(12)]
    )
    each = so_far - before
    assert gap.pairs == 12
    assert gap.mean == pytest.approx(each.mean(axis=0))
    sure = ((gap.low > 0) | (gap.high < 0)) & (np.count_nonzero(each, axis=0) >= LEAST_DIFFERENT)
    assert gap.resolved.tolist() == sure.tolist()
    assert gap.high - gap.mean == pytest.approx(2.200985 * each.std(axis=0, ddof=1) / np.sqrt(12))  # t, 11 degrees


def test_spans_are_the_agreements_of_the_runs_from_signing_on(study: MadeStudy, found: Comparison) -> None:
    start = np.datetime64(found.models[NAMES[0]].start, "D")
    for name in NAMES:
        expected = []
        for run in range(12):
            for row in study.runs_of[name, run].agreements.to_dict("records"):
                first = int((np.datetime64(row["signed"], "D") - start).astype(int))
                end = 2 if row["censored"] else 0 if row["status"] == "broken" else 1
                expected.append([run, max(first, 0), first + row["days_held"], end])
        assert sorted(found.holding.spans[name].tolist()) == sorted(row for row in expected if row[2] >= 0)


def test_holding_is_kaplan_meier_of_all_agreements_of_the_runs(study: MadeStudy, found: Comparison) -> None:
    for name, curve in zip(NAMES, found.holding.curves, strict=True):
        tables = [study.runs_of[name, i].agreements for i in range(12)]
        days, censored = hold_of(pd.concat(tables))
        whole = survival(days, censored)
        assert curve.share == pytest.approx([whole.at(day) for day in found.holding.days])
        assert curve.agreements == len(days) == curve.broken + curve.expired + curve.in_force
        assert curve.at_risk.tolist() == [int(np.sum(days >= day)) for day in found.holding.risk_days]
        assert curve.share + np.sum([cause.share for cause in curve.causes], axis=0) == pytest.approx(
            np.ones(len(curve.share))
        )
        assert sum(cause.count for cause in curve.causes) == curve.broken + curve.expired
        assert (curve.low <= curve.high).all()
        assert whole.median is None or curve.median == whole.median


def test_agreements_given_during_a_run_are_not_counted_as_signed_by_the_model(tmp_path: Path) -> None:
    days = ("2020-03-03", "2020-03-09", "2020-12-01")
    lines = [
        f"  - {{on: {on}, event: agreement, agreement: {{between: [League, Lanterns], signed: {on}}}}}" for on in days
    ]
    head = "question: Does a truce from outside change who fights?\ntitle: Given\nextends: two_valleys.yaml\ngiven:\n"
    scenario = tmp_path / "given_truce.yaml"
    scenario.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
    plan = make_plan(of_files([SCENARIOS / "two_valleys.yaml", scenario], replicates=4, set={"days": 60}))
    run_study(plan, tmp_path / "study", workers=1, scheduler=None, until_precise=None, most=None, report=None)
    study = Study.open(next(path.parent for path in sorted((tmp_path / "study").rglob("manifest.json"))))
    rows = study.agreements
    given = rows[(rows["scenario"] == "given_truce") & (rows["given"] == 1) & (rows["signed"] > "2020-03-01")]
    assert sorted(set(given["signed"].dt.strftime("%Y-%m-%d"))) == list(days[:2])  # the third is after the last day
    assert len(given) == 2 * 4
    assert (rows["days_held"] >= 0).all()
    signed = {
        name: int(study.runs.loc[study.runs["scenario"] == name, "agreements_signed"].sum()) for name in study.scenarios
    }
    assert {curve.scenario: curve.agreements for curve in compare(study).holding.curves} == signed
    assert all(signed.values())


def test_ladder_and_time_to_level(study: MadeStudy, found: Comparison) -> None:
    for name in NAMES:
        pairs = rebel_pairs(study.scenarios[name])
        level = np.array([top_level(study.runs_of[name, i].daily, pairs) for i in range(12)])
        assert found.ladder.share[name].sum(axis=1) == pytest.approx(np.ones(61))
        assert found.ladder.share[name][40, 3] == pytest.approx(np.mean(level[:, 40] == 3))
        curve = next(one for one in found.ladder.reach if (one.level, one.scenario) == (4, name))
        assert curve.reached == np.sum(level.max(axis=1) >= 4)
        assert curve.share[25] == pytest.approx(np.mean(level[:, :26].max(axis=1) >= 4))
        assert (curve.low <= curve.share + 1e-12).all()


def test_pairing_pays(found: Comparison, capsys: pytest.CaptureFixture[str]) -> None:
    """Matched runs of the case and of the strong mediator: the variance of differences against unmatched runs."""
    rows = [r.difference for r in found.forest if r.scenario == OTHER and not math.isnan(r.difference.variance_ratio)]
    ratios = {one.label: one.variance_ratio for one in rows}
    with capsys.disabled():
        print("\nvariance of a paired difference over that of unpaired runs, kafr_hamra and strong_mediator:")
        print("\n".join(f"  {ratio:6.3f}  {label}" for label, ratio in ratios.items()))
    assert np.median(list(ratios.values())) < 0.5
    for one in rows:
        if not math.isnan(one.correlation):
            assert (one.variance_ratio < 1) == (one.correlation > 0)


def test_unmatched_runs_lose_what_pairing_gains(study: MadeStudy, found: Comparison) -> None:
    """The same runs set side by side out of order: intervals of days with clashes become wider."""
    runs = {(FIRST, i): study.runs_of[FIRST, i] for i in range(12)}
    runs |= {(OTHER, i): study.runs_of[OTHER, (i + 5) % 12] for i in range(12)}
    mixed = compare(MadeStudy(runs, "mixed"))
    wide, narrow = (
        next(r.difference for r in one.forest if r.scenario == OTHER and r.difference.statistic == "clash_days")
        for one in (mixed, found)
    )
    assert wide.difference == pytest.approx(narrow.difference)
    assert wide.high - wide.low > 1.3 * (narrow.high - narrow.low)


def test_convergence_ends_at_the_estimate(found: Comparison) -> None:
    for one in found.convergence:
        assert one.runs.tolist() == list(range(1, 13))
        if one.scenario == FIRST:
            continue
        answer = next(a for a in found.answers if (a.scenario, a.statistic) == (one.scenario, one.statistic))
        assert one.estimate[-1] == pytest.approx(answer.difference.difference)


def test_the_same_runs_give_the_same_comparison(study: MadeStudy, found: Comparison) -> None:
    again = compare(study)
    for name in ("notes", "changes", "answers", "inputs", "examples", "methods"):
        assert repr(getattr(again, name)) == repr(getattr(found, name))
    assert all((a.low == b.low).all() for a, b in zip(again.holding.curves, found.holding.curves, strict=True))


def test_tornado_ranks_inputs_and_has_a_floor(found: Comparison) -> None:
    tornado = next(one for one in found.inputs.tornados if one.scenario == FIRST and one.statistic == "clash_days")
    sizes = [abs(bar.effect) for bar in tornado.bars]
    assert sizes == sorted(sizes, reverse=True)
    assert {bar.path for bar in tornado.bars} == {*made_study(NAMES, 12, 60).inputs} - {
        "policy.0.factor"
    }  # of the other
    assert tornado.dummy == next(abs(bar.effect) for bar in tornado.bars if bar.path == "dummy")
    assert all(bar.at_high - bar.at_low == pytest.approx(bar.effect) for bar in tornado.bars)
    united = next(one for one in found.inputs.tornados if one.scenario == UNITED and one.statistic == "clash_days")
    assert "factions.NLF.groups.Ahrar al-Sham.cohesion" not in {bar.path for bar in united.bars}  # it is fixed there


def test_fixed_inputs_leave_only_chance() -> None:
    found = compare(made_study((FIRST, OTHER), 3, 20, fixed=True))
    assert not found.inputs.tornados
    assert "all spread is chance" in found.inputs.note
    assert found.methods.inputs == 0


def test_two_runs_have_no_intervals(study: MadeStudy) -> None:
    found = compare(study.runs_of[FIRST, 3], study.runs_of[OTHER, 3])
    assert found.single
    assert found.notes == (
        "One run each: each is one course that the model allows, and neither says how likely its course is.",
    )
    assert all(math.isnan(row.difference.low) and not row.difference.resolved for row in found.forest)
    assert not found.control.contrasts[0].resolved.any()
    assert all("one run each" in one.sentence for one in found.answers)
    assert np.isnan(found.holding.curves[0].low).all()
    clashes = [study.runs_of[name, 3].summary["clash_days"] for name in (FIRST, OTHER)]
    said = f"Days with clashes: {clashes[1]} against {clashes[0]} in kafr_hamra; one run each."
    assert said in [one.sentence for one in found.answers] or clashes[0] == clashes[1]


def test_a_run_in_a_folder_is_opened_from_there(study: MadeStudy, tmp_path: Path) -> None:
    folders = [write(study.runs_of[name, 3], tmp_path / name) for name in (FIRST, OTHER)]
    found = compare(*(Run.open(folder) for folder in folders))
    assert [shlex.split(one.command) for one in found.examples] == [
        ["python", "run.py", "watch", str(folder)] for folder in folders
    ]


def test_runs_of_one_scenario_are_told_apart_by_their_seeds(study: MadeStudy) -> None:
    found = compare(study.runs_of[FIRST, 0], study.runs_of[FIRST, 1])
    assert found.scenarios == ("kafr_hamra (seed 100)", "kafr_hamra (seed 101)")
    assert any("mixes what the scenario changes with chance" in note for note in found.notes)
    assert found.changes[0].sentence.endswith("does not differ from kafr_hamra (seed 100).")


def test_a_partial_study_compares_matched_runs_alone(study: MadeStudy) -> None:
    keep = {(FIRST, i) for i in range(9)} | {(OTHER, i) for i in range(2, 12)}
    found = compare(part_of(study, keep, planned=24))
    assert found.partial
    assert (
        found.notes[0]
        == "part is partial: 19 of 24 runs are done. Only replicates done in both scenarios are compared."
    )
    assert {row.difference.pairs for row in found.forest} == {7}
    values = [[study.runs_of[name, i].summary["clash_days"] for i in range(2, 9)] for name in (FIRST, OTHER)]
    gap = next(r.difference for r in found.forest if r.difference.statistic == "clash_days")
    assert gap.difference == pytest.approx(np.mean(values[1]) - np.mean(values[0]))
    assert [one.matched for one in found.methods.runs] == [9, 7]


def test_failed_runs_bound_the_shares(study: MadeStudy) -> None:
    made = part_of(study, {(name, i) for name in (FIRST, OTHER) for i in range(12) if (name, i) != (OTHER, 4)}, 24)
    made.failures = pd.DataFrame([{"scenario": OTHER, "replicate": 4, "seed": 104}])
    found = compare(made)
    assert not found.partial
    assert found.methods.runs[1].failed == 1
    assert found.methods.runs[1].bound == pytest.approx(1 / 12)
    assert any("1 of 12 runs failed" in one and "at most 8 %" in one for one in found.methods.paragraphs)
    assert any("failed" in note for note in found.notes)


def test_two_studies_on_common_seeds_are_matched(study: MadeStudy, found: Comparison) -> None:
    one = part_of(study, {(FIRST, i) for i in range(12)})
    two = part_of(study, {(OTHER, i) for i in range(12)})
    both = compare(one, two)
    assert both.scenarios == (FIRST, OTHER)
    for statistic in ("clash_days", "deaths_rebels"):
        gaps = [
            next(r.difference for r in c.forest if (r.scenario, r.difference.statistic) == (OTHER, statistic))
            for c in (both, found)
        ]
        assert gaps[0] == gaps[1]


def test_studies_without_a_common_seed_are_independent(study: MadeStudy) -> None:
    one = part_of(study, {(FIRST, i) for i in range(6)})
    two = part_of(study, {(FIRST, i) for i in range(6, 12)})
    found = compare(one, two)
    assert found.scenarios == ("kafr_hamra (part)", "kafr_hamra (part, 2)")
    assert any(note.startswith("No seed is common") for note in found.notes)
    assert {row.difference.pairs for row in found.forest} == {6}
    assert not any("matched runs" in answer.sentence for answer in found.answers)


def test_a_town_that_only_one_scenario_watches_is_known_in_all() -> None:
    one = sim.simulate(SCENARIOS / "kafr_hamra.yaml", 3, ["days=10", "watch_towns=[Darat Izza]"])
    two = sim.simulate(SCENARIOS / "strong_mediator.yaml", 3, ["days=10", "watch_towns=[Kafr Hamra]"])
    claims = {answer.sentence for answer in compare(one, two).answers if answer.statistic.startswith("holder.")}
    assert claims == {
        f"{side} holds {town} at the end: yes, against yes in kafr_hamra; one run each."
        for town, side in (("Darat Izza", "NLF"), ("Kafr Hamra", "NLF"))
    }


def test_what_cannot_be_compared_is_refused(study: MadeStudy) -> None:
    with pytest.raises(InputError, match="not both"):
        compare(study.runs_of[FIRST, 0], study)
    with pytest.raises(InputError, match="one map is needed"):
        compare(study.runs_of[FIRST, 0], sim.simulate(SCENARIOS / "two_valleys.yaml", 1, ["days=5"]))
    with pytest.raises(InputError, match="nothing to compare"):
        compare()


def test_one_scenario_alone_is_described() -> None:
    study = made_study((FIRST,), 4, 20)
    found = compare(study)
    assert (found.answers, found.forest, found.control.contrasts, found.holding.differences) == ((), (), (), ())
    assert found.fans
    assert found.examples


@pytest.fixture(scope="module")
def valleys(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return two_valleys(tmp_path_factory.mktemp("valleys"), 40)


def test_the_command_of_an_example_makes_that_run(valleys: Study) -> None:
    """The words after `watch` are those of `run`: the study's folder, scenario and replicate."""
    for example in compare(valleys).examples:
        words = shlex.split(example.command)
        assert words[:3] == ["python", "run.py", "watch"]
        assert words[4::2] == ["--scenario", "--replicate"]
        file, seed, sets = one_run(Path(words[3]), words[5], int(words[7]))
        assert len(sets) == len(valleys.inputs) - 1
        assert seed == example.seed
        again = sim.simulate(file, seed, sets)
        row = valleys.runs[valleys.runs["replicate"] == example.replicate].iloc[0]
        for key, value in again.summary.items():
            assert row[key] == value or (value is None and pd.isna(row[key])), key


def test_a_study_from_its_folder(valleys: Study) -> None:
    found = compare(valleys)
    assert found.methods.design == "halton"
    assert found.methods.inputs == len(valleys.inputs) - 1
    assert found.methods.runs[0].done == 40
    known = [one for one in found.inputs.splits if not math.isnan(one.inputs)]
    assert known
    assert all(0 <= one.inputs_low <= one.inputs <= one.inputs_high <= 1 for one in known)


CHOSEN = {
    "rules.incident.per_pair_month": Range(low=0.0, high=1.0),
    "factions.Lanterns.doctrine.expansion": Range(low=0.5, high=4.0),
}


def test_morris_and_sobol_and_grid(tmp_path: Path) -> None:
    options = {"headline": ["incidents", "disputes"]}
    plane = compare(two_valleys(tmp_path / "morris", 60, design="morris", inputs=CHOSEN, **options)).inputs
    assert plane.morris
    assert not plane.tornados
    incidents = next(one for one in plane.morris if one.statistic == "incidents")
    assert incidents.paths == tuple(sorted(CHOSEN, key=incidents.paths.index))
    assert incidents.mu_star[incidents.paths.index("rules.incident.per_pair_month")] > incidents.floor
    shares = compare(two_valleys(tmp_path / "sobol", 128, design="sobol", inputs=CHOSEN, **options)).inputs
    assert {one.statistic for one in shares.sobol} >= {"incidents"}
    assert shares.sobol[0].base == 32
    values = {path: Range(values=[item.low, item.high]) for path, item in CHOSEN.items()}
    grid = compare(two_valleys(tmp_path / "grid", 40, design="grid", inputs=values, **options)).inputs
    split = next(one for one in grid.splits if one.statistic == "incidents")
    assert split.method.startswith("analysis of variance")
    assert 0.2 < split.inputs_low < split.inputs < 1
