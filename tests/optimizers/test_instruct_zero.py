"""InstructZero (032), the form on texts."""

import random

import dspy
import pytest

from selftaught.budget import Budget
from selftaught.errors import SettingError
from selftaught.optimizers.strategies.instruct_zero import InstructZero
from selftaught.programs import Predict
from selftaught.run import Run
from selftaught.testing import FakeLM, OptimizerContract, answer_fields
from selftaught.testing.samples import Speak, exact, words

FIRST = ("Write", "Say", "Print", "Shout", "Repeat", "Spell")
SECOND = ("big", "capital", "small", "strange", "single", "many")


def speaker(messages, **settings):
    """Proposes one of 36 instructions; `capital` helps half of the words, `Shout` the other half."""
    if answer_fields(messages) == ["instruction"]:
        draws = random.Random(str(settings.get("rollout_id")))
        return {"instruction": f"{draws.choice(FIRST)} {draws.choice(SECOND)} letters."}
    system, word = str(messages[0]["content"]), str(messages[-1]["content"])
    helped = ("capital" in system) if int(word.removeprefix("word")) % 2 else ("Shout" in system)
    return {"shouted": word.upper() if helped else word}


class TestInstructZero(OptimizerContract):
    method = "instructzero"

    def make(self):
        return InstructZero(proposals=16, first=4, rounds=2, batch=2, rows=8)


def compiled(tmp_path, script=speaker, calls=3000, seed=0, **knobs):
    lm, data = FakeLM(script), words(60)
    with dspy.context(lm=lm):
        tuned = InstructZero(**knobs).compile(
            Predict(Speak), trainset=data[:10], valset=data[10:], metric=exact, budget=Budget(calls=calls),
            run_dir=tmp_path / "run", progress=False, seed=seed,
        )  # fmt: skip
    return tuned, lm


def trials(tmp_path):
    """Return (instruction, rows) of every trial, step by step, without the baseline."""
    with Run(tmp_path / "run") as run:
        steps = [data["trials"] for _, data in run.events("asked") if data["number"] != "baseline"]
    return [[(one["candidate"]["tunings"]["self"]["instruction"], tuple(one["rows"])) for one in step] for step in steps]


def test_no_more_is_scored_than_planned_and_nothing_twice(tmp_path):
    compiled(tmp_path, first=5, rounds=3, batch=2, rows=8, finalists=1)
    *batches, finals = trials(tmp_path)
    scored = [text for batch in batches for text, _ in batch]
    assert [len(batch) for batch in batches] == [5, 2, 2, 2]
    assert len(set(scored)) == len(scored)
    assert {rows for batch in batches for _, rows in batch} == {batches[0][0][1]}
    assert [len(rows) for _, rows in finals] == [25]
    assert finals[0][0] in scored


def test_equal_proposals_cost_nothing(tmp_path):
    def few(messages, **settings):
        if answer_fields(messages) == ["instruction"]:
            return {"instruction": random.Random(str(settings["rollout_id"])).choice(["Shout it.", "Say it."])}
        return {"shouted": "x"}

    compiled(tmp_path, few)
    *batches, _ = trials(tmp_path)
    assert sorted(text for batch in batches for text, _ in batch) == ["Say it.", "Shout it."]


def test_without_rounds_it_is_random_search(tmp_path):
    compiled(tmp_path, rounds=0, first=6, rows=8)
    (first, _), proposed = trials(tmp_path), set()
    for seed in range(24):
        proposed.add(speaker_instruction(seed))
    assert len(first) == 6
    assert {text for text, _ in first} <= proposed


def speaker_instruction(number):
    draws = random.Random(f"propose{number}")
    return f"{draws.choice(FIRST)} {draws.choice(SECOND)} letters."


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_best_so_far_never_falls(tmp_path, seed):
    tuned, _ = compiled(tmp_path, seed=seed)
    said = tuned.tuning.reasons[0].split(": ")[1]
    best = [int(part.removesuffix(" %")) for part in said.split(", ")]
    assert len(best) == 5
    assert best == sorted(best)


def test_the_same_run_twice_asks_for_the_same(tmp_path):
    compiled(tmp_path / "a")
    compiled(tmp_path / "b")
    assert trials(tmp_path / "a") == trials(tmp_path / "b")


@pytest.mark.parametrize("said", ["", "WORD1", Speak.instructions])
def test_a_proposer_with_nothing_to_say_ends_the_search(tmp_path, said):
    def stuck(messages, **settings):
        return {"instruction": said} if answer_fields(messages) == ["instruction"] else {"shouted": "x"}

    tuned, _ = compiled(tmp_path, stuck)
    assert tuned.tuning.ended == "the strategy has nothing left to try"
    assert tuned.tuning.reasons == []


@pytest.mark.parametrize("knobs", [{"proposals": 0}, {"first": 0}, {"rounds": -1}, {"batch": 0}, {"rows": 0}, {"finalists": 0}])
def test_bad_knobs_are_refused(knobs):
    with pytest.raises(SettingError, match="at least"):
        InstructZero(**knobs)
