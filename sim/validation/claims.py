"""Claims: sentences on which pages rest, each with what tests it; read strictly from a YAML file.

claims:
  truces_save_days:
    sentence: Without agreements there are more days with clashes.
    page: docs/limits.md
    scenario: {file: two_valleys, set: {rules.ceasefire.enabled: false}}
    against: two_valleys                      # left out: the mean, or the share of runs, of `scenario` alone
    statistic: clash_days                     # or figure: P19_target_share, or town: {name, held_by, on}
    expected: {at_least: 1}                   # of the difference `scenario` less `against`
  one_rival:
    sentence: Most of a large round is against one rival group.
    page: docs/validation.md
    scenario: {file: my_theatre, set: {days: 700}}
    pattern: P19
    verdict: pass

With `condition: {at_least: 10}` a statistic or figure becomes a yes/no question, whose share of runs is meant."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, Field, ValidationError, model_validator

from sim.errors import Fault, InputError, did_you_mean
from sim.files import SCENARIOS, named_file, named_files
from sim.scenario.compose import display
from sim.scenario.fields import Key, choice
from sim.scenario.yaml_reader import read_file
from sim.statistics.summary import STATISTICS, base_name, headline_faults
from sim.study.definition import MAX_SEED, DefinitionFile, ScenarioName, StrictModel, Variant, in_order
from sim.validation.pattern_estimators import PATTERNS, PLACES_SCORE
from sim.validation.questions import Held

FOLDER = SCENARIOS / "claims"
QUANTITIES = ("statistic", "figure", "town", "pattern")
MOST_CLAIMS = 100
LONGEST_ID = 40
FORMS = {
    ("claims",): "a mapping from ids to claims",
    ("claims", "*"): "a mapping with `sentence`, `page`, `scenario` and what is measured",
    ("claims", "*", "scenario"): "a scenario file, or a mapping with `file` and, if wanted, `set`",
    ("claims", "*", "against"): "a scenario file, or a mapping with `file` and, if wanted, `set`",
    ("claims", "*", "expected"): "a mapping with at_least, at_most or both",
    ("claims", "*", "condition"): "a mapping with at_least, at_most or both",
    ("claims", "*", "town"): "a mapping with `name`, `held_by` and `on`",
}


class Bounds(StrictModel):
    """A range with one end or two, both included."""

    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Bounds:
        if self.at_least is None and self.at_most is None:
            raise ValueError("needs at_least, at_most or both")
        if not self.low <= self.high:
            raise ValueError(f"at_least must not exceed at_most, got {self.low:g} and {self.high:g}")
        return self

    @property
    def low(self) -> float:
        """The lower end; minus infinity without one."""
        return -math.inf if self.at_least is None else self.at_least

    @property
    def high(self) -> float:
        """The upper end; infinity without one."""
        return math.inf if self.at_most is None else self.at_most

    def holds(self, values: np.ndarray) -> np.ndarray:
        """Return which values lie in the range: f8 of any shape, 1 or 0; NaN stays."""
        inside = ((values >= self.low) & (values <= self.high)).astype(float)
        return np.where(np.isnan(values), np.nan, inside)

    @property
    def text(self) -> str:
        """The range in words: "at least 1 and at most 3"."""
        ends = (("at least", self.at_least), ("at most", self.at_most))
        return " and ".join(f"{word} {end:g}" for word, end in ends if end is not None)


class Claim(StrictModel):
    """One claim; exactly one of QUANTITIES says what is measured. `expected`, or the `verdict` of a pattern, says what holds."""

    sentence: str = Field(min_length=10, description="the claim in words, as a page makes it")
    page: str = Field(min_length=3, description="file in which it stands")
    scenario: Variant = Field(description="the scenario that the claim is about")
    against: Variant | None = Field(None, description="scenario whose runs of the same seeds are subtracted")
    statistic: str | None = Field(None, description="column of a run's summary, as clash_days or deaths.CODE")
    figure: str | None = Field(None, description="figure of the pattern card, of each run")
    town: Held | None = None
    pattern: str | None = Field(None, description="pattern of the card")
    condition: Bounds | None = Field(None, description="makes a statistic or figure a question with yes or no")
    expected: Bounds | None = None
    verdict: Literal["pass", "fail"] | None = None
    replicates: int = Field(100, ge=8, le=100_000, description="runs of each scenario")
    seed: int = Field(1, ge=0, le=MAX_SEED, description="seed of the study; seeds of runs are made from it")

    @model_validator(mode="after")
    def _whole(self) -> Claim:
        chosen = [name for name in QUANTITIES if getattr(self, name) is not None]
        if len(chosen) != 1:
            raise ValueError(f"needs exactly one of {', '.join(QUANTITIES)}, got {', '.join(chosen) or 'none'}")
        of_pattern = self.pattern is not None
        needed, barred = ("verdict", "expected") if of_pattern else ("expected", "verdict")
        if getattr(self, needed) is None:
            raise ValueError(f"{needed}: is missing; a claim on a {chosen[0]} needs it")
        for name in (barred, *(("against",) if of_pattern else ()), *(("condition",) if self.yes_no_by_itself else ())):
            if getattr(self, name) is not None:
                raise ValueError(f"{name}: does not belong to a claim on a {chosen[0]}")
        if self.shares and self.expected is not None and self.against is None and not self._within(0):
            raise ValueError("expected: a share of runs lies between 0 and 1")
        if self.shares and self.expected is not None and self.against is not None and not self._within(-1):
            raise ValueError("expected: a difference of shares lies between -1 and 1")
        return self

    def _within(self, least: float) -> bool:
        ends = (self.expected.at_least, self.expected.at_most) if self.expected else ()
        return all(end is None or least <= end <= 1 for end in ends)

    @property
    def yes_no_by_itself(self) -> bool:
        """Whether a condition has no place: of a town or a pattern."""
        return self.town is not None or self.pattern is not None

    @property
    def shares(self) -> bool:
        """Whether the claim is on a share of runs, or on the difference of two."""
        return self.town is not None or self.condition is not None

    @property
    def kind(self) -> str:
        """What is compared with what is expected: "difference", "share", "mean" or "pattern"."""
        if self.pattern is not None:
            return "pattern"
        return "difference" if self.against is not None else "share" if self.shares else "mean"

    @property
    def reads_reports(self) -> bool:
        """Whether it is on the pattern card, which reads what the monitor reports."""
        return self.figure is not None or self.pattern is not None


class ClaimFile(StrictModel):
    """A file of claims."""

    title: str = Field(min_length=3, description="whose claims they are")
    posterior: str | None = Field(
        None, description="CSV file whose columns are the fitted inputs; none is fitted without"
    )
    patterns: str | None = Field(None, description="file of patterns; that of the map if left out")
    claims: dict[ScenarioName, Claim] = Field(min_length=1, max_length=MOST_CLAIMS)


def find_claims(path: Path) -> Path:
    """Return the file that a person means: a path, or the bare name of one in scenarios/claims; InputError if there is none."""
    if path.is_file():
        return path
    if path.parent == Path() and (named := named_file(path.name, FOLDER.name)) is not None:
        return named
    near = did_you_mean(path.stem, named_files(FOLDER.name))
    raise InputError([Fault(str(path), None, "", f"no such file of claims{near}")])


def read_claims(path: Path) -> tuple[ClaimFile, DefinitionFile]:
    """Return the claims of a YAML file, and the file and line of each of its keys; InputError with every fault of the file."""
    page = read_file(path, display(path))
    source = DefinitionFile(path, page.lines)
    if not isinstance(page.data, dict):
        raise InputError([*page.faults, source.fault("a file of claims is made of lines `key: value`")])
    faults = list(page.faults)
    claims = None
    try:
        claims = ClaimFile.model_validate(page.data)
    except ValidationError as error:
        faults += source.faults_of(error, FORMS, _model_at)
    if claims is not None:
        faults += _unknown_quantities(claims, source)
    if faults or claims is None:
        raise InputError(in_order(faults))
    return claims, source


def beside(name: str, source: DefinitionFile, key: str) -> Path:
    """Return a file that a file of claims names, by its path from there; InputError, with the line, if there is none."""
    path = source.beside(name)
    if not path.is_file():
        raise InputError([source.fault(f"there is no file {display(path)}", key)])
    return path


def fitted_inputs(claims: ClaimFile, source: DefinitionFile) -> frozenset[str]:
    """Return the paths of the fitted inputs, the columns of the posterior; InputError if it is not there or has no columns."""
    if claims.posterior is None:
        return frozenset()
    with beside(claims.posterior, source, "posterior").open(encoding="utf-8", errors="replace", newline="") as file:
        columns = next(csv.reader(file), [])
    if not all(columns) or not columns:
        raise InputError([source.fault("its first line must name the fitted inputs, one a column", "posterior")])
    return frozenset(columns)


def _model_at(key: Key) -> type[BaseModel]:
    parts: dict[Any, type[BaseModel]] = {
        "scenario": Variant, "against": Variant, "town": Held, "expected": Bounds, "condition": Bounds,
    }  # fmt: skip
    return ClaimFile if not key else Claim if len(key) == 2 else parts.get(key[-1], Claim)


def _unknown_quantities(claims: ClaimFile, source: DefinitionFile) -> Iterator[Fault]:
    """Give the faults of statistics and figures that there are none of, or that are no number of a single run."""
    for name, claim in claims.claims.items():
        if len(name) > LONGEST_ID:
            yield source.fault(f"an id has at most {LONGEST_ID} letters, as folders are named by it", "claims", name)
        if claim.statistic is not None:
            messages = headline_faults([claim.statistic])
            known = STATISTICS.get(base_name(claim.statistic))
            if known is not None and not known.unit:
                messages = ["is a name, not a number; write `town: {name, held_by, on}`"]
            elif known is not None and known.per and claim.statistic in STATISTICS:
                messages = [f"is of each {known.per}; write {claim.statistic}.NAME"]
            for message in messages:
                yield source.fault(message, "claims", name, "statistic")
        if claim.figure is not None and (claim.figure not in PATTERNS or claim.figure == PLACES_SCORE):
            known_figures = [figure for figure in PATTERNS if figure != PLACES_SCORE]
            message = f"is no figure of single runs{choice(claim.figure, known_figures, 'figures')}"
            yield source.fault(message, "claims", name, "figure")
