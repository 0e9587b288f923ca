"""A counter of answered calls that may have changed something, for those who watch this world instead of asking it over and over."""

from __future__ import annotations

import threading
from urllib.parse import parse_qs

LONGEST_WAIT_SECONDS = 25.0


class Changes:
    def __init__(self) -> None:
        self._count = 0
        self._changed = threading.Condition()

    def add(self) -> None:
        with self._changed:
            self._count += 1
            self._changed.notify_all()

    def wait(self, after: int, seconds: float) -> int:
        """The count, as soon as it is above `after` or the time is over. Blocks this request's thread only."""
        with self._changed:
            self._changed.wait_for(lambda: self._count > after, min(seconds, LONGEST_WAIT_SECONDS))
            return self._count

    def answer(self, query: str) -> tuple[int, dict[str, object]]:
        """Status and JSON for `after=<n>&wait=<seconds>`; without `wait`, the count as it is."""
        given = parse_qs(query)
        try:
            after, seconds = int(given.get("after", ["-1"])[0]), float(given.get("wait", ["0"])[0])
            if not seconds >= 0:
                raise ValueError
        except ValueError:
            return 400, {"error": "after is a count and wait a number of seconds, as in ?after=0&wait=25"}
        return 200, {"changes": self.wait(after, seconds)}
