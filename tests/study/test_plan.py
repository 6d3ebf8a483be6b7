"""The plan of a study: matched runs on common seeds, what each scenario makes of a draw, no draw that is no scenario."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.engine.simulation import Simulation
from sim.errors import InputError
from sim.files import SCENARIOS
from sim.geography.maps import load_map
from sim.results.manifest import Kind, kind_of
from sim.scenario.fields import inputs_of
from sim.study.definition import DESIGNS, Definition, Variant, read_definition
from sim.study.plan import Plan, make_plan, of_files

EXPANSION = "factions.Lanterns.doctrine.expansion"
FIGHTERS = "factions.League.groups.River Militia.fighters"
HEAD = "question: who ends up with the pass?\nscenarios: {base: two_valleys, other: {file: two_valleys, set: {days: 180}}}\n"


def plan_of(**options: Any) -> Plan:
    scenarios = options.pop("scenarios", {"base": Variant(file="two_valleys")})
    return make_plan(Definition(name="trial", question="what comes of it?", scenarios=scenarios, **options))


def variants(**sets: dict[str, Any]) -> dict[str, Variant]:
    return {name: Variant(file="two_valleys", set=changed) for name, changed in sets.items()}


def faults_of(folder: Path, text: str) -> list[str]:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        make_plan(*read_definition(path))
    return [str(fault).replace(f"{folder}/", "") for fault in caught.value.faults]


def test_runs_of_a_replicate_are_matched_and_interleaved() -> None:
    plan = plan_of(scenarios=variants(base={}, late={}), replicates=3)
    jobs = list(plan.jobs())
    assert [(job.scenario, job.replicate) for job in jobs[:4]] == [("base", 0), ("late", 0), ("base", 1), ("late", 1)]
    for one, other in zip(jobs[::2], jobs[1::2], strict=True):
        assert (one.seed, one.values, one.dummy) == (other.seed, other.values, other.dummy)
    assert len({job.seed for job in jobs}) == 3


def test_every_uncertain_input_is_drawn_within_its_range() -> None:
    plan = plan_of(replicates=256)
    known = inputs_of(plan.scenarios["base"].scenario)
    assert list(plan.inputs)[:-1] == [path for path, item in known.items() if item.uncertain]
    for path in list(plan.inputs)[:-1]:
        drawn = np.array([plan.job("base", number).values[path] for number in range(256)])
        low, high = known[path].low, known[path].high
        assert low is not None and high is not None  # noqa: PT018
        assert low <= drawn.min() < low + 0.1 * (high - low)
        assert high >= drawn.max() > high - 0.1 * (high - low)


def test_the_dummy_never_reaches_the_model() -> None:
    job = plan_of(replicates=1).job("base", 0)
    assert "dummy" not in job.values
    assert 0 <= job.inputs["dummy"] <= 1


def test_a_simulation_takes_the_values() -> None:
    plan = plan_of(replicates=1)
    scenario = plan.scenarios["base"].scenario
    job = plan.job("base", 0)
    assert Simulation(scenario, load_map(scenario.map), job.seed, job.values).values[FIGHTERS] == job.values[FIGHTERS]


def test_more_replicates_keep_the_first_and_the_study() -> None:
    few = plan_of(replicates=5)
    many, extended = plan_of(replicates=50), few.extended(50)
    for plan in (many, extended):
        assert plan.replicates == plan.definition.replicates == 50
        assert plan.digest == few.digest
        assert [plan.job("base", n) for n in range(5)] == [few.job("base", n) for n in range(5)]
    assert many.extended(5) is many


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 2},
        {"design": "fixed"},
        {"keep": ["events"]},
        {"control_days": [3]},
        {"inputs": {EXPANSION: None}},
        {"set": {"days": 30}},
        {"scenarios": variants(other={})},
        {"scenarios": variants(base={}, other={})},
    ],
)
def test_whatever_decides_results_is_another_study(other: dict[str, Any]) -> None:
    assert plan_of(**other).digest != plan_of().digest


def test_words_alone_are_no_other_study() -> None:
    study = Definition(name="else", question="another question", scenarios={"base": Variant(file="two_valleys")})
    assert make_plan(study).digest == plan_of().digest


def test_a_scenario_keeps_the_number_that_it_changes() -> None:
    plan = plan_of(scenarios=variants(base={}, bold={EXPANSION: 9}), replicates=2)
    assert EXPANSION in plan.job("base", 0).values
    assert EXPANSION not in plan.job("bold", 0).values
    assert any("bold keeps its own number for 1 input" in note and "9" in note for note in plan.notes)


def test_a_scenario_with_another_range_is_drawn_at_the_same_share_of_it() -> None:
    own = {EXPANSION: {"best": 8, "low": 6, "high": 12}}
    plan = plan_of(scenarios=variants(base={}, bold=own), replicates=20)
    for number in range(20):
        base, bold = (plan.job(name, number).values[EXPANSION] for name in ("base", "bold"))
        assert (bold - 6) / 6 == pytest.approx((base - 1) / 3)
        assert 6 <= bold <= 12


def test_an_input_of_one_scenario_is_drawn_for_all_and_used_there() -> None:
    files = [SCENARIOS / "kafr_hamra.yaml", SCENARIOS / "strong_mediator.yaml"]
    two = make_plan(of_files(files, replicates=4))
    assert two.inputs["policy.0.factor"] == (1.5, 5)
    assert "policy.0.factor" not in two.job("kafr_hamra", 1).values
    assert 1.5 <= two.job("strong_mediator", 1).values["policy.0.factor"] <= 5
    assert {**two.job("strong_mediator", 1).values, **two.job("kafr_hamra", 1).values} == two.job(
        "strong_mediator", 1
    ).values


def test_the_fixed_design_varies_seeds_only() -> None:
    plan = plan_of(design="fixed", replicates=4)
    assert plan.inputs == {}
    assert plan.points.shape == (4, 0)
    assert [job.values for job in plan.jobs()] == [{}] * 4
    assert len({job.seed for job in plan.jobs()}) == 4
    assert [job.seed for job in plan.jobs()] == [job.seed for job in plan_of(replicates=4).jobs()]


def test_a_part_stands_for_all_uncertain_inputs_below_it() -> None:
    plan = plan_of(inputs={"factions.League": None})
    assert list(plan.inputs)[:-1] == [path for path in plan_of().inputs if path.startswith("factions.League.")]
    assert len(plan.inputs) > 3


def test_a_grid_crosses_values_and_repeats_them_on_new_seeds() -> None:
    grid = {EXPANSION: {"values": [1, 4, 9]}, FIGHTERS: {"low": 600, "high": 1200}}
    plan = plan_of(design="grid", inputs=grid, replicates=12)
    cells = {(job.values[EXPANSION], job.values[FIGHTERS]) for job in plan.jobs()}
    assert cells == {(a, b) for a in (1, 4, 9) for b in (600, 1200)}
    seeds = [job.seed for job in plan.jobs()]
    assert len(set(seeds[:6])) == len(set(seeds[6:])) == 1
    assert seeds[0] != seeds[6]


@pytest.mark.parametrize(("design", "size"), [("morris", 4), ("sobol", 5)])
def test_designs_of_blocks_are_filled_up(design: str, size: int) -> None:
    chosen = {EXPANSION: None, FIGHTERS: None}  # and the dummy: three inputs
    plan = plan_of(design=design, inputs=chosen, replicates=size * 3 + 1)
    assert plan.replicates == size * 4
    assert list(plan.inputs) == [*sorted(chosen, reverse=True), "dummy"]
    assert plan.points.min(axis=0) == pytest.approx([600, 1, 0], abs=300)


def test_a_posterior_is_used_row_by_row(tmp_path: Path) -> None:
    (tmp_path / "draws.csv").write_text(f"{EXPANSION},{FIGHTERS}\n2,700\n3,800\n1.5,900\n", encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(HEAD + "design: posterior\nposterior: draws.csv\nreplicates: 4\n")
    plan = make_plan(*read_definition(tmp_path / "mine.yaml"))
    drawn = [plan.job("other", number).values for number in range(4)]
    assert drawn == [{EXPANSION: a, FIGHTERS: b} for a, b in ((2, 700), (3, 800), (1.5, 900), (2, 700))]
    assert len({plan.job("other", number).seed for number in range(4)}) == 4
    assert any("used again from the first" in note for note in plan.notes)


def test_of_another_theatres_posterior_only_the_inputs_named_are_taken(tmp_path: Path) -> None:
    (tmp_path / "draws.csv").write_text(
        f"factions.Elsewhere.doctrine.expansion,{FIGHTERS},{EXPANSION}\n9,700,2\n9,800,3\n"
    )
    text = HEAD + f"design: posterior\nposterior: draws.csv\nreplicates: 2\ninputs: [{EXPANSION}]\n"
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    plan = make_plan(*read_definition(tmp_path / "mine.yaml"))
    assert [plan.job("other", number).values for number in range(2)] == [{EXPANSION: 2}, {EXPANSION: 3}]
    assert plan.files()["posterior.csv"].splitlines() == [EXPANSION, "2", "3"]
    absent = faults_of(tmp_path, text.replace(f"[{EXPANSION}]", "[rules.clash.loss_per_day]"))
    assert any("rules.clash.loss_per_day" in one and "missing" in one for one in absent), absent


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("factions.Lantern.doctrine.expansion\n2\n", "draws.csv:1: factions.Lantern.doctrine.expansion: unknown column, did you mean 'factions."),
        ("speed\n2\n", "draws.csv:1: speed: no scenario has this input"),
        (f"{EXPANSION}\n2\nhigh\n", f"draws.csv:3: {EXPANSION}: 'high' is not a number"),
        (f"{EXPANSION}\n", "draws.csv: has no row of draws"),
        (f"{EXPANSION}\n2\n99\n", f"draws.csv: {EXPANSION}: 99.0 is out of range, allowed is 0 to 20 multiplier (scenario base)"),
        ("rules.ceasefire.relapse_clashes\n2\n", "draws.csv:1: rules.ceasefire.relapse_clashes: is no longer a key; a broken"),
        (f"rules.clash.committed_min,{EXPANSION}\n20,1\n310,1\n", "draws.csv: rules.clash.committed_min: rules.clash.committed_min may be drawn as 310 where"),
    ],
)  # fmt: skip
def test_a_bad_posterior_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "draws.csv").write_text(text, encoding="utf-8")
    found = faults_of(tmp_path, HEAD + "design: posterior\nposterior: draws.csv\n")
    assert any(one.startswith(said) for one in found), found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("inputs: [factions.Lanterns.doctrine.expansoin]", "expansoin: no scenario has this input, did you mean 'factions.Lanterns.doctrine.expansion'?"),
        ("inputs: [rules.clash.committed_max]", "has no low and high in any scenario; write {low: ..., high: ...}"),
        ("inputs: {rules.clash: {low: 1, high: 2}}", "is a part, not a number; name an input of it, such as rules.clash."),
        (f"inputs: {{{EXPANSION}: {{low: 1, high: 21}}}}", "21.0 is out of range, allowed is 0 to 20 multiplier (scenario base)"),
        ("inputs: {rules.clash.committed_min: {low: 30, high: 400}}", "may be drawn as 400 where rules.clash.committed_max is 300; in base it"),
        (f"design: grid\ninputs: {{{EXPANSION}: {{values: [1, 2, 3]}}}}\nreplicates: 2", "mine.yaml:5: replicates: the grid has 3 combinations, more than"),
        ("inputs: [rules.ceasefire.relapse_clashes]", "relapse_clashes: is no longer a key; a broken agreement now releases"),
        ("set: {rules.ladder.levels.0.signing: 3}", "signing: is no longer a key; signing is the same at every level"),
        ("set: {dayz: 3}", "mine.yaml:3: dayz: unknown key 'dayz', did you mean 'days'?"),
        ("set: {days: 0}", "mine.yaml:3: days: 0 is out of range"),
        ("control_days: [0, 181]", "mine.yaml:3: control_days: day 181 is after the last, 180"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_said_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    found = faults_of(tmp_path, HEAD + text + "\n")
    assert any(said in one for one in found), found
    assert all(one.startswith("mine.yaml:") for one in found)


def test_ordered_inputs_that_overlap_are_refused_and_those_that_do_not_are_drawn() -> None:
    def pair(low: float) -> Plan:
        spans = {
            "rules.clash.committed_min": {"low": 20, "high": 200},
            "rules.clash.committed_max": {"low": low, "high": 400},
        }
        return plan_of(inputs=spans, replicates=200)

    with pytest.raises(InputError, match=r"may be drawn as 200 where .* is 199"):
        pair(199)
    for job in pair(200).jobs():
        assert job.values["rules.clash.committed_min"] <= job.values["rules.clash.committed_max"]


def test_scenarios_that_do_not_fit_together_are_refused(tmp_path: Path) -> None:
    found = faults_of(tmp_path, "question: does this fit at all?\nscenarios:\n  a: two_valleys\n  b: kafr_hamra\n")
    assert found == ["mine.yaml:4: scenarios.b: is on the map greater_idlib, a on two_valleys; one map is needed"]
    found = faults_of(
        tmp_path,
        "question: does this fit at all?\nscenarios:\n  a: two_valleys\n  b: {file: two_valleys, set: {days: 9}}\n",
    )
    assert found == ["mine.yaml:4: scenarios.b: has 9 days, a 180; `set: {days: N}` makes them equal"]
    found = faults_of(tmp_path, "question: does this fit at all?\nscenarios: [two_valleys, kafr_hamraa]\n")
    assert found == ["mine.yaml:2: scenarios.kafr_hamraa: no such file, did you mean 'kafr_hamra'?"]


def test_the_files_of_a_study_give_the_same_study(tmp_path: Path) -> None:
    (tmp_path / "draws.csv").write_text(f"{EXPANSION}\n2.25\n3\n", encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(HEAD + "design: posterior\nposterior: draws.csv\nreplicates: 3\n")
    plan = make_plan(*read_definition(tmp_path / "mine.yaml"))
    folder = tmp_path / "copy"
    for name, text in plan.files().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    again = make_plan(*read_definition(folder / "study.yaml"))
    assert again.digest == plan.digest
    assert again.name == "mine"
    assert list(again.jobs()) == list(plan.jobs())


def test_scenario_files_alone_make_a_study() -> None:
    study = of_files([Path("a/kafr_hamra.yaml"), Path("b/no zone.yaml")], replicates=7)
    assert (study.name, study.replicates, list(study.scenarios)) == (
        "kafr_hamra_vs_no_zone",
        7,
        ["kafr_hamra", "no_zone"],
    )
    with pytest.raises(InputError, match="two scenarios of one name: one"):
        of_files([Path("a/one.yaml"), Path("b/one.yaml")])


def test_the_example_of_the_page_is_a_study_and_the_page_names_every_key(tmp_path: Path) -> None:
    page = (SCENARIOS.parent / "docs" / "study_files.md").read_text(encoding="utf-8")
    (tmp_path / "example.yaml").write_text(page.split("```yaml\n")[1].split("```")[0], encoding="utf-8")
    plan = make_plan(*read_definition(tmp_path / "example.yaml"))
    assert plan.replicates == 200
    assert any("stronger keeps its own number for 1 input: policy.0.factor 5" in note for note in plan.notes)
    first = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    named = [name for cell in first for name in cell.split("`")[1::2]]
    assert set(Definition.model_fields) <= set(named)
    assert set(DESIGNS) <= set(named)
    assert {path.stem for path in (SCENARIOS / "studies").glob("*.yaml") if kind_of(path) is Kind.STUDY_FILE} <= set(
        named
    )
