"""Boseat's API as requests and readings of replies. No I/O.

Builders name the path only; `calls.Caller` puts the workspace's address and the token to it.
"""
