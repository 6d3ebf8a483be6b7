"""A study file is read strictly: every fault at once, each with its line, with what is allowed or meant."""

from __future__ import annotations

import shlex
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.cli.main import main
from sim.errors import InputError
from sim.results.manifest import Kind, kind_of
from sim.study.definition import (
    STUDIES,
    Definition,
    Range,
    Variant,
    definition_text,
    find_study,
    plain_name,
    read_definition,
)
from sim.study.plan import make_plan, of_files
from sim.study.runner import run_study
from sim.study.store import Study

GOOD = """\
question: Does a mediator shorten the fighting?
scenarios: [kafr_hamra, strong_mediator]
"""


def written(folder: Path, text: str, name: str = "mine.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def faults(folder: Path, text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_definition(written(folder, text))
    return [str(fault) for fault in caught.value.faults]


def test_a_short_study_is_filled_in(tmp_path: Path) -> None:
    definition, source = read_definition(written(tmp_path, GOOD))
    assert definition.name == "mine"
    assert list(definition.scenarios) == ["kafr_hamra", "strong_mediator"]
    assert (definition.replicates, definition.seed, definition.design) == (100, 1, "halton")
    assert definition.inputs is None
    assert source.fault("x", "scenarios", 1).line == 2


def test_scenarios_may_be_named_and_changed(tmp_path: Path) -> None:
    text = "question: what happens then?\nscenarios:\n  now: kafr_hamra\n  late:\n    file: kafr_hamra\n    set: {zone.patience: 2}\n"
    definition, _ = read_definition(written(tmp_path, text))
    assert definition.scenarios["now"] == Variant(file="kafr_hamra")
    assert definition.scenarios["late"].set == {"zone.patience": 2}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("replicate: 5", "mine.yaml:3: replicate: unknown key, did you mean 'replicates'?"),
        ("replicates: 0", "mine.yaml:3: replicates: 0 is out of range, allowed is at least 1"),
        ("replicates: 2.5", "mine.yaml:3: replicates: needs a whole number, got 2.5"),
        ("replicates: true", "mine.yaml:3: replicates: needs a whole number, got true"),
        ("design: haltom", "mine.yaml:3: design: 'haltom' is not known here, did you mean 'halton'?"),
        ("seed: -1", "mine.yaml:3: seed: -1 is out of range"),
        ("seed: 9007199254740992", "mine.yaml:3: seed: 9007199254740992 is out of range"),
        ("keep: [event]", "mine.yaml:3: keep.0: 'event' is not known here, did you mean 'events'?"),
        ("headline: [clash_day]", "mine.yaml:3: headline: 'clash_day' is not a statistic, did you mean 'clash_days'?"),
        ("control_days: [-1]", "mine.yaml:3: control_days.0: -1 is out of range"),
        ("inputs: {a: {low: 2, high: 1}}", "mine.yaml:3: inputs.a: low must be below high, got 2 and 1"),
        ("inputs: {a: {low: 2}}", "mine.yaml:3: inputs.a: needs low and high, or values"),
        ("inputs: {a: {low: 1, high: 2, values: [1]}}", "inputs.a: give low and high, or values, not both"),
        ("inputs: {a: {values: [1, 1]}}", "inputs.a: values must differ"),
        ("inputs: {a: {lo: 1, high: 2}}", "mine.yaml:3: inputs.a.lo: unknown key, did you mean 'low'?"),
        ("design: posterior", "posterior: is missing; design posterior needs the CSV file of draws"),
        ("posterior: draws.csv", "mine.yaml:3: posterior: does not belong to design halton"),
        ("design: grid", "inputs: is missing; design grid needs inputs with values"),
        ("name: a/b", "mine.yaml:3: name: a name has 1 to 60 letters"),
    ],
)  # fmt: skip
def test_a_fault_has_its_line_and_says_what_is_meant(tmp_path: Path, line: str, said: str) -> None:
    found = faults(tmp_path, GOOD + line + "\n")
    assert any(said in one for one in found), found
    assert all("Traceback" not in one and "\n" not in one for one in found)


def test_all_faults_are_said_at_once(tmp_path: Path) -> None:
    found = faults(tmp_path, GOOD + "seeds: 1\nreplicates: none\nlevels: 3\n")
    assert [one.split(": ")[0].rpartition(":")[2] for one in found] == ["3", "4", "5"]


def test_two_files_of_one_name_need_names_of_their_own(tmp_path: Path) -> None:
    found = faults(tmp_path, "question: which is it then?\nscenarios: [a/one.yaml, b/one.yaml]\n")
    assert found == [f"{tmp_path / 'mine.yaml'}:2: scenarios: two files of one name; write `name: file` for each"]


def test_a_scenario_is_no_study(tmp_path: Path) -> None:
    root = STUDIES.parent
    assert kind_of(root / "kafr_hamra.yaml") is Kind.SCENARIO_FILE
    assert kind_of(written(tmp_path, GOOD)) is Kind.STUDY_FILE
    assert kind_of(written(tmp_path, "a: [", "broken.yaml")) is Kind.SCENARIO_FILE
    assert find_study(tmp_path / "mine") == tmp_path / "mine.yaml"
    assert find_study("no_such_study") is None


NAMES = st.from_regex("[A-Za-z][A-Za-z0-9_-]{0,20}", fullmatch=True)
NUMBERS = st.floats(-1e6, 1e6, allow_nan=False)
RANGES = st.one_of(
    st.none(),
    st.lists(NUMBERS, min_size=1, max_size=4, unique=True).map(lambda values: Range(values=values)),
    st.tuples(NUMBERS, st.floats(0.5, 10)).map(lambda pair: Range(low=pair[0], high=pair[0] + pair[1])),
)
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-99, 99), NUMBERS, NAMES, st.dates(), st.lists(NAMES, max_size=3)
)


@settings(max_examples=80, deadline=None)
@given(
    st.builds(
        Definition,
        name=NAMES,
        question=st.text("what? é:#'\"-", min_size=10, max_size=40).filter(lambda text: bool(text.strip())),
        scenarios=st.dictionaries(
            NAMES,
            st.builds(Variant, file=NAMES, set=st.dictionaries(NAMES, VALUES, max_size=3)),
            min_size=1,
            max_size=3,
        ),
        set=st.dictionaries(NAMES, VALUES, max_size=2),
        replicates=st.integers(1, 10**6),
        seed=st.integers(0, 2**53 - 1),
        inputs=st.one_of(st.none(), st.dictionaries(NAMES, RANGES, min_size=1, max_size=3)),
        keep=st.sampled_from([[], ["events"], ["events", "reported"]]),
        control_days=st.one_of(st.none(), st.lists(st.integers(0, 4000), min_size=1, max_size=3)),
    )
)
def test_a_definition_written_reads_back_the_same(tmp_path_factory: pytest.TempPathFactory, study: Definition) -> None:
    path = tmp_path_factory.mktemp("study") / "study.yaml"
    path.write_text(definition_text(study), encoding="utf-8")
    assert read_definition(path)[0] == study


FORMS_CASES = [
    ("inputs: rules.clash", "inputs: needs a list of paths of inputs, or a mapping from paths to {low, high} or {values}, got"),
    ("inputs: 5", "inputs: needs a list of paths"),
    ("inputs: [1, 2]", "inputs: needs a list of paths"),
    ("inputs: {rules.clash.duration_days: 5}", "needs {low, high}, {values: [...]}, or nothing"),
    ("inputs: {rules.clash.duration_days: {values: 5}}", "values: needs a list of numbers, got 5"),
    ("set: [days=5]", "set: needs a mapping from keys to values"),
    ("keep: events", "keep: needs a list of events, reported or both, got 'events'"),
    ("control_days: 5", "control_days: needs a list of days"),
    ("control_days: []", "control_days: needs a list of days"),
    ("headline: clash_days", "headline: needs a list of names of statistics, got 'clash_days'"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "message"), FORMS_CASES)
def test_a_value_of_the_wrong_kind_is_told_all_forms_there_are(tmp_path: Path, line: str, message: str) -> None:
    found = faults(tmp_path, GOOD + line + "\n")
    assert len(found) == 1
    assert found[0].startswith(f"{tmp_path / 'mine.yaml'}:3: ")
    assert message in found[0]


@pytest.mark.parametrize("value", ["{}", "[]", "kafr_hamra", "5", "[1]", "[[a]]", "null"])
def test_scenarios_of_the_wrong_kind_are_told_all_forms_there_are(tmp_path: Path, value: str) -> None:
    found = faults(tmp_path, f"question: what happens then?\nscenarios: {value}\n")
    assert len(found) == 1
    assert "mine.yaml:2: scenarios: needs a list of scenario files, or a mapping from names to files" in found[0]


@pytest.mark.parametrize("value", ["5", "[a]", "null"])
def test_a_scenario_of_the_wrong_kind_is_told_its_forms(tmp_path: Path, value: str) -> None:
    found = faults(tmp_path, f"question: what happens then?\nscenarios: {{a: {value}}}\n")
    assert "scenarios.a: needs a scenario file, or a mapping with `file`" in found[0]


@pytest.mark.parametrize("nothing", ["[]", "{}"])
def test_an_empty_list_of_inputs_draws_none(tmp_path: Path, nothing: str) -> None:
    assert read_definition(written(tmp_path, f"{GOOD}inputs: {nothing}\n"))[0].inputs == {}


@pytest.mark.parametrize(
    "name",
    [
        "إدلب_الكبرى",
        "Ukraine-2022",
        "हिन्दी",
        "မန္တလေး",
        "東京都",
        "Élysée",
        "e\N{COMBINING ACUTE ACCENT}t\N{COMBINING ACUTE ACCENT}",
    ],
)
def test_names_keep_the_letters_of_any_script(name: str) -> None:
    kept = plain_name(name)
    assert kept == unicodedata.normalize("NFC", name)
    assert read_name(kept) == kept


def read_name(name: str) -> str:
    return Definition(name=name, question="what happens then?", scenarios={name: Variant(file="a")}).name


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("a/b", "a_b"),
        ("a b", "a_b"),
        ("..", "__"),
        ("a\n", "a_"),
        ("=1+1", "_1_1"),
        ("a\N{RIGHT-TO-LEFT MARK}", "a_"),
        ("", "study"),
        ("x" * 99, "x" * 60),
        ("မ" * 99, "မ" * 33),
        ("\N{GRINNING FACE}", "_"),
    ],
)
def test_a_text_that_is_no_name_becomes_one(name: str, kept: str) -> None:
    assert plain_name(name) == kept
    with pytest.raises(ValueError, match="a name has 1 to 60 letters"):
        read_name(name)


def test_scenarios_in_another_script_have_folders_of_their_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("معركة حلب", "معركة إدلب"):
        (tmp_path / f"{name}.yaml").write_text("extends: two_valleys.yaml\ndays: 2\n", encoding="utf-8")
    files = sorted(tmp_path.glob("*.yaml"))
    plan = make_plan(of_files(files, replicates=1, design="fixed"))
    assert sorted(plan.scenarios) == ["معركة_إدلب", "معركة_حلب"]
    folder = run_study(plan, tmp_path / "out with blanks", workers=1)
    assert sorted(Study.open(folder).table("runs")["scenario"]) == sorted(plan.scenarios)
    assert {path.stem for path in (folder / "scenarios").iterdir()} == set(plan.scenarios)
    assert main(["status", str(folder)]) == 0
    command = capsys.readouterr().out.partition("python run.py ")[2].splitlines()[0]
    assert shlex.split(command) == ["compare", str(folder)]


def test_names_alike_but_for_case_are_refused(tmp_path: Path) -> None:
    text = "question: what happens then?\nscenarios:\n  One: two_valleys\n  one: two_valleys\n"
    with pytest.raises(InputError, match=r"4: scenarios\.one: differs from 'One' only in capital letters"):
        make_plan(*read_definition(written(tmp_path, text)))
    with pytest.raises(InputError, match="two scenarios of one name"):
        of_files([Path("a/One.yaml"), Path("b/one.yaml")])
