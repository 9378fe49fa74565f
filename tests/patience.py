"""How long a test waits for what must come: on a busy machine much longer than on an idle one."""

HANGS = 90.0
"""Seconds after which it counts as never; what comes in time is not waited for any longer."""
