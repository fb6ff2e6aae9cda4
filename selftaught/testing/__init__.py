"""For tests, yours and ours: a scripted language model, and the conformance classes that every piece must pass.

from selftaught.testing import FakeLM, ProgramContract

class TestMyMethod(ProgramContract):
    method = "my-method"
    def make(self, task): return MyMethod(task)
"""

from selftaught.testing.contracts import EngineContract, JudgeContract, OptimizerContract, ProgramContract
from selftaught.testing.fake import FakeLM, answer_fields, logprobs_of
from selftaught.testing.synthesis import SynthesisContract

__all__ = [
    "EngineContract",
    "FakeLM",
    "JudgeContract",
    "OptimizerContract",
    "ProgramContract",
    "SynthesisContract",
    "answer_fields",
    "logprobs_of",
]
