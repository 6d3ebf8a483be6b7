"""What may be exported, as the command line asks for it; imports nothing heavy."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    """What files to write."""

    GED = "ged"
    ACLED = "acled"
    GEOJSON = "geojson"
    GPKG = "gpkg"


class LogName(StrEnum):
    """Which log of a run: the monitor's reports, or the true events."""

    REPORTED = "reported"
    TRUE = "true"
