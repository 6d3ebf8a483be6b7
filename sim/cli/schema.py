"""`run.py schema`: the JSON Schema of scenario files, for editors."""

from __future__ import annotations

from typing import Annotated

import typer


def schema(
    part: Annotated[bool, typer.Option("--part", help="Of files in scenarios/parts: nothing is required.")] = False,
) -> None:
    """Print the JSON Schema of scenario files, for editors."""
    import json

    from sim.scenario.json_schema import json_schema

    print(json.dumps(json_schema(part), indent=2, ensure_ascii=False))
