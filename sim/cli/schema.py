"""`run.py schema`: the JSON Schema of scenario files, for editors."""

from __future__ import annotations


def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    import json

    from sim.scenario.json_schema import json_schema

    print(json.dumps(json_schema(), indent=2, ensure_ascii=False))
