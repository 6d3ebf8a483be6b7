"""Generated scenarios keep the invariants: random maps, factions and holders, numbers of all rules at the edges of their ranges."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sim.engine import kinds
from sim.engine.simulation import MOST_SEED
from sim.invariants import Checker
from sim.scenario.parameters import Quantity, Rules
from tests.engine.test_invariants import TERMS, WILD
from tests.engine.worlds import START, Lab, faction, make_map, make_scenario

CI, MANY = 120, 5_000
DAYS, TOWNS = 40, 9
MOST_FIGHTERS = 200_000  # the edge of what a scenario may say
ROLES = ("rebel", "rebel", "rebel", "government", "patron_backed", "neutral")
EDGES = st.sampled_from((*["busy"] * 6, "low", "high", "default"))  # which end of its range a number takes
Draw = Any


def numbers() -> dict[str, dict[str, tuple[float, float, float]]]:
    """Return (low, high, default) of every number of the rules."""
    found: dict[str, dict[str, tuple[float, float, float]]] = {}
    for rule, field in Rules.model_fields.items():
        assert isinstance(field.annotation, type)
        found[rule] = {}
        for name, inner in field.annotation.model_fields.items():
            extra = inner.json_schema_extra
            if isinstance(inner.default, Quantity) and isinstance(extra, dict):
                ends = (extra["allowed_low"], extra["allowed_high"])
                found[rule][name] = (*(float(str(end)) for end in ends), inner.default.best)  # type: ignore[assignment]
    return found


NUMBERS = numbers()


@st.composite
def rules(draw: Draw) -> dict[str, dict[str, Any]]:
    """Draw rules on or off, with each number at one end of its range, at its default, or such that much happens."""
    said: dict[str, dict[str, Any]] = {}
    for rule, fields in NUMBERS.items():
        values = {}
        for name, (low, high, default) in fields.items():
            edge = draw(EDGES)
            busy = WILD.get(rule, {}).get(name, default)
            values[name] = {"low": low, "high": high, "default": default, "busy": busy}[edge]
        if rule != "ladder":
            values |= {"enabled": draw(st.sampled_from((*[True] * 9, False)))}
        said[rule] = values
    said["clash"]["attrition"] = draw(st.sampled_from(("stochastic", "linear", "square")))
    said["campaign"]["form"] = draw(st.sampled_from(("decision", "decision", "strength")))
    return said


@st.composite
def sides(draw: Draw) -> dict[str, Any]:
    """Draw one to four factions of one to three groups, some without fighters, some huge."""
    made = {}
    for i in range(draw(st.sampled_from((2, 3, 1, 4)))):
        groups = {
            f"G{i}{k}": {
                "fighters": draw(st.sampled_from((300, 2000, 1, 0, MOST_FIGHTERS))),
                "cohesion": draw(st.sampled_from((0.05, 0.5, 1))),
                "solidarity": draw(st.sampled_from((0, 0.4, 1))),
                "mediates": draw(st.booleans()),
            }
            for k in range(draw(st.integers(1, 3)))
        }
        doctrine = {name: draw(st.sampled_from((0.1, 1, 20))) for name in ("expansion", "tolerance", "restraint")}
        made[f"F{i}"] = faction(draw(st.sampled_from(ROLES)), draw(st.booleans()), doctrine, **groups)
    return made


@st.composite
def worlds(draw: Draw) -> Lab:
    """Draw a whole world: towns anywhere, roads between any of them; any holder; terms, a truce, a zone."""
    factions = draw(sides())
    groups = [group for each in factions.values() for group in each["groups"]]
    names = [chr(ord("A") + i) for i in range(draw(st.integers(1, TOWNS)))]
    near = st.sampled_from((7.5, 2.0, 0.0, 20.0, 60.0))
    towns = {name: (draw(near) + 0.1 * i, draw(near)) for i, name in enumerate(names)}
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    tree = [(names[draw(st.integers(0, i - 1))], names[i]) for i in range(1, len(names))]  # no town is cut off
    more = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=7)) if pairs else []
    chosen = list(dict.fromkeys([*tree, *more]))
    roads = [(a, b, draw(st.sampled_from((0.5, 5.0, 40.0)))) for a, b in chosen]
    held: dict[str, Any] = {
        name: draw(
            st.one_of(st.sampled_from(groups), st.lists(st.sampled_from(groups), max_size=3, unique=True).map(tuple))
        )
        for name in names
    }
    held = {name: who[0] if isinstance(who, tuple) and len(who) == 1 else who for name, who in held.items()}
    zone = {
        "agreed": START,
        "deadline": START.replace(day=draw(st.integers(1, 28))),
        "depth_km": draw(st.sampled_from((0.5, 17.5, 200))),
    }
    two = list(factions)[:2]
    truce = {
        "truce": {
            "between": two,
            "signed": START.replace(year=2019),
            "terms": draw(st.lists(st.sampled_from(list(TERMS)), unique=True)),
        }
    }
    scenario = make_scenario(
        factions, rules=draw(rules()), terms=TERMS, days=DAYS,
        zone=zone if draw(st.booleans()) else None, agreements=truce if len(two) == 2 and draw(st.booleans()) else {},
    )  # fmt: skip
    seed = draw(st.sampled_from((0, 1, MOST_SEED)) | st.integers(0, MOST_SEED))
    population = draw(st.sampled_from((0.0, 5000.0, 500_000.0)))
    return Lab(scenario, make_map(towns, roads, held, population=population), seed)


COMMON: dict[str, Any] = {
    "deadline": None, "derandomize": True, "database": None, "phases": (Phase.generate, Phase.shrink),
    "suppress_health_check": list(HealthCheck),
}  # fmt: skip


def check_many(examples: int) -> set[str]:
    """Check so many generated worlds; return the kinds of event that were seen in them."""
    seen: set[int] = set()

    @settings(max_examples=examples, **COMMON)
    @given(worlds())
    def keeps(lab: Lab) -> None:
        checker = Checker(lab.world)
        lab.run(DAYS, lambda each: checker(each.day, each.world))
        assert checker.days == DAYS
        seen.update(lab.events()["kind"].tolist())

    keeps()
    return {kinds.EVENT_KINDS[kind] for kind in seen}


MUST_BE_SEEN = {"base_opened", "clash", "capture", "agreement_signed", "agreement_broken", "shelling", "level_change"}


def test_generated_scenarios_keep_the_invariants() -> None:
    assert check_many(CI) >= MUST_BE_SEEN


@pytest.mark.exhaustive
def test_thousands_of_generated_scenarios_keep_the_invariants() -> None:
    assert check_many(MANY) >= MUST_BE_SEEN
