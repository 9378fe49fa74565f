"""What a bench is given: a folder of its own, and how often each contender runs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROUNDS = 5


def _unseen() -> None:
    """Nobody looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """`folder` is empty at first and gone afterwards. `step` is called after each round.

    `whole`: in the sizes that are promised, however long that takes.
    """

    folder: Path
    rounds: int = ROUNDS
    whole: bool = False
    step: Callable[[], None] = _unseen

    def turns(self) -> Iterator[int]:
        """The rounds, in each of which all contenders run once: so the machine's noise hits all alike."""
        for turn in range(self.rounds):
            yield turn
            self.step()
