"""Demonstrations that the model wrote itself: the contract, what is checked and how, and that no label is read."""

import dspy
import pytest

from selftaught.budget import Budget
from selftaught.errors import SettingError
from selftaught.optimizers.strategies.self_made import SelfMadeDemonstrations
from selftaught.programs import Calls, Predict
from selftaught.programs.judge.base import Judge
from selftaught.programs.reason import Reasoned
from selftaught.signatures import Verdict
from selftaught.testing import FakeLM, OptimizerContract, answer_fields
from selftaught.testing.samples import Speak, exact, learner, words


def inventive(script):
    """Teach a script to write two examples where it is asked for them; everything else it answers as before."""

    def answer(messages, **settings):
        said = script(messages, **settings)
        if not isinstance(said, dict) or answer_fields(messages) != ["examples"]:
            return said
        word = messages[-1]["content"].splitlines()[0]
        return {"examples": [{"word": f"{word}{letter}", "shouted": f"{word}{letter}".upper()} for letter in "ab"]}

    return answer


class TestSelfMadeDemonstrations(OptimizerContract):
    method = "sec-compiled"

    def make(self):
        return SelfMadeDemonstrations(shots=8, requests=8, each=2, check="none", sets=2)

    def compile(self, run_dir, *, script=learner, **settings):
        return super().compile(run_dir, script=inventive(script), **settings)


def tune(tmp_path, script, *, metric=exact, program=None, data=None, **knobs):
    lm, data = FakeLM(script), data or words(40)
    optimizer = SelfMadeDemonstrations(shots=4, each=2, requests=4, allow_untrusted=True, **knobs)
    with dspy.context(lm=lm):
        return optimizer.compile(
            program or Predict(Speak), trainset=data[:8], valset=data[8:], metric=metric, budget=Budget(calls=1500), run_dir=tmp_path / "run", progress=False
        ), lm  # fmt: skip


def sets_of(tuned):
    """Return the demonstrations of every candidate, by origin."""
    found = [one.candidate for one in tuned.tuning.standings if one.candidate.tunings]
    return {one.origin: next(iter(one.tunings.values())).demos for one in found}


def half_wrong(messages, **settings):
    """Writes one right and one wrong example for an input, and itself always answers right."""
    word = messages[-1]["content"].splitlines()[0]
    if answer_fields(messages) == ["examples"]:
        return {"examples": [{"word": f"{word}a", "shouted": f"{word}a".upper()}, {"word": f"{word}b", "shouted": "WRONG"}]}
    return {"shouted": word.upper()}


def sloppy(messages, **settings):
    """The same, but answers wrong where it has no demonstrations, so that something is left to gain."""
    said = half_wrong(messages, **settings)
    return said if len(messages) > 2 or settings.get("temperature") or "examples" in said else {"shouted": "?"}


def test_an_example_that_most_answers_contradict_is_not_shown(tmp_path):
    tuned, _ = tune(tmp_path, sloppy, check="vote")
    found = sets_of(tuned)
    assert all(demo["shouted"] != "WRONG" for origin, demos in found.items() if "control" not in origin for demo in demos)
    assert any(demo["shouted"] == "WRONG" for demo in found["control: self-made, unchecked"])
    assert tuned.tuning.reasons == ["4 of 8 self-made examples passed the check (vote)"]


class LikesCapitals(Judge):
    """Passes what is the word in capitals."""

    def cost(self):
        return Calls(0, 0)

    async def verdict(self, inputs, outputs):
        return Verdict(score=float(outputs["shouted"] == inputs["word"].upper()))


def test_a_judge_may_check_and_needs_no_votes(tmp_path):
    tuned, _ = tune(tmp_path, sloppy, metric=LikesCapitals(Speak), check="judge", audit=False, guards=None)
    assert tuned.tuning.reasons == ["4 of 8 self-made examples passed the check (judge)"]
    assert all(
        demo["shouted"] != "WRONG" for origin, demos in sets_of(tuned).items() if "control" not in origin for demo in demos
    )


def test_a_judge_that_is_none_cannot_check(tmp_path):
    with pytest.raises(SettingError, match="check='judge'"):
        tune(tmp_path, sloppy, check="judge")


def test_no_label_is_read(tmp_path):
    data = [*(dspy.Example(word=f"x{i}", shouted="SECRET").with_inputs("word") for i in range(8)), *words(40)]
    _, lm = tune(tmp_path, sloppy, data=data)
    asked = [messages for messages in lm.requests if answer_fields(messages) == ["examples"]]
    assert asked
    assert all("SECRET" not in str(messages) for messages in lm.requests)


def test_equal_examples_are_one(tmp_path):
    def same(messages, **settings):
        if answer_fields(messages) == ["examples"]:
            return {"examples": [{"word": "sun", "shouted": "SUN"}, {"word": "Sun", "shouted": "SUN"}]}
        return sloppy(messages, **settings)

    tuned, _ = tune(tmp_path, same, check="none")
    assert tuned.tuning.reasons == ["1 of 1 self-made examples passed the check (none)"]
    assert all(len(demos) == 1 for demos in sets_of(tuned).values())


@pytest.mark.parametrize("said", ["garbage", {"examples": []}])
def test_where_no_example_is_written_the_search_ends(tmp_path, said):
    def stuck(messages, **settings):
        return said if answer_fields(messages) == ["examples"] else {"shouted": "?"}

    tuned, _ = tune(tmp_path, stuck)
    assert tuned.tuning.ended == "the strategy has nothing left to try"
    assert not tuned.tuning.confirmed


def test_a_program_that_reasons_gets_examples_with_reasoning(tmp_path):
    def script(messages, **settings):
        if answer_fields(messages) == ["examples"]:
            word = messages[-1]["content"]
            return {
                "examples": [{"word": f"{word}{c}", "reasoning": "large letters", "shouted": f"{word}{c}".upper()} for c in "ab"]
            }
        return sloppy(messages, **settings) | {"reasoning": "so"}

    tuned, _ = tune(tmp_path, script, program=Reasoned(Speak), check="none")
    assert tuned.tuning.confirmed
    assert tuned.generate.demos
    assert all(demo.reasoning == "large letters" for demo in tuned.generate.demos)


@pytest.mark.parametrize("knobs", [{"sets": 0}, {"votes": 0}, {"check": "luck"}, {"temperature": 0.0}])
def test_bad_knobs_are_refused(knobs):
    with pytest.raises(SettingError):
        SelfMadeDemonstrations(**knobs)
