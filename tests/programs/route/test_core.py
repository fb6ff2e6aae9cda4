"""The route core: the contracts; one expert and one attempt for each input, and a fallback where nobody can say."""

import dspy
import pytest

from selftaught.artifact import load, save
from selftaught.errors import CallError, ConnectionFailed, SettingError
from selftaught.programs import Predict, Reasoned, Vote
from selftaught.programs.route import Asked, Near, Route
from selftaught.programs.route.experts import CATEGORIES, DOMAINS, SKILLS, SPECIALITIES, STRATEGIES, SUITED
from selftaught.testing import FakeLM, ProgramContract
from selftaught.testing.fake import answer_fields
from selftaught.testing.samples import Shout, obliging

PAIR = {"loud": "Be loud.", "quiet": "Be quiet."}


class TestSmart(ProgramContract):
    method = "smart-meta-strategy"

    def make(self, task):
        return Route(task, STRATEGIES, describe=SUITED, reasoning=True, dispatch="learned")


class TestSelfMoE(ProgramContract):
    method = "self-moe"

    def make(self, task):
        return Route(task, SPECIALITIES, describe=DOMAINS, reasoning=True)


class TestTransformerSquared(ProgramContract):
    method = "transformer-squared"

    def make(self, task):
        return Route(task, SKILLS, describe=CATEGORIES, fallback="other", reasoning=True)


class TestRouteToProgramsByLikeness(ProgramContract):
    def make(self, task):
        return Route(task, {"plain": Predict(task), "vote": Vote(task, samples=2)}, dispatch="near")


def naming(name):
    """A model that names this expert, and as an expert tells its instruction."""

    def script(messages, **settings):
        if answer_fields(messages) == ["choice"]:
            return {"choice": name} if name is not None else "garbage"
        return {"shouted": messages[0]["content"].partition("\n\nAnswer with")[0]}

    return FakeLM(script)


def run(lm, experts=PAIR, **settings):
    with dspy.context(lm=lm):
        return Route(Shout, experts, **settings)(word="tree")


def test_the_named_expert_alone_answers_in_one_attempt():
    lm = naming("quiet")
    found = run(lm)
    assert (found.expert, found.dispatched, lm.calls) == ("quiet", True, 2)
    assert found.shouted.endswith("Be quiet.")


def test_the_dispatcher_sees_what_every_expert_is_for():
    lm = naming("quiet")
    run(lm, describe={"loud": "for a storm"})
    assert "loud: for a storm\nquiet: Be quiet." in lm.requests[0][-1]["content"]


@pytest.mark.parametrize("name", [None, "nobody"])
def test_what_cannot_be_read_or_is_no_expert_goes_to_the_fallback(name):
    assert (run(naming(name)).expert, run(naming(name)).dispatched) == ("loud", False)
    assert run(naming(name), fallback="quiet").expert == "quiet"


def test_an_unknown_category_is_answered_by_the_plain_task():
    lm, plain = naming(None), naming(None)
    run(lm, SKILLS, describe=CATEGORIES, fallback="other", reasoning=True)
    with dspy.context(lm=plain):
        Predict(Shout)(word="tree")
    assert lm.requests[-1:] == plain.requests


def test_a_single_expert_is_that_expert_and_nobody_is_asked():
    lm, alone = FakeLM(obliging), FakeLM(obliging)
    expert = Predict(Shout.with_instructions("Be loud."))
    for dispatch in ("asked", "near", "learned"):
        run(lm, {"loud": expert}, dispatch=dispatch)
    with dspy.context(lm=alone):
        expert(word="tree")
    assert lm.requests == alone.requests * 3


def test_a_failing_expert_is_an_error_and_no_other_is_tried():
    def script(messages, **settings):
        return {"choice": "quiet"} if answer_fields(messages) == ["choice"] else "garbage"

    lm = FakeLM(script)
    with pytest.raises(CallError):
        run(lm)
    assert not any("Be loud." in messages[0]["content"] for messages in lm.requests if answer_fields(messages) == ["shouted"])


def test_a_model_that_is_gone_is_no_missing_choice():
    def gone(messages, **settings):
        if answer_fields(messages) == ["choice"]:
            raise ConnectionFailed("nobody")
        return {"shouted": "X"}

    with pytest.raises(CallError):
        run(FakeLM(gone, retries=0))


def test_experts_that_are_texts_reason_where_asked_and_an_empty_text_is_the_plain_task():
    lm = FakeLM(obliging)
    program = Route(Shout, STRATEGIES, reasoning=True)
    with dspy.context(lm=lm):
        for expert in program.experts.values():
            expert(word="tree")
    assert [answer_fields(messages) for messages in lm.requests] == [["shouted"], *[["reasoning", "shouted"]] * 3]


def test_likeness_chooses_without_a_call_and_what_is_like_nothing_falls_back():
    lm = FakeLM(obliging)
    dispatch = Near(Shout, {"fruit": "apples", "music": "trumpets"}, examples={"music": ["a tree of notes"]}, least=0.1)
    with dspy.context(lm=lm):
        program = Route(Shout, {"fruit": "A.", "music": "B."}, dispatch=dispatch)
        found = [program(word=word).expert for word in ("red apples", "brass trumpets", "notes", "xyz")]
    assert found == ["fruit", "music", "music", "fruit"]
    assert lm.calls == 4


def test_the_cost_spans_the_cheapest_and_the_dearest_expert():
    program = Route(Shout, {"plain": "", "vote": Vote(Shout, samples=4)})
    assert (program.cost().at_least, program.cost().at_most) == (2, 5)
    assert Route(Shout, {"vote": Vote(Shout, samples=4)}).cost().at_least == 4


def test_experts_that_are_programs_are_saved(tmp_path):
    program = Route(Shout, {"plain": "", "reasoned": Reasoned(Shout)}, dispatch="near")
    program.experts["reasoned"].generate.demos = [dspy.Example(word="a", reasoning="b", shouted="A")]
    save(program, tmp_path / "route.st")
    assert load(tmp_path / "route.st").experts["reasoned"].generate.demos[0].reasoning == "b"


def test_the_order_of_experts_survives_a_file(tmp_path):
    program = Route(Shout, {"z": "Be loud.", "a": "Be quiet."}, dispatch=Asked(Shout, {"z": "x", "a": "y"}))
    again = load(save(program, tmp_path / "route.st"))
    assert (list(again.experts), list(again.dispatch.experts), again.fallback) == (["z", "a"], ["z", "a"], "z")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"experts": {}}, "experts"),
        ({"experts": ["a"]}, "experts"),
        ({"experts": [1]}, "experts"),
        ({"experts": "ab"}, "experts"),
        ({"experts": {"a": 1}}, "experts"),
        ({"experts": {"a": Predict("question -> answer")}}, "fields"),
        ({"fallback": "nobody"}, "nobody"),
        ({"describe": {"nobody": "x"}}, "nobody"),
        ({"dispatch": "dice"}, "dice"),
        ({"dispatch": Near(Shout, {"nobody": "x"})}, "nobody"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, said):
    with pytest.raises(SettingError, match=said):
        Route(Shout, **{"experts": PAIR, **arguments})


def test_examples_of_an_unknown_expert_are_refused():
    with pytest.raises(SettingError, match="nobody"):
        Near(Shout, {"a": "b"}, examples={"nobody": ["x"]})
