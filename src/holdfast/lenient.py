"""Wire models that are read although some of their fields cannot be: those count as absent, and are named. No I/O."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, PrivateAttr, ValidationError

from holdfast.told import named


class Lenient(BaseModel):
    """What `read` makes of a JSON object."""

    _unread: tuple[str, ...] = PrivateAttr(default=())

    @property
    def unread(self) -> tuple[str, ...]:
        """The first names of the fields that were told and could not be read."""
        return self._unread


Model = TypeVar("Model", bound=BaseModel)


def read(model: type[Model], item: object) -> Model:
    """The item as this model, without what cannot be read of it.

    Raises ValidationError, about all that cannot be read, where too little is left. Fields are taken out from the
    innermost outwards, so that what stands beside one of them is kept.
    """
    first: ValidationError | None = None
    left: object = item
    while True:
        try:
            found = model.model_validate(left)
        except ValidationError as error:
            first = first or error
            thinner = _thinned(left, _places(error))
            if thinner is None:
                raise first from None
            left = thinner
        else:
            if first is not None and isinstance(found, Lenient):
                found._unread = named(_places(first))
            return found


def _places(error: ValidationError) -> list[Sequence[int | str]]:
    return [each["loc"] for each in error.errors(include_url=False, include_input=False)]


def _thinned(item: object, places: Sequence[Sequence[int | str]]) -> object | None:
    """Without those fields; None where none of them is there: what is needed is missing, or all of it is wrong."""
    left: object | None = None
    for place in places:
        thinner = _without(item if left is None else left, place) if place else None
        left = left if thinner is None else thinner
    return left


def _without(item: object, place: Sequence[int | str]) -> Mapping[str, Any] | None:
    """Without the innermost field on the way to this place that is there; None: none is. A list goes as a whole."""
    if not isinstance(item, Mapping):
        return None
    name = str(place[0])
    thinner = _without(item.get(name), place[1:]) if len(place) > 1 else None
    if thinner is not None:
        return {**item, name: thinner}
    return {key: value for key, value in item.items() if key != name} if name in item else None
