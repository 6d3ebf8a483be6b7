"""Keyed random draws: every draw is a function of (seed, process, day, entity), and identities are hashes of what made them."""

from __future__ import annotations

import math
from functools import lru_cache
from zlib import crc32

from sim.engine.jit import compiled

M32 = 0xFFFFFFFF
M62 = 0x3FFFFFFFFFFFFFFF
TO_UNIT = 1.0 / 9007199254740992.0  # 2 to the power of -53, so that multiplying is exact

# Processes. A number, once used, keeps its meaning for ever; 43 and 77 are retired.
P_IDENTITY = 0
P_BASE_ATTEMPT = 1
P_INCIDENT = 2
P_INCIDENT_SIDE = 3
P_INCIDENT_KIND = 4
P_INCIDENT_DEATHS = 5
P_INCIDENT_ESCALATES = 6
P_DEMAND_DAY = 7
P_DEMAND_SIDE = 8
P_DEMAND = 9
P_RESPONSE = 10
P_REFUSAL_CLASH = 11
P_SETTLE = 12
P_OFFSPRING = 13
P_OFFSPRING_FAR = 14
P_OFFSPRING_DELAY = 15
P_SPARK_HOLDS = 16
P_SPARK_GROUP = 17
P_SPARK_TOWN = 18
P_COLUMN = 19
P_COMMITTED_ATTACKER = 20
P_COMMITTED_DEFENDER = 21
P_LOSS_ATTACKER = 22
P_LOSS_DEFENDER = 23
P_COMMANDER = 24
P_CROSSFIRE = 25
P_CONTINUE = 26
P_REINFORCE = 27
P_THRESHOLD = 28
P_SIGN = 29
P_TERM = 30
P_FRAILTY = 31
P_STOPS = 32
P_BREAK = 33
P_BREAK_AUTHOR = 34
P_VIOLATION_BREAKS = 35
P_OFFENSIVE = 36
P_AXIS = 37
P_ASSAULTS = 38
P_ASSAULT_TOWN = 39
P_OFFENSIVE_ENDS = 40
P_SHELLING = 41
P_SHELLING_DEATHS = 42
P_BREAK_GROUP = 44
P_SPARK_SIDE = 45
P_SPARK_JOINS = 46
P_TALKS = 47
P_TALKS_KILLING = 48
P_TALKS_DEATHS = 49
P_TALKS_SETTLE = 50
P_PRESSURE = 51
P_PRESSURE_KIND = 52
P_PRESSURE_ROLE = 53
P_DISPLACED = 54
P_REPORT = 55
P_REPORT_DELAY = 56
P_REPORT_TOLL = 57
P_REPORT_PLACE = 58
P_REPORT_DENIAL = 59
P_SUMMARY = 60
P_FALSE_CLAIM = 61
P_SISTER = 62
P_RELEASE = 63
P_CAMPAIGN = 64
P_CAMPAIGN_DAYS = 65
P_CAMPAIGN_TOWN = 66
P_CAMPAIGN_TOWNS = 67
P_CAMPAIGN_ORDERS = 68
P_CAMPAIGN_SIDE = 69
P_CAMPAIGN_JOINS = 70
P_GATHER = 71
P_COLUMN_SIZE = 72
P_HANDOVER = 73
P_CAMPAIGN_ENDS = 74
P_SETTLEMENT = 75
P_REDEPLOY = 76
P_REDEPLOY_FROM = 78
P_REDEPLOY_SIZE = 79
P_REDEPLOY_DAYS = 80
P_CAMPAIGN_HOLDS = 81
P_TALKS_DAY = 82
P_ROUND_STRENGTH = 83
P_FORCE_HOLDS = 84
P_GUARDS_HOLD = 85
P_TURNED_BACK = 86
P_SEPARATION = 87


@compiled
def philox(c0, c1, c2, c3, k0, k1):
    """Return the four 32-bit words of Philox4x32-10 for a 128-bit counter and a 64-bit key."""
    for _ in range(10):
        p0 = 0xD2511F53 * c0
        p1 = 0xCD9E8D57 * c2
        hi0, lo0 = (p0 >> 32) & M32, p0 & M32
        hi1, lo1 = (p1 >> 32) & M32, p1 & M32
        c0, c1, c2, c3 = hi1 ^ c1 ^ k0, lo1, hi0 ^ c3 ^ k1, lo0
        k0 = (k0 + 0x9E3779B9) & M32
        k1 = (k1 + 0xBB67AE85) & M32
    return c0, c1, c2, c3


@compiled
def identity(a, b):
    """Return a 62-bit identity made from two others; the order of the two matters."""
    a, b = int(a), int(b)
    r0, r1, _, _ = philox(a & M32, (a >> 32) & M32, b & M32, (b >> 32) & M32, P_IDENTITY, 0)
    return ((r0 << 30) ^ r1) & M62


@compiled
def uniform(seed, process, day, entity, k=0):
    """Return a uniform number in (0, 1) with 53 random bits; `k` < 65536 numbers the draws of one decision."""
    seed, day, entity = int(seed), int(day), int(entity)
    r0, r1, _, _ = philox(
        entity & M32, (entity >> 32) & M32, day & M32, (process << 16) | k, seed & M32, (seed >> 32) & M32
    )
    return ((r0 >> 5) * 67108864.0 + (r1 >> 6) + 0.5) * TO_UNIT


@compiled
def uniforms(seed, process, day, keys, salt, number, drawn):
    """Fill `drawn` with the uniform numbers of the first `number` of `keys`, each changed by `salt` (exclusive or).

    They are the numbers that `uniform` returns one at a time, in less than half the time: the processor makes several side by
    side. That is why the rounds of `philox` stand here again: the compiler takes no call apart for it.
    """
    first, second = seed & M32, (seed >> 32) & M32
    for i in range(number):
        entity = keys[i] ^ salt
        c0, c1, c2, c3 = entity & M32, (entity >> 32) & M32, day & M32, process << 16
        k0, k1 = first, second
        for _ in range(10):
            p0 = 0xD2511F53 * c0
            p1 = 0xCD9E8D57 * c2
            hi0, lo0 = (p0 >> 32) & M32, p0 & M32
            hi1, lo1 = (p1 >> 32) & M32, p1 & M32
            c0, c1, c2, c3 = hi1 ^ c1 ^ k0, lo1, hi0 ^ c3 ^ k1, lo0
            k0 = (k0 + 0x9E3779B9) & M32
            k1 = (k1 + 0xBB67AE85) & M32
        drawn[i] = ((c0 >> 5) * 67108864.0 + (c1 >> 6) + 0.5) * TO_UNIT


@compiled
def exponential(mean, u):
    """Return the exponential variate of that mean for a uniform draw."""
    return -mean * math.log(u)


@compiled
def poisson(mean, u):
    """Return the Poisson variate for a uniform draw, by inversion; means above 500 are cut there."""
    if mean <= 0.0:
        return 0
    mean = min(mean, 500.0)
    term = math.exp(-mean)
    total, n = term, 0
    while u > total and n < 2000:
        n += 1
        term *= mean / n
        total += term
    return n


@compiled
def power_law(smallest, exponent, largest, u):
    """Return the power-law variate with density x**-exponent above `smallest`, cut at `largest`."""
    return min(largest, smallest * math.pow(u, -1.0 / (exponent - 1.0)))


@compiled
def gamma_of_mean_one(variance, seed, process, day, entity):
    """Return a gamma variate of mean 1 (Marsaglia & Tsang 2000, ACM TOMS 26:363; polar normals, no lgamma)."""
    shape = 1.0 / variance
    boost = 1.0
    if shape < 1.0:
        boost = math.pow(uniform(seed, process, day, entity, 60000), 1.0 / shape)
        shape += 1.0
    d = shape - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    k = 0
    while True:
        a = 2.0 * uniform(seed, process, day, entity, k) - 1.0
        b = 2.0 * uniform(seed, process, day, entity, k + 1) - 1.0
        u = uniform(seed, process, day, entity, k + 2)
        k += 3
        s = a * a + b * b
        if s >= 1.0 or s == 0.0:
            continue
        x = a * math.sqrt(-2.0 * math.log(s) / s)
        v = (1.0 + c * x) * (1.0 + c * x) * (1.0 + c * x)
        if v > 0.0 and math.log(u) < 0.5 * x * x + d - d * v + d * math.log(v):
            return boost * d * v * variance


@lru_cache(maxsize=100_000)
def name_key(name: str) -> int:
    """Return the identity that stands for a name."""
    raw = name.encode()
    return int(identity(crc32(raw), crc32(raw[::-1]) + (len(raw) << 32)))
