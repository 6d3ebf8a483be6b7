"""Scenarios: what a YAML file may say, how it is read, shown and compared."""
