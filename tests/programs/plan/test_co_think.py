"""CoThink: the contract, what an outline may hold, and what it costs."""

import dspy
import pytest

from selftaught import scope
from selftaught.ledger import Ledger
from selftaught.programs.plan import CoThink
from selftaught.programs.reason import Reasoned
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import Shout


class TestCoThink(ProgramContract):
    method = "cothink"

    def make(self, task):
        return CoThink(task)


def outlining(*outlines):
    left = iter(outlines)

    def script(messages, **settings):
        return {"plan": next(left)} if answer_fields(messages) == ["plan"] else {"reasoning": "so", "shouted": "TREE"}

    return FakeLM(script, retries=0)


def run(lm, program=None):
    with dspy.context(lm=lm):
        return (program or CoThink(Shout))(word="tree")


GOOD = ["Look at the letters.", "Make them big."]


def test_an_outline_of_a_high_level_is_followed():
    lm = outlining(GOOD)
    found = run(lm)
    assert (found.plan, found.reasoning, lm.calls) == (GOOD, "so", 2)
    assert all(step in lm.requests[1][-1]["content"] for step in GOOD)


@pytest.mark.parametrize("bad", [["Add 2.", "Write it."], ["Same.", "same"], ["a", "b", "c", "The answer is 7."]])
def test_an_outline_with_numbers_or_another_length_is_asked_for_once_more(bad):
    lm = outlining(bad, GOOD)
    assert (run(lm).plan, lm.calls) == (GOOD, 3)


def test_after_two_bad_outlines_it_is_the_plain_reasoning_call():
    lm, plain = outlining(["Add 2.", "Go."], ["One.", "one"]), outlining()
    assert run(lm).plan == []
    run(plain, Reasoned(Shout))
    assert lm.calls == 3
    assert lm.requests[-1] == plain.requests[0]


def test_an_outline_that_cannot_be_read_is_done_without():
    lm = outlining(*[["One."]] * 4)
    found = run(lm)
    assert (found.plan, found.shouted) == ([], "TREE")


def test_the_tokens_of_both_calls_are_counted_here_and_outside():
    lm, ledger = outlining(GOOD), Ledger()
    with scope.scoped(ledgers=(ledger,)):
        found = run(lm)
    assert found.tokens == ledger.usage.prompt_tokens + ledger.usage.completion_tokens
    assert ledger.usage.calls == 2
    assert found.tokens > run(outlining(), Reasoned(Shout)).get("tokens", 0)


def test_the_outline_may_come_from_another_model():
    small, large = outlining(GOOD), outlining()
    program = CoThink(Shout)
    program.planner.set_lm(small)
    assert run(large, program).plan == GOOD
    assert (small.calls, large.calls) == (1, 1)


def test_the_solver_sees_nothing_else_of_the_outliner():
    class Chatty(dspy.Module):
        async def aforward(self, word):
            return dspy.Prediction(plan=GOOD, shouted="SECRET", reasoning="SECRET")

    lm = outlining()
    run(lm, CoThink(Shout, planner=Chatty()))
    assert "SECRET" not in str(lm.requests)
