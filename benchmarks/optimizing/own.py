"""Our strategies, each as it comes, with a budget of 200 calls; `auto` with 100 too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.optimizing.tasks import Data, right

CALLS = 200
SHOTS = 8


def makers() -> dict[str, Callable[[], Any]]:
    """Return how each of our optimizers is made, by the name under which it is reported."""
    from selftaught import optimizers as own

    return {
        "auto": lambda: own.Auto(right),
        "auto-100": lambda: own.Auto(right),
        "APE": lambda: own.APE(right, shots=SHOTS),
        "Bootstrap": lambda: own.BootstrapDemonstrations(right, shots=SHOTS),
        "MIPRO": lambda: own.MIPRO(right, shots=SHOTS),
    }


def tuned(name: str, program: Any, data: Data, seed: int, folder: Path) -> Any:
    """Tune with one of them."""
    import selftaught as st

    return makers()[name]().compile(
        program, trainset=data.train, valset=data.val, budget=st.Budget(calls=100 if name == "auto-100" else CALLS), run_dir=folder / "run", seed=seed,
        concurrency=8, progress=False,
    )  # fmt: skip
