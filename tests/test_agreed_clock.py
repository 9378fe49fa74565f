"""The clock that all processes agree on: the server's time, carried on by this machine's pace."""

from datetime import UTC, datetime, timedelta

from holdfast.clock import AgreedClock, ManualClock, SettableClock

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class Machine:
    """Its wall clock may be wrong and may be set; its pace is right."""

    def __init__(self) -> None:
        self.true = ManualClock(NOON)
        self.wall = SettableClock(self.true)
        self.agreed = AgreedClock(self.wall, lambda: (self.true.now() - NOON).total_seconds())

    def look(self, seconds: float, server: timedelta = timedelta(0)) -> None:
        """The answer takes so long, and was made in the middle of that."""
        asked = self.agreed.asked()
        self.true.advance(seconds / 2)
        shown = self.true.now() + server
        self.true.advance(seconds / 2)
        self.agreed.told(shown, asked)


def test_whatever_the_machine_shows_the_server_counts() -> None:
    machine = Machine()
    machine.wall.ahead = 300.0
    assert machine.agreed.now() == NOON + timedelta(seconds=300)
    machine.look(0.2)
    assert machine.agreed.now() == machine.true.now()
    assert machine.agreed.ahead == 300.0


def test_a_machine_that_is_set_meanwhile_changes_nothing() -> None:
    machine = Machine()
    machine.look(0.2)
    machine.wall.ahead = -3600.0
    machine.true.advance(4)
    assert machine.agreed.now() == machine.true.now()
    machine.look(0.2)
    assert machine.agreed.ahead == -3600.0


def test_a_slow_answer_corrects_only_what_it_proves_to_be_wrong() -> None:
    machine = Machine()
    machine.look(0.02)
    machine.look(10, server=timedelta(seconds=4))
    assert machine.agreed.now() == machine.true.now()
    machine.look(10, server=timedelta(seconds=6))
    assert machine.agreed.now() == machine.true.now() + timedelta(seconds=6)
