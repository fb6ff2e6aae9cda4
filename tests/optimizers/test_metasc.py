"""MetaSC (160): what the paper says must hold."""

import random

import dspy
import pytest

from selftaught.errors import SettingError
from selftaught.optimizers.strategies.metasc import GUIDED_BY, MetaSC
from selftaught.programs import Predict
from selftaught.programs.refine import SelfRefine
from selftaught.testing.samples import Speak
from tests.optimizers.stepwise import StepwiseContract, asked, compiled, knowing, text

GOOD = "The answer must be in capital letters."


def draft_of(messages):
    return str(messages[-1]["content"]).split("draft: ")[1].splitlines()[0]


def critique(messages, settings):
    found = "capital" in str(messages[0]["content"]) and not draft_of(messages).isupper()
    return {"problems": ["It is not in capital letters."] if found else [], "acceptable": not found}


def meta(messages, settings):
    draws = random.Random(str(settings.get("rollout_id")))
    return {"rule": draws.choice([GOOD, "The answer must be kind.", "The answer must be brief."])}


STEPS = {("problems", "acceptable"): critique, ("rule",): meta}


def speaker(messages, **settings):
    """Drafts as they come; a revision mends what was criticised."""
    content = str(messages[-1]["content"])
    word = content.splitlines()[0].removeprefix("word: ")
    lucky = random.Random(word).random() < (0.9 if "not in capital letters" in content else 0.2)
    return {"shouted": word.upper() if lucky else word}


class TestMetaSC(StepwiseContract):
    method = "metasc"
    ceilings = (300, 450, 700)

    def make(self):
        return MetaSC(warm=4)

    def program(self):
        return SelfRefine(Speak)

    def steps(self):
        return {**STEPS, ("shouted",): lambda messages, settings: speaker(messages)}

    def compile(self, run_dir, *, calls=2000, **settings):
        return super().compile(run_dir, calls=calls, **settings)

    def test_returns_the_baseline_where_nothing_helps(self, tmp_path):
        content = {**STEPS, ("problems", "acceptable"): lambda messages, settings: {"problems": [], "acceptable": True}}
        tuned, lm = tuned_with(self.make(), tmp_path, content)
        assert asked(lm, "rule")
        assert not tuned.tuning.confirmed
        before = self.program().predictors()
        assert [one.signature.instructions for one in tuned.predictors()] == [one.signature.instructions for one in before]


def tuned_with(optimizer, run_dir, steps=STEPS, **more):
    return compiled(optimizer, run_dir, knowing(steps, speaker), SelfRefine(Speak), **more)


def test_without_a_warm_phase_it_is_the_static_program_with_the_specification(tmp_path):
    tuned, lm = tuned_with(MetaSC(warm=0, specification=GOOD), tmp_path)
    assert not asked(lm, "rule")
    assert tuned.tuning.confirmed
    own = dict(SelfRefine(Speak).named_predictors())
    for name, predictor in tuned.named_predictors():
        said = own[name].signature.instructions
        assert predictor.signature.instructions == (f"{said}\n\n{GUIDED_BY}\n- {GOOD}" if name == "critic" else said)


def test_without_a_warm_phase_and_a_specification_nothing_is_tried(tmp_path):
    tuned, lm = tuned_with(MetaSC(warm=0), tmp_path)
    assert not asked(lm, "rule")
    assert [one.candidate.origin for one in tuned.tuning.standings] == ["baseline"]


def test_the_specification_changes_at_most_once_an_input_and_never_after(tmp_path):
    tuned, lm = tuned_with(MetaSC(warm=5, margin=None), tmp_path)
    assert len(asked(lm, "rule")) == 5
    numbers = [one.split(":")[0] for one in tuned.tuning.reasons]
    assert numbers == [f"input {number}" for number in range(1, 6)]


def test_an_input_is_answered_with_the_specification_that_was_there_before(tmp_path):
    number = iter(range(100))
    steps = {**STEPS, ("rule",): lambda messages, settings: {"rule": f"Mind the thing called {'abcdefghij'[next(number)]}."}}
    tuned, lm = tuned_with(MetaSC(warm=4, margin=None), tmp_path, steps)
    metas, present = asked(lm, "rule"), ["none", *(f"Mind the thing called {letter}." for letter in "abc")]
    for messages, before in zip(metas, present, strict=True):
        position = lm.requests.index(messages)
        answered = [one for one in lm.requests[:position] if "problems" in text(one) and "draft" in text(one)][-1]
        assert f"present: {before}" in text(messages)
        assert (f"- {before}" in text(answered)) == (before != "none")
    assert all("accepted" in one for one in tuned.tuning.reasons)


def test_the_history_is_logged(tmp_path):
    tuned, _ = tuned_with(MetaSC(warm=3, specification="The answer must be polite."), tmp_path)
    assert tuned.tuning.reasons[0] == "first: 'The answer must be polite.'"
    assert len(tuned.tuning.reasons) == 4
    assert all("accepted" in one or "rejected" in one or "no new" in one for one in tuned.tuning.reasons[1:])


def test_the_same_seed_gives_the_same_history(tmp_path):
    one, _ = tuned_with(MetaSC(warm=4), tmp_path / "a")
    other, _ = tuned_with(MetaSC(warm=4), tmp_path / "b")
    assert one.tuning.reasons == other.tuning.reasons
    assert one.tuning.winner == other.tuning.winner


def test_a_specification_that_does_worse_is_rejected_and_the_next_input_keeps_the_present_one(tmp_path):
    def bad_then_same(messages, settings):
        return {"rule": "Never say it in capital letters, be quiet."}

    def reviews(messages, settings):
        found = "quiet" in str(messages[0]["content"]) and draft_of(messages).isupper()
        return {"problems": ["Too loud."] if found else [], "acceptable": not found}

    def loud(messages, **settings):
        content = str(messages[-1]["content"])
        word = content.splitlines()[0].removeprefix("word: ")
        return {"shouted": word if "Too loud" in content or word.endswith("1") else word.upper()}

    steps = {("problems", "acceptable"): reviews, ("rule",): bad_then_same}
    tuned, lm = compiled(MetaSC(warm=3), tmp_path, knowing(steps, loud), SelfRefine(Speak))
    assert tuned.tuning.reasons[0].startswith("input 1: rejected")
    assert all("present: none" in text(messages) for messages in asked(lm, "rule"))
    assert not tuned.tuning.confirmed


def test_without_a_gate_every_specification_is_taken(tmp_path):
    tuned, _ = tuned_with(MetaSC(warm=4, margin=None), tmp_path)
    assert not any("rejected" in one for one in tuned.tuning.reasons)


def test_only_the_critic_is_tuned(tmp_path):
    tuned, _ = tuned_with(MetaSC(warm=4), tmp_path)
    assert {name for one in tuned.tuning.standings for name in one.candidate.tunings} == {"critic"}


@pytest.mark.parametrize(
    "said",
    [{"rule": ""}, {"rule": "word1 is WORD1"}, {"rule": "Nothing is wrong."}, "no json", {"rule": "The answer must be kind."}],
)
def test_a_meta_model_without_ideas_ends_the_search(tmp_path, said):
    tuned, lm = tuned_with(MetaSC(warm=6), tmp_path, {**STEPS, ("rule",): lambda messages, settings: said})
    assert len(asked(lm, "rule")) <= 6
    assert tuned.tuning.ended == "the strategy has nothing left to try"
    tried = [one.candidate for one in tuned.tuning.standings if one.candidate.tunings]
    assert len(tried) == (said == {"rule": "The answer must be kind."})


def test_inputs_of_the_stream_need_no_labels(tmp_path):
    bare = [dspy.Example(word=f"word{number}").with_inputs("word") for number in range(8)]
    tuned, lm = tuned_with(MetaSC(warm=4), tmp_path, train=bare)
    assert len(asked(lm, "rule")) == 4
    assert tuned.tuning.confirmed


def test_a_small_budget_shortens_the_stream(tmp_path):
    tuned, lm = tuned_with(MetaSC(warm=8), tmp_path, calls=220)
    assert lm.calls <= 220
    assert len(asked(lm, "rule")) < 8
    assert tuned.tuning.standings[0].rows == 20


def test_a_program_without_a_critic_is_refused_before_any_call(tmp_path):
    with pytest.raises(SettingError, match="no critic"):
        compiled(MetaSC(), tmp_path, speaker, Predict(Speak))
    with pytest.raises(SettingError, match="no critic"):
        compiled(MetaSC(), tmp_path, speaker, SelfRefine(Speak, rounds=0))


def test_bad_knobs_are_refused():
    with pytest.raises(SettingError, match="at least 0"):
        MetaSC(warm=-1)
    with pytest.raises(SettingError, match="language model"):
        MetaSC(lm="gpt")
