"""Preload of the fork server: imports what workers import, and wakes the compiler.

The first call of a compiled rule takes half a second, whatever the rule; processes forked from this one need not wait again.
"""

from __future__ import annotations

import signal

signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that called for this one

import sim.study.worker  # noqa: E402, F401
from sim.engine.draws import name_key  # noqa: E402
from sim.engine.jit import report_damaged  # noqa: E402

report_damaged(None)  # the process that called for this one reports damaged code
name_key("ready")
