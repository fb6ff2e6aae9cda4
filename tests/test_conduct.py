"""The adapter in front: it meters any model, keeps the user's adapter, and leaves out the answer that is being asked for."""

import dspy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as hyp

from selftaught import scope
from selftaught.adapter import CompactAdapter
from selftaught.conduct import Conduct, conducted
from selftaught.ledger import Ledger
from selftaught.testing import FakeLM
from selftaught.testing.samples import Shout, obliging, words


def test_once_in_front_is_enough_and_afterwards_it_is_gone():
    before = dspy.settings.adapter
    with conducted():
        front = dspy.settings.adapter
        assert isinstance(front, Conduct)
        with conducted():
            assert dspy.settings.adapter is front
        assert dspy.settings.adapter is front
    assert dspy.settings.adapter is before


class Noting(CompactAdapter):
    """An adapter of the user's that notes that it was asked."""

    def __init__(self):
        super().__init__()
        self.asked = 0

    def format(self, signature, demos, inputs):
        self.asked += 1
        return super().format(signature, demos, inputs)


def test_the_adapter_of_the_user_goes_before_that_of_the_model():
    users, models = Noting(), Noting()
    with dspy.context(lm=FakeLM(obliging, adapter=models)):
        with conducted():
            dspy.Predict(Shout)(word="tree")
        assert (users.asked, models.asked) == (0, 1)
        with dspy.context(adapter=users), conducted():
            dspy.Predict(Shout)(word="tree")
    assert (users.asked, models.asked) == (1, 1)


class Plain(dspy.BaseLM):
    """A model of the user's own that knows nothing of metering."""

    def __call__(self, prompt=None, messages=None, **settings):
        return ["[[ ## shouted ## ]]\nTREE\n\n[[ ## completed ## ]]"]

    async def acall(self, prompt=None, messages=None, **settings):
        return self(prompt, messages, **settings)


@pytest.mark.parametrize("where", ["configured", "of the predictor"])
def test_a_plain_model_is_metered_wherever_it_was_set(where):
    ledger, predictor = Ledger(), dspy.Predict(Shout)
    lm = Plain("plain")
    if where == "of the predictor":
        predictor.set_lm(lm)
    with dspy.context(lm=lm if where == "configured" else FakeLM(obliging)), scope.scoped(ledgers=(ledger,)), conducted():
        assert predictor(word="tree").shouted == "TREE"
    assert [row.model for row in ledger.rows] == ["plain"]


def shown(demos, word, leave_out):
    lm, predictor = FakeLM(obliging), dspy.Predict(Shout)
    predictor.demos = demos
    with dspy.context(lm=lm), scope.scoped(leave_out=leave_out), conducted():
        predictor(word=word)
    return [message["content"] for message in lm.requests[0][1:-1] if message["role"] == "user"]


@settings(max_examples=30, deadline=None)
@given(hyp.lists(hyp.integers(0, 5), max_size=6), hyp.integers(0, 5))
def test_only_the_demonstrations_of_the_same_input_are_left_out_and_only_when_asked(numbers, asked):
    examples = words(6)
    demos = [examples[number] for number in numbers]
    assert shown(demos, f"word{asked}", leave_out=False) == [f"word{number}" for number in numbers]
    assert shown(demos, f"word{asked}", leave_out=True) == [f"word{number}" for number in numbers if number != asked]
    assert len(demos) == len(numbers)


def test_a_demonstration_that_shares_only_some_inputs_is_shown():
    lm, predictor = FakeLM(lambda messages, **settings: {"sum": 3}), dspy.Predict("a: int, b: int -> sum: int")
    predictor.demos = [dspy.Example(a=1, b=1, sum=2), dspy.Example(a=1, b=2, sum=3), dspy.Example(a=2, b=2, sum=4)]
    with dspy.context(lm=lm), scope.scoped(leave_out=True), conducted():
        predictor(a=1, b=2)
    answers = [message["content"] for message in lm.requests[0] if message["role"] == "assistant"]
    assert answers == ['{"sum": 2}', '{"sum": 4}']
