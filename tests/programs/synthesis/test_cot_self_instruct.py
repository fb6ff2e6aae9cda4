"""CoT-Self-Instruct and SeRL: which prompts a vote lets through, and what leaves the pipeline."""

import pytest

from selftaught.errors import SettingError
from selftaught.programs.synthesis.cot_self_instruct import CoTSelfInstruct, leaks
from selftaught.programs.synthesis.row import Row
from selftaught.programs.synthesis.serl import SeRL
from selftaught.testing import SynthesisContract
from tests.programs.synthesis.instruct_scripts import by_fields, made, said, words

SEEDS = ["What is two plus three, in figures?", "How many legs do four dogs have together?", "What is half of a dozen eggs?"]
ANALYSIS, PLAN = "They are short sums with one answer.", "Another sum, with other things to count."


def proposal(answer="6"):
    return {"analysis": ANALYSIS, "plan": PLAN, "instruction": lambda messages, number, **_: words(number), "output": answer}


def solving(answers, reasoning="Because."):
    """Solve by a function of the sample's number."""
    return {
        "reasoning": reasoning,
        "output": lambda messages, number, rollout_id="", **_: answers(int(str(rollout_id).rpartition("draw")[2] or 0)),
    }


def kept(answers, samples=5, written="6", count=3, **settings):
    pipeline = CoTSelfInstruct(SEEDS, samples=samples, batch=4, **settings)
    return made(pipeline, by_fields(proposal(written), solving(answers)), count, patience=2)[0]


class TestVerifiable(SynthesisContract):
    method = "cot-self-instruct"

    def make(self):
        return CoTSelfInstruct(SEEDS, samples=3, batch=3)

    def script(self, messages, **settings):
        return by_fields(proposal(), solving(lambda number: "6"))(messages, **settings)


class TestOpen(SynthesisContract):
    method = "cot-self-instruct-open"

    def make(self):
        return CoTSelfInstruct(SEEDS, verifiable=False, samples=2, batch=4)

    def script(self, messages, **settings):
        ask = {name: value for name, value in proposal().items() if name != "output"}
        respond = {"output": lambda messages, number, **_: f"response {number}"}
        score = {"reasons": "", "score": lambda messages, number, **_: 1 + number % 10}
        return by_fields(ask, respond, score)(messages, **settings)


class TestSeRL(SynthesisContract):
    method = "serl"

    def make(self):
        return SeRL(SEEDS, samples=4, batch=2)

    def script(self, messages, **settings):
        tasks = {"tasks": lambda messages, number, **_: [words(number), words(number + 1)]}
        return by_fields(tasks, solving(lambda number: str(number % 2)))(messages, **settings)


def test_only_prompts_whose_majority_is_the_written_answer_come_out():
    assert len(kept(lambda number: "6" if number < 3 else "7")) == 3
    wrong = kept(lambda number: "7" if number < 3 else "6")
    assert not wrong.rows
    assert ("answers agree", "the majority gives another answer") in wrong.rejected


def test_a_tie_is_no_majority_and_one_sample_must_match():
    assert ("answers agree", "no majority") in kept(lambda number: str(6 + number % 2), samples=4).rejected
    assert len(kept(lambda number: "6", samples=1)) == 3
    assert not kept(lambda number: "5", samples=1).rows


def test_equal_numbers_in_other_forms_are_equal():
    assert len(kept(lambda number: ["1/2", "0.5", "0.50"][number % 3], written="1/2")) == 3


def test_without_comparison_the_share_alone_decides():
    split = {"compare": False, "samples": 4}
    assert len(kept(lambda number: "8", **split)) == 3
    assert not kept(lambda number: str(number), band=(0.5, 1.0), **split).rows
    assert not kept(lambda number: "6", band=(0.2, 0.8)).rows, "a band drops what is too easy"


def test_nothing_that_was_thought_leaves_with_a_prompt():
    found = kept(lambda number: "6")
    for row in found.rows:
        assert set(row.values) == {"instruction", "output", "agreement"}
        assert ANALYSIS not in str(row.values)
    assert leaks(Row({"instruction": f"Look: {ANALYSIS.upper()} So, what now?", "analysis": ANALYSIS, "plan": ""}))
    assert not leaks(Row({"instruction": "What is one and one?", "analysis": "", "plan": "one"}))


def test_an_open_prompt_is_as_good_as_its_worst_response_and_the_best_share_stays():
    def script(messages, **settings):
        table = by_fields(
            {name: value for name, value in proposal().items() if name != "output"},
            {"output": lambda messages, number, rollout_id="", **_: f"{said(messages)} {str(rollout_id)[-1]}"},
            {"reasons": "", "score": 7},
        )
        answer = table(messages, **settings)
        if "score" in answer:  # the second response of each prompt is worse; how much depends on the prompt
            text = said(messages)
            answer["score"] = 10 if text.rstrip().endswith("0") else 1 + int(text[text.index("p") + 1]) % 9
        return answer

    found, _ = made(CoTSelfInstruct(SEEDS, verifiable=False, samples=2, batch=8, share=0.5), script, 4)
    dropped = sum(often for (by, _), often in found.rejected.items() if by == "best")
    assert (len(found), dropped) == (4, 4)
    for row in found.rows:
        assert row["chosen"].endswith("0")
        assert row["rejected"].endswith("1")
        assert row["score"] == row.scores["rewards"] < 1.0


def rolled(answers, samples=16, **settings):
    tasks = {"tasks": lambda messages, number, **_: [words(number)]}
    return made(SeRL(SEEDS, samples=samples, batch=2, **settings), by_fields(tasks, solving(answers)), 2, patience=2)[0]


@pytest.mark.parametrize(("agreeing", "kept_here"), [(3, False), (4, True), (8, True), (12, True), (13, False), (16, False)])
def test_serl_keeps_problems_with_4_to_12_of_16_in_the_majority(agreeing, kept_here):
    found = rolled(lambda number: "same" if number < agreeing else f"other {number}")
    assert bool(found.rows) == kept_here
    if kept_here:
        assert found.rows[0]["rewards"] == [1] * agreeing + [0] * (16 - agreeing)
        assert found.rows[0]["output"] == "same"
        assert found.rows[0]["agreement"] == agreeing / 16


def test_serl_pairs_the_first_of_the_majority_with_the_first_of_the_others():
    row = rolled(lambda number: "a" if number in (1, 2, 3) else str(number), samples=6).rows[0]
    assert row["chosen"] == "Because.\na"
    assert row["rejected"] == "Because.\n0"
    assert row["responses"][1] == row["chosen"]
    alone = rolled(lambda number: "a", samples=3, band=(0.0, 1.0)).rows[0]
    assert "chosen" not in alone.values


def test_settings_are_checked():
    for broken in ({"band": (0, 2)}, {"share": 2}, {"shown": 0}):
        with pytest.raises(SettingError):
            CoTSelfInstruct(SEEDS, **{"verifiable": "share" not in broken, **broken})
