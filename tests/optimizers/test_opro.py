"""OPRO: proposals from a history of scored instructions."""

import re

import dspy
import pytest
from hypothesis import given
from hypothesis import strategies as hyp

from selftaught.budget import Budget
from selftaught.errors import SettingError
from selftaught.optimizers.candidate import Candidate, Tuning
from selftaught.optimizers.history import history_of
from selftaught.optimizers.strategies.opro import OPRO
from selftaught.optimizers.strategy import Standing
from selftaught.programs import Predict
from selftaught.testing import FakeLM, OptimizerContract, answer_fields
from selftaught.testing.samples import Speak, exact, words


class TestOPRO(OptimizerContract):
    method = "opro"

    def make(self):
        return OPRO()


def standing(text, score, rows=5):
    return Standing(Candidate({"self": Tuning(text)}), score, (0.0, 1.0), rows, 0)


def text_of(candidate):
    return candidate.tunings["self"].instruction


SCORED = hyp.lists(hyp.tuples(hyp.sampled_from("abcdefgh"), hyp.none() | hyp.floats(0, 1)), max_size=12)


@given(SCORED, hyp.integers(1, 6))
def test_the_history_is_ascending_holds_each_instruction_once_and_keeps_the_best(scored, most):
    shown = history_of([standing(text, score) for text, score in scored], text_of, most)
    values = [int(found) for found in re.findall(r"Score: (\d+) of 100", shown)]
    texts = re.findall(r"Instruction: (\w)", shown)
    best = {text: max(s for t, s in scored if t == text and s is not None) for text, score in scored if score is not None}
    assert values == sorted(values)
    assert len(texts) == len(set(texts)) == min(most, len(best))
    assert sorted(best[text] for text in texts) == sorted(best.values())[-most:]


@given(hyp.permutations([("a", 0.2), ("b", 0.2), ("c", 0.9), ("d", None)]))
def test_the_history_does_not_depend_on_the_order_in_which_things_were_told(scored):
    assert history_of([standing(*one) for one in scored], text_of) == (
        "Instruction: a\nScore: 20 of 100\n\nInstruction: b\nScore: 20 of 100\n\nInstruction: c\nScore: 90 of 100"
    )


def compiled(script, tmp_path, calls=2000, **knobs):
    lm, data = FakeLM(script), words(60)
    with dspy.context(lm=lm):
        tuned = OPRO(**knobs).compile(
            Predict(Speak), trainset=data[:10], valset=data[10:], metric=exact, budget=Budget(calls=calls),
            run_dir=tmp_path / "run", progress=False,
        )  # fmt: skip
    return tuned, lm


def climber(messages, **settings):
    """Proposes one level more than the best one in its history; the higher the level, the more words come out right."""
    if answer_fields(messages) == ["instruction"]:
        levels = [int(found) for found in re.findall(r"Level (\d) now", str(messages[-1]["content"]))]
        return {"instruction": f"Level {max(levels, default=0) + 1} now."}
    level = int((re.findall(r"Level (\d)", messages[0]["content"]) or ["0"])[0])
    word = messages[-1]["content"]
    return {"shouted": word.upper() if int(re.findall(r"\d+", word)[0]) % 5 < level else word}


def test_each_round_builds_on_the_best_of_all_rounds_before(tmp_path):
    tuned, _ = compiled(climber, tmp_path, rounds=3)
    assert tuned.signature.instructions == "Level 3 now."
    assert tuned.tuning.confirmed


def test_the_history_begins_with_the_baseline_and_grows(tmp_path):
    _, lm = compiled(climber, tmp_path, rounds=3, proposals=1)
    asked = [str(messages[-1]["content"]) for messages in lm.requests if answer_fields(messages) == ["instruction"]]
    assert [text.count("Instruction: ") for text in asked] == [1, 2, 3]
    assert f"Instruction: {Speak.instructions}\nScore: 0 of 100" in asked[0]


def test_proposals_see_labelled_examples_and_no_other_rows(tmp_path):
    _, lm = compiled(climber, tmp_path, rounds=2)
    asked = [str(messages[-1]["content"]) for messages in lm.requests if answer_fields(messages) == ["instruction"]]
    shown = {word for text in asked for word in re.findall(r"Input: (\w+)", text)}
    assert shown
    assert shown <= {f"word{number}" for number in range(10)}


@pytest.mark.parametrize("said", ["Always the same.", "", Speak.instructions])
def test_a_proposer_that_is_stuck_ends_the_search(tmp_path, said):
    def stuck(messages, **settings):
        return {"instruction": said} if answer_fields(messages) == ["instruction"] else {"shouted": "x"}

    tuned, lm = compiled(stuck, tmp_path, rounds=9)
    assert tuned.tuning.ended == "the strategy has nothing left to try"
    assert sum(answer_fields(messages) == ["instruction"] for messages in lm.requests) <= 8


@pytest.mark.parametrize("knobs", [{"rounds": 0}, {"proposals": 0}, {"shown": -1}, {"remembered": 0}, {"block": 0}])
def test_bad_knobs_are_refused(knobs):
    with pytest.raises(SettingError, match="at least"):
        OPRO(**knobs)
