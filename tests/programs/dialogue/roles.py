"""A scripted model for conversations: who speaks is known by the instruction."""

from copy import deepcopy

import dspy

from selftaught.testing import FakeLM, answer_fields
from selftaught.testing.samples import obliging


def scripted(**answers):
    """A model that answers a field by its function of the messages, or by its value; everything else as the obliging one does."""

    def script(messages, **settings):
        said = obliging(messages, **settings)
        for name in answer_fields(messages):
            if name in answers:
                said[name] = answers[name](messages) if callable(answers[name]) else deepcopy(answers[name])
        return said

    return FakeLM(script)


def talking(program, lm, **inputs):
    """Run a program on one input with a model."""
    with dspy.context(lm=lm):
        return program(**(inputs or {"word": "tree"}))


def asked(lm, field):
    """The requests that asked for a field."""
    return [messages for messages in lm.requests if field in answer_fields(messages)]


def told(messages, instruction):
    """True for a request with this instruction."""
    return instruction in str(messages[0]["content"])


def shown(messages, name):
    """The one-line value that a prompt shows for an input."""
    lines = str(messages[-1]["content"]).splitlines()
    return next((line.removeprefix(f"{name}: ") for line in lines if line.startswith(f"{name}: ")), "")
