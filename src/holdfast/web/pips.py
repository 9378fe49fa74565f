"""Whether the other channels know of a booking, as far as it may be said. No I/O."""

from collections import Counter
from collections.abc import Iterable, Sequence

from holdfast.store.day import DayBlock
from holdfast.web.entry import Pip
from holdfast.web.notices import Notice
from holdfast.web.words import CLOSED, CLOSED_AS_READ, Mark, sync_of


def pips(blocks: Iterable[DayBlock], told: Sequence[Notice]) -> list[Pip]:
    """One for each listing and how far it is; `told` is what is wrong with the booking or not known."""
    counts: Counter[tuple[str, Mark]] = Counter()
    for block in blocks:
        counts[block.listing, judged(block, told)] += 1
    return [Pip(listing=name, mark=mark, blocks=n) for (name, mark), n in counts.items()]


def judged(block: DayBlock, told: Iterable[Notice]) -> Mark:
    """Nothing is ticked off where something speaks against what it stands for."""
    mark = sync_of(block)
    doubted = any(one.level == "bad" or one.account == block.account for one in told)
    return CLOSED_AS_READ if doubted and mark == CLOSED else mark
