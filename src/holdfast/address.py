"""Addresses of servers that are sent our credentials: which of them are refused, and which are one server. No I/O."""

import ipaddress
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, HttpUrl, ValidationInfo

from holdfast.strictness import from_the_file

_USUAL_PORT = {"http": 80, "https": 443}
NO_ADDRESS = "expected an address that begins with https:// (or http://, on this machine only)"


def is_loopback(name: str | None) -> bool:
    """Whether an address or host name is this machine's own."""
    if name == "localhost":
        return True
    try:
        address = ipaddress.ip_address(name or "")
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def unsafe(url: str) -> str | None:
    """Why nothing secret may be sent there, without repeating what may be one; None: it may."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return NO_ADDRESS
    if parts.scheme not in _USUAL_PORT or not parts.hostname:
        return NO_ADDRESS
    if "@" in parts.netloc:
        return "holds a user name or a password: expected an address without, secrets have keys of their own"
    if parts.scheme != "https" and not is_loopback(parts.hostname):
        return (
            f"{parts.scheme} would carry credentials in clear to {parts.hostname}: expected an address that begins "
            "with https:// (http:// for this machine only: localhost, 127.0.0.1, [::1])"
        )
    return None


def server(url: object) -> str:
    """The server and folder that an address leads to, in one spelling: `api.example`, `127.0.0.1:9101/v2`."""
    parts = urlsplit(str(url))
    host = (parts.hostname or "").removesuffix(".")
    host = "127.0.0.1" if host == "localhost" else host
    port = "" if parts.port in (None, _USUAL_PORT.get(parts.scheme)) else f":{parts.port}"
    return f"{host}{port}{parts.path.rstrip('/')}"


def _safe(url: HttpUrl, info: ValidationInfo) -> HttpUrl:
    if from_the_file(info) and (why := unsafe(str(url))):
        raise ValueError(why)
    return url


ServerUrl = Annotated[HttpUrl, AfterValidator(_safe)]
"""Where a channel's settings name a server. What a file says must be safe to send credentials to."""
