"""Reports."""

from pathlib import Path
from typing import Any


def write_report(folder: Path, run: Any) -> Path:
    """Write report.html."""
    return folder / "report.html"
