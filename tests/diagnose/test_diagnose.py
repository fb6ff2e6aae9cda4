"""diagnose: one pool, nothing paid twice, and sentences that the intervals bear."""

import json
import random
import re

import dspy
import pytest
from hypothesis import given
from hypothesis import strategies as hyp

import selftaught as st
from selftaught.errors import DataError, InputError, SettingError
from selftaught.programs.diagnose import PARTS, Difference, Part, diagnose
from selftaught.programs.diagnose.differences import paired
from selftaught.programs.diagnose.headline import headline_of
from selftaught.programs.diagnose.part import answer_of, examples_needed
from selftaught.programs.judge import Agreement, Exact, Verify
from selftaught.testing import FakeLM, answer_fields
from selftaught.testing.samples import words

TASK = "word -> shouted"


def model(skill=0.6, sees=True, **settings):
    """A model that is right with a probability, by input and sample; as a judge it knows right from wrong, or says yes."""

    def script(messages, **asked):
        wanted, text = answer_fields(messages), str(messages[-1]["content"])
        if wanted == ["problems", "acceptable"]:
            return {"problems": ["small letters"], "acceptable": False}
        if wanted in (["correct"], ["wrong"]):
            right = text.rpartition("draft: ")[2].isupper() or not sees
            return {wanted[0]: right == (wanted == ["correct"])} if sees else {wanted[0]: True}
        number = re.search(r"word(\d+)", str(messages), re.IGNORECASE).group(1)
        draws = random.Random(f"{text}{asked.get('rollout_id')}")
        return {"reasoning": "so", "shouted": f"WORD{number}" if draws.random() < skill else f"nope{draws.randrange(3)}"}

    return FakeLM(script, **settings)


def diagnosed(lm=None, count=40, **settings):
    lm = lm or model()
    with dspy.context(lm=lm):
        return diagnose(TASK, words(count), progress=False, **settings), lm


def test_a_model_that_votes_well_is_told_to_vote():
    found, _ = diagnosed(parts=["voting", "gap"])
    assert found["voting"].answer == "yes"
    assert "voting, " + str(found["voting"].gain) in found.headline
    assert found.headline.startswith("This model can improve itself here")
    assert str(found).startswith(found.headline)
    assert found.decisions == [part.decision for part in found.parts.values()]


def test_every_part_says_one_sentence_with_numbers_or_that_it_was_not_measured():
    found, _ = diagnosed(count=12)
    assert list(found.parts) == list(PARTS)
    assert all(part.decision and part.decision in str(found) for part in found.parts.values())
    assert found["knowledge"].answer == "not measured"
    assert all(any(c.isdigit() for c in part.decision) for name, part in found.parts.items() if name != "knowledge")


def test_nothing_is_paid_twice_within_a_diagnosis_and_in_the_next_one(tmp_path):
    whole, lm = diagnosed(count=10, run_dir=tmp_path)
    asked = [json.dumps(messages) for messages in lm.requests]
    drafts = [text for text in asked if '\\"correct\\"' in text]
    assert len(drafts) == len(set(drafts)), "equal texts are verified once"
    again, second = diagnosed(count=10, run_dir=tmp_path)
    assert second.calls == 0
    assert again.usage.calls == 0
    assert again.to_dict()["parts"] == whole.to_dict()["parts"]
    alone, third = diagnosed(count=10, run_dir=tmp_path, parts=["voting"])
    assert third.calls == 0
    assert alone["voting"].figures == whole["voting"].figures


def test_the_judge_is_asked_only_where_a_part_reads_it():
    _, lm = diagnosed(count=6, parts=["voting"])
    assert {tuple(answer_fields(messages)) for messages in lm.requests} == {("shouted",)}
    assert lm.calls == 6 * (1 + 5)


def test_the_run_that_is_active_keeps_the_responses(tmp_path):
    with st.Run(tmp_path) as run, run.active():
        diagnosed(count=4, parts=["voting"])
        assert len(run.calls()) == 4 * 6


def test_a_yes_saying_judge_has_no_gap_no_critique_and_no_headline():
    found, _ = diagnosed(model(sees=False), count=60, parts=["gap", "critique"])
    assert found["gap"].figures["gap"].value == 0.0
    assert found["gap"].answer != "yes"
    assert found["critique"].answer != "yes"
    assert not found.headline.startswith("This model can improve itself")


def test_a_model_that_is_always_right_has_nothing_to_gain():
    found, _ = diagnosed(model(skill=1.0), count=100, parts=["gap", "voting", "refining"])
    assert {part.answer for part in found.parts.values()} == {"no"}
    assert found.headline.startswith("This model is not likely to improve itself here by more than 4 points")


def test_few_examples_are_undetermined_with_a_number_of_examples():
    found, _ = diagnosed(count=6, parts=["voting"])
    assert found["voting"].answer == "undetermined"
    assert found.headline.startswith("Undetermined with 6 examples")
    assert found["voting"].needed is None or f"about {found['voting'].needed}" in found.headline


def test_the_gains_are_corrected_for_their_number():
    alone, _ = diagnosed(parts=["voting"])
    together, _ = diagnosed(parts=["voting", "gap", "refining"])
    assert together["voting"].gain.value == alone["voting"].gain.value
    ps = sorted(together[name].gain.p for name in ("voting", "gap", "refining"))
    assert together["voting"].gain.p > alone["voting"].gain.p
    assert ps[-1] <= 1.0


def test_a_spent_budget_leaves_an_incomplete_diagnosis_that_continues(tmp_path):
    part, lm = diagnosed(count=20, budget=st.Budget(calls=60), run_dir=tmp_path, parts=["voting"])
    assert (part.complete, lm.calls <= 60) == (False, True)
    assert part.headline.startswith("Incomplete")
    whole, more = diagnosed(count=20, run_dir=tmp_path, parts=["voting"])
    assert whole.complete
    assert lm.calls + more.calls == 20 * 6


def test_a_model_that_answers_nothing_is_undetermined_in_words():
    found, _ = diagnosed(FakeLM(lambda messages, **_: "garbage"), count=4)
    assert (found.failed, found.asked, found.accuracy.value) == (4, 4, None)
    assert {part.answer for part in found.parts.values()} <= {"undetermined", "not measured"}
    assert "yes" not in found.headline
    json.dumps(found.to_dict())


def test_failed_inputs_and_unreadable_verdicts_are_counted():
    def script(messages, **asked):
        text = str(messages[-1]["content"])
        if answer_fields(messages) != ["shouted"]:
            return "no verdict" if "word2" in text else {name: name == "correct" for name in answer_fields(messages)}
        return "garbage" if "word1" in text else {"shouted": "WORD0"}

    found, _ = diagnosed(FakeLM(script), count=5, parts=["gap", "critique"])
    assert found.failed == 1
    assert found["gap"].counts["without_verdict"] == 1


@pytest.mark.parametrize("program", [dspy.ChainOfThought(TASK), st.programs.SelfConsistency(TASK, samples=3)])
def test_any_program_can_be_diagnosed(program):
    if not hasattr(program, "task"):
        program.task = dspy.Signature(TASK)
    with dspy.context(lm=model()):
        found = diagnose(program, words(4), samples=2, progress=False)
    assert found["voting"].figures["own"].n == 4
    assert found["refining"].counts["done"] == 4


def test_a_judge_that_reads_the_answer_and_a_metric_that_is_a_judge_are_told():
    found, _ = diagnosed(count=4, parts=["gap"], judge=Verify(TASK, reference=True))
    assert any("reads the labelled answer" in one for one in found.warnings)
    found, _ = diagnosed(count=4, parts=["gap"], metric=Verify(TASK))
    assert any("is a judge, not labels" in one for one in found.warnings)
    assert any("answers that it writes itself" in one for one in found.warnings)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"parts": ["votin"]}, "did you mean 'voting'"),
        ({"parts": []}, "at least one"),
        ({"metric": Agreement(TASK)}, "Use a gold metric"),
        ({"samples": 0}, "samples=0"),
        ({"concurrency": 0}, "concurrency=0"),
    ],
)
def test_what_cannot_be_diagnosed_is_refused_before_any_call(settings, said):
    lm = model()
    with pytest.raises(SettingError, match=said):
        diagnosed(lm, count=3, **settings)
    assert lm.calls == 0


def test_bad_data_are_refused():
    with pytest.raises(DataError):
        diagnosed(count=0)
    with dspy.context(lm=model()), pytest.raises(InputError, match="word"):
        diagnose(TASK, [dspy.Example(wrod="x", shouted="X").with_inputs("wrod")], progress=False)
    with dspy.context(lm=model()), pytest.raises(SettingError, match="no label"):
        diagnose(TASK, [dspy.Example(word="word1").with_inputs("word")], Exact(), progress=False)
    with pytest.raises(SettingError, match="does not say its task"):
        diagnose(dspy.Module(), words(2), progress=False)


# --- what the sentences rest on


@given(hyp.lists(hyp.tuples(hyp.booleans(), hyp.booleans()), min_size=2, max_size=40))
def test_a_gain_is_said_only_where_test_and_interval_agree(pairs):
    before, after = ([float(one) for one in side] for side in zip(*pairs, strict=True))
    found = paired(before, after, "it")
    back = paired(after, before, "it")
    assert found.value == pytest.approx(-back.value)
    assert found.p == pytest.approx(back.p)
    assert found.interval[0] < found.interval[1]
    if answer_of(found) == "yes":
        assert found.interval[0] > 0
        assert found.p <= 0.05
    if answer_of(found) == "no":
        assert found.interval[1] < 0.05


def test_one_input_that_moved_rules_nothing_out():
    found = paired([0.0] * 5 + [1 / 3], [0.0] * 6, "it")
    assert found.value < 0
    assert found.interval[1] > 0.3  # six inputs cannot show that a third more is out of reach
    assert answer_of(found) == "undetermined"


@given(hyp.lists(hyp.sampled_from([-1.0, -0.5, 0.0, 0.5, 1.0]), min_size=2, max_size=40))
def test_the_interval_holds_the_difference_and_turns_with_it(moves):
    before, after = [max(0.0, -one) for one in moves], [max(0.0, one) for one in moves]
    found, back = paired(before, after, "it"), paired(after, before, "it")
    assert -1 <= found.interval[0] <= found.value <= found.interval[1] <= 1
    assert found.interval[0] == pytest.approx(-back.interval[1], abs=0.02)  # the bootstrap's ends are drawn


def test_the_interval_covers_the_true_difference():
    generator, covered = random.Random(2), 0
    for _ in range(200):
        moved = [generator.choices((1.0, 0.0, -1.0), (0.15, 0.8, 0.05))[0] for _ in range(30)]
        low, high = paired([max(0.0, -one) for one in moved], [max(0.0, one) for one in moved], "it").interval
        covered += low <= 0.1 <= high
    assert covered / 200 >= 0.95


def test_the_number_of_examples_is_that_of_a_test_with_four_fifths_power():
    before, after = [0.0] * 10, [1.0] * 3 + [0.0] * 7
    mean, spread = 0.3, (10 / 9 * 0.21) ** 0.5
    assert examples_needed(before, after) == -(-((2.8 * spread / mean) ** 2) // 1)
    assert examples_needed([0.0] * 5, [0.0] * 5) is None
    assert examples_needed([0.0], [1.0]) is None


def part(name, answer, value=0.1, high=0.2, needed=None):
    return Part(name, answer=answer, gain=Difference("x", value, (value - 0.1, high), 0.01, 30), needed=needed)


def test_the_headline_never_says_more_than_the_parts():
    both = {"gap": part("gap", "yes", 0.1), "voting": part("voting", "yes", 0.2)}
    said = headline_of(both, True, 30)
    assert said.index("voting") < said.index("choosing")
    assert "best is not tested" in said
    mixed = {"gap": part("gap", "no"), "voting": part("voting", "undetermined", needed=120)}
    said = headline_of(mixed, True, 30)
    assert said.startswith("Undetermined with 30 examples")
    assert "ruled out: choosing among samples by the judge; about 120" in said
    assert "by more than 3 points" in headline_of({"gap": part("gap", "no", 0.0, 0.03)}, True, 30)
    assert headline_of({"voting": Part("voting", answer="not measured")}, False, 3) == (
        "Incomplete, the budget ended first. No means of improving itself was measured."
    )


def test_page_and_json_hold_the_same_figures_and_escape_what_they_show(tmp_path):
    found, _ = diagnosed(model(name="<b>tiny</b>"), count=10)
    page = found.report(tmp_path / "pages" / "diagnosis.html")
    assert json.loads(page.with_suffix(".json").read_text()) == json.loads(json.dumps(found.to_dict()))
    html = page.read_text()
    assert "<b>tiny" not in html
    assert "&lt;b&gt;tiny" in html
    assert all(f">{label}</th>" in html for one in found.parts.values() for label in one.figures)
    assert all(f'id="{name}"' in html for name in PARTS)
    assert "<script" not in html
    assert "http" not in html.replace("http-equiv", "")
