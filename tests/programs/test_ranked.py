"""Ranked instructions (021): the contract, and what the paper says must hold of a ranker."""

import itertools

import dspy
import pytest

from selftaught.errors import SettingError
from selftaught.evaluation import evaluate
from selftaught.programs import Predict
from selftaught.programs.route.ranked import RankedInstructions
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import Shout


class TestRankedInstructions(ProgramContract):
    method = "ranked-instructions"

    def make(self, task):
        return RankedInstructions(task, ["Be loud.", "Shout it."])


class TestChoiceAtOnce(ProgramContract):
    def make(self, task):
        return RankedInstructions(task, ["Be loud.", "Shout it."], odds=False)


UP, BACK = "Write it in capitals.", "Write it backwards."


def fitting(messages, **settings):
    """Words with an a want capitals, others want to be turned round; the ranker sees which."""
    asked, text = answer_fields(messages), str(messages[-1]["content"])
    word = text.splitlines()[0].removeprefix("word: ")
    best = UP if "a" in word else BACK
    if asked == ["suits"]:
        chance = 0.9 if best in text else 0.2 if UP in text or BACK in text else 0.1
        return {"suits": "yes" if chance > 0.5 else "no"}, {"suits": {"yes": chance, "no": 1 - chance}}
    if asked == ["number"]:
        return {"number": next(int(line[0]) for line in text.splitlines() if line.endswith(best))}
    said = str(messages[0]["content"])
    return {"shouted": word.upper() if UP in said else word[::-1] if BACK in said else word}


def without_odds(messages, **settings):
    said = fitting(messages, **settings)
    return said[0] if isinstance(said, tuple) else said


WORDS = ["cat", "tree", "hat", "bush"]
DATA = [dspy.Example(word=word, shouted=word.upper() if "a" in word else word[::-1]).with_inputs("word") for word in WORDS]


def right(example, prediction):
    return float(example.shouted == prediction.shouted)


@pytest.mark.parametrize("script", [fitting, without_odds])
def test_beats_the_best_fixed_instruction_where_inputs_want_different_ones(script):
    with dspy.context(lm=FakeLM(script)):
        ranked = evaluate(RankedInstructions(Shout, [UP, BACK]), DATA, right, progress=False)
        fixed = [evaluate(Predict(Shout.with_instructions(text)), DATA, right, progress=False) for text in (UP, BACK)]
    assert ranked.score == 1.0
    assert max(one.score for one in fixed) < 1.0


@pytest.mark.parametrize("script", [fitting, without_odds])
def test_the_order_of_the_instructions_does_not_change_the_choice(script):
    texts = [UP, BACK, "Be loud.", "Another one."]
    with dspy.context(lm=FakeLM(script)):
        chosen = {RankedInstructions(Shout, list(order))(word="cat").instruction for order in itertools.permutations(texts)}
    assert chosen == {UP}


@pytest.mark.parametrize("odds", [True, False])
def test_equal_scores_leave_the_choice_to_the_alphabet(odds):
    def even(messages, **settings):
        if answer_fields(messages) == ["suits"]:
            return {"suits": "yes"}, {"suits": {"yes": 0.5, "no": 0.5}}
        return {"number": 9} if answer_fields(messages) == ["number"] else {"shouted": "x"}

    with dspy.context(lm=FakeLM(even)):
        assert RankedInstructions(Shout, ["Zoom.", "Act."], odds=odds)(word="cat").instruction == "Act."


def test_one_instruction_is_the_plain_program():
    one, other = FakeLM(fitting), FakeLM(fitting)
    with dspy.context(lm=one):
        found = RankedInstructions(Shout, [Shout.instructions])(word="cat")
    with dspy.context(lm=other):
        Predict(Shout)(word="cat")
    assert one.requests == other.requests
    assert found.instruction == Shout.instructions


def test_the_ranker_sees_neither_the_right_answer_nor_an_answer_of_the_model():
    lm = FakeLM(fitting)
    with dspy.context(lm=lm):
        evaluate(RankedInstructions(Shout, [UP, BACK]), DATA, right, progress=False)
    ranking = [str(messages) for messages in lm.requests if answer_fields(messages) == ["suits"]]
    assert len(ranking) == 3 * len(DATA)
    assert not any(example.shouted in text for text in ranking for example in DATA)


def test_the_ranker_reads_the_instructions_that_an_optimizer_gave_the_steps():
    program = RankedInstructions(Shout, ["To be replaced."])
    program.answers[1].signature = program.answers[1].signature.with_instructions(UP)
    with dspy.context(lm=FakeLM(fitting)):
        assert program(word="cat").instruction == UP


@pytest.mark.parametrize("wrong", ["one text", ["fine", " "], [3], ["x"] * 9])
def test_what_is_no_list_of_instructions_is_refused(wrong):
    with pytest.raises(SettingError, match="instructions"):
        RankedInstructions(Shout, wrong)
