"""Self-rethinking (103): the contract, what must hold, and collecting mistakes."""

import json

import dspy
import pytest

from selftaught.errors import ConnectionFailed, SettingError
from selftaught.programs.reflect import MistakeCollector, SelfRethinking
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import SURVEY_ANSWER, SURVEY_INPUT, Shout, Survey, words
from tests.programs.reflect.scripts import run, telling

INPUTS = {"Shout": [{"word": "house"}, {"word": "trees"}], "Survey": [SURVEY_INPUT, {**SURVEY_INPUT, "text": "Bonn."}]}


def mistakes_of(task):
    return [{**one, "draft": f"draft {i}", "reference": "right", "reason": f"reason {i}", "kind": "logic"}
            for i, one in enumerate(INPUTS[task.__name__])]  # fmt: skip


class TestSelfRethinking(ProgramContract):
    method = "self-rethinking"

    def make(self, task):
        return SelfRethinking(task, mistakes=mistakes_of(task))


class TestThreeRounds(ProgramContract):
    def make(self, task):
        return SelfRethinking(task, mistakes=mistakes_of(task)[:1], rounds=3, reasoning=False)


def thinking(*repeated, answers=("FIRST", "SECOND", "THIRD", "FOURTH", "FIFTH")):
    """A model whose checks say these in turn, and whose answers come in turn."""
    checks = [{"mistake": f"mistake {i}", "repeated": one} for i, one in enumerate(repeated)]
    written = [{"reasoning": f"because {one}", "shouted": one} for one in answers]
    return telling(mistake_repeated=checks, shouted_draft=written[1:], shouted=written[0])


def rethink(lm, **settings):
    return run(SelfRethinking(Shout, **{"mistakes": mistakes_of(Shout), **settings}), lm)


def test_a_check_that_finds_nothing_returns_the_first_answer_after_two_calls():
    found = rethink(lm := thinking(False), rounds=3)
    assert (found.shouted, found.rounds, lm.calls, found.made_same_mistake) == ("FIRST", 0, 2, False)
    assert (found.reasoning, found.mistake) == ("because FIRST", None)


@pytest.mark.parametrize("rounds", [0, 1, 2, 4])
def test_there_are_never_more_than_one_and_twice_the_rounds_calls_and_the_newest_answer_is_returned(rounds):
    found = rethink(lm := thinking(True), rounds=rounds)
    assert lm.calls == 1 + 2 * rounds
    assert SelfRethinking(Shout, mistakes=mistakes_of(Shout), rounds=rounds).cost().at_most == lm.calls
    assert found.shouted == ["FIRST", "SECOND", "THIRD", "FOURTH", "FIFTH"][rounds]
    assert (found.rounds, found.made_same_mistake) == (rounds, rounds > 0)


def test_it_stops_when_the_rewritten_answer_is_clean():
    found = rethink(lm := thinking(True, False), rounds=3)
    assert (found.shouted, found.rounds, lm.calls) == ("SECOND", 1, 4)


def test_a_rewrite_in_other_words_with_the_same_answer_is_taken_and_checked_again():
    found = rethink(lm := thinking(True, True, False, answers=("A", "a", "A!")), rounds=3)
    assert (found.shouted, lm.calls) == ("A!", 6)


def test_an_empty_store_is_plain_reasoning():
    found = rethink(lm := thinking(True), mistakes=[], rounds=2)
    assert (found.shouted, lm.calls, found.reasoning) == ("FIRST", 1, "because FIRST")
    assert SelfRethinking(Shout).cost().at_most == 1


def test_a_mistake_made_on_this_very_question_is_never_shown():
    lm = thinking(False)
    rethink(
        lm, mistakes=[{"word": "tree", "draft": "secret", "reference": "TREE", "reason": "x", "kind": "y"}, *mistakes_of(Shout)]
    )
    assert "secret" not in str(lm.requests)
    assert "draft 1" in lm.requests[1][-1]["content"]
    only = [{"word": "tree", "draft": "secret", "reference": "TREE", "reason": "x", "kind": "y"}]
    rethink(lm := thinking(True), mistakes=only)
    assert lm.calls == 1


def test_the_nearest_mistakes_are_shown_up_to_the_number_asked_for():
    lm = thinking(False)
    rethink(lm, seen=1)
    assert "Asked: trees Wrong answer: draft 1" in lm.requests[1][-1]["content"]
    assert "house" not in lm.requests[1][-1]["content"]


def test_the_check_sees_the_reasoning_and_the_rewrite_what_was_found():
    rethink(lm := thinking(True))
    assert "because FIRST" in lm.requests[1][-1]["content"]
    assert "mistake: mistake 0" in lm.requests[2][-1]["content"]


def test_a_rewrite_that_cannot_be_read_leaves_the_answer():
    def script(messages, **settings):
        if "repeated" in answer_fields(messages):
            return {"mistake": "m", "repeated": True}
        return "garbage" if "mistake:" in messages[-1]["content"] else {"reasoning": "r", "shouted": "FIRST"}

    assert rethink(FakeLM(script)).shouted == "FIRST"


def test_broken_settings_are_refused():
    for settings, said in (({"seen": 0}, "seen"), ({"mistakes": [{"word": "x"}]}, r"lacks"), ({"rounds": -1}, "rounds")):
        with pytest.raises(SettingError, match=said):
            SelfRethinking(Shout, **settings)
    with pytest.raises(SettingError, match="kinds"):
        MistakeCollector(Shout, kinds=[])


def collecting(task, examples, script):
    with dspy.context(lm=FakeLM(script)):
        return MistakeCollector(task).collect(examples)


def shouting(messages, **settings):
    """Gets every second word right, and fails on the last."""
    word = messages[-1]["content"].splitlines()[0].removeprefix("word: ")
    if "word5" in word:
        raise ConnectionFailed("gone")
    if "kind" in answer_fields(messages):
        return {"reason": f"{word} is not loud", "kind": "logic"}
    return {"reasoning": "hm", "shouted": word.upper() if word[-1] in "024" else word[:-1]}


def test_only_wrong_answers_are_collected_and_failed_calls_left_out():
    found = collecting(Shout, words(6), shouting)
    assert [one["word"] for one in found] == ["word1", "word3"]
    assert found[0]["draft"] == "reasoning: hm\nshouted: word"
    assert (found[0]["reference"], found[0]["reason"], found[0]["kind"]) == ("WORD1", "word1 is not loud", "logic")


def test_what_is_collected_is_data_that_the_program_takes():
    found = json.loads(json.dumps(collecting(Shout, words(6), shouting)))
    assert rethink(lm := thinking(False), mistakes=found).shouted == "FIRST"
    assert "word1 is not loud" in lm.requests[1][-1]["content"]


def test_structured_answers_are_compared_and_kept_as_text():
    def script(messages, **settings):
        asked = answer_fields(messages)
        return {"reason": "r", "kind": "other"} if "kind" in asked else {"reasoning": "r", **SURVEY_ANSWER}

    right = dspy.Example(**SURVEY_INPUT, **SURVEY_ANSWER).with_inputs(*SURVEY_INPUT)
    wrong = dspy.Example(**SURVEY_INPUT, **{**SURVEY_ANSWER, "place": {"town": "Bonn", "people": 7}}).with_inputs(*SURVEY_INPUT)
    found = collecting(Survey, [right, wrong], script)
    assert len(found) == 1
    assert "Bonn" in found[0]["reference"]
    assert "Ulm" in found[0]["draft"]
