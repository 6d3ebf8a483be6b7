"""How fast playing goes: never ahead of the browser, which says what it has drawn.

Without this, days would follow each other faster than a picture takes to make, and the page would stand still until the end.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

FULL = 30.0  # days a second at full speed; where pictures take longer than a day, days are left out of them
MOST = 15  # days between two pictures
PATIENCE = 1.0  # s to wait for a picture: a tab in the background draws none
PAUSE = 3.0  # s after which playing has begun anew


class Pace:
    """One tab's. The browser's words are heard in one thread; playing is another, and it alone waits."""

    def __init__(self) -> None:
        self.full = False
        self._drawn = threading.Condition()
        self._day = -1  # the day on the screen
        self._hearing = 0  # the thread in which the browser's words are heard; 0 none yet
        self._before = 0.0

    @property
    def playing(self) -> bool:
        """Whether this is the thread that plays, and a browser is there to see it."""
        return self._hearing not in (0, threading.get_ident())

    def drawn(self, day: int) -> None:
        """Note that a day is on the screen."""
        with self._drawn:
            self._day, self._hearing = day, threading.get_ident()
            self._drawn.notify_all()

    def wait(self, shown: Callable[[], int]) -> None:
        """Wait until the day shown is on the screen, in the thread that plays."""
        if self.playing:
            with self._drawn:
                self._drawn.wait_for(lambda: self._day == shown(), PATIENCE)

    def days(self) -> int:
        """Return the days to simulate until the next picture: one, but at full speed as many as its pace asks for."""
        now = time.monotonic()
        gone, self._before = now - self._before, now
        if not (self.full and self.playing) or gone > PAUSE:
            return 1
        return min(max(1, round(gone * FULL)), MOST)
