"""Observed events and agreements as the logs that simulated runs give, from any UCDP GED or ACLED-style CSV file.

Only the columns named in `GED` and `ACLED` are read; the file stays where it is and nothing of it is stored.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from sim.errors import Fault, InputError
from sim.history.declared import Patterns
from sim.scenario.files import display
from sim.statistics.log import Log
from sim.statistics.patterns import Holds, Theatre, measure, samples

Names = Collection[str]
REGION = 4  # where_prec of UCDP GED from which a row sums up a region
ACLED_REGION = 3  # geo_precision of ACLED likewise
MOST_FAULTS = 20
INSURGENTS = (
    "Syrian insurgents",
)  # how UCDP GED names rebels against whom a government fights without telling groups apart
NO_HOLDS = Holds(np.zeros(0, np.int64), np.zeros(0), np.zeros(0, bool))


class Form(NamedTuple):
    """How a kind of file names what is read of it; the first of several columns that is there is taken."""

    name: str
    needed: tuple[str, ...]
    start: str
    end: tuple[str, ...]
    deaths: str
    precision: tuple[str, ...]
    region: int
    place: tuple[str, ...]
    sides: tuple[tuple[str, ...], tuple[str, ...]]
    losses: tuple[str, str] | None


GED = Form(
    name="UCDP GED",
    needed=("date_start", "latitude", "longitude", "best"),
    start="date_start",
    end=("date_end",),
    deaths="best",
    precision=("where_prec",),
    region=REGION,
    place=("location", "where_coordinates", "where_description"),
    sides=(("side_a",), ("side_b",)),
    losses=("deaths_a", "deaths_b"),
)
ACLED = Form(
    name="ACLED",
    needed=("event_date", "latitude", "longitude", "fatalities"),
    start="event_date",
    end=(),
    deaths="fatalities",
    precision=("geo_precision",),
    region=ACLED_REGION,
    place=("location",),
    sides=(("actor1", "assoc_actor_1"), ("actor2", "assoc_actor_2")),
    losses=None,
)


def read_log(path: Path, start: date, days: int, sides: tuple[Names, Names] | None = None) -> Log:
    """Return the lethal events of a UCDP GED or ACLED-style CSV file in a window of `days` days from `start`.

    `sides`: names of the first side and of its rivals; events between the two are kept, all where it is None. A name
    is found anywhere in an actor's, as whole words, without regard to case, hyphens and apostrophes. A row that sums up a
    region (place precision 4-6 of GED, 3 of ACLED) is a summary. ACLED rows without deaths are left out, as GED has
    none; ACLED does not say which side the dead were of, so `losses` is zero there.
    InputError where the file cannot be read or a date, place or number is wrong, with the line.
    """
    frame, form = _frame(path)
    begun, ended = _days(frame, form.start, path), _days(frame, _first(frame, form.end) or form.start, path)
    day = (begun - pd.Timestamp(start)).dt.days.to_numpy(dtype=np.int64)
    end = np.maximum((ended - pd.Timestamp(start)).dt.days.to_numpy(dtype=np.int64), day)
    deaths = _number(frame, form.deaths, path).astype(np.int64)
    keep = (day >= 0) & (day < days)
    if form is ACLED:
        keep &= deaths > 0
    losses = _losses(frame, form, path)
    if sides is not None:
        ahead, behind = _between(frame, form, sides)
        keep &= ahead | behind
        losses = np.where(behind[:, None], losses[:, ::-1], losses)
    rows = np.flatnonzero(keep)
    rows = rows[np.argsort(day[rows], kind="stable")]
    place = _first(frame, form.place)
    names = frame[place].to_numpy(dtype=object) if place else np.full(len(frame), "", dtype=object)
    lat, lon = (_number(frame, name, path) for name in ("latitude", "longitude"))
    summary = _summary(frame, form, path)
    return Log(
        day[rows], np.minimum(end[rows], days - 1), names[rows], lat[rows], lon[rows], deaths[rows], summary[rows], days,
        losses[rows],
    )  # fmt: skip


def join(logs: Sequence[Log]) -> Log:
    """Return the events of several logs of one window as one log, in order of their day."""
    if len(logs) == 1:
        return logs[0]
    order = np.argsort(np.concatenate([log.day for log in logs]), kind="stable")
    names = ("day", "end", "place", "lat", "lon", "deaths", "summary", "losses")
    parts = {name: np.concatenate([getattr(log, name) for log in logs])[order] for name in names}
    return Log(days=logs[0].days, **parts)


def read_holds(path: Path, start: date, days: int) -> Holds:
    """Return the agreements among rebels of a table such as maps/greater_idlib/ceasefires.csv signed in a window.

    Columns: type (rows of a government, GOV..., are left out), date_start, hold_days_until_organised_relapse, empty where
    it was in force at the end of the record, which then is the window's end. A hold that goes on beyond the window is
    censored there.
    """
    frame = _table(path, ("type", "date_start", "hold_days_until_organised_relapse", "censored"))
    frame = frame[~frame["type"].str.startswith("GOV")].reset_index(drop=True)
    signed = (_days(frame, "date_start", path) - pd.Timestamp(start)).dt.days.to_numpy(dtype=np.int64)
    held = pd.to_numeric(frame["hold_days_until_organised_relapse"], errors="coerce").to_numpy(dtype=float)
    inside = (signed >= 0) & (signed < days)
    left = (days - signed).astype(float)
    going_on = np.isnan(held) | (held > left)
    return Holds(signed[inside], np.where(going_on, left, held)[inside], going_on[inside])


def _table(path: Path, needed: Sequence[str]) -> pd.DataFrame:
    """Return a CSV file with all cells as text; InputError where it is none or lacks a column."""
    shown = display(path)
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig", skipinitialspace=True)
    except FileNotFoundError:
        raise InputError([Fault(shown, None, "", "no such file")]) from None
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        said = " ".join(str(getattr(error, "strerror", None) or error).split())
        raise InputError([Fault(shown, None, "", f"cannot be read as CSV: {said}")]) from None
    if missing := [name for name in needed if name not in frame.columns]:
        raise InputError([Fault(shown, 1, missing[0], f"is missing; columns needed are {', '.join(needed)}")])
    return frame


def _frame(path: Path) -> tuple[pd.DataFrame, Form]:
    frame = _table(path, ())
    for form in (GED, ACLED):
        if set(form.needed) <= set(frame.columns):
            return frame, form
    forms = "; or ".join(f"{', '.join(form.needed)} ({form.name})" for form in (GED, ACLED))
    raise InputError(
        [Fault(display(path), 1, "header", f"is neither of UCDP GED nor of ACLED; columns needed: {forms}")]
    )


def _first(frame: pd.DataFrame, names: Sequence[str]) -> str | None:
    return next((name for name in names if name in frame.columns), None)


def _wrong(frame: pd.DataFrame, column: str, bad: np.ndarray, needed: str, path: Path) -> None:
    """Raise InputError on the cells marked bad; lines are those of a file with one row a line."""
    rows = np.flatnonzero(bad)[:MOST_FAULTS]
    if len(rows):
        cells = [(int(row) + 2, str(frame[column].iloc[row])[:40]) for row in rows]
        shown = display(path)
        raise InputError([Fault(shown, line, column, f"{cell!r} is not {needed}") for line, cell in cells])


def _days(frame: pd.DataFrame, column: str, path: Path) -> pd.Series:
    found = pd.to_datetime(frame[column].str.strip(), errors="coerce", format="mixed")
    _wrong(frame, column, found.isna().to_numpy(), "a date such as 2018-10-29", path)
    return found.dt.normalize()


def _number(frame: pd.DataFrame, column: str, path: Path) -> np.ndarray:
    found = pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype=float)
    _wrong(frame, column, np.isnan(found), "a number", path)
    return found


def _summary(frame: pd.DataFrame, form: Form, path: Path) -> np.ndarray:
    column = _first(frame, form.precision)
    return np.zeros(len(frame), dtype=bool) if column is None else _number(frame, column, path) >= form.region


def _losses(frame: pd.DataFrame, form: Form, path: Path) -> np.ndarray:
    if form.losses is None or not set(form.losses) <= set(frame.columns):
        return np.zeros((len(frame), 2), dtype=np.int64)
    return np.stack([_number(frame, name, path).astype(np.int64) for name in form.losses], axis=1)


def _plain(text: str) -> str:
    return " ".join(re.sub(r"['’`]", "", text).replace("-", " ").casefold().split())


def _between(frame: pd.DataFrame, form: Form, sides: tuple[Names, Names]) -> tuple[np.ndarray, np.ndarray]:
    """Return which rows have the first side as their side a and a rival as b, and which the other way round."""
    actors = [_actors(frame, form, number) for number in (0, 1)]
    words = [re.compile("|".join(rf"\b{re.escape(_plain(name))}\b" for name in names)) for names in sides]
    first_a, rival_a, first_b, rival_b = (
        np.array([bool(pattern.search(name)) for name in column]) for column in actors for pattern in words
    )
    ahead = first_a & rival_b
    return ahead, rival_a & first_b & ~ahead


def _actors(frame: pd.DataFrame, form: Form, number: int) -> list[str]:
    """Return the actors of a side, in plain letters; from the dyad's name "A - B" where sides have no columns."""
    columns = [name for name in form.sides[number] if name in frame.columns]
    if columns:
        return [_plain(" ".join(cells)) for cells in frame[columns].itertuples(index=False)]
    if "dyad_name" not in frame.columns:
        return [""] * len(frame)
    return [_plain([*text.split(" - ", 1), ""][number]) for text in frame["dyad_name"]]


def observe(files: Sequence[Path], declared: Patterns, file: Path) -> dict[str, float]:
    """Return the declared figures that some files of events, and the declared table of agreements, give.

    `file` is that of the patterns. Figures for which there is no event in the window are left out: those of rebels need
    fighting between the two sides, P12 government against rebels. P11 is not in event files.
    """
    sides = declared.sides
    rebels = (sides.first.names, sides.rivals.names)
    found: dict[str, float] = {}
    for name, window in declared.windows.items():
        start, days = window.start, window.days
        log = join([read_log(path, start, days, rebels) for path in files])
        holds = read_holds(file.parent / declared.agreements, start, days) if declared.agreements else NO_HOLDS
        deaths = _government_deaths(files, declared, start, days)
        measured = measure(samples(log, holds, Theatre(before=deaths, after=deaths)))
        names = [key for key in declared.names_in(name) if not math.isnan(measured[key])]
        found |= {key: measured[key] for key in names if len(log) or key.startswith(("P6", "P12"))}
    return found


def _government_deaths(files: Sequence[Path], declared: Patterns, start: date, days: int) -> tuple[int, int] | None:
    """Return the deaths between government and rebels in a window, and its days; None where the files have none."""
    sides = declared.sides
    if sides.government is None:
        return None
    rebels = [*sides.first.names, *sides.rivals.names, *INSURGENTS]
    logs = [read_log(path, start, days, (sides.government.names, rebels)) for path in files]
    return (sum(int(log.deaths.sum()) for log in logs), days) if any(len(log) for log in logs) else None
