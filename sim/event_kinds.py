"""Kinds of event, one row each: sentence, group, nouns, step on a path, ACLED type.

A new kind takes its name and code in `sim.engine.kinds`, a row here, and the rule that logs it; the feed of the page, the
exports, the causes and the statistics read this table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from sim.engine.kinds import (
    ASSASSINATION_ACCOUNT,
    CAMPAIGN_ENDS,
    EVENT_KINDS,
    FORCED_ENTRY_ACCOUNT,
    LEVELS,
    ROLES_OF_CIVILIANS,
)
from sim.text import agree, day_text, is_plural, plural

GIVEN = " (given by the scenario)"


@dataclass(frozen=True, slots=True)
class EventFacts:
    """What is known about one event, in names; an empty text or 0 stands for none.

    `for_town`: a demand is made by the side that has the base, for the town. `agreement` is a phrase of
    `sim.results.phrases.agreement_phrase`, `agreement_name` the name that the scenario gives it or the accord that it is a part of,
    `policy` a phrase of `policy_phrase` there; `held` counts the days an agreement held, None if unknown. `fighters` is what the log's
    column holds: also people, a rank, a role, an account.
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
    agreement_name: str = ""

    @property
    def actor(self) -> str:
        """The side that acts, as a sentence names it."""
        return side(self.initiator, self.initiator_group)

    @property
    def opponent(self) -> str:
        """The side that is acted upon, as a sentence names it."""
        return side(self.target, self.target_group)

    def actor_does(self, phrase: str) -> str:
        """Return the side that acts with a phrase that begins with its verb, in its number: "League opens a base"."""
        return f"{self.actor} {agree(self.actor, phrase)}"

    def opponent_does(self, phrase: str) -> str:
        """Return the side that is acted upon with a phrase that begins with its verb."""
        return f"{self.opponent} {agree(self.opponent, phrase)}"


def side(faction: str, group: str = "") -> str:
    """Name a side: "River Militia (League)"; what names its faction already, "League" or "Local League groups", stands alone."""
    if not group or group == faction:
        return faction or "an unknown side"
    if faction in group.split():
        return group
    return f"{group} ({faction})" if faction else group


def deaths_text(fighters: int, civilians: int) -> str:
    """Return deaths as a clause: "5 fighters and 1 civilian die", "no one dies"."""
    parts = [plural(n, noun) for n, noun in ((fighters, "fighter"), (civilians, "civilian")) if n]
    if not parts:
        return "no one dies"
    return f"{' and '.join(parts)} {'dies' if fighters + civilians == 1 else 'die'}"


def civilian_text(role: int) -> str:
    """Name a civilian by the role of kinds.ROLES_OF_CIVILIANS: "a media worker", "an activist"; else "a civilian"."""
    noun = ROLES_OF_CIVILIANS[role] if 0 <= role < len(ROLES_OF_CIVILIANS) else "civilian"
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _at(facts: EventFacts, word: str = "in") -> str:
    return f" {word} {facts.town}" if facts.town else ""


def _against(facts: EventFacts) -> str:
    return f" against {facts.opponent}" if facts.target or facts.target_group else ""


def _held_by(facts: EventFacts) -> str:
    return f", held by {facts.opponent}" if facts.target or facts.target_group else ""


def _demanded(facts: EventFacts, side_with_base: str) -> str:
    base = "their base" if is_plural(side_with_base) else "its base"
    return f"hand over {facts.town or 'the town'}" if facts.for_town else f"close {base}{_at(facts)}"


def _party(facts: EventFacts, noun: str) -> str:
    return f"{noun} of {facts.fighters:,}" if facts.fighters > 0 else noun


def _toll(facts: EventFacts) -> str:
    deaths = facts.deaths_initiator + facts.deaths_target
    return f"; {deaths_text(deaths, facts.deaths_civilians)}" if deaths or facts.deaths_civilians else ""


def _signed(facts: EventFacts) -> str:
    scope = f" {facts.agreement}" if facts.agreement else ""
    return f"{facts.actor} and {facts.opponent} sign an agreement{scope}"


def _days_and_name(facts: EventFacts) -> str:
    """Return the days that an agreement held, and its name if the scenario gives one."""
    days = f" after {plural(facts.held, 'day')}" if facts.held is not None else ""
    return days + (f": {facts.agreement_name}" if facts.agreement_name else "")


def _fighters_moved(facts: EventFacts) -> str:
    return f" ({plural(facts.fighters, 'fighter')})" if facts.fighters > 0 else ""


def _policy(facts: EventFacts) -> str:
    if facts.policy:
        return f"Policy: {facts.policy}{_fighters_moved(facts)}"
    by = f" by {facts.actor}" if facts.initiator or facts.initiator_group else ""
    return f"A policy is carried out{by}{_at(facts)}{_fighters_moved(facts)}"


def _skipped(facts: EventFacts) -> str:
    what = facts.policy or f"the attempt of {facts.actor} to open a base{_at(facts)}"
    return f"Skipped, because impossible on its day: {what}"


def _account(facts: EventFacts) -> str:
    """Return whose account it is: of delegates assassinated, given by their own side, or of a forced entry."""
    if facts.fighters == ASSASSINATION_ACCOUNT:
        return f"{facts.actor_does('says that its delegates were assassinated')}{_at(facts)}"
    if facts.fighters == FORCED_ENTRY_ACCOUNT:
        way = f"into {facts.town}" if facts.town else "in"
        return f"{facts.actor_does('says that')} the delegates of {facts.opponent} were killed while forcing their way {way}"
    return f"{facts.actor_does('gives an account of the killing at talks')}{_at(facts)}"


def _on_civilian(verb: str) -> Callable[[EventFacts], str]:
    return lambda f: f"{f.actor_does(verb)} {civilian_text(f.fighters)}{_at(f)}{_toll(f)}"


def _displaced(facts: EventFacts) -> str:
    who = f"About {plural(facts.fighters, 'person', 'people')}" if facts.fighters > 0 else "People"
    return f"{who} flee the fighting{_at(facts)}"


def _clash(facts: EventFacts) -> str:
    deaths = deaths_text(facts.deaths_initiator + facts.deaths_target, facts.deaths_civilians)
    return f"Fighting{_at(facts)}: {facts.actor_does('attacks')} {facts.opponent}; {deaths}"


_ENDS = {
    "aim met": "its aim is met",
    "group broken": "the group is broken",
    "exhausted": "both sides are exhausted",
    "mediated": "it is mediated",
    "offensive": "the government attacks",
}


def _campaign_ended(facts: EventFacts) -> str:
    outcome = CAMPAIGN_ENDS[facts.fighters] if 0 <= facts.fighters < len(CAMPAIGN_ENDS) else ""
    reason = f": {_ENDS[outcome]}" if outcome in _ENDS else ""
    return f"The campaign of {facts.actor} against {facts.opponent} ends{reason}"


def _level(facts: EventFacts) -> str:
    name = LEVELS[facts.level] if 0 <= facts.level < len(LEVELS) else "unknown"
    return f"{side(facts.initiator)} and {side(facts.target)} are now at level {facts.level}, {name}"


_RANKS = {1: "A local", 2: "A column's", 3: "A sector"}  # rank of the commander, in the column `fighters`


@dataclass(frozen=True, slots=True)
class EventKind:
    """One kind of event.

    `group`: its group in the feed of the page. `noun`, `nouns`: one and several of it, where other consequences of a cause
    are counted; "" leaves it out. `path`: its name as a step of the path by which a town came to its holder; "" passes it
    over. `acled`: ACLED's sub-event type; "" is not exported. `explains`: it explains a town that kept its holder.
    `incident`: violence between rivals outside a clash. `minor`: not shown as the newest event of a run under way.
    """

    group: str
    sentence: Callable[[EventFacts], str]
    noun: str = ""
    nouns: str = ""
    path: str = ""
    acled: str = ""
    explains: bool = False
    incident: bool = False
    against_civilians: bool = False
    minor: bool = False


HOLDER, CLASHES, SPREAD, INCIDENTS_GROUP = "changes of holder", "clashes", "spread of fighting", "incidents"
CAMPAIGNS = "campaigns"
BASES, TALKS, AGREEMENTS, ESCALATION = "bases and demands", "talks", "agreements", "escalation"
CIVILIANS, GOVERNMENT, POLICIES = "civilians", "government", "policies"
GROUPS = (
    HOLDER, CAMPAIGNS, CLASHES, SPREAD, INCIDENTS_GROUP, BASES, TALKS, AGREEMENTS, ESCALATION, CIVILIANS, GOVERNMENT, POLICIES,
)  # fmt: skip

TABLE: dict[str, EventKind] = {
    "base_attempt": EventKind(
        BASES,
        lambda f: f"{f.actor_does('sends')} {_party(f, 'a party')} to open a base{_at(f)}{_held_by(f)}",
        "attempt at a base",
        "attempts at bases",
        path="base attempt",
    ),
    "base_opened": EventKind(
        BASES,
        lambda f: f"{f.actor_does('opens a base')}{_at(f)}{_held_by(f)}",
        "base",
        acled="Headquarters or base established",
        explains=True,
    ),
    "base_closed": EventKind(
        BASES, lambda f: f"{f.actor_does('closes its base')}{_at(f)}", "base closed", "bases closed", explains=True
    ),
    "demand": EventKind(
        BASES, lambda f: f"{f.actor_does('demands that')} {f.opponent} {_demanded(f, f.opponent)}", "demand"
    ),
    "tolerated": EventKind(
        BASES,
        lambda f: f"{f.actor_does('tolerates')} {'' if f.for_town else 'the base of '}{f.opponent}{_at(f)}",
        minor=True,
    ),
    "complied": EventKind(
        BASES, lambda f: f"{f.actor_does('gives in to the demand of')} {f.opponent}{_at(f)}", path="one side gives in"
    ),
    "stalled": EventKind(
        BASES,
        lambda f: (
            f"{f.actor_does('plays for time when')} {f.opponent_does('demands that')} {agree(f.actor, 'it')} {_demanded(f, f.actor)}"
        ),
    ),
    "refused": EventKind(
        BASES,
        lambda f: f"{f.actor_does('refuses to')} {_demanded(f, f.actor)} as {f.opponent_does('demands')}",
        "refusal",
        path="refusal",
        explains=True,
    ),
    "talks": EventKind(
        TALKS,
        lambda f: f"Delegates of {f.actor} meet {f.opponent} for talks{_at(f)}",
        "round of talks",
        "rounds of talks",
        path="talks",
    ),
    "talks_settled": EventKind(
        TALKS,
        lambda f: f"The talks between {f.actor} and {f.opponent}{_at(f)} settle their dispute",
        "dispute settled",
        "disputes settled",
        explains=True,
    ),
    "killing_at_talks": EventKind(
        TALKS,
        lambda f: f"Delegates of {f.opponent} are killed at talks with {f.actor}{_at(f)}{_toll(f)}",
        "killing at talks",
        "killings at talks",
        path="killing at talks",
        acled="Armed clash",
        explains=True,
    ),
    "account": EventKind(TALKS, _account, "account of it", "accounts of it"),
    "arrest_raid": EventKind(
        INCIDENTS_GROUP,
        lambda f: f"{f.actor_does('raids')} {f.opponent}{_at(f)} and {agree(f.actor, 'takes')} prisoners{_toll(f)}",
        "arrest raid",
        path="incident",
        acled="Arrests",  # an armed clash if someone dies
        incident=True,
    ),
    "assassination": EventKind(
        INCIDENTS_GROUP,
        lambda f: f"An assassination{_at(f)}: {f.actor_does('strikes at')} {f.opponent}{_toll(f)}",
        "assassination",
        path="incident",
        acled="Armed clash",
        incident=True,
    ),
    "road_quarrel": EventKind(
        INCIDENTS_GROUP,
        lambda f: f"{f.actor} and {f.opponent} quarrel on a road{_at(f, 'near')}{_toll(f)}",
        "quarrel on a road",
        "quarrels on roads",
        path="incident",
        acled="Armed clash",
        incident=True,
    ),
    "front_opened": EventKind(
        SPREAD,
        lambda f: f"Call to arms: {f.actor_does('sends')} {_party(f, 'a column')} to open a front{_against(f)}{_at(f)}",
        "front",
        path="fighting spreads",
    ),
    "clash_spread": EventKind(
        SPREAD,
        lambda f: f"The fighting spreads: {f.actor_does('sends')} {_party(f, 'a column')}{_against(f)}{_at(f, 'to')}",
        "front beside it",
        "fronts beside it",
        path="fighting spreads",
    ),
    "reinforcement": EventKind(
        SPREAD,
        lambda f: f"{f.actor_does('sends')} {_party(f, 'a column')} to the fighting{_at(f)}{_against(f)}",
        minor=True,
    ),
    "clash": EventKind(CLASHES, _clash, "clash", "clashes", path="clash", acled="Armed clash", explains=True),
    "attack_repelled": EventKind(
        CLASHES, lambda f: f"{f.actor_does('repels the attack of')} {f.opponent}{_at(f, 'on')}{_toll(f)}"
    ),
    "clash_ended": EventKind(
        CLASHES, lambda f: f"The fighting between {f.actor} and {f.opponent}{_at(f)} ends", minor=True
    ),
    "commander_killed": EventKind(
        CLASHES,
        lambda f: f"{_RANKS.get(f.fighters, 'A')} commander of {f.opponent} is killed{_at(f)} by {f.actor}{_toll(f)}",
        "commander killed",
        "commanders killed",
        explains=True,
    ),
    "capture": EventKind(
        HOLDER,
        lambda f: f"{f.actor_does('takes')} {f.town or 'a town'} from {f.opponent}{_toll(f)}",
        "town taken",
        "towns taken",
        path="another town taken",
        acled="Non-state actor overtakes territory",  # or the government regains it
    ),
    "withdrawal": EventKind(
        HOLDER,
        lambda f: f"{f.opponent_does('leaves')} {f.town or 'a town'} to {f.actor} without a fight",
        "withdrawal",
        path="another town left",
        acled="Non-violent transfer of territory",
    ),
    "town_neutral": EventKind(
        HOLDER,
        lambda f: f"{f.town or 'A town'} becomes neutral: {f.actor} and {f.opponent} leave it under an agreement",
        "town made neutral",
        "towns made neutral",
        path="another town made neutral",
        acled="Non-violent transfer of territory",
    ),
    "town_entered": EventKind(
        HOLDER,
        lambda f: f"{f.actor_does('takes over')} {f.town or 'a town'}, which was neutral",
        "neutral town taken over",
        "neutral towns taken over",
        path="another town entered",
        acled="Non-violent transfer of territory",
    ),
    "handover": EventKind(
        HOLDER,
        lambda f: f"The garrison of {f.opponent} hands {f.town or 'a town'} over to {f.actor} by a local agreement",
        "town handed over",
        "towns handed over",
        path="another town handed over",
        acled="Non-violent transfer of territory",
    ),
    "campaign_decided": EventKind(
        CAMPAIGNS,
        lambda f: f"The leaders of {f.actor} decide to go to war against {f.opponent}",
        "campaign",
        path="decision for a campaign",
        explains=True,
    ),
    "campaign_joined": EventKind(
        CAMPAIGNS,
        lambda f: f"{f.actor_does('joins its sister in the campaign against')} {f.opponent}",
        "group joining",
        "groups joining",
    ),
    "stood_aside": EventKind(
        CAMPAIGNS,
        lambda f: f.actor_does("stands aside in its sister's war with") + f" {f.opponent}",
        "group standing aside",
        "groups standing aside",
    ),
    "campaign_ended": EventKind(CAMPAIGNS, _campaign_ended, "end of a campaign", "ends of campaigns"),
    "group_absorbed": EventKind(
        CAMPAIGNS,
        lambda f: f"What is left of {f.opponent} joins {f.actor}{_fighters_moved(f)}",
        "group absorbed",
        "groups absorbed",
    ),
    "column_met": EventKind(
        CLASHES,
        lambda f: (
            f"{_party(f, 'A column').replace('a column', 'A column')} of {f.opponent} is stopped on its way{_at(f, 'at')} by {f.actor}"
        ),
        "column stopped on its way",
        "columns stopped on their way",
        path="column stopped",
    ),
    "column_turned_back": EventKind(
        CLASHES,
        lambda f: f"{f.actor_does('turns')} {_party(f, 'a column')} of {f.opponent} back{_at(f, 'before')}",
        "column turned back",
        "columns turned back",
        path="column turned back",
        explains=True,
    ),
    "sides_separated": EventKind(
        CLASHES,
        lambda f: f"{f.actor_does('steps')} in{_at(f)} and {agree(f.actor, 'ends')} the attack of {f.opponent}",
        "clash ended by peacekeepers",
        "clashes ended by peacekeepers",
        path="clash ended by peacekeepers",
        explains=True,
    ),
    "agreement_signed": EventKind(AGREEMENTS, _signed, "agreement", acled="Agreement"),
    "agreement_broken": EventKind(
        AGREEMENTS,
        lambda f: f"{f.actor_does('breaks the agreement with')} {f.opponent}{_days_and_name(f)}",
        "broken agreement",
        path="broken agreement",
    ),
    "agreement_expired": EventKind(
        AGREEMENTS, lambda f: f"The agreement between {f.actor} and {f.opponent} expires{_days_and_name(f)}"
    ),
    "level_change": EventKind(ESCALATION, _level, minor=True),
    "civilian_arrest": EventKind(CIVILIANS, _on_civilian("arrests"), acled="Arrests", against_civilians=True),
    "civilian_injury": EventKind(CIVILIANS, _on_civilian("injures"), acled="Attack", against_civilians=True),
    "civilian_abduction": EventKind(
        CIVILIANS, _on_civilian("abducts"), acled="Abduction/forced disappearance", against_civilians=True
    ),
    "displacement": EventKind(CIVILIANS, _displaced),
    "shelling": EventKind(
        GOVERNMENT,
        lambda f: f"{f.actor_does('shells')} {f.town or 'the front'}{_held_by(f)}{_toll(f)}",
        acled="Shelling/artillery/missile attack",
        minor=True,
    ),
    "zone_deadline": EventKind(GOVERNMENT, lambda _: "The deadline of the demilitarised zone passes", minor=True),
    "mobilisation": EventKind(
        GOVERNMENT,
        lambda f: f"{f.actor_does('announces an offensive')} and {agree(f.actor, 'masses')} forces{_at(f, 'near')}",
        path="offensive",
    ),
    "offensive_started": EventKind(
        GOVERNMENT, lambda f: f"{f.actor_does('begins an offensive')}{_at(f, 'at')}", "offensive", path="offensive"
    ),
    "assault": EventKind(
        GOVERNMENT,
        lambda f: f"{f.actor_does('sends')} {_party(f, 'a column')} to assault {f.town or 'a town'}{_held_by(f)}",
        "assault",
        path="offensive",
    ),
    "offensive_ended": EventKind(GOVERNMENT, lambda f: f"{f.actor_does('ends its offensive')}{_at(f, 'at')}"),
    "policy": EventKind(POLICIES, _policy, "policy", "policies", path="policy"),
    "given_skipped": EventKind(POLICIES, _skipped),
}  # in the order in which consequences are listed
assert set(TABLE) == set(EVENT_KINDS)

INCIDENTS = tuple(name for name in EVENT_KINDS if TABLE[name].incident)
AGAINST_CIVILIANS = tuple(name for name in EVENT_KINDS if TABLE[name].against_civilians)
MINOR = frozenset(name for name, kind in TABLE.items() if kind.minor)


def event_text(facts: EventFacts) -> str:
    """Return one plain sentence for an event; KeyError for an unknown kind."""
    tail = ", in spite of an agreement" if facts.in_spite else ""
    return f"{TABLE[facts.kind].sentence(facts)}{tail}{GIVEN if facts.given else ''}."


def report_text(facts: EventFacts, outlet: str = "", since: date | None = None) -> str:
    """Return what an outlet, or the monitor if that is empty, reports of an event; with `since`, what it sums up."""
    reporter = f"The outlet of {outlet}" if outlet else "The monitor"
    if since is None:
        return f"{reporter}: {event_text(facts)}"
    deaths = deaths_text(facts.deaths_initiator + facts.deaths_target, facts.deaths_civilians)
    return f"{reporter} sums up fighting between {facts.actor} and {facts.opponent} since {day_text(since)}: {deaths}."
