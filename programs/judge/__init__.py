"""Judges and metrics: what scores the answers of a program, and what measures the judges."""

from selftaught.metrics import Metric, Score
from selftaught.programs.judge.agreement import Agreement
from selftaught.programs.judge.base import Judge, JudgeMetric
from selftaught.programs.judge.calibration import Calibration, calibration_of
from selftaught.programs.judge.checklist import Checklist
from selftaught.programs.judge.confidence import Confidence
from selftaught.programs.judge.constraint_checks import ConstraintChecks
from selftaught.programs.judge.constraints import Constraints, constraint
from selftaught.programs.judge.construct import Corrupt, construct_pairs
from selftaught.programs.judge.critique_value import CritiqueValue, best_critique, critique_pair
from selftaught.programs.judge.function import FunctionJudge
from selftaught.programs.judge.gold import F1, Contains, Exact, Gold
from selftaught.programs.judge.loophole import LoopholeCheck, confirmed, repair_criteria, repair_specification
from selftaught.programs.judge.meta import MetaJudge, MetaJudged
from selftaught.programs.judge.pairwise import Pairwise
from selftaught.programs.judge.panel import Panel
from selftaught.programs.judge.ranking import Ranking, rank
from selftaught.programs.judge.rating import Rating, SelfJ
from selftaught.programs.judge.rejection import rejection_sampled
from selftaught.programs.judge.rubric import Rubric
from selftaught.programs.judge.selection import best_judgements, length_controlled
from selftaught.programs.judge.self_score import SelfScore
from selftaught.programs.judge.self_validated import SelfValidated
from selftaught.programs.judge.step_pairs import StepPairs, best_step
from selftaught.programs.judge.steps import StepJudge
from selftaught.programs.judge.trust import (
    Calibrated,
    Trust,
    advice,
    calibrate,
    label_by_construction,
    labels_needed,
    same_model,
    trust_of,
    warn_if_same,
)
from selftaught.programs.judge.verify import Verify

__all__ = [
    "F1",
    "Agreement",
    "Calibrated",
    "Calibration",
    "Checklist",
    "Confidence",
    "ConstraintChecks",
    "Constraints",
    "Contains",
    "Corrupt",
    "CritiqueValue",
    "Exact",
    "FunctionJudge",
    "Gold",
    "Judge",
    "JudgeMetric",
    "LoopholeCheck",
    "MetaJudge",
    "MetaJudged",
    "Metric",
    "Pairwise",
    "Panel",
    "Ranking",
    "Rating",
    "Rubric",
    "Score",
    "SelfJ",
    "SelfScore",
    "SelfValidated",
    "StepJudge",
    "StepPairs",
    "Trust",
    "Verify",
    "advice",
    "best_critique",
    "best_judgements",
    "best_step",
    "calibrate",
    "calibration_of",
    "confirmed",
    "constraint",
    "construct_pairs",
    "critique_pair",
    "label_by_construction",
    "labels_needed",
    "length_controlled",
    "rank",
    "rejection_sampled",
    "repair_criteria",
    "repair_specification",
    "same_model",
    "trust_of",
    "warn_if_same",
]
