"""Maps: towns, roads, routes, grid and zone, read from a folder of CSV files."""

from __future__ import annotations

from sim.geography.maps import Geography as Geography
from sim.geography.maps import assemble as assemble
from sim.geography.maps import control_date as control_date
from sim.geography.maps import load_map as load_map
from sim.geography.roads import Link as Link
from sim.geography.towns import Holding as Holding
from sim.geography.towns import MapTown as MapTown
from sim.geography.towns import Post as Post
from sim.geography.towns import find_place as find_place
from sim.geography.zone import line_of_contact as line_of_contact
from sim.geography.zone import nearest_town_cells as nearest_town_cells
from sim.geography.zone import zone_edge as zone_edge
from sim.geography.zone import zone_towns as zone_towns
