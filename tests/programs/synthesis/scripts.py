"""Scripted models for pipelines: each step is answered by the fields that it asks for."""

import zlib

import dspy

from selftaught.testing import FakeLM, answer_fields


def number_of(messages, **settings):
    """A number that depends on the whole request, so that equal requests get equal answers and others differ."""
    return zlib.crc32(f"{messages} {settings.get('rollout_id')}".encode()) % 10**6


def answering(**fields):
    """A script from answers by field: a value, or a function of (prompt, number)."""

    def script(messages, **settings):
        text, number = str(messages[-1]["content"]), number_of(messages, **settings)
        return {
            name: fields[name](text, number) if callable(fields[name]) else fields[name]
            for name in answer_fields(messages)
            if name in fields
        }

    return script


def run(pipeline, script, count=None, **settings):
    """Run a pipeline; returns what came out and the model."""
    lm = FakeLM(script)
    with dspy.context(lm=lm):
        return pipeline.run(count, progress=False, **settings), lm


def requests(lm, field):
    """The prompts of all calls that asked for a field."""
    return [str(messages[-1]["content"]) for messages in lm.requests if field in answer_fields(messages)]
