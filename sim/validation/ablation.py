"""Ablations: the pattern card with each rule off and in each variant, to see which patterns need which mechanism.

All ablations of a study have the same seeds and inputs. Reporting is not switched off, because no reported events would
remain: it is made complete and exact instead."""

from __future__ import annotations

import math
import multiprocessing
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin

from sim.errors import Fault, InputError
from sim.scenario.fields import choice
from sim.scenario.parameters import Rules
from sim.scenario.schema import Scenario
from sim.study.definition import Definition, Variant, plain_name
from sim.study.executors import stay_with_parent
from sim.study.store import Study
from sim.text import clause_list
from sim.validation.pattern_card import Card, FigureRow, Verdict, make_card
from sim.validation.pattern_file import Patterns
from sim.validation.pattern_report import MARK, csv_text, number, short
from sim.validation.pattern_samples import runs_of_study

FULL = "full"
EXACT = {"monitor_detection": 1, "unknown_toll_share": 0, "zero_share": 0, "misplaced_share": 0, "summary_share": 0}
LITTLE = 0.25  # half-widths of a tolerance; a figure that moves less has hardly moved


class Ablation(NamedTuple):
    """One change of the rules: its name as a scenario of the study, what it is in words, and the change."""

    name: str
    words: str
    sets: dict[str, Any]


def ablations_of(model: Scenario, only: Collection[str] = ()) -> list[Ablation]:
    """Return every switch that can be thrown in a scenario's rules, and every other variant of a form.

    `only`: names of rules; all if empty. InputError for a name that no rule has.
    """
    if unknown := [name for name in only if name not in Rules.model_fields]:
        raise InputError(
            [Fault("--only", None, name, f"is no rule{choice(name, list(Rules.model_fields))}") for name in unknown]
        )
    ablations: list[Ablation] = []
    for rule in only or Rules.model_fields:
        part = getattr(model.rules, rule)
        if rule == "reporting":
            sets = {f"rules.{rule}.{key}": value for key, value in EXACT.items()}
            ablations += [Ablation("reporting_exact", "reporting complete and exact", sets)] if part.enabled else []
        elif getattr(part, "enabled", True):
            ablations += _of_rule(rule, part)
    return ablations


def _of_rule(rule: str, part: Any) -> Iterator[Ablation]:
    words = rule.replace("_", " ")
    for key, field in type(part).model_fields.items():
        value, label = getattr(part, key), key.replace("_", " ")
        if key == "enabled":
            yield Ablation(f"no_{rule}", f"no {words}", {f"rules.{rule}.enabled": False})
        elif value is True:
            yield Ablation(f"{rule}_no_{key}", f"{words}: no {label}", {f"rules.{rule}.{key}": False})
        elif get_origin(field.annotation) is Literal:
            for other in get_args(field.annotation):
                if other != value:
                    name, sets = f"{rule}_{key}_{other}", {f"rules.{rule}.{key}": other}
                    yield Ablation(name, f"{words}: {label} {str(other).replace('_', ' ')}", sets)


def study_of(
    file: Path,
    model: Scenario,
    replicates: int,
    days: int,
    seed: int = 1,
    vary_inputs: bool = False,
    only: Collection[str] = (),
) -> Definition:
    """Return the study that runs a scenario in full and in every ablation."""
    scenarios = {FULL: Variant(file=str(file))}
    scenarios |= {ablation.name: Variant(file=str(file), set=ablation.sets) for ablation in ablations_of(model, only)}
    parts = [f"ablate-{plain_name(file.stem)[:30]}", f"{days}_days", *([f"seed_{seed}"] if seed != 1 else []), *only]
    return Definition(
        name="-".join([*parts, *(["inputs_vary"] if vary_inputs else [])])[:60],
        question="Which observed patterns need which mechanism, and which mechanisms can the record not tell apart?",
        scenarios=scenarios,
        set={"days": days},
        replicates=replicates,
        seed=seed,
        design="halton" if vary_inputs else "fixed",
        keep=["reported"],
    )


@dataclass(frozen=True, eq=False)
class Ablated:
    """The cards of an ablation study, by name; the first is the full model. `words` says what each is."""

    cards: dict[str, Card]
    words: dict[str, str]
    declared: Patterns

    @property
    def full(self) -> Card:
        """The card of the full model."""
        return self.cards[FULL]

    def verdicts(self, name: str) -> tuple[Verdict, ...]:
        """Return the verdicts of an ablation in the order of the patterns."""
        return tuple(self.cards[name].verdicts.values())

    def strain(self, name: str, pattern: str) -> float:
        """Return the strain of the figure of a pattern that is farthest out; NaN if none is judged."""
        return max(
            (row.strain for row in self.cards[name].rows_of(pattern) if not math.isnan(row.strain)), default=math.nan
        )

    def farthest(self, name: str) -> tuple[float, FigureRow | None]:
        """Return the figure that an ablation moves most, and by how many half-widths of its tolerance."""
        best: tuple[float, FigureRow | None] = (0.0, None)
        for before, after in zip(self.full.rows, self.cards[name].rows, strict=True):
            if before.accept is None or math.isnan(before.median):
                continue
            gap = abs(after.median - before.median) / before.accept.half
            gap = math.inf if math.isnan(gap) and math.isnan(after.median) else 0.0 if math.isnan(gap) else gap
            best = (gap, after) if gap > best[0] else best
        return best


def _card(folder: str, name: str, declared: Patterns) -> Card:
    return make_card(runs_of_study(Study.open(folder), name), declared, pooling=False)


def make_ablated(
    study: Study, declared: Patterns, workers: int | None = None, report: Callable[[str], None] | None = None
) -> Ablated:
    """Return the cards of a study made by `study_of`; `workers` processes, all cores if None; `report` hears each name."""
    names = [name for name in study.scenarios if (study.runs["scenario"] == name).any()]
    words = {ablation.name: ablation.words for ablation in ablations_of(study.scenarios[FULL])}
    cards: dict[str, Card] = {}
    if workers == 1:
        for name in names:
            cards[name] = _card(str(study.folder), name, declared)
            _ = report and report(name)
    else:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, mp_context=context, initializer=stay_with_parent) as pool:
            waiting = {name: pool.submit(_card, str(study.folder), name, declared) for name in names}
            for name, future in waiting.items():
                cards[name] = future.result()
                _ = report and report(name)
    return Ablated(
        cards, {FULL: "full model"} | {name: words.get(name, name) for name in names if name != FULL}, declared
    )


def needed(ablated: Ablated) -> list[str]:
    """Return a sentence for each pattern that the full model meets: without which mechanisms it is not met."""
    sentences = []
    for pattern in ablated.declared.patterns:
        lost = [ablated.words[name] for name in ablated.cards if ablated.cards[name].verdicts[pattern] != "pass"]
        gained = [ablated.words[name] for name in ablated.cards if ablated.cards[name].verdicts[pattern] == "pass"]
        if ablated.full.verdicts[pattern] == "pass":
            sentences.append(
                f"{pattern} is not met with: {clause_list(lost)}." if lost else f"{pattern} is met in every ablation."
            )
        elif gained:
            sentences.append(f"{pattern}, not met by the full model, is met with: {clause_list(gained)}.")
    return sentences


def untold(ablated: Ablated) -> list[str]:
    """Return sentences on which mechanisms the patterns do not tell from the full model, and which not from each other."""
    sentences = []
    same = [name for name in ablated.cards if name != FULL and ablated.verdicts(name) == ablated.verdicts(FULL)]
    for little in (True, False):
        names = [name for name in same if (ablated.farthest(name)[0] < LITTLE) == little]
        if names:
            words = clause_list(
                [_moved(ablated, name) for name in names] if not little else [ablated.words[n] for n in names]
            )
            moved = (
                f"and move no figure by {LITTLE:g} half-widths of its tolerance" if little else "though figures move"
            )
            sentences.append(f"Same verdicts as the full model, {moved}: {words}.")
    groups: dict[tuple[Verdict, ...], list[str]] = {}
    for name in ablated.cards:
        if name != FULL and name not in same:
            groups.setdefault(ablated.verdicts(name), []).append(ablated.words[name])
    sentences += [f"Same verdicts as one another: {clause_list(names)}." for names in groups.values() if len(names) > 1]
    return sentences or ["Every ablation has verdicts of its own."]


def _moved(ablated: Ablated, name: str) -> str:
    gap, row = ablated.farthest(name)
    what = (
        "" if row is None else f" ({row.pattern} {short(row.figure)} by {number(gap) if math.isfinite(gap) else 'all'})"
    )
    return f"{ablated.words[name]}{what}"


def matrix_csv(ablated: Ablated) -> str:
    """Return one row an ablation and two columns a pattern: the verdict, and the strain of the figure farthest out."""
    patterns = list(ablated.declared.patterns)
    header = [
        "simulated",
        "ablation",
        "what",
        "runs",
        "passed",
        *(f"{p}{end}" for p in patterns for end in ("", "_strain")),
    ]
    rows = []
    for name, card in ablated.cards.items():
        cells: list[object] = []
        for pattern in patterns:
            strain = ablated.strain(name, pattern)
            cells += [card.verdicts[pattern], "" if math.isnan(strain) else round(strain, 4)]
        rows.append([MARK, name, ablated.words[name], card.runs, len(card.passed), *cells])
    return csv_text(header, rows)


def figures_csv(ablated: Ablated) -> str:
    """Return one row an ablation and figure."""
    header = (
        "simulated",
        "ablation",
        "pattern",
        "figure",
        "median",
        "band_low",
        "band_high",
        "runs_with_it",
        "verdict",
        "why",
    )
    rows: list[Sequence[object]] = []
    for name, card in ablated.cards.items():
        for row in card.rows:
            values = ["" if math.isnan(value) else round(value, 6) for value in (row.median, row.low, row.high)]
            rows.append([MARK, name, row.pattern, row.figure, *values, len(row.values), row.verdict, row.why])
    return csv_text(header, rows)


__all__ = ["Ablated", "Ablation", "ablations_of", "make_ablated", "matrix_csv", "needed", "study_of", "untold"]
