"""The report page of a run, and all pictures of its folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from sim import __version__
from sim.errors import InputError
from sim.files import write_whole
from sim.pages.run_document import record_run, run_document
from sim.pages.scripts import data_uri, environment, live_parts, pack_document
from sim.plots.map.animation import animate, film
from sim.plots.map.scene import code_name
from sim.plots.map.sheets import Atlas, control_map, key_days
from sim.plots.map.state import MapState, records, weak_towns
from sim.plots.style import PAGE_DPI, evidence_line, png_bytes, stamp, svg_bytes, webp_bytes
from sim.plots.timeline import timeline
from sim.results.phrases import (
    agreement_phrase,
    answer_sentence,
    full_names,
    policy_phrase,
    side_names,
    statistic_texts,
)
from sim.scenario.fields import inputs_of, units_of
from sim.scenario.schema import CODE_WORDS, Given, Policy, Scenario, agreement_names, peacekeepers
from sim.statistics.causes import turning_points
from sim.study.executors import in_parallel
from sim.text import agree, day_text, plural, shell

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sim.pages.history import Snapshot
    from sim.results.run import Run

MOST_BYTES = 1_000_000  # of the page of a usual run, so that it can be mailed

ALT = {
    "start": "Map of who holds each town at the start",
    "end": "Map of who holds each town at the end, changes ringed",
    "timeline": "Timeline of agreements, deaths, escalation levels and towns held",
}


@dataclass(frozen=True)
class Pictures:
    """Pictures, PNG or WebP as bytes, that the page carries."""

    start: bytes
    end: bytes
    timeline: bytes


@dataclass(frozen=True)
class Recording:
    """The days of a run as the page carries them, packed; or the reason why it has none."""

    days: str = ""  # sim.pages.scripts.pack_document
    reason: str = ""
    mornings: tuple[Snapshot, ...] = ()


def report(run: Run, pictures: Pictures, atlas: Atlas, recording: Recording | None = None) -> str:
    """Return the page; with a recording it plays the run."""
    scenario, inputs = run.scenario, assumed(run)
    first, last = atlas.states[0], atlas.states[atlas.states.days]
    page = environment().get_template("report.html.j2")
    return page.render(
        run=run,
        scenario=scenario,
        version=__version__,
        stamp=stamp(scenario, run.seed, f"{day_text(first.date)} to {day_text(last.date)}"),
        evidence=evidence_line(scenario),
        evidence_day=day_text(scenario.evidence_until),
        forecast=last.date > scenario.evidence_until,
        answer=answer_sentence(run),
        start_day=day_text(first.date),
        end_day=day_text(last.date),
        images={name: data_uri(getattr(pictures, name)) for name in ALT},
        alt=ALT,
        balance=balance(atlas, first, last),
        changed=changed_towns(run, atlas, first, last),
        points=turning_points(run),
        agreements=agreement_rows(run),
        numbers=statistic_texts(run.summary, int(run.agreements["given"].sum()), side_names(scenario)),
        full_names=full_names(scenario),
        recording=recording or Recording(),
        live=live_parts(recording.days, "player") if recording and recording.days else {},
        asserted=[given_text(given) for given in scenario.given]
        + [policy_text(policy, scenario) for policy in scenario.policy],
        assumed=[row for row in inputs if not row["path"].startswith("rules.")],
        assumed_rules=[row for row in inputs if row["path"].startswith("rules.")],
        weak=[
            town.name
            for town, weak in zip(run.geography.places, weak_towns(scenario, run.geography), strict=True)
            if weak
        ],
        vague=[town.name for town in run.geography.places if town.coordinates_weak],
        moved=run.geography.moved,
        credits=getattr(run.geography, "credits", ""),
        towns=len(run.geography.places),
        branch=branch_text(run),
        command=command_text(run),
    )


def command_text(run: Run) -> str:
    """Return the command that repeats the run, from its folder or, for a branch, from its origin."""
    return run.branch.get("command", "") if run.branch else shell("scenario.yaml", "--seed", str(run.seed))


def branch_text(run: Run) -> str:
    """Return the origin and the changes of a branch; empty for a run that is no branch."""
    if run.branch is None:
        return ""
    day = (run.scenario.start + timedelta(days=run.branch["day"])).isoformat()
    changed = "; ".join(run.branch["changes"]) or "nothing"
    return f"A branch of {run.branch['of']}: the same run until day {run.branch['day']} ({day}); changed from that day on: {changed}."


def balance(atlas: Atlas, first: MapState, last: MapState) -> list[dict[str, Any]]:
    """Return towns at start and end of each side that ever held one, with its colour."""
    look, rows = atlas.ground.look, []
    for code in [*look.codes, *CODE_WORDS]:
        before, after = first.count.get(code, 0), last.count.get(code, 0)
        if before or after:
            gain = f"{after - before:+d}".replace("-", "\u2212") if after != before else "0"
            rows.append(
                {
                    "name": code_name(look, code),
                    "colour": look.colour(code),
                    "before": before,
                    "after": after,
                    "gain": gain,
                }
            )
    return rows


def changed_towns(run: Run, atlas: Atlas, first: MapState, last: MapState) -> list[dict[str, str]]:
    """Return the towns whose holder differs at the end, with both holders."""
    return [
        {
            "town": town.name,
            "before": code_name(atlas.ground.look, first.codes[i]),
            "after": code_name(atlas.ground.look, last.codes[i]),
        }
        for i, town in enumerate(run.geography.places)
        if last.changed[i]
    ]


def agreement_rows(run: Run) -> list[dict[str, str]]:
    """Return the agreements in words, in the order of signing: name, parties, scope with terms, days signed and ended, how."""
    rows = []
    for row in records(run.agreements.sort_values(["signed", "agreement_id"])):
        ends = {"broken": f"broken by {row['broken_by']}", "expired": "ran out"}
        terms = [term.strip() for term in str(row["terms"]).split(",") if term.strip()]
        phrase = agreement_phrase(str(row["scope"]), str(row["town"]), terms, str(row["mediator"]))
        rows.append(
            {
                "name": str(row["name"]) if row["name"] in agreement_names(run.scenario) else "",
                "parties": str(row["parties"]).replace(" / ", " and "),
                "terms": phrase if terms else f"{phrase}; nothing else agreed",
                "signed": day_text(row["signed"]).replace(" ", "\u00a0") + (" (given by the scenario)" if row["given"] else ""),
                "ended": "" if pd.isna(row["ended"]) else day_text(row["ended"]),
                "end": ends.get(str(row["status"]), "still holds at the end") + f", after {plural(int(row['days_held']), 'day')}",
                "violations": str(int(row["violations"])),
            }
        )  # fmt: skip
    return rows


def assumed(run: Run) -> list[dict[str, str]]:
    """Return the uncertain inputs: path, value used, range, unit, source."""
    units = units_of(run.scenario)
    return [
        {
            "path": path,
            "used": f"{run.values.get(path, quantity.best):,g}",
            "range": f"{quantity.low:,g} to {quantity.high:,g}",
            "unit": units.get(path, ""),
            "source": quantity.source or "",
        }
        for path, quantity in inputs_of(run.scenario).items()
        if quantity.uncertain
    ]


def given_text(given: Given) -> str:
    """Say what a scenario asserts."""
    if given.event == "base_attempt":
        return f"{day_text(given.on)}: {given.by} {agree(str(given.by), 'attempts')} to open a base in {given.in_town} (asserted; what follows is simulated)"
    if given.event == "killing_at_talks":
        return f"{day_text(given.on)}: {given.by} {agree(str(given.by), 'kills')} delegates at talks in {given.in_town} (asserted; what follows is simulated)"
    parties = " and ".join(given.agreement.between) if given.agreement else "the parties"
    return f"{day_text(given.on)}: an agreement between {parties} (asserted)"


def policy_text(policy: Policy, scenario: Scenario) -> str:
    """Say a policy of a scenario and its first day."""
    words = policy_phrase(policy, peacekeepers(scenario))
    return f"{day_text(policy.by or policy.on or scenario.start)}: {words} (what-if)"


Progress = Callable[[str], None]


@dataclass(frozen=True)
class _Drawing:
    """What the pictures of a run's folder are drawn from, and the days whose maps the page carries."""

    atlas: Atlas
    folder: Path
    carried: tuple[int, int]


def draw_all(run: Run, folder: Path, progress: Progress | None = None, video: str = "", workers: int = 1) -> list[Path]:
    """Draw maps/ (key days as PNG and SVG, control.gif), timeline and report.html; return the files written.

    video: "mp4" or "webm" for maps/control.mp4 or .webm of the same frames as the GIF; InputError without an encoder.
    workers: processes that draw; with one all is drawn in this process.
    """
    notify = progress or (lambda _text: None)
    notify("recorded days")
    recording = recorded(run)
    folder, atlas, days = Path(folder), Atlas.of(run, recording.mornings), key_days(run)
    videos = [f"control.{kind}" for kind in ("gif", video) if kind]
    pictures: dict[int | str, bytes] = {}
    written: list[Path] = []
    tasks: list[int | str] = [*videos, "timeline", *days]  # the longest first
    drawn = in_parallel(_draw, _Drawing(atlas, folder, (days[0], days[-1])), tasks, workers, __name__)
    for task, (files, picture) in zip(tasks, drawn, strict=True):
        notify(f"map of day {task}" if isinstance(task, int) else task)
        written += files
        pictures[task] = picture
    notify("report")
    carried = Pictures(pictures[days[0]], pictures[days[-1]], pictures["timeline"])
    page = report(run, carried, atlas, recording)
    written.append(write_whole(folder / "report.html", page.encode("utf-8")))
    return sorted(written)


def _draw(drawing: _Drawing, task: int | str) -> tuple[list[Path], bytes]:
    """Draw the map of a day, the timeline, or a film by its file's name; return its files, and the picture that the page carries."""
    run, folder, atlas = drawing.atlas.run, drawing.folder, drawing.atlas
    if task == "timeline":
        figure = timeline(run)
        files = write_figure(figure, folder, "timeline")
    elif isinstance(task, int):
        figure = control_map(run, task, atlas=atlas)
        files = write_figure(figure, folder / "maps", f"control_day_{task:03d}")
    else:
        make = animate if task.endswith(".gif") else film
        return [make(run, folder / "maps" / task, atlas)], b""
    carried = task == "timeline" or task in drawing.carried
    return files, webp_bytes(png_bytes(figure, PAGE_DPI)) if carried else b""


def recorded(run: Run) -> Recording:
    """Return the days of a run, simulated again; the reason if that does not give the same run."""
    try:
        again = record_run(run)
        return Recording(pack_document(run_document(again)), mornings=tuple(again.history.snapshots))
    except InputError as error:
        return Recording(reason="; ".join(fault.message for fault in error.faults))


def write_figure(figure: Figure, folder: Path, stem: str) -> list[Path]:
    """Write a figure as PNG and SVG; return the two files."""
    return [
        write_whole(folder / f"{stem}.png", png_bytes(figure)),
        write_whole(folder / f"{stem}.svg", svg_bytes(figure)),
    ]
