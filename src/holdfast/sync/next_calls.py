"""next_calls: every block gets the one call that brings it nearer to what it should be."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from holdfast.inventory.backoff import REMEMBERED, patience
from holdfast.inventory.exposure import Remedy
from holdfast.inventory.known import Block, Outlet
from holdfast.inventory.model import Span
from holdfast.inventory.plan import Call, next_call, risk
from holdfast.store import blocks as block_store
from holdfast.store import pushes
from holdfast.store.called import Called
from holdfast.store.ground import Ground
from holdfast.store.pushes import OpenPush
from holdfast.store.ranges import to_range
from holdfast.sync.turn import Turn

OVER = "over"
"""Nothing wanted, nothing there, nothing under way."""


async def want_calls(turn: Turn, called: Sequence[Called], ground: Ground) -> list[Remedy]:
    """Want what is not wanted already, close what is finished; returns what stands or will stand over closed time."""
    refused = await _refused(turn, called) if ground.refused else {}
    states = {one.block.id: await _next_state(turn, one, refused) for one in called}
    over = [number for number, state in states.items() if state == OVER]
    await block_store.close(turn.changes, over, turn.now)
    paused = {o.id for o in turn.premises.ever.values() if o.account_id in ground.paused}
    wanted = (one for one in called if one.block.wants != "nothing")
    return [_remedy(one, states[one.block.id], paused) for one in wanted]


def _remedy(called: Called, state: str | None, paused: Collection[int]) -> Remedy:
    """A pause is why it waits; `paused` are listings."""
    listing_id = called.block.listing_id
    waits = state == "waiting" and listing_id in paused
    return Remedy(
        listing_id=listing_id,
        span=called.block.span,
        push=state,
        failure="paused" if waits else called.failure,
    )


async def _refused(turn: Turn, called: Sequence[Called]) -> Mapping[pushes.Asked, pushes.Refusals]:
    """What channels refused lately, where something is to be placed; else nobody asks."""
    if not any(c.block.state == "absent" and c.block.wants != "nothing" for c in called):
        return {}
    return await pushes.refusals(turn.connection, turn.premises.id, turn.now - REMEMBERED)


async def _next_state(
    turn: Turn, called: Called, refused: Mapping[pushes.Asked, pushes.Refusals]
) -> str | None:
    """What its latest call is in after this."""
    block, latest = called.block, called.push
    if block.flying:
        return latest.state if latest else None
    before = refused.get((block.listing_id, block.span, block.party))
    return await _want_call(turn, block, latest, before)


async def _want_call(
    turn: Turn, block: Block, latest: OpenPush | None, refused: pushes.Refusals | None
) -> str | None:
    """Want its next call, if it is not wanted already; what state its latest one is in then, or OVER."""
    outlet = turn.premises.ever.get(block.listing_id)
    call = next_call(block, outlet.releases_holds) if outlet else None
    if call is None or outlet is None:
        return await _want_none(turn, block, latest)
    push = _push(turn, block, outlet, call)
    if call == "place" and refused is not None:
        push = replace(push, due_at=max(turn.now, refused.last_at + patience(refused.times)))
    if latest is not None and _asked_already(block, push, latest):
        return latest.state
    await pushes.wish(turn.connection, push)
    turn.calling.add(push.account_id)
    return push.state


async def _want_none(turn: Turn, block: Block, latest: OpenPush | None) -> str | None:
    state = latest.state if latest is not None else None
    if latest is not None and latest.waits:
        await pushes.supersede(turn.connection, latest.id, turn.now)
        state = "superseded"
    return OVER if block.wants == "nothing" and block.state == "absent" else state


def _asked_already(block: Block, push: pushes.NewPush, latest: pushes.OpenPush) -> bool:
    """The same call waits with the same urgency, or died and nothing has changed since."""
    if latest.call != push.call:
        return False
    died = latest.state == "dead" and (latest.settled_at or block.changed_at) >= block.changed_at
    same = latest.risk == push.risk and (latest.state == "shadow") == push.shadow
    return died or (latest.waits and same)


def _push(turn: Turn, block: Block, outlet: Outlet, call: Call) -> pushes.NewPush:
    account = turn.parts.accounts.get(outlet.account_id)
    return pushes.NewPush(
        venue_id=turn.premises.id,
        account_id=outlet.account_id,
        call=call,
        shadow=account is not None and account.mode == "shadow",
        risk=risk(call, block.wants),
        starts_at=block.span.start,
        due_at=turn.now,
        observed_at=turn.heard_at,
        block_id=block.id,
    )


async def placing_on(turn: Turn, listing_id: int, span: Span) -> bool:
    """Whether we are just placing a block on exactly this time: what appears there may be ours."""
    return await pushes.placing_on(turn.connection, listing_id, to_range(span))
