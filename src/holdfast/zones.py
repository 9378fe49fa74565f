"""Time zones as a file may name them."""

from functools import cache
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field

_MACHINES = {"Factory", "localtime", "posixrules"}
"""Names of zone files that mean another zone, or none, on each machine."""


@cache
def _zones() -> frozenset[str]:
    names = (name for name in available_timezones() if not name.startswith(("posix/", "right/")))
    return frozenset(names) - _MACHINES


def _known(text: str) -> str:
    if text not in _zones():
        raise ValueError("expected an IANA time zone such as Europe/Paris")
    return text


ZoneName = Annotated[str, Field(description="an IANA time zone"), AfterValidator(_known)]
"""It means the same on every machine."""
