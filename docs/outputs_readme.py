"""outputs/README.md, made from the documented columns: `python -m docs.outputs_readme` writes it anew."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from sim.engine.kinds import ACTIVIST, ASSASSINATION_ACCOUNT, EVENT_KINDS, HEALTH, LEVELS, MEDIA, RULES
from sim.event_kinds import EventFacts, event_text
from sim.results.columns import FILES, OTHER_FILES, SCHEMA_VERSION, SUMMARY_CSV, FileDoc
from sim.statistics.summary import STATISTICS

HEAD = f"""# What runs write

Everything here is SIMULATED. Each run has a folder of its own, `<scenario>-seed<N>` or `<scenario>-<label>-seed<N>`; where
the name is taken it gets `-2`, `-3` and so on, and nothing is ever overwritten. A folder appears when it is whole: while
a run is written it is hidden as `.<name>.partial`; one that a killed run left behind is removed by the next run of that name.
Git ignores all of it but this page.

Tables are CSV: UTF-8, commas, one header line, LF line ends, dates as YYYY-MM-DD. Numbers are written so that they read
back as the same numbers. An empty cell is none. Schema version {SCHEMA_VERSION}, as `schema_version` in `manifest.json`.

`sim.Run.open("outputs/<folder>")` reads a folder; `.events`, `.events_reported`, `.daily`, `.control_changes`,
`.control_daily`, `.control_start_end`, `.agreements` and `.campaigns` are pandas DataFrames, `.summary` is a dictionary.

Days are counted from 0, the start of the scenario, on every screen, page and picture. Two counts of days meet here: an
event of day d happens on the date start + d; a row of day d in `daily.csv` and `control_daily.csv`, and a map of day d, is
the state on the morning of start + d, so what happened on day d shows in row d + 1. A run of 120 days has the days 0 to 119,
and its last map is of the morning of day 120.
"""

EXAMPLE = EventFacts(
    "",
    "HTS",
    "NLF",
    "HTS",
    "Ahrar al-Sham",
    "Kafr Hamra",
    fighters=60,
    deaths_target=1,
    level=3,
    agreement="on all fronts",
    held=7,
)

POLICIES = {
    "policy": "HTS leaves the zone; its towns go to the strongest group nearby",
    "given_skipped": "fighters from outside join Ahrar al-Sham in Kafr Hamra",
}


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join([_row(*heads), _row(*("---" for _ in heads)), *(_row(*row) for row in rows)])


def _file(doc: FileDoc) -> str:
    rows = [(f"`{column.name}`", column.kind, column.unit, column.about) for column in doc.columns]
    return f"## {doc.name}\n\n{doc.about}\n\n{_table(('column', 'type', 'unit', 'meaning'), rows)}\n"


def _kinds() -> str:
    number = {"commander_killed": 1, "account": ASSASSINATION_ACCOUNT, "civilian_arrest": MEDIA}
    number |= {"civilian_injury": ACTIVIST, "civilian_abduction": HEALTH}
    alone = {kind: 0 for kind in EVENT_KINDS if kind.startswith("civilian_")}
    rows = [
        (
            f"`{kind}`",
            event_text(
                replace(
                    EXAMPLE,
                    kind=kind,
                    fighters=number.get(kind, 60),
                    deaths_target=alone.get(kind, EXAMPLE.deaths_target),
                    policy=POLICIES.get(kind, ""),
                )
            ),
        )
        for kind in EVENT_KINDS
    ]
    return f"### Kinds of event\n\n{_table(('kind', 'an example in words'), rows)}\n"


def _levels() -> str:
    rules, levels = ", ".join(RULES), ", ".join(f"{number} {name}" for number, name in enumerate(LEVELS))
    return f"### Rules\n\n{rules}.\n\n### Escalation levels\n\n{levels}.\n"


def _statistics() -> str:
    ending = {"": "", "faction": ".<code>", "peacekeeper": ".<code>", "town": ".<town>", "level": ".<0..5>"}
    rows = [
        (f"`{name}{ending[statistic.per]}`", statistic.unit, f"{statistic.label}: {statistic.about}")
        for name, statistic in STATISTICS.items()
    ]
    return f"### Statistics\n\n`summary.json` has the same names; none is null there.\n\n{_table(('name', 'unit', 'meaning'), rows)}\n"


EXPORTS = """## Exports

`python run.py export RUN --format ged|acled|geojson|gpkg|admin2` writes files named `simulated_*`; every row has an id `SIM-...`
or a column `source` with the word `simulated`. Exported are the monitor's reports, or the true events with `--log true`. Of a study, `export`
writes probabilities, tables and means. [docs/gis.md](../docs/gis.md) has layers, columns and commands.

| format | what it has |
| --- | --- |
| `ged` | lethal events under the column names of UCDP GED 25.1; a clash reported without deaths stays, with `best` 0 and `high` 1. \
Ids of events are text where UCDP has numbers; ids of actors are empty |
| `acled` | events under the column names, types and sub-types of ACLED; kinds that it has no type for are left out |
| `geojson` | a file for each of seven layers: `areas`, `control`, `roads`, `front`, `contact`, `zone`, `events` |
| `gpkg` | the same layers in one GeoPackage, with colours and days for QGIS |
| `admin2` | events, deaths and towns by holder, by administrative unit and month, or week with `--by week` |

Names of the country, units, actors and dyads in GED and ACLED come from the map's `names.csv`, else from `towns.csv` and `map.csv`.
"""


def readme() -> str:
    """Return the text of outputs/README.md."""
    rows = [(f"`{doc.name}`", doc.about) for doc in (*OTHER_FILES, *FILES.values(), SUMMARY_CSV)]
    parts = [HEAD, f"## Files\n\n{_table(('file', 'what it is'), rows)}\n"]
    for name, doc in FILES.items():
        parts.append(_file(doc))
        if name == "events":
            parts += [_kinds(), _levels()]
    return "\n".join([*parts, _file(SUMMARY_CSV), _statistics(), EXPORTS])


def main() -> None:
    """Write outputs/README.md of this clone."""
    Path(__file__).parents[1].joinpath("outputs", "README.md").write_bytes(readme().encode())


if __name__ == "__main__":
    main()
