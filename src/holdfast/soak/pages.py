"""Whether pages and API answer while it burns, in time and truly: only what is certain is judged. No I/O."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from holdfast.soak.bounds import Struck
from holdfast.soak.evidence import Violation

Fits = Callable[[Struck], bool]

SLOW_SECONDS = 10.0
ALL_CLEAR = "All channels agree"
EXPECTED = (200, 404, 503)
"""404: what a page is about may be renamed or gone just now."""

AFTERWARDS = timedelta(seconds=20)
"""So long after a fault its effects may still be felt: connections are made anew, a server recovers, processes start."""

LATELY = timedelta(seconds=5)
"""What is said to stand for less may not have been committed when the page was made."""

EXPOSED_LONG = timedelta(seconds=30)
"""An exposure begins when its provider sold the time, which we may hear of only at the next reading."""

DATABASE = ("postgres", "database")
"""How the names of what strikes Postgres or the way to it begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request, by our clock. `status` 0: no answer came. `title` is of the first page only."""

    web: str
    """Which process was asked."""
    path: str
    began: datetime
    ended: datetime
    status: int
    asks_again: bool = False
    """It says when to come again."""
    title: str = ""

    @property
    def seconds(self) -> float:
        return (self.ended - self.began).total_seconds()

    def __str__(self) -> str:
        return f"{self.web} {self.path} at {self.began:%H:%M:%S}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that was known to be wrong, from when to when: as long as it stands all is not clear."""

    what: str
    began: datetime
    ended: datetime


def wrongs(
    visits: Iterable[Visit], struck: Sequence[Struck], troubles: Sequence[Trouble]
) -> Iterator[Violation]:
    """Everything that no page may do."""
    for visit in visits:
        for what in _wrongs(visit, struck, troubles):
            yield Violation(checker="pages", what=what)


def _wrongs(visit: Visit, struck: Sequence[Struck], troubles: Sequence[Trouble]) -> Iterator[str]:
    if visit.status == 503 and not visit.asks_again:
        yield f"{visit}: 503 without Retry-After"
    elif visit.status == 503 and not _near(visit, struck, _of_the_database):
        yield f"{visit}: 503 though nothing had struck the database"
    elif visit.status and visit.status not in EXPECTED:
        yield f"{visit}: {visit.status}"
    if visit.seconds > SLOW_SECONDS and not _near(visit, struck, lambda s: _slows(s, visit)):
        yield f"{visit}: no answer for {visit.seconds:.1f} s, and no fault explains it"
    if ALL_CLEAR in visit.title:
        yield from (f"{visit} says: {ALL_CLEAR}; {t.what}" for t in troubles if _stood(t, visit))


def _near(visit: Visit, struck: Sequence[Struck], fits: Fits) -> bool:
    return any(
        one.began <= visit.ended and visit.began <= one.ended + AFTERWARDS and fits(one)
        for one in struck
    )


def _of_the_database(one: Struck) -> bool:
    return one.kind.startswith(DATABASE) or one.target == "to-postgres"


def _slows(one: Struck, visit: Visit) -> bool:
    """A conflict's page asks the providers."""
    theirs = one.kind == "configuration secret" or one.target in (visit.web, "redis", "to-redis")
    return _of_the_database(one) or theirs or (one.side is not None and "/conflicts/" in visit.path)


def _stood(trouble: Trouble, visit: Visit) -> bool:
    return trouble.began < visit.began and visit.ended < trouble.ended


def read(visits: Sequence[Visit]) -> str:
    """For the summary."""
    answered = sorted(visit.seconds for visit in visits if visit.status)
    if not answered:
        return "none"
    busy = sum(visit.status == 503 for visit in visits)
    p99 = answered[int(0.99 * (len(answered) - 1))]
    return (
        f"{len(answered)}, p99 {p99:.2f} s, max {answered[-1]:.2f} s; {busy} times 503, "
        f"{len(visits) - len(answered)} times no answer"
    )
