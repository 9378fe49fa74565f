"""What the API says of an account, and how far that can be trusted. No I/O."""

from dataclasses import asdict
from datetime import datetime
from typing import Literal

from pydantic import Field

from holdfast.inventory.freshness import State
from holdfast.store.freshness import Knowledge
from holdfast.store.reading import AccountRow
from holdfast.web.shapes import Listed, Shape


class Account(Shape):
    """An account and how it stands now."""

    name: str
    channel: str
    mode: Literal["live", "shadow", "paused"]
    last_webhook_at: datetime | None
    polled_at: datetime | None = Field(description="When a poll was last complete.")
    freshness: State = Field(
        description="How far what is known of it can be trusted now; only `fresh` may be."
    )
    freshness_reason: str = Field(description="Why it is not fresh; empty where it is.")
    read_next_at: datetime | None = Field(description="When it is read next, if that is planned.")
    unreadable: list[str] = Field(description="References of bookings there that cannot be read.")
    unprocessed: int = Field(description="Events not processed yet.")
    oldest_unprocessed_at: datetime | None
    waiting: int = Field(description="Pushes not settled yet.")
    oldest_waiting_at: datetime | None
    shadow: int = Field(description="Pushes that shadow mode keeps from being sent.")
    dead: int = Field(description="Pushes given up in the last 24 hours.")
    blocks: int = Field(description="Blocks of ours that stand there.")
    soonest_expiry_at: datetime | None = Field(description="When the first of our holds may lapse.")
    braked_at: datetime | None = Field(description="Since when the account is in quarantine.")
    brake_reason: str | None
    brake_gone: int | None = Field(description="How many would go,")
    brake_live: int | None = Field(description="of how many that were live.")


class Accounts(Listed[Account]):
    """All accounts."""


def account_shape(row: AccountRow, known: Knowledge) -> Account:
    """As it stands, with the judgement that pages and alerts show as well."""
    state = known.states[row.name]
    judgement = {
        "freshness": state.state,
        "freshness_reason": state.reason,
        "read_next_at": state.next_at,
        "unreadable": [one.ref for one in known.unreadable_of(row.name)],
    }
    return Account.model_validate(asdict(row) | judgement)
