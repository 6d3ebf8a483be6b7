"""No name of a theatre stands in the program: towns, groups, countries and their sources are data, in `scenarios/`."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.trust.processes import ROOT

SCENARIOS = ROOT / "scenarios"
WORD = re.compile(r"[^\W_]+")
INVENTED = "two_valleys"  # its places and groups are of no theatre, and are the examples of docstrings
OTHER_WORDS = (
    *("Syria", "Syrian", "Idlib", "Damascus", "Assad", "Sochi", "Astana", "Zenki", "Turkish", "Russian"),
    *(
        "loyalist",
        "loyalists",
        "Centrafrique",
        "Central African",
        "Bangui",
        "Seleka",
        "MINUSCA",
        "nahiya",
        "prefecture",
    ),
)
ALLOWED = {
    "has": "an English word, and a town",
    "Has": "an English word, and a town",
    "tip": "an English word, and a group in capitals",
    "other": "an English word, and a code in capitals",
    "Other": "an English word, and a code in capitals",
    "OTHER": "part of names of constants, such as OTHER_FILES",
    "government": "a role of the schema",
    "Government": "a role of the schema, and a word of ACLED",
    "GOVERNMENT": "a constant named after the role",
    "GOV": "the word for a government in the column `type` of tables of agreements, and the usual code of one",
}


def rows(file: Path) -> Iterator[dict[str, str]]:
    """Give the rows of a CSV file."""
    with file.open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def of_map(folder: Path) -> Iterator[str]:
    """Give the names of a map: its own, towns in all spellings, administrative areas, country."""
    yield folder.name
    for town in rows(folder / "towns.csv"):
        yield from (town.get(column) or "" for column in ("name", "label", "governorate", "nahiyah"))
        yield from (town.get("aliases") or "").split(";")
    yield from (row["value"] for row in rows(folder / "map.csv") if row["key"] in ("country", "title"))


def of_scenario(page: dict[str, Any]) -> Iterator[str]:
    """Give the names of a scenario or a part: factions, codes, groups, the zone and its guarantors, agreements."""
    for name, faction in page.get("factions", {}).items():
        yield from (name, faction.get("code") or "", faction.get("full_name") or "", *faction.get("groups", {}))
    zone = page.get("zone") or {}
    yield from (zone.get("name") or "", *(zone.get("guarantors") or ()))
    yield from page.get("agreements") or ()


def names() -> dict[str, list[list[str]]]:
    """Return all names of the theatres as lists of words in small letters, by their first word; brackets are left out."""
    found = set(OTHER_WORDS)
    for folder in (SCENARIOS / "maps").iterdir():
        found |= set(of_map(folder)) if folder.name != INVENTED else set()
    for file in (*SCENARIOS.glob("*.yaml"), *SCENARIOS.glob("parts/*.yaml")):
        if file.stem != INVENTED:
            found |= set(of_scenario(yaml.safe_load(file.read_text(encoding="utf-8"))))
    short = {re.sub(r"\(.*\)", "", name).strip() for name in found}
    by_first: dict[str, list[list[str]]] = {}
    for name in sorted(short):
        words = WORD.findall(name.casefold())
        if len(name) > 1 and words:
            by_first.setdefault(words[0], []).append(words)
    return by_first


def names_in(text: str, known: dict[str, list[list[str]]]) -> Iterator[tuple[int, str]]:
    """Give line and name of each name in a text, as whole words in any case, that is not allowed; an underline parts words."""
    for number, line in enumerate(text.splitlines(), 1):
        spelt = WORD.findall(line)
        words = [word.casefold() for word in spelt]
        for at, word in enumerate(words):
            for name in known.get(word, ()):
                here = " ".join(spelt[at : at + len(name)])
                if words[at : at + len(name)] == name and here not in ALLOWED:
                    yield number, here


def test_no_name_of_a_theatre_is_in_the_program() -> None:
    known, faults, files = names(), [], 0
    for file in sorted((ROOT / "sim").rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            files += 1
            text = file.read_text(encoding="utf-8")
            faults += [f"{file.relative_to(ROOT)}:{line}: {name}" for line, name in names_in(text, known)]
    assert files > 200
    assert not faults, "names of a theatre in the program:\n" + "\n".join(faults)


def test_the_search_finds_names_as_whole_words_in_any_case() -> None:
    known = names()
    assert sum(map(len, known.values())) > 1000
    text = 'a = "kafr_hamra"\nb = "Ndélé"  # HTS\nc = "the prefecture of Basse-Kotto"\nd = tip, has, Basse, htsx'
    found = [*names_in(text, known)]
    assert found == [(1, "kafr hamra"), (2, "Ndélé"), (2, "HTS"), (3, "prefecture"), (3, "Basse Kotto")]
    assert not [*names_in("Castor Bridge, League and Lanterns", known)]
