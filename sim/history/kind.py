"""What kind of file a person has given, told without reading it in full."""

from __future__ import annotations

from pathlib import Path

from sim.errors import InputError
from sim.scenario.yaml_reader import read_file


def is_calibration(path: Path) -> bool:
    """Return whether a YAML file is a calibration: it has `scenario:` and `fitted:`. Unreadable files are none."""
    try:
        data = read_file(path).data
    except InputError:
        return False
    return isinstance(data, dict) and {"scenario", "fitted"} <= set(data)
