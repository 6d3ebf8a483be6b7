"""What a run amounts to: escalation, agreements, patterns, turning points. Reads tables, never the engine's rules."""
