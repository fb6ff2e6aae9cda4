"""The sandboxes that work on this machine; the others are skipped with the reason."""

from collections.abc import Iterator

import pytest

from selftaught.sandbox import available
from selftaught.sandbox.linux import LinuxSandbox

CANDIDATES = {one.name: one for one in available()}


@pytest.fixture(scope="module", params=["namespaces", "alone"])
def box(request: pytest.FixtureRequest) -> Iterator[LinuxSandbox]:
    candidate = CANDIDATES[request.param]
    if not candidate.works:
        pytest.skip(f"the sandbox {candidate.name!r} does not work here: {candidate.why}")
    made = LinuxSandbox(request.param)
    yield made
    made.close()
