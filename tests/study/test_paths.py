"""In which share of a study's runs a town came to its holder in which way: against the runs themselves, one by one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from sim.comparison import control as ways
from sim.comparison.control import NO_CHANGE, TownPaths, paths_lines, town_paths, way_text
from sim.engine.simulation import simulate
from sim.plots.cause_diagram import why_study_picture
from sim.plots.style import png_bytes
from sim.results.run import Run
from sim.statistics.causes import why_town
from sim.study.plan import Plan
from sim.study.runner import run_study
from sim.study.store import Study
from tests.study.support import small_plan

TOWN = "Saddle Pass"


@pytest.fixture(scope="module")
def plan() -> Plan:
    return small_plan(replicates=8)


@pytest.fixture(scope="module")
def study(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Study:
    return Study.open(run_study(plan, tmp_path_factory.mktemp("paths"), workers=1))


def runs_of(plan: Plan, study: Study) -> list[tuple[str, Run]]:
    geography = study.geography()
    return [
        (job.scenario, Run.of(simulate(plan.scenarios[job.scenario].scenario, geography, job.seed, job.values)))
        for job in plan.jobs()
    ]


def test_every_run_is_in_one_way_as_the_run_itself_tells_it(plan: Plan, study: Study) -> None:
    runs, geography = runs_of(plan, study), study.geography()
    seen = 0
    for town in [place.name for place in geography.places]:
        wanted: Counter[tuple[str, str, str]] = Counter()
        for name, run in runs:
            changes = run.control_changes[
                (run.control_changes["town"] == town) & (run.control_changes["event_id"] != "")
            ]
            if not len(changes):
                wanted[name, "", NO_CHANGE] += 1
                continue
            why = why_town(run, town)
            assert why is not None
            wanted[name, str(changes["to"].iloc[-1]), way_text(" > ".join(step.kind for step in why.steps))] += 1
            seen += 1
        found = town_paths(study, town)
        got = {
            (name, way.holder, way.text): int(count)
            for way in found.ways
            for name, count in zip(found.scenarios, way.runs, strict=True)
            if count
        }
        assert got == dict(wanted)
        assert np.array_equal(np.sum([way.runs for way in found.ways], axis=0), found.runs)
    assert seen > 10  # the runs are long enough for towns to change hands


def test_each_step_is_told_once_and_details_are_left_out() -> None:
    path = "base_attempt > base_opened > demand > stalled > demand > refused > clash > clash_spread > clash > capture"
    assert way_text(path) == "base attempt → refusal → clash → fighting spreads → taken"
    assert way_text("mobilisation > offensive_started > assault > clash > capture > withdrawal") == (
        "offensive → clash → another town taken → left by its garrison"
    )
    assert way_text("policy") == "policy"


def test_rare_ways_are_put_together(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    towns = [place.name for place in study.geography().places]
    town = max(towns, key=lambda name: len(town_paths(study, name).ways))
    full = town_paths(study, town)
    monkeypatch.setattr(ways, "MOST_WAYS", 1)
    found = town_paths(study, town)
    assert len(full.ways) > 3
    assert len(full.scenarios) > 1
    others = f"other ways, {len(full.ways) - 2} in all scenarios"
    assert [way.text for way in found.ways] == [full.ways[0].text, others, NO_CHANGE]
    assert np.array_equal(np.sum([way.runs for way in found.ways], axis=0), found.runs)


def test_a_town_in_any_spelling_and_none_of_a_wrong_one(study: Study) -> None:
    assert town_paths(study, "saddle pass").town == TOWN
    with pytest.raises(KeyError, match="Nowhere"):
        town_paths(study, "Nowhere")


def lines_with(study: Study, found: TownPaths) -> str:
    return "\n".join(paths_lines(study, found))


def test_words_name_every_scenario_and_its_runs(study: Study) -> None:
    said = lines_with(study, town_paths(study, TOWN))
    assert said.startswith("SIMULATED. small: who holds Saddle Pass at the end, and how it came to its holder")
    assert "base, 8 runs:" in said
    assert "other, 8 runs:" in said
    assert (ways.whole_percent(0.001), ways.whole_percent(0.999), ways.whole_percent(1)) == (
        "under 1 %",
        "over 99 %",
        "100 %",
    )
    assert (ways.whole_percent(0), ways.whole_percent(0.084)) == ("0 %", "8 %")


def test_holders_at_the_end_come_first_and_count_every_run(study: Study) -> None:
    found, ends = town_paths(study, TOWN), study.runs.groupby("scenario")[f"holder.{TOWN}"].value_counts()
    for number, name in enumerate(found.scenarios):
        assert {code: int(runs[number]) for code, runs in found.holders.items() if runs[number]} == dict(ends[name])
    lines = lines_with(study, found).splitlines()
    assert lines[2].endswith("at the end")
    assert "%)" in lines[2]


def test_the_picture_has_a_panel_a_scenario_and_a_row_a_way(study: Study) -> None:
    found = town_paths(study, TOWN)
    figure = why_study_picture(study, found)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["base", "other"]
    for number, axes in enumerate(figure.axes):
        widths = [bar.get_width() for bar in axes.patches]
        assert widths == pytest.approx([way.runs[number] / 8 for way in found.ways])
    assert len({axes.get_xlim() for axes in figure.axes}) == 1
    assert figure.get_label().startswith("SIMULATED · small · 16 runs")
    words = [text.get_text() for text in figure.findobj(match=lambda item: hasattr(item, "get_text"))]
    assert any("95 % intervals" in word for word in words)
    assert len(png_bytes(figure)) > 10_000


def test_the_command_prints_and_draws(study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from sim.cli.main import main

    assert main(["why", str(study.folder), TOWN, "--out", str(tmp_path)]) == 0
    assert "base, 8 runs:" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["why_saddle_pass.png", "why_saddle_pass.svg"]
    assert main(["why", str(study.folder), "Nowhere At All"]) == 2
    assert capsys.readouterr().err.startswith("TOWN: ")
