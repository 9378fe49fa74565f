"""The webhooks of a simulated Mozrest: `update` and `canceled` of bookings, one credential, no signature."""

import base64
import json
from collections.abc import Mapping, Sequence

from holdfast.channels.mozrest.simulator.books import Entry
from holdfast.channels.mozrest.simulator.faces import Faces, written
from holdfast.channels.mozrest.simulator.state import State

ACTIONS = {
    "entity_id": ("update", "canceled"),
    "entityId": ("update", "cancel"),
    "cancelled": ("update", "cancelled"),
}


class Hooks:
    """Tells the one URL that was agreed on at onboarding."""

    def __init__(self, state: State, faces: Faces) -> None:
        self._state = state
        self._faces = faces

    def updated(self, entry: Entry, fields: Sequence[str]) -> None:
        """`fields` are those that changed: status, partySize, date, areaId."""
        self._tell(entry, 0, self._data(entry, fields))

    def cancelled(self, entry: Entry) -> None:
        """The documented event has no data; older ones had the whole booking."""
        full = self._faces.booking(entry, "webhook")
        data = None if self._state.says("webhook_data", "partial") else full
        self._tell(entry, 1, data)

    def lapsed(self, hold: Entry) -> None:
        """No such event is documented: it shows what an adapter must be able to ignore."""
        if self._state.says("webhook_on", "everything"):
            self._send(
                "expire", {"entity": "pending-booking", "entity_id": hold.id, "action": "expire"}
            )

    def settled(self, entry: Entry) -> None:
        """The venue or the gateway decided; whether that is announced is not documented (U5)."""
        if self._state.says("webhook_on", "everything"):
            self.updated(entry, ["status"])

    def _data(self, entry: Entry, fields: Sequence[str]) -> dict[str, object]:
        face = self._faces.booking(entry, "webhook")
        form = self._state.switches["webhook_date"]
        face["date"] = written(entry.span.start, entry.venue, form)
        face["areaId"], face["status"] = entry.area.id, self._faces.status(entry)
        if self._state.says("webhook_data", "full"):
            return face
        return {name: face[name] for name in fields}

    def _tell(self, entry: Entry, number: int, data: dict[str, object] | None) -> None:
        if entry.channel != self._state.world.own:
            return
        words = self._state.switches["webhook_words"]
        key = "entityId" if words == "entityId" else "entity_id"
        event: dict[str, object] = {
            "entity": "booking",
            key: entry.id,
            "action": ACTIONS[words][number],
        }
        if data is not None:
            other = {"id": self._state.new_id()} if self._mismatched() else {}
            event["data"] = {**data, **other}
        self._send(ACTIONS[words][number], event)

    def _mismatched(self) -> bool:
        return self._state.says("webhook_id_mismatch", "on")

    def _send(self, kind: str, event: dict[str, object]) -> None:
        target = self._state.webhook
        if target is None:
            return
        fault = self._state.switches["webhook_fault"]
        if fault == "unknown_entity":
            event = {**event, "entity": "gift-card"}
        batch = self._state.says("webhook_batch", "array")
        text = json.dumps([event] if batch else event)
        body = b"<html>" if fault == "not_json" else text.encode()
        headers = {**proof(self._state, target.secret), "content-type": "application/json"}
        self._state.bench.courier.send(target.url, kind, lambda: (headers, body))


def proof(state: State, secret: str) -> Mapping[str, str]:
    """The credential header. The target's secret is a token for `bearer`, `user:password` for `basic`
    and `Header-Name: token` for `header`."""
    fault = state.switches["webhook_fault"]
    if fault == "no_auth":
        return {}
    if state.says("webhook_auth", "header"):
        name, _, token = secret.partition(":")
        return {name.strip(): _spoilt(token.strip(), fault)}
    if state.says("webhook_auth", "basic"):
        pair = base64.b64encode(_spoilt(secret, fault).encode()).decode()
        return {"Authorization": f"Basic {pair}"}
    return {"Authorization": f"Bearer {_spoilt(secret, fault)}"}


def _spoilt(secret: str, fault: str) -> str:
    return f"{secret}-outdated" if fault == "wrong_auth" else secret
