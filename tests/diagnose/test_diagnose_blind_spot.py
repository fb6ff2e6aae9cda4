"""The blind spot: byte-identical text whose role differs, and a rate that is right at its ends."""

import json
from typing import Literal

import dspy
import pytest
from hypothesis import given
from hypothesis import strategies as hyp

from selftaught.loop import run_sync
from selftaught.programs.diagnose import diagnose
from selftaught.programs.diagnose.blind_spot import ASK_AGAIN, BlindSpot
from selftaught.programs.diagnose.injected import inject
from selftaught.programs.diagnose.spot import review_of, spot_of
from selftaught.programs.judge import Exact
from selftaught.signatures import as_task
from selftaught.testing import FakeLM
from selftaught.testing.samples import words

TASK = "word -> shouted"


def condition_of(messages):
    """Say which condition a conversation is, None for a plain question."""
    last = messages[-1]["content"]
    if any(one["role"] == "assistant" for one in messages):
        return "marker" if "Wait." in last else "internal"
    return "external" if ASK_AGAIN in last else None


def number_in(messages):
    return next(one["content"] for one in messages if one["role"] == "user").split("word")[1].split("\n")[0]


def given_text(messages):
    """Return the answer that a conversation shows."""
    turns = [one["content"] for one in messages if one["role"] == "assistant"]
    return turns[0] if turns else next(line for line in messages[-1]["content"].split("\n") if line.startswith("{"))


def model(mends):
    """A model that ends right in the conditions of `mends` and else repeats what it was shown."""

    def script(messages, **settings):
        condition = condition_of(messages)
        if condition in mends or condition is None:
            return {"shouted": f"WORD{number_in(messages)}"}
        return json.loads(given_text(messages))

    return FakeLM(script)


def probed(lm, count=20, adapter=None):
    with dspy.context(lm=lm, **({"adapter": adapter} if adapter else {})):
        return diagnose(TASK, words(count), parts=["blind_spot"], samples=1, progress=False)["blind_spot"]


@pytest.mark.parametrize(
    ("mends", "spot", "answer"),
    [
        (("external", "internal", "marker"), 0.0, "undetermined"),
        (("external",), 1.0, "yes"),
        (("internal",), None, "no"),
        ((), None, "undetermined"),
    ],
)
def test_the_rate_at_its_ends(mends, spot, answer):
    found = probed(model(mends))
    assert found.figures["blind_spot"].value == spot
    assert found.answer == answer
    assert found.figures["external_harm"].value == found.figures["internal_harm"].value == 0.0


def test_many_errors_mended_alike_rule_a_blind_spot_out():
    found = probed(model(("external", "internal", "marker")), count=100)
    assert found.answer == "no"
    assert found.decision.startswith("No blind spot worth minding")


def test_a_marker_that_helps_is_told_with_its_gain():
    found = probed(model(("external", "marker")))
    assert found.figures["marker_gain"].value == 1.0
    assert "'Wait.' helps its own turn: 100 %" in found.decision
    assert "as its own (emulated)" in found.decision
    assert "Wait" not in probed(model(("external",))).decision


def test_a_model_that_doubts_everything_shows_its_harm():
    found = probed(FakeLM(lambda messages, **_: {"shouted": "nonsense"}))
    assert found.figures["internal_harm"].value == 1.0
    assert "spoiled in 100 %" in found.decision


def test_the_conditions_differ_by_role_and_by_marker_only():
    lm = model(("external",))
    probed(lm, count=4)
    by_condition = {}
    for messages in lm.requests:
        if (condition := condition_of(messages)) is not None:
            by_condition.setdefault(condition, set()).add((number_in(messages), given_text(messages)))
    assert by_condition["external"] == by_condition["internal"] == by_condition["marker"]
    assert len(by_condition["external"]) == 8  # each input with a wrong and with a right answer
    internal = [m for m in lm.requests if condition_of(m) == "internal"]
    marked = [m for m in lm.requests if condition_of(m) == "marker"]
    changed = [[*m[:-1], {**m[-1], "content": m[-1]["content"].replace("Wait. ", "")}] for m in marked]
    assert sorted(map(json.dumps, changed)) == sorted(map(json.dumps, internal))
    systems = {m[0]["content"] for m in lm.requests if condition_of(m) is not None}
    assert len(systems) == 1


def test_the_text_is_the_adapters_own_turn_whatever_the_adapter():
    lm = FakeLM(lambda messages, **_: {"shouted": "x"})
    probed(lm, count=3, adapter=dspy.ChatAdapter())
    turns = {one["content"].strip() for m in lm.requests for one in m if one["role"] == "assistant"}
    shown = [m[-1]["content"] for m in lm.requests if "Somebody answered this:" in m[-1]["content"]]
    assert len(shown) == 6
    assert all("[[ ## shouted ## ]]" in turn for turn in turns)
    assert all(any(turn in text for text in shown) for turn in turns)
    assert all(any(turn in text for turn in turns) for text in shown)


@given(hyp.lists(hyp.tuples(hyp.booleans(), hyp.booleans()), min_size=1, max_size=30))
def test_the_blind_spot_by_its_definition(pairs):
    external, internal = ([float(one) for one in side] for side in zip(*pairs, strict=True))
    found = spot_of(external, internal)
    if not sum(external):
        assert found.value is None
        return
    assert found.value == pytest.approx((sum(external) - sum(internal)) / sum(external))
    low, high = found.interval
    assert low <= found.value <= high
    assert low < high


def test_a_review_mends_errors_and_spoils_right_answers():
    assert review_of([True, False, None, True], {1: True, 2: True}, {0: False, 3: True}).value == pytest.approx(0.0)
    assert review_of([False, False], {0: True, 1: False}, {}).value == 0.5


class Mood(dspy.Signature):
    """Say the mood."""

    text: str = dspy.InputField()
    mood: Literal["good", "bad"] = dspy.OutputField()


def injected(task, examples, seed=0):
    return run_sync(lambda: inject(as_task(task), examples, Exact(), seed=seed))


def test_an_error_is_the_most_telling_that_applies_and_is_wrong_by_the_metric():
    moods = [dspy.Example(text=f"t{i}", mood="good").with_inputs("text") for i in range(3)]
    assert [(one.kind, one.wrong) for one in injected(Mood, moods)] == [("choice", {"mood": "bad"})] * 3
    sums = [dspy.Example(sum=f"{i}+1", total=i + 1).with_inputs("sum") for i in range(5)]
    found = injected("sum -> total: int", sums)
    assert {one.kind for one in found} == {"numbers"}
    assert all(one.wrong["total"] != one.right["total"] for one in found)
    names = [dspy.Example(q=str(i), a="ab"[i % 2]).with_inputs("q") for i in range(4)]
    assert {one.kind for one in injected("q -> a", names)} == {"swapped"}
    assert injected("sum -> total: int", sums) == found


def test_where_no_error_can_be_made_nothing_is_claimed():
    same = [dspy.Example(word=f"w{i}", shouted="yes").with_inputs("word") for i in range(4)]
    with dspy.context(lm=FakeLM(lambda messages, **_: {"shouted": "yes"})):
        found = diagnose(TASK, same, parts=["blind_spot"], samples=1, progress=False)["blind_spot"]
    assert found.answer == "undetermined"
    assert "no wrong answer could be made" in found.decision


def test_the_model_of_the_program_is_the_one_that_is_probed():
    lm = FakeLM(lambda messages, **_: {"shouted": "x"})
    program = dspy.Predict(TASK)
    program.lm = lm
    assert BlindSpot(TASK, like=program).ask.lm is lm
