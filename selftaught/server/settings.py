"""What bounds a server, so that load, a large request or a slow model ends in an answer and never in a hang."""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from selftaught.errors import SettingError, nearest

ROWS = 64
LOOPBACK = ("127.0.0.1", "localhost", "::1", "[::1]")


class ServerSettings(BaseModel):
    """The limits of a server.

    `max_concurrency`: inputs answered at the same time; `queue`: how many more wait, the next is refused with 503. `timeout`:
    seconds from a request's arrival to its answer, waiting included. `max_body`: bytes of a request. `max_batch`: rows of one,
    by default as many as can be taken and at most 64.
    `drain`: seconds that requests in flight get to end after SIGTERM. `allowed_hosts`: values of the Host header that are
    answered; by default the loopback names where the server listens there, else all. `steps`: whether callers see the steps.
    `page`: whether `/` has a page to try the program. `log_content`: write inputs, answers and error texts into the log.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_concurrency: int = Field(default=64, ge=1)
    queue: int = Field(default=256, ge=0)
    timeout: float = Field(default=120.0, gt=0)
    max_body: int = Field(default=1 << 20, ge=1)
    max_batch: int | None = Field(default=None, ge=1)
    drain: float = Field(default=30.0, ge=0)
    allowed_hosts: tuple[str, ...] = ()
    steps: bool = True
    page: bool = True
    log_content: bool = False

    @model_validator(mode="after")
    def _a_batch_fits(self) -> Self:
        if self.max_batch is not None and self.max_batch > self.capacity:
            raise ValueError(
                f"max_batch={self.max_batch} is more than max_concurrency + queue = {self.capacity}, so it could never be taken"
            )
        return self

    @property
    def capacity(self) -> int:
        """How many inputs are in the house at most."""
        return self.max_concurrency + self.queue

    @property
    def rows(self) -> int:
        """The most rows of a request."""
        return self.max_batch or min(ROWS, self.capacity)

    def hosts(self, host: str) -> list[str]:
        """Return the Host names that a server on `host` answers to."""
        if self.allowed_hosts:
            return list(self.allowed_hosts)
        return list(LOOPBACK) if host in LOOPBACK else ["*"]


def server_settings(**given: Any) -> ServerSettings:
    """Return settings.

    Raises:
        SettingError: an unknown name, or a value out of range.
    """
    try:
        return ServerSettings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        if first["type"] == "extra_forbidden":
            reason = f"there is no such setting{nearest(name, ServerSettings.model_fields)}"
        else:
            reason = str(first["msg"]).removeprefix("Value error, ")
        raise SettingError(f"serve({name}={first['input']!r}): {reason}." if name else f"serve(): {reason}.") from error
