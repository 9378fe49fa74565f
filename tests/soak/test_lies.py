"""Each lie that a soak has its providers tell is told, and is over afterwards."""

import pytest
from tests.channels.test_simulated_lies import CHANNELS, simulated

from holdfast.soak.faults import LIES, Fault
from holdfast.soak.lies import FINDS_NOTHING, Lies


def fault(kind: str, channel: str, dice: float = 0.0) -> Fault:
    return Fault(at=0, kind=kind, target=channel, seconds=0.01, dice=dice)


@pytest.mark.parametrize("channel", CHANNELS)
async def test_a_guest_gets_the_id_of_what_is_over(channel: str) -> None:
    async with simulated(channel) as side:
        lies = Lies(sides={channel: side})
        await lies.strike(fault("provider id again", channel))
        assert not lies.moved, "nothing is over yet"
        ref = await side.book((await side.offers("salon"))[0])
        await side.act(ref, "cancel")
        await lies.strike(fault("provider id again", channel))
        assert lies.moved == {ref}
        assert ref in {entry.ref for entry in (await side.books()).everybody()}


@pytest.mark.parametrize("dice", [0.01, 0.06, 0.012, 0.016])
@pytest.mark.parametrize("channel", CHANNELS)
async def test_a_booking_goes_elsewhere_and_some_come_back(channel: str, dice: float) -> None:
    async with simulated(channel) as side:
        ref = await side.book((await side.offers("salon"))[0])
        lies = Lies(sides={channel: side})
        await lies.strike(fault("provider booking elsewhere", channel, dice))
        assert lies.moved == {ref}
        books = await side.books()
        here = {unit for unit, taken in books.taken.items() if ref in {one.ref for one in taken}}
        assert here or ref in books.elsewhere
        strange = dice * 10 % 1 < 0.5
        back = strange and dice * 1000 % 1 < 0.5
        assert (ref in books.elsewhere) == (strange and not back)


@pytest.mark.parametrize("channel", CHANNELS)
async def test_what_is_told_wrongly_is_told_rightly_again(channel: str) -> None:
    async with simulated(channel) as side:
        lies = Lies(sides={channel: side})
        for kind in LIES[:3]:
            await lies.strike(fault(kind, channel))
        assert await side.ask("GET", "/faults") == []
        assert await side.ask("POST", "/faults", FINDS_NOTHING)
