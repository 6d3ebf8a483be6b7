"""What a study file may say: scenarios, uncertain inputs, replicates; read strictly, every fault with its line.

A study compares scenarios, the first being the reference, over many runs. Replicate i has one seed and one value of each
uncertain input in every scenario, so that runs of the same replicate are matched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from sim.errors import Fault, InputError, did_you_mean
from sim.files import SCENARIOS, named_file, named_files
from sim.scenario.compose import display, file_name, find_scenario
from sim.scenario.fields import Key, dotted
from sim.scenario.load import Forms, complaint, unknown_key
from sim.scenario.show import flow, text
from sim.scenario.yaml_reader import read_file
from sim.statistics.summary import headline_faults

STUDIES = SCENARIOS / "studies"
MAX_SEED = 2**53 - 1
MAX_REPLICATES = 1_000_000
MAX_SCENARIOS = 40
DEFAULT_REPLICATES = 100
NAME_RULE = (
    "a name has 1 to 60 letters or digits of any script, _ and -, and at most 100 bytes, as files are named by it; "
    "write `name: file`"
)

FORMS = {
    ("scenarios",): "a list of scenario files, or a mapping from names to files (`name: file`)",
    ("scenarios", "*"): "a scenario file, or a mapping with `file` and, if wanted, `set`",
    ("scenarios", "*", "set"): "a mapping from keys to values, such as {days: 60}",
    ("set",): "a mapping from keys to values, such as {days: 60}",
    ("inputs",): "a list of paths of inputs, or a mapping from paths to {low, high} or {values}",
    ("inputs", "*"): "{low, high}, {values: [...]}, or nothing for the scenarios' own range",
    ("inputs", "*", "values"): "a list of numbers",
    ("keep",): "a list of events, reported or both",
    ("control_days",): "a list of days, whole numbers from 0 on",
    ("headline",): "a list of names of statistics",
}

Design = Literal["halton", "grid", "sobol", "morris", "posterior", "fixed"]
KeptTable = Literal["events", "reported"]
DESIGNS: tuple[str, ...] = get_args(Design)


def _name(value: str) -> str:
    """Return a name that files can have; ValueError if it is none."""
    if not value or file_name(value) != value:
        raise ValueError(NAME_RULE)
    return value


ScenarioName = Annotated[str, AfterValidator(_name)]


class StrictModel(BaseModel):
    """Base of every part of a study: unknown keys are faults, values are frozen."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Variant(StrictModel):
    """One scenario of a study: a scenario file, and what is changed in it."""

    file: str = Field(min_length=1, description="scenario file, beside the study or in scenarios/")
    set: dict[str, Any] = Field(default_factory=dict, description="changes, by the keys that `show` prints")

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"file": value} if isinstance(value, str) else value


class Range(StrictModel):
    """Where the study draws an input from, in place of the scenarios' own low and high; `values` are for a grid."""

    low: float | None = None
    high: float | None = None
    values: list[float] = Field(default_factory=list, max_length=1000)

    @model_validator(mode="after")
    def _one_form(self) -> Range:
        if self.values and (self.low is not None or self.high is not None):
            raise ValueError("give low and high, or values, not both")
        if not self.values and (self.low is None or self.high is None):
            raise ValueError("needs low and high, or values")
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise ValueError(f"low must be below high, got {self.low:g} and {self.high:g}")
        if len(set(self.values)) < len(self.values):
            raise ValueError("values must differ from one another")
        return self

    @property
    def ends(self) -> tuple[float, float]:
        """Least and greatest value."""
        values = [*self.values, *(end for end in (self.low, self.high) if end is not None)]
        return min(values), max(values)


class Definition(StrictModel):
    """One study, complete with all defaults."""

    name: ScenarioName = Field(description="name of the study's folder; the file's if left out")
    question: str = Field(min_length=10, description="the question the study is to answer")
    scenarios: dict[ScenarioName, Variant] = Field(
        min_length=1, max_length=MAX_SCENARIOS, description="scenario files by name; the first is the reference"
    )
    set: dict[str, Any] = Field(default_factory=dict, description="changes to every scenario")
    replicates: int = Field(DEFAULT_REPLICATES, ge=1, le=MAX_REPLICATES, description="runs of each scenario")
    seed: int = Field(1, ge=0, le=MAX_SEED, description="the study's seed; seeds of runs are made from it")
    design: Design = Field("halton", description="how uncertain inputs are drawn")
    inputs: dict[str, Range | None] | None = Field(
        None, description="inputs that are drawn, by path; all with low and high if left out"
    )
    posterior: str | None = Field(None, description="CSV file whose columns are paths of inputs, one row a draw")
    levels: int = Field(4, ge=2, le=100, multiple_of=2, description="levels of a Morris design")
    keep: list[KeptTable] = Field(default_factory=list, description="tables kept beside those always kept")
    control_days: list[Annotated[int, Field(ge=0, le=4000)]] | None = Field(
        None, min_length=1, description="mornings on which control is kept; every 30 and the last if left out"
    )
    headline: list[str] = Field(default_factory=list, description="statistics to answer with; the reference's if none")

    @model_validator(mode="before")
    @classmethod
    def _lists(cls, value: Any) -> Any:
        """Take lists of scenario files and of inputs as mappings from names."""
        if not isinstance(value, dict):
            return value
        value = dict(value)
        if _texts(scenarios := value.get("scenarios")):
            stems = [Path(name).stem for name in scenarios]
            if len(set(stems)) < len(stems):
                raise ValueError("scenarios: two files of one name; write `name: file` for each")
            value["scenarios"] = dict(zip(stems, scenarios, strict=True))
        if _texts(inputs := value.get("inputs")) or inputs == []:
            value["inputs"] = dict.fromkeys(inputs)
        return value

    @model_validator(mode="after")
    def _fits(self) -> Definition:
        ranges = [path for path, item in (self.inputs or {}).items() if item is not None]
        if self.design == "posterior" and self.posterior is None:
            raise ValueError("posterior: is missing; design posterior needs the CSV file of draws")
        if self.design != "posterior" and self.posterior is not None:
            raise ValueError(f"posterior: does not belong to design {self.design}")
        if self.design == "posterior" and ranges:
            raise ValueError(f"inputs: {ranges[0]}: a range does not belong to design posterior, draws are in its file")
        if self.design == "grid" and not self.inputs:
            raise ValueError("inputs: is missing; design grid needs inputs with values")
        if self.design == "fixed" and self.inputs:
            raise ValueError("inputs: nothing is drawn with design fixed; leave inputs out")
        return self


@dataclass(frozen=True)
class DefinitionFile:
    """Where a definition was read from: its file and the line of each key; no file for one made of options."""

    file: Path | None = None
    lines: dict[Key, int] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """How messages name the file."""
        return display(self.file) if self.file is not None else "study"

    def fault(self, message: str, *key: str | int) -> Fault:
        """Return a fault at a key, with the line of the nearest key above it that has one."""
        above: Key = key
        while above and above not in self.lines:
            above = above[:-1]
        key_text = ".".join(
            str(part) if str(part).isprintable() and len(str(part)) <= 90 else dotted((part,)) for part in key
        )
        return Fault(self.shown, self.lines.get(above), key_text, message)

    def faults_of(
        self, error: ValidationError, forms: Forms, model_at: Callable[[Key], type[BaseModel]]
    ) -> Iterator[Fault]:
        """Give the faults that the schema found, each at its key.

        Args:
            error: of the schema.
            forms: the forms in which values may be written, by key.
            model_at: returns the part of the file that a key leads to, whose keys are known.
        """
        for entry in error.errors(include_url=False):
            key: Key = tuple(part for part in entry["loc"] if part != "[key]")
            if entry["type"] == "extra_forbidden":
                known = [field.alias or name for name, field in model_at(key[:-1]).model_fields.items()]
                yield self.fault(unknown_key(str(key[-1]), known), *key)
                continue
            key, message = complaint({**entry, "loc": key}, forms)
            first, _, rest = message.partition(": ")
            if first in model_at(key).model_fields:  # a check of a part names its key
                key, message = (*key, first), rest
            yield self.fault(message, *key)

    def beside(self, name: str) -> Path:
        """Return the path that a name in the file means: from the file's folder, else from where one stands."""
        return (self.file.parent if self.file is not None else Path()) / name


def find_study(path: str | Path) -> Path | None:
    """Return the study file that a person means: a path, or the bare name of one in scenarios/studies, one's own before the program's."""
    given = Path(path)
    for candidate in (given, given.with_name(given.name + ".yaml") if given.name else given):
        if candidate.is_file():
            return candidate
    return named_file(given.name, STUDIES.name) if given.parent == Path() else None


def find_file(path: Path) -> Path:
    """Return the study or scenario file that a person means; InputError, with the nearest name, where there is none."""
    study_file = find_study(path)
    if study_file is not None or path.parent != Path():
        return study_file or find_scenario(path)
    try:
        return find_scenario(path)
    except InputError:
        near = did_you_mean(path.stem, named_files(STUDIES.name))
        if not near:
            raise
        raise InputError([Fault(str(path), None, "", f"no such file{near}")]) from None


def read_definition(path: Path) -> tuple[Definition, DefinitionFile]:
    """Return the study in a YAML file, complete with all defaults, and the file and line of each of its keys.

    Raises:
        InputError: with every fault of the file.

    Example:
        >>> from sim.study.definition import find_study, read_definition
        >>> definition, source = read_definition(find_study("ceasefire_policies"))
        >>> definition.replicates, list(definition.scenarios)[:2]
        (200, ['no_policy', 'no_expansion'])
    """
    page = read_file(path, display(path))
    source = DefinitionFile(path, page.lines)
    if not isinstance(page.data, dict):
        raise InputError([*page.faults, source.fault("a study is made of lines `key: value`")])
    data = {"name": plain_name(path.stem), **page.data}
    return make_definition(data, source, page.faults), source


def make_definition(data: dict[str, Any], source: DefinitionFile, known: Sequence[Fault] = ()) -> Definition:
    """Return the study of a mapping as a study file holds it; InputError with every fault, those `known` already too."""
    faults, definition = list(known), None
    try:
        definition = Definition.model_validate(data)
    except ValidationError as error:
        faults += [_with_design(fault, data) for fault in source.faults_of(error, FORMS, _model_at)]
    if definition is not None:
        faults += [source.fault(message, "headline") for message in headline_faults(definition.headline)]
    if faults or definition is None:
        raise InputError(in_order(faults))
    return definition


def plain_name(text: str) -> str:
    """Return a text as the name of a study or scenario: other signs than those of `NAME_RULE` become _."""
    return file_name(text) or "study"


def _texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, str) for item in value)


def in_order(faults: Iterable[Fault]) -> list[Fault]:
    """Return faults by their lines, each once."""
    return sorted(dict.fromkeys(faults), key=lambda fault: fault.line or 0)


def _with_design(fault: Fault, data: dict[str, Any]) -> Fault:
    """Return a fault of `design` with the nearest of the designs."""
    if fault.key != "design" or "did you mean" in fault.message:
        return fault
    return replace(fault, message=fault.message + did_you_mean(str(data.get("design")), DESIGNS))


def _model_at(key: Key) -> type[BaseModel]:
    return Definition if not key else Variant if key[0] == "scenarios" else Range


def scenario_file(name: str, source: DefinitionFile) -> Path:
    """Return the scenario file that a study names: beside the study, else as `run` finds it. InputError if none."""
    if source.file is not None:
        for candidate in (source.beside(name), source.beside(f"{name}.yaml")):
            if candidate.is_file():
                return candidate
    return find_scenario(name)


def definition_text(definition: Definition) -> str:
    """Return a definition as the text of a study file; reading it gives the same definition."""
    lines = ["# A study, complete: nothing is left to defaults."]
    for key in Definition.model_fields:
        value = _plain(getattr(definition, key))
        if value is None:
            continue
        if isinstance(value, dict) and value:
            lines.append(f"{key}:")
            lines += [f"  {text(name)}: {flow(item)}" for name, item in value.items()]
        else:
            lines.append(f"{key}: {flow(value)}")
    return "\n".join(lines) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return _plain(value.model_dump(exclude_defaults=True))
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value
