"""The report page of a run, and all pictures of its folder."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from sim import __version__
from sim.files import write_whole
from sim.plots.map.animation import animate
from sim.plots.map.scene import code_name
from sim.plots.map.sheets import Atlas, control_map, key_days
from sim.plots.map.state import MapState, weak_towns
from sim.plots.style import evidence_line, png_bytes, stamp, svg_bytes
from sim.plots.timeline import timeline
from sim.results.phrases import answer_sentence, policy_phrase
from sim.scenario.fields import inputs_of, units_of
from sim.scenario.schema import CODE_WORDS, Given, Policy
from sim.statistics.causes import turning_points
from sim.statistics.summary import STATISTICS, base_name, besides_given, label
from sim.text import agree, day_text, result_text

if TYPE_CHECKING:
    from datetime import date

    from sim.results.run import Run

ALT = {
    "start": "Map of who holds each town at the start",
    "end": "Map of who holds each town at the end, changes ringed",
    "timeline": "Timeline of agreements, deaths, escalation levels and towns held",
}


@dataclass(frozen=True)
class Pictures:
    """PNG files, as bytes, that the page carries."""

    start: bytes
    end: bytes
    timeline: bytes


def report(run: Run, pictures: Pictures, atlas: Atlas) -> str:
    """Return the page."""
    scenario = run.scenario
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
        numbers=numbers(run.summary, int(run.agreements["given"].sum())),
        asserted=[given_text(given) for given in scenario.given]
        + [policy_text(policy, scenario.start) for policy in scenario.policy],
        assumed=[row for row in assumed(run) if not row["path"].startswith("rules.")],
        assumed_rules=[row for row in assumed(run) if row["path"].startswith("rules.")],
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
    return run.branch.get("command", "") if run.branch else f"python run.py scenario.yaml --seed {run.seed}"


def branch_text(run: Run) -> str:
    """Return the origin and the changes of a branch; empty for a run that is no branch."""
    if run.branch is None:
        return ""
    day = (run.scenario.start + timedelta(days=run.branch["day"])).isoformat()
    changed = "; ".join(run.branch["changes"]) or "nothing"
    return f"A branch of {run.branch['of']}: the same run until day {run.branch['day']} ({day}); changed from that day on: {changed}."


def environment() -> Environment:
    """Return the template environment: everything from a scenario is escaped, an unknown name is an error."""
    return Environment(
        loader=PackageLoader("sim.pages", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def data_uri(png: bytes) -> str:
    """Return a picture to put into the page."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


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
        {"town": town.name, "before": first.codes[i], "after": last.codes[i]}
        for i, town in enumerate(run.geography.places)
        if last.changed[i]
    ]


def numbers(summary: dict[str, Any], given: int = 0) -> list[dict[str, str]]:
    """Return the summary statistics in words: label, value with unit, what it counts; `given` agreements are named apart."""
    return [
        {
            "label": label(name),
            "value": result_text(value, STATISTICS[base_name(name)].unit)
            + (besides_given(given) if name == "agreements_signed" else ""),
            "about": STATISTICS[base_name(name)].about,
        }
        for name, value in summary.items()
        if base_name(name) in STATISTICS
    ]


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


def policy_text(policy: Policy, start: date) -> str:
    """Say a policy and its first day."""
    return f"{day_text(policy.by or policy.on or start)}: {policy_phrase(policy)} (what-if)"


Progress = Callable[[str], None]


def draw_all(run: Run, folder: Path, progress: Progress | None = None) -> list[Path]:
    """Draw maps/ (key days as PNG and SVG, control.gif), timeline and report.html; return the files written."""
    notify = progress or (lambda _text: None)
    folder, atlas, days = Path(folder), Atlas.of(run), key_days(run)
    pictures: dict[int, bytes] = {}
    written: list[Path] = []
    for day in days:
        notify(f"map of day {day}")
        pictures[day] = draw_day(run, folder, day, atlas, written)
    notify("timeline")
    chart = timeline(run)
    png = png_bytes(chart)
    written.append(write_whole(folder / "timeline.png", png))
    written.append(write_whole(folder / "timeline.svg", svg_bytes(chart)))
    notify("report")
    page = report(run, Pictures(pictures[days[0]], pictures[days[-1]], png), atlas)
    written.append(write_whole(folder / "report.html", page.encode("utf-8")))
    notify("animation")
    written.append(animate(run, folder / "maps" / "control.gif", atlas))
    return sorted(written)


def draw_day(run: Run, folder: Path, day: int, atlas: Atlas, written: list[Path]) -> bytes:
    """Draw the map of a day, add its two files to `written` and return it as PNG."""
    figure, stem = control_map(run, day, atlas=atlas), f"control_day_{day:03d}"
    picture = png_bytes(figure)
    written.append(write_whole(folder / "maps" / f"{stem}.png", picture))
    written.append(write_whole(folder / "maps" / f"{stem}.svg", svg_bytes(figure)))
    return picture
