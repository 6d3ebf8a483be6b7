"""Towns, who holds them, and how a name finds its town."""

from __future__ import annotations

import difflib
import functools
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, get_args

from sim.scenario.fields import name_fault, same_name
from sim.scenario.schema import Mandate
from sim.tabular.table import CsvRow, Table

if TYPE_CHECKING:
    from sim.geography.maps import Geography

ARTICLES = frozenset(("al", "el", "ad", "ed", "an", "ar", "as", "ash", "at", "az", "ul"))
_ARABIC_ARTICLE = "\u0627\u0644"
_ARABIC_SAME = str.maketrans({"\u0629": "\u0647", "\u0649": "\u064a", "\u0640": ""})  # final ta, final alif, stretch


@functools.lru_cache(maxsize=100_000)
def fold(name: str) -> str:
    """Return a name without what spellings differ in: case, accents, apostrophes, hyphens, articles, doubled letters.

    "Qal'at Izza" and "Qalat-Izzah" do not fold to the same (a final h is a letter); aliases cover such variants.
    """
    text = unicodedata.normalize("NFKD", name).translate(_ARABIC_SAME).casefold()
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    text = re.sub(r"['`\u2018\u2019\u02bb\u02bc\u02be\u02bf]", "", text)
    words = [word for word in re.split(r"[\W_]+", text) if word]
    retained = [word for i, word in enumerate(words) if word not in ARTICLES or i == len(words) - 1]
    retained = [word[2:] if word.startswith(_ARABIC_ARTICLE) and len(word) > 3 else word for word in retained]
    return re.sub(r"([^\W\d_])\1+", r"\1", "".join(retained))


def spellings(town: MapTown) -> tuple[str, ...]:
    """Return every word by which a place may be called: name, label, p-code, aliases."""
    words = (town.name, town.label, town.pcode, *town.aliases)
    return tuple(dict.fromkeys(word for word in words if word))


class Index:
    """Towns by name, and by folded spelling."""

    def __init__(self, places: Iterable[MapTown]) -> None:
        self.exact: dict[str, int] = {}
        self.folded: dict[str, list[int]] = {}
        self.names: list[str] = []
        for town, map_town in enumerate(places):
            self.names.append(map_town.name)
            self.exact[map_town.name] = town
            for word in spellings(map_town):
                towns = self.folded.setdefault(fold(word), [])
                if town not in towns:
                    towns.append(town)

    def find(self, word: str) -> int:
        """Return the town's index; raise KeyError with a message that suggests names."""
        if word in self.exact:
            return self.exact[word]
        folded = fold(word)
        towns = self.folded.get(folded, [])
        by_name = [town for town in towns if fold(self.names[town]) == folded]
        for matches in (towns, by_name):
            if len(matches) == 1:
                return matches[0]
        if towns:
            raise KeyError(
                f"{word!r} may be {' or '.join(repr(self.names[town]) for town in towns)}: use the full name"
            )
        raise KeyError(f"no town {word!r} on the map{self.suggest(word)}")

    def suggest(self, word: str) -> str:
        """Return ", did you mean 'name'?" for the nearest spelling, or an empty string."""
        close = difflib.get_close_matches(fold(word), list(self.folded), n=1, cutoff=0.6)
        return f", did you mean {self.names[self.folded[close[0]][0]]!r}?" if close else ""


@functools.lru_cache(maxsize=8)
def _index(geography: Geography) -> Index:
    return Index(geography.places)


def find_place(geography: Geography, word: str) -> int:
    """Return the row of a town by its name, label, alias or p-code, in any spelling.

    Raises:
        KeyError: if no town or more than one has the name; its first argument is a sentence with a suggestion.

    Example:
        >>> from sim.geography.maps import load_map
        >>> from sim.geography.towns import find_place
        >>> geography = load_map("two_valleys")
        >>> geography.places[find_place(geography, "castor bridge")].name
        'Castor Bridge'
    """
    return _index(geography).find(word)


TOWN_COLUMNS = ("name", "lat", "lon")

TOWN_OPTIONAL = (
    "label",
    "aliases",
    "pcode",
    "population",
    "value",
    "size_class",
    "coord_confidence",
    "role",
    "note",
    "governorate",
    "nahiyah",
    "admin1",
    "admin2",
)

CONTROL_COLUMNS = ("name", "groups")
CONTROL_OPTIONAL = ("date", "status", "code", "confidence", "note")
POST_COLUMNS = ("name", "lat", "lon")
POST_OPTIONAL = ("date", "confidence", "source")
GUARD_COLUMNS = ("name", "party", "fighters")
GUARD_OPTIONAL = ("date", "mandate", "confidence", "source")
MOST_GUARDS = 100_000  # fighters at one post
RESERVED = ("day", "date")

"""Columns of control_daily.csv, in which every town has a column of its own."""

STATUSES = ("held", "contested", "neutral")
WEAK_COORDINATES = ("estimated", "recalled", "weak")
UNDATED = date.min

"""The date under which a control.csv without dates is kept."""

PEOPLE = {
    "city": 40000.0,
    "large_town": 12000.0,
    "town": 5500.0,
    "village": 2000.0,
    "suburb": 4000.0,
    "crossing": 500.0,
    "base": 0.0,
    "hill": 0.0,
}

"""People assumed in a town of a size class where `population` is empty; a village's where both are."""

ROAD_VALUES = {"motorway": 1.0, "primary": 0.7, "secondary": 0.3}


@dataclass(frozen=True)
class MapTown:
    """One row of towns.csv. Coordinates in degrees WGS84; `value` 0..1 is what holding it is worth."""

    name: str
    aliases: tuple[str, ...] = ()
    pcode: str = ""
    lat: float = 0.0
    lon: float = 0.0
    population: float = 0.0
    value: float = 0.0
    coordinates_weak: bool = False
    note: str = ""
    label: str = ""
    line: int | None = None
    governorate: str = ""  # unit of the first level, whatever the country calls it: column `admin1` or `governorate`
    nahiyah: str = ""  # the local unit: column `admin2` or `nahiyah`


@dataclass(frozen=True)
class Holding:
    """Who held one town on one date; `groups[0]` is the main holder, empty if neutral. `weak` is for drawing only."""

    status: str
    groups: tuple[str, ...] = ()
    code: str = ""
    weak: bool = False
    note: str = ""
    line: int | None = None


@dataclass(frozen=True)
class Post:
    """An observation post; `date` is text, as exact as the source."""

    name: str
    lat: float
    lon: float
    date: str = ""
    source: str = ""
    confidence: str = ""


@dataclass(frozen=True)
class GuardPost:
    """Peacekeepers of a party in a town from a day on; 0 fighters: they have left it. `mandate` is "" if it is the party's."""

    town: int  # row of the town
    party: str
    fighters: int
    since: date
    mandate: str = ""


def worth(links: int, road_class: str, population: float) -> float:
    """Return a town's value, 0..1: 0.4 for junctions, 0.3 for its best road, 0.3 for its people. A plain weight, assumed.

    Junctions: road links beyond two, full at four more. Roads: motorway 1, primary 0.7, secondary 0.3. People: on a
    log scale, 0 at a thousand and 1 at a hundred thousand.
    """
    junction = min(max(links - 2, 0) / 4, 1.0)
    people = min(max(math.log10(max(population, 1.0) / 1000) / 2, 0.0), 1.0)
    return round(0.4 * junction + 0.3 * ROAD_VALUES.get(road_class, 0.0) + 0.3 * people, 4)


def named(table: Table, row: CsvRow, longest: int = 80) -> str:
    """Return the cell `name`, or an empty text and a fault."""
    name = row["name"].strip()
    if not name or len(name) > longest:
        table.fault(row.line, "name", "is empty" if not name else f"is longer than {longest} characters")
        return ""
    if fault := name_fault(name):
        table.fault(row.line, "name", f"{name[:40]!r} {fault}")
    if name in RESERVED:
        message = f"{name!r} is the name of a column of control_daily.csv; write it otherwise, such as {name.title()!r}"
        table.fault(row.line, "name", message)
    return name


def listed(text: str) -> tuple[str, ...]:
    """Return the parts of a semicolon-separated cell, without repetition."""
    return tuple(dict.fromkeys(part.strip() for part in text.split(";") if part.strip()))


def town_of(table: Table, row: CsvRow) -> MapTown:
    """Return one row of towns.csv; `value` is -1 if the file gives none. Faults go to the table."""
    size = table.choice(row, "size_class", tuple(PEOPLE), "village")
    confidence = table.choice(row, "coord_confidence", ("sourced", *WEAK_COORDINATES), "sourced")
    value = table.number(row, "value", 0, 1, default=-1.0)
    return MapTown(
        name=named(table, row),
        aliases=listed(row["aliases"]),
        pcode=row["pcode"].strip(),
        lat=table.number(row, "lat", -85, 85),
        lon=table.number(row, "lon", -180, 180),
        population=table.number(row, "population", 0, 1e8, default=PEOPLE[size]),
        value=value,
        coordinates_weak=confidence in WEAK_COORDINATES,
        note="; ".join(text for text in (row["role"].strip(), row["note"].strip()) if text),
        label=row["label"].strip() or named_short(row["name"]),
        line=row.line,
        governorate=row["admin1"].strip() or row["governorate"].strip(),
        nahiyah=row["admin2"].strip() or row["nahiyah"].strip(),
    )


def named_short(name: str) -> str:
    """Return a name without what stands in brackets."""
    return name.split(" (")[0].strip()


def read_towns(table: Table) -> list[MapTown]:
    """Return the towns in the order of the file; a name that stands twice is a fault."""
    places: list[MapTown] = []
    first: dict[str, int] = {}
    for row in table.rows:
        town = town_of(table, row)
        known = first.setdefault(same_name(town.name), row.line)
        if town.name and known != row.line:
            table.fault(
                row.line, "name", f"{town.name!r} stands on line {known} already; every town needs a name of its own"
            )
        places.append(town)
    if not places and table.columns:
        table.fault(None, "", "has no towns")
    return places


def read_posts(table: Table) -> tuple[Post, ...]:
    """Return the observation posts."""
    posts = []
    for row in table.rows:
        lat, lon = table.number(row, "lat", -85, 85), table.number(row, "lon", -180, 180)
        posts.append(
            Post(named(table, row), lat, lon, row["date"].strip(), row["source"].strip(), row["confidence"].strip())
        )
    return tuple(posts)


def read_guards(table: Table, names: Sequence[str], suggest: Callable[[str], str]) -> tuple[GuardPost, ...]:
    """Return the posts of peacekeepers, by day; a party has one row a town and day."""
    index = {name: town for town, name in enumerate(names)}
    first: dict[tuple[str, str, date], int] = {}
    posts = []
    for row in table.rows:
        name, party, day = row["name"].strip(), row["party"].strip(), _day(table, row)
        fighters = table.count(row, "fighters", MOST_GUARDS)
        mandate = table.choice(row, "mandate", get_args(Mandate), "")
        table.choice(row, "confidence", ("sourced", "weak"), "sourced")  # for readers of the file: no rule asks
        if name not in index:
            table.fault(row.line, "name", f"no town {name!r} in towns.csv{suggest(name)}")
        elif not party:
            table.fault(row.line, "party", "is empty; write the faction of the scenario that guards the town")
        elif day is not None:
            known = first.setdefault((name, party, day), row.line)
            if known != row.line:
                table.fault(row.line, "name", f"{name!r} stands on line {known} already for {party}{_on(day)}")
            posts.append(GuardPost(index[name], party, fighters, day, mandate))
    return tuple(sorted(posts, key=lambda post: (post.since, post.town)))


def read_control(table: Table, names: Sequence[str], suggest: Callable[[str], str]) -> dict[date, tuple[Holding, ...]]:
    """Return who held each town on each date, in the order of `names`. `suggest(word)` gives ", did you mean ...?"."""
    index = {name: town for town, name in enumerate(names)}
    by_day: dict[date, dict[int, Holding]] = {}
    for row in table.rows:
        name, day = row["name"].strip(), _day(table, row)
        if name not in index:
            table.fault(row.line, "name", f"no town {name!r} in towns.csv{suggest(name)}")
            continue
        if day is None:
            continue
        rows = by_day.setdefault(day, {})
        if index[name] in rows:
            table.fault(row.line, "name", f"{name!r} stands on line {rows[index[name]].line} already{_on(day)}")
            continue
        rows[index[name]] = _holding(table, row)
    for day, rows in sorted(by_day.items()):
        absent = [name for name, town in index.items() if town not in rows]
        if absent:
            more = f" and {len(absent) - 5} more" if len(absent) > 5 else ""
            table.fault(
                None,
                "name",
                f"no row{_on(day)} for {', '.join(repr(name) for name in absent[:5])}{more}; every town needs one a date",
            )
    if not by_day and table.columns and not table.rows:
        table.fault(None, "", "has no rows; every town needs one")
    return {
        day: tuple(rows[town] for town in range(len(names)))
        for day, rows in sorted(by_day.items())
        if len(rows) == len(names)
    }


def _on(day: date) -> str:
    return "" if day == UNDATED else f" on {day.isoformat()}"


def _day(table: Table, row: CsvRow) -> date | None:
    return table.day(row, "date") if "date" in table.columns else UNDATED


def _holding(table: Table, row: CsvRow) -> Holding:
    """Return one row of control.csv; faults where status and groups do not fit."""
    groups = listed(row["groups"])
    status = table.choice(row, "status", STATUSES, "held" if groups else "neutral")
    if status == "held" and not groups:
        table.fault(row.line, "groups", "is empty; a town that is held needs its group (or status neutral)")
    elif status == "contested" and len(groups) < 2:
        table.fault(row.line, "groups", "a contested town needs at least two groups, separated by semicolons")
    elif status == "neutral" and groups:
        table.fault(row.line, "groups", f"a neutral town has no groups, found {'; '.join(groups)}")
    weak = table.choice(row, "confidence", ("sourced", "weak"), "sourced") == "weak"
    return Holding(status, groups, row["code"].strip(), weak, row["note"].strip(), row.line)
