"""What a caller is told when something fails: a status and a sentence; never a traceback, a prompt or an address behind the server."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from selftaught.errors import (
    AnswerError,
    BudgetSpent,
    CallError,
    ConnectionFailed,
    InputError,
    KeyRefused,
    Overloaded,
    SelftaughtError,
    TimedOut,
    TruncatedAnswer,
)
from selftaught.server import logs

AGAIN = 2
"""Seconds after which to ask again, where that can help."""

TOLD: tuple[tuple[type[Exception], int, str | None], ...] = (
    (InputError, 422, None),
    (KeyRefused, 401, None),
    (BudgetSpent, 429, "The budget for this is spent."),
    (Overloaded, 503, None),
    (TimedOut, 504, None),
    (TruncatedAnswer, 502, "The model's answer was cut off at its token limit."),
    (AnswerError, 502, "The model answered, but not in the asked form."),
    (ConnectionFailed, 503, "The model behind this server cannot be reached at the moment."),
    (CallError, 502, "The model behind this server refused the request."),
)
"""The first class that fits gives the status and the sentence; None tells the error's own text, which is about the request."""

EXPECTED = (InputError, KeyRefused, BudgetSpent, Overloaded, TimedOut)
"""What a server does by design; the request's own log line names it."""

OURS = "The server is not able to answer. Whoever runs it finds the cause in its log, under this id."


@dataclass(frozen=True, slots=True)
class Trouble:
    """A problem to be told. `kind`: the error's class in words. `headers`: of the response."""

    status: int
    kind: str
    detail: str
    errors: list[dict[str, str]] | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def body(self, visit_id: str, *, openai: bool = False) -> dict[str, Any]:
        """Return the JSON body; with `openai` also in the form that OpenAI's clients read."""
        told: dict[str, Any] = {
            "type": f"urn:selftaught:{self.kind}", "title": self.kind.replace("-", " "), "status": self.status,
            "detail": self.detail, "id": visit_id,
        }  # fmt: skip
        if self.errors is not None:
            told["errors"] = self.errors
        if openai:
            told["error"] = {"message": self.detail, "type": self.kind, "code": self.kind, "param": None}
        return told


def trouble_of(error: BaseException) -> Trouble:
    """Return what a caller is told of an error."""
    for kind, status, sentence in TOLD:
        if isinstance(error, kind):
            headers = {"Retry-After": str(AGAIN)} if status == 503 else {"WWW-Authenticate": "Bearer"} if status == 401 else {}
            return Trouble(status, _words(type(error).__name__), sentence or str(error), headers=headers)
    name = type(error).__name__ if isinstance(error, SelftaughtError) else "InternalError"
    return Trouble(500, _words(name), OURS)


def told(error: BaseException, visit_id: str, **facts: Any) -> Trouble:
    """Return what a caller is told of an error; the log has the cause of what nobody meant to happen."""
    if not isinstance(error, EXPECTED):
        logs.tell("failure", level=logging.ERROR, error=error, id=visit_id, **facts)
    return trouble_of(error)


def misfit(errors: list[Any], where: str = "") -> Trouble:
    """Return what a caller is told of a request that does not fit; what was sent is not repeated."""
    told = [{"field": ".".join(str(part) for part in one["loc"] if part != "body"), "problem": str(one["msg"])} for one in errors]
    shown = "; ".join(f"{one['field'] or 'the body'}: {one['problem']}" for one in told[:5])
    return Trouble(422, "input-error", f"The {where or 'request'} does not fit: {shown}.", errors=told[:20])


def misfit_of(error: ValidationError, where: str = "") -> Trouble:
    """Return what a caller is told of inputs that pydantic refuses."""
    return misfit(error.errors(include_url=False, include_context=False, include_input=False), where)


def refused(status: int, kind: str, detail: str, **headers: str) -> Trouble:
    """Return a problem with the request itself."""
    return Trouble(status, kind, detail, headers=headers)


def _words(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
