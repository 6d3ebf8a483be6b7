"""Phrases for agreements and policies, and for the factors that moved an event's chance."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sim.engine.kinds import MOVERS
from sim.scenario.schema import Policy
from sim.text import agree, clause_list, day_text, plural, two_digits


def agreement_phrase(scope: str, town: str = "", terms: Iterable[str] = (), mediator: str = "") -> str:
    """Say where an agreement holds, its terms and its mediator: "on all fronts (no expansion; mediated by X)"."""
    where = {"all_fronts": "on all fronts", "sector": f"in the sector of {town}", "town": f"for {town}"}.get(scope, "")
    notes = [", ".join(term.replace("_", " ") for term in terms), f"mediated by {mediator}" if mediator else ""]
    inside = "; ".join(note for note in notes if note)
    return f"{where} ({inside})" if inside else where


def _until(policy: Policy) -> str:
    return f" until {day_text(policy.until)}" if policy.until else ""


def _in_town(policy: Policy) -> str:
    if policy.in_town is None:
        return ""
    return " in the zone" if policy.in_town == "zone" else f" in {policy.in_town}"


def policy_phrase(policy: Policy) -> str:
    """Say what a policy does, without its day: "HTS leaves the zone; its towns go to the strongest group nearby"."""
    factor = f"x{policy.factor.best:g}{_until(policy)}" if policy.factor is not None else ""
    if policy.withdraw is not None:
        who, its = policy.withdraw, agree(policy.withdraw, "its")
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
        return f"fighters from outside join {policy.reinforce}{_in_town(policy)}"
    if policy.merge_groups is not None:
        joining = clause_list(policy.merge_groups)
        return f"{joining} {agree(joining, 'merges')} into {policy.into}"
    if policy.monitor is not None:
        return f"{policy.monitor} {agree(policy.monitor, 'watches over')} agreements: hold of agreements {factor}"
    return _phrase_of_force(policy, factor)


def _phrase_of_force(policy: Policy, factor: str) -> str:
    """Say what a policy does that binds others by force or patronage, or that moves fighters."""
    if policy.guarantor is not None and policy.credibility is not None:
        parties = f" between {clause_list(policy.between)}" if policy.between else ""
        who = f"{policy.guarantor} {agree(policy.guarantor, 'guarantees')}"
        return f"{who} agreements{parties}{_in_town(policy)}: credibility {policy.credibility.best:g}{_until(policy)}"
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
    "momentum": lambda value: f"{value:.2g} towns taken in a week",
    "breaches": lambda value: f"{value:.2g} agreements broken lately",
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
