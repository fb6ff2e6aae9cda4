"""A span for each request, where OpenTelemetry's API is installed; what it exports, and where to, its SDK decides."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from selftaught import __version__

try:
    from opentelemetry import propagate, trace
except ImportError:  # an optional library
    trace = None  # type: ignore[assignment]


@contextlib.contextmanager
def span(route: str, headers: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Hold a span around a request; what the block puts into the dictionary becomes its attributes. No content is among them."""
    facts: dict[str, Any] = {}
    if trace is None:
        yield facts
        return
    tracer = trace.get_tracer("selftaught", __version__)
    with tracer.start_as_current_span(
        f"selftaught {route}", context=propagate.extract(headers), kind=trace.SpanKind.SERVER,
        record_exception=False, set_status_on_exception=False,
    ) as current:  # fmt: skip
        try:
            yield facts
        finally:
            current.set_attributes({name: value for name, value in facts.items() if value is not None})
