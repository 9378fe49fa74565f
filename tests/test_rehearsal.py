"""A plan as a person reads it: how many calls, of which days, and honestly how long they take."""

from datetime import UTC, datetime, timedelta

from holdfast.inventory.known import Wants
from holdfast.rehearsal import rehearse, seconds_for, told
from holdfast.store.ahead import Waiting

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def call(
    account: str = "rooms-main",
    listing: str | None = "salon",
    days: int = 1,
    what: str = "place",
    wants: Wants = "booked",
    writes: int = 20,
) -> Waiting:
    start = NOW + timedelta(days=days)
    return Waiting(
        account=account,
        mode="shadow",
        braked=False,
        writes_per_minute=writes,
        timezone="Europe/Berlin",
        call=what,
        state="shadow",
        due_at=NOW,
        listing=listing,
        wants=wants,
        starts_at=start,
        ends_at=start + HOUR,
        ref=None,
    )


def shown(calls: list[Waiting], *, each_call: bool = False) -> list[str]:
    modes = dict.fromkeys((one.account for one in calls), "shadow")
    return told(modes, rehearse(calls, NOW), each_call=each_call)


def test_commits_and_the_steady_rate_count() -> None:
    """The kind: a time that leaves out what must happen as well. 641 places at the contract's 20 a
    minute are 33 minutes; with their commits, at the 15 that a burst leaves, they are 86."""
    calls = [call(days=1 + number % 30) for number in range(641)]
    assert shown(calls)[0] == (
        "rooms-main (shadow) would send 641 calls at once, then 641 commits: "
        "about 86 min at 15 writes a minute"
    )


def test_what_fits_the_burst_goes_at_once() -> None:
    assert shown([call()])[0] == "rooms-main (shadow) would send 1 call at once, then 1 commit"
    assert seconds_for(5, 20) == 0
    assert seconds_for(20, 20) == 60


def test_accounts_send_side_by_side_and_the_slowest_says_how_long_it_takes() -> None:
    """The kind: one account's calls counted at another one's rate."""
    rooms = [call(days=1 + number % 30) for number in range(641)]
    tables = [call("tables-main", "table", 1 + number % 30, writes=120) for number in range(365)]
    lines = shown([*rooms, *tables])
    assert (
        "tables-main (shadow) would send 365 calls at once, then 365 commits: about 8 min"
        in str(lines)
    )
    assert (
        "1,006 calls in all. The accounts send side by side: about 86 min, as rooms-main takes."
        in lines
    )


def test_a_table_says_which_listings_get_how_many_calls_of_which_days() -> None:
    calls = [call(days=days) for days in (12, 1, 30)]
    calls += [call(listing="b" * 63, days=2), call(listing="bar", what="release", wants="nothing")]
    lines = shown(calls)
    assert lines[1:5] == [
        "    LISTING                             CALLS  FIRST DAY        LAST DAY",
        "    bar, release                            1  Tue 01 Dec 2026  Tue 01 Dec 2026",
        f"    {'b' * 33}…      1  Wed 02 Dec 2026  Wed 02 Dec 2026",
        "    salon                                   3  Tue 01 Dec 2026  Wed 30 Dec 2026",
    ]
    assert max(len(line) for line in lines[1:5]) <= 80
    assert not any("place   " in line for line in lines)
    assert lines[-1] == "--all shows each call."


def test_each_call_is_shown_where_all_is_asked_for() -> None:
    lines = shown([call()], each_call=True)
    assert "    place   salon  Tue 01 Dec 13:00-14:00, then commit" in lines
    assert lines[-1] != "--all shows each call."


def test_what_is_withheld_is_counted_apart() -> None:
    waiting = call(days=2)
    late = [call(what="release", wants="nothing"), waiting]
    assert "; 1 withheld" in shown(late)[0]
    assert shown([]) == ["No account is in shadow or paused."]
