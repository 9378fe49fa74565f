"""How many calls a workspace may make in a minute. No I/O."""

from collections import defaultdict, deque
from datetime import datetime, timedelta

MINUTE = timedelta(minutes=1)


class Budget:
    """Counts calls in any 60 seconds, for each key of its own."""

    def __init__(self) -> None:
        self._calls: dict[str, deque[datetime]] = defaultdict(deque)

    def spend(self, key: str, limit: int, now: datetime) -> float | None:
        """Count one call; or the seconds to wait for when there is none left. Refused calls are free."""
        calls = self._calls[key]
        while calls and calls[0] <= now - MINUTE:
            calls.popleft()
        if len(calls) < limit:
            calls.append(now)
            return None
        return (calls[-limit] + MINUTE - now).total_seconds() if limit else 60.0

    def left(self, key: str, limit: int) -> int:
        """How many calls are left."""
        return max(0, limit - len(self._calls[key]))
