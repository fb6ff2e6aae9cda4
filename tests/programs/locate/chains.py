"""A scripted model that writes chains of one-letter steps: what the tests of locating and mending share."""

import re

from selftaught.programs.base import Calls
from selftaught.programs.judge.base import Judge
from selftaught.programs.judge.step_pairs import NEXT
from selftaught.programs.search.writing import MORE
from selftaught.signatures import Criterion, Verdict
from selftaught.testing import answer_fields
from selftaught.testing.samples import obliging


def path_in(text, field="steps_before"):
    """Return the letters of the steps that a prompt shows in a field."""
    shown = re.search(rf"^{field}: (.*?)(?:\n\w+: |\Z)", text, re.DOTALL | re.MULTILINE)
    return "".join(re.findall(r"step (\w)", shown.group(1))) if shown else ""


def number_in(settings, name):
    """Return which sample of a kind is asked for; 0 for the model's own."""
    return int((re.findall(rf"{name}(\d+)", str(settings.get("rollout_id"))) or [0])[-1])


class Writer:
    """`rest[path]`: what completes a chain, one text or one for each draw. `options[path]`: candidate next steps by draw.

    The answer to a chain is its letters. `!` is garbage.
    """

    def __init__(self, rest, options=None, answers=None, other=obliging):
        self.rest, self.options, self.answers, self.other = rest, options or {}, answers or {}, other
        self.completed, self.proposed, self.shown = [], [], []

    def __call__(self, messages, **settings):
        asked, text = answer_fields(messages), str(messages[-1]["content"])
        path = path_in(text)
        if asked == ["to_find", MORE, "shouted"]:
            self.completed.append(path)
            rest = self.rest.get(path, "")
            rest = rest if isinstance(rest, str) else rest[number_in(settings, "draw") % len(rest)]
            if rest == "!":
                return "garbage"
            whole = path + rest
            return {
                "to_find": "it",
                MORE: [f"step {letter}" for letter in rest] or [""],
                "shouted": self.answers.get(whole, whole),
            }
        if asked == ["to_find", NEXT, "more_to_find"]:
            number = number_in(settings, "step")
            self.proposed.append((path, number))
            self.shown.append(path_in(text, "steps_to_avoid"))
            options = self.options.get(path, "x")
            said = options[(number - 1) % len(options)]
            return "garbage" if said == "!" else {"to_find": "it", NEXT: f"step {said}", "more_to_find": True}
        return self.other(messages, **settings)


class Wrong(Judge):
    """A locator that knows: a step is wrong if its letter is among these. Counts how often it is asked."""

    def __init__(self, task, letters):
        super().__init__(task)
        self.letters, self.asked = letters, 0

    async def verdict(self, inputs, outputs):
        self.asked += 1
        labels = [step[-1] not in self.letters for step in outputs["solution_steps"]]
        criteria = tuple(Criterion(name="right", passed=label) for label in labels)
        return Verdict(score=float(all(labels)), passed=all(labels), criteria=criteria)

    def cost(self):
        return Calls(0, 0)
