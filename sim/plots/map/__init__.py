"""Maps of a run: geometry, state by day, layers, legend, sheets, animation."""
