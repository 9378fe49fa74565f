"""While nobody tells what became of a call, it is asked after less and less often."""

from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

from holdfast.channel import NotSent
from holdfast.store.pushes import Claimed
from holdfast.sync.outcome import FindOut
from holdfast.sync.resolve import resolve

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass
class Silent:
    """A channel, its account and the shell in one: nothing here but what is asked for."""

    random: Random

    @property
    def channel(self) -> "Silent":
        return self

    async def fetch(self, external_id: str, listing: str | None) -> None:
        raise NotSent("no answer")


async def wait_after(looks: int) -> float:
    """Called once, and looked for in vain so often."""
    silent: Any = Silent(Random(1))
    push = Claimed(
        id=1,
        venue_id=1,
        account_id=1,
        block_id=None,
        booking_id=1,
        call="cancel",
        was="unknown",
        epoch=looks + 1,
        attempts=1,
        absent_reads=0,
        leased_by=None,
        absent_from=None,
        reason=None,
        observed_at=NOW,
        wished_at=NOW,
        first_sent_at=NOW,
        tried_since=NOW,
    )
    verdict, _ = await resolve(silent, silent, push, None, "ref")
    assert isinstance(verdict, FindOut)
    return verdict.seconds


async def test_a_channel_that_cannot_be_read_is_asked_less_and_less_often() -> None:
    waits = [await wait_after(looks) for looks in range(1, 12)]
    assert waits == sorted(waits)
    assert waits[0] <= 1
    assert waits[-1] >= 30
