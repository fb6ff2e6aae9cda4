"""Self-AMPLIFY: the contract, which examples are picked, what reasons may say, and the control that always races."""

import asyncio
import random

import dspy
import pytest

from selftaught.budget import Budget
from selftaught.errors import SettingError
from selftaught.metrics import as_metric
from selftaught.optimizers.rationales import EXPLAINERS, Rationales, within
from selftaught.optimizers.strategies.amplify import Amplify
from selftaught.optimizers.strategy import Problem
from selftaught.programs import Predict, Vote
from selftaught.programs.reason import Reasoned
from selftaught.testing import FakeLM, OptimizerContract, answer_fields
from selftaught.testing.samples import Speak, exact, learner


def explaining(script):
    """Teach a script to explain, and to reason before it answers."""

    def answer(messages, **settings):
        asked, said = answer_fields(messages), script(messages, **settings)
        if asked in (["words"], ["steps"]):
            return {asked[0]: ["word0", "word1", "capital"] if asked == ["words"] else ["Look at it.", "Make it large."]}
        return {"reasoning": "so", **said} if isinstance(said, dict) and "reasoning" in asked else said

    return answer


class TestAmplify(OptimizerContract):
    method = "self-amplify"

    def make(self):
        return Amplify(pick="error", explainers=("steps",))

    def compile(self, run_dir, *, script=learner, **settings):
        return super().compile(run_dir, script=explaining(script), **settings)


class TestAmplifyAProgramThatReasons(OptimizerContract):
    def make(self):
        return Amplify(pick="error", explainers=("topk_words",))

    def program(self):
        return Reasoned(Speak)

    def compile(self, run_dir, *, script=learner, **settings):
        return super().compile(run_dir, script=explaining(script), **settings)


SENTENCES = [f"the {colour} {thing} is number {number}" for number in range(8) for colour, thing in [("red", "house"), ("blue", "boat"), ("old", "tree"), ("new", "road")]]  # fmt: skip
DATA = [dspy.Example(word=text, shouted=text.split()[2].upper()).with_inputs("word") for text in SENTENCES]


def knows_boats(messages, **settings):
    """A model that answers some inputs right by itself, and all of them once it has seen demonstrations."""
    asked, text = answer_fields(messages), messages[-1]["content"].splitlines()[0].removeprefix("word: ")
    if asked == ["words"]:
        return {"words": [text.split()[2].upper(), "nonsense", "number"]}
    if asked == ["steps"]:
        return {"steps": ["Find the thing.", "Write it large."]}
    told = len(messages) > 2 or " boat " in text
    shouted = text.split()[2].upper() if told and len(text.split()) > 2 else "?"
    return {"reasoning": "so", "shouted": shouted} if "reasoning" in asked else {"shouted": shouted}


def tune(tmp_path, *, program=None, script=knows_boats, data=DATA, calls=1500, **knobs):
    lm = FakeLM(script)
    with dspy.context(lm=lm):
        return Amplify(**knobs).compile(
            program or Predict(Speak), trainset=data[:12], valset=data[12:], metric=exact, budget=Budget(calls=calls), run_dir=tmp_path / "run", progress=False
        ), lm  # fmt: skip


def sets_of(tuned):
    """Return the demonstrations of every candidate that has some, by origin."""
    found = [one.candidate for one in tuned.tuning.standings if one.candidate.tunings]
    return {one.origin: list(next(iter(one.tunings.values())).demos) for one in found}


@pytest.mark.parametrize(("pick", "boats"), [("success", True), ("error", False)])
def test_success_shows_what_was_right_without_demonstrations_and_error_what_was_wrong(tmp_path, pick, boats):
    tuned, _ = tune(tmp_path, pick=pick)
    found = sets_of(tuned)
    assert set(found) == {"reasons: topk_words", "reasons: steps", "control: random_words"}
    for demos in found.values():
        assert demos
        assert all((" boat " in demo["word"]) == boats for demo in demos)
        assert [demo["word"] for demo in demos] == [demo["word"] for demo in found["reasons: steps"]]


def test_every_demonstration_gives_the_right_answer_and_reasons_come_first(tmp_path):
    tuned, lm = tune(tmp_path, pick="error")
    gold = {example.word: example.shouted for example in DATA[:12]}
    assert all(demo["shouted"] == gold[demo["word"]] for demos in sets_of(tuned).values() for demo in demos)
    shown = [message["content"] for messages in lm.requests for message in messages if message["role"] == "assistant"]
    assert shown
    assert all(text.startswith('{"reasoning": ') for text in shown)


def test_demonstrations_are_the_same_for_all_inputs(tmp_path):
    tuned, lm = tune(tmp_path, pick="error")
    final = [demo["word"] for demo in tuned.generate.demos]
    asked = [messages for messages in lm.requests if answer_fields(messages) == ["reasoning", "shouted"] and len(messages) > 2]
    seen = {tuple(m["content"] for m in messages[1:-1] if m["role"] == "user") for messages in asked}
    assert tuple(final) in seen
    assert len(seen) == 1


def test_reasons_of_words_hold_words_of_the_input_only(tmp_path):
    tuned, _ = tune(tmp_path, pick="error", explainers=("topk_words", "attribution"), words=3, masks=8)
    for origin, demos in sets_of(tuned).items():
        for demo in demos:
            named = demo["reasoning"].partition(": ")[2].rstrip(".").split(", ")
            assert 1 <= len(named) <= 3, origin
            assert {*named} <= {*demo["word"].split()}


def test_the_control_races_and_is_told_of(tmp_path):
    tuned, _ = tune(tmp_path, pick="error", explainers=())
    assert set(sets_of(tuned)) == {"control: random_words"}

    def never_right_with_steps(messages, **settings):
        said = knows_boats(messages, **settings)
        return {**said, "shouted": "?"} if "Find the thing." in str(messages) and "shouted" in said else said

    tuned, _ = tune(tmp_path / "other", pick="error", explainers=("steps",), script=never_right_with_steps, stopping=())
    first, second = tuned.tuning.reasons
    assert first == "8 demonstrations (error)"
    assert second.startswith("reasons: steps 0 %, control: random_words 100 % on ")


def test_a_program_that_does_not_reason_is_replaced_by_one_that_does_and_that_one_also_races_bare(tmp_path):
    tuned, _ = tune(tmp_path, pick="error")
    assert isinstance(tuned, Reasoned)
    assert tuned.tuning.confirmed
    assert tuned.generate.signature.instructions == Speak.instructions
    assert "control: reasoning first, no demonstrations" in {one.candidate.origin for one in tuned.tuning.standings}


def test_a_program_that_reasons_stays_what_it_is(tmp_path):
    tuned, _ = tune(tmp_path, pick="error", program=dspy.ChainOfThought(Speak))
    assert isinstance(tuned, dspy.ChainOfThought)
    assert tuned.predict.demos
    assert all("no demonstrations" not in one.candidate.origin for one in tuned.tuning.standings)


def test_a_vote_votes_over_reasoned_answers(tmp_path):
    tuned, _ = tune(tmp_path, pick="error", program=Vote(Speak, samples=2), calls=4000)
    assert isinstance(tuned, Vote)
    assert isinstance(tuned.generate, Reasoned)


class Pair(dspy.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = dspy.Predict(Speak), dspy.Predict(Speak)

    async def aforward(self, word):
        return await self.one.acall(word=word)


def test_a_program_that_cannot_be_made_to_reason_is_refused(tmp_path):
    with pytest.raises(SettingError, match="Pair has no step"):
        tune(tmp_path, program=Pair())


def test_where_nothing_fits_only_the_bare_program_races(tmp_path):
    tuned, _ = tune(tmp_path, pick="success", script=lambda messages, **settings: knows_boats(messages) | ({"shouted": "?"} if "shouted" in answer_fields(messages) else {}))  # fmt: skip
    assert tuned.tuning.reasons == ["0 demonstrations (success)"]
    assert not sets_of(tuned)
    assert not tuned.tuning.confirmed


def test_an_explainer_that_says_nothing_gives_no_demonstrations(tmp_path):
    def mute(messages, **settings):
        return "garbage" if answer_fields(messages) in (["words"], ["steps"]) else knows_boats(messages, **settings)

    tuned, _ = tune(tmp_path, pick="error", script=mute)
    assert set(sets_of(tuned)) == {"control: random_words"}


@pytest.mark.parametrize(
    "knobs",
    [{"shots": 0}, {"pick": "luck"}, {"explainers": ("tea_leaves",)}, {"explainers": "steps"}, {"masks": 1}, {"words": 0}],
)
def test_bad_knobs_are_refused(knobs):
    with pytest.raises(SettingError):
        Amplify(**knobs)


def problem():
    return Problem(Predict(Speak), Speak, DATA[:4], 4, ["self"], random.Random(0), as_metric(exact))


def test_attribution_names_the_words_that_the_answer_hangs_on():
    def needs_red(messages, **settings):
        return {"shouted": "HOUSE" if "red" in messages[-1]["content"] and "house" in messages[-1]["content"] else "?"}

    with dspy.context(lm=FakeLM(needs_red)):
        (reason,) = asyncio.run(Rationales(problem(), words=2, masks=200).write("attribution", DATA[:1]))
    assert {*reason.partition(": ")[2].rstrip(".").split(", ")} == {"red", "house"}


def test_the_right_answer_is_shown_to_those_who_explain():
    lm = FakeLM(explaining(learner))
    with dspy.context(lm=lm):
        found = asyncio.run(Rationales(problem()).write("steps", DATA[:2]))
    assert found == ["Look at it. Make it large."] * 2
    assert ["solution: HOUSE" in messages[-1]["content"] for messages in lm.requests] == [True, False]


def test_an_unknown_explainer_is_refused():
    with pytest.raises(SettingError, match=", ".join(EXPLAINERS)):
        asyncio.run(Rationales(problem()).write("tea_leaves", DATA[:1]))


def test_words_are_kept_as_the_input_writes_them():
    assert within(["HOUSE", "the red", "mouse", "house"], ["The", "red", "house"]) == ["house", "The", "red"]
