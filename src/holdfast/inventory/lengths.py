"""Lengths of time as people read them. No I/O."""

from datetime import timedelta


def lasting(length: timedelta) -> str:
    """`41 s`, `3 min`, `2 h 5 min`, `3 d 4 h`; below zero counts as none."""
    seconds = max(0, int(length.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 86400:
        return _two(seconds // 3600, "h", seconds % 3600 // 60, "min")
    return _two(seconds // 86400, "d", seconds % 86400 // 3600, "h")


def _two(many: int, large: str, few: int, small: str) -> str:
    return f"{many} {large} {few} {small}" if few else f"{many} {large}"
