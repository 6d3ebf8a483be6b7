"""Figures and report page of a comparison; every number comes from `sim.comparison`."""
