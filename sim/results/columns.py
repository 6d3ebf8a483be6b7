"""The columns of every written file, with type, unit and meaning, and the formats of exports."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Literal, NamedTuple

SCHEMA_VERSION = 4  # raise with every change of a file, a column or its meaning
Kind = Literal["text", "int", "float", "date"]


class Column(NamedTuple):
    """One column of a file. An empty cell is none: "" in text, NaN in float, NaT in date; ints are never empty."""

    name: str
    kind: Kind
    unit: str
    about: str


class FileDoc(NamedTuple):
    """One file of a run's folder, with its columns where it is a table."""

    name: str
    about: str
    columns: tuple[Column, ...] = ()


def _columns(*rows: tuple[str, Kind, str, str]) -> tuple[Column, ...]:
    return tuple(Column(*row) for row in rows)


EVENTS = _columns(
    ("event_id", "text", "", "E000001 and so on, in the order of the simulated days"),
    ("cause_id", "text", "", "the event that caused it; empty where none did"),
    ("day", "int", "days", "0 is the scenario's first day"),
    ("date", "date", "", "first day plus `day`"),
    ("given", "int", "0 or 1", "1 asserted by the scenario, 0 simulated"),
    ("kind", "text", "", "kind of event, see below"),
    ("rule", "text", "", "rule that made it, see below"),
    ("level", "int", "0..5", "escalation level of the two factions at the time; the new one for level_change"),
    ("initiator", "text", "", "code of the faction that acts"),
    ("target", "text", "", "code of the other faction"),
    ("initiator_group", "text", "", "group that acts"),
    ("target_group", "text", "", "the other group"),
    ("town", "text", "", "town, as the map names it"),
    ("lat", "float", "degrees", "WGS84, of the town"),
    ("lon", "float", "degrees", "WGS84, of the town"),
    ("deaths_initiator", "int", "fighters", "killed on the initiator's side"),
    ("deaths_target", "int", "fighters", "killed on the target's side"),
    ("deaths_civilians", "int", "civilians", "killed"),
    ("probability", "float", "0..1", "chance of what happened, on that day; 1 where nothing was drawn"),
    ("draw", "float", "0..1", "uniform draw that decided; empty where nothing was drawn"),
    ("moved_by", "text", "", "what moved the chance, each with its factor, in words"),
    ("text", "text", "", "the event in a sentence"),
    ("agreement_id", "text", "", "agreement signed, broken or expired, or in force where it happened in spite of one, see agreements.csv"),
    ("fighters", "int", "fighters", "sent, committed by both sides, or moved by a policy; for some kinds another number: "
     "commander_killed the rank, 1 local to 3 sector; displacement the people who flee; account 1 assassination or 2 forced entry; "
     "civilian_arrest, civilian_injury and civilian_abduction the role, 0 media worker, 1 health worker, 2 activist"),
)  # fmt: skip

DAILY = _columns(
    ("day", "int", "days", "0 is the start; row d is the state at the end of day d - 1 of events.csv"),
    ("date", "date", "", "the state is that of this day's morning; counts of a day are those of the day before"),
    ("<code>_towns", "int", "towns", "held; contested towns not counted"),
    ("<code>_contested", "int", "towns", "contested towns in which it stands"),
    ("<code>_influence", "float", "0..1", "mean influence over all towns"),
    ("<code>_fighters", "int", "fighters", "alive"),
    ("<code>_deaths", "int", "fighters", "own fighters killed on the day before"),
    ("<code>_bases", "int", "bases", "open in towns held by others"),
    ("<code>_fatigue", "float", "0 and more", "war fatigue"),
    ("<code>_threat", "float", "0..1", "perceived threat of an offensive"),
    ("level_<A>_<B>", "int", "0..5", "escalation level of the pair"),
    ("deaths_<A>_<B>", "int", "deaths", "on both sides at each other's hands, on the day before"),
    ("clashes", "int", "towns", "with fighting on the day before, also with the government"),
    ("disputes", "int", "disputes", "not settled"),
    ("agreements", "int", "agreements", "in force"),
    ("civilian_deaths", "int", "civilians", "killed on the day before"),
    ("offensive", "int", "0, 1 or 2", "0 none, 1 mobilised, 2 under way"),
    ("columns", "int", "forces", "on the way"),
    ("displaced", "int", "people", "away from home because of the fighting"),
    ("pressure", "int", "acts", "arrests, injuries and abductions of civilians on the day before"),
    (
        "changes",
        "int",
        "changes",
        "of control code on the day before: those of control_changes.csv without a group that passes its towns to a sister",
    ),
)

REPORTS = _columns(
    ("report_id", "text", "", "R000001 and so on, in the order of the days of the events reported"),
    ("event_id", "text", "", "the event reported, see events.csv; empty for a false claim and for a summary"),
    ("outlet", "text", "", "code of the faction whose outlet it is, or `monitor`"),
    ("day", "int", "days", "day of the report; may lie after the last day simulated"),
    ("date", "date", "", "of the report"),
    ("event_day", "int", "days", "day it gives for the event; the last one that a summary covers"),
    ("event_date", "date", "", "first day of the run plus `event_day`"),
    ("kind", "text", "", "kind of event, as in events.csv"),
    ("initiator", "text", "", "code of the faction that it says began, true or not"),
    ("target", "text", "", "code of the other faction"),
    ("initiator_group", "text", "", "group of the initiator that it names; empty in a summary and in a false claim"),
    ("target_group", "text", "", "group of the target that it names; empty in a summary and in a false claim"),
    ("town", "text", "", "town that it names; empty in a summary"),
    ("lat", "float", "degrees", "WGS84, of that town"),
    ("lon", "float", "degrees", "WGS84, of that town"),
    ("precision", "int", "1, 2 or 4", "1 the town, 2 a place near the one where it happened, 4 the region only"),
    ("deaths_initiator", "int", "fighters", "killed on the side of the initiator named; the monitor writes a toll it does not know as 2 and 2"),
    ("deaths_target", "int", "fighters", "killed on the side of the target named"),
    ("deaths_civilians", "int", "civilians", "killed"),
    ("deaths_total", "int", "deaths", "sum of the three, and of deaths on an unknown side"),
    ("summary", "int", "0 or 1", "1 sums up deaths that the monitor had missed"),
    ("first_date", "date", "", "first day that it covers; `event_date` but in a summary"),
    ("text", "text", "", "the report in a sentence"),
)  # fmt: skip

CONTROL_CHANGES = _columns(
    ("day", "int", "days", "day of the change, as in events.csv"),
    ("date", "date", "", "of the change"),
    ("town", "text", "", "town"),
    ("from", "text", "", "control code before: faction's code, MIXED contested, NEUTRAL nobody"),
    ("to", "text", "", "control code after"),
    ("from_group", "text", "", "group that held it, or the stronger where contested"),
    ("to_group", "text", "", "group that holds it, or the stronger where contested"),
    ("how", "text", "", "kind of the event that changed it; `presence` where no event names it"),
    ("event_id", "text", "", "that event; empty with `presence`"),
    ("cause_id", "text", "", "the cause of that event"),
)

CONTROL_DAILY = _columns(
    ("day", "int", "days", "0 is the start; row d is the state at the end of day d - 1 of events.csv"),
    ("date", "date", "", "the state is that of this day's morning"),
    ("<town>", "text", "", "control code: faction's code, MIXED contested, NEUTRAL nobody"),
)

CONTROL_START_END = _columns(
    ("name", "text", "", "town"),
    ("start", "text", "", "control code at the start"),
    ("end", "text", "", "control code at the end"),
)

AGREEMENTS = _columns(
    ("agreement_id", "text", "", "A001 and so on, in the order of their making"),
    ("name", "text", "", "as the scenario names it, else its sides and day of signing"),
    (
        "parties",
        "text",
        "",
        "the two sides, or all of an accord; of a coalition that does not sign as a whole, its groups",
    ),
    ("scope", "text", "", "town, sector or all_fronts"),
    ("town", "text", "", "town in the middle of the scope; empty on all fronts"),
    ("terms", "text", "", "names of its terms, with commas between"),
    ("mediator", "text", "", "group that mediated"),
    ("signed", "date", "", "day of signing, may be before the start"),
    (
        "ended",
        "date",
        "",
        "day on which it was broken or expired, an accord of several parties for the first time; empty while in force",
    ),
    ("days_held", "int", "days", "from signing to its end, or to the end of the run"),
    ("censored", "int", "0 or 1", "1 still in force at the end of the run"),
    ("status", "text", "", "in_force, broken or expired, at the end of the run"),
    ("broken_by", "text", "", "group that broke it"),
    ("cause_id", "text", "", "the event that ended it, see events.csv"),
    ("violations", "int", "violations", "clashes and incidents in its scope while in force"),
    ("given", "int", "0 or 1", "1 asserted by the scenario, 0 simulated"),
    ("kind", "text", "", "truce, in the middle of fighting, or settlement, which ends a campaign or a quarrel"),
    ("held_back", "int", "attacks", "attacks that it holds back at the end of the run; 0 once it has released them"),
)

CAMPAIGNS = _columns(
    ("campaign_id", "text", "", "C001 and so on, in the order of their decisions"),
    ("event_id", "text", "", "the decision, see events.csv"),
    ("initiator", "text", "", "group whose leaders decided on it"),
    ("target", "text", "", "group against which"),
    ("with_initiator", "text", "", "groups that fight on the initiator's side, itself included, with commas between"),
    ("with_target", "text", "", "groups that fight on the target's side, itself included, with commas between"),
    ("decided", "date", "", "day of the decision"),
    ("opened", "date", "", "day of the first clash; empty if there was none"),
    ("ended", "date", "", "day of its end; empty while it is under way"),
    ("days", "int", "days", "from its opening to its end, or to the end of the run; 0 if it was not fought"),
    ("censored", "int", "0 or 1", "1 still under way at the end of the run"),
    ("first_towns", "int", "towns", "towns in which the two factions fought on the day of its opening and the next"),
    ("strikes", "int", "columns", "columns ordered to attack, by both sides"),
    ("by_battle", "int", "towns", "towns that the initiator's side took by battle"),
    ("by_handover", "int", "towns", "towns whose garrison handed them over to it by a local agreement"),
    ("by_withdrawal", "int", "towns", "towns that it took over because nobody of the other side was left"),
    ("deaths", "int", "fighters", "fighters of both factions killed in clashes between them since the decision"),
    (
        "outcome",
        "text",
        "",
        "under way, aim met, group broken, exhausted, mediated or offensive, at the end of the run",
    ),
)

SUMMARY = _columns(
    ("name", "text", "", "key of the statistic"),
    ("value", "text", "", "a number or a control code; empty for none"),
    ("unit", "text", "", "unit"),
    ("about", "text", "", "what it counts"),
)

FILES: dict[str, FileDoc] = {
    "events": FileDoc("events.csv", "One row an event.", EVENTS),
    "events_reported": FileDoc("events_reported.csv", "One row a report: what the outlets of the rebel factions and one monitor say happened, "
        "late, in part and not always truly. Observed data are held against the monitor's.", REPORTS),
    "daily": FileDoc("daily.csv", "One row a day: towns, influence, fighters, deaths, levels.", DAILY),
    "control_changes": FileDoc("control_changes.csv", "One row for each town under another control code, or group, than a day before.", CONTROL_CHANGES),
    "control_daily": FileDoc("control_daily.csv", "Who holds each town, day by day.", CONTROL_DAILY),
    "control_start_end": FileDoc("control_start_end.csv", "Who holds each town at the start and at the end.", CONTROL_START_END),
    "agreements": FileDoc("agreements.csv", "One row an agreement.", AGREEMENTS),
    "campaigns": FileDoc("campaigns.csv", "One row a campaign: a war that the leaders of one group decided on against another.", CAMPAIGNS),
}  # fmt: skip

SUMMARY_CSV = FileDoc("summary.csv", "The summary statistics, one row each.", SUMMARY)

OTHER_FILES: tuple[FileDoc, ...] = (
    FileDoc("report.html", "The run on one page that plays without a server or a network: answer, days, events, towns, numbers, how to cite."),
    FileDoc("maps/", "Control maps of the first, last and key days as PNG and SVG, and an animated GIF; with `--video`, also MP4 or WebM."),
    FileDoc("manifest.json", "What made the run: scenario, seed, values of inputs, versions, platform, command, times, and SHA-256 of every file."),
    FileDoc("scenario.yaml", "The scenario with all its defaults; it runs as it is."),
    FileDoc("map/", "The map that the run is on, under its name: `verify`, `run`, `watch` and the others use it, so that the folder works elsewhere."),
    FileDoc("summary.json", "The summary statistics: key and value."),
)  # fmt: skip


def _pattern(column: Column) -> re.Pattern[str]:
    return re.compile(
        "".join(".+" if part.startswith("<") else re.escape(part) for part in re.split(r"(<\w+>)", column.name))
    )


def column_of(file: str, name: str) -> Column | None:
    """Return the column of one of `FILES` that a name in the file stands for; None where it is not documented.

    A plain name goes before a pattern, a pattern with plain parts before `<town>`.
    """
    columns = FILES[file].columns
    for column in columns:
        if column.name == name:
            return column
    matches = [column for column in columns if "<" in column.name and _pattern(column).fullmatch(name)]
    return matches[0] if matches else None


def kind_of(file: str, name: str) -> Kind | None:
    """Return the kind of a column of one of `FILES` by its name in the file; None where it is not documented."""
    column = column_of(file, name)
    return column.kind if column is not None else None


class Format(StrEnum):
    """What files to write."""

    GED = "ged"
    ACLED = "acled"
    GEOJSON = "geojson"
    GPKG = "gpkg"
    ADMIN2 = "admin2"
    CSV = "csv"


class Period(StrEnum):
    """The time that one row of a table by administrative units is about."""

    WEEK = "week"
    MONTH = "month"


class LogName(StrEnum):
    """Which log of a run: the monitor's reports, or the true events."""

    REPORTED = "reported"
    TRUE = "true"
