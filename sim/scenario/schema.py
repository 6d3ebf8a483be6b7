"""What a scenario file may say.

A scenario reads like a page an analyst would write: a question, a map, a start, factions with groups and fighters,
agreements in force, a zone, dated events that are given, dated policies. All else is in documented defaults.
"""

from __future__ import annotations

from datetime import date
from itertools import combinations
from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from sim.scenario.parameters import Quantity, Rules, Strict, Term, number, where_needed

MIXED = "MIXED"  # control code of a contested town
NEUTRAL = "NEUTRAL"  # control code of a town that nobody holds
CODE_WORDS = {MIXED: "contested", NEUTRAL: "neutral"}  # of codes that are no faction's, for readers
MERGED_COHESION = 0.8  # assumed: groups that have just merged do not act as one yet
Mandate = Literal["observe", "protect", "intervene"]  # of peacekeepers, each includes those before
Name = Annotated[str, Field(min_length=1, max_length=80)]


class Doctrine(Strict):
    """How a faction behaves; the same prior for all. A multiplier of 1 is the default of the rules."""

    expansion: Quantity = number(1, "multiplier", 0, 20, "on base attempts", between=(0.5, 2))
    tolerance: Quantity = number(1, "multiplier", 0, 20, "on the utility of leaving another's base alone", between=(0.5, 2))
    truce_propensity: Quantity = number(1, "multiplier", 0, 20, "on the signing hazard", between=(0.5, 2))
    restraint: Quantity = number(1, "multiplier", 0.1, 20, "divides the rate of incidents it starts; above 1 lowers the spread of clashes", between=(0.7, 1.5))
    aggressiveness: Quantity = number(1, "multiplier", 0, 20, "on decisions for a campaign", between=(0.5, 2))
    coercion: Quantity = number(1, "multiplier", 0, 20, "on pressure on civilians in towns it holds", between=(0.5, 2))


class Group(Strict):
    """An armed group of a faction."""

    fighters: Quantity = number(1000, "fighters", 0, 200000, "fighters in the theatre")
    cohesion: Quantity = number(1, "share", 0.05, 1, "share of its fighters that acts as one", between=(0.8, 1))
    solidarity: Quantity = number(0.3, "probability", 0, 1, "chance to join when a sister group is attacked", "assumed; first theatre: of the sisters of those attacked in July 2017 and in February to April 2018 only one fought, UCDP GED", between=(0.2, 0.7))
    solidarity_with: dict[Name, Quantity] = Field(
        default_factory=dict, description="solidarity with one sister group, where it differs", json_schema_extra={"unit": "probability", "allowed_low": 0, "allowed_high": 1}
    )
    trust: Quantity = number(0.6, "trust", 0, 1, "in what its sister groups say", between=(0.3, 0.9))
    trust_in: dict[Name, Quantity] = Field(
        default_factory=dict, description="trust in one sister group, where it differs", json_schema_extra={"unit": "trust", "allowed_low": 0, "allowed_high": 1}
    )
    aloof: bool = Field(default=False, description="keeps out of fighting among rebels unless it is attacked")
    mediates: bool = Field(default=False, description="mediates instead of joining a fight of its sisters")
    common_command: bool = Field(default=True, description="false: local bands without leaders in common, who decide on no campaign and are the target of none")


class Guard(Strict):
    """Peacekeepers who guard one town."""

    fighters: int = Field(ge=0, le=100_000, description="fighters there beside those of other posts; 0 takes away a post of the map's guards.csv")
    mandate: Mandate | None = Field(default=None, description="what guards here may do; the faction's if left out")
    source: str | None = None


class Peacekeeping(Strict):
    """What peacekeepers do: shares are for guards without a rival, and fall as G / (G + E) with those whom they face.

    The literature supports the direction of each effect; no number of it is of a share such as these.
    """

    mandate: Mandate = Field(default="protect", description="observe: guards deter by being there; protect: they also prevent harm to civilians; intervene: they also part the sides of a clash and turn columns back")
    guards: dict[Name, Guard] = Field(default_factory=dict, description="towns guarded at the start, beside the map's guards.csv or in place of its row")
    deterrence: Quantity = number(0.5, "share", 0, 1, "attacks, incidents and base attempts prevented in a guarded town", "assumed; Ruggeri, Dorussen & Gizelis 2017, Int Organ: the effect on onset is less clear, so that none is within the range", between=(0, 0.9))
    patrol_km: Quantity = number(10, "km", 0, 500, "road up to which guards patrol; their force falls in a straight line to nothing there", between=(0, 30))
    separation: Quantity = number(0.3, "probability", 0, 1, "chance a day that guards who may intervene end a clash in their town", "assumed; Ruggeri, Dorussen & Gizelis 2017, Int Organ: local fighting is shorter with peacekeepers", between=(0.05, 0.8))
    red_line: Quantity = number(0.7, "probability", 0, 1, "chance that guards who may intervene turn a column back before their town", between=(0.2, 1))
    protection: Quantity = number(0.5, "share", 0, 1, "civilian deaths in fighting and acts against civilians prevented in a guarded town", "assumed; Hultman, Kathman & Shannon 2013, AJPS, and Fjelde, Hultman & Nilsson 2019, Int Organ: less harm with more troops", between=(0.2, 0.8))


class Faction(Strict):
    """A side of the conflict: one group or a coalition of groups."""

    code: Name | None = Field(default=None, description="short code in tables and maps; the name if left out")
    # words alone: left out where a scenario's digest is made
    full_name: str | None = Field(default=None, exclude=True, description="name in full, shown beside the short one")
    role: Literal["rebel", "government", "patron_backed", "neutral", "peacekeeper"] = Field(description="rebels compete for towns; a government may attack them; a peacekeeper guards towns; the others stand aside")
    proscribed: bool = Field(default=False, description="must leave the zone by its deadline")
    colour: str | None = Field(default=None, pattern="^#[0-9a-fA-F]{6}$", description="colour on maps, #rrggbb")
    doctrine: Doctrine = Doctrine()
    groups: dict[Name, Group] = Field(min_length=1, description="the groups that make up the faction")
    peacekeeping: Peacekeeping | None = Field(default=None, description="what a peacekeeper does; no other role has it")

    @model_validator(mode="before")
    @classmethod
    def _with_peacekeeping(cls, data: Any) -> Any:
        """Give a peacekeeper the defaults of its role."""
        if isinstance(data, dict) and data.get("role") == "peacekeeper" and data.get("peacekeeping") is None:
            return {**data, "peacekeeping": {}}
        return data

    @model_serializer(mode="wrap")
    def _without_absent(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return without_absent(handler(self), "peacekeeping")


def without_absent(data: dict[str, Any], key: str) -> dict[str, Any]:
    """Return a part as data without a key that holds nothing, so that scenarios that lack it keep their digest."""
    return {name: value for name, value in data.items() if name != key or value is not None}


class Agreement(Strict):
    """An agreement in force at the start, or asserted in `given:`."""

    between: list[Name] = Field(default_factory=list, min_length=2, max_length=2, description="two factions or groups")
    # read in files alone: an accord becomes an agreement for each pair of its parties that belong to different factions
    parties: list[Name] | None = Field(default=None, exclude=True, min_length=3, max_length=40, description="three factions or groups or more, in place of `between`: one accord of all of them")
    # words alone: left out where a scenario's digest is made
    accord: Name | None = Field(default=None, exclude=True, description="accord of several parties that this agreement of two is a part of")
    kind: Literal["truce", "settlement"] = Field(default="truce", description="a truce in the middle of fighting, or a settlement that ends a campaign or a quarrel")
    scope: Literal["town", "sector", "all_fronts"] = Field(default="all_fronts", description="where it holds")
    around: Name | None = Field(default=None, description="town in the middle of the scope")
    radius_km: Quantity = number(25, "km", 1, 300, "radius of a sector")
    signed: date = Field(description="day of signing")
    expires: date | None = Field(default=None, description="last day, for a fixed term")
    mediator: Name | None = Field(default=None, description="group that mediated")
    terms: list[Name] = Field(default_factory=list, description="names of `terms:`")
    source: str | None = None


class Zone(Strict):
    """A demilitarised zone: a belt of given depth on the rebels' side of the line of contact."""

    name: Name = "demilitarised zone"
    depth_km: Quantity = number(17.5, "km", 0.5, 200, "depth from the line of contact")
    agreed: date
    deadline: date = Field(description="day by which proscribed fighters must have left")
    patience: Quantity = number(1, "patience", 0, 10, "of patron and guarantor at the start", between=(0.5, 2))
    guarantors: list[Name] = Field(default_factory=list, description="states that signed")
    source: str | None = None


class Given(Strict):
    """A dated event that the scenario asserts; outcomes are never given."""

    on: date
    event: Literal["base_attempt", "agreement", "killing_at_talks"]
    by: Name | None = Field(default=None, description="group or faction that attempts, or that kills delegates of the other side in a dispute over the town")
    in_town: Name | None = Field(default=None, alias="in", description="town")
    deaths: int | None = Field(default=None, ge=1, le=100, description="delegates killed, in a killing_at_talks")
    agreement: Agreement | None = None
    source: str | None = None


class Policy(Strict):
    """A dated action of a what-if: exactly one of the keys from `withdraw` to `garrison` says what is done."""

    withdraw: Name | None = Field(default=None, description="faction that leaves `from` by the day `by`; peacekeepers leave the theatre, from all towns if `from` is left out")
    enforce_no_expansion: Name | None = Field(default=None, description="faction whose base attempts are multiplied by `factor`")
    mediate: Name | None = Field(default=None, description="mediator, of the model or from outside; multiplies the signing hazard by `factor`")
    reinforce: Name | None = Field(default=None, description="group that `fighters` from outside join, `in` a town of its faction; peacekeepers in any town, with a `mandate`")
    merge_groups: list[Name] | None = Field(default=None, description="groups whose fighters join the group `into`")
    monitor: Name | None = Field(default=None, description="who watches over agreements; multiplies their hold by `factor`")
    guarantor: Name | None = Field(default=None, description="who guarantees agreements between rebels, of the model or from outside: with `fighters` and `credibility` it deters who would break them")
    sanctions: Name | None = Field(default=None, description="faction whose patrons press it: decisions for a campaign are multiplied by `factor`, its willingness to sign is divided by it")
    support: Name | None = Field(default=None, description="faction whose patrons back it more: as sanctions, with a `factor` above 1")
    demobilise: Name | None = Field(default=None, description="faction or group of which `fighters`, or a `share`, leave the war")
    garrison: Name | None = Field(default=None, description="faction or group that stations `fighters` of its other garrisons `in` a town that its faction holds")
    by: date | None = Field(default=None, description="day of a withdrawal")
    on: date | None = Field(default=None, description="day of a single act, or first day of a lasting one")
    until: date | None = Field(default=None, description="last day of a lasting act; the end if left out")
    from_place: Name | None = Field(default=None, alias="from", description="`zone`, or a town")
    towns_to: Literal["host_group", "neutral"] | None = Field(default=None, description="who gets towns left: the strongest rebel group nearby, or nobody")
    may_return: bool | None = Field(default=None, description="false: the faction opens no base or front in the zone afterwards")
    in_town: Name | None = Field(default=None, alias="in", description="town; for a guarantor also `zone`, and everywhere if left out")
    between: list[Name] | None = Field(default=None, min_length=2, max_length=2, description="two factions or groups whose agreements a guarantor covers; all if left out")
    into: Name | None = Field(default=None, description="group that merged fighters join")
    fighters: Quantity | None = where_needed("fighters", 1, 100000, "fighters who arrive from outside, demobilise or are stationed; force of a guarantor")
    factor: Quantity | None = where_needed("multiplier", 0, 100, "strength of a lasting act")
    credibility: Quantity | None = where_needed("share", 0, 1, "share of breaches that a guarantor far stronger than the sides would deter")
    share: Quantity | None = where_needed("share", 0, 1, "share of the fighters who demobilise")
    cohesion: Quantity | None = where_needed("share", 0.05, 1, f"cohesion of merged fighters; {MERGED_COHESION} if left out")
    mandate: Mandate | None = Field(default=None, description="what peacekeepers who come may do; their faction's if left out")
    source: str | None = None

    @model_serializer(mode="wrap")
    def _without_absent(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return without_absent(handler(self), "mandate")


class Scenario(Strict):
    """One scenario, complete with all defaults."""

    question: str = Field(min_length=10, description="the question the scenario is to answer")
    title: Name
    map: Name = Field(description="folder of scenarios/maps")
    control_on: date | None = Field(default=None, description="dated column of control.csv; the latest not after `start` if left out")
    start: date
    days: int = Field(ge=1, le=4000, description="days to simulate")
    evidence_until: date = Field(description="last day of the evidence behind the scenario")
    factions: dict[Name, Faction] = Field(min_length=1, max_length=20)
    agreements: dict[Name, Agreement] = Field(default_factory=dict)
    zone: Zone | None = None
    given: list[Given] = Field(default_factory=list)
    policy: list[Policy] = Field(default_factory=list)
    terms: dict[Name, Term] = Field(default_factory=dict, description="terms that agreements may contain")
    rules: Rules = Rules()
    front_weight: Quantity = number(2, "multiplier", 1, 10, "fighters in a town at the line of contact, beside one of its size elsewhere", between=(1, 3))
    reserve_towns: Quantity = number(24, "towns", 1, 200, "main towns of a group over which its reserves are spread", between=(8, 40))
    garrison_share: Quantity = number(0.6, "share of fighters", 0.05, 1, "fighters who stand in towns; the rest are reserves in each group's main towns")
    watch_towns: list[Name] = Field(default_factory=list, description="towns that the answer and the maps name")
    headline: list[Name] = Field(default_factory=lambda: ["towns_gained", "clash_days", "first_agreement_day"], description="statistics that the answer names")
    compare_with: list[Name] = Field(default_factory=list, description="scenarios to compare with")


def signed_on(scenario: Scenario) -> dict[str, date]:
    """Return the day of signing of each agreement in force at the start, by the name that tables give it; an accord is one."""
    return {agreement.accord or name: agreement.signed for name, agreement in scenario.agreements.items()}


def codes(scenario: Scenario) -> dict[str, str]:
    """Return the code of each faction by its name, in the scenario's order; the name where no code is given."""
    return {name: faction.code or name for name, faction in scenario.factions.items()}


def parties(scenario: Scenario) -> list[str]:
    """Return the codes of the factions that may hold towns and fight, in the scenario's order: all but peacekeepers."""
    return [faction.code or name for name, faction in scenario.factions.items() if faction.peacekeeping is None]


def agreement_names(scenario: Scenario) -> set[str]:
    """Return the names that a scenario gives agreements; an accord of several parties has one for all its pairs."""
    return {written.accord or name for name, written in scenario.agreements.items()}


def peacekeepers(scenario: Scenario) -> dict[str, str]:
    """Return the code of each peacekeeper by its name, in the scenario's order."""
    return {name: code for name, code in codes(scenario).items() if scenario.factions[name].peacekeeping is not None}


OKABE_ITO = ("#0072B2", "#E69F00", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#F0E442", "#000000")
"""Colours of Okabe & Ito 2008, "Color Universal Design"; the order puts the best separated first."""


def colours(scenario: Scenario) -> dict[str, str]:
    """Return the colour of each faction, #RRGGBB by its code: its own, else the next that no other has of Okabe and Ito's."""
    taken = {faction.colour.upper() for faction in scenario.factions.values() if faction.colour}
    free = [colour for colour in OKABE_ITO if colour not in taken] or list(OKABE_ITO)
    chosen: dict[str, str] = {}
    for name, faction in scenario.factions.items():
        used = sum(colour in free for colour in chosen.values())
        chosen[faction.code or name] = faction.colour or free[used % len(free)]
    return chosen


def rebels(scenario: Scenario) -> list[str]:
    """Return the codes of the factions of the role rebel, in the scenario's order."""
    return [faction.code or name for name, faction in scenario.factions.items() if faction.role == "rebel"]


def rebel_pairs(scenario: Scenario) -> list[tuple[str, str]]:
    """Return the unordered pairs of rebel codes, as the columns of the daily table name them."""
    return list(combinations(rebels(scenario), 2))
