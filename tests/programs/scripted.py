"""A scripted model for the tests of agents and conversations."""

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


def ran(program, lm, **inputs):
    """Run a program on one input with a model."""
    with dspy.context(lm=lm):
        return program(**(inputs or {"word": "tree"}))


def asked(lm, field):
    """The requests that asked for a field."""
    return [messages for messages in lm.requests if field in answer_fields(messages)]
