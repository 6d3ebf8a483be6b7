"""Identities that stand for names: the same on every machine, whatever else the map or the scenario has."""

from __future__ import annotations

from functools import lru_cache
from zlib import crc32

from sim.engine.draws import identity


@lru_cache(maxsize=100_000)
def name_key(name: str) -> int:
    """Return the identity that stands for a name."""
    raw = name.encode()
    return int(identity(crc32(raw), crc32(raw[::-1]) + (len(raw) << 32)))
