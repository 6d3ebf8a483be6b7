"""Computes the constants of scenarios/constants/campaigns.yaml from a file of events in the columns of UCDP GED, such as that of Syria.

python docs/campaign_constants.py ged_syria.csv
python docs/campaign_constants.py ged_syria.csv --from 2018-01-01 --to 2018-10-31
"""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

from sim.validation.observed import read_events
from sim.validation.pattern_rounds import CAMPAIGN_FIGURES, campaign_figures, campaigns


def main(arguments: list[str] | None = None) -> None:
    """Print the campaigns of every pair of sides, and the constants with their units."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--from", dest="first", type=date.fromisoformat, default=date(2016, 1, 1))
    parser.add_argument("--to", dest="last", type=date.fromisoformat, default=date(2017, 12, 31))
    chosen = parser.parse_args(arguments)
    logs = read_events([chosen.file]).pair_logs(chosen.first, (chosen.last - chosen.first).days + 1)
    fought = [campaign for log in logs for campaign in campaigns(log)]
    for campaign in fought:
        print(
            f"{campaign.days} days; places of the first two days {campaign.opening_places}, of the first seven "
            f"{campaign.week_places}; from the eighth day on {campaign.later_events} events on {campaign.later_days} days"
        )
    print(f"{len(fought)} campaigns of {len(logs)} pairs of sides, {chosen.first} to {chosen.last}")
    for name, value in campaign_figures(fought).items():
        print(f"{name} {value:.3g} {CAMPAIGN_FIGURES[name][0]}")


if __name__ == "__main__":
    main()
