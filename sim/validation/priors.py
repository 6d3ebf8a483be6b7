"""The schema of a calibration file: scenario, priors, observed figures, budget; read strictly, every fault with its line.

A prior is uniform, or uniform in the logarithm, between low and high of the scenario's own input: a calibration may narrow
that range and never widen it. Inputs under `drawn` vary like the others and are not fitted: the posterior has their prior."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, Field, ValidationError, model_validator

from sim.errors import Fault, InputError, did_you_mean
from sim.geography.maps import Geography
from sim.load import read
from sim.results.manifest import Kind, kind_of
from sim.scenario.compose import display
from sim.scenario.cross_checks import ORDERED_RULES
from sim.scenario.fields import Key, choice, dotted, gone_key, inputs_of, names_of, units_of
from sim.scenario.load import Loaded
from sim.scenario.yaml_reader import read_file
from sim.study.definition import (
    MAX_SEED,
    DefinitionFile,
    ScenarioName,
    StrictModel,
    find_study,
    plain_name,
    scenario_file,
)
from sim.study.sampling import halton
from sim.text import day_text, plural
from sim.validation.event_files import Area
from sim.validation.observed import figures_of_record, read_events, sides_named
from sim.validation.pattern_estimators import PLACES_SCORE
from sim.validation.pattern_file import Patterns, Weight, find_patterns, read_patterns
from sim.validation.pattern_samples import check_sides

Scale = Literal["uniform", "log"]
Summary = Literal["figures", "regression"]
_INPUTS = "a list of paths of inputs, or a mapping from paths to uniform, log or {scale, low, high}"
_PRIOR = "uniform, log, {scale, low, high}, or nothing for the scenario's own range"

FORMS = {
    ("fitted",): _INPUTS,
    ("fitted", "*"): _PRIOR,
    ("drawn",): _INPUTS,
    ("drawn", "*"): _PRIOR,
    ("weights",): "a mapping from mandatory, ordinary and weak to numbers",
    ("observed",): "a mapping with `source` and `figures`",
    ("observed", "figures"): "a mapping from estimators to numbers",
}

LEAST_KEPT = 20  # draws; fewer say nothing of a distribution


def _weights() -> dict[Weight, float]:
    return {"mandatory": 3.0, "ordinary": 1.0, "weak": 0.5}


class Prior(StrictModel):
    """Where an input is drawn from; the scenario's own low and high if left out."""

    scale: Scale = "uniform"
    low: float | None = None
    high: float | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_word(cls, value: Any) -> Any:
        return {"scale": value} if isinstance(value, str) else {} if value is None else value


class Observed(StrictModel):
    """What was observed in the scenario's own days, by names of estimators, and where it comes from."""

    source: str = Field(min_length=3)
    figures: dict[str, float] = Field(min_length=1)


class Calibration(StrictModel):
    """One calibration, complete with all defaults."""

    name: ScenarioName = Field(description="name of the folder; the file's if left out")
    question: str = Field(min_length=10)
    scenario: str = Field(min_length=1, description="scenario file, whose days are the window")
    patterns: str | None = Field(None, description="file of declared patterns; that of the map if left out")
    seed: int = Field(1, ge=0, le=MAX_SEED)
    draws: int = Field(20000, ge=100, le=1_000_000, description="draws from the prior")
    replicates: int = Field(1, ge=1, le=100, description="runs of each draw, on seeds of their own")
    waves: int = Field(
        1, ge=1, le=5, description="waves of draws; each later one leaves out what the one before rules out"
    )
    summary: Summary = Field(
        "figures", description="what draws are near in: the figures, or the inputs that a regression expects of them"
    )
    keep: float = Field(0.01, gt=0, le=0.5, description="share of draws kept, those nearest to the observation")
    typical: int = Field(
        16, ge=0, le=10_000, description="runs of each draw kept, to find those right on average; 0: none"
    )
    cap: float = Field(3, gt=0, le=10, description="greatest distance of one figure, in half-widths of its tolerance")
    weights: dict[Weight, float] = Field(default_factory=_weights, description="of patterns in the distance")
    recovery: int = Field(300, ge=0, le=100_000, description="synthetic truths drawn from the prior")
    predictive: int = Field(200, ge=0, le=100_000, description="fresh runs of the posterior")
    fitted: dict[str, Prior] = Field(min_length=1, max_length=200, description="inputs that are fitted")
    drawn: dict[str, Prior] = Field(default_factory=dict, max_length=40, description="inputs that vary, not fitted")
    observed: Observed

    @model_validator(mode="before")
    @classmethod
    def _lists(cls, value: Any) -> Any:
        """Take a list of inputs as a mapping from paths."""
        if not isinstance(value, dict):
            return value
        lists = {key: item for key in ("fitted", "drawn") if isinstance(item := value.get(key), list)}
        return {**value, **{key: dict.fromkeys(map(str, item)) for key, item in lists.items()}}

    @model_validator(mode="after")
    def _fits(self) -> Calibration:
        both = set(self.fitted) & set(self.drawn)
        if both:
            raise ValueError(f"drawn: {min(both)} is fitted as well")
        return self

    @property
    def kept(self) -> int:
        """How many draws are kept."""
        return round(self.keep * self.draws)


@dataclass(frozen=True, eq=False)
class Space:
    """The inputs of a calibration: the fitted ones first. `low` and `high` f8 [inputs], `log` bool [inputs]."""

    paths: tuple[str, ...]
    units: tuple[str, ...]
    low: np.ndarray
    high: np.ndarray
    log: np.ndarray
    fitted: int

    def values(self, share: np.ndarray) -> np.ndarray:
        """Return the values at shares 0..1 of the priors' probability: f8 [..., inputs], in the inputs' units."""
        low, high = np.where(self.log, np.log(self._floor), self.low), np.where(self.log, np.log(self.high), self.high)
        value = low + share * (high - low)
        return np.clip(np.where(self.log, np.exp(np.where(self.log, value, 0.0)), value), self.low, self.high)

    def shares(self, values: np.ndarray) -> np.ndarray:
        """Return the shares of the priors' probability below some values: the inverse of `values`."""
        plain = (values - self.low) / (self.high - self.low)
        logs = np.log(np.where(self.log, values, 1.0) / self._floor) / np.log(
            np.where(self.log, self.high / self._floor, math.e)
        )
        return np.clip(np.where(self.log, logs, plain), 0.0, 1.0)

    def points(self, count: int, seed: int) -> np.ndarray:
        """Return f8 [count, inputs] draws from the priors; a longer list begins with the shorter."""
        return self.values(halton(count, len(self.paths), seed))

    @property
    def _floor(self) -> np.ndarray:
        return np.where(self.log, self.low, 1.0)


@dataclass(frozen=True, eq=False)
class Targets:
    """What the distance is made of. Arrays f8 [figures]; `pattern` i8 [figures] is a row of `patterns`, `weight` f8 [patterns]."""

    figures: tuple[str, ...]
    observed: np.ndarray
    half: np.ndarray  # half-width of the tolerance
    accept: np.ndarray  # f8 [figures, 2]
    pattern: np.ndarray
    patterns: tuple[str, ...]
    weight: np.ndarray
    cap: float


@dataclass(frozen=True, eq=False)
class CalibrationPlan:
    """A calibration, read and checked."""

    definition: Calibration
    loaded: Loaded
    geography: Geography
    declared: Patterns
    patterns_file: Path
    space: Space
    targets: Targets
    source: DefinitionFile
    read: tuple[str, ...] = ()  # sentences on the file of events that the observed figures are computed from


def read_calibration(path: Path, **changes: Any) -> CalibrationPlan:
    """Return the calibration in a file, with `changes` of its keys (draws, keep, ...); InputError with every fault found."""
    file = find_study(path) or path
    if kind_of(file) is Kind.STUDY_FILE:
        raise InputError([Fault(display(file), None, "", "is a study for `batch`, not a calibration")])
    page = read_file(file, display(file))
    source = DefinitionFile(file, page.lines)
    if not isinstance(page.data, dict):
        raise InputError([*page.faults, source.fault("a calibration is made of lines `key: value`")])
    data = {"name": plain_name(file.stem), **page.data, **{k: v for k, v in changes.items() if v is not None}}
    try:
        definition = Calibration.model_validate(data)
    except ValidationError as error:
        raise InputError([*page.faults, *dict.fromkeys(source.faults_of(error, FORMS, _model_at))]) from None
    few = [] if definition.kept >= LEAST_KEPT else [_few_kept(definition, changes, source)]
    if page.faults or few:
        raise InputError([*page.faults, *few])
    return _plan(definition, source)


def _few_kept(definition: Calibration, changes: dict[str, Any], source: DefinitionFile) -> Fault:
    """Return the fault of too few draws kept: of the option that was given, else of the file, with what is allowed."""
    given = [key for key in ("draws", "keep") if changes.get(key) is not None]
    of_file = f" of {source.shown}" if len(given) == 1 else ""
    share = f"keep {definition.keep:g}{of_file if given == ['draws'] else ''}"
    draws = f"{plural(definition.draws, 'draw')}{of_file if given == ['keep'] else ''}"
    few = f"keeps {definition.kept} of {draws}, at least {LEAST_KEPT} are needed"
    allowed = f"draws from {math.ceil(LEAST_KEPT / definition.keep):,} on, or keep from {LEAST_KEPT / definition.draws:g} to 0.5"
    if given:
        return Fault(f"--{given[0]}", None, "", f"{share} {few}; allowed: {allowed}")
    return source.fault(f"{few}; allowed: {allowed}", "keep" if "keep" in definition.model_fields_set else "draws")


def _plan(definition: Calibration, source: DefinitionFile) -> CalibrationPlan:
    loaded, geography = read(scenario_file(definition.scenario, source))
    file = find_patterns(_beside(definition.patterns, source), loaded.scenario.map)
    declared = read_patterns(file)
    check_sides(loaded.scenario, declared, display(file))
    faults = [*_unfit_inputs(definition, loaded, source), *_unfit_figures(definition, declared, source)]
    if faults:
        raise InputError(faults)
    space = _space(definition, loaded)
    return CalibrationPlan(definition, loaded, geography, declared, file, space, _targets(definition, declared), source)


def with_record(plan: CalibrationPlan, file: Path) -> CalibrationPlan:
    """Return the calibration with its observed figures computed from a file of events, UCDP GED or ACLED-style.

    Agreements are those of the declared patterns. InputError if the record does not give a figure.
    """
    scenario, declared = plan.loaded.scenario, plan.declared
    sides = sides_named(declared, plan.patterns_file)
    events = read_events([file], Area.of(plan.geography))
    log = events.log(scenario.start, scenario.days, sides)
    if not len(log):
        last = scenario.start + timedelta(days=scenario.days - 1)
        window = f"the scenario's days, {day_text(scenario.start)} to {day_text(last)}"
        raise InputError([events.none_in(window) if events.matched.any() else events.none_between(sides)])
    measured = figures_of_record(log, scenario.start, declared, plan.patterns_file)
    asked = plan.definition.observed.figures
    absent = [name for name in asked if math.isnan(measured[name])]
    if absent:
        raise InputError(
            [Fault(display(file), None, name, "the record of the window does not give this figure") for name in absent]
        )
    source = f"computed from {file.name}, {len(log)} events of the window"
    record = Observed(source=source, figures={name: measured[name] for name in asked})
    found_plan = _plan(plan.definition.model_copy(update={"observed": record}), plan.source)
    return replace(found_plan, read=tuple(events.summary_lines()))


def _beside(name: str | None, source: DefinitionFile) -> Path | None:
    if name is None:
        return None
    beside = source.beside(name)
    return beside if beside.is_file() else Path(name)


def _model_at(key: Key) -> type[BaseModel]:
    parts: dict[Any, type[BaseModel]] = {"fitted": Prior, "drawn": Prior, "observed": Observed}
    return parts.get(key[0], Calibration) if key else Calibration


def _unfit_inputs(definition: Calibration, loaded: Loaded, source: DefinitionFile) -> Iterator[Fault]:
    """Give the faults of priors: inputs that the scenario lacks or does not hold uncertain, ranges beyond its own."""
    inputs = inputs_of(loaded.scenario)
    ends: dict[str, tuple[float, float]] = {}
    for part, priors in (("fitted", definition.fitted), ("drawn", definition.drawn)):
        for path, prior in priors.items():
            quantity = inputs.get(path)
            if quantity is None or quantity.low is None or quantity.high is None or not quantity.uncertain:
                uncertain = [name for name, candidate in inputs.items() if candidate.uncertain]
                missing = gone_key(tuple(names_of(path))) or f"the scenario has no such input{choice(path, uncertain)}"
                yield source.fault("has no range of its own in the scenario" if quantity else missing, part, path)
                continue
            low = quantity.low if prior.low is None else prior.low
            high = quantity.high if prior.high is None else prior.high
            ends[path] = low, high
            if not quantity.low <= low < high <= quantity.high:
                message = (
                    f"{low:g} to {high:g} does not lie within the scenario's {quantity.low:g} to {quantity.high:g}"
                )
                yield source.fault(message, part, path)
            elif prior.scale == "log" and low <= 0:
                yield source.fault(f"a logarithmic prior needs low above 0, got {low:g}", part, path)
    for pair in ORDERED_RULES:
        first, second = (dotted(("rules", *key)) for key in pair)
        if first not in inputs or second not in inputs or not {first, second} & set(ends):
            continue
        most = ends[first][1] if first in ends else inputs[first].best
        least = ends[second][0] if second in ends else inputs[second].best
        if most > least:
            part = "fitted" if (first if first in ends else second) in definition.fitted else "drawn"
            yield source.fault(
                f"may be drawn as {most:g} where {second} is {least:g}; it must not be more", part, first
            )


def _unfit_figures(definition: Calibration, declared: Patterns, source: DefinitionFile) -> Iterator[Fault]:
    judged = {name for _, name, figure in declared.figures() if figure.accept is not None and name != PLACES_SCORE}
    for name in definition.observed.figures:
        if name not in judged:
            message = f"is not declared with a tolerance{did_you_mean(name, judged)}"
            yield source.fault(message, "observed", "figures", name)


def _space(definition: Calibration, loaded: Loaded) -> Space:
    inputs, units = inputs_of(loaded.scenario), units_of(loaded.scenario)
    priors = {**definition.fitted, **definition.drawn}
    low = [inputs[path].low if prior.low is None else prior.low for path, prior in priors.items()]
    high = [inputs[path].high if prior.high is None else prior.high for path, prior in priors.items()]
    log = np.array([prior.scale == "log" for prior in priors.values()])
    names = tuple(priors)
    return Space(
        names,
        tuple(units.get(name, "") for name in names),
        np.array(low, dtype=float),
        np.array(high, dtype=float),
        log,
        len(definition.fitted),
    )


def _targets(definition: Calibration, declared: Patterns) -> Targets:
    chosen = [
        (pattern, name, figure.accept)
        for pattern, name, figure in declared.figures()
        if name in definition.observed.figures and figure.accept is not None
    ]
    patterns = tuple(dict.fromkeys(pattern for pattern, _, _ in chosen))
    return Targets(
        tuple(name for _, name, _ in chosen),
        np.array([definition.observed.figures[name] for _, name, _ in chosen]),
        np.array([accept.half for _, _, accept in chosen]),
        np.array([(accept.low, accept.high) for _, _, accept in chosen]),
        np.array([patterns.index(pattern) for pattern, _, _ in chosen]),
        patterns,
        np.array([definition.weights.get(declared.patterns[name].weight, 1.0) for name in patterns]),
        definition.cap,
    )
