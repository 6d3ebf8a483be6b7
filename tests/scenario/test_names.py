"""Names of factions, groups and titles: what cannot stand in tables and pictures is refused with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.errors import InputError
from sim.geography.towns import RESERVED
from sim.results.columns import CONTROL_DAILY, DAILY
from sim.scenario.cross_checks import FACTION_COLUMNS, PAIR_COLUMNS
from sim.scenario.fields import name_fault, same_name
from sim.scenario.load import load

HEAD = """\
question: Who gains towns, and do agreements last?
title: {title}
map: two_valleys
start: 2020-01-01
days: 10
evidence_until: 2020-01-01
factions:
"""
SIDE = "  {name}:\n    role: rebel\n    code: {code}\n    groups: {{{group}: {{fighters: 100}}}}\n"


def faults(tmp_path: Path, *sides: tuple[str, str, str], title: str = "Names") -> list[str]:
    """Return the faults of a scenario with factions of some names, codes and groups, without the file."""
    path = tmp_path / "names.yaml"
    parts = [SIDE.format(name=name, code=code, group=group) for name, code, group in sides]
    path.write_text(HEAD.format(title=title) + "".join(parts), encoding="utf-8")
    try:
        load(path)
    except InputError as error:
        return [str(fault).removeprefix(f"{path}:") for fault in error.faults]
    return []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ('"=1+1"', "formula"),
        ('"+A"', "formula"),
        ('"-A"', "formula"),
        ('"@A"', "formula"),
        ('" A"', "begins or ends with a blank"),
        ('"A\\u202E"', "U+202E"),
        ('"A\\tB"', "U+0009"),
        ('"A\\nB"', "U+000A"),
    ],
)
def test_signs_that_tables_cannot_hold_are_refused(tmp_path: Path, name: str, message: str) -> None:
    other = ("B", "B", "b")
    for side, line in (((name, "A", "a"), 8), (("A", name, "a"), 10), (("A", "A", name), 11)):
        found = faults(tmp_path, side, other)
        assert any(one.startswith(f"{line}: factions.") and message in one for one in found), found
    (found_title,) = faults(tmp_path, ("A", "A", "a"), other, title=name)
    assert found_title.startswith("2: title: ")
    assert message in found_title


@pytest.mark.parametrize("pair", [("Red", "RED"), ("\u00e9t\u00e9", "e\u0301te\u0301"), ("A B", "A  B")])
def test_names_that_look_alike_are_refused(tmp_path: Path, pair: tuple[str, str]) -> None:
    one, other = pair
    for sides in (
        ((one, "A", "a"), (other, "B", "b")),
        (("A", one, "a"), ("B", other, "b")),
        (("A", "A", one), ("B", "B", other)),
    ):
        found = faults(tmp_path, *sides)
        assert len(found) == 1
        assert "looks like" in found[0]


@pytest.mark.parametrize(
    "name",
    [
        "day",
        "date",
        "scenario",
        "الجيش",
        "हिन्दी",
        "می\u200cروم",
        "O'Neill's",
        '"a, b; c"',
        "..",
        "CON",
        "\N{GRINNING FACE}",
    ],
)
def test_any_other_name_is_taken(tmp_path: Path, name: str) -> None:
    assert faults(tmp_path, (name, name, name), ("B", "B", "b")) == []


@pytest.mark.parametrize("codes", [("A", "B_C", "A_B", "C"), ("A", "level_A", "towns"), ("A", "deaths_A", "deaths")])
def test_codes_that_give_two_columns_one_name_are_refused(tmp_path: Path, codes: tuple[str, ...]) -> None:
    found = faults(tmp_path, *((f"side {n}", code, f"group {n}") for n, code in enumerate(codes)))
    assert len(found) == 1
    assert "gives daily.csv a second column" in found[0]


def test_the_columns_checked_are_those_written() -> None:
    daily = [column.name for column in DAILY]
    assert [name.removeprefix("<code>_") for name in daily if name.startswith("<code>")] == list(FACTION_COLUMNS)
    assert [name.removesuffix("_<A>_<B>") for name in daily if name.endswith("<B>")] == list(PAIR_COLUMNS)
    assert tuple(column.name for column in CONTROL_DAILY if "<" not in column.name) == RESERVED


def test_names_alike_share_what_is_compared() -> None:
    assert same_name("E\u0301x  Y") == same_name("\u00e9X y")
    assert same_name("Bab") != same_name("B\u00e1b")
    assert name_fault("Kafr Hamra (north)") == ""
