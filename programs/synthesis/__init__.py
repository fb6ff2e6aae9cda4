"""Synthesis: programs whose output is a data set."""

from selftaught.programs.synthesis.outcome import Passage, Synthesized
from selftaught.programs.synthesis.pipeline import Pipeline
from selftaught.programs.synthesis.row import Origin, Rejected, Row
from selftaught.programs.synthesis.stages import Change, Distinct, Gate, Judged, Keep, Made, Novel, Rows, Source, Stage

__all__ = [
    "Change", "Distinct", "Gate", "Judged", "Keep", "Made", "Novel", "Origin", "Passage", "Pipeline", "Rejected", "Row", "Rows",
    "Source", "Stage", "Synthesized",
]  # fmt: skip
