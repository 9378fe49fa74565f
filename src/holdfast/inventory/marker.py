"""Our own mark in an e-mail address, by which the echo of a block is recognised. No I/O."""

import re

TAG = "+hf-"
ORPHAN = "orphan-"
"""Blocks that were taken over from a channel, where they stood for nothing, have markers that begin so."""

_MARKER = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_MARKED = re.compile(r"[^@]*\+hf-(?P<marker>[a-z0-9-]+)@[^@]+", re.IGNORECASE)


def is_orphan(marker: str) -> bool:
    """Whether a block was found at its channel without being known."""
    return marker.startswith(ORPHAN)


def mark(email: str, marker: str) -> str:
    """The address with the marker as its plus-tag; a tag of ours that it had before is replaced.

    Raises ValueError for an address without exactly one `@`, or a marker that is not made of lower-case
    letters, digits and single inner hyphens.
    """
    local, at, domain = email.partition("@")
    if not (local and at and domain) or "@" in domain:
        raise ValueError("expected an e-mail address with one @")
    if not _MARKER.fullmatch(marker):
        raise ValueError(f"a marker is lower-case letters, digits and hyphens, got {marker!r}")
    return f"{local.partition(TAG)[0]}{TAG}{marker}@{domain}"


def marker_of(email: str | None) -> str | None:
    """The marker in an address, or None for a guest's. Case is ignored: providers may change it."""
    found = _MARKED.fullmatch(email.strip()) if email else None
    marker = found["marker"].lower() if found else None
    return marker if marker and _MARKER.fullmatch(marker) else None
