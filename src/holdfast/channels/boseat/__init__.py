"""Boseat: coworking and meeting spaces, sold in slots. See README.md beside this file."""

from holdfast.channels.boseat.kind import KIND

__all__ = ["KIND"]
