"""Programs that improve a draft."""

from selftaught.programs.refine.actor_critic import ActorCritic
from selftaught.programs.refine.at_once import SelfCorrection
from selftaught.programs.refine.best_feedback import BestFeedback
from selftaught.programs.refine.core import Refine
from selftaught.programs.refine.cycle import CycleRefine, Reconstruction
from selftaught.programs.refine.decrim import DeCRIM
from selftaught.programs.refine.given_draft import GivenDraft
from selftaught.programs.refine.improve import IterateImprove
from selftaught.programs.refine.peer import Peer
from selftaught.programs.refine.polish import SelfPolish
from selftaught.programs.refine.self_refine import SelfRefine
from selftaught.programs.refine.stick import Stick
from selftaught.programs.refine.verify import VerifyThenRevise

__all__ = [
    "ActorCritic",
    "BestFeedback",
    "CycleRefine",
    "DeCRIM",
    "GivenDraft",
    "IterateImprove",
    "Peer",
    "Reconstruction",
    "Refine",
    "SelfCorrection",
    "SelfPolish",
    "SelfRefine",
    "Stick",
    "VerifyThenRevise",
]
