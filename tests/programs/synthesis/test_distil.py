"""Distilling a slow program into answers to the bare input."""

import zlib

import dspy
import pytest

from selftaught.programs.reason import Reasoned
from selftaught.programs.synthesis.distil import Distilled, distil
from selftaught.programs.vote import SelfConsistency
from selftaught.testing import FakeLM, SynthesisContract, answer_fields

WORDS = [{"word": f"word{i}", "shouted": "LABEL"} for i in range(12)]
TASK = "word -> shouted"


def unsure(messages, **settings):
    """Says the same of a word in most samples; how often depends on the word."""
    word = next(part for part in str(messages[-1]["content"]).split() if part.startswith("word") and part[4:].isdigit())
    steady = int(word[4:]) % 4  # 0: always the same; 3: never
    number = zlib.crc32(str(settings.get("rollout_id")).encode()) % 4
    said = {
        "reasoning": "SECRET steps.",
        "shouted": word.upper() if number >= steady else f"{word} {number} {settings.get('rollout_id')}",
    }
    return {name: said[name] for name in answer_fields(messages)}


class TestDistilled(SynthesisContract):
    method = "system2-distillation"

    def make(self):
        return Distilled(WORDS[::4] + WORDS[1::4], TASK, samples=4)

    def script(self, messages, **settings):
        return unsure(messages, **settings)


def run(rows=WORDS, **settings):
    with dspy.context(lm=FakeLM(unsure)):
        return distil(Reasoned(TASK), rows, progress=False, **settings)


def test_rows_hold_the_answer_and_nothing_on_the_way_to_it():
    found = run(least_share=0.9)
    assert [(row["word"], row["shouted"]) for row in found.rows] == [(f"word{i}", f"WORD{i}") for i in (0, 4, 8)]
    assert not any("SECRET" in str(row.values) or "LABEL" in str(row.values) for row in found.rows)


def test_what_is_kept_falls_with_the_share_that_must_agree_and_the_least_share_keeps_all():
    kept = [len(run(least_share=share)) for share in (1 / 8, 0.3, 0.6, 0.9)]
    assert kept == sorted(kept, reverse=True)
    assert kept[0] == 12 > kept[-1]


def test_an_answer_that_moves_with_a_harmless_change_is_dropped():
    assert len(run(WORDS[::4], perturb=lambda inputs: inputs)) == 3
    found = run(WORDS[::4], perturb=lambda inputs: {"word": "word7"})
    assert found.rows == []
    assert found.rejected == {("perturb", "another answer to a changed input"): 3}


@pytest.mark.parametrize("program", [SelfConsistency(TASK, samples=3), dspy.Predict(TASK), dspy.ChainOfThought(TASK)])
def test_any_program_can_be_distilled(program):
    with dspy.context(lm=FakeLM(unsure)):
        found = distil(program, WORDS[:1], samples=2, progress=False)
    assert [row["shouted"] for row in found.rows] == ["WORD0"]
