"""Numbers that stand for words in the tables: kinds of event, statuses, orders, what moved a chance.

Rules use the constants; whoever reads the tables uses the tuples. A number is never reused for another meaning.
"""

from __future__ import annotations

LONG_AGO = -10000  # a day that is before all that is remembered

# Kinds of event, as written in the column `kind` of events.csv.
EVENT_KINDS = (
    "given_skipped",  # a given event or policy that was impossible on its day
    "policy",  # a policy was carried out
    "base_attempt",  # a party set out to open a base
    "base_opened",
    "base_closed",
    "demand",  # a side decided to demand that the other close its base
    "tolerated",
    "complied",
    "stalled",
    "refused",
    "arrest_raid",
    "assassination",
    "road_quarrel",
    "front_opened",  # call to arms: a column set out to a town far from the clash
    "clash_spread",  # a column set out to a town beside the clash
    "clash",  # a day of fighting in a town
    "attack_repelled",
    "clash_ended",
    "commander_killed",
    "capture",  # change of holder by battle
    "withdrawal",  # change of holder because the garrison left
    "town_neutral",  # change of holder by local agreement
    "reinforcement",  # a column set out to a clash under way
    "agreement_signed",
    "agreement_broken",
    "agreement_expired",
    "shelling",
    "zone_deadline",
    "mobilisation",
    "offensive_started",
    "assault",  # a government column set out to a front town
    "offensive_ended",
    "level_change",  # a pair of factions moved on the escalation ladder
    "talks",  # delegates meet over a refused demand
    "talks_settled",
    "killing_at_talks",
    "account",  # a side's account of a killing at talks
    "civilian_arrest",
    "civilian_injury",
    "civilian_abduction",
    "displacement",
    "town_entered",  # change of holder: a group that stands in a neutral town takes it over
    "column_met",  # a column was stopped in a town of the enemy on its way
    "campaign_decided",  # leaders went to war against one rival group
    "campaign_joined",  # a sister group joined one side of a campaign
    "stood_aside",  # a sister group stayed out of a campaign
    "handover",  # change of holder: a garrison left its town to the winning side by a local agreement
    "campaign_ended",
    "group_absorbed",  # what is left of a beaten group joined a sister
    "column_turned_back",  # peacekeepers turned a column back before a town
    "sides_separated",  # peacekeepers ended a clash in a town that they guard
)
(
    GIVEN_SKIPPED, POLICY, BASE_ATTEMPT, BASE_OPENED, BASE_CLOSED, DEMAND, TOLERATED, COMPLIED, STALLED, REFUSED,
    ARREST_RAID, ASSASSINATION, ROAD_QUARREL, FRONT_OPENED, CLASH_SPREAD, CLASH, ATTACK_REPELLED, CLASH_ENDED,
    COMMANDER_KILLED, CAPTURE, WITHDRAWAL, TOWN_NEUTRAL, REINFORCEMENT, AGREEMENT_SIGNED, AGREEMENT_BROKEN,
    AGREEMENT_EXPIRED, SHELLING, ZONE_DEADLINE, MOBILISATION, OFFENSIVE_STARTED, ASSAULT, OFFENSIVE_ENDED, LEVEL_CHANGE,
    TALKS, TALKS_SETTLED, KILLING_AT_TALKS, ACCOUNT, CIVILIAN_ARREST, CIVILIAN_INJURY, CIVILIAN_ABDUCTION, DISPLACEMENT,
    TOWN_ENTERED, COLUMN_MET, CAMPAIGN_DECIDED, CAMPAIGN_JOINED, STOOD_ASIDE, HANDOVER, CAMPAIGN_ENDED, GROUP_ABSORBED,
    COLUMN_TURNED_BACK, SIDES_SEPARATED,
) = range(len(EVENT_KINDS))  # fmt: skip

# Rules, as written in the column `rule`.
RULES = (
    "given",
    "base_attempt",
    "incident",
    "demand",
    "spread",
    "movement",
    "clash",
    "control",
    "ceasefire",
    "offensive",
    "memory",
    "ladder",
    "talks",
    "civilians",
    "campaign",
    "peacekeeping",
)
STRENGTH = 1.0  # form of rules.campaign in which rounds differ by a gamma strength and nobody decides
(R_GIVEN, R_BASE_ATTEMPT, R_INCIDENT, R_DEMAND, R_SPREAD, R_MOVEMENT, R_CLASH, R_CONTROL, R_CEASEFIRE, R_OFFENSIVE, R_MEMORY, R_LADDER, R_TALKS, R_CIVILIANS, R_CAMPAIGN, R_PEACEKEEPING) = range(len(RULES))  # fmt: skip

# Factors that moved a chance. Each slot of an event holds (code, value, factor); words.py says them.
MOVERS = (
    "none",
    "agreement",  # value: share suppressed; factor on the chance
    "distance",  # value: km by road
    "force_ratio",  # value: own force over the other's
    "own_force",  # value: fighters within reach
    "value",  # value: town value 0..1
    "trust",  # value: trust 0..1
    "threat",  # value: perceived threat from the government 0..1
    "fatigue",  # value: war fatigue
    "grievance",  # value: grievance 0..1
    "support",  # value: influence 0..1
    "restraint",  # value: doctrine multiplier
    "help",  # value: expected fighters of sister groups
    "deaths",  # value: deaths of the last 7 (rebels) or 14 days (opportunity)
    "stalemate",  # value: days without capture
    "mediator",  # value: 1
    "momentum",  # value: towns taken in 7 days
    "breaches",  # value: agreements between the two broken lately, fading
    "disputes",  # value: unresolved disputes in scope
    "bases",  # value: bases in scope
    "terms",  # value: multiplier of terms
    "proscribed",  # value: share of fighters in the zone who are proscribed
    "patience",  # value: patience of the guarantors
    "calendar",  # value: hazard a month
    "neighbours_lost",  # value: share
    "solidarity",  # value: probability
    "offensive",  # value: 1 while an offensive is under way
    "truce_propensity",  # value: doctrine multiplier
    "expansion",  # value: doctrine multiplier
    "zone",  # value: 1 while the zone's agreement stands
    "belief",  # value: belief 0..1 that the side in the fight was wronged
    "coercion",  # value: doctrine multiplier
    "new_control",  # value: days since control changed, or 0 where contested
    "policy",  # value: multiplier set by a policy
    "aggressiveness",  # value: doctrine multiplier
    "shift",  # value: log change of the rival's force over one's own in the last quarter
    "trigger",  # value: days since a killing, a refusal or an arrest between the two groups
    "towns_lost",  # value: share of its towns that a group lost in a campaign
    "new_presence",  # value: towns of the zone that a proscribed faction entered since it was agreed
    "guards",  # value: peacekeepers over the force that they face
)
(
    M_NONE, M_AGREEMENT, M_DISTANCE, M_FORCE_RATIO, M_OWN_FORCE, M_VALUE, M_TRUST, M_THREAT, M_FATIGUE, M_GRIEVANCE,
    M_SUPPORT, M_RESTRAINT, M_HELP, M_DEATHS, M_STALEMATE, M_MEDIATOR, M_MOMENTUM, M_BREACHES, M_DISPUTES, M_BASES,
    M_TERMS, M_PROSCRIBED, M_PATIENCE, M_CALENDAR, M_NEIGHBOURS_LOST, M_SOLIDARITY, M_OFFENSIVE, M_TRUCE_PROPENSITY,
    M_EXPANSION, M_ZONE, M_BELIEF, M_COERCION, M_NEW_CONTROL, M_POLICY, M_AGGRESSIVENESS, M_SHIFT, M_TRIGGER, M_TOWNS_LOST, M_NEW_PRESENCE,
    M_GUARDS,
) = range(len(MOVERS))  # fmt: skip

ROLES = ("rebel", "government", "patron_backed", "neutral", "peacekeeper")
REBEL, GOVERNMENT, PATRON_BACKED, NEUTRAL_ROLE, PEACEKEEPER = range(5)
MANDATES = ("observe", "protect", "intervene")  # of peacekeepers, each includes those before
OBSERVE, PROTECT, INTERVENE = range(3)
TOWN_STATUS = ("held", "contested", "neutral")
HELD, CONTESTED, NEUTRAL = range(3)
ORDERS = (
    "garrison",
    "open_base",
    "attack",
    "reinforce",
    "return",
    "disbanded",
    "gather",
    "occupy",
    "stationed",
    "guard",
)
GARRISON, OPEN_BASE, ATTACK, REINFORCE, RETURN, DISBANDED, GATHER, OCCUPY, STATIONED, GUARD = range(10)
BASE_STATUS = ("open", "agreed", "closed")
BASE_OPEN, BASE_AGREED, BASE_CLOSED_STATUS = range(3)
DISPUTE_STAGES = ("open", "demanded", "refused", "clash", "settled", "talks")
D_OPEN, D_DEMANDED, D_REFUSED, D_CLASH, D_SETTLED, D_TALKS = range(6)
CLASH_STATUS = ("under_way", "captured", "repelled", "ended")
UNDER_WAY, CLASH_CAPTURED, CLASH_REPELLED, CLASH_OVER = range(4)
SCOPES = ("town", "sector", "all_fronts")
TOWN_SCOPE, SECTOR_SCOPE, ALL_FRONTS = range(3)
AGREEMENT_KINDS = ("truce", "settlement")
TRUCE, SETTLEMENT = range(2)
AGREEMENT_STATUS = ("in_force", "broken", "expired")
IN_FORCE, BROKEN, EXPIRED = range(3)
CAMPAIGN_PHASES = ("opening", "under_way", "ended")
C_OPENING, C_UNDER_WAY, C_ENDED = range(3)
CAMPAIGN_ENDS = ("under way", "aim met", "group broken", "exhausted", "mediated", "offensive")
NOT_ENDED, AIM_MET, GROUP_BROKEN, EXHAUSTED, MEDIATED, INTERRUPTED = range(6)
CHANGES_OF_HOLDER = (CAPTURE, WITHDRAWAL, TOWN_NEUTRAL, TOWN_ENTERED, HANDOVER)
OFFENSIVE_PHASES = ("none", "mobilised", "under_way")
NO_OFFENSIVE, MOBILISED, OFFENSIVE_UNDER_WAY = range(3)
LEVELS = ("calm", "dispute", "incident", "local clash", "clashes in several places", "campaign")

ACTIONS = (
    "given_base_attempt",
    "given_agreement",
    "reinforce",
    "withdraw",
    "no_expansion",
    "mediate",
    "merge",
    "monitor",
    "given_killing",
    "guarantor",
    "patronage",
    "demobilise",
    "garrison",
)
(
    GIVEN_BASE_ATTEMPT,
    GIVEN_AGREEMENT,
    REINFORCE_POLICY,
    WITHDRAW,
    NO_EXPANSION,
    MEDIATE,
    MERGE,
    MONITOR,
    GIVEN_KILLING,
    GUARANTOR,
    PATRONAGE,
    DEMOBILISE,
    GARRISON_POLICY,
) = range(13)
TOWNS_TO = ("host_group", "neutral")
TO_HOST, TO_NOBODY = range(2)
ROLES_OF_CIVILIANS = ("media worker", "health worker", "activist")
MEDIA, HEALTH, ACTIVIST = range(3)
ACCOUNTS = ("unknown", "assassination", "forced_entry")
UNKNOWN_ACCOUNT, ASSASSINATION_ACCOUNT, FORCED_ENTRY_ACCOUNT = range(3)
