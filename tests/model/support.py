"""What the tests of the model share."""

from __future__ import annotations

# Enough happens in 60 days, however the defaults are tuned.
# Slow columns are still on the way at the end of a day.
LIVELY = [
    "days=60",
    "rules.movement.road_km_per_day=15",
    "rules.base_attempt.attempts_per_town_month=1",
    "rules.demand.clash_after_refusal=1",
]
