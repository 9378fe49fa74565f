"""How a soak's holdfast.toml is edited: one listing goes, nothing else does."""

import tomllib

from holdfast.example import both_examples
from holdfast.soak.house import listings, without

TEXT = both_examples({"boseat": "http://127.0.0.1:1", "mozrest": "http://127.0.0.1:2"})


VENUES = ("glasshouse", "harbour-house")


def test_each_listing_can_be_taken_out_by_itself() -> None:
    names = [name for venue in VENUES for name in listings(TEXT, venue)]
    assert len(names) == 10
    for name in names:
        left = without(TEXT, name)
        there = [one for venue in VENUES for one in listings(left, venue)]
        assert there == [other for other in names if other != name]
        units = [venue["units"] for venue in tomllib.loads(left)["venues"]]
        assert units == [venue["units"] for venue in tomllib.loads(TEXT)["venues"]]
