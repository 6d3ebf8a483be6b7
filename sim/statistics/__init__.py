"""Statistics of runs: escalation, agreements, inference, sensitivity, causes. Reads tables, never the engine's rules."""
