"""Scenarios: schema of the YAML files, reading, showing and comparing them."""
