"""Keyed draws: known answers, distributions against scipy, independence of keys, compiled and interpreted alike."""

from __future__ import annotations

import ast
import math
import os
import subprocess
import sys
from collections import Counter, defaultdict
from functools import cache

import numpy as np
import pytest
from scipy import stats

from sim.engine import draws
from sim.engine.jit import ENGINE

SOURCES = {file: ast.parse(file.read_text()) for file in sorted(ENGINE.rglob("*.py"))}
DRAWS = SOURCES[ENGINE / "draws.py"]
N = 20_000
# The generator's first two words of 53 bits are one number; k numbers the draws of one decision.
KEYS = {"entity": 3, "day": 2, "process": 1, "seed": 0, "k": 4}


@cache
def numbers(varied: str, seed: int = 11, process: int = 5, day: int = 3, entity: int = 99) -> np.ndarray:
    """Return uniform draws of which one part of the key runs from 0 to N - 1, the rest as given."""
    key = [seed, process, day, entity, 0]
    place = KEYS[varied]
    result = np.empty(N)
    for i in range(N):
        key[place] = i
        result[i] = draws.uniform(*key)
    result.flags.writeable = False
    return result


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [  # kat_vectors of Random123, philox4x32 with 10 rounds
        ((0, 0, 0, 0), (0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_philox_gives_the_published_answers(counter: tuple[int, ...], key: tuple[int, ...], words: str) -> None:
    assert " ".join(f"{word:08x}" for word in draws.philox(*counter, *key)) == words


@pytest.mark.parametrize("varied", ["entity", "day", "seed", "k"])
def test_draws_are_uniform_along_every_part_of_the_key(varied: str) -> None:
    u = numbers(varied)
    assert u.min() > 0
    assert u.max() < 1
    assert stats.kstest(u, "uniform").pvalue > 0.001
    assert abs(u.mean() - 1 / 2) < 4 / math.sqrt(12 * N)
    assert abs(u.var() - 1 / 12) < 4 * math.sqrt(1 / 180 / N)
    successive = np.corrcoef(u[:-1], u[1:])[0, 1]
    assert abs(successive) < 4 / math.sqrt(N)


@pytest.mark.parametrize(
    "other",
    [{"seed": 12}, {"process": 6}, {"day": 4}, {"entity": 100 + 2**40}, {"seed": 11 + 2**32}, {"seed": 2**63 - 1}],
    ids=str,
)
def test_draws_of_different_keys_are_independent(other: dict[str, int]) -> None:
    varied = "k" if "entity" in other else "entity"
    a, b = numbers(varied), numbers(varied, **other)
    assert abs(np.corrcoef(a, b)[0, 1]) < 4 / math.sqrt(N)
    table = np.histogram2d(a, b, bins=8, range=[[0, 1], [0, 1]])[0]
    assert stats.chi2_contingency(table).pvalue > 0.001


def test_the_same_key_gives_the_same_number_whatever_was_drawn_before() -> None:
    first = draws.uniform(7, 1, 2, 3)
    draws.uniform(7, 1, 2, 4)
    assert draws.uniform(7, 1, 2, 3) == first


def test_identities_are_distinct_and_depend_on_the_order() -> None:
    made = {int(draws.identity(a, b)) for a in range(150) for b in range(150)}
    assert len(made) == 150 * 150
    assert min(made) >= 0
    assert max(made) < 2**62
    assert draws.identity(1, 2) != draws.identity(2, 1)


@pytest.mark.parametrize("mean", [0.05, 0.7, 3.0, 40.0])
def test_poisson_follows_the_poisson_distribution(mean: float) -> None:
    drawn = np.array([draws.poisson(mean, u) for u in numbers("entity")])
    law = stats.poisson(mean)
    low, high = int(law.ppf(0.001)), int(law.ppf(0.999))
    edges = [k for k in range(low, high + 1) if law.pmf(k) * N > 10]
    expected = np.array([law.pmf(k) for k in edges])
    seen = np.array([(drawn == k).sum() for k in edges])
    rest, rest_expected = N - seen.sum(), (1 - expected.sum()) * N
    seen, expected = np.append(seen, rest), np.append(expected * N, rest_expected)
    assert stats.chisquare(seen[expected > 5], expected[expected > 5], sum_check=False).pvalue > 0.001


def test_poisson_of_mean_zero_is_zero_and_of_a_large_mean_is_capped() -> None:
    assert draws.poisson(0.0, 0.999999) == 0
    assert draws.poisson(-1.0, 0.5) == 0
    assert abs(draws.poisson(1e9, 0.5) - 500) <= 1


def test_exponential_follows_the_exponential_distribution() -> None:
    drawn = [draws.exponential(3.0, u) for u in numbers("entity")]
    assert stats.kstest(drawn, stats.expon(scale=3.0).cdf).pvalue > 0.001


@pytest.mark.parametrize("exponent", [1.5, 2.5, 3.5])
def test_power_law_follows_the_pareto_distribution_up_to_its_cut(exponent: float) -> None:
    drawn = np.array([draws.power_law(25.0, exponent, 1e12, u) for u in numbers("entity")])
    assert stats.kstest(drawn, stats.pareto(exponent - 1.0, scale=25.0).cdf).pvalue > 0.001
    cut = np.array([draws.power_law(25.0, exponent, 100.0, u) for u in numbers("entity")])
    assert cut.max() == 100.0
    assert np.array_equal(cut, np.minimum(drawn, 100.0))


@pytest.mark.parametrize("variance", [0.1, 0.7, 1.5, 5.0])
def test_gamma_has_mean_one_and_the_variance_asked_for(variance: float) -> None:
    drawn = np.array([draws.gamma_of_mean_one(variance, 3, 31, 0, entity) for entity in range(N)])
    assert stats.kstest(drawn, stats.gamma(1.0 / variance, scale=variance).cdf).pvalue > 0.001
    assert abs(drawn.mean() - 1.0) < 4 * math.sqrt(variance / N)


def test_draws_side_by_side_are_those_made_one_at_a_time() -> None:
    keys = np.random.default_rng(1).integers(0, 2**62, 169)
    drawn = np.full(200, -1.0)
    for seed, process, day, salt in ((1, 2, 3, 0), (2**63 - 1, 77, 3650, 2**62 - 5)):
        draws.uniforms(seed, process, day, keys, salt, len(keys), drawn)
        assert drawn[:169].tolist() == [draws.uniform(seed, process, day, int(key) ^ salt) for key in keys]
    assert (drawn[169:] == -1.0).all()


PROGRAM = """
import sys
from sim.engine.draws import *
made = [philox(i, 2, 3, 4, 5, 6) for i in range(50)]
made += [uniform(2**63 - 1 - i, 9, i, 2**62 - i, i).hex() for i in range(200)]
made += [identity(2**62 - i, i) for i in range(50)]
made += [poisson(0.3 * i, uniform(1, 2, 3, i)) for i in range(100)]
made += [power_law(25.0, 2.5, 1500.0, uniform(1, 2, 3, i)).hex() for i in range(100)]
made += [exponential(3.0, uniform(1, 2, 3, i)).hex() for i in range(100)]
made += [gamma_of_mean_one(v, 1, 2, 3, i).hex() for i in range(60) for v in (0.2, 1.0, 3.0)]
print(made)
"""


def test_compiled_and_interpreted_draws_agree_bit_for_bit() -> None:
    def said(disabled: str) -> str:
        env = {**os.environ, "NUMBA_DISABLE_JIT": disabled}
        return subprocess.run(
            [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, env=env, cwd=ENGINE.parents[1]
        ).stdout

    assert said("0") == said("1")


def processes() -> dict[str, int]:
    """Return the process numbers of draws.py, from its text."""
    return {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in DRAWS.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id.startswith("P_")
    }


def test_process_numbers_are_distinct_and_fit_their_place_in_the_key() -> None:
    made = processes()
    assert len(made) > 40
    assert [number for number, n in Counter(made.values()).items() if n > 1] == []
    assert all(0 <= number < 2**16 for number in made.values())


# Made before the first day by the simulation, and on signing by the rule; the same draw in both.
SHARED = {"P_FRAILTY": {"simulation.py", "agreements.py"}}


@cache
def users() -> dict[str, set[str]]:
    """Return by name the modules, but draws.py, in which it is used (imports do not count)."""
    found = defaultdict(set)
    for file, tree in SOURCES.items():
        if file.name != "draws.py":
            for node in ast.walk(tree):
                if isinstance(node, ast.Name):
                    found[node.id].add(file.name)
    return found


@pytest.mark.parametrize("name", sorted(set(processes()) - {"P_IDENTITY"}))
def test_each_process_belongs_to_one_module(name: str) -> None:
    where = users()[name]
    assert where == SHARED.get(name, where), f"{name} is used in {where}"
    assert len(where) == 1 or name in SHARED, f"{name} is used in {where or 'no module'}"
