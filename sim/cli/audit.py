"""`run.py audit`: whether the sentences on which pages rest hold, as stated and under changes that must not matter."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.options import Workers, folder_option, print_written
from sim.errors import Fault, InputError, did_you_mean
from sim.files import OUTPUTS
from sim.text import clause_list, plural

if TYPE_CHECKING:
    from sim.study.definition import DefinitionFile
    from sim.study.runner import Progress
    from sim.validation.audit import Audited
    from sim.validation.audit_studies import Estimate, Planned
    from sim.validation.claims import Claim, ClaimFile
    from sim.validation.pattern_file import Patterns

FOLDER = "audit"
RUNS = "runs"
STYLES = {"holds": "green", "shifts": "yellow", "fragile": "red", "not resolved": "yellow", "not supported": "red"}
UNPROVEN = ("fragile", "not resolved", "not supported")  # verdicts with which the command ends with exit code 1


def audit(
    claims: Annotated[Path, typer.Argument(help="File of claims.", metavar="CLAIMS", show_default=False)],
    only: Annotated[
        list[str] | None, typer.Option("--claim", metavar="ID", help="Only this claim; repeatable. All if left out.")
    ] = None,
    replicates: Annotated[
        int | None,
        typer.Option(metavar="N", min=8, max=100_000, help="Runs of each scenario; as the claim has it if left out."),
    ] = None,
    out: Annotated[Path | None, folder_option("Folder in which the audit's own is made; outputs if left out.")] = None,
    workers: Workers = None,
) -> None:
    """Test claims as stated, and with other seeds, labels, grid and unfitted inputs; goes on where it stopped.

    Exit code 1 if a claim is fragile, not resolved or not supported.
    """
    from sim.cli.batch import resumable
    from sim.cli.locate import check_folder, refuse
    from sim.results.manifest import Kind
    from sim.validation.audit import audited
    from sim.validation.claims import find_claims, read_claims

    refuse(claims, "audit", "a file of claims", *(kind for kind in Kind if kind not in _readable()))
    file = find_claims(claims)
    found, source = read_claims(file)
    chosen = _chosen(found, only or [], source)
    parent = (out or OUTPUTS) / f"audit-{file.stem}"
    check_folder(parent, "--out")
    studies = _plans(chosen, found, source, replicates)
    declared = _declared(chosen, studies, found, source)
    _print_plan(studies)
    with resumable(parent / RUNS):
        folders = _run(studies, parent / RUNS, workers)
        results = [
            audited(name, claim, _estimates(claim, studies[name], folders, declared.get(name)))
            for name, claim in chosen.items()
        ]
    print_audit(found.title, results)
    _write(results, studies, file, found.title, parent)
    if any(result.verdict in UNPROVEN for result in results):
        raise typer.Exit(1)


def _readable() -> set[str]:
    """Return the kinds of path that the reader of claims is left to report on."""
    from sim.results.manifest import Kind

    return {Kind.CLAIM_FILE, Kind.FILE, Kind.FOLDER, Kind.MISSING}


def _chosen(found: ClaimFile, only: Sequence[str], source: DefinitionFile) -> dict[str, Claim]:
    faults = [
        Fault(
            "--claim",
            None,
            name,
            f"is no claim of {source.shown}{did_you_mean(name, found.claims)}; it has {', '.join(found.claims)}",
        )
        for name in only
        if name not in found.claims
    ]
    if faults:
        raise InputError(faults)
    return {name: claim for name, claim in found.claims.items() if not only or name in only}


def _plans(
    chosen: Mapping[str, Claim], found: ClaimFile, source: DefinitionFile, replicates: int | None
) -> dict[str, list[Planned]]:
    """Return the studies of each claim; InputError with the faults of all claims."""
    from sim.validation.audit import plans_of
    from sim.validation.claims import fitted_inputs

    fitted = fitted_inputs(found, source)
    studies, faults = {}, []
    for name, claim in chosen.items():
        try:
            studies[name] = plans_of(name, claim, fitted, source, replicates)
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(list(dict.fromkeys(faults)))
    return studies


def _declared(
    chosen: Mapping[str, Claim], studies: Mapping[str, Sequence[Planned]], found: ClaimFile, source: DefinitionFile
) -> dict[str, Patterns]:
    """Return the patterns of each claim that is on the pattern card."""
    from sim.validation.audit import check_patterns
    from sim.validation.claims import beside
    from sim.validation.pattern_file import find_patterns, read_patterns

    declared = {}
    for name, claim in chosen.items():
        if claim.reads_reports:
            model = next(iter(studies[name][0].plan.scenarios.values())).scenario
            given = None if found.patterns is None else beside(found.patterns, source, "patterns")
            declared[name] = read_patterns(find_patterns(given, model.map))
            check_patterns(name, claim, studies[name], declared[name], source)
    return declared


def _print_plan(studies: Mapping[str, Sequence[Planned]]) -> None:
    from sim.cli.batch import compile_for

    plans = [planned_study.plan for planned in studies.values() for planned_study in planned]
    runs = sum(plan.replicates * len(plan.scenarios) for plan in plans)
    print(
        f"{plural(len(studies), 'claim')}, {plural(len(plans), 'study', 'studies')}, {plural(runs, 'run')}",
        file=sys.stderr,
        flush=True,
    )
    compile_for(plans[0])


def _run(studies: Mapping[str, Sequence[Planned]], out: Path, workers: int | None) -> dict[str, Path]:
    """Run what is missing of all studies, with one account of progress; return their folders by the name of the study."""
    from sim.study.progress import batch_progress
    from sim.study.runner import run_study

    folders = {}
    with batch_progress() as report:
        total = TotalProgress(
            report,
            [planned_study.plan.replicates * len(planned_study.plan.scenarios) for planned_study in _all(studies)],
        )
        for planned_study in _all(studies):
            folders[planned_study.plan.name] = run_study(planned_study.plan, out, workers, report=total)
            total.close_study()
    return folders


def _all(studies: Mapping[str, Sequence[Planned]]) -> Iterator[Planned]:
    for planned in studies.values():
        yield from planned


class TotalProgress:
    """Turns the progress of one study after the other into that of all."""

    def __init__(self, report: Callable[[Progress], None], sizes: Sequence[int]) -> None:
        self.report, self.planned = report, sum(sizes)
        self.before = (0, 0, 0, 0.0)
        self.last = self.before

    def __call__(self, progress: Progress) -> None:
        """Report the progress of the study that is under way, with all before it."""
        own = (min(progress.done, progress.planned), progress.failed, progress.fresh, progress.seconds)
        done, failed, fresh, seconds = (a + b for a, b in zip(self.before, own, strict=True))
        self.last = (int(done), int(failed), int(fresh), float(seconds))
        self.report(progress._replace(
            done=min(int(done), self.planned), failed=int(failed), planned=self.planned, fresh=int(fresh), seconds=float(seconds)
        ))  # fmt: skip

    def close_study(self) -> None:
        """Count the study that is under way among those before."""
        self.before = self.last


def _estimates(
    claim: Claim, planned: Sequence[Planned], folders: Mapping[str, Path], declared: Patterns | None
) -> list[Estimate]:
    """Return what a claim comes to in each of its studies."""
    from sim.study.store import Study
    from sim.validation.audit_studies import estimate

    return [
        estimate(claim, planned_study, Study.open(folders[planned_study.plan.name]), declared)
        for planned_study in planned
    ]


def print_audit(title: str, results: Sequence[Audited]) -> None:
    """Print a row a claim with its estimate as stated, what is expected, and the verdict; then the claims that do not hold."""
    from rich.table import Table

    from sim.cli.console import console
    from sim.validation.audit import estimate_text, expected_text, reason_text

    out = console()
    out.print(f"SIMULATED. {title}", style="bold")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("claim", "as stated", "expected", "verdict"):
        table.add_column(column, overflow="fold")
    for result in results:
        table.add_row(
            result.name,
            estimate_text(result.estimates[0]),
            expected_text(result.claim),
            result.verdict,
            style=STYLES[result.verdict],
        )
    out.print(table)
    out.print()
    for result in results:
        if reason := reason_text(result):
            out.print(f"{result.name}: {result.verdict}, {reason}. {result.claim.page}: {result.claim.sentence}")
    counts: Counter[str] = Counter(result.verdict for result in results)
    out.print(
        f"Of {plural(len(results), 'claim')}: {clause_list([f'{counts[name]} {name}' for name in STYLES if counts[name]])}."
    )


def _write(
    results: Sequence[Audited], studies: Mapping[str, Sequence[Planned]], file: Path, title: str, parent: Path
) -> None:
    from sim.plots.audit_sheet import draw_audit
    from sim.results.write import whole_folder, write_text
    from sim.validation.audit import audit_csv, audit_json

    with whole_folder(parent, FOLDER) as (partial, final):
        write_text(partial / "audit.csv", audit_csv(results))
        write_text(partial / "audit.json", audit_json(results, file.read_bytes(), studies))
        draw_audit(results, title, next(_all(studies)).plan, partial)
    print_written(f"\nwritten: {final / 'audit.csv'}, {final / 'audit.json'}, {final / 'audit.png'}", final)
