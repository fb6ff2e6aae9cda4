"""Scripted models for tests of self-instruction: they answer by the set of fields that a step asks for."""

import zlib

import dspy

from selftaught.testing import FakeLM, answer_fields


def hashed(messages, **settings):
    """Return a number that depends on what was asked and on which sample it is."""
    return zlib.crc32(f"{messages} {settings.get('rollout_id')}".encode()) % 99991


def by_fields(*tables):
    """Return a script: the first table whose fields are those asked for answers; a value may be a function of the request.

    A function is called with the messages and the settings, and with the keyword `number`, `hashed` of them.
    """

    def script(messages, **settings):
        asked = answer_fields(messages)
        for table in tables:
            if set(table) == set(asked):
                number = hashed(messages, **settings)
                return {
                    name: value(messages, number=number, **settings) if callable(value) else value
                    for name, value in table.items()
                }
        raise AssertionError(f"nobody planned an answer with {asked}")

    return script


def said(messages):
    """Return the last message."""
    return str(messages[-1]["content"])


def words(number, count=5):
    """Return an instruction that shares no word with that of another number."""
    return " ".join(f"{letter}{number}" for letter in "pqrstuvwxyz"[:count])


def made(pipeline, script, count, **settings):
    """Run a pipeline on a scripted model; returns what came out and the model."""
    lm = FakeLM(script)
    with dspy.context(lm=lm):
        return pipeline.run(count, progress=False, **settings), lm
