"""Optimizers: what tunes a program's instructions and demonstrations, under a hard budget."""

from selftaught.optimizers.base import Optimizer
from selftaught.optimizers.candidate import Candidate, Tuning
from selftaught.optimizers.engine import Engine
from selftaught.optimizers.outcome import Outcome
from selftaught.optimizers.policies import AtLeastAsGood, NoImprovement, NotWorse, RealGain
from selftaught.optimizers.races import Halving, PairedRace, UpperBounds, WholePool
from selftaught.optimizers.strategies.ape import APE
from selftaught.optimizers.strategies.auto import Auto, auto
from selftaught.optimizers.strategies.demonstrations import BootstrapDemonstrations
from selftaught.optimizers.strategies.dspy_adapter import DSPyOptimizer
from selftaught.optimizers.strategies.mipro import MIPRO
from selftaught.optimizers.strategies.structure import StructureSearch
from selftaught.optimizers.strategy import Problem, Standing, Strategy, Trial, raced
from selftaught.optimizers.study import Study

__all__ = [
    "APE",
    "MIPRO",
    "AtLeastAsGood",
    "Auto",
    "BootstrapDemonstrations",
    "Candidate",
    "DSPyOptimizer",
    "Engine",
    "Halving",
    "NoImprovement",
    "NotWorse",
    "Optimizer",
    "Outcome",
    "PairedRace",
    "Problem",
    "RealGain",
    "Standing",
    "Strategy",
    "StructureSearch",
    "Study",
    "Trial",
    "Tuning",
    "UpperBounds",
    "WholePool",
    "auto",
    "raced",
]
