"""A scripted model that solves the bundled tasks once it sees demonstrations, and cannot judge."""

import json
import random

from selftaught.cli.quickstart import TASKS, Transform
from selftaught.data import bundled
from selftaught.testing import FakeLM, answer_fields


def solver():
    """Return the model."""
    known = {row.input: row.output for name in TASKS for row in bundled(name, Transform)}

    def script(messages, **settings):
        asked, text = answer_fields(messages), str(messages[-1]["content"])
        if asked == ["instruction"]:
            return {
                "instruction": random.Random(str(settings["rollout_id"])).choice(
                    ["Do as shown.", "Change the word.", "Answer briefly."]
                )
            }
        if asked == ["satisfied"]:
            return {"satisfied": "yes"}
        shown = {
            turn["content"]: json.loads(reply["content"])["output"]
            for turn, reply in zip(messages[1:-1:2], messages[2::2], strict=False)
        }
        if set(shown.values()) == {"yes"}:
            return {"output": "yes"}
        if shown and all(given == said for given, said in shown.items()):
            return {"output": text}
        return {"output": known[text] if shown and text in known else "no idea " + str(settings.get("rollout_id"))}

    return FakeLM(script, name="scripted")


def proposer():
    """Return a model that also proposes inputs: words of the bundled tasks, some of them twice."""
    words = [row.input for row in bundled("plural", Transform)][5:]
    script = solver().backend.function

    def proposing(messages, **settings):
        if answer_fields(messages) == ["proposals"]:
            return {"proposals": random.Random(str(settings["rollout_id"])).sample(words, 4)}
        return script(messages, **settings)

    return FakeLM(proposing, name="scripted")
