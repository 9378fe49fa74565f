"""Cursors: where the next page of a list begins, opaque to the client and checked when it comes back. No I/O."""

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Protocol, TypeVar

from holdfast.web.problems import wrong_field

_INSIDE = re.compile(r"(?P<list>[a-z]+):(?P<id>[1-9][0-9]{0,17})")


class Numbered(Protocol):
    """A row that lists are paged by."""

    @property
    def id(self) -> int: ...


Row = TypeVar("Row", bound=Numbered)


def cursor_after(name: str, last_id: int) -> str:
    """Points behind that row of the list called `name`."""
    return base64.urlsafe_b64encode(f"{name}:{last_id}".encode()).decode().rstrip("=")


def position(name: str, cursor: str | None) -> int | None:
    """The id that a cursor of this list points behind. Raises Problem for anything else."""
    if cursor is None:
        return None
    inside = _INSIDE.fullmatch(_decoded(cursor))
    if inside is None or inside["list"] != name or cursor_after(name, int(inside["id"])) != cursor:
        raise wrong_field("cursor", f"the value of `next` in an earlier answer of {name}")
    return int(inside["id"])


def split(name: str, rows: Sequence[Row], limit: int) -> tuple[Sequence[Row], str | None]:
    """A page of `limit` rows, and the cursor of the next if one more was found."""
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], cursor_after(name, rows[limit - 1].id)


def _decoded(cursor: str) -> str:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return ""
