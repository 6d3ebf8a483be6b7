"""The page in the browser: `run.py watch`, and `show(model)` for a model of one's own."""

from __future__ import annotations

from typing import Any

__all__ = ["show"]


def __getattr__(name: str) -> Any:
    if name == "show":  # not before: a process that simulates in the background imports this package too
        from sim.viewer.own_model import show

        return show
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
