"""Structured logs: one JSON object a line, without inputs, answers, error texts or keys unless they are asked for."""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from typing import Any, TextIO

from selftaught.metering import scrub

LOG = logging.getLogger("selftaught.server")
OTHERS = ("uvicorn", "uvicorn.error", "mcp", "asyncio")


class JsonLines(logging.Formatter):
    """Writes a record as JSON. Of an exception it tells the class and the places; its text only with `content`."""

    def __init__(self, *, content: bool = False) -> None:
        super().__init__()
        self.content = content

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        told: dict[str, Any] = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(), "event": record.getMessage() if record.name == LOG.name else record.name,
        }  # fmt: skip
        if record.name != LOG.name:
            told["message"] = record.getMessage() if self.content or not record.exc_info else ""
        told |= getattr(record, "facts", {})
        if record.exc_info and record.exc_info[1] is not None:
            told |= failure(record.exc_info[1], content=self.content)
        return scrub(json.dumps(told, default=str))


def failure(error: BaseException, *, content: bool) -> dict[str, Any]:
    """Return what the log tells of an error: its classes and where it was raised; its text only with `content`."""
    classes, cause = list[str](), error
    while cause is not None and len(classes) < 8:
        classes.append(type(cause).__name__)
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)  # type: ignore[assignment]
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)[-6:]]
    return {"error": " < ".join(classes), "places": places, **({"text": str(error)} if content else {})}


def configure(*, content: bool = False, stream: TextIO | None = None) -> None:
    """Send the server's log, and that of the libraries under it, to the standard error as JSON lines."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines(content=content))
    for name in (LOG.name, *OTHERS):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.INFO if name == LOG.name else logging.WARNING)


def tell(event: str, *, level: int = logging.INFO, error: BaseException | None = None, **facts: Any) -> None:
    """Write one line."""
    LOG.log(level, event, extra={"facts": facts}, exc_info=error)
