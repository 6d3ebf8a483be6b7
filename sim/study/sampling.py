"""Sampling of uncertain inputs: designs (Halton, Morris, Sobol), the inputs to draw, their values in each replicate."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from csv import writer
from dataclasses import dataclass
from itertools import product
from math import ceil, prod
from pathlib import Path
from typing import Any

import numpy as np

from sim.errors import Fault, InputError
from sim.scenario.cross_checks import ORDERED_RULES, cross_checks
from sim.scenario.fields import GONE, ROOT, Key, as_data, choice, dotted, gone_key, names_of, quantities
from sim.scenario.load import Loaded, survey
from sim.scenario.parameters import Quantity
from sim.scenario.show import interval, number_text
from sim.study.definition import Definition, DefinitionFile
from sim.tabular.table import Table, read_table
from sim.text import clause_list, plural

DUMMY = "dummy"  # an input that no model reads: what it seems to do is noise
SEED_BITS = 52  # exact as a floating-point number, so that spreadsheets and R show seeds in full


def seed_of(study_seed: int, number: int) -> int:
    """Return the seed of replicate `number`, 0 to 2^52 - 1; a function of the two alone."""
    from sim.engine.draws import identity  # takes numba, which reading a study does without

    return int(identity(study_seed, number)) >> (62 - SEED_BITS)


def halton(count: int, inputs: int, seed: int) -> np.ndarray:
    """Return f8 [count, inputs] of a scrambled Halton sequence (Owen 2017, arXiv:1706.02808), in 0..1."""
    from scipy.stats import qmc

    if inputs == 0:
        return np.zeros((count, 0))
    return qmc.Halton(inputs, scramble=True, seed=np.random.default_rng(seed)).random(count)


def grid(values: list[list[float]], count: int) -> np.ndarray:
    """Return f8 [count, inputs]: all combinations in order, again from the first after the last; values, not shares."""
    cells = np.array(list(product(*values)), dtype=float)
    return cells[np.arange(count) % len(cells)]


def grid_size(values: list[list[float]]) -> int:
    """Return the number of combinations."""
    return prod(len(item) for item in values)


def morris(count: int, inputs: int, seed: int, levels: int) -> np.ndarray:
    """Return f8 [count, inputs] of Morris trajectories of inputs + 1 points each (Morris 1991), by SALib."""
    from SALib.sample import morris as salib

    problem = _problem(inputs)
    paths = [
        salib.sample(problem, 1, num_levels=levels, seed=seed_of(seed, number))
        for number in range(ceil(count / (inputs + 1)))
    ]
    return np.concatenate(paths)[:count]


def sobol(count: int, inputs: int, seed: int) -> np.ndarray:
    """Return f8 [count, inputs] of Saltelli's design, inputs + 2 points a block (Saltelli 2002), by SALib."""
    from SALib.sample import sobol as salib

    blocks = ceil(count / (inputs + 2))
    whole = 1 << (blocks - 1).bit_length()  # the sequence is balanced at powers of two
    points = salib.sample(_problem(inputs), whole, calc_second_order=False, seed=np.random.default_rng(seed))
    return points[:count]


def block(design: str, inputs: int) -> int:
    """Return the number of replicates of which a design is made up: its analysis needs whole blocks."""
    return {"morris": inputs + 1, "sobol": inputs + 2}.get(design, 1)


def whole_blocks(design: str, inputs: int, minimum: int) -> int:
    """Return the number of replicates, at least `minimum`, that a design's analysis can use in full."""
    size = block(design, inputs)
    blocks = ceil(minimum / size)
    return size * (1 << (blocks - 1).bit_length() if design == "sobol" else blocks)


def _problem(inputs: int) -> dict[str, object]:
    return {"num_vars": inputs, "names": [f"x{n}" for n in range(inputs)], "bounds": [[0.0, 1.0]] * inputs}


Quantities = dict[str, Quantity]
MOST_NAMED = 3  # inputs named in a note


@dataclass(frozen=True)
class SampledInput:
    """An input as one scenario draws it: its column among the points, their range, and the scenario's own range."""

    path: str
    column: int
    low: float
    high: float
    own_low: float
    own_high: float

    def value(self, drawn: float) -> float:
        """Return the scenario's value for a drawn one: itself, or the same share of the scenario's own range."""
        if (self.own_low, self.own_high) == (self.low, self.high):
            return float(drawn)
        share = (drawn - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return float(min(self.own_high, max(self.own_low, self.own_low + share * (self.own_high - self.own_low))))


@dataclass(frozen=True, eq=False)
class Draws:
    """The inputs of a study and how their points are made."""

    design: str
    levels: int
    inputs: dict[str, tuple[float, float]]  # low and high, in column order; the dummy last
    by_scenario: dict[str, tuple[SampledInput, ...]]
    values: list[list[float]]  # of a grid, by column; empty otherwise
    rows: np.ndarray  # f8 [draws, inputs without the dummy] of a posterior; empty otherwise
    posterior: str  # the file of draws as text; empty without
    notes: tuple[str, ...]

    def points(self, count: int, seed: int) -> np.ndarray:
        """Return f8 [count, inputs] in the units of the inputs; a longer list begins with the shorter."""
        size = len(self.inputs)
        if self.design == "grid":
            return grid(self.values, count)
        if self.design == "posterior":
            dummy = halton(count, 1, seed)
            return np.hstack([self.rows[np.arange(count) % len(self.rows)], dummy])
        if size == 0:
            return np.zeros((count, 0))
        low, high = np.array(list(self.inputs.values()), dtype=float).T
        return low + self._shares(count, seed) * (high - low)

    def _shares(self, count: int, seed: int) -> np.ndarray:
        size = len(self.inputs)
        if self.design == "morris":
            return morris(count, size, seed, self.levels)
        if self.design == "sobol":
            return sobol(count, size, seed)
        return halton(count, size, seed)


def draws_of(definition: Definition, scenarios: dict[str, Loaded], source: DefinitionFile) -> Draws:
    """Return what a study draws; InputError where an input does not exist or a draw would be no valid scenario."""
    known = {name: _quantities(loaded) for name, loaded in scenarios.items()}
    rows, columns, text = _posterior(definition, known, source)
    paths = columns if definition.design == "posterior" else _selected(definition, known, source)
    values = _values(definition, paths, known, source) if definition.design == "grid" else []
    given = {path: item.ends for path, item in (definition.inputs or {}).items() if item is not None}
    given |= {path: (min(item), max(item)) for path, item in zip(paths, values, strict=False)}
    given |= {path: (float(rows[:, n].min()), float(rows[:, n].max())) for n, path in enumerate(columns)}
    ranges = {path: given[path] if path in given else _own_range(path, known) for path in paths}
    by_scenario = {name: tuple(_drawn(name, known, ranges, given)) for name in scenarios}
    faults = list(_invalid(definition, scenarios, by_scenario, given, source))
    if not faults:
        faults = list(_out_of_order(definition, known, by_scenario, rows if columns else None, source))
    if faults:
        raise InputError(faults)
    if ranges and definition.design != "grid":
        ranges[DUMMY] = (0.0, 1.0)
    notes = tuple(_notes(definition, known, ranges, by_scenario, len(rows)))
    return Draws(definition.design, definition.levels, ranges, by_scenario, values, rows, text, notes)


def _quantities(loaded: Loaded) -> Quantities:
    return {dotted(key): quantity for key, _, quantity in quantities(ROOT, loaded.scenario)}


def _selected(definition: Definition, known: dict[str, Quantities], source: DefinitionFile) -> list[str]:
    """Return the paths to draw, in the order of the scenarios; InputError for one that is not there or is fixed."""
    if definition.design == "fixed":
        return []
    every = list(dict.fromkeys(path for inputs in known.values() for path in inputs))
    uncertain = [path for path in every if any(path in inputs and inputs[path].uncertain for inputs in known.values())]
    if definition.inputs is None:
        return uncertain
    chosen: set[str] = set()
    faults = []
    for path, item in definition.inputs.items():
        below = [name for name in uncertain if name == path or name.startswith(f"{path}.")]
        if item is not None:
            below = [path] if path in every else []
        elif definition.design == "grid" and not below and path in every:
            faults.append(source.fault("has no low and high in any scenario; give it values", "inputs", path))
            continue
        chosen.update(below)
        if not below:
            faults.append(source.fault(_missing(path, every, uncertain, item is None), "inputs", path))
    if faults:
        raise InputError(faults)
    return [path for path in every if path in chosen]


def _missing(path: str, every: list[str], uncertain: list[str], bare: bool) -> str:
    if path in every:
        return "has no low and high in any scenario; write {low: ..., high: ...} here to draw it"
    if any(name.startswith(f"{path}.") for name in every):
        below = "nothing below it has low and high" if bare else "is a part, not a number; name an input of it"
        return f"{below}, such as {next(name for name in every if name.startswith(f'{path}.'))}"
    return gone_key(tuple(names_of(path))) or f"no scenario has this input{choice(path, uncertain, 'uncertain inputs')}"


def _values(
    definition: Definition, paths: list[str], known: dict[str, Quantities], source: DefinitionFile
) -> list[list[float]]:
    """Return the values of a grid: those given, or both ends of a range, or low, best and high of a bare path."""
    values = []
    for path in paths:
        item = (definition.inputs or {}).get(path)
        if item is not None:
            values.append(item.values or list(item.ends))
            continue
        quantity = next(inputs[path] for inputs in known.values() if path in inputs and inputs[path].uncertain)
        low, high = _ends(quantity)
        values.append(sorted({low, quantity.best, high}))
    if (cells := grid_size(values)) > definition.replicates:
        message = f"the grid has {plural(cells, 'combination')}, more than the {plural(definition.replicates, 'replicate')}; raise them"
        raise InputError([source.fault(message, "replicates")])
    return values


def _ends(quantity: Quantity) -> tuple[float, float]:
    """Return low and high; twice the best where the input is fixed."""
    if quantity.low is None or quantity.high is None:
        return quantity.best, quantity.best
    return quantity.low, quantity.high


def _own_range(path: str, known: dict[str, Quantities]) -> tuple[float, float]:
    return next(_ends(inputs[path]) for inputs in known.values() if path in inputs and inputs[path].uncertain)


def _same(quantity: Quantity, other: Quantity) -> bool:
    return (quantity.best, quantity.low, quantity.high) == (other.best, other.low, other.high)


def _drawn(
    name: str,
    known: dict[str, Quantities],
    ranges: dict[str, tuple[float, float]],
    given: dict[str, tuple[float, float]],
) -> Iterator[SampledInput]:
    """Give the inputs that a scenario draws: not those that it lacks or fixes at a number of its own."""
    for column, (path, (low, high)) in enumerate(ranges.items()):
        quantity = known[name].get(path)
        if quantity is None:
            continue
        first = next(inputs[path] for inputs in known.values() if path in inputs)
        if path in given and _same(quantity, first):
            yield SampledInput(path, column, low, high, low, high)
        elif quantity.uncertain:
            yield SampledInput(path, column, low, high, *_ends(quantity))


def _at(path: str, message: str, definition: Definition, source: DefinitionFile) -> Fault:
    """Return a fault of an input, in the file that gives its range."""
    if definition.posterior is not None:
        return Fault(definition.posterior, None, path, message)
    return source.fault(message, "inputs", path)


def _invalid(
    definition: Definition,
    scenarios: dict[str, Loaded],
    by_scenario: dict[str, tuple[SampledInput, ...]],
    given: dict[str, tuple[float, float]],
    source: DefinitionFile,
) -> Iterator[Fault]:
    """Complain of the study's ranges that a scenario could not have as its own; each is laid over it and checked."""
    reported: set[tuple[str, str]] = set()
    for name, loaded in scenarios.items() if given else ():
        data = as_data(loaded.scenario)
        keys = {dotted(key): (key, quantity) for key, _, quantity in quantities(ROOT, loaded.scenario)}
        laid: dict[Key, str] = {}
        for item in by_scenario[name]:
            if item.path in given:
                key, quantity = keys[item.path]
                best = min(item.own_high, max(item.own_low, quantity.best))
                _put(data, key, {"best": best, "low": item.own_low, "high": item.own_high})
                laid[key] = item.path
        for key, message in (*survey(data), *cross_checks(data)):
            path = next((laid[key[:end]] for end in range(len(key), 0, -1) if key[:end] in laid), None)
            if path is not None and (path, message) not in reported:
                reported.add((path, message))
                yield _at(path, f"{message} (scenario {name})", definition, source)


def _put(data: Any, key: Key, value: Any) -> None:
    for part in key[:-1]:
        data = data[part]
    data[key[-1]] = value


def _out_of_order(
    definition: Definition,
    known: dict[str, Quantities],
    by_scenario: dict[str, tuple[SampledInput, ...]],
    rows: np.ndarray | None,
    source: DefinitionFile,
) -> Iterator[Fault]:
    """Complain where a draw could put the first of an ordered pair of rules above the second."""
    for name, inputs in known.items():
        drawn = {item.path: item for item in by_scenario[name]}
        for pair in ORDERED_RULES:
            first, second = (dotted(("rules", *key)) for key in pair)
            if not (first in drawn or second in drawn) or first not in inputs or second not in inputs:
                continue
            if rows is not None:
                first_values, second_values = (
                    _column(path, drawn, rows, inputs[path].best) for path in (first, second)
                )
            else:
                first_values, second_values = (
                    np.array([drawn[path].own_high, drawn[path].own_low] if path in drawn else [inputs[path].best] * 2)
                    for path in (first, second)
                )
                first_values, second_values = first_values[:1], second_values[1:]
            if (first_values > second_values).any():
                most, least = (
                    float(first_values[first_values > second_values][0]),
                    float(second_values[first_values > second_values][0]),
                )
                message = f"{first} may be drawn as {most:g} where {second} is {least:g}; in {name} it must not be more"
                yield _at(first if first in drawn else second, message, definition, source)


def _column(path: str, drawn: dict[str, SampledInput], rows: np.ndarray, best: float) -> np.ndarray:
    if path not in drawn:
        return np.full(len(rows), best)
    return np.array([drawn[path].value(value) for value in rows[:, drawn[path].column]])


def _posterior(
    definition: Definition, known: dict[str, Quantities], source: DefinitionFile
) -> tuple[np.ndarray, list[str], str]:
    """Return the draws of a posterior file f8 [draws, inputs], the paths of its columns, and its text; only `inputs:` if it names some."""
    if definition.posterior is None:
        return np.zeros((0, 0)), [], ""
    path = Path(definition.posterior)
    if source.file is not None and not path.is_absolute() and (source.file.parent / path).exists():
        path = source.file.parent / path
    every = list(dict.fromkeys(name for inputs in known.values() for name in inputs))
    faults: list[Fault] = []
    wanted = list(definition.inputs or {})
    absent = [
        source.fault(f"no scenario has this input{choice(name, every)}", "inputs", name)
        for name in wanted
        if name not in every
    ]
    if absent:
        raise InputError(absent)
    table = read_table(
        path, wanted, [] if wanted else every, faults, known_only=bool(wanted), unused=[dotted(key) for key in GONE]
    )
    columns = wanted or list(table.columns)
    for column in columns:
        if column not in every and not faults:
            words = gone_key(tuple(names_of(column))) or f"no scenario has this input{choice(column, every)}"
            table.fault(1, column, words)
    if not faults and not table.rows:
        table.fault(None, "", "has no row of draws")
    rows = np.array([[_cell(table, row, column) for column in columns] for row in table.rows])
    if faults:
        raise InputError(faults)
    out = io.StringIO()
    csv = writer(out, lineterminator="\n")
    csv.writerow(columns)
    csv.writerows([number_text(value) for value in row] for row in rows.tolist())
    return rows, columns, out.getvalue()


def _cell(table: Table, row: Any, column: str) -> float:
    return table.number(row, column, -1e300, 1e300)


def _notes(
    definition: Definition,
    known: dict[str, Quantities],
    ranges: dict[str, tuple[float, float]],
    by_scenario: dict[str, tuple[SampledInput, ...]],
    draws: int,
) -> Iterator[str]:
    for name, inputs in known.items():
        drawn = {item.path: item for item in by_scenario[name]}
        undrawn = [path for path in ranges if path in inputs and path not in drawn]
        moved = [item for item in drawn.values() if (item.own_low, item.own_high) != (item.low, item.high)]
        if undrawn:
            numbers = _few(f"{path} {interval(inputs[path])}" for path in undrawn)
            yield f"{name} keeps its own number for {plural(len(undrawn), 'input')}: {numbers}."
        if moved:
            spans = _few(f"{item.path} {item.own_low:g} to {item.own_high:g}" for item in moved)
            yield f"{name} draws {plural(len(moved), 'input')} from {'a range' if len(moved) == 1 else 'ranges'} of its own: {spans}."
    if definition.design == "posterior" and draws < definition.replicates:
        yield f"The posterior has {plural(draws, 'draw')}, used again from the first, with other seeds."


def _few(words: Iterable[str]) -> str:
    every = list(words)
    more = [f"{len(every) - MOST_NAMED} more"] if len(every) > MOST_NAMED else []
    return clause_list([*every[:MOST_NAMED], *more])
