"""Adaptive decoding: the contract; greedy choice of settings, ranges, and what the model cannot set."""

import asyncio

import dspy
import pytest

from selftaught import scope
from selftaught.errors import CallError, SettingError
from selftaught.programs import Predict, Vote
from selftaught.programs.route import AdaptiveDecoding
from selftaught.run import Run
from selftaught.testing import FakeLM, ProgramContract
from selftaught.testing.fake import answer_fields
from selftaught.testing.samples import Shout, obliging

GOOD = {"temperature": 0.9, "top_p": 0.8, "max_tokens": 300}


class TestHag(ProgramContract):
    method = "hag"

    def make(self, task):
        return AdaptiveDecoding(task)


class Deciding(FakeLM):
    """A model that chooses these settings, and keeps those with which each step was asked."""

    def __init__(self, chosen, answer=obliging, supported=None):
        self.seen = []
        self.only = supported

        def script(messages, **settings):
            fields = answer_fields(messages)
            self.seen.append((fields, settings))
            if "shouted" in fields:
                return answer(messages, **settings)
            said = chosen(messages) if callable(chosen) else chosen
            return said if isinstance(said, str) else {name: {"kind": "free", **said}[name] for name in fields}

        super().__init__(script)

    @property
    def supported_params(self):
        return self.only or super().supported_params


def run(lm, **settings):
    with dspy.context(lm=lm):
        return AdaptiveDecoding(Shout, **settings)(word="tree")


def test_the_answer_is_given_with_the_chosen_settings():
    lm = Deciding(GOOD)
    found = run(lm)
    assert (found.settings, found.notes) == (GOOD, [])
    assert {name: lm.seen[1][1][name] for name in GOOD} == GOOD


def test_values_are_put_within_their_range_with_a_note():
    found = run(
        Deciding({"temperature": 9.0, "top_p": -1.0, "max_tokens": 300}), ranges={"temperature": (0, 1), "top_p": (0.5, 1)}
    )
    assert found.settings == {"temperature": 1.0, "top_p": 0.5}
    assert [note.split()[0] for note in found.notes] == ["temperature", "top_p"]


def test_what_the_model_cannot_set_is_dropped_with_a_note():
    lm = Deciding(GOOD, supported={"temperature", "response_format"})
    found = run(lm)
    assert found.settings == {"temperature": 0.9}
    assert found.notes == ["top_p cannot be set on this model.", "max_tokens cannot be set on this model."]
    assert "top_p" not in lm.seen[1][1]


@pytest.mark.parametrize("said", ["garbage", '{"temperature": "hot", "top_p": 1, "max_tokens": 5}'])
def test_settings_that_cannot_be_read_leave_the_models_own(said):
    lm, plain = Deciding(said), Deciding(said)
    found = run(lm)
    assert (found.settings, found.shouted) == ({}, "TREE")
    assert "could not be read" in found.notes[0]
    with dspy.context(lm=plain):
        Predict(Shout)(word="tree")
    assert lm.seen[-1] == plain.seen[-1]


def test_a_value_that_is_no_number_sets_nothing():
    assert run(Deciding({**GOOD, "temperature": float("nan")})).settings.keys() == {"top_p", "max_tokens"}


def test_a_constant_choice_is_ordinary_generation_with_these_settings():
    lm, plain = Deciding(GOOD), Deciding(GOOD)
    run(lm)
    with dspy.context(lm=plain):
        asyncio.run(Predict(Shout).acall(word="tree", config=GOOD))
    assert lm.seen[1:] == plain.seen


def test_settings_are_chosen_greedily_and_alike_in_every_draw():
    lm = Deciding(lambda messages: {**GOOD, "temperature": 0.0})
    with dspy.context(lm=lm):
        Vote(Shout, samples=3, generate=AdaptiveDecoding(Shout))(word="tree")
    chosen = [settings for fields, settings in lm.seen if "shouted" not in fields]
    assert all(settings["temperature"] == 0.0 and not settings.get("rollout_id") for settings in chosen)
    assert len({settings["rollout_id"] for fields, settings in lm.seen if "shouted" in fields}) == 3
    assert len({settings["temperature"] for fields, settings in lm.seen if "shouted" in fields}) == 1


def test_the_store_knows_answers_under_other_settings_apart(tmp_path):
    draws = iter([0.9, 0.1, 0.9])
    lm = Deciding(
        lambda messages: {**GOOD, "temperature": next(draws)},
        lambda messages, **settings: {"shouted": str(settings["temperature"])},
    )
    with scope.scoped(run=Run(tmp_path / "run")), dspy.context(lm=lm):
        program = AdaptiveDecoding(Shout)
        said = []
        for word in ("a", "a", "a"):
            program.configure.signature = program.configure.signature.with_instructions(f"Choose {len(said)}.")
            said.append(program(word=word).shouted)
    assert said == ["0.9", "0.1", "0.9"]
    assert [fields for fields, _ in lm.seen].count(["shouted"]) == 2, "the third was answered from the store"


def test_quality_that_depends_on_temperature_is_reached_for_each_kind_of_input():
    best = {"exact": 0.0, "free": 1.0}

    def choose(messages):
        return {**GOOD, "temperature": best[messages[-1]["content"].split()[0]]}

    def answer(messages, **settings):
        return {"shouted": "good" if settings["temperature"] == best[messages[-1]["content"].split()[0]] else "bad"}

    with dspy.context(lm=Deciding(choose, answer)):
        program = AdaptiveDecoding(Shout)
        assert [program(word=word).shouted for word in ("exact sum", "free verse")] == ["good", "good"]


def test_an_answer_cut_off_at_its_length_is_asked_for_again_without():
    lm = Deciding(GOOD)
    backend = lm.backend
    complete = backend.complete

    async def cut(messages, settings):
        reply = await complete(messages, settings)
        if settings.get("max_tokens") == 300:
            reply.text, reply.finish = '{"shou', "length"
        return reply

    backend.complete = cut
    found = run(lm)
    assert (found.shouted, found.settings) == ("TREE", {"temperature": 0.9, "top_p": 0.8})
    assert "too small" in found.notes[0]
    with pytest.raises(CallError):
        backend_cut_always(lm)


def backend_cut_always(lm):
    complete = lm.backend.complete

    async def cut(messages, settings):
        reply = await complete(messages, settings)
        if "shouted" in answer_fields(messages):
            reply.text, reply.finish = '{"shou', "length"
        return reply

    lm.backend.complete = cut
    return run(lm)


def test_without_settings_it_is_the_plain_program():
    lm, plain = Deciding(GOOD), Deciding(GOOD)
    run(lm, ranges={})
    with dspy.context(lm=plain):
        Predict(Shout)(word="tree")
    assert lm.seen == plain.seen
    assert AdaptiveDecoding(Shout, ranges={}).cost().at_most == 1


@pytest.mark.parametrize(
    "settings",
    [
        {"ranges": {"magic": (0, 1)}},
        {"ranges": {"temperature": (1, 0)}},
        {"ranges": {"top_p": 1}},
        {"ranges": {"temperature": (-1, 1)}},
        {"generate": dspy.ChainOfThought(Shout)},
    ],
)
def test_what_makes_no_sense_is_refused(settings):
    with pytest.raises(SettingError, match=next(iter(settings))):
        AdaptiveDecoding(Shout, **settings)
