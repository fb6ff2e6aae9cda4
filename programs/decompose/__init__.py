"""Programs that ask smaller or easier questions first."""

from selftaught.programs.decompose.auto_prm import AutoPRM
from selftaught.programs.decompose.core import AskAnswer
from selftaught.programs.decompose.gaps import KnowledgeParts, compositionality_gap, knowledge_parts
from selftaught.programs.decompose.ladder import Ladder
from selftaught.programs.decompose.parts import Pair, part_of
from selftaught.programs.decompose.passages import Retriever, passages_for
from selftaught.programs.decompose.self_ask import SelfAsk
from selftaught.programs.decompose.self_explanation import SelfExplanation
from selftaught.programs.decompose.self_questioning import SelfQuestioning

__all__ = [
    "AskAnswer",
    "AutoPRM",
    "KnowledgeParts",
    "Ladder",
    "Pair",
    "Retriever",
    "SelfAsk",
    "SelfExplanation",
    "SelfQuestioning",
    "compositionality_gap",
    "knowledge_parts",
    "part_of",
    "passages_for",
]
