"""Judges and metrics: what scores the answers of a program."""

from selftaught.metrics import Metric, Score
from selftaught.programs.judge.agreement import Agreement
from selftaught.programs.judge.base import Judge, JudgeMetric
from selftaught.programs.judge.calibration import Calibration, calibration_of
from selftaught.programs.judge.checklist import Checklist
from selftaught.programs.judge.confidence import Confidence
from selftaught.programs.judge.function import FunctionJudge
from selftaught.programs.judge.gold import F1, Contains, Exact, Gold
from selftaught.programs.judge.pairwise import Pairwise
from selftaught.programs.judge.panel import Panel
from selftaught.programs.judge.ranking import Ranking, rank
from selftaught.programs.judge.rating import Rating, SelfJ
from selftaught.programs.judge.rubric import Rubric
from selftaught.programs.judge.trust import Trust, label_by_construction, trust_of
from selftaught.programs.judge.verify import Verify

__all__ = [
    "F1",
    "Agreement",
    "Calibration",
    "Checklist",
    "Confidence",
    "Contains",
    "Exact",
    "FunctionJudge",
    "Gold",
    "Judge",
    "JudgeMetric",
    "Metric",
    "Pairwise",
    "Panel",
    "Ranking",
    "Rating",
    "Rubric",
    "Score",
    "SelfJ",
    "Trust",
    "Verify",
    "calibration_of",
    "label_by_construction",
    "rank",
    "trust_of",
]
