"""Imported by a process of which workers will be copies: all that they import, and the compiler awake.

The first call of a compiled rule takes half a second, whatever the rule; copies of the process need not wait again.
"""

from __future__ import annotations

import sim.study.worker  # noqa: F401
from sim.engine.identities import name_key

name_key("ready")
