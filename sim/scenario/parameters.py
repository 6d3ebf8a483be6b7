"""Quantities with range and source, and the parameters of every rule."""

from __future__ import annotations

import math
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError


class Quantity(BaseModel):
    """One number of a scenario, with the interval it may lie in and where it comes from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    best: float
    low: float | None = None
    high: float | None = None
    source: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_number(cls, value: Any) -> Any:
        if isinstance(value, bool):
            raise ValueError("a number, or {best, low, high, source}, is needed here")
        return {"best": value} if isinstance(value, int | float) else value

    @model_validator(mode="after")
    def _ordered(self) -> Quantity:
        if not all(math.isfinite(x) for x in (self.best, self.low, self.high) if x is not None):
            raise ValueError("must be a finite number")
        if (self.low is None) != (self.high is None):
            raise ValueError("low and high go together: give both or neither")
        if self.low is not None and self.high is not None and not self.low <= self.best <= self.high:
            raise ValueError(f"best must lie between low and high, got {self.low} <= {self.best} <= {self.high}")
        return self

    @property
    def uncertain(self) -> bool:
        """True where a batch draws this input."""
        return self.low is not None and self.low != self.high


def number(
    best: float,
    unit: str,
    low: float,
    high: float,
    about: str,
    source: str = "assumed",
    between: tuple[float, float] | None = None,
) -> Any:
    """Declare a numeric field: default, unit, allowed range, meaning and source.

    `between` is the interval a batch draws from; without it the default is held fixed.
    """
    default = (
        Quantity(best=best, source=source)
        if between is None
        else Quantity(best=best, low=between[0], high=between[1], source=source)
    )
    extra: dict[str, Any] = {"unit": unit, "allowed_low": low, "allowed_high": high, "source": source}
    return Field(default=default, description=about, json_schema_extra=extra)


def where_needed(unit: str, low: float, high: float, about: str) -> Any:
    """Declare a numeric field that only some kinds of a part have; it has no default."""
    extra: dict[str, Any] = {"unit": unit, "allowed_low": low, "allowed_high": high}
    return Field(default=None, description=about, json_schema_extra=extra)


class Strict(BaseModel):
    """Base of every part of a scenario: unknown keys are faults, values are frozen, ranges are checked."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @model_validator(mode="after")
    def _in_range(self) -> Strict:
        for name, field in type(self).model_fields.items():
            value, extra = getattr(self, name), field.json_schema_extra
            if not isinstance(value, Quantity) or not isinstance(extra, dict):
                continue
            low, high = float(extra["allowed_low"]), float(extra["allowed_high"])  # type: ignore[arg-type]
            for given in (value.best, value.low, value.high):
                if given is not None and not low <= given <= high:
                    raise PydanticCustomError(
                        "out_of_range",
                        f"{name}: {given:g} is out of range, allowed is {low:g} to {high:g} {extra['unit']}",
                    )
        return self


class Rule(Strict):
    """A mechanism that can be switched off."""

    enabled: bool = Field(default=True, description="switches the mechanism")


MOST_REACH_KM = 1500.0  # the extent of the largest map; a map's own limit is checked with it, in sim.load


class BaseAttempt(Rule):
    """Opening a base in a town that another faction holds, in spite of agreements."""

    attempts_per_town_month: Quantity = number(
        0.02, "attempts per month and candidate town", 0, 1, "rate at a town of average value, no distance, equal forces and no trust", between=(0.005, 0.04)
    )
    value_weight: Quantity = number(1, "log rate per unit of town value", 0, 4, "pull of junctions and front access")
    distance_km: Quantity = number(10, "km", 1, 100, "road distance to the nearest own garrison over which the rate falls e-fold")
    strength_weight: Quantity = number(1, "log rate per log force ratio", 0, 3, "weight of ln(host force/own force)", "Gade, Hafez & Gabbay 2019, J Peace Research: power asymmetry raises infighting")
    trust_weight: Quantity = number(1.5, "log rate per unit of trust", 0, 5, "deterrence by trust left in an agreement in force")
    threat_weight: Quantity = number(0.5, "log rate per unit of threat", 0, 3, "deterrence by the threat perceived from the government", "Pischedda 2018, Int Security; zero is allowed: weekly data of the first theatre, 2016-18, do not show it", between=(0, 1.5))
    fatigue_weight: Quantity = number(1, "log rate per unit of fatigue", 0, 3, "deterrence by war fatigue")
    support_weight: Quantity = number(0.5, "log rate per unit of influence", 0, 3, "pull of local influence of the newcomer")
    party_fighters: Quantity = number(60, "fighters", 10, 300, "size of the party that opens a base", between=(30, 120))
    reach_km: Quantity = number(40, "km", 5, MOST_REACH_KM, "farthest road distance of a candidate town from an own garrison; no map allows more than its near_km: 60 km, or as map.csv has it")


class Incident(Rule):
    """Arrest raids, assassinations and road quarrels between neighbouring rival garrisons, without a base."""

    per_pair_month: Quantity = number(0.025, "incidents per month and pair of neighbouring rival garrisons", 0, 1, "base rate", "first theatre: 0.02-0.1 a day in all, UCDP GED 2016-18 (Sundberg & Melander 2013)", between=(0.012, 0.05))
    reach_km: Quantity = number(12, "km", 1, MOST_REACH_KM, "road distance within which garrisons are neighbours, at most the map's near_km")
    assassination_share: Quantity = number(0.35, "share of incidents", 0, 1, "share that are assassinations; they kill one")
    arrest_share: Quantity = number(0.3, "share of incidents", 0, 1, "share that are arrest raids; the rest are road quarrels")
    deaths_mean: Quantity = number(1.2, "deaths", 0, 10, "mean deaths of an arrest raid or road quarrel")
    escalates: Quantity = number(0.2, "probability", 0, 1, "chance that an incident becomes a clash", between=(0.2, 0.5))


class Demand(Rule):
    """Demand to close a base, and the answer: a two-stage game with logit quantal response."""

    interval_days: Quantity = number(1, "days", 0.5, 30, "mean days between decisions to demand", between=(1, 4))
    repeat_share: Quantity = number(0.9, "share of the rate", 0, 1, "rate of a further decision in a dispute after each demand made in it", "assumed; first theatre: one demand and one refusal in one account", between=(0.25, 1))
    rationality: Quantity = number(3, "1/utility", 0, 20, "precision of the logit response; 0 is random", "McKelvey & Palfrey 1995, Games Econ Behav; 1998, Exp Econ (extensive form)", between=(1, 4))
    fight_cost: Quantity = number(0.25, "utility, a town is worth 1", 0, 5, "expected cost of a fight to either side", between=(0.25, 1))
    grievance_weight: Quantity = number(0.5, "utility per unit of grievance", 0, 5, "grievance makes demanding and refusing pay")
    terms_weight: Quantity = number(0.2, "utility", 0, 5, "cost of escalating under an agreement in force")
    stall_cost: Quantity = number(0.25, "utility", 0, 5, "cost of stalling to the one who stalls")
    annoyance: Quantity = number(0.25, "utility", 0, 5, "cost of tolerating the other's base or garrison beside one's own")
    help_hours: Quantity = number(24, "hours", 1, 240, "travel time over which the help expected falls e-fold")
    base_share: Quantity = number(0.8, "share of the town's worth", 0, 1, "what a newcomer loses who closes its base; a host loses the town", between=(0.2, 0.8))
    settles: Quantity = number(0.25, "probability", 0, 1, "chance that leaving the other alone settles the dispute: the base is agreed")
    clash_after_refusal: Quantity = number(0.9, "probability", 0, 1, "chance that a refusal is followed by an attempt to close the base by force", between=(0.5, 1))


class Talks(Rule):
    """Talks after a refusal, killing of delegates at talks, and two accounts of it that nobody adjudicates."""

    after_refusal: Quantity = number(0.6, "probability", 0, 1, "chance that a refusal is followed by talks rather than by force at once", between=(0.2, 0.8))
    delay_days: Quantity = number(0.7, "days", 0.05, 30, "mean of the exponential delay from refusal to talks, of which whole days count", "first theatre: talks on the day of the attempt, 29 Oct 2018", between=(0.3, 2))
    settles: Quantity = number(0.3, "probability", 0, 1, "chance that talks without a killing settle the dispute", between=(0.2, 0.6))
    killing: Quantity = number(0.08, "probability", 0, 1, "chance that delegates are killed at talks", "assumed; first theatre: one case, 29 Oct 2018", between=(0.01, 0.1))
    deaths_mean: Quantity = number(2, "deaths", 1, 20, "mean delegates killed", "first theatre: two officials, 29 Oct 2018")
    true_account: Literal["unknown", "assassination", "forced_entry"] = Field(
        default="unknown", description="which account of a killing is true: delegates assassinated, or killed while forcing their way in; nobody in the model knows"
    )
    prior: Quantity = number(0, "log-odds", -5, 5, "belief in assassination before any claim is heard")
    trust_weight: Quantity = number(2, "log-odds per unit of trust", 0, 10, "weight of a side's claim by the trust in it")
    evidence: Quantity = number(1, "log-odds", 0, 10, "what leaks of the true account, where one is true")
    belief_gain: Quantity = number(1, "exponent", 0, 2, "belief b multiplies solidarity by exp(gain (b - 0.5))", between=(0, 2))
    belief_half_life_days: Quantity = number(60, "days", 1, 1000, "fading of beliefs towards 0.5")


class Campaign(Rule):
    """Leaders decide on a war against one rival group; its opening, orders, hand-overs and end."""

    form: Literal["decision", "strength"] = Field(default="decision", description="leaders decide on campaigns; or nobody does, and each round of fighting draws a gamma strength that multiplies its offspring, a rival account to compare with")
    strength_variance: Quantity = number(2, "variance of a gamma of mean 1", 0.01, 20, "how much rounds differ in the form `strength`", "assumed; first theatre: two of 18 episodes have 0.67 of the events, UCDP GED 2016-18", between=(1, 5))
    decisions_per_month: Quantity = number(0.3, "campaigns per month and pair of groups", 0, 3, "hazard at equal force while a reason is fresh, without grievance, threat or fatigue", "first theatre: four campaigns between its two largest factions in 23 months, Poisson 95 % 0.05-0.45, UCDP GED Dec 2016-Oct 2018", between=(0.05, 0.45))
    trigger_days: Quantity = number(7, "days", 1, 60, "how long a killing, an arrest, a refusal or a clash is a fresh reason", "first theatre: 4-5 days from killing to war in Feb 2018", between=(5, 10))
    untriggered_share: Quantity = number(0.1, "share of the hazard", 0, 1, "hazard without a fresh reason", between=(0, 0.3))
    power_weight: Quantity = number(1, "log hazard per log force ratio", 0, 4, "weight of the own force and its sisters' expected help over the rival's", "Gade, Hafez & Gabbay 2019, J Peace Research: pairs unequal in size fight more", between=(0.5, 2))
    shift_weight: Quantity = number(1, "log hazard per log change of the force ratio", 0, 5, "weight of a rival's growth within a quarter", "Fearon 1995, Int Organ; Powell 2006, Int Organ: direction only", between=(0, 2))
    grievance_weight: Quantity = number(1, "log hazard per unit of grievance", 0, 5, "grievance makes war likelier", between=(0, 2))
    threat_weight: Quantity = number(1.5, "log hazard per unit of threat", 0, 5, "threat perceived from the government makes war less likely", "Pischedda 2018, Int Security: window of opportunity; first theatre: pressure below the year's mean before 6 of 6 campaigns, UCDP GED", between=(0, 2))
    fatigue_weight: Quantity = number(1, "log hazard per unit of fatigue", 0, 5, "war fatigue makes war less likely")
    quiet_days: Quantity = number(75, "days", 0, 400, "days after a campaign in which the same factions begin none", "first theatre: gaps of 107-176 days between starts, UCDP GED 2016-18", between=(60, 90))
    gather_days: Quantity = number(1.5, "days", 0, 30, "mean days in which the opening is prepared, beside two to gather", "first theatre: 4-5 days from killing to war in Feb 2018", between=(1, 5))
    opening_towns: Quantity = number(6.3, "towns", 1, 9, "mean number of towns against which the opening's columns set out", "first theatre: 7-8 places by day 7 in 2018, 9 by day 5 in 2017, UCDP GED", between=(3, 7))
    orders_per_day: Quantity = number(0.6, "columns per day", 0, 4, "columns ordered on each later day, by both sides", "first theatre: 59 events in 68 days and 44 in 66, UCDP GED", between=(0.3, 0.7))
    initiator_share: Quantity = number(0.65, "share of orders", 0, 1, "orders given by the initiator's side", between=(0.5, 0.8))
    contiguity: Quantity = number(2, "multiplier", 1, 20, "weight of a town beside one that the side holds", between=(1, 6))
    median_days: Quantity = number(14, "days", 1, 200, "median length that leaders mean to fight for", "first theatre and the country around it: 8 campaigns of 2016-18, median 14 days; 19 chronicled cases: 8", between=(8, 14))
    days_log_sd: Quantity = number(1.1, "log days", 0, 3, "standard deviation of the logarithm of that length", "first theatre and the country around it: 0.89 of 8 campaigns of 2016-18; 1.5 of the chronicled", between=(0.9, 1.5))
    no_truce_days: Quantity = number(4, "days", 0, 60, "days after the opening in which nothing is signed", "first theatre: truces of 2018: the first on day 17; of July 2017 on day 5", between=(3, 5))
    stalemate_days: Quantity = number(14, "days", 1, 200, "days without a town taken from which on each day may end it, with this mean", "assumed; hurting stalemate, Zartman 2000", between=(10, 20))
    losses_share: Quantity = number(0.04, "share of fighters killed", 0.001, 1, "share of both sides' fighters killed at which the leaders end it", "assumed; first theatre: 470 deaths of some 20,000 fighters in the round of Feb-Apr 2018, UCDP GED, did not end it", between=(0.03, 0.1))
    handovers_per_day: Quantity = number(0.3, "per day, town and share lost", 0, 5, "hazard at which garrisons of a losing group hand over", "first theatre: most strategic places within 48 hours, July 2017", between=(0.1, 1))
    aim_share: Quantity = number(0.1, "share of towns", 0, 1, "share of the target's towns taken with which the initiator has met its aim")
    broken_share: Quantity = number(0.6, "share of towns", 0.05, 1, "share of its towns lost at which a group is broken; its sister absorbs it", "first theatre: absorbed by a protector in 2 of 19 cases, destroyed or expelled in 9: campaigns.csv", between=(0.4, 0.9))
    settles: Quantity = number(0.7, "probability", 0, 1, "chance that a campaign ends by a settlement", "first theatre: 12 of 19 cases ended otherwise than by destruction: campaigns.csv", between=(0.4, 0.9))


class Spread(Rule):
    """Offspring of clashes: to neighbours along roads, and by call to arms far away."""

    neighbours: bool = Field(default=True, description="switches the channel to neighbouring towns along roads")
    call_to_arms: bool = Field(default=True, description="switches the channel by which sister groups and the attacker open fronts far away")
    offspring_per_clash_day: Quantity = number(0.97, "clashes per clash-day", 0, 1.5, "mean number of clashes that a day of clashing sets off, outside campaigns", "first theatre: branching 0.56 of the 14 small episodes of 2016-18, UCDP GED, of which sparks that find no column are to be added", between=(0.5, 1.1))
    delay_days: Quantity = number(3.3, "days", 0.2, 30, "mean delay, exponential", "first theatre: Hawkes fit to UCDP GED 2016-18: 3 days", between=(2, 4.5))
    call_to_arms_share: Quantity = number(0.9, "share of offspring", 0, 1, "share that opens fronts far away rather than beside the clash", "first theatre: median distance between consecutive events 36-40 km, UCDP GED", between=(0.6, 0.95))
    attacker_share: Quantity = number(0.5, "share of calls to arms", 0, 1, "share that goes to the attacker's side; the rest goes to the side attacked", between=(0.35, 0.65))
    reach_km: Quantity = number(30, "km", 2, MOST_REACH_KM, "road distance from which an assault column is mounted, at most the map's near_km")
    reach_days: Quantity = number(1, "days", 0.1, 30, "march from which an assault column is mounted at most", between=(0.7, 2))
    near_km: Quantity = number(60, "km", 1, 500, "distance from the clash over which the choice of a front falls e-fold", "first theatre: median 36-40 km between consecutive events, UCDP GED", between=(20, 80))
    campaign_factor: Quantity = number(0.58, "multiplier", 0, 2, "offspring while a campaign is under way, when leaders give the orders", between=(0.4, 1))
    fatigue_weight: Quantity = number(1, "log offspring per unit of fatigue", 0, 3, "war fatigue lowers the offspring")
    restraint_weight: Quantity = number(1, "log offspring per unit of restraint above 1", 0, 5, "restraint of the attacker lowers the offspring")


class Movement(Rule):
    """Columns march cell by cell along roads, more slowly off road; idle detachments go home."""

    road_km_per_day: Quantity = number(30, "km/day", 1, 500, "speed of a column along roads", "assumed; armed convoys on contested roads, by night", between=(15, 60))
    share_that_stays: Quantity = number(0.3, "share of a garrison", 0, 1, "fighters who stay when a garrison gives men to a column ordered in strength", between=(0.3, 0.7))
    offroad_km_per_day: Quantity = number(15, "km/day", 1, 500, "speed of a column off road")
    redeployments_per_month: Quantity = number(1, "detachments per month and 1,000 fighters", 0, 20, "detachments sent from quiet towns of a group to its exposed ones", between=(0.3, 2))
    detachment_fighters: Quantity = number(40, "fighters", 5, 1000, "mean size of a detachment", between=(20, 80))
    detachment_days: Quantity = number(20, "days", 0, 400, "mean days that a detachment stays")
    home_after_days: Quantity = number(5, "days", 0, 60, "days an idle detachment stays before it returns to its home town")


class Clash(Rule):
    """Fighting in a town, day by day: commitment, attrition, withdrawal, commanders, crossfire."""

    attrition: Literal["stochastic", "linear", "square"] = Field(default="stochastic", description="law of losses: Poisson with the square law's mean, Lanchester's linear or square law")
    committed_min: Quantity = number(17, "fighters", 1, 1000, "smallest force committed to a clash", between=(15, 60))
    committed_exponent: Quantity = number(2.1, "exponent", 1.5, 4, "power law of committed force", "Bohorquez et al. 2009, Nature: exponents of 2 to 2.8, about 2.5", between=(2, 2.8))
    committed_max: Quantity = number(1500, "fighters", 50, 20000, "largest force committed by a side", "first theatre: the largest column reported, 2 Mar 2018, of about 1,500 fighters")
    concentration: Quantity = number(1, "exponent", 0, 1, "how far the ratio of forces committed follows the ratio of forces in the town", "Lanchester 1916, Aircraft in Warfare: concentration; direction only", between=(0.5, 1))
    loss_per_day: Quantity = number(0.035, "deaths per opposing fighter and day", 0, 1, "lethality", between=(0.02, 0.05))
    linear_front: Quantity = number(100, "fighters", 1, 5000, "force at which the linear law kills as many as the square law")
    attacker_loss_factor: Quantity = number(1.2, "multiplier", 0.2, 5, "attacker's losses relative to the defender's at equal force", "first theatre: losses of its largest group to those of rivals 0.97-1.34 per round, UCDP GED 2017-18", between=(1, 1.5))
    withdraw_loss_share: Quantity = number(0.08, "share of committed force lost in a day", 0.001, 1, "daily loss at which a side of full cohesion breaks off", "Epstein 1985, The Calculus of Conventional War: withdrawal thresholds", between=(0.04, 0.12))
    continue_probability: Quantity = number(0.26, "probability", 0, 0.95, "chance that an undecided clash goes on next day", between=(0.1, 0.4))
    pressed_probability: Quantity = number(0.7, "probability", 0, 0.95, "the same if the attackers in the town are the stronger side", between=(0.4, 0.8))
    column_ratio: Quantity = number(2.5, "multiple of the garrison", 0.2, 10, "mean strength of a column that is ordered in strength, over the garrison it attacks", "assumed; up to the 3:1 rule of thumb", between=(1, 3))
    capture_ratio: Quantity = number(1.5, "force ratio", 0.2, 20, "force present over remaining defenders with which the attacker takes a town when the defence breaks", "assumed; half the 3:1 rule of thumb", between=(1, 3))
    surrender_share: Quantity = number(0.02, "share of fighters", 0, 1, "fighters of a beaten garrison who desert")
    commander_death: Quantity = number(0.04, "probability per death among the side's fighters", 0, 1, "chance that a death is the commander's", between=(0.01, 0.08))
    cohesion_loss: Quantity = number(0.5, "cohesion per share of force lost", 0, 10, "loss of cohesion by losses")
    commander_cohesion: Quantity = number(0.2, "cohesion", 0, 1, "cohesion lost with a commander", "Johnston 2012, Int Security: direction only")
    cohesion_recovery: Quantity = number(0.03, "share of the gap per day", 0, 1, "recovery of cohesion towards the group's own; a new commander is found when it is complete")
    crossfire: Quantity = number(0.06, "civilian deaths per fighter's death", 0, 5, "crossfire in a town of average population", "first theatre: 22 of 470 deaths in the round of Feb-Apr 2018, UCDP GED", between=(0.03, 0.15))


class Control(Rule):
    """Change of holder by battle, by withdrawal, or because neighbours fell."""

    bandwagon: bool = Field(default=True, description="switches withdrawal of garrisons that watch their neighbours fall")
    watch_days: Quantity = number(14, "days", 1, 120, "how far back lost neighbours are counted")
    threshold: Quantity = number(0.5, "share of neighbouring towns lost", 0, 1, "median threshold at which a garrison leaves", "Granovetter 1978, Am J Sociol; Christia 2012", between=(0.35, 0.8))
    threshold_spread: Quantity = number(0.2, "share", 0, 1, "half-width of the uniform distribution of thresholds")
    support_weight: Quantity = number(0.5, "share per unit of influence", 0, 3, "lost local support lowers the threshold")
    enter_days: Quantity = number(7, "days", 1, 200, "days that a faction stands alone in a neutral town before the town is its own", between=(3, 21))
    post_fighters: Quantity = number(30, "fighters", 5, 500, "party that garrisons a town left to its faction", between=(20, 60))
    influence_days: Quantity = number(30, "days", 1, 1000, "time over which influence follows presence")


class Ceasefire(Rule):
    """Signing, terms, hold and breaking of agreements between rebel factions."""

    signing_per_10_deaths: Quantity = number(0.18, "per day and 10 deaths of the last 7 days", 0, 2, "signing hazard", "first theatre: 0.04-0.3 from nine agreements of 2017-18 and UCDP GED", between=(0.04, 0.2))
    stalemate_days: Quantity = number(14, "days", 1, 120, "days of a round under way without a capture after which the hazard doubles")
    quiet_days: Quantity = number(3, "days", 1, 60, "an agreement signed more days after the last clash settles the quarrel; one signed earlier is a truce")
    mediator_factor: Quantity = number(1.5, "multiplier", 1, 10, "hazard where a group mediates", "first theatre: one group mediated the truces of 9 Mar and 1 Apr 2018", between=(1, 2.5))
    mediator_refuses_days: Quantity = number(14, "days", 0, 200, "days after an attack on it in which a group does not mediate")
    mediator_weariness: Quantity = number(0.5, "weariness", 0, 5, "weariness of a mediator with each of its agreements that is broken; it is heard exp(-weariness) as much")
    weariness_half_life_days: Quantity = number(60, "days", 1, 1000, "recovery of a mediator")
    threat_weight: Quantity = number(0.5, "log hazard per unit of threat", 0, 3, "threat perceived from the government makes rivals sign")
    momentum_weight: Quantity = number(0.3, "log hazard per town taken in 7 days", 0, 3, "a side that is winning does not sign")
    breach_weight: Quantity = number(0.3, "log hazard per agreement broken lately", 0, 5, "whose agreements were broken signs less readily; fades with the half-life of trust", "assumed; first theatre: ten agreements are known from two years of war, and nine of them ended", between=(0, 1.5))
    sector_km: Quantity = number(25, "km", 2, 200, "radius of an agreement of sector scope; wider fighting is settled on all fronts")
    hold_days: Quantity = number(10, "days", 1, 400, "mean of the break hazard's inverse for terms of no effect", "first theatre: mean 10-50 days", between=(10, 40))
    frailty_variance: Quantity = number(2, "variance of a gamma of mean 1", 0.01, 5, "unobserved quality of agreements", "first theatre: KM median 5-6 days and one of 155: heavy heterogeneity", between=(0.7, 2.5))
    dispute_factor: Quantity = number(1.4, "multiplier", 1, 10, "unresolved disputes in the scope shorten the hold")
    bases_factor: Quantity = number(1.1, "multiplier per base in the scope", 1, 3, "bases close together shorten the hold")
    suppression: Quantity = number(0.3, "share of clashes, incidents and base attempts held back", 0, 0.99, "effect of a truce in force", "first theatre: agreements of 2018 suppressed fighting only in part: four were signed inside the 68-day episode", between=(0.1, 0.55))
    violation_breaks: Quantity = number(0.5, "probability", 0, 1, "chance that a clash in the scope breaks a truce on its first day", between=(0.1, 0.5))
    settlement_suppression: Quantity = number(0.8, "share of clashes, incidents, attempts and decisions held back", 0, 0.99, "effect of a settlement in force", "first theatre: 8 events in the 155 days of the settlement of 24 Apr 2018, UCDP GED", between=(0.7, 0.9))
    settlement_hold_days: Quantity = number(100, "days", 1, 1000, "mean of the break hazard's inverse of a settlement, beside a new campaign, which ends it", "first theatre: 155 days after 24 Apr 2018; 60-150 days", between=(60, 150))
    release_share: Quantity = number(0.7, "probability", 0, 1, "chance with which each attack that an agreement held back is carried out once it is broken", between=(0.4, 1))
    stops_clash: Quantity = number(0.8, "probability", 0, 1, "chance that a clash under way in the scope ends on the day of signing")


class Civilians(Rule):
    """Pressure on civilians under new or contested control, displacement by clashes, and the support they cost."""

    pressure_per_town_month: Quantity = number(0.12, "acts per month and town under new or contested control", 0, 10, "arrest, injury or abduction of a media worker, health worker or activist", "first theatre: 17 UCDP GED events of insurgents against civilians in Jan-Oct 2018 are deaths only: a lower bound", between=(0.05, 0.3))
    new_days: Quantity = number(30, "days", 1, 365, "how long control counts as new")
    settled_share: Quantity = number(0.1, "share of the rate", 0, 1, "rate in towns under settled control, relative to new or contested")
    media_share: Quantity = number(0.5, "share of victims", 0, 1, "media workers; first theatre: 2 media activists of 4 victims in one account")
    health_share: Quantity = number(0.25, "share of victims", 0, 1, "health workers; the rest are other activists; first theatre: 1 of 4 victims in one account")
    arrest_share: Quantity = number(0.4, "share of acts", 0, 1, "arrests")
    injury_share: Quantity = number(0.2, "share of acts", 0, 1, "injuries; the rest are abductions")
    support_loss: Quantity = number(0.05, "share of local influence", 0, 1, "influence that an act costs its author in the town")
    displaced_per_death: Quantity = number(40, "people per death in a clash", 0, 5000, "people who flee a clash in a town of average population", between=(10, 150))
    return_half_life_days: Quantity = number(45, "days", 1, 1000, "return of the displaced while their town is quiet")


class Offensive(Rule):
    """The government's offensive: three rival explanations, each a switch, times the guarantors' patience; shelling in between."""

    provocation: bool = Field(default=True, description="explanation 1: proscribed fighters in the zone after the deadline")
    calendar: bool = Field(default=True, description="explanation 2: a date distribution of its own")
    opportunity: bool = Field(default=True, description="explanation 3: deaths among rebels of the last 14 days")
    provocation_per_month: Quantity = number(0.3, "offensives per month at a share of 1", 0, 5, "hazard per share of proscribed among the fighters in the zone", between=(0.1, 0.6))
    presence_per_town: Quantity = number(0.1, "share per town", 0, 1, "weight of each town of the zone that a proscribed faction has entered since the start, beside its share of fighters", "assumed; first theatre: one town entered by a proscribed faction is reported to raise the risk of an offensive", between=(0.02, 0.3))
    calendar_per_month: Quantity = number(0.04, "offensives per month", 0, 5, "constant hazard", "first theatre: one offensive in the 10 months to 31 Oct 2018 (20 Jan 2018)", between=(0.01, 0.1))
    opportunity_per_month: Quantity = number(0.05, "offensives per month and 100 deaths among rebels in 14 days", 0, 5, "hazard", between=(0, 0.2))
    patience_weight: Quantity = number(1, "log hazard per unit of patience", 0, 5, "patience of patron and guarantor holds the government back")
    patience_loss_per_month: Quantity = number(0.1, "patience per month", 0, 2, "patience lost while the zone is not implemented after its deadline")
    mobilisation_days: Quantity = number(7, "days", 1, 60, "announced massing before the attack")
    duration_days: Quantity = number(20, "days", 2, 200, "mean duration", "first theatre: 16 days, 20 Jan-4 Feb 2018", between=(10, 45))
    assaults_per_day: Quantity = number(1.2, "assaults per day", 0, 20, "attacks on towns along the axis", between=(0.6, 2))
    column_fighters: Quantity = number(1200, "fighters", 100, 10000, "force massed for an assault", between=(600, 2000))
    commitment_factor: Quantity = number(4, "multiplier", 1, 50, "force committed where a government fights, relative to a fight among rebels", between=(2, 8))
    column_radius_km: Quantity = number(30, "km", 5, 200, "extent of the axis around its first town")
    infighting_factor: Quantity = number(0.15, "multiplier", 0, 1, "fighting among rebels during an offensive", "first theatre: no event recorded 1 Jan-14 Feb 2018, UCDP GED", between=(0.02, 0.4))
    shelling_per_town_month: Quantity = number(3.4, "lethal events per month and front town", 0, 60, "shelling and skirmishes across the line before the zone was agreed", "first theatre: 4.1 deaths a day May-17 Sep 2018, UCDP GED, as the monitor reports them")
    shelling_deaths: Quantity = number(1.7, "deaths", 0.1, 50, "mean deaths of such an event", "assumed; first theatre: between the 47 deaths in 28 events after 17 Sep 2018 and 1887 in 485 before it, offensive included, UCDP GED")
    shelling_civilian_share: Quantity = number(0.5, "share of deaths", 0, 1, "civilians among the deaths of shelling")
    shelling_return_share: Quantity = number(0.3, "share of fighters' deaths", 0, 1, "deaths on the government's side in skirmishes across the line")
    zone_factor: Quantity = number(0.28, "multiplier", 0, 1, "shelling while the zone's agreement stands", "first theatre: 4.1 to 1.1 deaths a day around 17 Sep 2018, UCDP GED", between=(0.15, 0.5))


class Memory(Rule):
    """War fatigue, grievance, trust and perceived threat, which carry past a round of fighting."""

    fatigue_per_100_deaths: Quantity = number(0.2, "fatigue per 100 own deaths", 0, 10, "war fatigue gained")
    fatigue_half_life_days: Quantity = number(17, "days", 1, 1000, "recovery from fatigue", between=(15, 60))
    grievance_per_10_deaths: Quantity = number(0.1, "grievance per 10 own deaths", 0, 5, "grievance gained; its limit is 1")
    grievance_half_life_days: Quantity = number(60, "days", 1, 2000, "forgetting of grievance", between=(20, 180))
    trust_at_signing: Quantity = number(0.5, "trust", 0, 1, "trust with which an agreement begins")
    trust_loss_per_violation: Quantity = number(0.15, "share of trust", 0, 1, "trust lost with each violation")
    trust_half_life_days: Quantity = number(30, "days", 1, 1000, "fading of trust")
    threat_half_life_days: Quantity = number(14, "days", 1, 365, "fading of perceived threat")
    threat_per_10_deaths: Quantity = number(0.1, "threat per 10 deaths by shelling or assault", 0, 5, "threat perceived from fire; its limit is 1")
    threat_mobilisation: Quantity = number(0.4, "threat", 0, 1, "threat perceived from an announced mobilisation")


class Reporting(Rule):
    """What is reported of what happened: one outlet for each rebel faction and one monitor."""

    monitor_detection: Quantity = number(0.7, "probability", 0, 1, "chance that the monitor hears of an event with one death", between=(0.5, 0.9))
    outlet_detection: Quantity = number(0.5, "probability", 0, 1, "chance that a side's outlet reports an event with one death", between=(0.3, 0.8))
    size_exponent: Quantity = number(0.7, "exponent", 0, 3, "an event with n deaths is missed with (1 - detection)^(n^exponent)")
    delay_days: Quantity = number(0.5, "days", 0, 30, "mean of the exponential delay, of which whole days count")
    unknown_toll_share: Quantity = number(0.18, "share of the monitor's clash reports", 0, 1, "toll unknown, written as 2+2 deaths", "first theatre: UCDP GED: 16 % of rows, 24 % since Feb 2018", between=(0.16, 0.24))
    zero_share: Quantity = number(0.12, "share of the monitor's clash reports", 0, 1, "written without deaths", "first theatre: UCDP GED: 6-17 % of rows", between=(0.06, 0.17))
    misplaced_share: Quantity = number(0.1, "share of reports", 0, 1, "placed in a neighbouring town")
    summary_share: Quantity = number(0.3, "probability per week and pair", 0, 1, "chance that the monitor sums up the deaths it had missed, without a place", between=(0.1, 0.5))
    denial: Quantity = number(0.8, "probability", 0, 1, "chance that an outlet lays the start of a fight on the other side")
    false_claims_per_month: Quantity = number(0.2, "claims per month and outlet", 0, 10, "reports of clashes that did not happen", between=(0, 0.5))


class Level(Strict):
    """What holds for a pair of factions at one level of the escalation ladder."""

    commitment: Quantity = number(1, "multiplier", 0, 10, "force committed to a clash")
    reinforcement: Quantity = number(0, "probability", 0, 1, "chance that a clash draws a reinforcing column on a day")


def _levels() -> list[Level]:
    def q(x: float) -> Quantity:
        return Quantity(best=x, source="assumed")

    rows = [(1, 0), (1, 0), (1, 0), (1, 0.2), (1.1, 0.4), (1.3, 0.6)]
    return [Level(commitment=q(c), reinforcement=q(r)) for c, r in rows]


class Ladder(Strict):
    """Escalation per pair and day: calm, dispute, incident, local clash, clashes in several places, campaign."""

    window_days: int = Field(default=7, ge=1, le=60, description="days over which places and clashes are counted")
    several_places: int = Field(default=2, ge=2, le=100, description="places with clashes for level 4")
    levels: list[Level] = Field(default_factory=_levels, min_length=6, max_length=6, description="rules of levels 0 to 5")


class Rules(Strict):
    """All mechanisms, in the order of the day."""

    base_attempt: BaseAttempt = BaseAttempt()
    incident: Incident = Incident()
    campaign: Campaign = Campaign()
    spread: Spread = Spread()
    movement: Movement = Movement()
    demand: Demand = Demand()
    talks: Talks = Talks()
    clash: Clash = Clash()
    control: Control = Control()
    ceasefire: Ceasefire = Ceasefire()
    civilians: Civilians = Civilians()
    offensive: Offensive = Offensive()
    memory: Memory = Memory()
    ladder: Ladder = Ladder()
    reporting: Reporting = Reporting()


class Term(Strict):
    """A term that agreements may contain; every number acts on all agreements that contain it."""

    chance: Quantity = number(0.3, "probability", 0, 1, "chance that a simulated agreement contains the term")
    hold_factor: Quantity = number(1, "multiplier", 0.1, 10, "on the mean hold", "Clayton & Sticher 2021, ISQ: compliance mechanisms prolong")
    grievance_relief: Quantity = number(0, "share", 0, 1, "grievance removed at signing")
    base_attempt_factor: Quantity = number(1, "multiplier", 0, 2, "on base attempts between the parties in the scope")
    clash_factor: Quantity = number(1, "multiplier", 0, 2, "on clashes and incidents between the parties in the scope")
    closes_bases: bool = Field(default=False, description="bases opened without consent in the scope close")
    neutralises_town: bool = Field(default=False, description="the contested town becomes neutral and both sides leave")
    fixed_days: int = Field(default=0, ge=0, le=1000, description="the agreement ends after so many days; 0 is open-ended")
