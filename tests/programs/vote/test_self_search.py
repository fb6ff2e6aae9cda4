"""Self-search: traces of a model's own memory, and a vote over their answers."""

import dspy
import pytest

from selftaught.errors import SettingError, TaskError
from selftaught.programs.vote import SelfSearch
from selftaught.programs.vote.self_search import form_of
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import Shout


class TestSelfSearch(ProgramContract):
    method = "ssrl"

    def make(self, task):
        return SelfSearch(task)


GOOD = {"think": "Who was it?", "query": "first of them", "recalled": "It was Ann."}


def search(traces, answers, **settings):
    def script(messages, **asked):
        assert answer_fields(messages) == ["searches", "reasoning", "shouted"]
        place = int(str(asked.get("rollout_id") or "draw0").rpartition("draw")[2])
        return {"searches": traces[place], "reasoning": "So.", "shouted": answers[place]}

    lm = FakeLM(script)
    with dspy.context(lm=lm):
        return SelfSearch(Shout, samples=len(answers), **settings)(word="tree"), lm


def test_one_generation_holds_the_whole_trace():
    found, lm = search([[GOOD, GOOD]], ["A"])
    assert (found.shouted, found.reasoning, found.traces) == ("A", "So.", [[GOOD, GOOD]])
    assert lm.calls == 1


def test_the_vote_is_over_the_answers():
    found, lm = search([[GOOD]] * 3, ["A", "B", "B"])
    assert (found.shouted, found.votes, lm.calls) == ("B", {"a": 1.0, "b": 2.0}, 3)


def test_traces_in_a_wrong_form_do_not_vote_unless_all_are():
    bad = [{**GOOD, "query": ""}]
    found, _ = search([bad, bad, [GOOD]], ["A", "A", "B"])
    assert (found.shouted, found.malformed, len(found.traces)) == ("B", 2, 1)
    found, _ = search([bad, bad, bad], ["A", "A", "B"])
    assert (found.shouted, found.malformed) == ("A", 0)


@pytest.mark.parametrize(
    "change",
    [
        {"think": ""},
        {"query": "  "},
        {"recalled": "..."},
        {"query": "<query>"},
        {"query": "first\nsecond"},
        {"recalled": "[information]"},
    ],
)
def test_the_form_is_0_for_each_violation(change):
    assert form_of([GOOD, {**GOOD, **change}]) == 0.0


def test_the_form_is_1_for_a_clean_trace_and_0_for_too_many_thoughts():
    assert form_of([GOOD, GOOD]) == 1.0
    assert form_of([]) == 0.5  # a thought without any search
    assert form_of([GOOD] * 7) == 1.0
    assert form_of([GOOD] * 8) == 0.0


def test_the_turns_bound_the_searches():
    seen = []

    def script(messages, **asked):
        seen.append(asked["response_format"]["json_schema"]["schema"]["properties"]["searches"])
        return {"searches": [GOOD], "reasoning": "So.", "shouted": "A"}

    with dspy.context(lm=FakeLM(script)):
        SelfSearch(Shout, samples=1, turns=2)(word="tree")
    assert (seen[0]["minItems"], seen[0]["maxItems"]) == (1, 2)
    with pytest.raises(SettingError, match="turns"):
        SelfSearch(Shout, turns=0)


@pytest.mark.parametrize("task", ["searches -> answer", "question -> searches"])
def test_a_task_with_a_field_named_searches_is_refused(task):
    with pytest.raises(TaskError, match="searches"):
        SelfSearch(task)


def test_answers_in_other_words_may_count_together():
    answers = ["no idea", "on the Danube", "It lies on the Danube"]
    assert search([[GOOD]] * 3, answers)[0].shouted == "no idea"
    assert search([[GOOD]] * 3, answers, aggregate="clustered")[0].shouted == "on the Danube"
