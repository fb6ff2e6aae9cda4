"""The manifest of a run: everything that has to be the same for the same result, as far as a program can know it."""

from __future__ import annotations

import importlib.metadata
import json
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from selftaught.run import write_atomically

PACKAGES = ("selftaught", "dspy", "litellm", "numpy", "scipy", "optuna", "scikit-learn", "xllamacpp", "gepa", "pydantic")


def manifest(settings: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the settings of a run with the versions and the machine it ran on. Nothing in it is a secret."""
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"), "settings": settings, "packages": packages(),
        "python": platform.python_version(), "platform": platform.platform(), **more,
    }  # fmt: skip


def packages() -> dict[str, str]:
    """Return the versions of the packages that a result can depend on, those that are installed."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def write_manifest(folder: Path, settings: dict[str, Any], **more: Any) -> None:
    """Write `manifest.json` of a run, once: a resumed run keeps the one it started with."""
    path = Path(folder) / "manifest.json"
    if not path.exists():
        write_atomically(path, json.dumps(manifest(settings, **more), indent=1, sort_keys=True, default=str))
