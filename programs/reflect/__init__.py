"""Programs that look again at their own answer."""

from selftaught.programs.reflect.contrast import SelfContrast
from selftaught.programs.reflect.core import LookAgain
from selftaught.programs.reflect.instruct import InstructOfReflection
from selftaught.programs.reflect.mistakes import MistakeCollector
from selftaught.programs.reflect.rethink import SelfRethinking
from selftaught.programs.reflect.retry import ReflectAndRetry
from selftaught.programs.reflect.wait import Wait

__all__ = [
    "InstructOfReflection",
    "LookAgain",
    "MistakeCollector",
    "ReflectAndRetry",
    "SelfContrast",
    "SelfRethinking",
    "Wait",
]
