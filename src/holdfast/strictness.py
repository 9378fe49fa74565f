"""Whether settings are just being read from a file, or come back from the database.

A check that a release adds refuses a file. What an earlier release accepted and stored goes on working until then:
a worker that ends at an update helps no venue.
"""

from pydantic import ValidationInfo

_KEY = "from the file"
FROM_THE_FILE = {_KEY: True}
"""The context for pydantic while a file is read."""


def from_the_file(info: ValidationInfo) -> bool:
    """Whether a validator speaks to the author of a file."""
    return bool(info.context and info.context.get(_KEY))
