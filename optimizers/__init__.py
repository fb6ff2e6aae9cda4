"""Optimizers: what tunes a program's instructions and demonstrations, under a hard budget."""

from selftaught.optimizers.base import Optimizer
from selftaught.optimizers.candidate import Candidate, Tuning
from selftaught.optimizers.curricula import CategoryBandit, EasyToHard
from selftaught.optimizers.engine import Engine
from selftaught.optimizers.estimate import Estimate
from selftaught.optimizers.outcome import Outcome
from selftaught.optimizers.policies import AtLeastAsGood, NoImprovement, NotWorse, RealGain
from selftaught.optimizers.races import Halving, PairedRace, UpperBounds, WholePool
from selftaught.optimizers.sensitivity import PromptSensitivity, prompt_sensitivity
from selftaught.optimizers.strategies.amplify import Amplify
from selftaught.optimizers.strategies.ape import APE
from selftaught.optimizers.strategies.auto import Auto, auto
from selftaught.optimizers.strategies.auto_evol import AutoEvolInstruct
from selftaught.optimizers.strategies.auto_instruct import AutoInstruct
from selftaught.optimizers.strategies.balanced import BalancedDemonstrations
from selftaught.optimizers.strategies.cycle import CyclePrompt
from selftaught.optimizers.strategies.demonstrations import BootstrapDemonstrations
from selftaught.optimizers.strategies.dspy_adapter import DSPyOptimizer
from selftaught.optimizers.strategies.informative import InformativeDemonstrations
from selftaught.optimizers.strategies.instoptima import InstOptima
from selftaught.optimizers.strategies.instruct_zero import InstructZero
from selftaught.optimizers.strategies.judges import TuneJudge
from selftaught.optimizers.strategies.leap import LEAP
from selftaught.optimizers.strategies.metasc import MetaSC
from selftaught.optimizers.strategies.mipro import MIPRO
from selftaught.optimizers.strategies.mixture import MoP
from selftaught.optimizers.strategies.moh import MoH
from selftaught.optimizers.strategies.nearest import KNNDemonstrations
from selftaught.optimizers.strategies.opro import OPRO
from selftaught.optimizers.strategies.self_made import SelfMadeDemonstrations
from selftaught.optimizers.strategies.stop import STOP
from selftaught.optimizers.strategies.structure import StructureSearch
from selftaught.optimizers.strategies.teaching import LearningByTeaching
from selftaught.optimizers.strategies.tpd import TPD
from selftaught.optimizers.strategy import Problem, Standing, Strategy, Trial, raced
from selftaught.optimizers.study import Study

__all__ = [
    "APE",
    "LEAP",
    "MIPRO",
    "OPRO",
    "STOP",
    "TPD",
    "Amplify",
    "AtLeastAsGood",
    "Auto",
    "AutoEvolInstruct",
    "AutoInstruct",
    "BalancedDemonstrations",
    "BootstrapDemonstrations",
    "Candidate",
    "CategoryBandit",
    "CyclePrompt",
    "DSPyOptimizer",
    "EasyToHard",
    "Engine",
    "Estimate",
    "Halving",
    "InformativeDemonstrations",
    "InstOptima",
    "InstructZero",
    "KNNDemonstrations",
    "LearningByTeaching",
    "MetaSC",
    "MoH",
    "MoP",
    "NoImprovement",
    "NotWorse",
    "Optimizer",
    "Outcome",
    "PairedRace",
    "Problem",
    "PromptSensitivity",
    "RealGain",
    "SelfMadeDemonstrations",
    "Standing",
    "Strategy",
    "StructureSearch",
    "Study",
    "Trial",
    "TuneJudge",
    "Tuning",
    "UpperBounds",
    "WholePool",
    "auto",
    "prompt_sensitivity",
    "raced",
]
