"""The dark look of a page's map: what each colour of the drawing becomes on a dark screen.

Drawings carry their colours in the text, as pictures to take away and print need them. A page adds these rules on top; the
colours of symbols stay, as their white edges keep them apart from every cell. Greys of cells lie apart as those of paper do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.plots.map.scene import GRID, HATCH, HEAT_STEPS, ROAD_LOOK, SWATCH, warmth
from sim.plots.style import (
    AGREED,
    EVIDENCE_INK,
    INK,
    LAND,
    PAPER,
    QUIET,
    UNKNOWN,
    ZONE_INK,
    grey_of,
    hex_of,
    pale,
    rgb_of,
)

if TYPE_CHECKING:
    from sim.plots.style import FactionStyles

Rule = tuple[str, str]
DARK_LAND, DARK_INK = "#1A1E22", "#EEF0F2"
NEUTRAL_CELL = "#2C3238"
CELL_GREYS = (74, 40, 66, 58, 49)  # grey values of cells, 0..255, in the order of `sim.plots.style.TINT_GREYS`
INKS = {  # on the dark land at least 4.5 : 1, for which `tests/pages/test_map_dark.py` looks
    INK: DARK_INK,
    PAPER: DARK_LAND,
    QUIET: "#A9B1B8",
    EVIDENCE_INK: "#FF7B8A",
    AGREED: "#4CC38A",
    ZONE_INK: "#CBA2E8",
}
GROUNDS = {LAND: DARK_LAND, SWATCH: "#2C3238", HATCH: "#6B737B", GRID: "#525A62"}
ROADS = ("#3F464D", "#626B74", "#8B959F")  # of ROAD_LOOK
LIGHTER = 0.38  # share of white in the edges of halos and in the lines of columns


def dark_rules(look: FactionStyles) -> list[Rule]:
    """Return the rules of the dark look: selectors inside the map, and what they declare."""
    roads = {colour: dark for (colour, _width), dark in zip(ROAD_LOOK, ROADS, strict=True)}
    lines = {look.colour(code): pale(look.colour(code), LIGHTER) for code in look.codes}
    rules = [
        (".names", f"fill:{DARK_INK};stroke:{DARK_LAND}"),
        ('[data-layer="control"],[data-layer="influence"]', f"stroke:{DARK_LAND}"),
    ]
    for light, dark in (INKS | GROUNDS | roads).items():
        rules.append((f'[fill="{light}" i]', f"fill:{dark}"))
        rules.append((f':not(g)[stroke="{light}" i]', f"stroke:{dark}"))  # groups give symbols their white edges
    rules += [
        (f'path[stroke="{light}" i],.halo [stroke="{light}" i]', f"stroke:{dark}") for light, dark in lines.items()
    ]
    cells = {look.tint(code): dark_tint(look, code) for code in look.codes}
    cells |= {PAPER: NEUTRAL_CELL, pale(UNKNOWN): NEUTRAL_CELL}
    for light, dark in cells.items():
        rules.append((f'[data-layer="control"] [fill="{light}" i],pattern [fill="{light}" i]', f"fill:{dark}"))
    for code in look.codes:
        for step in range(1, HEAT_STEPS + 1):
            light, dark = warmth(look, code, step), _mixed(look.colour(code), 0.12 + 0.5 * step / HEAT_STEPS)
            rules.append((f'[data-layer="influence"] [fill="{light}" i]', f"fill:{dark}"))
    return rules


def dark_tint(look: FactionStyles, code: str) -> str:
    """Return the colour of a faction's cells on a dark screen: its colour mixed with the dark land to a grey value of its own."""
    colour, land = look.colour(code), grey_of(DARK_LAND)
    wanted = CELL_GREYS[look.codes.index(code) % len(CELL_GREYS)]
    share = (wanted - land) / max(1.0, grey_of(colour) - land)
    return _mixed(colour, min(0.7, max(0.1, share)))


def _mixed(colour: str, share: float) -> str:
    """Return the dark land mixed with a share of a colour."""
    pairs = zip(rgb_of(colour), rgb_of(DARK_LAND), strict=True)
    return hex_of(*(share * own + (1 - share) * land for own, land in pairs))
