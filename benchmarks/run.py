"""`python benchmarks/run.py`: measure speed, memory and growth; print a table, write JSON and a plot."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import growth, peers, processes, runs, work
from benchmarks.agree import Agreement
from benchmarks.measure import Figure, load_average, machine, yardstick

SIDES, TIMES, DAYS = (13, 26, 52), (1, 3, 10), (120, 360, 1080)
FULL_SIDES, FULL_TIMES, FULL_DAYS = (13, 26, 52, 91, 130), (1, 3, 10, 30, 91), (120, 360, 1080, 3650)
QUICK_SIDES, QUICK_TIMES, QUICK_DAYS = (13, 26), (1, 4), (60, 240)


class Session:
    """One call: how much to measure, and what was found."""

    def __init__(self, quick: bool, full: bool) -> None:
        self.quick, self.full = quick, full
        self.figures: list[Figure] = []
        self.agreement: list[Agreement] = []
        self.growth = growth.Growth()
        self.loads: dict[str, Any] = {}

    def pick(self, quick: Any, usual: Any) -> Any:
        """Return the amount for --quick, or the usual one."""
        return quick if self.quick else usual

    def runs(self) -> None:
        """Milliseconds a run, with and without Mesa's agents, files and pictures."""
        self.figures += runs.runs(self.pick(3, 9), self.pick(1, 3)) + runs.output_size()

    def rules(self) -> None:
        """Nanoseconds per force-day; share of each rule."""
        self.figures += runs.rules(self.pick(5, 30))

    def frames(self) -> None:
        """Frames a second of the page's frame builder."""
        self.figures += runs.frames(self.pick(2, 7))

    def peer(self) -> None:
        """The engine beside plain Mesa on the same rules, and whether both agree."""
        self.figures += peers.race(self.pick(3, 9))
        found, self.agreement = peers.agreed(self.pick(60, 400), self.pick(12, 60))
        self.figures += found

    def others(self) -> None:
        """A step of an agent in Mesa's and AgentPy's examples."""
        self.figures += peers.others(self.pick(2, 5))

    def start(self) -> None:
        """Start of the command line, imports, first run on a machine."""
        self.figures += processes.command_line(self.pick(2, 7)) + processes.first_run()

    def memory(self) -> None:
        """Peak memory of a worker."""
        self.figures += processes.worker_memory(self.pick((20, 60), (100, 400, 1200)))

    def batch(self) -> None:
        """Runs a second with 1 and 2 workers."""
        self.figures += processes.batches(self.pick(100, 1200), self.pick(1, 3))

    def grow(self) -> None:
        """Exponents of growth with towns, forces and days: of time, and of the lines of rules that are run."""
        usual = (FULL_SIDES, FULL_TIMES, FULL_DAYS) if self.full else (SIDES, TIMES, DAYS)
        sides, times, days = self.pick((QUICK_SIDES, QUICK_TIMES, QUICK_DAYS), usual)
        number = self.pick(5, 10)
        self.growth = growth.measure(sides, times, days, turns=self.pick(1, 4), rule_days=number)
        work.measure(self.growth, sides, times, number)

    def do(self, name: str) -> None:
        """Measure one part and note how busy the machine was meanwhile."""
        print(f"measuring {name}", file=sys.stderr, flush=True)
        before = yardstick()
        told = len(self.figures)
        PARTS[name](self)
        print("\n".join(figure_lines(self.figures[told:])), file=sys.stderr, flush=True)
        self.loads[name] = {"load_average": load_average(), "ns_a_draw": [before, yardstick()]}


PARTS: dict[str, Callable[[Session], None]] = {
    name: getattr(Session, name)
    for name in ("rules", "runs", "frames", "peer", "others", "start", "memory", "batch", "grow")
}


def main(words: Sequence[str] | None = None) -> int:
    """Measure what is asked for."""
    options = parser().parse_args(words)
    if options.beside is not None:
        turns, replicates = (1, 20) if options.quick else (5, 200)
        print(processes.PAIR_HEAD)
        for pair in processes.beside(options.beside, turns, replicates):
            print(processes.pair_line(pair), flush=True)
        return 0
    began = datetime.now(UTC)
    session = Session(options.quick, options.full)
    for name in options.only or PARTS:
        session.do(name)
    print("\n".join(table(session)))
    write(session, options.out, began)
    return 0


def parser() -> argparse.ArgumentParser:
    about = "\n".join(f"  {name:8} {part.__doc__}" for name, part in PARTS.items())
    form = argparse.RawDescriptionHelpFormatter
    found = argparse.ArgumentParser(description=f"{__doc__}\n\nParts:\n{about}", formatter_class=form)
    size = found.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="few turns and small maps: a minute or two, rough figures")
    size.add_argument("--full", action="store_true", help="growth up to 16,900 towns, 30,000 forces and 3,650 days")
    found.add_argument("--only", nargs="+", choices=tuple(PARTS), metavar="PART", help="measure these parts only")
    found.add_argument(
        "--beside",
        type=Path,
        metavar="FOLDER",
        help="compare commands with another version's checkout, in turn; nothing else",
    )
    found.add_argument(
        "--out", type=Path, default=Path("outputs"), metavar="DIR", help="folder for benchmark-<time>.json and .png"
    )
    return found


def table(session: Session) -> list[str]:
    """Return what was found as lines of text."""
    return figure_lines(session.figures) + agreement_lines(session.agreement) + growth_lines(session.growth)


def figure_lines(figures: Sequence[Figure]) -> list[str]:
    """Return the figures, each on a line, with their spread and what is wanted of them."""
    lines, part = [], ""
    for each in figures:
        if each.part != part:
            part = each.part
            lines += ["", part.upper()]
        apart = f"±{50 * each.spread:.0f}%" if each.spread is not None else ""
        goal = f"goal: {each.goal}" if each.goal else ""
        lines.append(f"  {each.name:58} {number(each.value):>9} {each.unit:16} {apart:6} {goal} {each.note}".rstrip())
    return lines


def agreement_lines(found: Sequence[Agreement]) -> list[str]:
    """Return how engine and plain Mesa agree, a statistic a line."""
    lines = [f"  {a.name:56} {number(a.engine):>9} {number(a.plain):>9} {a.apart:+.1f}" for a in found]
    head = f"AGREEMENT {'':48} {'engine':>9} {'plain':>9} standard errors apart"
    return ["", head, *lines] if lines else []


def growth_lines(found: growth.Growth) -> list[str]:
    """Return the exponents of time and of work, a part a line, and what grows too fast."""
    lines = []
    for unit, what in ((growth.TIME, "GROWTH OF TIME"), (growth.WORK, "GROWTH OF WORK")):
        chosen = [each for each in found.series.values() if each.unit == unit]
        if chosen:
            lines += ["", f"{what:58} {'exponent':>9} {'last step':>9}  {unit}, smallest to largest"]
        for each in chosen:
            amounts = " ".join(number(amount) for amount in each.amounts)
            name = f"{each.part} by {each.by}"
            lines.append(f"  {name:56} {exponent(each.exponent):>9} {exponent(each.last):>9}  {amounts}")
        said = [each for each in growth.over(found) if each.unit == unit]
        lines += [f"  grows too fast (above {growth.LIMIT}; {unit}): {each.part} by {each.by}" for each in said]
    return lines


def number(value: float) -> str:
    """Return a number with three significant digits."""
    if value and abs(value) < 1e-3:
        return f"{value:.1e}"
    digits = 0 if not value or abs(value) >= 100 else 2 - math.floor(math.log10(abs(value)))
    return f"{value:,.{digits}f}"


def exponent(value: float) -> str:
    """Return an exponent; a dash where the part is too quick to tell."""
    return "-" if math.isnan(value) else f"{value:.2f}"


def write(session: Session, out: Path, began: datetime) -> None:
    """Write JSON and plot under names that carry the time."""
    from benchmarks.plot import draw

    out.mkdir(parents=True, exist_ok=True)
    stem = f"benchmark-{began:%Y%m%d-%H%M%S}"
    facts = machine()
    content = {
        "began": began.isoformat(timespec="seconds"),
        "size": "quick" if session.quick else "full" if session.full else "usual",
        "machine": facts,
        "noise": session.loads,
        "figures": [each.as_json() for each in session.figures],
        "agreement": [each._asdict() for each in session.agreement],
        "growth": [
            {
                "by": each.by, "part": each.part, "unit": each.unit, "sizes": each.sizes, "amounts": each.amounts,
                "exponent": None if math.isnan(each.exponent) else each.exponent,
                "last_step": None if math.isnan(each.last) else each.last,
            }
            for each in session.growth.series.values()
        ],
    }  # fmt: skip
    (out / f"{stem}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    loads = [load["load_average"][0] for load in session.loads.values() if load["load_average"]]
    busy = f"; load average {min(loads):.1f} to {max(loads):.1f}" if loads else ""
    said = f"{facts['processor']}, {facts['cores']} cores{busy}; {began:%d %b %Y}; Python {facts['python']}"
    draw(session.figures, list(session.growth.series.values()), said, out / f"{stem}.png")
    print(f"\n{out / stem}.json\n{out / stem}.png")


if __name__ == "__main__":
    sys.exit(main())
