"""Counters in Prometheus' text format."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator

from selftaught.ledger import Usage

BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Requests, failures, latency, model calls and tokens since the server started. Used from one event loop."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, int]] = Counter()
        self.failures: Counter[tuple[str, str]] = Counter()
        self.seconds: dict[str, list[int]] = {}
        self.sums: Counter[str] = Counter()
        self.usage: Counter[str] = Counter()

    def answered(self, route: str, status: int, seconds: float, kind: str = "") -> None:
        """Count one request; `kind`: the class of its failure."""
        self.requests[route, status] += 1
        if kind:
            self.failures[route, kind] += 1
        counts = self.seconds.setdefault(route, [0] * (len(BUCKETS) + 1))
        counts[bisect_left(BUCKETS, seconds)] += 1
        self.sums[route] += seconds  # type: ignore[assignment]

    def used(self, usage: Usage) -> None:
        """Count the model calls of one answer."""
        for name in ("calls", "cached", "failed", "prompt_tokens", "completion_tokens"):
            self.usage[name] += getattr(usage, name)

    def text(self, running: int, waiting: int) -> str:
        """Return everything as text; `running` and `waiting`: inputs at this moment."""
        return "\n".join([*self._requests(), *self._latency(), *self._model(running, waiting)]) + "\n"

    def _requests(self) -> Iterator[str]:
        yield from _head("requests_total", "counter", "Requests by route and status.")
        for (route, status), count in sorted(self.requests.items()):
            yield f'selftaught_requests_total{{route="{route}",status="{status}"}} {count}'
        yield from _head("request_failures_total", "counter", "Requests without an answer, by route and reason.")
        for (route, kind), count in sorted(self.failures.items()):
            yield f'selftaught_request_failures_total{{route="{route}",reason="{kind}"}} {count}'

    def _latency(self) -> Iterator[str]:
        yield from _head("request_seconds", "histogram", "Seconds from a request's arrival to its end.")
        for route, counts in sorted(self.seconds.items()):
            total = 0
            for edge, count in zip((*(f"{one:g}" for one in BUCKETS), "+Inf"), counts, strict=True):
                total += count
                yield f'selftaught_request_seconds_bucket{{route="{route}",le="{edge}"}} {total}'
            yield f'selftaught_request_seconds_sum{{route="{route}"}} {float(self.sums[route]):.6f}'
            yield f'selftaught_request_seconds_count{{route="{route}"}} {total}'

    def _model(self, running: int, waiting: int) -> Iterator[str]:
        yield from _head("model_calls_total", "counter", "Calls of the model that were paid for.")
        yield f"selftaught_model_calls_total {self.usage['calls']}"
        yield from _head("model_calls_cached_total", "counter", "Calls that were answered without paying.")
        yield f"selftaught_model_calls_cached_total {self.usage['cached']}"
        yield from _head("model_calls_failed_total", "counter", "Calls that failed.")
        yield f"selftaught_model_calls_failed_total {self.usage['failed']}"
        yield from _head("tokens_total", "counter", "Tokens by kind.")
        for kind in ("prompt", "completion"):
            yield f'selftaught_tokens_total{{kind="{kind}"}} {self.usage[f"{kind}_tokens"]}'
        yield from _head("inputs", "gauge", "Inputs that are being answered, and that wait.")
        yield f'selftaught_inputs{{state="running"}} {running}'
        yield f'selftaught_inputs{{state="waiting"}} {waiting}'


def _head(name: str, kind: str, about: str) -> tuple[str, str]:
    return f"# HELP selftaught_{name} {about}", f"# TYPE selftaught_{name} {kind}"
