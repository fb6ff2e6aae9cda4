"""AutoPRM: the contract, granularity, and what each step of the chain saw."""

import dspy
import pytest

from selftaught.errors import SettingError
from selftaught.programs.decompose import AutoPRM, part_of
from selftaught.programs.judge import FunctionJudge
from selftaught.testing import FakeLM, ProgramContract, answer_fields
from selftaught.testing.samples import Shout, obliging


class TestAutoPRM(ProgramContract):
    method = "autoprm"

    def make(self, task):
        return AutoPRM(task)


def counting(which):
    """A model that asks as few or as many questions as it may, and answers each with its number and the draw's."""

    def script(messages, **settings):
        asked = answer_fields(messages)
        if asked == ["questions"]:
            form = settings["response_format"]["json_schema"]["schema"]["properties"]["questions"]
            return {"questions": [f"Part {number}?" for number in range(form[which])]}
        if asked == ["reply"]:
            number = messages[-1]["content"].rpartition("Part ")[2].rstrip("?")
            return {"reply": f"r{number}-{str(settings.get('rollout_id'))[-1]}"}
        return obliging(messages, **settings)

    return FakeLM(script)


def solve(lm, task="word -> answer", **knobs):
    with dspy.context(lm=lm):
        return AutoPRM(task, **knobs)(word="tree")


@pytest.mark.parametrize("which", ["minItems", "maxItems"])
def test_higher_granularity_never_gives_fewer_questions(which):
    counts = [len(solve(counting(which), granularity=grain).pairs) for grain in (1, 2, 3)]
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]


def test_the_answer_is_the_last_subanswer_and_each_saw_only_those_before():
    found = solve(counting("maxItems"), granularity=2, samples=1)
    assert found.answer == found.pairs[-1]["answer"] == "r3-e"
    replies = [step for step in found.steps if step.step == "reply"]
    assert [step.inputs["answered"] for step in replies] == [[f"Part {n}? r{n}-e" for n in range(number)] for number in range(4)]
    assert all(step.inputs["word"] == "tree" for step in replies)


def test_the_verifier_chooses_at_every_step():
    task = part_of(dspy.Signature("word -> answer"), sees="all")
    best = FunctionJudge(task, lambda example, prediction: float(prediction.reply.endswith("-1")))
    found = solve(counting("minItems"), verifier=best)
    assert [(pair["answer"], pair["score"]) for pair in found.pairs] == [("r0-1", 1.0), ("r1-1", 1.0)]
    assert found.answer == "r1-1"


def test_the_default_verifier_sees_the_input_and_the_answers_before():
    lm = counting("minItems")
    solve(lm, samples=1)
    checks = [m[-1]["content"] for m in lm.requests if answer_fields(m) == ["correct"]]
    assert "tree" in checks[0] and "Part 0? r0-e" in checks[1]


def test_other_granularities_are_refused():
    with pytest.raises(SettingError, match="granularity"):
        AutoPRM(Shout, granularity=4)
