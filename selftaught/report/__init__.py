"""The report of a run: one HTML file that needs nothing else, no network and no script.

The journal goes in (`journal.py`), sections come out (`contents.py`, `changes.py`), curves are drawn (`charts.py`) and the
template puts them on the page. The same journal gives the same file, byte for byte. Instructions, inputs, answers and errors are
untrusted text: the template escapes everything, and the page's own policy forbids scripts and anything from elsewhere.
"""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from selftaught.report import charts
from selftaught.report.comparison import pareto_plot
from selftaught.report.contents import build, shown, signed, span
from selftaught.run import Run, write_atomically

__all__ = ["environment", "render", "write_report"]


def write_report(folder: Path, run: Run) -> Path:
    """Write `report.html` of a run, finished or not, and return its path."""
    path = Path(folder) / "report.html"
    write_atomically(path, render(run))
    return path


def render(run: Run) -> str:
    """Return the report of a run, a tuning or a synthesis, as HTML."""
    if run.settings.get("kind") == "synthesis":
        from selftaught.report.synthesis import render_synthesis

        return render_synthesis(run)
    return environment().get_template("report.html.j2").render(report=build(run), charts=charts, plot=pareto_plot)


def environment() -> Environment:
    """Return the environment of the templates: everything that is filled in is escaped."""
    environment = Environment(
        loader=PackageLoader("selftaught.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(shown=shown, signed=signed, span=span)
    return environment
