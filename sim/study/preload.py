"""Imported by a process of which workers will be copies: all that they import, and the compiler awake.

The first call of a compiled rule takes half a second, whatever the rule; copies of the process need not wait again."""

from __future__ import annotations

import signal

from sim.engine.draws import name_key
from sim.engine.jit import report_damaged

signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that called for this one

report_damaged(None)  # the process that called for this one reports damaged code

name_key("ready")
