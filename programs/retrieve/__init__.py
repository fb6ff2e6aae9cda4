"""Programs that answer on a focused context: marked, shortened, or found in documents and in the past."""

from selftaught.programs.retrieve.compress import Compress
from selftaught.programs.retrieve.core import Focus, Focused
from selftaught.programs.retrieve.corpus import Corpus
from selftaught.programs.retrieve.evidence import Evidence
from selftaught.programs.retrieve.graph import InstructionGraph
from selftaught.programs.retrieve.grounded import Grounded
from selftaught.programs.retrieve.planned import PlansFromPast
from selftaught.programs.retrieve.prune import prune

__all__ = ["Compress", "Corpus", "Evidence", "Focus", "Focused", "Grounded", "InstructionGraph", "PlansFromPast", "prune"]
