"""Pictures and the page of a comparison: every number comes from sim.study.compare, nothing is computed here."""
