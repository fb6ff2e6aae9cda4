"""Auto-Instruct (021): proposals in styles, and one candidate that chooses an instruction for each input."""

import dspy
import pytest

from selftaught.artifact import load, save
from selftaught.budget import Budget
from selftaught.errors import SettingError
from selftaught.optimizers.strategies.auto_instruct import RANKED, AutoInstruct
from selftaught.optimizers.styles import STYLES
from selftaught.programs import Predict, SelfRefine
from selftaught.programs.route.ranked import RankedInstructions
from selftaught.run import Run
from selftaught.testing import FakeLM, OptimizerContract, answer_fields
from selftaught.testing.samples import Speak, exact, obliging, words


class TestAutoInstruct(OptimizerContract):
    method = "auto-instruct"

    def make(self):
        return AutoInstruct(samples=1)


class TestWithoutARanker(OptimizerContract):
    def make(self):
        return AutoInstruct(styles=("sentence", "role", "strict"), samples=2, ranked=0)


def compiled(script, tmp_path, data=None, calls=3000, program=None, **knobs):
    lm, data = FakeLM(script), data or words(60)
    with dspy.context(lm=lm):
        tuned = AutoInstruct(**knobs).compile(
            program or Predict(Speak), trainset=data[:10], valset=data[10:], metric=exact, budget=Budget(calls=calls),
            run_dir=tmp_path / "run", progress=False,
        )  # fmt: skip
    return tuned, lm


MIXED = [
    dspy.Example(word=f"{kind}{number}", shouted=f"{kind}{number}".upper() if kind == "up" else f"{kind}{number}"[::-1]).with_inputs("word")
    for number in range(50) for kind in ("up", "back")
]  # fmt: skip


RULES = {"sentence": "Write capitals.", "role": "Turn it round."}


def two_kinds(messages, **settings):
    """Half the words want capitals, half want to be turned round; two styles find one rule each, and the ranker knows."""
    asked, system, text = answer_fields(messages), str(messages[0]["content"]), str(messages[-1]["content"])
    if asked == ["instruction"]:
        found = [text for style, text in RULES.items() if STYLES[style].request in system]
        return {"instruction": found[0] if found else "Hm."}
    capitals = "up" in text.splitlines()[0]
    if asked == ["suits"]:
        chance = 0.9 if ("capitals" if capitals else "round") in text.split("instruction:")[1] else 0.1
        return {"suits": "yes" if chance > 0.5 else "no"}, {"suits": {"yes": chance, "no": 1 - chance}}
    if asked == ["number"]:
        return {"number": 1}
    return {"shouted": text.upper() if "capitals" in system else text[::-1] if "round" in system else text}


def test_choosing_for_each_input_beats_every_fixed_instruction_and_is_saved(tmp_path):
    tuned, _ = compiled(two_kinds, tmp_path, MIXED)
    assert isinstance(tuned, RankedInstructions)
    assert tuned.tuning.confirmed
    fixed = [one.score for one in tuned.tuning.standings if one.candidate.program is None and one.score is not None]
    assert max(fixed) < tuned.tuning.tuned.score == 1.0
    save(tuned, tmp_path / "tuned.st")
    with dspy.context(lm=FakeLM(two_kinds)):
        assert load(tmp_path / "tuned.st")(word="back7").shouted == "7kcab"


def test_the_score_with_a_ranker_lies_between_a_random_and_the_best_choice(tmp_path):
    tuned, _ = compiled(two_kinds, tmp_path, MIXED)
    whole = [one for one in tuned.tuning.standings if one.rows == tuned.tuning.standings[0].rows]
    fixed = [one for one in whole if one.candidate.program is None]
    ranked = next(one for one in whole if one.candidate.program == RANKED)
    rows = range(ranked.rows)
    random_choice = sum(sum(one.scores[row] for one in fixed) / len(fixed) for row in rows) / len(rows)
    best_choice = sum(max(one.scores[row] for one in fixed) for row in rows) / len(rows)
    assert random_choice <= ranked.score <= best_choice


def test_every_style_is_asked_in_its_own_words_and_sees_the_seed_and_labelled_examples_only(tmp_path):
    _, lm = compiled(two_kinds, tmp_path, MIXED, samples=2)
    asked = [messages for messages in lm.requests if answer_fields(messages) == ["instruction"]]
    assert [sum(style.request in str(one[0]["content"]) for one in asked) for style in STYLES.values()] == [2] * len(STYLES)
    assert all(Speak.instructions in str(one[-1]["content"]) for one in asked)
    unseen = [example.shouted for example in MIXED[10:]]
    assert not any(f"Output: {word}" in str(one[-1]["content"]).splitlines() for one in asked for word in unseen)


def test_the_steps_are_joined_to_one_instruction(tmp_path):
    def steps(messages, **settings):
        if answer_fields(messages) == ["instruction"]:
            return {"instruction": ["Read the word.", "Write it in capitals."]}
        text = str(messages[-1]["content"])
        return {"shouted": text.upper() if "Read the word. Write it in capitals." in str(messages[0]["content"]) else text}

    tuned, _ = compiled(steps, tmp_path, styles=("steps",), ranked=0)
    assert tuned.signature.instructions == "Read the word. Write it in capitals."


def test_the_ranker_is_shown_what_led_to_right_answers_and_no_answer(tmp_path):
    tuned, lm = compiled(two_kinds, tmp_path, MIXED)
    suits = [demo["suits"] for demo in tuned.rank.demos]
    assert suits.count("yes") == suits.count("no") > 0
    for demo in tuned.rank.demos:
        fits = "capitals" in demo["instruction"] if demo["word"].startswith("up") else "round" in demo["instruction"]
        assert demo["suits"] == ("yes" if fits else "no")
    ranking = [str(messages) for messages in lm.requests if answer_fields(messages) == ["suits"]]
    assert not any(example.shouted in text for text in ranking for example in MIXED)


@pytest.mark.parametrize(("calls", "program"), [(170, None), (3000, SelfRefine(Speak))])
def test_no_ranker_is_offered_where_it_is_too_dear_or_the_program_is_no_single_call(tmp_path, calls, program):
    def script(messages, **settings):
        return two_kinds(messages) if answer_fields(messages) in (["instruction"], ["shouted"]) else obliging(messages)

    compiled(script, tmp_path, calls=calls, program=program)
    with Run(tmp_path / "run") as run:
        asked = [trial["candidate"] for _, data in run.events("asked") for trial in data["trials"]]
    assert asked
    assert all("program" not in one for one in asked)


@pytest.mark.parametrize("said", ["", Speak.instructions, STYLES["role"].shown])
def test_a_proposer_that_is_stuck_ends_the_search(tmp_path, said):
    def stuck(messages, **settings):
        return {"instruction": said} if answer_fields(messages) == ["instruction"] else {"shouted": "x"}

    tuned, _ = compiled(stuck, tmp_path, styles=("role",))
    assert not tuned.tuning.confirmed
    assert tuned.tuning.ended == "the strategy has nothing left to try"


@pytest.mark.parametrize(
    "knobs", [{"styles": ("sentense",)}, {"styles": ()}, {"samples": 0}, {"shown": 0}, {"ranked": 9}, {"block": 0}]
)
def test_bad_knobs_are_refused(knobs):
    with pytest.raises(SettingError):
        AutoInstruct(**knobs)
