"""Shown, not claimed: what Holdfast does, measured on this machine."""
