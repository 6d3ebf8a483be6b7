"""Phrases for agreements and policies, for the factors that moved an event's chance, the answer of one run to its scenario's question, and its statistics."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from sim.engine.kinds import MOVERS
from sim.scenario.schema import CODE_WORDS, MIXED, NEUTRAL, Policy, Scenario
from sim.statistics.causes import RunLike
from sim.statistics.conflict_log import column, text
from sim.statistics.summary import STATISTICS, Scalar, base_name, besides_given, expand, label
from sim.text import agree, clause_list, day_text, plural, result_text, two_digits


def agreement_phrase(scope: str, town: str = "", terms: Iterable[str] = (), mediator: str = "") -> str:
    """Say where an agreement holds, its terms and its mediator: "on all fronts (no expansion; mediated by X)"."""
    where = {"all_fronts": "on all fronts", "sector": f"in the sector of {town}", "town": f"for {town}"}.get(scope, "")
    notes = [", ".join(term.replace("_", " ") for term in terms), f"mediated by {mediator}" if mediator else ""]
    inside = "; ".join(note for note in notes if note)
    return f"{where} ({inside})" if inside else where


def with_name(name: str, parties: Sequence[str], between: str) -> str:
    """Return the parties of an agreement with the name it has in the scenario, if any; a name that names them stands alone."""
    together = between.join(parties)
    if not name:
        return together
    return name if all(party in name for party in parties) else f"{name}: {together}"


def _until(policy: Policy) -> str:
    return f" until {day_text(policy.until)}" if policy.until else ""


def _in_town(policy: Policy) -> str:
    return _at_place(policy.in_town) if policy.in_town is not None else ""


def _at_place(place: str) -> str:
    return " in the zone" if place == "zone" else f" in {place}"


def policy_phrase(policy: Policy, guards: Collection[str] = ()) -> str:
    """Say what a policy does, without its day: "League leaves the zone; its towns go to the strongest group nearby".

    `guards`: the names of the scenario's peacekeepers, who hold no towns to leave.
    """
    factor = f"x{policy.factor.best:g}{_until(policy)}" if policy.factor is not None else ""
    if policy.withdraw is not None:
        who, its = policy.withdraw, agree(policy.withdraw, "its")
        if who in guards:
            posts = "all its posts" if policy.from_place is None else f"its posts{_at_place(str(policy.from_place))}"
            return f"{who} {agree(who, 'leaves')} {posts} and the theatre"
        area = "the zone" if policy.from_place in (None, "zone") else str(policy.from_place)
        towns = (
            f"nobody holds {its} towns"
            if policy.towns_to == "neutral"
            else f"{its} towns go to the strongest group nearby"
        )
        barred = f"; {agree(who, 'it')} {agree(who, 'opens')} no base or front in the zone afterwards"
        return f"{who} {agree(who, 'leaves')} {area}; {towns}{barred if policy.may_return is False else ''}"
    if policy.enforce_no_expansion is not None:
        return f"no expansion is enforced on {policy.enforce_no_expansion}: base attempts {factor}"
    if policy.mediate is not None:
        return f"{policy.mediate} {agree(policy.mediate, 'mediates')}: chance of an agreement {factor}"
    if policy.reinforce is not None:
        mandate = f", with a mandate to {policy.mandate}" if policy.mandate is not None else ""
        return f"fighters from outside join {policy.reinforce}{_in_town(policy)}{mandate}"
    if policy.merge_groups is not None:
        joining = clause_list(policy.merge_groups)
        return f"{joining} {agree(joining, 'merges')} into {policy.into}"
    if policy.monitor is not None:
        return f"{policy.monitor} {agree(policy.monitor, 'watches over agreements')}: hold of agreements {factor}"
    return _phrase_of_force(policy, factor)


def _phrase_of_force(policy: Policy, factor: str) -> str:
    """Say what a policy does that binds others by force or patronage, or that moves fighters."""
    if policy.guarantor is not None and policy.credibility is not None:
        parties = f" between {clause_list(policy.between)}" if policy.between else ""
        who = f"{policy.guarantor} {agree(policy.guarantor, 'guarantees agreements')}"
        return f"{who}{parties}{_in_town(policy)}: credibility {policy.credibility.best:g}{_until(policy)}"
    if policy.sanctions is not None:
        return f"patrons press {policy.sanctions}: decisions for a campaign {factor}"
    if policy.support is not None:
        return f"patrons back {policy.support}: decisions for a campaign {factor}"
    if policy.demobilise is not None:
        return f"fighters of {policy.demobilise}{_in_town(policy)} demobilise"
    return f"fighters of {policy.garrison} are stationed{_in_town(policy)}{_until(policy)}"


def _signal(text: str) -> Callable[[float], str]:
    return lambda _: text


def _count(noun: str, many: str = "") -> Callable[[float], str]:
    return lambda value: plural(round(value), noun, many)


def _amount(noun: str, rest: str) -> Callable[[float], str]:
    """Return the phrase of a count that fades with time, and so may be a fraction: "0.83 towns taken in a week"."""
    return lambda value: f"{value:.2g} {noun}{'' if f'{value:.2g}' == '1' else 's'} {rest}"


def _share(text: str) -> Callable[[float], str]:
    return lambda value: f"{text} {value:.2f}"


def _control_age(days: float) -> str:
    """Say how new control is; 0 is contested or of the day, 999 the engine's cap for "long ago"."""
    if days < 1:
        return "contested or just taken"
    return "settled control" if days >= 999 else f"control changed {plural(round(days), 'day')} ago"


_MOVED: dict[str, Callable[[float], str]] = {
    "none": _signal(""),
    "agreement": _signal("agreement"),
    "distance": lambda value: f"{value:.3g} km by road",
    "force_ratio": lambda value: f"own force {two_digits(value)} times the other's",
    "own_force": lambda value: f"{plural(round(value), 'own fighter')} within reach",
    "value": _share("town value"),
    "trust": _share("trust"),
    "threat": _share("perceived threat"),
    "fatigue": _share("war fatigue"),
    "grievance": _share("grievance"),
    "support": _share("local influence"),
    "restraint": _share("restraint"),
    "help": lambda value: f"help of {plural(round(value), 'fighter')} expected",
    "deaths": lambda value: f"{plural(round(value), 'recent death')}",
    "stalemate": lambda value: f"{plural(round(value), 'day')} without a capture",
    "mediator": _signal("a mediator"),
    "momentum": _amount("town", "taken in a week"),
    "breaches": _amount("agreement", "broken lately"),
    "disputes": _count("unresolved dispute"),
    "bases": _count("base"),
    "terms": _signal("terms"),
    "proscribed": lambda value: f"{100 * value:.0f} % of fighters in the zone proscribed",
    "patience": _share("guarantors' patience"),
    "calendar": lambda value: f"calendar {value:.2g} a month",
    "neighbours_lost": lambda value: f"{100 * value:.0f} % of neighbouring towns lost",
    "solidarity": _share("solidarity"),
    "offensive": _signal("offensive under way"),
    "truce_propensity": _share("readiness for truce"),
    "expansion": _share("ambition"),
    "zone": _signal("zone agreed"),
    "belief": _share("belief that it was wronged"),
    "coercion": _share("coercion"),
    "new_control": _control_age,
    "policy": _signal("policy"),
    "aggressiveness": _share("aggressiveness"),
    "guards": lambda value: f"peacekeepers {two_digits(value)} times those they face",
    "shift": lambda value: (
        f"the rival's force changed by {100 * (2.718281828459045**value - 1):+.0f} % against one's own in a quarter"
    ),
    "trigger": lambda value: (
        "no fresh reason" if value >= 999 else f"{plural(round(value), 'day')} after the last reason for war"
    ),
    "towns_lost": lambda value: f"{100 * value:.0f} % of the group's towns lost",
    "new_presence": lambda value: f"{plural(round(value), 'town')} of the zone entered by a proscribed faction",
}

assert set(_MOVED) == set(MOVERS)

_SAY_MOVER = tuple(_MOVED[name] for name in MOVERS)


def moved_by(slots: Iterable[tuple[int, float, float]]) -> str:
    """Say what moved a chance: "agreement x0.65; 900 own fighters within reach x2.1".

    Each slot is (code of kinds.MOVERS, value, factor on the chance); slots of code 0, and factors that
    are 1 as printed, are left out.
    """
    return "; ".join(
        f"{_SAY_MOVER[code](value)} x{factor_text}"
        for code, value, factor in slots
        if code and (factor_text := two_digits(factor)) != "1"
    )


CAUTION = "One run is one possible course: compare many."
Summary = Mapping[str, float | int | str | None]


def side_names(scenario: Scenario) -> dict[str, str]:
    """Return the name of each faction by its code: "Government" for "GOV"."""
    return {faction.code or name: name for name, faction in scenario.factions.items()}


def full_names(scenario: Scenario) -> list[str]:
    """Return the factions that have a name in full, with it: "FPL: Front for the Liberation"."""
    return [f"{name}: {faction.full_name}" for name, faction in scenario.factions.items() if faction.full_name]


def names_of_codes(scenarios: Mapping[str, Scenario]) -> dict[str, str]:
    """Return what readers call each control code: "Kingdom" for "KIN", "contested"; as the first of the scenarios names it."""
    names = dict(CODE_WORDS)
    for scenario in reversed(list(scenarios.values())):
        names |= side_names(scenario)
    return names


def held_text(code: str, names: Mapping[str, str]) -> str:
    """Return how a town is under a control code: "held by Kingdom", "contested"; `names` gives sides by their codes."""
    return CODE_WORDS.get(code) or f"held by {names.get(code, code)}"


def _still(run: RunLike, towns: list[str]) -> list[str]:
    """Say which side still holds which of the watched towns that never changed hands."""
    by_code: dict[str, list[str]] = {}
    for town in towns:
        code = run.summary.get(f"holder.{town}")
        by_code.setdefault("" if code is None else str(code), []).append(run.labels.get(town, town))
    clauses, sides = [], side_names(run.scenario)
    for code, names in by_code.items():
        side = sides.get(code, code)
        verb = "is" if len(names) == 1 else "are"
        special = {"": f"{verb} not on the map", MIXED: f"{verb} still contested", NEUTRAL: f"{verb} still neutral"}
        listed = clause_list(names)
        clauses.append(
            f"{listed} {special[code]}"
            if code in special
            else f"{side} still {agree(side, 'holds')} {listed} at the end"
        )
    return clauses


def _holders(run: RunLike, towns: list[str]) -> list[str]:
    """Say who holds the watched towns at the end, and since when."""
    changes = run.control_changes
    last = {name: row for row, name in enumerate(text(changes, "town"))}
    clauses, sides = [], side_names(run.scenario)
    for town in (town for town in towns if town in last):
        row, code, name = last[town], str(run.summary.get(f"holder.{town}")), run.labels.get(town, town)
        date = day_text(column(changes, "date")[row].astype("datetime64[D]").item())
        word = {
            "capture": "taken on",
            "withdrawal": "left to it on",
            "handover": "handed over to it on",
            "town_entered": "entered on",
        }.get(text(changes, "how")[row], "since")
        state = {MIXED: f"{name} is contested at the end", NEUTRAL: f"{name} is neutral at the end"}
        side = sides.get(code, code)
        holds = f"{side} {agree(side, 'holds')} {name} at the end"
        clauses.append(f"{state.get(code, holds)} ({word} {date})")
    return clauses + _still(run, [town for town in towns if town not in last])


def _fighting(summary: Summary) -> str:
    """Say how far and how long rebels clashed."""
    if not summary.get("clash_days"):
        return "rebels did not clash"
    places, days = int(summary["places_reached"] or 0), int(summary["clash_days"] or 0)
    return f"clashes reached {plural(places, 'place')} over {plural(days, 'day')}"


def _agreement(run: RunLike) -> str:
    """Say when the first agreement of the run was signed, how long it held, and how many were broken."""
    day, broken = run.summary.get("first_agreement_day"), int(run.summary.get("agreements_broken") or 0)
    first = "no agreement was signed"
    if day is not None:
        first = f"the first agreement was signed on day {day}{_hold(run)}"
    return f"{first}; {plural(broken, 'agreement was', 'agreements were')} broken" if broken else first


def _hold(run: RunLike) -> str:
    """Say how long the first agreement signed in the run held: " and broken after 4 days"."""
    table = run.agreements
    rows = np.flatnonzero(column(table, "given") == 0)
    if not len(rows):
        return ""
    row = rows[np.argmin(column(table, "signed")[rows])]
    days = plural(int(column(table, "days_held")[row]), "day")
    ends = {"broken": f" and broken after {days}", "expired": f" and ran out after {days}"}
    return ends.get(str(text(table, "status")[row]), f" and still holds at the end, after {days}")


def _shared(run: RunLike) -> dict[str, int]:
    """Return, for each side, how many towns it holds at the end that were contested at the start, shared by sides."""
    changes = run.control_changes
    towns, before, after = (text(changes, name) for name in ("town", "from", "to"))
    first = {town: before[row] for row, town in reversed(list(enumerate(towns)))}
    last = dict(zip(towns, after, strict=True))
    counts: dict[str, int] = {}
    for town, code in last.items():
        if first[town] == MIXED and code != MIXED:
            counts[code] = counts.get(code, 0) + 1
    return counts


def _gains(run: RunLike) -> str:
    """Say the towns each side gains, and how many of them were contested before: "League gains 9 towns, 7 of them contested
    at the start".
    """
    parts, shared, sides = [], _shared(run), side_names(run.scenario)
    for key, value in run.summary.items():
        code, count = key.partition(".")[2], int(value or 0) if key.startswith("towns_gained.") else 0
        if count:
            before = shared.get(code, 0)
            among = f" ({'it was' if count == 1 else f'{before} of them'} contested at the start)" if before else ""
            side = sides.get(code, code)
            parts.append(f"{side} {agree(side, 'gains')} {plural(count, 'town')}{among}")
    return clause_list(parts) or "no side gains a town"


def _towns(name: str, summary: Summary, sides: Mapping[str, str]) -> str:
    """Say a statistic given by faction: "League loses 2 towns"."""
    verb = {"towns_lost": "loses", "towns_end": "holds"}[name]
    values = ((key[len(name) + 1 :], int(value or 0)) for key, value in summary.items() if key.startswith(f"{name}."))
    parts = [(sides.get(code, code), count) for code, count in values if count]
    clauses = [f"{side} {agree(side, verb)} {plural(count, 'town')}" for side, count in parts]
    return clause_list(clauses) or f"no side {verb} a town"


def _clauses(run: RunLike) -> list[str]:
    """Return the clauses of the answer: watched towns first, then the scenario's headline statistics."""
    summary, clauses = run.summary, _holders(run, run.watch_towns)
    for name in run.scenario.headline:
        if name == "towns_gained":
            clauses.append(_gains(run))
        elif name in ("towns_lost", "towns_end"):
            clauses.append(_towns(name, summary, side_names(run.scenario)))
        elif name in ("clash_days", "places_reached", "clashes"):
            clauses.append(_fighting(summary))
        elif name in ("first_agreement_day", "agreements_signed", "agreements_broken"):
            clauses.append(_agreement(run))
        elif base_name(name) != "holder":
            clauses.extend(
                f"{label(key)}: {result_text(summary[key], STATISTICS[base_name(key)].unit)}"
                for key in expand([name], summary)
            )
    offensive = summary.get("offensive_day")
    clauses.append(f"an offensive began on day {offensive}" if offensive is not None else "")
    return list(dict.fromkeys(clause for clause in clauses if clause))


def answer_sentence(run: RunLike) -> str:
    """Return the answer: "On this seed League holds Orrin at the end (taken on 30 Oct 2020); clashes reached 7 places
    over 12 days; ... One run is one possible course: compare many."
    """
    return f"On this seed {'; '.join(_clauses(run))}. {CAUTION}"


class StatisticText(NamedTuple):
    """A summary statistic in words, all its factions, towns or levels together."""

    label: str
    text: str  # "12 days", "day 53", "League 1, Lanterns 2", "none"
    about: str  # what it counts
    nothing: bool  # whether it is zero, or there is none


def statistic_texts(
    summary: Mapping[str, Scalar], given: int = 0, sides: Mapping[str, str] | None = None
) -> list[StatisticText]:
    """Return the statistics of a summary in words, in its order; `sides` are the names of factions by code.

    `given` agreements are not among those signed, but may be broken or expire: they are named beside, so that sums agree.
    """
    parts: dict[str, dict[str, Scalar]] = {}
    for key, value in summary.items():
        name = base_name(key)
        if name in STATISTICS:
            parts.setdefault(name, {})[key[len(name) + 1 :]] = value
    rows = []
    for name, values in parts.items():
        words = _statistic(name, values, sides or {}) + (besides_given(given) if name == "agreements_signed" else "")
        nothing = not any(values.values()) and not (given and name == "agreements_signed")
        rows.append(StatisticText(STATISTICS[name].label, words, STATISTICS[name].about, nothing))
    return rows


def _statistic(name: str, values: Mapping[str, Scalar], sides: Mapping[str, str]) -> str:
    """Say the values of a statistic by faction, town or level; those of factions at zero are left out."""
    unit, per = STATISTICS[name].unit, STATISTICS[name].per
    if not per:
        return result_text(values[""], unit)
    if per == "town":
        holders = {town: CODE_WORDS.get(str(value)) or sides.get(str(value), value) for town, value in values.items()}
        return ", ".join(f"{town}: {value}" for town, value in holders.items()) or "none"
    if per == "level":
        return "level " + ", ".join(f"{level}: {result_text(days)}" for level, days in values.items())
    texts = [f"{sides.get(part, part)} {result_text(value)}" for part, value in values.items() if value]
    return ", ".join(texts) or "none"
