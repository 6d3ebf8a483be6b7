"""Sentences about events, policies, and the factors that moved an event's chance."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from sim.engine.kinds import (
    ASSASSINATION_ACCOUNT,
    EVENT_KINDS,
    FORCED_ENTRY_ACCOUNT,
    LEVELS,
    MOVERS,
    ROLES_OF_CIVILIANS,
)
from sim.scenario.schema import Policy
from sim.text import clause_list, day_text, plural, two_digits

GIVEN = " (given by the scenario)"


@dataclass(frozen=True, slots=True)
class Said:
    """What is known about one event, in names; an empty text or 0 stands for none.

    `for_town`: a demand is made by the side that has the base, for the town. `agreement` is a phrase made by
    `agreement_phrase`, `policy` one made by `policy_phrase`; `held` counts the days an
    agreement held, None where unknown. `fighters` is what the log's column holds: also people, a rank, a role, an account.
    """

    kind: str
    initiator: str = ""
    target: str = ""
    initiator_group: str = ""
    target_group: str = ""
    town: str = ""
    fighters: int = 0
    deaths_initiator: int = 0
    deaths_target: int = 0
    deaths_civilians: int = 0
    level: int = 0
    given: bool = False
    agreement: str = ""
    held: int | None = None
    in_spite: bool = False
    policy: str = ""
    for_town: bool = False

    @property
    def one(self) -> str:
        """The initiator, as a side is said."""
        return side(self.initiator, self.initiator_group)

    @property
    def other(self) -> str:
        """The target, as a side is said."""
        return side(self.target, self.target_group)


def side(faction: str, group: str = "") -> str:
    """Say a side: "Ahrar al-Sham (NLF)"; a group that bears its faction's name is not repeated."""
    if not group or group == faction:
        return faction or "an unknown side"
    return f"{group} ({faction})" if faction else group


def deaths_text(fighters: int, civilians: int) -> str:
    """Say deaths as a clause: "5 fighters and 1 civilian die", "no deaths are known"."""
    parts = [plural(n, noun) for n, noun in ((fighters, "fighter"), (civilians, "civilian")) if n]
    if not parts:
        return "no one dies"
    return f"{' and '.join(parts)} {'dies' if fighters + civilians == 1 else 'die'}"


def agreement_phrase(scope: str, town: str = "", terms: Iterable[str] = (), mediator: str = "") -> str:
    """Say where an agreement holds, its terms and its mediator: "on all fronts (no expansion; mediated by X)"."""
    where = {"all_fronts": "on all fronts", "sector": f"in the sector of {town}", "town": f"for {town}"}.get(scope, "")
    notes = [", ".join(term.replace("_", " ") for term in terms), f"mediated by {mediator}" if mediator else ""]
    inside = "; ".join(note for note in notes if note)
    return f"{where} ({inside})" if inside else where


def _at(said: Said, word: str = "in") -> str:
    return f" {word} {said.town}" if said.town else ""


def _against(said: Said) -> str:
    return f" against {said.other}" if said.target or said.target_group else ""


def _held_by(said: Said) -> str:
    return f", held by {said.other}" if said.target or said.target_group else ""


def _asked(said: Said) -> str:
    return f"hand over {said.town or 'the town'}" if said.for_town else f"close its base{_at(said)}"


def _party(said: Said, noun: str) -> str:
    return f"{noun} of {said.fighters:,}" if said.fighters > 0 else noun


def _tolls(said: Said) -> str:
    deaths = said.deaths_initiator + said.deaths_target
    return f"; {deaths_text(deaths, said.deaths_civilians)}" if deaths or said.deaths_civilians else ""


def _signed(said: Said) -> str:
    where = f" {said.agreement}" if said.agreement else ""
    return f"{said.one} and {said.other} sign an agreement{where}"


def _ended(said: Said) -> str:
    return f" after {plural(said.held, 'day')}" if said.held is not None else ""


def _until(policy: Policy) -> str:
    return f" until {day_text(policy.until)}" if policy.until else ""


def policy_phrase(policy: Policy) -> str:
    """Say what a policy does, without its day: "HTS leaves the zone; its towns go to the strongest group nearby"."""
    factor = f"x{policy.factor.best:g}{_until(policy)}" if policy.factor is not None else ""
    if policy.withdraw is not None:
        place = "the zone" if policy.from_place in (None, "zone") else str(policy.from_place)
        towns = (
            "nobody holds its towns" if policy.towns_to == "neutral" else "its towns go to the strongest group nearby"
        )
        barred = "; it opens no base or front in the zone afterwards" if policy.may_return is False else ""
        return f"{policy.withdraw} leaves {place}; {towns}{barred}"
    if policy.enforce_no_expansion is not None:
        return f"no expansion is enforced on {policy.enforce_no_expansion}: base attempts {factor}"
    if policy.mediate is not None:
        return f"{policy.mediate} mediates: chance of an agreement {factor}"
    if policy.reinforce is not None:
        where = f" in {policy.in_town}" if policy.in_town else ""
        return f"fighters from outside join {policy.reinforce}{where}"
    if policy.merge_groups is not None:
        return f"{clause_list(policy.merge_groups)} merge into {policy.into}"
    return f"{policy.monitor} watches over agreements: hold of agreements {factor}"


def _policy(said: Said) -> str:
    if said.policy:
        return f"Policy: {said.policy}{_moved(said)}"
    who = f" by {said.one}" if said.initiator or said.initiator_group else ""
    return f"A policy is carried out{who}{_at(said)}{_moved(said)}"


def _moved(said: Said) -> str:
    return f" ({plural(said.fighters, 'fighter')})" if said.fighters > 0 else ""


def _skipped(said: Said) -> str:
    what = said.policy or f"the attempt of {said.one} to open a base{_at(said)}"
    return f"Skipped, because impossible on its day: {what}"


def _killing(said: Said) -> str:
    return f"Delegates of {said.other} are killed at talks with {said.one}{_at(said)}{_tolls(said)}"


def _account(said: Said) -> str:
    """Say which account it is: of delegates assassinated, told by their own side, or of a forced entry."""
    if said.fighters == ASSASSINATION_ACCOUNT:
        return f"{said.one} says that its delegates were assassinated{_at(said)}"
    if said.fighters == FORCED_ENTRY_ACCOUNT:
        way = f"into {said.town}" if said.town else "in"
        return f"{said.one} says that the delegates of {said.other} were killed while forcing their way {way}"
    return f"{said.one} gives an account of the killing at talks{_at(said)}"


def civilian_text(role: int) -> str:
    """Say a civilian by the role of kinds.ROLES_OF_CIVILIANS: "a media worker", "an activist"; else "a civilian"."""
    noun = ROLES_OF_CIVILIANS[role] if 0 <= role < len(ROLES_OF_CIVILIANS) else "civilian"
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _on_civilian(verb: str) -> Callable[[Said], str]:
    return lambda s: f"{s.one} {verb} {civilian_text(s.fighters)}{_at(s)}{_tolls(s)}"


def _displaced(said: Said) -> str:
    who = f"About {plural(said.fighters, 'person', 'people')}" if said.fighters > 0 else "People"
    return f"{who} flee the fighting{_at(said)}"


def _clash(said: Said) -> str:
    deaths = deaths_text(said.deaths_initiator + said.deaths_target, said.deaths_civilians)
    return f"Fighting{_at(said)}: {said.one} attacks {said.other}; {deaths}"


def _level(said: Said) -> str:
    name = LEVELS[said.level] if 0 <= said.level < len(LEVELS) else "unknown"
    return f"{side(said.initiator)} and {side(said.target)} are now at level {said.level}, {name}"


_RANKS = {1: "A local", 2: "A column's", 3: "A sector"}  # rank of the commander, in the column `fighters`

_SENTENCES: dict[str, Callable[[Said], str]] = {
    "given_skipped": _skipped,
    "policy": _policy,
    "base_attempt": lambda s: f"{s.one} sends {_party(s, 'a party')} to open a base{_at(s)}{_held_by(s)}",
    "base_opened": lambda s: f"{s.one} opens a base{_at(s)}{_held_by(s)}",
    "base_closed": lambda s: f"{s.one} closes its base{_at(s)}",
    "demand": lambda s: f"{s.one} demands that {s.other} {_asked(s)}",
    "tolerated": lambda s: f"{s.one} tolerates {'' if s.for_town else 'the base of '}{s.other}{_at(s)}",
    "complied": lambda s: f"{s.one} gives in to the demand of {s.other}{_at(s)}",
    "stalled": lambda s: f"{s.one} plays for time when {s.other} demands that it {_asked(s)}",
    "refused": lambda s: f"{s.one} refuses to {_asked(s)} as {s.other} demands",
    "arrest_raid": lambda s: f"{s.one} raids {s.other}{_at(s)} and takes prisoners{_tolls(s)}",
    "assassination": lambda s: f"An assassination{_at(s)}: {s.one} strikes at {s.other}{_tolls(s)}",
    "road_quarrel": lambda s: f"{s.one} and {s.other} quarrel on a road{_at(s, 'near')}{_tolls(s)}",
    "front_opened": lambda s: (
        f"Call to arms: {s.one} sends {_party(s, 'a column')} to open a front{_against(s)}{_at(s)}"
    ),
    "clash_spread": lambda s: f"The fighting spreads: {s.one} sends {_party(s, 'a column')}{_against(s)}{_at(s, 'to')}",
    "clash": _clash,
    "attack_repelled": lambda s: f"{s.one} repels the attack of {s.other}{_at(s, 'on')}{_tolls(s)}",
    "clash_ended": lambda s: f"The fighting between {s.one} and {s.other}{_at(s)} ends",
    "commander_killed": lambda s: (
        f"{_RANKS.get(s.fighters, 'A')} commander of {s.other} is killed{_at(s)} by {s.one}{_tolls(s)}"
    ),
    "capture": lambda s: f"{s.one} takes {s.town or 'a town'} from {s.other}{_tolls(s)}",
    "withdrawal": lambda s: f"{s.other} leaves {s.town or 'a town'} to {s.one} without a fight",
    "town_neutral": lambda s: (
        f"{s.town or 'A town'} becomes neutral: {s.one} and {s.other} leave it under an agreement"
    ),
    "reinforcement": lambda s: f"{s.one} sends {_party(s, 'a column')} to the fighting{_at(s)}{_against(s)}",
    "agreement_signed": _signed,
    "agreement_broken": lambda s: f"{s.one} breaks the agreement with {s.other}{_ended(s)}",
    "agreement_expired": lambda s: f"The agreement between {s.one} and {s.other} expires{_ended(s)}",
    "shelling": lambda s: f"{s.one} shells {s.town or 'the front'}{_held_by(s)}{_tolls(s)}",
    "zone_deadline": lambda _: "The deadline of the demilitarised zone passes",
    "mobilisation": lambda s: f"{s.one} announces an offensive and masses forces{_at(s, 'near')}",
    "offensive_started": lambda s: f"{s.one} begins an offensive{_at(s, 'at')}",
    "assault": lambda s: f"{s.one} sends {_party(s, 'a column')} to assault {s.town or 'a town'}{_held_by(s)}",
    "offensive_ended": lambda s: f"{s.one} ends its offensive{_at(s, 'at')}",
    "level_change": _level,
    "talks": lambda s: f"Delegates of {s.one} meet {s.other} for talks{_at(s)}",
    "talks_settled": lambda s: f"The talks between {s.one} and {s.other}{_at(s)} settle their dispute",
    "killing_at_talks": _killing,
    "account": _account,
    "civilian_arrest": _on_civilian("arrests"),
    "civilian_injury": _on_civilian("injures"),
    "civilian_abduction": _on_civilian("abducts"),
    "displacement": _displaced,
}

assert set(_SENTENCES) == set(EVENT_KINDS)


def event_text(said: Said) -> str:
    """Return one plain sentence for an event; a kind without a sentence of its own raises KeyError."""
    tail = ", in spite of an agreement" if said.in_spite else ""
    return f"{_SENTENCES[said.kind](said)}{tail}{GIVEN if said.given else ''}."


def report_text(said: Said, outlet: str = "", since: date | None = None) -> str:
    """Return what an outlet, or the monitor where that is empty, says of an event; with `since`, what it sums up."""
    who = f"The outlet of {outlet}" if outlet else "The monitor"
    if since is None:
        return f"{who}: {event_text(said)}"
    deaths = deaths_text(said.deaths_initiator + said.deaths_target, said.deaths_civilians)
    return f"{who} sums up fighting between {said.one} and {said.other} since {day_text(since)}: {deaths}."


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
    "violations": _count("violation"),
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
}

assert set(_MOVED) == set(MOVERS)

_SAY_MOVER = tuple(_MOVED[name] for name in MOVERS)


def moved_by(slots: Iterable[tuple[int, float, float]]) -> str:
    """Say what moved a chance: "agreement x0.65; 900 own fighters within reach x2.1".

    Each slot is (code of kinds.MOVERS, value, factor on the chance); slots of code 0, and factors that
    are 1 as printed, are left out.
    """
    return "; ".join(
        f"{_SAY_MOVER[code](value)} x{said}"
        for code, value, factor in slots
        if code and (said := two_digits(factor)) != "1"
    )
