"""What a soak must know of each provider's simulator: its folder says so in `soak.json`."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, ConfigDict

from holdfast.kind import discover


class Call(BaseModel):
    """One on the control side."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: str
    path: str
    body: Mapping[str, str] = {}


class Grown(BaseModel):
    """Something more in a simulator's world: where to, and what."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    into: Sequence[str | int]
    what: Mapping[str, Any]


class Traits(BaseModel):
    """Of one provider."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    switches: Mapping[str, str]
    """Budgets that nothing waits for, and holds that lapse soon: one that cannot be given back would else
    stand for minutes."""
    varied: Mapping[str, Sequence[str]] = {}
    """Switches whose value is the seed's choice."""
    creates: str
    """Where a new hold or booking is posted to."""
    guests_hold: bool
    """Whether a guest's hold shows before it is confirmed."""
    revoke: Sequence[Call]
    """Makes our credential invalid."""
    restore: Sequence[Call] = ()
    """Makes it valid again; none: a new one is to be had at once."""
    secret: str
    """The variable with the credential that `/control/secrets` exchanges."""
    grown: Sequence[Grown]
    """A place that the provider has and that we do not sell: bookings may be moved there."""

    def world(self, known: Mapping[str, Any]) -> dict[str, Any]:
        """A world with what is in no configuration of ours."""
        world: dict[str, Any] = deepcopy(dict(known))
        for more in self.grown:
            there: Any = world
            for step in more.into:
                there = there[step]
            there.append(dict(more.what))
        return world

    def chosen(self, seed: int) -> dict[str, str]:
        """The switches of one soak."""
        varied = {name: values[seed % len(values)] for name, values in self.varied.items()}
        return {**self.switches, **varied}


@cache
def traits() -> Mapping[str, Traits]:
    """By channel."""
    return {name: _read(name) for name in discover()}


def _read(channel: str) -> Traits:
    folder = files(f"holdfast.channels.{channel}.simulator")
    return Traits.model_validate_json((folder / "soak.json").read_text(encoding="utf-8"))
