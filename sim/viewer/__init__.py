"""The page in the browser: `run.py watch`, and `show(model)` for a model of one's own."""

from __future__ import annotations

from sim.viewer.own_model import show

__all__ = ["show"]
