"""LEAP in use: the contract, and principles that were learned once from mistakes."""

import re

import dspy
import pytest

from selftaught.artifact import load, save
from selftaught.errors import SettingError
from selftaught.programs import Predict
from selftaught.programs.demonstrate import LearnedPrinciples
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import SURVEY_ANSWER, SURVEY_INPUT, Shout


class TestLearnedPrinciples(ProgramContract):
    method = "leap-in-context"

    def make(self, task):
        wrong = {"word": "a", "shouted": "Á"} if task is Shout else {**SURVEY_INPUT, **SURVEY_ANSWER, "mood": "bad"}
        return LearnedPrinciples(task, examples=[wrong])


class TestGivenPrinciples(ProgramContract):
    def make(self, task):
        return LearnedPrinciples(task, principles=["Be loud."])


EXAMPLES = [{"word": "bush", "shouted": "BUSH"}, {"word": "reed", "shouted": "REED"}]


def pupil(answers, lessons=("Use capitals.",), rules=("Shout.", "Shout always.", "One.", "Two.", "Three.")):
    """A model that answers the i-th draw of a word with the i-th answer; any other word with X."""

    def script(messages, **settings):
        asked, text = answer_fields(messages), messages[-1]["content"]
        if asked == ["principles"]:
            return {"principles": list(lessons)}
        if asked == ["rules"]:
            return {"rules": list(rules)}
        word = text.split("\n")[0].removeprefix("word: ")
        said = answers.get(word, ["X"])
        draw = re.search(r"draw(\d)", str(settings.get("rollout_id")))
        found = said[int(draw[1]) % len(said) if draw else 0]
        return found if found == "garbage" else {"shouted": found}

    return FakeLM(script, retries=0)


RIGHT = {"bush": ["BUSH"], "reed": ["Reed."]}
WRONG = {"bush": ["BUSH", "bus", "bus"], "reed": ["r", "e", "REED"]}


def ask(lm, word="tree", program=None, **knobs):
    with dspy.context(lm=lm):
        return (program or LearnedPrinciples(Shout, examples=EXAMPLES, **knobs))(word=word)


def kinds(lm):
    return ["".join(answer_fields(m)) for m in lm.requests]


def test_without_mistakes_the_prompt_is_the_few_shot_prompt():
    lm, plain = pupil(RIGHT), pupil(RIGHT)
    assert ask(lm).principles == []
    with dspy.context(lm=plain):
        few_shot = Predict(Shout)
        few_shot.demos = [dspy.Example(**one) for one in EXAMPLES]
        few_shot(word="tree")
    assert lm.requests[-1] == plain.requests[-1]
    assert "principles" not in kinds(lm)


def test_every_reflection_sees_one_wrong_answer_and_the_right_one_and_no_other_input():
    lm = pupil(WRONG)
    ask(lm)
    reflections = [m[-1]["content"] for m in lm.requests if answer_fields(m) == ["principles"]]
    assert len(reflections) == 3  # equal wrong answers are one mistake
    seen = {(text.split("draft: ")[1].split("\n")[0], text.split("solution: ")[1]) for text in reflections}
    assert seen == {("bus", "BUSH"), ("r", "REED"), ("e", "REED")}
    assert not any("tree" in text for text in reflections)


@pytest.mark.parametrize(
    ("level", "shown"), [("high", ["Shout.", "Shout always.", "One.", "Two.", "Three."]), ("low", ["Use capitals."])]
)
def test_the_principles_of_the_level_are_shown_with_the_examples(level, shown):
    lm = pupil(WRONG)
    found = ask(lm, level=level)
    assert found.principles == shown
    assert len(found.principles) <= 5
    assert shown[0] in lm.requests[-1][-1]["content"]
    assert [m["content"] for m in lm.requests[-1] if m["role"] == "assistant"] == ['{"shouted": "BUSH"}', '{"shouted": "REED"}']
    assert ("rules" in kinds(lm)) == (level == "high")


def test_a_piece_of_an_example_is_no_principle():
    assert ask(pupil(WRONG, lessons=["bus", "Bush.", "Be loud."]), level="low").principles == ["Be loud."]


def test_an_answer_takes_one_call_once_the_principles_are_there():
    lm, program = pupil(WRONG), LearnedPrinciples(Shout, examples=EXAMPLES)
    ask(lm, "tree", program)
    before = lm.calls
    ask(lm, "leaf", program)
    assert lm.calls - before == 1


def test_an_example_that_cannot_be_answered_teaches_nothing():
    lm = pupil({"bush": ["garbage"], "reed": ["r"]})
    ask(lm, samples=1)
    assert kinds(lm).count("principles") == 1


def test_given_principles_take_no_learning():
    lm = pupil({})
    program = LearnedPrinciples(Shout, principles="Be loud.")
    assert ask(lm, program=program).principles == ["Be loud."]
    assert lm.calls == 1


def test_what_was_learned_is_saved(tmp_path):
    lm, again, program = pupil(WRONG), pupil({}), LearnedPrinciples(Shout, examples=EXAMPLES)
    ask(lm, "tree", program)
    save(program, tmp_path / "leap.st")
    ask(lm, "leaf", program)
    ask(again, "leaf", load(tmp_path / "leap.st"))
    assert again.requests == [lm.requests[-1]]


@pytest.mark.parametrize(("knobs", "most"), [({}, 14), ({"level": "low"}, 13), ({"samples": 1}, 6)])
def test_the_cost_is_one_call_and_what_learning_may_take(knobs, most):
    found = LearnedPrinciples(Shout, examples=EXAMPLES, **knobs).cost()
    assert (found.at_least, found.at_most) == (1, most)


@pytest.mark.parametrize(
    ("knobs", "said"),
    [
        ({}, "examples"),
        ({"examples": EXAMPLES, "level": "mid"}, "level"),
        ({"examples": EXAMPLES, "samples": 0}, "samples"),
        ({"examples": [{"word": "x"}]}, "answer"),
    ],
)
def test_bad_settings_are_refused(knobs, said):
    with pytest.raises(SettingError, match=said):
        LearnedPrinciples(Shout, **knobs)
