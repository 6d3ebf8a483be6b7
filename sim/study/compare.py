"""Compare the scenarios of a study, of several studies, or of single runs: see sim/study/comparison.py for what comes out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.study.answers import answers, forest, forest_note, scenario_changes
from sim.study.appendix import convergence, examples, methods
from sim.study.comparison import Comparison
from sim.study.courses import fans, ladder
from sim.study.gathered import Gathered, gather
from sim.study.headline import measured
from sim.study.holds import holding
from sim.study.matter import inputs
from sim.study.outcomes import outcomes
from sim.study.territory import control

if TYPE_CHECKING:
    from sim.record.run import Run
    from sim.study.single import StudyOfRuns
    from sim.study.store import Study

__all__ = ["Comparison", "compare"]


def compare(*studies: Study | StudyOfRuns | Run) -> Comparison:
    """Return the comparison of all scenarios of the studies, or of single runs, with the first scenario.

    InputError where nothing is done yet, maps differ, or runs and studies are mixed. The same runs give the same numbers.
    """
    found = gather(studies)
    statistics = measured(found)
    rows = forest(found, statistics)
    return Comparison(
        name=_name(found),
        question=found.first.question,
        scenarios=tuple(found.scenarios),
        titles={name: model.title for name, model in found.scenarios.items()},
        models=found.scenarios,
        geography=found.geography,
        single=found.single,
        partial=found.partial,
        notes=tuple(found.notes()),
        changes=scenario_changes(found),
        answers=answers(found, statistics),
        forest=rows,
        forest_note=forest_note(found, statistics),
        control=control(found),
        fans=fans(found),
        holding=holding(found),
        ladder=ladder(found),
        inputs=inputs(found, statistics),
        convergence=convergence(found, statistics),
        examples=examples(found, statistics),
        methods=methods(found, rows),
        folder=str(found.first.folder) if len(found.parts) == 1 and not found.single else "",
        outcomes=outcomes(found, statistics),
        labels={place.name: place.label or place.name for place in found.geography.places},
    )


def _name(found: Gathered) -> str:
    return " and ".join(dict.fromkeys(str(part.study.name) for part in found.parts))
