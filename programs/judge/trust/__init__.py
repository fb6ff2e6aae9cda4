"""Trust: the instruments that measure a judge against labels."""

from selftaught.programs.judge.trust.advice import advice, labels_needed
from selftaught.programs.judge.trust.calibrating import Calibrated, calibrate
from selftaught.programs.judge.trust.corruptions import label_by_construction
from selftaught.programs.judge.trust.found import Trust
from selftaught.programs.judge.trust.labels import BETTER, LABEL, SOURCE
from selftaught.programs.judge.trust.measure import trust_of
from selftaught.programs.judge.trust.models import models_of, same_model, warn_if_same

__all__ = [
    "BETTER",
    "LABEL",
    "SOURCE",
    "Calibrated",
    "Trust",
    "advice",
    "calibrate",
    "label_by_construction",
    "labels_needed",
    "models_of",
    "same_model",
    "trust_of",
    "warn_if_same",
]
