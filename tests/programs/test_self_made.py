"""SEC: the contract, and what the paper promises of self-made examples."""

import json

import dspy
import pytest

from selftaught.errors import AnswerError, ConnectionFailed, SettingError, TaskError
from selftaught.programs import Predict
from selftaught.programs.demonstrate.self_made import WORDINGS, SelfDemonstrations
from selftaught.programs.reason import Reasoned
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import SURVEY_ANSWER, SURVEY_INPUT, Shout, Survey, obliging


def inventive(script):
    """Teach a script to write examples when a step asks for them; everything else it answers as before."""

    def answer(messages, **settings):
        said = script(messages, **settings)
        if not isinstance(said, dict) or answer_fields(messages) != ["examples"]:
            return said
        if '"text"' in messages[0]["content"]:
            return {"examples": [{**SURVEY_INPUT, "text": f"Town {i}.", "reasoning": "so", **SURVEY_ANSWER} for i in range(2)]}
        return {"examples": [{"word": f"w{i}", "reasoning": "so", "shouted": f"W{i}"} for i in range(2)]}

    return answer


class TestSelfDemonstrations(ProgramContract):
    method = "sec"

    def make(self, task):
        return SelfDemonstrations(task, shots=2)

    def use(self, script=obliging, **settings):
        return super().use(inventive(script), **settings)


def asking(examples, **knobs):
    """Answer `tree`; the n-th request for examples gets the n-th of these. Returns the prediction and what was asked."""
    asked, said = [], iter(examples)

    def script(messages, **settings):
        if answer_fields(messages) != ["examples"]:
            return {"shouted": "TREE"}
        asked.append((messages[0]["content"].partition("\n")[0], settings))
        found = next(said)
        if isinstance(found, Exception):
            raise found
        return found if isinstance(found, str) else {"examples": found}

    lm = FakeLM(script, retries=0)
    with dspy.context(lm=lm):
        return SelfDemonstrations(Shout, reasoning=False, **knobs)(word="tree"), asked, lm


GOOD = [{"word": "bush", "shouted": "BUSH"}, {"word": "reed", "shouted": "REED"}]
COPY = [{"word": "bush", "shouted": "BUSH"}, {"word": " Tree", "shouted": "TREE"}]


def test_exactly_the_made_examples_are_the_demonstrations_and_unchecked():
    wrong = [{"word": "bush", "shouted": "quite wrong"}, {"word": "reed", "shouted": "REED"}]
    found, asked, lm = asking([wrong], shots=2)
    assert [json.loads(m["content"]) for m in lm.requests[-1] if m["role"] == "assistant"] == [
        {"shouted": one["shouted"]} for one in wrong
    ]
    assert (found.made, found.tries, len(asked), lm.calls) == (wrong, 1, 1, 2)


@pytest.mark.parametrize("broken", [GOOD[:1], [*GOOD, GOOD[0]], [GOOD[0], {"word": "reed"}], COPY, "no json"])
def test_a_wrong_number_a_missing_field_or_the_input_itself_is_asked_for_again(broken):
    found, asked, _ = asking([broken, GOOD], shots=2)
    assert (found.made, found.tries, len(asked)) == (GOOD, 2, 2)
    assert all(one["word"].strip().lower() != "tree" for one in found.made)


def test_the_wordings_change_in_turn_cold_for_six_tries_and_warm_after():
    _, asked, _ = asking([COPY] * 9 + [GOOD], shots=2, tries=24)
    assert [text for text, _ in asked] == [*WORDINGS, *WORDINGS[:4]]
    assert [settings["temperature"] for _, settings in asked] == [0.0] * 6 + [1.0] * 4
    assert len({settings.get("rollout_id") for _, settings in asked[6:]}) == 4


def test_every_other_wording_shows_what_new_examples_look_like_where_the_task_is_one_text_and_one_answer():
    def shown(task, inputs, **knobs):
        lm = FakeLM(lambda messages, **settings: "garbage")
        with dspy.context(lm=lm), pytest.raises(AnswerError):
            SelfDemonstrations(task, shots=2, **knobs)(**inputs)
        return [[m["content"] for m in messages if m["role"] == "assistant"] for messages in lm.requests]

    plain = '{"examples": [{"word": "grass", "shouted": "green"}, {"word": "snow", "shouted": "white"}]}'
    assert shown(Shout, {"word": "tree"}, reasoning=False) == [[], [plain]] * 3
    assert '"reasoning": "Snow' in shown(Shout, {"word": "tree"})[1][0]
    assert shown(Survey, SURVEY_INPUT) == [[]] * 6


def test_it_gives_up_after_the_tries():
    asked = []
    with pytest.raises(AnswerError, match="repeats the input"):
        asking((asked.append(1) or COPY for _ in range(100)), shots=2, tries=24)
    assert len(asked) == 24


def test_only_a_wrong_form_is_asked_for_again():
    asked = []
    with pytest.raises(ConnectionFailed):
        asking((asked.append(1) or ConnectionFailed("nobody is there") for _ in range(100)), shots=2)
    assert len(asked) == 1


@pytest.mark.parametrize(("reasoning", "plain"), [(False, Predict), (True, Reasoned)])
def test_without_shots_it_is_zero_shot(reasoning, plain):
    lm, other = FakeLM(obliging), FakeLM(obliging)
    with dspy.context(lm=lm):
        SelfDemonstrations(Shout, shots=0, reasoning=reasoning)(word="tree")
    with dspy.context(lm=other):
        plain(Shout)(word="tree")
    assert lm.requests == other.requests


def test_demonstrations_belong_to_one_input_alone():
    seen = []

    def script(messages, **settings):
        if answer_fields(messages) == ["examples"]:
            return {"examples": [{"word": f"like {messages[-1]['content']}", "shouted": "X"}]}
        seen.append([message["content"] for message in messages if message["role"] == "user"])
        return {"shouted": "Y"}

    with dspy.context(lm=FakeLM(script)):
        program = SelfDemonstrations(Shout, shots=1, reasoning=False)
        program(word="tree"), program(word="bush")
    assert seen == [["like tree", "tree"], ["like bush", "bush"]]


def test_a_tuned_instruction_asks_first():
    asked = []

    def script(messages, **settings):
        if answer_fields(messages) == ["examples"]:
            asked.append(messages[0]["content"])
            return {"examples": GOOD if len(asked) > 1 else COPY}
        return {"shouted": "TREE"}

    program = SelfDemonstrations(Shout, shots=2, reasoning=False)
    program.make.signature = program.make.signature.with_instructions("Invent plants.")
    with dspy.context(lm=FakeLM(script)):
        program(word="tree")
    assert asked[0].startswith("Invent plants.")
    assert asked[1].startswith(WORDINGS[1])


def test_bad_settings_are_refused():
    with pytest.raises(SettingError, match="shots"):
        SelfDemonstrations(Shout, shots=-1)
    with pytest.raises(SettingError, match="tries"):
        SelfDemonstrations(Shout, tries=0)
    with pytest.raises(TaskError, match="examples"):
        SelfDemonstrations("examples -> answer")
