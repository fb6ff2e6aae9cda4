"""A scripted model for programs of several steps, and a judge that is a function."""

from selftaught.programs.judge.base import Judge
from selftaught.signatures import Verdict
from selftaught.testing import FakeLM, answer_fields


def says(**answers):
    """A model that answers each asked field: from a list in order, by a function of the prompt, or always the same."""
    left = {name: iter(value) for name, value in answers.items() if isinstance(value, list)}

    def said(name, text, settings):
        if name in left:
            return next(left[name])
        return answers[name](text) if callable(answers[name]) else answers[name]

    def script(messages, **settings):
        return {name: said(name, messages[-1]["content"], settings) for name in answer_fields(messages)}

    return FakeLM(script)


def prompts(lm, field):
    """The whole prompts of the step that asks for a field first, in order."""
    asking = [messages for messages in lm.requests if answer_fields(messages)[0] == field]
    return ["\n".join(str(message["content"]) for message in messages) for messages in asking]


def line(prompt, name):
    """What a prompt gives as a field."""
    return [one.removeprefix(f"{name}: ") for one in prompt.splitlines() if one.startswith(f"{name}: ")][-1]


class Scores(Judge):
    """Scores an answer by a function of its text; None is undetermined. Passes from 1.0."""

    def __init__(self, task, score):
        super().__init__(task)
        self.by, self.asked = score, []

    async def verdict(self, inputs, outputs):
        text = next(iter(outputs.values()))
        self.asked.append(text)
        score = self.by(text)
        return Verdict(score=score, passed=None if score is None else score >= 1.0, reasons=f"{text} scores {score}.")

    def cost(self):
        from selftaught.programs.base import Calls

        return Calls(0, 0)
