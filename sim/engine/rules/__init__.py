"""The mechanisms, one file each, named after them; `sim.engine.day` calls them in order."""
