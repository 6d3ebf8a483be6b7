"""Make a map and a first scenario from a list of towns and their holders."""

from __future__ import annotations

import csv
import io
import json
import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from textwrap import wrap

import numpy as np

from sim.errors import Fault, InputError
from sim.geography.grid import around, cell_side, great_circle_km, unfit
from sim.geography.lines import LINE_COLUMNS, MapLine, line_rows
from sim.geography.roads import DETOUR, REACH_KM, reach_of, straight_km
from sim.geography.town_list import COORDINATES, Gazetteer, fill, read_town_list, swapped
from sim.geography.towns import PEOPLE, TOWN_OPTIONAL, MapTown, listed, named_short, town_of
from sim.scenario.fields import name_fault, same_name
from sim.scenario.schema import CODE_WORDS, MIXED, NEUTRAL
from sim.tabular.table import MOST_FAULTS, CsvRow, Table

USUAL_ROAD_KM, USUAL_MAP = 8.0, 169  # median road and towns of the first theatre, to which the rules are fitted
USUAL_TOWNS = 120  # below this, rates a town are raised
MOST_RATE = 15.0  # times the fitted rate
LONGEST_CODE = 12  # letters of a name that needs no code
KM_A_DAY = 30.0  # default speed of a column, rules.movement.road_km_per_day


def first_scenario(
    name: str, title: str, start: date, fighters: Mapping[str, int], roads_km: Sequence[float], towns: int
) -> str:
    """Return the YAML of a scenario on the map `name`: factions with their fighters, reaches for such roads, rates for so many towns."""
    short = short_codes(fighters)
    factions = "".join(_faction(faction, number, short.get(faction, "")) for faction, number in fighters.items())
    return f"""\
# yaml-language-server: $schema=schema.json
# Written by new-map. All numbers are assumed: replace them by what you know. `run.py show` prints everything else.
question: {_quoted(f"Who gains towns in {title}, where does fighting begin, and do agreements last?")}
title: {_quoted(title)}
map: {_quoted(name)}

start: {start.isoformat()}
days: 120
evidence_until: {start.isoformat()}

# Roles: rebel (competes for towns), government (may attack rebels; at most one), patron_backed and neutral (stand aside),
# peacekeeper (guards towns and holds none).
factions:
{factions}{_rules(roads_km, towns)}"""


def short_codes(names: Iterable[str]) -> dict[str, str]:
    """Return a code for each name too long for a legend: its initials, or its first letters, with a number if they are taken."""
    names, codes = list(names), dict[str, str]()
    for name in names:
        if len(name) <= LONGEST_CODE:
            continue
        words = [word for part in re.split(r"[\W_]+", name) if len(word := part.removeprefix("ال")) > 2]
        initials = "".join(word[0] for word in words).upper() if len(words) > 1 else name[:4].upper()
        taken = {*codes.values(), *names, *CODE_WORDS}
        numbered = (initials if number == 1 else f"{initials}{number}" for number in range(1, MOST_HOLDERS + 2))
        codes[name] = next(code for code in numbered if code not in taken)
    return codes


def _faction(name: str, fighters: int, code: str) -> str:
    best, low, high = (max(20, 10 * round(fighters * share / 10)) for share in (1, 0.5, 2))
    quoted = _quoted(name)
    code_line = f"\n    code: {_quoted(code)}" if code else ""
    return f"""\
  {quoted}:
    role: rebel{code_line}
    groups:
      {quoted}:
        fighters: {{best: {best}, low: {low}, high: {high}, source: "assumed: about 200 a town"}}
"""


def _rules(roads_km: Sequence[float], towns: int) -> str:
    """Return wider reaches if towns lie far apart, and higher rates if they are few, than on the map of the fitted rules."""
    road_km, most = statistics.median(roads_km), reach_of(roads_km)
    apart, few = max(1.0, road_km / USUAL_ROAD_KM), min(MOST_RATE, max(1.0, USUAL_TOWNS / towns))
    attempts = [f"attempts_per_town_month: {_around(0.02 * few)}"] if few > 1 else []
    incidents = [f"per_pair_month: {_around(0.018 * few)}"] if few > 1 else []
    spread: list[str] = []
    if apart > 1:
        attempts += [f"reach_km: {int(min(most, 40 * apart))}", f"distance_km: {min(100, 10 * apart):.0f}"]
        incidents += [f"reach_km: {int(min(most, 12 * apart))}"]
        columns = int(min(most, 30 * apart))
        days = min(30.0, columns / KM_A_DAY)
        spread += [f"reach_km: {columns}", f"reach_days: {days:.1f}", f"near_km: {min(500, 60 * apart):.0f}"]
    if not attempts:
        return ""
    why = [f"roads of {road_km:g} km, here the median, in place of {USUAL_ROAD_KM:g} km"] if apart > 1 else []
    why += [f"{towns} towns in place of {USUAL_MAP}, which would see a fight only once in years"] if few > 1 else []
    rules = {"base_attempt": attempts, "incident": incidents, "spread": spread}
    text = "".join(
        f"  {rule}:\n" + "".join(f"    {line}\n" for line in lines) for rule, lines in rules.items() if lines
    )
    note = wrap(
        f"The rules are fitted to the first theatre (docs/sources.md). Adapted to {', and to '.join(why)}.", 117
    )
    return "\n" + "".join(f"# {line}\n" for line in note) + f"rules:\n{text}"


def _around(best: float) -> str:
    """Return an assumed number of two figures between half and twice itself, at most 1."""
    number = float(f"{min(0.5, best):.2g}")
    return f"{{best: {number:g}, low: {number / 2:g}, high: {number * 2:g}, source: assumed}}"


def _quoted(text: str) -> str:
    """Return the text quoted for YAML."""
    return json.dumps(text, ensure_ascii=False)


COLUMNS = ("name", "lat", "lon", "holder")
FEWEST_TOWNS, MOST_TOWNS, MOST_HOLDERS = 2, 2000, 20
RESERVED_WORDS = (MIXED, NEUTRAL, "CONTESTED")  # words that mean no one holder
LONGEST_KM = 1500.0  # the projection keeps distances within a few per cent up to about here
PEOPLE_PER_JUNCTION = 1.6  # assumed: more people by this factor for each road beyond two
FIGHTERS_PER_TOWN = 200  # about that of the first theatre: some 58,000 fighters, 169 towns, half of them reserves


@dataclass(frozen=True)
class Guess:
    """A map in the making: towns, the groups that stand in each, roads as pairs, and what was guessed."""

    places: tuple[MapTown, ...]
    holders: tuple[tuple[str, ...], ...]
    roads: tuple[tuple[int, int], ...]
    cell_km: float
    said: tuple[str, ...]

    @property
    def factions(self) -> tuple[str, ...]:
        """Every holder, the one with most towns first."""
        names = [name for group in self.holders for name in group]
        return tuple(sorted(dict.fromkeys(names), key=lambda name: (-names.count(name), name)))

    @property
    def road_km(self) -> float:
        """Median length of a road."""
        return statistics.median(self.roads_km)

    @property
    def roads_km(self) -> list[float]:
        """Length of each road."""
        return [self.km(road) for road in self.roads]

    @property
    def fighters(self) -> dict[str, int]:
        """Fighters by holder, by the towns in which it stands; two who contest a town share it."""
        towns = {name: sum(1 / len(group) for group in self.holders if name in group) for name in self.factions}
        return {name: round(FIGHTERS_PER_TOWN * number) for name, number in towns.items()}

    def km(self, road: tuple[int, int]) -> float:
        """Length of a road: the straight line and a quarter."""
        return max(0.1, round(DETOUR * straight_km(self.places[road[0]], self.places[road[1]]), 1))


def guess_map(path: Path, gazetteer: Gazetteer | None = None, fills: bool = False) -> Guess:
    """Read a list of towns and guess the rest of its map.

    Args:
        path: CSV or GeoJSON, see `sim.geography.town_list`.
        gazetteer: places of GeoNames, by which swapped coordinates are noticed.
        fills: whether empty coordinates and populations are filled from it.

    Raises:
        InputError: with all faults of the file.
    """
    faults: list[Fault] = []
    required = ("name", "holder") if fills else COLUMNS
    optional = (*TOWN_OPTIONAL, *COORDINATES) if fills else TOWN_OPTIONAL
    in_list = read_town_list(path, required, optional, faults)
    table = in_list.table
    if gazetteer is not None and fills:
        fill(in_list, gazetteer)
    if why := swapped(table, gazetteer):
        raise InputError([Fault(table.file, None, "lat, lon", f"latitude and longitude seem to be swapped: {why}")])
    all_read = not faults
    places = [town_of(table, row) for row in table.rows]
    holders = [_holders(table, row) for row in table.rows]
    _check_names(table, places)
    if all_read:  # else nothing is known of the towns taken together
        _check_whole(table, places, holders)
    if faults:
        first_faults = faults[:MOST_FAULTS]
        more = (
            [Fault(table.file, None, "", f"and {len(faults) - MOST_FAULTS} more faults")]
            if len(faults) > MOST_FAULTS
            else []
        )
        raise InputError([*first_faults, *more])
    roads = gabriel(places)
    people, guessed = _people(table.rows, places, roads)
    places = [replace(town, population=number) for town, number in zip(places, people, strict=True)]
    side = cell_side(places, {})
    guess = Guess(tuple(places), tuple(holders), tuple(roads), side, ())
    return replace(guess, said=(*in_list.notes, *_guess_sentences(guess, guessed)))


def _holders(table: Table, row: CsvRow) -> tuple[str, ...]:
    """Return who holds a town: one name, none for neutral, two or more, separated by semicolons, for contested."""
    names = listed(row["holder"])
    if [name.casefold() for name in names] == ["neutral"]:
        return ()
    for name in names:
        if name.upper() in RESERVED_WORDS:
            table.fault(
                row.line,
                "holder",
                f"{name!r} is no holder; leave a neutral town empty, name all who stand in a contested one",
            )
        if len(name) > 80 or any(sign in name for sign in '"\\\n\r\t'):
            table.fault(
                row.line,
                "holder",
                f"{name[:40]!r}: a name has at most 80 letters and no quotation marks or backslashes",
            )
        elif fault := name_fault(name):
            table.fault(row.line, "holder", f"{name!r} {fault}")
    return names


def _check_names(table: Table, places: Sequence[MapTown]) -> None:
    """Note names and places that stand twice."""
    lines: dict[str, int | None] = {}
    spots: dict[tuple[float, float], MapTown] = {}
    for town in places:
        known = lines.setdefault(same_name(town.name), town.line)
        if town.name and known != town.line:
            table.fault(town.line, "name", f"{town.name!r} stands on line {known} already")
        spot = (round(town.lat, 4), round(town.lon, 4))
        other = spots.setdefault(spot, town)
        if other is not town and town.lat == town.lat and town.lon == town.lon:
            table.fault(town.line, "lat, lon", f"{town.name} and {other.name} lie at the same place")


def _check_whole(table: Table, places: Sequence[MapTown], holders: Sequence[tuple[str, ...]]) -> None:
    """Note what is wrong with the towns taken together."""
    if not FEWEST_TOWNS <= len(places) <= MOST_TOWNS:
        table.fault(None, "", f"has {len(places)} towns, needs {FEWEST_TOWNS} to {MOST_TOWNS}")
    names = {name for group in holders for name in group}
    if places and not 1 <= len(names) <= MOST_HOLDERS:
        table.fault(None, "holder", f"names {len(names)} holders, needs 1 to {MOST_HOLDERS}")
    folded: dict[str, str] = {}
    for place, group in zip(places, holders, strict=True):
        for name in group:
            other = folded.setdefault(same_name(name), name)
            if other != name:
                table.fault(
                    place.line,
                    "holder",
                    f"{other!r} and {name!r} differ only in capital letters or blanks; write one of them",
                )
    if len(places) >= FEWEST_TOWNS and not table.faults:
        _check_extent(table, places)


def _check_extent(table: Table, places: Sequence[MapTown]) -> None:
    """Note towns that lie too far apart for one map, on the line of the one that is farthest from all others."""
    south, west, north, east = around(places, 0.0)
    middle = (south + north) / 2
    tall, wide = great_circle_km(south, west, north, west), great_circle_km(middle, west, middle, east)
    middle_lat, middle_lon = statistics.median(p.lat for p in places), statistics.median(p.lon for p in places)
    far = max(places, key=lambda place: great_circle_km(place.lat, place.lon, middle_lat, middle_lon))
    if east - west <= 180 and max(tall, wide) > LONGEST_KM:
        way = "south to north" if tall > wide else "west to east"
        fault = f"the towns lie up to {max(tall, wide):,.0f} km apart from {way}, at most {LONGEST_KM:,.0f} are allowed"
    else:
        fault = unfit((south, west, north, east))
    if fault:
        table.fault(far.line, "lat, lon", f"{fault}; {far.name} lies farthest out: is a coordinate wrong?")


def as_listed(faults: Iterable[Fault], guess: Guess, listed_in: str) -> list[Fault]:
    """Return faults of the files made from a list of towns as faults of the list `listed_in`, on its lines.

    Towns and holders stand in the files in the order of the list; scenario faults name a faction by its key.
    """
    first: dict[str, int | None] = {}
    for place, group in zip(guess.places, guess.holders, strict=True):
        for name in group:
            first.setdefault(name, place.line)
    found = []
    for fault in faults:
        line = None
        if fault.file.endswith(("towns.csv", "control.csv")) and fault.line is not None:
            line = guess.places[min(fault.line - 2, len(guess.places) - 1)].line
        elif fault.key.startswith("factions."):
            line = next((row for name, row in first.items() if name in fault.key), None)
        key = "holder" if fault.key.startswith("factions") or fault.key == "groups" else fault.key
        found.append(Fault(listed_in, line, key, fault.message))
    return list(dict.fromkeys(found))


def gabriel(places: Sequence[MapTown]) -> list[tuple[int, int]]:
    """Return the pairs of towns that the Gabriel graph joins; work grows with the cube of the number of towns."""
    lat = np.array([town.lat for town in places])
    lon = np.array([town.lon for town in places])
    points = np.column_stack((lon * np.cos(np.radians((lat.min() + lat.max()) / 2)), lat))
    apart = ((points[:, None, :] - points[None, :, :]) ** 2).sum(axis=2)
    pairs = []
    for a in range(len(places)):
        others = np.arange(a + 1, len(places))
        through = apart[a][None, :] + apart[others]  # [others, towns]: squared way over each third town
        through[:, a] = np.inf
        through[np.arange(len(others)), others] = np.inf
        free = through.min(axis=1) >= apart[a, others] * (1 - 1e-9)
        pairs += [(a, int(b)) for b in others[free]]
    return pairs


def _people(
    rows: Sequence[CsvRow], places: Sequence[MapTown], roads: Iterable[tuple[int, int]]
) -> tuple[list[float], int]:
    """Return people by town, and how many of these numbers are guessed from the number of roads."""
    ends = [town for road in roads for town in road]
    people, guessed = [], 0
    for town, (row, map_town) in enumerate(zip(rows, places, strict=True)):
        if row["population"].strip() or row["size_class"].strip():
            people.append(map_town.population)
        else:
            guessed += 1
            junctions = max(0, ends.count(town) - 2)
            people.append(float(round(PEOPLE["village"] * PEOPLE_PER_JUNCTION**junctions, -2)))
    return people, guessed


def _guess_sentences(guess: Guess, guessed: int) -> list[str]:
    """Say what was guessed, each as a sentence."""
    lengths = guess.roads_km
    south, west, north, east = around(guess.places, guess.cell_km)
    sentences = [
        f"Roads: {len(lengths)} between neighbours (Gabriel graph), each a quarter longer than the straight line: "
        f"{min(lengths):g} to {max(lengths):g} km, median {guess.road_km:g} km.",
        f"Extent: {south:.2f} to {north:.2f} N, {west:.2f} to {east:.2f} E, the towns and a margin of two cells.",
        f"Cells: {guess.cell_km:g} km, so that every town has one of its own.",
    ]
    if guessed:
        sentences.append(
            f"People: guessed for {guessed} of {len(guess.places)} towns, {PEOPLE['village']:,.0f} where two roads or fewer "
            f"meet and {PEOPLE_PER_JUNCTION:g} times as many for each further one."
        )
    return sentences


def map_files(
    guess: Guess, title: str, source: str, country: str = "", lines: Sequence[MapLine] = ()
) -> dict[str, str]:
    """Return the files of the map's folder by name; `lines` are drawn under the map."""
    names = [town.name for town in guess.places]
    towns = [
        (
            p.name,
            "" if p.label == named_short(p.name) else p.label,
            ";".join(p.aliases),
            p.pcode,
            p.lat,
            p.lon,
            f"{p.population:g}",
            "" if p.value < 0 else p.value,
            p.note,
        )
        for p in guess.places
    ]
    roads = [(names[a], names[b], guess.km((a, b)), "local_or_none", "guessed") for a, b in guess.roads]
    control = [
        (name, "neutral" if not group else "held" if len(group) == 1 else "contested", ";".join(group))
        for name, group in zip(names, guess.holders, strict=True)
    ]
    south, west, north, east = around(guess.places, guess.cell_km)
    settings = [("title", title), ("cell_km", f"{guess.cell_km:g}")]
    if (near_km := reach_of(guess.roads_km)) > REACH_KM:
        settings.append(("near_km", f"{near_km:g}"))
    settings += [
        (key, f"{value:.5f}")
        for key, value in zip(("south", "west", "north", "east"), (south, west, north, east), strict=True)
    ]
    settings += [("country", country)] if country else []
    drawn = {"lines.csv": _csv(LINE_COLUMNS, line_rows(lines))} if lines else {}
    return drawn | {
        "towns.csv": _csv(("name", "label", "aliases", "pcode", "lat", "lon", "population", "value", "note"), towns),
        "roads.csv": _csv(("a", "b", "km", "road_class", "kind"), roads),
        "control.csv": _csv(("name", "status", "groups"), control),
        "map.csv": _csv(("key", "value"), settings),
        "data_issues.md": _issues(guess, title, source),
    }


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def _issues(guess: Guess, title: str, source: str) -> str:
    """Return data_issues.md: what is guessed and should be replaced by what is known."""
    lines = "".join(f"- {sentence}\n" for sentence in guess.said)
    return (
        f"# Known faults of the data of {title}\n\nTowns and their holders are those of {source}. The rest is guessed; "
        f"replace it by what you know, in the CSV files of this folder:\n\n{lines}"
        "- Holders are taken as of one day, the start; add a column `date` to control.csv for more.\n"
    )
