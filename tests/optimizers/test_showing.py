"""A proposer that shows what a proposal looks like."""

import asyncio

import dspy

from selftaught.optimizers.showing import ShowingProposer, shown_rewritings
from selftaught.signatures import proposal_of
from selftaught.testing import FakeLM
from tests.optimizers.by_hand import numbered, problem

SIGNATURE = proposal_of("Improve", "Make it better.", {"examples": "solved examples", "current": "the instruction"})
GIVEN = {"examples": "Input: a\nOutput: b", "current": "Do it."}


def propose(script, times, count):
    proposer = ShowingProposer(problem(), SIGNATURE, shown_rewritings("current"))
    lm = FakeLM(script)
    with dspy.context(lm=lm):
        found = [asyncio.run(proposer.instructions([GIVEN] * count)) for _ in range(times)]
    return [text for one in found for text in one], lm


def test_every_other_call_is_shown_what_a_proposal_looks_like():
    _, lm = propose(lambda messages, **settings: {"instruction": numbered(**settings)}, times=3, count=3)
    shown = sorted(sum(message["role"] == "assistant" for message in messages) for messages in lm.requests)
    assert shown == [0, 0, 0, 0, 3, 3, 3, 3, 3]


def test_echoes_of_what_was_shown_or_told_are_dropped():
    said = iter(["Name the colour of the thing.", "make it better.", "Say which one.", '"Count the letters of the word."'])
    found, _ = propose(lambda messages, **settings: {"instruction": next(said)}, times=1, count=4)
    assert found == [None, None, "Say which one.", None]


def test_a_failed_call_is_none():
    found, _ = propose(lambda messages, **settings: "%% nothing", times=1, count=2)
    assert found == [None, None]
