"""Programs that a strategy makes for itself: something else in the place of the step that answers, for candidates to choose.

They join the search space of the run (`Space.programs`), so that a candidate names one as `Candidate.program`. What makes them
must depend on the problem alone: a resumed run makes them again.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, cast

import dspy

from selftaught.errors import SettingError
from selftaught.optimizers.space import turned
from selftaught.optimizers.strategy import Problem
from selftaught.programs.reason import Reasoned

GENERATE = "generate"


def offer(problem: Problem, name: str, make: Callable[[dspy.Predict], dspy.Module]) -> str:
    """Put a program among those that candidates may choose.

    The student may be a predictor, a step of `Reasoned` or `dspy.ChainOfThought`, or a catalogue program that takes `generate`;
    that one keeps its method and only answers with what was made.

    Args:
        problem: of the run.
        name: what a candidate calls the program.
        make: builds what answers, from a copy of the predictor that answers now.

    Returns:
        What comes before the names of the predictors of what was made, in the program: nothing, or `generate.`.

    Raises:
        SettingError: the student is another kind of program, or the name is taken.
    """
    known = cast(dict[str, dspy.Module], problem.space.programs)
    if name in known:
        raise SettingError(f"programs[{name!r}]: this name is the optimizer's own. Choose another one.")
    within = _takes_generate(problem.program)
    made = make(answering(problem.program).deepcopy())
    known[name] = turned(problem.program, {GENERATE: made}) if within else made
    return f"{GENERATE}." if within else ""


def answering(program: dspy.Module) -> dspy.Predict:
    """Return the predictor in whose place another program may be put; see `offer`.

    Raises:
        SettingError: there is none.
    """
    if isinstance(program, dspy.Predict):
        return program
    if isinstance(program, Reasoned | dspy.ChainOfThought):
        return program.predictors()[0]
    inner: Any = getattr(program, GENERATE, None)
    if _takes_generate(program) and isinstance(inner, dspy.Module):
        return answering(inner)
    raise SettingError(
        f"A {type(program).__name__} has no step that another program could answer for. Tune a st.Predict(task), or a program "
        "of the catalogue that takes generate=...; a program of your own can be tuned step by step."
    )


def _takes_generate(program: dspy.Module) -> bool:
    made = getattr(program, "arguments", None) is not None and not isinstance(program, dspy.Predict)
    return made and GENERATE in inspect.signature(type(program).__init__).parameters
