"""References to secrets: the configuration names where a secret is kept, never what it is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, SecretStr, model_validator


class SecretMissing(Exception):
    """A secret that the configuration refers to is not there; the text names the variable or file."""


class SecretRef(BaseModel):
    """Where a secret is kept: `{ env = "NAME" }` or `{ file = "PATH" }`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    env: str | None = None
    file: str | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.env is None) == (self.file is None):
            raise ValueError('expected either { env = "NAME" } or { file = "PATH" }')
        return self

    def reveal(self, environ: Mapping[str, str]) -> SecretStr:
        """The secret itself, without surrounding white space.

        Raises SecretMissing when the variable is unset or empty, or the file cannot be read.
        """
        value = self._from_env(environ) if self.env is not None else self._from_file()
        if not value.strip():
            raise SecretMissing(f"{self} is empty: put the secret there")
        return SecretStr(value.strip())

    def _from_env(self, environ: Mapping[str, str]) -> str:
        name = self.env or ""
        if name not in environ:
            raise SecretMissing(f"the environment variable {name} is not set")
        return environ[name]

    def _from_file(self) -> str:
        try:
            return Path(self.file or "").read_text(encoding="utf-8")
        except OSError as error:
            raise SecretMissing(
                f"the secret file {self.file} cannot be read: {error.strerror}"
            ) from error

    def __str__(self) -> str:
        return f"${self.env}" if self.env is not None else f"file {self.file}"
