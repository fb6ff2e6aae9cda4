"""Programs that search: among answers, over the steps of an answer, and over ways to refine one."""

from selftaught.programs.search.best_of import BestOf
from selftaught.programs.search.core import StepSearch
from selftaught.programs.search.deepening import Deepening, IdSampling
from selftaught.programs.search.look_ahead import LookAheadSearch
from selftaught.programs.search.options import OptionSearch
from selftaught.programs.search.refinement import RefinementTree
from selftaught.programs.search.rollout_value import RolloutValue
from selftaught.programs.search.selective import Selective, risk_coverage
from selftaught.programs.search.sharpen import Sharpen
from selftaught.programs.search.step_judges import StepCheck, StepRating, StepVotes

__all__ = [
    "BestOf",
    "Deepening",
    "IdSampling",
    "LookAheadSearch",
    "OptionSearch",
    "RefinementTree",
    "RolloutValue",
    "Selective",
    "Sharpen",
    "StepCheck",
    "StepRating",
    "StepSearch",
    "StepVotes",
    "risk_coverage",
]
