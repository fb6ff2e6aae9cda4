"""Mixture of prompts: the contract; regions get their own prompts, and only where that pays."""

import dspy
import pytest

from selftaught.artifact import load, save
from selftaught.budget import Budget
from selftaught.errors import SettingError
from selftaught.optimizers.strategies.mixture import MoP
from selftaught.programs import Predict, Vote
from selftaught.programs.route.mixture import MixtureOfPrompts
from selftaught.run import Run
from selftaught.testing import FakeLM, OptimizerContract, answer_fields
from selftaught.testing.samples import Speak, exact, learner, words


class TestMoP(OptimizerContract):
    method = "mop"

    def make(self):
        return MoP(max_experts=2, proposals=6, kept=2)


TREES = [dspy.Example(word=f"the old {name} tree in the garden", shouted=name.upper()).with_inputs("word") for name in ["ash", "oak", "elm", "fir", "yew", "box", "bay", "fig", "gum", "nut", "teak", "pine"]]  # fmt: skip
SUMS = [
    dspy.Example(word=f"sum: {number} plus {number + 1}", shouted=str(2 * number + 1)).with_inputs("word") for number in range(12)
]
DATA = [example for pair in zip(TREES, SUMS, strict=True) for example in pair]
LABELLED, REST = DATA[:8], DATA[8:]
SAID = ["Name the tree in capital letters.", "Add the two numbers.", "Say something."]


def two_kinds(messages, **settings):
    """A model that needs to be told what to do with each kind of input."""
    if answer_fields(messages) == ["instruction"]:
        return {"instruction": SAID[int(str(settings["rollout_id"]).removeprefix("propose")) % 3]}
    text, system = messages[-1]["content"], messages[0]["content"]
    if text.startswith("sum"):
        numbers = [int(word) for word in text.split() if word.isdigit()]
        return {"shouted": str(sum(numbers)) if "Add" in system else "?"}
    return {"shouted": text.split()[2].upper() if "tree in capital" in system else "?"}


def tune(tmp_path, *, program=None, script=two_kinds, labelled=LABELLED, rest=REST, calls=2500, **knobs):
    lm = FakeLM(script)
    with dspy.context(lm=lm):
        return MoP(**{"max_experts": 2, "proposals": 6, **knobs}).compile(
            program or Predict(Speak), trainset=labelled, valset=rest, metric=exact, budget=Budget(calls=calls), run_dir=tmp_path / "run", progress=False
        ), lm  # fmt: skip


def test_each_region_gets_the_instruction_that_suits_it(tmp_path):
    tuned, _ = tune(tmp_path)
    assert tuned.tuning.confirmed
    assert isinstance(tuned, MixtureOfPrompts)
    by_region = {tuned.route(dict(example.inputs()))[0]: tuned.experts[tuned.route(dict(example.inputs()))[0]].signature.instructions for example in LABELLED[:2]}  # fmt: skip
    assert sorted(by_region.values()) == sorted(SAID[:2])
    assert tuned.tuning.reasons == ["2 regions, of 4, 4 labelled examples"]
    with dspy.context(lm=FakeLM(two_kinds)):
        assert [tuned(word=example.word).shouted for example in REST[-4:]] == [example.shouted for example in REST[-4:]]


def test_each_input_takes_one_call_of_one_expert_and_the_file_says_the_same(tmp_path):
    tuned, _ = tune(tmp_path)
    save(tuned, tmp_path / "mixture.st")
    lm, again = FakeLM(two_kinds), FakeLM(two_kinds)
    with dspy.context(lm=lm):
        found = [tuned(word=example.word).expert for example in REST]
    loaded = load(tmp_path / "mixture.st")
    with dspy.context(lm=again):
        assert [loaded(word=example.word).expert for example in REST] == found
    assert lm.calls == len(REST)
    assert lm.requests == again.requests


def candidates(tuned):
    return [one.candidate for one in tuned.tuning.standings]


@pytest.mark.parametrize("general", [True, False])
def test_experts_show_examples_of_their_own_region_and_no_more_than_the_cap(tmp_path, general):
    tuned, _ = tune(tmp_path, general=general)
    mixtures = [one for one in candidates(tuned) if one.program]
    assert mixtures
    for one in mixtures:
        assert len(one.tunings) == 2 + general
        for number in range(2):
            demos = one.tunings[f"experts[{number}]"].demos
            assert 1 <= len(demos) <= len(LABELLED) // 2
            assert {tuned.route({"word": demo["word"]})[0] for demo in demos} == {number}


def test_no_instruction_and_the_programs_own_are_always_tried_and_one_prompt_races_along(tmp_path):
    tuned, _ = tune(tmp_path)
    origins = {one.origin for one in candidates(tuned)}
    assert {"all experts: no instruction", "all experts: the program's own instruction", "control: one prompt"} <= origins


def test_other_experts_answers_are_not_paid_for_again(tmp_path):
    _, lm = tune(tmp_path, stopping=())
    seen = [str(messages) for messages in lm.requests if answer_fields(messages) == ["shouted"]]
    assert len(seen) == len(set(seen))
    with Run(tmp_path / "run") as run:
        rows = sum(len(rows) for _, told in run.events("told") for rows in told["rows"])
    assert len(seen) < rows


def test_one_expert_is_one_prompt_without_a_router(tmp_path):
    tuned, _ = tune(tmp_path, max_experts=1, labelled=TREES[:4], rest=TREES[4:] + [dspy.Example(word=f"the old tree{i} tree", shouted=f"TREE{i}").with_inputs("word") for i in range(20)])  # fmt: skip
    assert isinstance(tuned, Predict)
    assert tuned.tuning.confirmed
    assert tuned.signature.instructions == SAID[0]
    assert {demo.word for demo in tuned.demos} == {example.word for example in TREES[:4]}
    assert all(one.program is None for one in candidates(tuned))


def test_instructions_are_induced_from_what_the_expert_does_not_show(tmp_path):
    tuned, lm = tune(tmp_path, general=False)
    shown = {
        frozenset(demo["word"] for demo in one.tunings[name].demos)
        for one in candidates(tuned)
        if one.program
        for name in one.tunings
    }
    asked = [messages[-1]["content"] for messages in lm.requests if answer_fields(messages) == ["instruction"]]
    for text in asked:
        assert any(not any(f"Input: {word}\n" in text for word in own) for own in shown)


def test_a_program_with_a_method_keeps_it(tmp_path):
    tuned, _ = tune(tmp_path, program=Vote(Speak, samples=2), calls=8000)
    assert isinstance(tuned, Vote)
    assert isinstance(tuned.generate, MixtureOfPrompts)


@pytest.mark.parametrize("said", ["garbage", {"instruction": ""}, {"instruction": "Say something."}])
def test_a_stuck_proposer_ends_the_search(tmp_path, said):
    def stuck(messages, **settings):
        return said if answer_fields(messages) == ["instruction"] else learner(messages, **settings)

    data = words(48)
    tuned, _ = tune(tmp_path, script=stuck, labelled=data[:8], rest=data[8:])
    assert tuned.tuning.ended == "the strategy has nothing left to try"


def test_without_labels_there_is_nothing_to_try(tmp_path):
    data = [dspy.Example(word=f"w{i}").with_inputs("word") for i in range(8)]
    tuned, _ = tune(tmp_path, labelled=data)
    assert tuned.tuning.ended == "the strategy has nothing left to try"


@pytest.mark.parametrize("knobs", [{"max_experts": 0}, {"proposals": 0}, {"kept": 0}, {"alpha": -0.1}, {"block": 0}])
def test_bad_knobs_are_refused(knobs):
    with pytest.raises(SettingError):
        MoP(**knobs)
