"""Comparison of scenarios over matched runs: every number that a comparison report shows."""
