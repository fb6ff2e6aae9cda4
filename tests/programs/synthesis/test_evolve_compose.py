"""UltraIF: composed constraints, their checks, and the rows that come of them."""

import random

import pytest

from selftaught.errors import SettingError
from selftaught.programs.synthesis.evolve_compose import ComposeInstructions, taken
from selftaught.programs.synthesis.evolve_decompose import DecomposePrompts
from selftaught.testing import SynthesisContract, answer_fields
from tests.programs.synthesis.scripts import answering, number_of, requests, run

PROMPTS = ["Tell me about rivers.", "Recommend a good book."]
FIRST_LINE = "instruction: "


def composing(fulfilled=None, **more):
    """Adds a numbered constraint each time; some answers fulfil all checks, some do not."""

    def script(messages, **settings):
        asked, number = answer_fields(messages), number_of(messages, **settings)
        text = str(messages[-1]["content"])
        if "composed" in asked:
            return {
                "composed": f"{text.splitlines()[0].removeprefix('query: ')} Constraint {number}.",
                "check": f"Is constraint {number} met?",
                **more,
            }
        if "fulfilled" in asked:
            checks = text.count("Is constraint")
            said = (
                fulfilled(text) if fulfilled else [random.Random(text).choice(["yes", "yes", "yes", "no"]) for _ in range(checks)]
            )
            return {"explanation": "because", "fulfilled": said}
        return {"output": f"answer {number}"}

    return script


class TestCompose(SynthesisContract):
    method, count = "ultraif-compose", 2

    def make(self):
        return ComposeInstructions(PROMPTS)

    def script(self, messages, **settings):
        return composing(lambda text: ["yes"] * text.count("Is constraint"))(messages, **settings)


class TestPreference(SynthesisContract):
    method, count = "ultraif-preference", 1

    def make(self):
        return ComposeInstructions(PROMPTS, form="preference", samples=4)

    def script(self, messages, **settings):
        return composing(lambda text: ["yes" if number_of(text) % 2 else "no"] * text.count("Is constraint"))(
            messages, **settings
        )


class TestDecompose(SynthesisContract):
    method, count = "ultraif-decompose", 2

    def make(self):
        return DecomposePrompts(PROMPTS)

    def script(self, messages, **settings):
        return decomposing(messages, **settings)


decomposing = answering(
    complicated=True, constraints=["It is short.", "It is in French."], kind="format", query=lambda text, number: f"Simple {number}",
    check=lambda text, number: f"Does it hold {number}?",
)  # fmt: skip


def test_as_many_checks_as_accepted_rounds_and_each_is_of_one_constraint():
    found, _ = run(
        ComposeInstructions(PROMPTS, rounds=3, samples=2), composing(lambda text: ["yes"] * text.count("Is constraint"))
    )
    for row in found.rows:
        assert len(row["checks"]) == row["instruction"].count("Constraint") == 3
        assert row["instruction"].startswith(row["prompt"])
        assert all(check.split()[2] in row["instruction"] for check in row["checks"])


@pytest.mark.parametrize(
    "said", [{"composed": ""}, {"composed": PROMPTS[0]}, {"check": ""}, {"composed": "The rewritten prompt is: do it"}]
)
def test_what_is_no_composition_keeps_the_prompt_and_adds_no_check(said):
    found, _ = run(ComposeInstructions(PROMPTS[:1], samples=1), composing(**said))
    (row,) = found.rows
    assert row["instruction"] == row["prompt"] == PROMPTS[0]
    assert row["checks"] == []


def test_an_unreadable_composition_keeps_the_query_and_the_next_goes_on():
    calls = []

    def script(messages, **settings):
        if "composed" in answer_fields(messages):
            calls.append(1)
            if len(calls) <= 2:  # the first round, asked twice
                return "garbage"
        return composing(lambda text: ["yes"] * text.count("Is constraint"))(messages, **settings)

    (row,) = run(ComposeInstructions(PROMPTS[:1], rounds=3, samples=1), script)[0].rows
    assert len(row["checks"]) == 2


def test_without_rounds_prompts_pass_unchanged_and_no_check_is_paid():
    found, lm = run(ComposeInstructions(PROMPTS, rounds=0, samples=2), composing())
    assert [row["instruction"] for row in found.rows] == PROMPTS
    assert lm.calls == 4


def test_chosen_fulfils_all_and_rejected_fails_at_least_one():
    good = {}

    def fulfilled(text):
        said = [random.Random(f"{text} {place}").choice(["yes", "yes", "no"]) for place in range(text.count("Is constraint"))]
        answer = next(line for line in text.splitlines() if line.startswith("output: ")).removeprefix("output: ")
        good[answer] = set(said) == {"yes"}
        return said

    prompts = [f"Tell me about thing {number}." for number in range(12)]
    found, _ = run(ComposeInstructions(prompts, form="preference", samples=6), composing(fulfilled))
    assert found.rows
    assert all(good[row["chosen"]] and not good[row["rejected"]] for row in found.rows)
    found, _ = run(ComposeInstructions(prompts, samples=6), composing(fulfilled))
    assert found.rows
    assert all(good[row["output"]] for row in found.rows)
    assert all("answers" not in row.values for row in found.rows)


@pytest.mark.parametrize("said", [lambda text: ["yes"], lambda text: ["perhaps"] * 3, lambda text: ["yes"] * 5])
def test_an_unreadable_verdict_is_never_chosen(said):
    for form in ("sft", "preference"):
        found, _ = run(ComposeInstructions(PROMPTS, form=form, samples=2), composing(said))
        assert not found.rows
        assert sum(found.rejected.values()) == 2


def test_where_no_answer_passes_the_prompt_is_dropped():
    found, _ = run(ComposeInstructions(PROMPTS), composing(lambda text: ["no"] * text.count("Is constraint")))
    assert found.rejected == {("chosen", "no answer fulfils every check"): 2}


def test_pairs_of_the_decomposition_are_shown_to_the_composer():
    pairs, _ = run(DecomposePrompts(PROMPTS), decomposing)
    assert len(pairs.rows) == 4
    assert {row["composed"] for row in pairs.rows} == set(PROMPTS)
    _, lm = run(ComposeInstructions(["Fresh prompt here."], shown=[row.values for row in pairs.rows]), composing())
    shown = str(next(messages for messages in lm.requests if "composed" in answer_fields(messages)))
    assert all(row["check"] in shown for row in pairs.rows)


def test_a_check_is_written_from_its_constraint_alone():
    _, lm = run(DecomposePrompts(PROMPTS), decomposing)
    for prompt in [one for one in requests(lm, "check") if "query" not in one]:
        assert not any(given in prompt for given in PROMPTS)
        assert ("short" in prompt) != ("French" in prompt)


@pytest.mark.parametrize(("said", "reason"), [
    ({"complicated": False}, ("simple", "simple")), ({"constraints": []}, ("decompose", "no constraints")),
    ({"query": PROMPTS[0]}, ("same query", "same query")), ({"check": ""}, ("no question", "no question")),
])  # fmt: skip
def test_prompts_that_do_not_come_apart_are_dropped_with_the_reason(said, reason):
    def script(messages, **settings):
        answer = decomposing(messages, **settings)
        return {**answer, **{name: value for name, value in said.items() if name in answer}}

    found, _ = run(DecomposePrompts(PROMPTS[:1]), script)
    assert not found.rows
    assert set(found.rejected) == {reason}


def test_the_same_check_twice_is_not_taken():
    assert taken("a b", "a b c", "Is it c?", [])
    assert not taken("a b", "a b c", "Is it C?", ["is it c"])


def test_settings_that_are_none_are_refused():
    for settings in ({"form": "table"}, {"samples": 0}, {"rounds": -1}):
        with pytest.raises(SettingError):
            ComposeInstructions(PROMPTS, **settings)
