"""The example venues: their configuration as text, for `holdfast up`, the tests, and whoever begins."""

import json
import re
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from urllib.parse import urlsplit


def example_configuration(urls: Mapping[str, str]) -> str:
    """The example's holdfast.toml with the address of each channel's simulator put in.

    `urls` holds addresses by channel; a channel that is not in it keeps its address. Raises ValueError
    for a channel that the example does not have.
    """
    return _moved("holdfast.toml", urls)


def six_rooms(urls: Mapping[str, str]) -> str:
    """The same for a house of six rooms about which nothing is said that has a default."""
    return _moved("six-rooms.toml", urls)


def _moved(name: str, urls: Mapping[str, str]) -> str:
    text = (files(__name__) / name).read_text(encoding="utf-8")
    origin = {account["channel"]: _origin(account["base_url"]) for account in _accounts(text)}
    if strangers := urls.keys() - origin:
        raise ValueError(f"the example has no account on {', '.join(sorted(strangers))}")
    moved = {origin[channel]: url.rstrip("/") for channel, url in urls.items()}
    there = "|".join(re.escape(address) for address in origin.values())
    return re.sub(there, lambda found: moved.get(found[0], found[0]), text)


def both_examples(urls: Mapping[str, str]) -> str:
    """The same with the second venue, which sells a pool of tables, two of them by themselves, and all at once."""
    harbour = (files(__name__) / "harbour-house.toml").read_text(encoding="utf-8")
    return f"{example_configuration(urls)}\n{harbour}"


def example_worlds() -> Mapping[str, Mapping[str, object]]:
    """By channel, the world of its simulator in which both venues are."""
    return _worlds("worlds.json")


def six_rooms_worlds() -> Mapping[str, Mapping[str, object]]:
    """By channel, the world of its simulator in which the six rooms are."""
    return _worlds("six-rooms-worlds.json")


def _worlds(name: str) -> Mapping[str, Mapping[str, object]]:
    text = (files(__name__) / name).read_text(encoding="utf-8")
    worlds: dict[str, dict[str, object]] = json.loads(text)
    return worlds


def _accounts(text: str) -> list[dict[str, str]]:
    accounts: list[dict[str, str]] = tomllib.loads(text)["accounts"]
    return accounts


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


EXAMPLE_SECRETS = {
    "BOSEAT_CLIENT_ID": "boseat-example",
    "BOSEAT_CLIENT_SECRET": "boseat-example-secret",
    "MOZREST_API_KEY": "mozrest-example-key",
}
"""What the simulators' example worlds accept; they listen on loopback only."""

WEBHOOK_SECRETS = {"boseat": "BOSEAT_WEBHOOK_SECRET", "mozrest": "MOZREST_WEBHOOK_TOKEN"}
"""By channel, the variable in which the example looks for its webhooks' secret."""
