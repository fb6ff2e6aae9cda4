"""Scripted models for looking again: each step is told from the others by what it is given and asked."""

import dspy

from selftaught.programs import Calls
from selftaught.programs.judge.base import Judge
from selftaught.signatures import Verdict
from selftaught.testing import FakeLM, answer_fields


class Passes(Judge):
    """Gives an answer the score that a function gives its text, and passes from one half on. Keeps what it was asked."""

    def __init__(self, task, score):
        super().__init__(task)
        self.score_of, self.asked = score, []

    async def verdict(self, inputs, outputs):
        text = next(iter(outputs.values()))
        self.asked.append(text)
        score = self.score_of(text)
        return Verdict(score=score, passed=None if score is None else score >= 0.5)

    def cost(self):
        return Calls(0, 0)


def step_of(messages):
    """Return the name of the step that asks, as the sum of the outputs and of what stands in the last turn."""
    seen = str(messages[-1]["content"])
    fields = [name for name in ("first_draft", "draft", "note", "mistake", "approach", "checklist") if f"{name}:" in seen]
    return "+".join(["/".join(answer_fields(messages)), *fields])


def telling(**by_step):
    """A model that answers each step with its next scripted answer; a list gives one after the other, the last for good.

    A step is named by a part of `step_of` that tells it from the rest, `_` for `+` and `/`; the first that fits is taken.
    """
    stories = {name: list(said) if isinstance(said, list) else [said] for name, said in by_step.items()}
    steps = []

    def script(messages, **settings):
        step = step_of(messages).replace("+", "_").replace("/", "_")
        name = next(name for name in stories if name in step)
        steps.append(name)
        return stories[name].pop(0) if len(stories[name]) > 1 else stories[name][0]

    lm = FakeLM(script)
    lm.steps = steps
    return lm


def run(program, lm, **inputs):
    with dspy.context(lm=lm):
        return program(**(inputs or {"word": "tree"}))
